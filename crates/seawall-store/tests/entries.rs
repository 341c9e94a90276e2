//! What partners list is kept as they say it, found by its content, and shown by nothing on disk.

use std::collections::BTreeMap;

use proptest::prelude::*;
use seawall_casework::audit::EventDraft;
use seawall_casework::case::CasePurpose;
use seawall_core::{
    Actor, BankId, BankRole, ContentId, EventKind, Hash, PdqHash, Quality, Redacted, Threshold,
    Timestamp,
};
use seawall_exchange::feed::{Entry, EntryKey, EntryState, Fingerprint, Media};
use seawall_store::{
    Applied, Change, EntryScope, HeldBack, ListKey, MasterKey, NewBank, NewExchange, RunEnd, Store,
    StoreError, Tx,
};
use seawall_testkit::SeededRandom;

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
    random: SeededRandom,
    key: ListKey,
    bank: BankId,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let random = SeededRandom::new(5);
    let store = Store::create(&folder.path().join("seawall.db"), at(0)).expect("a store");
    let new = NewBank {
        sealed: true,
        name: "PARTNERS".parse().expect("a name"),
        threshold: Threshold::new(31).expect("in range"),
        enabled: true,
        purpose: CasePurpose::Live,
        role: BankRole::Known,
        owner: None,
    };
    let bank = store.write(at(0), |tx| {
        let bank = tx.insert_bank(&new)?;
        Ok::<_, StoreError>(Change::new(bank).event(event(EventKind::BankCreated)))
    });
    Fixture {
        key: MasterKey::generate(&random).list_key(),
        bank: bank.expect("a bank"),
        folder,
        store,
        random,
    }
}

fn event(kind: EventKind) -> EventDraft {
    EventDraft::new(kind, Actor::System)
}

impl Fixture {
    fn exchange(&self, name: &str) -> EntryScope {
        self.change(|tx| {
            let name: seawall_store::ListName = name.parse().expect("a name");
            let list = tx.ensure_list(self.bank, &name)?;
            let exchange = tx.insert_exchange(&NewExchange {
                name,
                bank: self.bank,
                list,
                protocol: "test".to_owned(),
                source: [0; 16],
            })?;
            Ok(EntryScope {
                exchange,
                bank: self.bank,
                list,
            })
        })
    }

