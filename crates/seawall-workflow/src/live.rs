//! The index that lookups use: changed in place of what changed in the database, put in order
//! in the background, and kept in a file for the next start.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use seawall::index::{BankIndex, BankSettings, Entry, Index, ListSettings, SnapshotError};
use seawall_casework::audit::{GENESIS, Verified};
use seawall_core::{BankId, Clock, ContentId, ListId, Quality, Timestamp};
use seawall_store::{
    Applied, Bank, BankHash, ContentSwitch, List, ListKey, Ratio, Reader, Store, StoreError,
};

use crate::snapshot::{BankMark, SnapshotFile, Stored};

/// The banks as they are matched now.
pub(crate) struct LiveIndex {
    shared: Arc<Shared>,
    /// Contents are switched off until a time.
    clock: Arc<dyn Clock>,
    key: ListKey,
}

struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// Held while a new snapshot is made, so that two do not overtake each other.
    changing: Mutex<()>,
    /// Whether a thread puts the index in order.
    compacting: AtomicBool,
    file: SnapshotFile,
    /// How many changes are in the file; `None` where the database cannot take it up. Held
    /// while the file is written.
    written: Mutex<Option<u64>>,
}

/// The banks at one moment.
#[derive(Clone)]
pub(crate) struct Snapshot {
    /// For lookups.
    pub(crate) index: Index,
    /// What the banks are called and how they match.
    pub(crate) banks: BTreeMap<BankId, Bank>,
    /// What lists are called.
    pub(crate) lists: BTreeMap<ListId, String>,
    /// How far each bank was taken over. Ids rise and are never used again, so that what was
    /// added since has higher ones than the last.
    marks: BTreeMap<BankId, BankMark>,
    /// Contents that were ever switched. A stored index may hold them or not.
    switches: BTreeMap<(BankId, ContentId), Switched>,
    /// Kinds of signal whose share of lookups a client changed.
    signal_ratios: BTreeMap<String, Ratio>,
    /// The newest event of the database at that moment.
    head: Verified,
    /// How many contents and banks changed in all.
    changes: u64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            index: Index::default(),
            banks: BTreeMap::new(),
            lists: BTreeMap::new(),
            marks: BTreeMap::new(),
            switches: BTreeMap::new(),
            signal_ratios: BTreeMap::new(),
            head: Verified {
                events: 0,
                head: GENESIS,
            },
            changes: 0,
        }
    }
}

/// A content that was switched off or on.
#[derive(Clone, Copy)]
struct Switched {
    switch: ContentSwitch,
    /// Whether the index holds its hashes.
    is_in: bool,
}

/// Contents that this process deleted.
#[derive(Debug)]
pub(crate) struct Deletion {
    pub(crate) bank: BankId,
    pub(crate) contents: Vec<ContentId>,
    /// What the deletion made the bank's revision.
    pub(crate) revision: i64,
}

impl Deletion {
    /// What a batch of entries took off their list.
    pub(crate) fn of(bank: BankId, applied: &Applied) -> Self {
        Self {
            bank,
            contents: applied.gone.clone(),
            revision: applied.revision,
        }
    }
}

/// The database, with the key of what is sealed in it.
struct Source<'a> {
    reader: &'a Reader<'a>,
    key: &'a ListKey,
}

impl Source<'_> {
    fn hashes_after(&self, bank: &Bank, after: ContentId) -> Result<Vec<BankHash>, StoreError> {
        if bank.sealed {
            self.reader.entry_hashes_after(self.key, bank.id, after)
        } else {
            self.reader.bank_hashes_after(bank.id, after)
        }
    }

    fn ids(&self, bank: &Bank) -> Result<Vec<ContentId>, StoreError> {
        if bank.sealed {
            self.reader.entry_ids(self.key, bank.id, ContentId(0))
        } else {
            self.reader.content_ids(bank.id, ContentId(0))
        }
    }

    /// How many contents came after the last known one, and which is the last now.
    fn since(&self, bank: &Bank, last: ContentId) -> Result<(u64, ContentId), StoreError> {
        if bank.sealed {
            let (count, newest) = self.reader.entries_since(bank.id, last)?;
            return Ok((count, newest.unwrap_or(last)));
        }
        let ids = self.reader.content_ids(bank.id, last)?;
        Ok((ids.len() as u64, ids.last().copied().unwrap_or(last)))
    }
}

