//! The index against the database: changed by whomever, and taken up from its file.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use seawall_casework::audit::EventDraft;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, BankRole, EventKind, Hash, PdqHash, Threshold, Timestamp};
use seawall_exchange::feed::{Entry, EntryKey, EntryState, Fingerprint, Media};
use seawall_store::{
    BankChange, Change, HeldBack, ListChange, ListName, MasterKey, NewBank, NewContent,
    NewExchange, StoredHash, Tx,
};
use seawall_testkit::{FakeClock, SeededRandom};

use super::*;

/// What happens in the database, by this process or by another one.
#[derive(Clone, Debug)]
enum Step {
    AddBank {
        bank: u8,
    },
    DeleteBank {
        bank: u8,
    },
    SetBank {
        bank: u8,
        threshold_bits: u16,
        enabled: bool,
    },
    SetList {
        bank: u8,
        list: u8,
        threshold_bits: u16,
        enabled: bool,
    },
    DeleteList {
        bank: u8,
        list: u8,
    },
    Add {
        bank: u8,
        list: Option<u8>,
        hash: u8,
        quality: Option<u8>,
    },
    AddMany {
        bank: u8,
    },
    Delete {
        bank: u8,
        which: prop::sample::Index,
        told: bool,
    },
    Switch {
        bank: u8,
        which: prop::sample::Index,
        /// Off for good, on again, or off for so many steps of the clock.
        off_for: Option<u8>,
    },
    /// Time goes on.
    Wait,
    /// The index hears of an earlier deletion.
    Tell,
    Refresh,
    Save,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (bank, quality) = (0_u8..4, prop::option::of(40_u8..60));
    prop_oneof![
        2 => bank.clone().prop_map(|bank| Step::AddBank { bank }),
        1 => bank.clone().prop_map(|bank| Step::DeleteBank { bank }),
        2 => (bank.clone(), 0_u16..40, any::<bool>()).prop_map(
            |(bank, threshold_bits, enabled)| Step::SetBank { bank, threshold_bits, enabled }
        ),
        2 => (bank.clone(), 0_u8..2, 0_u16..40, any::<bool>()).prop_map(
            |(bank, list, threshold_bits, enabled)| Step::SetList { bank, list, threshold_bits, enabled }
        ),
        1 => (bank.clone(), 0_u8..2).prop_map(|(bank, list)| Step::DeleteList { bank, list }),
        8 => (bank.clone(), prop::option::of(0_u8..2), any::<u8>(), quality)
            .prop_map(|(bank, list, hash, quality)| Step::Add { bank, list, hash, quality }),
        1 => bank.clone().prop_map(|bank| Step::AddMany { bank }),
        5 => (bank.clone(), any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(bank, which, told)| Step::Delete { bank, which, told }),
        5 => (bank, any::<prop::sample::Index>(), prop::option::of(0_u8..4))
            .prop_map(|(bank, which, off_for)| Step::Switch { bank, which, off_for }),
        3 => Just(Step::Wait),
        4 => Just(Step::Tell),
        6 => Just(Step::Refresh),
        2 => Just(Step::Save),
        2 => Just(Step::Restart),
    ]
}

struct Walk {
    folder: tempfile::TempDir,
    store: Store,
    clock: Arc<FakeClock>,
    live: LiveIndex,
    /// Deletions of this process that the index is yet to be told of.
    untold: Vec<Deletion>,
}