    fn change<T>(&self, change: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> T {
        let made = self.store.write(at(100), |tx| {
            Ok::<_, StoreError>(Change::new(change(tx)?).event(event(EventKind::EntriesTaken)))
        });
        made.expect("changed")
    }

    fn apply(&self, scope: EntryScope, entries: &[Entry]) -> Applied {
        self.change(|tx| tx.apply_entries(&self.key, scope, entries, &judge, &self.random))
    }

    /// The hashes that are matched, in order, each with its content.
    fn matched(&self) -> Vec<(ContentId, Hash)> {
        let hashes = self
            .store
            .read(|reader| reader.entry_hashes_after(&self.key, self.bank, ContentId(0)));
        let hashes = hashes.expect("readable").into_iter();
        hashes.map(|row| (row.content, row.stored.hash)).collect()
    }

    fn contents(&self) -> u64 {
        let banks = self.store.read(|reader| reader.banks());
        banks.expect("readable")[0].contents
    }
}

/// Values that begin with a zero are held back.
fn judge(print: &Fingerprint) -> Option<HeldBack> {
    match print {
        Fingerprint::Hash {
            hash: Hash::Md5([0, ..]),
            ..
        } => Some(HeldBack::Benign),
        _ => None,
    }
}

fn md5(value: u8) -> Fingerprint {
    Fingerprint::Hash {
        hash: Hash::Md5([value; 16]),
        media: Media::Image,
        quality: None,
    }
}

fn entry(key: &str, value: u8, changed_s: Option<i64>) -> Entry {
    Entry {
        key: EntryKey::new(key).expect("a key"),
        state: EntryState::Active,
        owner: Some("owner-one".to_owned()),
        class: Some("class-one".to_owned()),
        tags: vec!["tag-one".to_owned()],
        changed_at: changed_s.map(at),
        fingerprints: vec![
            md5(value),
            Fingerprint::Other {
                kind: "PDNA".to_owned(),
                media: Media::Image,
                value: Redacted(format!("kept-as-it-came-{value}")),
            },
        ],
        opinions: Vec::new(),
    }
}

fn withdrawn(key: &str, changed_s: Option<i64>) -> Entry {
    Entry {
        state: EntryState::Withdrawn,
        fingerprints: Vec::new(),
        ..entry(key, 1, changed_s)
    }
}

#[test]
fn a_content_keeps_its_id_while_its_hashes_stay() {
    let fixture = fixture();
    let scope = fixture.exchange("partner");
    let first = fixture.apply(scope, &[entry("a", 7, Some(1)), entry("b", 8, Some(1))]);
    assert_eq!((first.added, first.unchanged), (2, 0));
    let before = fixture.matched();

    let again = fixture.apply(scope, &[entry("a", 7, Some(1))]);
    assert_eq!((again.added, again.unchanged, again.changed), (0, 1, 0));
    let classed = Entry {
        class: Some("class-two".to_owned()),
        ..entry("a", 7, Some(2))
    };
    let changed = fixture.apply(scope, &[classed]);
    assert_eq!((changed.added, changed.changed), (0, 1));
    assert_eq!(fixture.matched(), before);
    let (content, _) = before[0];
    let stored = fixture
        .store
        .read(|reader| reader.entry_of(&fixture.key, content));
    let (exchange, stored) = stored.expect("readable").expect("there");
    assert_eq!(exchange, scope.exchange);
    assert_eq!(stored.entry.class.as_deref(), Some("class-two"));
    assert_eq!(
        stored.prints.len(),
        2,
        "the kind that nothing matches is kept"
    );

    let other = fixture.apply(scope, &[entry("a", 9, Some(3))]);
    assert_eq!((other.added, other.withdrawn), (1, 1));
    assert_eq!(other.gone, [content]);
    let hashes: Vec<Hash> = fixture
        .matched()
        .into_iter()
        .map(|(_, hash)| hash)
        .collect();
    assert_eq!(hashes, [Hash::Md5([8; 16]), Hash::Md5([9; 16])]);
    assert_eq!(fixture.contents(), 2);
}

#[test]
fn what_was_withdrawn_does_not_come_back_by_an_older_record() {
    let fixture = fixture();
    let scope = fixture.exchange("partner");
    fixture.apply(scope, &[withdrawn("a", Some(5))]);
    assert_eq!(fixture.apply(scope, &[entry("a", 7, Some(4))]).older, 1);
    assert_eq!(fixture.matched(), []);
    assert_eq!(fixture.apply(scope, &[entry("a", 7, Some(6))]).added, 1);
    assert_eq!(
        fixture.apply(scope, &[withdrawn("a", Some(7))]).withdrawn,
        1
    );
    assert_eq!(fixture.apply(scope, &[entry("a", 7, Some(6))]).older, 1);
    assert_eq!((fixture.matched(), fixture.contents()), (vec![], 0));
}

#[test]
fn two_owners_of_one_hash_are_two_facts() {
    let fixture = fixture();
    let (one, two) = (fixture.exchange("one"), fixture.exchange("two"));
    fixture.apply(one, &[entry("a", 7, None)]);
    fixture.apply(two, &[entry("a", 7, None)]);
    assert_eq!(fixture.matched().len(), 2);
    fixture.apply(one, &[withdrawn("a", None)]);
    assert_eq!(fixture.matched().len(), 1);
}

#[test]
fn what_is_held_back_is_listed_and_released_by_a_person() {
    let fixture = fixture();
    let scope = fixture.exchange("partner");
    let applied = fixture.apply(scope, &[entry("a", 0, Some(1)), entry("b", 1, Some(1))]);
    assert_eq!((applied.added, applied.held), (2, 1));
    assert_eq!(fixture.matched().len(), 1);
    let held = fixture
        .store
        .read(|reader| reader.held_entries(&fixture.key, scope.exchange, ContentId(0), 10));
    let held = held.expect("readable");
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].1.prints[0].held, Some(HeldBack::Benign));
    let kinds = |fixture: &Fixture| {
        let kinds = fixture
            .store
            .read(|reader| reader.entry_kinds(scope.exchange));
        kinds.expect("readable")
    };
    let expected = |held| vec![("PDNA".to_owned(), 2, 0), ("md5".to_owned(), 2, held)];
    assert_eq!(kinds(&fixture), expected(1));

    let (content, _) = held[0];
    let released =
        fixture.change(|tx| tx.release_entry(&fixture.key, scope, content, &fixture.random));
    let released = released.expect("it was held back");
    assert_eq!(
        (released.added, released.gone.as_slice()),
        (1, &[content][..])
    );
    assert_eq!(fixture.matched().len(), 2);
    assert_eq!(kinds(&fixture), expected(0));
    assert_eq!(fixture.contents(), 2);
    // The partner says the same again: it stays released.
    assert_eq!(fixture.apply(scope, &[entry("a", 0, Some(1))]).unchanged, 1);
    assert_eq!(fixture.matched().len(), 2);
}