impl LiveIndex {
    /// The index as the file has it and the database since, or from the database alone.
    pub(crate) fn new(
        store: &Store,
        file: SnapshotFile,
        clock: Arc<dyn Clock>,
        key: ListKey,
    ) -> Result<Self, StoreError> {
        let stored = file.read();
        let now = clock.now();
        let (snapshot, is_taken_up) = store.read(|reader| {
            let key = &key;
            start(stored, &Source { reader, key }, now)
        })?;
        let shared = Shared {
            snapshot: ArcSwap::from_pointee(snapshot),
            written: Mutex::new(is_taken_up.then_some(0)),
            changing: Mutex::new(()),
            compacting: AtomicBool::new(false),
            file,
        };
        Ok(Self {
            shared: Arc::new(shared),
            clock,
            key,
        })
    }

    pub(crate) fn load(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// Writes the file anew, where anything changed since it was written.
    pub(crate) fn save(&self) -> Result<(), SnapshotError> {
        self.shared.save(0)
    }

    /// The same, where it lacks so much that the next start would take long.
    pub(crate) fn save_if_behind(&self) -> Result<(), SnapshotError> {
        self.shared.save(UNWRITTEN_SHARE)
    }

    /// Takes over what changed in the database.
    pub(crate) fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        self.change(store, None)
    }

    /// The same after this deletion, whose contents then need not be searched for.
    pub(crate) fn refresh_without(
        &self,
        store: &Store,
        deletion: &Deletion,
    ) -> Result<(), StoreError> {
        self.change(store, Some(deletion))
    }

    fn change(&self, store: &Store, deletion: Option<&Deletion>) -> Result<(), StoreError> {
        let changing = self.shared.lock();
        let mut next = Snapshot::clone(&self.load());
        let (now, key) = (self.clock.now(), &self.key);
        store.read(|reader| next.take_over(&Source { reader, key }, deletion, now))?;
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
        if self.save(UNWRITTEN_SHARE).is_err() {
            tracing::warn!("the index could not be stored; the next start reads the database");
        }
        self.compacting.store(false, Ordering::Release);
    }

    /// Writes the file where at least one in so many contents changed; at 0, where any did.
    /// Changes and lookups go on meanwhile.
    fn save(&self, share: u64) -> Result<(), SnapshotError> {
        let written = self.written.lock();
        let mut written = written.unwrap_or_else(PoisonError::into_inner);
        let held = self.snapshot.load_full();
        let contents: u64 = held.marks.values().map(|mark| mark.contents).sum();
        let enough = contents.checked_div(share).unwrap_or(0).max(1);
        if written.is_some_and(|written| held.changes - written < enough) {
            return Ok(());
        }
        let marks: Vec<BankMark> = held.marks.values().copied().collect();
        self.file.write(&held.index, &marks, held.head)?;
        *written = Some(held.changes);
        Ok(())
    }
}

/// A file that lacks one in so many contents is still much faster to take up than nothing.
const UNWRITTEN_SHARE: u64 = 16;

/// What the file holds is believed only as far as the database bears it out; whether it was.
fn start(
    stored: Result<Option<Stored>, SnapshotError>,
    source: &Source<'_>,
    now: Timestamp,
) -> Result<(Snapshot, bool), StoreError> {
    let why = match stored {
        // A first start, or one from before the index was stored: nothing is wrong.
        Ok(None) => {
            let loaded = load(source, now)?;
            let entries = loaded.index.size().entries;
            tracing::info!(entries, "the index was built from the database");
            return Ok((loaded, false));
        }
        Err(SnapshotError::Version) => "it is of another version",
        Err(_) => "it is damaged, of another key, or cannot be read",
        Ok(Some(stored)) => {
            if source.reader.event_hash(stored.head.events)? == Some(stored.head.head) {
                let taken_up = take_up(stored, source, now)?;
                let (entries, late) = (taken_up.index.size().entries, taken_up.changes);
                tracing::info!(entries, late, "the stored index was taken up");
                return Ok((taken_up, true));
            }
            "it is not from this database as it is now"
        }
    };
    let loaded = load(source, now)?;
    let entries = loaded.index.size().entries;
    tracing::warn!(
        entries,
        why,
        "no stored index was used: rebuilt from the database"
    );
    Ok((loaded, false))
}