impl Walk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::create(&folder.path().join("seawall.db"), Timestamp::from_millis(0))
            .expect("a store");
        let clock = Arc::new(FakeClock::new(Timestamp::from_millis(1_000)));
        let told: Arc<dyn Clock> = Arc::clone(&clock) as _;
        Self {
            live: LiveIndex::new(&store, file(&store, 1), told, list_key()).expect("loaded"),
            clock,
            store,
            folder,
            untold: Vec::new(),
        }
    }

    /// What a start gives, with the key of this number.
    fn start(&self, key: u64) -> Result<LiveIndex, StoreError> {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        LiveIndex::new(&self.store, file(&self.store, key), clock, list_key())
    }

    fn write(&self, work: impl FnOnce(&Tx<'_>) -> Result<(), StoreError>) {
        let written = self.store.write(Timestamp::from_millis(0), |tx| {
            work(tx)?;
            let event = EventDraft::new(EventKind::BankChanged, Actor::Operator);
            Ok::<_, StoreError>(Change::new(()).event(event))
        });
        written.expect("written");
    }

    /// An event about no change.
    fn write_at(&self, ms: i64) {
        let event = EventDraft::new(EventKind::BankChanged, Actor::Operator);
        let written = self.store.write(Timestamp::from_millis(ms), |_| {
            Ok::<_, StoreError>(Change::new(()).event(event))
        });
        written.expect("written");
    }

    fn bank(&self, bank: u8) -> Option<Bank> {
        let name = format!("BANK_{bank}").parse().expect("a bank's name");
        self.store.read(|reader| reader.bank(&name)).expect("read")
    }

    fn take(&mut self, step: &Step) {
        let bank = match step {
            Step::Refresh => return self.live.refresh(&self.store).expect("refreshed"),
            Step::Save => return self.live.save().expect("saved"),
            Step::Restart => return self.restart(),
            Step::Tell => return self.tell(),
            Step::Wait => return self.clock.advance_ms(1_000),
            Step::AddBank { bank } => return self.add_bank(*bank),
            Step::DeleteBank { bank }
            | Step::SetBank { bank, .. }
            | Step::SetList { bank, .. }
            | Step::DeleteList { bank, .. }
            | Step::Add { bank, .. }
            | Step::AddMany { bank }
            | Step::Switch { bank, .. }
            | Step::Delete { bank, .. } => self.bank(*bank),
        };
        let Some(bank) = bank else { return };
        match *step {
            Step::Tell
            | Step::Refresh
            | Step::Save
            | Step::Restart
            | Step::Wait
            | Step::AddBank { .. } => {}
            Step::DeleteBank { .. } => self.write(|tx| tx.delete_bank(bank.id)),
            Step::SetBank {
                threshold_bits,
                enabled,
                ..
            } => {
                let change = BankChange {
                    threshold: Threshold::new(threshold_bits),
                    enabled: Some(enabled),
                    ..BankChange::default()
                };
                self.write(|tx| tx.update_bank(bank.id, change));
            }
            Step::SetList {
                list,
                threshold_bits,
                enabled,
                ..
            } => {
                let change = ListChange {
                    threshold: Some(Threshold::new(threshold_bits)),
                    enabled: Some(enabled),
                };
                self.write(|tx| {
                    let list = tx.ensure_list(bank.id, &name(list))?;
                    tx.update_list(bank.id, list, change)
                });
            }
            Step::DeleteList { list, .. } => self.write(|tx| {
                let list = tx.ensure_list(bank.id, &name(list))?;
                tx.delete_list(bank.id, list)
            }),
            Step::Add {
                list,
                hash,
                quality,
                ..
            } => self.add(&bank, list, &[hash.into()], quality),
            Step::AddMany { .. } => {
                self.add(&bank, None, &(0..4_200).collect::<Vec<_>>(), None);
            }
            Step::Delete { which, told, .. } => self.delete(&bank, which, told),
            Step::Switch { which, off_for, .. } => self.switch(&bank, which, off_for),
        }
    }

    fn tell(&mut self) {
        if let Some(deletion) = self.untold.pop() {
            let refreshed = self.live.refresh_without(&self.store, &deletion);
            refreshed.expect("refreshed");
        }
    }

    fn restart(&mut self) {
        self.untold.clear();
        self.live = self.start(1).expect("started");
    }

    fn add_bank(&self, bank: u8) {
        if self.bank(bank).is_none() {
            let new = NewBank {
                sealed: bank == SEALED,
                name: format!("BANK_{bank}").parse().expect("a bank's name"),
                threshold: Threshold::DEFAULT,
                enabled: true,
                purpose: CasePurpose::Live,
                role: if bank == 2 {
                    BankRole::Exception
                } else {
                    BankRole::Known
                },
                owner: None,
            };
            self.write(|tx| {
                let bank = tx.insert_bank(&new)?;
                if new.sealed {
                    let list = tx.ensure_list(bank, &name(9))?;
                    tx.insert_exchange(&NewExchange {
                        name: name(9),
                        bank,
                        list,
                        protocol: "test".to_owned(),
                        source: [0; 16],
                    })?;
                }
                Ok(())
            });
        }
    }

    /// What a partner lists: each hash under a key of its own, those of low quality and some
    /// others held back.
    fn list_entries(&self, hashes: &[u64], quality: Option<u8>) {
        let entry = |hash: &u64| Entry {
            key: EntryKey::new(format!("key-{}", hash % 7)).expect("a key"),
            state: EntryState::Active,
            owner: None,
            class: None,
            tags: Vec::new(),
            changed_at: None,
            fingerprints: vec![Fingerprint::Hash {
                hash: listed(*hash),
                media: Media::Image,
                quality: quality.map(Quality),
            }],
            opinions: Vec::new(),
        };
        let entries: Vec<Entry> = hashes.iter().map(entry).collect();
        let judge = |_: &Fingerprint| hashes[0].is_multiple_of(5).then_some(HeldBack::Benign);
        self.write(|tx| {
            let exchange = tx.exchange(&name(9))?.expect("made with the bank");
            let (key, random) = (list_key(), SeededRandom::new(hashes[0]));
            tx.apply_entries(&key, exchange.scope(), &entries, &judge, &random)?;
            Ok(())
        });
    }

    fn ids(&self, bank: &Bank) -> Vec<ContentId> {
        let ids = self.store.read(|reader| {
            let key = &list_key();
            Source { reader, key }.ids(bank)
        });
        ids.expect("read")
    }

    fn add(&self, bank: &Bank, list: Option<u8>, hashes: &[u64], quality: Option<u8>) {
        if bank.sealed {
            return self.list_entries(hashes, quality);
        }
        self.write(|tx| {
            let list = list.map(|list| tx.ensure_list(bank.id, &name(list)));
            let list = list.transpose()?;
            for &hash in hashes {
                let stored = StoredHash {
                    hash: listed(hash),
                    quality: quality.map(Quality),
                };
                let new = NewContent {
                    class: None,
                    list,
                    note: None,
                    hashes: vec![stored],
                };
                tx.insert_content(bank.id, &new)?;
            }
            Ok(())
        });
    }

    fn delete(&mut self, bank: &Bank, which: prop::sample::Index, told: bool) {
        let ids = self.ids(bank);
        if ids.is_empty() {
            return;
        }
        let content = *which.get(&ids);
        let deletion = if bank.sealed {
            self.withdraw_entry(content)
        } else {
            self.delete_content(bank.id, content)
        };
        self.untold.push(deletion);
        if told {
            self.tell();
        }
    }

    fn switch(&self, bank: &Bank, which: prop::sample::Index, off_for: Option<u8>) {
        let ids = self.ids(bank);
        if ids.is_empty() || bank.sealed {
            return;
        }
        let now = self.clock.now();
        let switch = match off_for {
            None => ContentSwitch::Off,
            Some(0) => ContentSwitch::On,
            Some(steps) => ContentSwitch::OffUntil(now.plus_millis(i64::from(steps) * 1_000)),
        };
        self.write(|tx| tx.switch_content(bank.id, *which.get(&ids), switch));
    }

    fn withdraw_entry(&self, content: ContentId) -> Deletion {
        let mut withdrawn = None;
        self.write(|tx| {
            let exchange = tx.exchange(&name(9))?.expect("made with the bank");
            let (key, random) = (list_key(), SeededRandom::new(1));
            let scope = exchange.scope();
            let applied = tx.withdraw_entries(&key, scope, &[content], &random)?;
            withdrawn = Some((scope.bank, applied));
            Ok(())
        });
        let (bank, applied) = withdrawn.expect("written");
        Deletion {
            bank,
            contents: applied.gone,
            revision: applied.revision,
        }
    }

    fn delete_content(&self, bank: BankId, content: ContentId) -> Deletion {
        let mut revision = None;
        self.write(|tx| {
            revision = tx.delete_content(bank, content)?;
            Ok(())
        });
        Deletion {
            bank,
            contents: vec![content],
            revision: revision.expect("it was there"),
        }
    }

    /// The index that was changed step by step, and one loaded from the database now.
    fn check(&self) {
        self.live.refresh(&self.store).expect("refreshed");
        let (now, fresh) = (self.live.load(), self.fresh());
        assert_eq!(now.banks, fresh.banks);
        for (list, name) in &fresh.lists {
            assert_eq!(now.lists.get(list), Some(name));
        }
        for bank in now.banks.keys() {
            let held = now.index.contents(*bank);
            self.check_switches(*bank, &held);
            assert_eq!(held, fresh.index.contents(*bank));
        }
        for hash in 0..40 {
            let found = now.index.lookup(&listed(hash), None);
            assert_eq!(found, fresh.index.lookup(&listed(hash), None));
        }
    }

    /// What is switched off is not in the index, and what is on again is.
    fn check_switches(&self, bank: BankId, held: &[ContentId]) {
        let now = self.clock.now();
        let expected = self.store.read(|reader| {
            let mut expected = Vec::new();
            for (content, switch) in reader.switched_contents(bank)? {
                let listed = entries(reader.bank_hashes_of(content)?).next().is_some();
                expected.push((content, listed && switch.is_on(now)));
            }
            Ok::<_, StoreError>(expected)
        });
        for (content, is_in) in expected.expect("read") {
            assert_eq!(held.binary_search(&content).is_ok(), is_in);
        }
    }

    fn fresh(&self) -> Snapshot {
        let now = self.clock.now();
        let loaded = self.store.read(|reader| {
            let key = &list_key();
            load(&Source { reader, key }, now)
        });
        loaded.expect("loaded")
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("index.snapshot")
    }

    /// Whether a start takes the file up.
    fn takes_up(&self) -> bool {
        let live = self.start(1).expect("started");
        is_taken_up(&live)
    }
}

