//! The index that lookups use: changed in place of what changed in the database, and put in
//! order in the background.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use seawall::index::{BankIndex, BankSettings, Entry, Index, ListSettings};
use seawall_core::{BankId, ContentId, ListId, Quality};
use seawall_store::{Bank, BankHash, List, Reader, Store, StoreError};

/// The banks as they are matched now.
pub(crate) struct LiveIndex {
    shared: Arc<Shared>,
}

struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// Held while a new snapshot is made, so that two do not overtake each other.
    changing: Mutex<()>,
    /// Whether a thread puts the index in order.
    compacting: AtomicBool,
}

/// The banks at one moment.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    /// For lookups.
    pub(crate) index: Index,
    /// What the banks are called and how they match.
    pub(crate) banks: BTreeMap<BankId, Bank>,
    /// What lists are called.
    pub(crate) lists: BTreeMap<ListId, String>,
    /// The last content of each bank that has one. Ids rise and are never used again, so that
    /// what was added since has higher ones.
    last: BTreeMap<BankId, ContentId>,
}

impl LiveIndex {
    pub(crate) fn new(store: &Store) -> Result<Self, StoreError> {
        let shared = Shared {
            snapshot: ArcSwap::from_pointee(store.read(load)?),
            changing: Mutex::new(()),
            compacting: AtomicBool::new(false),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    pub(crate) fn load(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// Takes over what changed in the database.
    pub(crate) fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        self.change(store, None)
    }

    /// The same after this content was deleted, which then need not be searched for.
    pub(crate) fn refresh_without(
        &self,
        store: &Store,
        bank: BankId,
        content: ContentId,
    ) -> Result<(), StoreError> {
        self.change(store, Some((bank, content)))
    }

    fn change(
        &self,
        store: &Store,
        deleted: Option<(BankId, ContentId)>,
    ) -> Result<(), StoreError> {
        let changing = self.shared.lock();
        let mut next = Snapshot::clone(&self.load());
        store.read(|reader| next.take_over(reader, deleted))?;
        let unordered = next.index.needs_compaction();
        self.shared.snapshot.store(Arc::new(next));
        drop(changing);
        if unordered && !self.shared.compacting.swap(true, Ordering::AcqRel) {
            let shared = Arc::clone(&self.shared);
            // Without a thread the index answers as well, only slower; the next change tries
            // again.
            let thread = std::thread::Builder::new().name("index".to_owned());
            if thread.spawn(move || shared.compact()).is_err() {
                self.shared.compacting.store(false, Ordering::Release);
            }
        }
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The long work is done on a copy; changes and lookups go on meanwhile.
    fn compact(&self) {
        let compacted = self.snapshot.load_full().index.compaction().run();
        let changing = self.lock();
        let mut next = Snapshot::clone(&self.snapshot.load_full());
        next.index.adopt(compacted);
        self.snapshot.store(Arc::new(next));
        drop(changing);
        self.compacting.store(false, Ordering::Release);
    }
}

fn load(reader: &Reader<'_>) -> Result<Snapshot, StoreError> {
    let (mut indexes, mut next) = (Vec::new(), Snapshot::default());
    for bank in reader.banks()? {
        let hashes = reader.bank_hashes(bank.id)?;
        let lists = reader.lists(bank.id)?;
        let settings = settings(&bank, &lists);
        indexes.push(Arc::new(BankIndex::new(settings, entries(hashes))));
        next.take_lists(lists);
        next.take_bank(reader, bank)?;
    }
    next.index = Index::new(indexes);
    Ok(next)
}

impl Snapshot {
    fn take_over(
        &mut self,
        reader: &Reader<'_>,
        deleted: Option<(BankId, ContentId)>,
    ) -> Result<(), StoreError> {
        let banks = reader.banks()?;
        let present: BTreeSet<BankId> = banks.iter().map(|bank| bank.id).collect();
        for gone in self.banks.keys().filter(|bank| !present.contains(bank)) {
            self.index.remove_bank(*gone);
            self.last.remove(gone);
        }
        self.banks.retain(|bank, _| present.contains(bank));
        for bank in banks {
            let deleted = deleted.filter(|(of, _)| *of == bank.id);
            self.take_over_bank(reader, bank, deleted.map(|(_, content)| content))?;
        }
        Ok(())
    }

    fn take_over_bank(
        &mut self,
        reader: &Reader<'_>,
        bank: Bank,
        deleted: Option<ContentId>,
    ) -> Result<(), StoreError> {
        let before = self.banks.get(&bank.id);
        if before.is_some_and(|before| before.revision == bank.revision) {
            return Ok(());
        }
        let last = self.last.get(&bank.id).copied().unwrap_or(ContentId(0));
        let lists = reader.lists(bank.id)?;
        self.index.set_bank(settings(&bank, &lists));
        self.take_lists(lists);
        let mut expected = self.banks.get(&bank.id).map_or(0, |before| before.contents);
        if let Some(deleted) = deleted.filter(|deleted| *deleted <= last) {
            self.index.withdraw(bank.id, deleted);
            expected = expected.saturating_sub(1);
        }
        let added = reader.bank_hashes_after(bank.id, last)?;
        self.index
            .add(bank.id, entries(added))
            .expect("the bank was set above");
        expected += reader.content_ids(bank.id, last)?.len() as u64;
        if bank.contents != expected {
            self.withdraw_missing(reader, bank.id)?;
        }
        self.take_bank(reader, bank)
    }

    /// Another process, or a change at the same time, deleted contents of this bank.
    fn withdraw_missing(&mut self, reader: &Reader<'_>, bank: BankId) -> Result<(), StoreError> {
        let present = reader.content_ids(bank, ContentId(0))?;
        for content in self.index.contents(bank) {
            if present.binary_search(&content).is_err() {
                self.index.withdraw(bank, content);
            }
        }
        Ok(())
    }

    fn take_lists(&mut self, lists: Vec<List>) {
        let names = lists
            .into_iter()
            .map(|list| (list.id, list.name.to_string()));
        self.lists.extend(names);
    }

    fn take_bank(&mut self, reader: &Reader<'_>, bank: Bank) -> Result<(), StoreError> {
        let known = self.last.get(&bank.id).copied().unwrap_or(ContentId(0));
        if let Some(last) = reader.content_ids(bank.id, known)?.last() {
            self.last.insert(bank.id, *last);
        }
        self.banks.insert(bank.id, bank);
        Ok(())
    }
}

fn settings(bank: &Bank, lists: &[List]) -> BankSettings {
    let list = |list: &List| ListSettings {
        list: list.id,
        threshold: list.threshold,
        enabled: list.enabled,
    };
    BankSettings {
        bank: bank.id,
        name: bank.name.to_string(),
        threshold: bank.threshold,
        enabled: bank.enabled,
        role: bank.role,
        lists: lists.iter().map(list).collect(),
    }
}

/// Hashes below the floor stay in the bank, as its owner gave them, but are not matched.
fn entries(hashes: Vec<BankHash>) -> impl Iterator<Item = Entry> {
    let usable = |quality: Option<Quality>| quality.is_none_or(Quality::is_usable);
    let usable = hashes
        .into_iter()
        .filter(move |hash| usable(hash.stored.quality));
    usable.map(|hash| Entry {
        content: hash.content,
        list: hash.list,
        hash: hash.stored.hash,
    })
}