fn take_up(stored: Stored, source: &Source<'_>, now: Timestamp) -> Result<Snapshot, StoreError> {
    let marks = stored.marks.into_iter();
    let mut next = Snapshot {
        index: stored.index,
        marks: marks.map(|mark| (mark.bank, mark)).collect(),
        ..Snapshot::default()
    };
    let known = next.index.banks().iter();
    let known: Vec<BankId> = known.map(|bank| bank.settings().bank).collect();
    for unmarked in known.iter().filter(|bank| !next.marks.contains_key(bank)) {
        next.index.remove_bank(*unmarked);
    }
    next.take_over(source, None, now)?;
    Ok(next)
}

fn load(source: &Source<'_>, now: Timestamp) -> Result<Snapshot, StoreError> {
    let (mut indexes, mut next) = (Vec::new(), Snapshot::default());
    let reader = source.reader;
    for bank in reader.banks()? {
        let hashes = source.hashes_after(&bank, ContentId(0))?;
        let lists = reader.lists(bank.id)?;
        let settings = settings(&bank, &lists);
        indexes.push(Arc::new(BankIndex::new(settings, entries(hashes))));
        next.take_lists(lists);
        next.take_bank(source, bank)?;
    }
    next.index = Index::new(indexes);
    let banks: Vec<BankId> = next.banks.keys().copied().collect();
    for bank in banks {
        next.take_switches(reader, bank, now)?;
    }
    next.take_signal_ratios(reader)?;
    next.head = reader.head()?;
    Ok(next)
}