/// The bank whose contents a partner lists.
const SEALED: u8 = 3;

fn list_key() -> ListKey {
    MasterKey::generate(&SeededRandom::new(1)).list_key()
}

fn name(list: u8) -> ListName {
    format!("list-{list}").parse().expect("a list's name")
}

fn is_taken_up(live: &LiveIndex) -> bool {
    live.shared
        .written
        .lock()
        .expect("no panic held it")
        .is_some()
}

fn file(store: &Store, key: u64) -> SnapshotFile {
    let key = MasterKey::generate(&SeededRandom::new(key));
    SnapshotFile::beside(store.path(), &key, Arc::new(SeededRandom::new(5)))
}

/// Hashes with distances of 0 to 40 bits between them, and digests.
fn listed(hash: u64) -> Hash {
    match hash % 4 {
        0 => Hash::Md5([(hash / 4) as u8; 16]),
        _ => Hash::Pdq(PdqHash([hash, (1 << (hash % 31)) - 1, 5, 6])),
    }
}

/// A bank with a hundred contents, and the file of it.
fn saved() -> Walk {
    let mut walk = Walk::new();
    walk.take(&Step::AddBank { bank: 1 });
    let bank = walk.bank(1).expect("made above");
    walk.add(&bank, None, &(0..100).collect::<Vec<_>>(), None);
    walk.take(&Step::Refresh);
    walk.take(&Step::Save);
    walk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_index_follows_the_database_whoever_changes_it_and_over_restarts(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.take(step);
        }
        walk.check();
    }

    #[test]
    fn an_older_file_catches_up_with_the_database(
        before in prop::collection::vec(step(), 1..30),
        since in prop::collection::vec(step(), 0..30),
    ) {
        let mut walk = Walk::new();
        before.iter().for_each(|step| walk.take(step));
        walk.take(&Step::Refresh);
        walk.take(&Step::Save);
        for step in since.iter().filter(|step| !matches!(step, Step::Save)) {
            walk.take(step);
        }
        prop_assert!(walk.takes_up());
        walk.restart();
        walk.check();
    }
}