#[test]
fn what_a_whole_list_lacks_is_found_and_withdrawn() {
    let fixture = fixture();
    let scope = fixture.exchange("partner");
    fixture.apply(
        scope,
        &[
            entry("a", 1, None),
            entry("b", 2, None),
            entry("c", 3, None),
        ],
    );
    let until = fixture
        .store
        .read(|reader| reader.last_content())
        .expect("readable");
    let seen = fixture
        .apply(scope, &[entry("b", 2, None), entry("d", 4, None)])
        .listed;
    let unseen = fixture.store.read(|reader| {
        reader.entries_unseen(scope.exchange, until, |content| seen.contains(&content))
    });
    let unseen = unseen.expect("readable");
    assert_eq!(unseen.len(), 2);
    fixture.change(|tx| tx.withdraw_entries(&fixture.key, scope, &unseen, &fixture.random));
    let hashes: Vec<Hash> = fixture
        .matched()
        .into_iter()
        .map(|(_, hash)| hash)
        .collect();
    assert_eq!(hashes, [Hash::Md5([2; 16]), Hash::Md5([4; 16])]);
    assert_eq!(
        fixture.apply(scope, &[entry("a", 1, None)]).added,
        1,
        "it may come back"
    );
}

#[test]
fn a_run_that_is_asked_for_during_another_is_not_forgotten() {
    let fixture = fixture();
    let exchange = fixture.exchange("partner").exchange;
    let end = RunEnd {
        fault: None,
        fault_page: None,
        problems: Vec::new(),
        reconcile: false,
        next_at: at(300),
    };
    let next_after = |asked_at: Option<i64>| {
        let step = |second, change: &dyn Fn(&Tx<'_>) -> Result<(), StoreError>| {
            let made = fixture.store.write(at(second), |tx| {
                change(tx)?;
                Ok::<_, StoreError>(Change::new(()).event(event(EventKind::EntriesTaken)))
            });
            made.expect("changed");
        };
        step(100, &|tx| {
            tx.take_lease(exchange, [1; 16], at(130)).map(drop)
        });
        if let Some(second) = asked_at {
            step(second, &|tx| tx.hasten_exchange(exchange, false));
        }
        step(120, &|tx| {
            tx.end_run(exchange, [1; 16], &end, &fixture.key, &fixture.random)
        });
        let exchanges = fixture.store.read(|reader| reader.exchanges());
        exchanges.expect("readable").remove(0).next_at
    };
    assert_eq!(next_after(None), at(300));
    assert_eq!(next_after(Some(110)), at(110));
}

