//! The index that lookups use: a snapshot, replaced whole when a bank changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use seawall::index::{BankIndex, BankSettings, Entry, Index};
use seawall_core::{BankId, Quality};
use seawall_store::{Bank, Reader, Store, StoreError};

/// The banks as they are matched now.
pub(crate) struct LiveIndex {
    snapshot: ArcSwap<Snapshot>,
    /// Held while a new snapshot is built, so that two do not overtake each other.
    building: Mutex<()>,
}

/// The banks at one moment.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// For lookups.
    pub(crate) index: Index,
    /// What the banks are called and how they match.
    pub(crate) banks: BTreeMap<BankId, Bank>,
}

impl LiveIndex {
    pub(crate) fn new(store: &Store) -> Result<Self, StoreError> {
        let live = Self {
            snapshot: ArcSwap::default(),
            building: Mutex::new(()),
        };
        live.refresh(store)?;
        Ok(live)
    }

    pub(crate) fn load(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Takes over what changed in the database; banks that did not change are shared.
    pub(crate) fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.snapshot.load_full();
        let next = store.read(|reader| build(reader, &before))?;
        self.snapshot.store(Arc::new(next));
        Ok(())
    }
}

fn build(reader: &Reader<'_>, before: &Snapshot) -> Result<Snapshot, StoreError> {
    let (mut indexes, mut banks) = (Vec::new(), BTreeMap::new());
    for bank in reader.banks()? {
        let unchanged = before
            .banks
            .get(&bank.id)
            .is_some_and(|old| old.revision == bank.revision);
        let known = before
            .index
            .banks()
            .iter()
            .find(|index| index.settings().bank == bank.id);
        indexes.push(match known {
            Some(index) if unchanged => Arc::clone(index),
            _ => Arc::new(index_bank(reader, &bank)?),
        });
        banks.insert(bank.id, bank);
    }
    Ok(Snapshot {
        index: Index::new(indexes),
        banks,
    })
}

fn index_bank(reader: &Reader<'_>, bank: &Bank) -> Result<BankIndex, StoreError> {
    let settings = BankSettings {
        bank: bank.id,
        name: bank.name.to_string(),
        threshold: bank.threshold,
        enabled: bank.enabled,
    };
    // Hashes below the floor stay in the bank, as its owner gave them, but are not matched.
    let usable = |quality: Option<Quality>| quality.is_none_or(Quality::is_usable);
    let entries = reader
        .bank_hashes(bank.id)?
        .into_iter()
        .filter(|(_, stored)| usable(stored.quality))
        .map(|(content, stored)| Entry {
            content,
            hash: stored.hash,
        });
    Ok(BankIndex::new(settings, entries))
}