/// Two deletions at once: a refresh in between takes the first one over, which is told of after
/// the second.
#[test]
fn a_deletion_told_late_hides_no_other_one() {
    let mut walk = saved();
    let bank = walk.bank(1).expect("made above").id;
    let ids = walk
        .store
        .read(|reader| reader.content_ids(bank, ContentId(0)));
    let ids = ids.expect("read");
    let first = walk.delete_content(bank, ids[3]);
    walk.take(&Step::Refresh);
    let second = walk.delete_content(bank, ids[7]);
    for told in [first, second] {
        let refreshed = walk.live.refresh_without(&walk.store, &told);
        refreshed.expect("refreshed");
    }
    let held = walk.live.load().index.contents(bank);
    assert_eq!(held.len(), 98);
    assert!(!held.contains(&ids[3]) && !held.contains(&ids[7]));
}

#[test]
fn a_content_that_was_off_when_the_file_was_written_comes_back_when_its_time_is_over() {
    let mut walk = saved();
    let bank = walk.bank(1).expect("made above").id;
    let ids = walk
        .store
        .read(|reader| reader.content_ids(bank, ContentId(0)));
    let ids = ids.expect("read");
    let soon = walk.clock.now().plus_millis(5_000);
    walk.write(|tx| tx.switch_content(bank, ids[3], ContentSwitch::OffUntil(soon)));
    walk.write(|tx| tx.switch_content(bank, ids[7], ContentSwitch::Off));
    walk.take(&Step::Refresh);
    walk.take(&Step::Save);
    let held = |walk: &Walk| {
        let held = walk.live.load().index.contents(bank);
        [3, 7].map(|at| held.contains(&ids[at]))
    };
    let is_due = |walk: &Walk| walk.live.load().is_due(walk.clock.now());
    assert!(walk.takes_up());
    walk.restart();
    walk.clock.advance_ms(4_999);
    walk.take(&Step::Refresh);
    assert_eq!((held(&walk), is_due(&walk)), ([false, false], false));
    walk.clock.advance_ms(1);
    // Whether the server runs at that time or starts after it.
    assert!(is_due(&walk));
    walk.take(&Step::Refresh);
    assert_eq!((held(&walk), is_due(&walk)), ([true, false], false));
    walk.restart();
    assert_eq!(held(&walk), [true, false]);
}