impl Snapshot {
    /// How many contents and banks changed in all: another number, another state.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    fn take_over(
        &mut self,
        source: &Source<'_>,
        deletion: Option<&Deletion>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let reader = source.reader;
        let banks = reader.banks()?;
        let present: BTreeSet<BankId> = banks.iter().map(|bank| bank.id).collect();
        for gone in self.marks.keys().filter(|bank| !present.contains(bank)) {
            self.index.remove_bank(*gone);
            self.changes += 1;
        }
        self.marks.retain(|bank, _| present.contains(bank));
        self.banks.retain(|bank, _| present.contains(bank));
        self.switches.retain(|(bank, _), _| present.contains(bank));
        for bank in banks {
            let deletion = deletion.filter(|deletion| deletion.bank == bank.id);
            self.take_over_bank(source, bank, deletion, now)?;
        }
        self.take_back_due(reader, now)?;
        self.take_signal_ratios(reader)?;
        self.head = reader.head()?;
        Ok(())
    }

    fn take_over_bank(
        &mut self,
        source: &Source<'_>,
        bank: Bank,
        deletion: Option<&Deletion>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let reader = source.reader;
        let before = self.marks.get(&bank.id).copied();
        let unchanged = before.is_some_and(|before| before.revision == bank.revision);
        if unchanged && self.banks.contains_key(&bank.id) {
            return Ok(());
        }
        let lists = reader.lists(bank.id)?;
        self.index.set_bank(settings(&bank, &lists));
        self.take_lists(lists);
        if unchanged {
            // It came with the file.
            self.take_switches(reader, bank.id, now)?;
            self.banks.insert(bank.id, bank);
            return Ok(());
        }
        let last = before.map_or(ContentId(0), |before| before.last);
        let mut expected = before.map_or(0, |before| before.contents);
        let mut changed = 1;
        // A refresh in between may have taken the deletion over: then it is counted already.
        let is_news = |told: &&Deletion| before.is_some_and(|mark| mark.revision < told.revision);
        if let Some(told) = deletion.filter(is_news) {
            for content in told.contents.iter().filter(|content| **content <= last) {
                self.index.withdraw(bank.id, *content);
                expected = expected.saturating_sub(1);
                changed += 1;
            }
        }
        let added = source.hashes_after(&bank, last)?;
        self.index
            .add(bank.id, entries(added))
            .expect("the bank was set above");
        let (new, _) = source.since(&bank, last)?;
        (expected, changed) = (expected + new, changed + new);
        if bank.contents != expected {
            changed += self.withdraw_missing(source, &bank)?;
        }
        self.changes += changed;
        self.take_switches(reader, bank.id, now)?;
        self.take_bank(source, bank)
    }

    /// Takes contents of a bank out of the index that are switched off, and back in that are on.
    fn take_switches(
        &mut self,
        reader: &Reader<'_>,
        bank: BankId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut switches = BTreeMap::new();
        for (content, switch) in reader.switched_contents(bank)? {
            let is_in = switch.is_on(now);
            let known = self.switches.get(&(bank, content));
            // Of one that is not known yet, a stored index may hold something or nothing.
            if known.is_none_or(|known| known.is_in != is_in) {
                self.put(reader, bank, content, is_in)?;
            }
            switches.insert((bank, content), Switched { switch, is_in });
        }
        self.switches.retain(|(of, _), _| *of != bank);
        self.switches.append(&mut switches);
        Ok(())
    }

    /// Takes contents back in whose time is over.
    fn take_back_due(&mut self, reader: &Reader<'_>, now: Timestamp) -> Result<(), StoreError> {
        let due: Vec<_> = self.due(now).collect();
        for (bank, content) in due {
            self.put(reader, bank, content, true)?;
            if let Some(switched) = self.switches.get_mut(&(bank, content)) {
                switched.is_in = true;
            }
        }
        Ok(())
    }

    fn due(&self, now: Timestamp) -> impl Iterator<Item = (BankId, ContentId)> {
        let switches = self.switches.iter();
        let due = switches.filter(move |(_, at)| !at.is_in && at.switch.is_on(now));
        due.map(|(place, _)| *place)
    }

    /// Whether the time of a content that was switched off is over.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.due(now).next().is_some()
    }

    /// Puts a content's hashes into the index, or takes them out, whatever it held of them.
    fn put(
        &mut self,
        reader: &Reader<'_>,
        bank: BankId,
        content: ContentId,
        is_in: bool,
    ) -> Result<(), StoreError> {
        self.index.withdraw(bank, content);
        if is_in {
            let hashes = reader.bank_hashes_of(content)?;
            let added = self.index.add(bank, entries(hashes));
            added.expect("switches are of banks that were set");
        }
        self.changes += 1;
        Ok(())
    }

    fn take_signal_ratios(&mut self, reader: &Reader<'_>) -> Result<(), StoreError> {
        self.signal_ratios = reader.signal_ratios()?.into_iter().collect();
        Ok(())
    }

    /// Of how many lookups a kind of signal takes part in.
    pub(crate) fn signal_ratio(&self, name: &str) -> Ratio {
        self.signal_ratios.get(name).copied().unwrap_or(Ratio::ALL)
    }

    /// Another process, or a change at the same time, deleted contents of this bank. Returns
    /// how many.
    fn withdraw_missing(&mut self, source: &Source<'_>, bank: &Bank) -> Result<u64, StoreError> {
        let present = source.ids(bank)?;
        let mut missing = 0;
        for content in self.index.contents(bank.id) {
            if present.binary_search(&content).is_err() {
                self.index.withdraw(bank.id, content);
                missing += 1;
            }
        }
        Ok(missing)
    }

    fn take_lists(&mut self, lists: Vec<List>) {
        let names = lists
            .into_iter()
            .map(|list| (list.id, list.name.to_string()));
        self.lists.extend(names);
    }

    fn take_bank(&mut self, source: &Source<'_>, bank: Bank) -> Result<(), StoreError> {
        let known = self.marks.get(&bank.id).map(|mark| mark.last);
        let known = known.unwrap_or(ContentId(0));
        let (_, last) = source.since(&bank, known)?;
        let mark = BankMark {
            bank: bank.id,
            revision: bank.revision,
            contents: bank.contents,
            last,
        };
        self.marks.insert(bank.id, mark);
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