#[test]
fn one_at_a_time_reads_an_exchange() {
    let fixture = fixture();
    let exchange = fixture.exchange("partner").exchange;
    let (mine, other) = ([1; 16], [2; 16]);
    // The fixture changes at second 100.
    assert!(fixture.change(|tx| tx.take_lease(exchange, mine, at(130))));
    assert!(!fixture.change(|tx| tx.take_lease(exchange, other, at(130))));
    assert!(!fixture.change(|tx| tx.keep_lease(exchange, other, at(200))));
    assert!(fixture.change(|tx| tx.keep_lease(exchange, mine, at(100))));
    assert!(
        fixture.change(|tx| tx.take_lease(exchange, other, at(130))),
        "it ran out"
    );
    assert!(!fixture.change(|tx| tx.keep_lease(exchange, mine, at(200))));
    let end = RunEnd {
        fault: Some("the partner answered 503".to_owned()),
        fault_page: Some("<html>".to_owned()),
        problems: vec!["place 3: no hash".to_owned()],
        reconcile: false,
        next_at: at(300),
    };
    fixture.change(|tx| tx.end_run(exchange, mine, &end, &fixture.key, &fixture.random));
    let read = |fixture: &Fixture| {
        let exchanges = fixture.store.read(|reader| reader.exchanges());
        exchanges.expect("readable").remove(0)
    };
    assert_eq!(
        read(&fixture).failures,
        0,
        "who lost the lease ends nothing"
    );
    fixture.change(|tx| tx.end_run(exchange, other, &end, &fixture.key, &fixture.random));
    let ended = read(&fixture);
    assert_eq!(
        (ended.failures, ended.next_at, ended.succeeded_at),
        (1, at(300), None)
    );
    assert_eq!(ended.problems, end.problems);
    let page = fixture
        .store
        .read(|reader| reader.fault_page(&fixture.key, exchange));
    assert_eq!(page.expect("readable"), end.fault_page);
    assert!(fixture.change(|tx| tx.take_lease(exchange, mine, at(130))));
}

#[test]
fn nothing_on_disk_shows_an_entry() {
    let fixture = fixture();
    let scope = fixture.exchange("partner");
    fixture.apply(scope, &[entry("key-of-the-entry", 0xA7, Some(1))]);
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(fixture.folder.path()).expect("a folder") {
        let file = file.expect("a file");
        bytes.extend(std::fs::read(file.path()).expect("readable"));
    }
    let shows = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(shows(b"entry_pages"), "it was written");
    let secrets = [
        "key-of-the-entry",
        "owner-one",
        "class-one",
        "kept-as-it-came",
    ];
    for secret in secrets {
        assert!(!shows(secret.as_bytes()), "{secret}");
    }
    assert!(!shows(&[0xA7; 16]));
}

/// One entry as a model keeps it.
#[derive(Clone, Debug)]
struct Said {
    key: u8,
    value: Option<u8>,
    class: u8,
    changed_s: Option<i64>,
}

fn said() -> impl Strategy<Value = Said> {
    let value = prop_oneof![1 => Just(None), 4 => (0_u8..6).prop_map(Some)];
    let changed_s = prop_oneof![Just(None), (0_i64..6).prop_map(Some)];
    (0_u8..6, value, 0_u8..2, changed_s).prop_map(|(key, value, class, changed_s)| Said {
        key,
        value,
        class,
        changed_s,
    })
}

fn entry_of(said: &Said) -> Entry {
    let key = format!("key-{}", said.key);
    let class = Some(format!("class-{}", said.class));
    match said.value {
        Some(value) => Entry {
            class,
            ..entry(&key, value, said.changed_s)
        },
        None => withdrawn(&key, said.changed_s),
    }
}

/// What is known of a key: what was last said of it, but nothing older than what is known.
type Model = BTreeMap<u8, Said>;