#[test]
fn thousands_of_single_additions_are_put_in_order_and_stay_found() {
    let mut walk = Walk::new();
    walk.take(&Step::AddBank { bank: 1 });
    let bank = walk.bank(1).expect("made above");
    for round in 0..5 {
        let hashes: Vec<u64> = (round * 1_000..(round + 1) * 1_000).collect();
        walk.add(&bank, None, &hashes, None);
        walk.live.refresh(&walk.store).expect("refreshed");
    }
    let mut next = Snapshot::clone(&walk.live.load());
    next.index.compact();
    assert_eq!(next.index.size().recent, 0);
    assert_eq!(
        next.index.contents(bank.id),
        walk.live.load().index.contents(bank.id)
    );
    walk.check();
}

#[test]
fn a_damaged_file_is_left_aside_and_the_database_gives_the_index() {
    let walk = saved();
    assert!(walk.takes_up());
    let whole = fs::read(walk.path()).expect("it was saved");
    for place in (0..whole.len()).step_by(whole.len() / 60) {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(walk.path(), &changed).expect("written");
        assert!(!walk.takes_up(), "byte {place}");
        fs::write(walk.path(), &whole[..place]).expect("written");
        assert!(!walk.takes_up(), "cut at {place}");
    }
    fs::remove_file(walk.path()).expect("removed");
    assert!(!walk.takes_up());
    let live = walk.start(1).expect("started");
    assert_eq!(live.load().index.lookup(&listed(8), None).len(), 1);
    live.save().expect("saved");
    assert!(walk.takes_up());
}

#[test]
fn a_file_of_another_key_or_another_database_is_left_aside() {
    let mut walk = saved();
    let other_key = walk.start(2).expect("started");
    assert!(!is_taken_up(&other_key));
    // The same changes at the same time: only the chain of events tells the two apart.
    let other = saved();
    walk.write_at(9);
    walk.live.refresh(&walk.store).expect("refreshed");
    fs::remove_file(walk.path()).expect("removed");
    walk.restart();
    walk.live.save().expect("saved");
    assert!(walk.takes_up());
    fs::copy(walk.path(), other.path()).expect("copied");
    assert!(
        !other.takes_up(),
        "it lacks an event, as an older copy does"
    );
    other.write_at(8);
    assert!(!other.takes_up(), "it has another event in its place");
}

#[test]
fn nothing_lies_on_disk_in_clear_and_nothing_unfinished_stays() {
    let mut walk = saved();
    let bytes = fs::read(walk.path()).expect("it was saved");
    let name = b"BANK_1";
    assert!(!bytes.windows(name.len()).any(|window| window == name));
    let value = listed(9).to_bytes();
    assert!(!bytes.windows(8).any(|window| window == &value[..8]));
    let unfinished = walk.folder.path().join("index.snapshot.7.unfinished");
    fs::write(&unfinished, b"a process ended here, or writes now").expect("written");
    assert!(walk.takes_up());
    assert!(unfinished.exists(), "a start does not know which");
    walk.take(&Step::AddBank { bank: 2 });
    walk.take(&Step::Refresh);
    walk.take(&Step::Save);
    assert!(!unfinished.exists());
}