fn tell(model: &mut Model, batch: &[Said]) {
    let mut last: BTreeMap<u8, &Said> = BTreeMap::new();
    for said in batch {
        let before = last.get(&said.key);
        if before.is_none_or(|before| said.changed_s >= before.changed_s) {
            last.insert(said.key, said);
        }
    }
    for (key, said) in last {
        let before = model.get(&key).and_then(|before| before.changed_s);
        let is_older = said
            .changed_s
            .zip(before)
            .is_some_and(|(now, before)| now < before);
        if !is_older {
            model.insert(key, said.clone());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn entries_are_what_their_owner_last_said(
        batches in prop::collection::vec(prop::collection::vec(said(), 0..8), 1..8)
    ) {
        let fixture = fixture();
        let scope = fixture.exchange("partner");
        let mut model = Model::new();
        let mut matched: Vec<(ContentId, Hash)> = Vec::new();
        for batch in &batches {
            let entries: Vec<Entry> = batch.iter().map(entry_of).collect();
            let applied = fixture.apply(scope, &entries);
            tell(&mut model, batch);

            let now = fixture.matched();
            let gone = |content: &ContentId| applied.gone.contains(content);
            let kept = matched.iter().filter(|(content, _)| !gone(content));
            for row in kept {
                prop_assert!(now.contains(row), "what is not gone stays as it is");
            }
            matched = now;
            let mut values: Vec<Hash> = matched.iter().map(|(_, hash)| *hash).collect();
            values.sort_unstable_by_key(Hash::to_bytes);
            let listed = model.values().filter_map(|said| said.value);
            let mut expected: Vec<Hash> = listed
                .clone()
                .filter(|value| *value != 0)
                .map(|value| Hash::Md5([value; 16]))
                .collect();
            expected.sort_unstable_by_key(Hash::to_bytes);
            prop_assert_eq!(values, expected);
            prop_assert_eq!(fixture.contents(), listed.clone().count() as u64);
            let ids = fixture.store.read(|reader| {
                let ids = reader.entry_ids(&fixture.key, fixture.bank, ContentId(0))?;
                let page = reader.entry_contents(&fixture.key, fixture.bank, ContentId(0), 100)?;
                let listed = reader.entries_listed(scope.exchange)?;
                Ok::<_, StoreError>((ids, page, listed))
            });
            let (ids, page, listed_now) = ids.expect("readable");
            prop_assert_eq!(ids.len(), listed.count());
            prop_assert_eq!(ids.len() as u64, listed_now);
            prop_assert_eq!(&ids, &page.iter().map(|row| row.id).collect::<Vec<_>>());
            for after in &ids {
                let later = fixture.store.read(|reader| {
                    let ids = reader.entry_ids(&fixture.key, fixture.bank, *after)?;
                    let page = reader.entry_contents(&fixture.key, fixture.bank, *after, 1)?;
                    Ok::<_, StoreError>((ids, page))
                });
                let (later, page) = later.expect("readable");
                let expected: Vec<_> = ids.iter().filter(|id| *id > after).copied().collect();
                prop_assert_eq!(page.first().map(|row| row.id), expected.first().copied());
                prop_assert_eq!(later, expected);
            }
        }
    }

    #[test]
    fn an_entry_is_read_as_it_was_kept(
        words in prop::array::uniform4(0_u64..),
        quality in prop::option::of(0_u8..=100),
        media in prop::sample::select(vec![Media::Image, Media::Video, Media::Unknown]),
        text in "[ -~]{0,40}",
    ) {
        let fixture = fixture();
        let scope = fixture.exchange("partner");
        let prints = vec![
            Fingerprint::Hash {
                hash: Hash::Pdq(PdqHash(words)),
                media,
                quality: quality.map(Quality),
            },
            Fingerprint::Hash { hash: Hash::Sha1([9; 20]), media, quality: None },
            Fingerprint::Hash { hash: Hash::Sha256([9; 32]), media, quality: None },
            Fingerprint::Other { kind: text.clone(), media, value: Redacted(text.clone()) },
        ];
        let given = Entry {
            owner: Some(text.clone()),
            tags: vec![text.clone(), "tag".to_owned()],
            fingerprints: prints.clone(),
            ..entry("key", 1, Some(3))
        };
        let applied = fixture.apply(scope, std::slice::from_ref(&given));
        let stored = fixture
            .store
            .read(|reader| reader.entry_of(&fixture.key, applied.listed[0]));
        let (_, stored) = stored.expect("readable").expect("there");
        let kept: Vec<_> = stored.prints.into_iter().map(|print| print.fingerprint).collect();
        prop_assert_eq!(kept, prints);
        prop_assert_eq!(stored.entry, Entry { fingerprints: Vec::new(), ..given });
    }
}
