//! The seen index holds what was kept, no more and no less, and shows nothing of it on disk.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use seawall_casework::audit::EventDraft;
use seawall_casework::context::ChannelKind;
use seawall_core::{Actor, Algorithm, EventKind, Hash, PdqHash, Timestamp, View};
use seawall_store::{
    Change, FoldLimits, MasterKey, SeenEntries, SeenKey, SeenPart, SeenRecord, Store, StoreError,
    day_of,
};
use seawall_testkit::SeededRandom;

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
    random: SeededRandom,
    key: SeenKey,
}

const DAY_MS: i64 = 86_400_000;
const SMALL: FoldLimits = FoldLimits {
    records_max: 4,
    records_min: 2,
};

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY_MS + 1_000)
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let random = SeededRandom::new(5);
    Fixture {
        store: Store::create(&folder.path().join("seawall.db"), at(0)).expect("a store"),
        key: MasterKey::generate(&random).seen_key(),
        folder,
        random,
    }
}

fn record(item: &str, value: u64, day: i64) -> SeenRecord {
    let pdq = |words| Hash::Pdq(PdqHash(words));
    SeenRecord {
        item_id: item.to_owned(),
        seen_at: at(day),
        channel: ChannelKind::Public,
        hashes: vec![
            (pdq([value; 4]), Some(View::STORED)),
            (pdq([!value; 4]), Some(View::frame(2))),
            (Hash::Md5([value as u8; 16]), None),
        ],
    }
}

fn event(kind: EventKind) -> EventDraft {
    EventDraft::new(kind, Actor::System)
}

impl Fixture {
    fn keep(&self, record: &SeenRecord) {
        self.store
            .keep_seen(&self.key, record, &self.random)
            .expect("kept");
    }

    fn fold(&self, today: i64) -> u64 {
        let (mut folded, mut more) = (0, true);
        while more {
            let fold = self.store.write(at(today), |tx| {
                let fold = tx.fold_seen(&self.key, today, SMALL, &self.random)?;
                Ok::<_, StoreError>(Change::new(fold).event(event(EventKind::SeenFolded)))
            });
            let fold = fold.expect("folded");
            folded += fold.map_or(0, |fold| fold.records);
            more = fold.is_some();
        }
        folded
    }

    fn forget(&self, item: &str) -> bool {
        let forgotten = self.store.write(at(0), |tx| {
            let forgotten = tx.forget_seen(&self.key, item, &self.random)?;
            Ok::<_, StoreError>(Change::new(forgotten).event(event(EventKind::SeenForgotten)))
        });
        forgotten.expect("written")
    }

    fn expire(&self, first_kept: i64) -> u64 {
        let (mut all, mut more) = (0, true);
        while more {
            let expired = self.store.write(at(0), |tx| {
                let expired = tx.expire_seen(first_kept, 2)?;
                Ok::<_, StoreError>(Change::new(expired).event(event(EventKind::SeenExpired)))
            });
            let expired = expired.expect("written");
            all += expired;
            more = expired > 0;
        }
        all
    }

    /// Everything kept, as a search sees it: by item, a row before a page. An item in two
    /// pages, or a page that mixes days, is a fault.
    fn kept(&self) -> BTreeMap<String, SeenRecord> {
        let read = self.store.read(|reader| {
            let (mut kept, mut days) = (BTreeMap::new(), BTreeMap::new());
            for page in reader.seen_pages()? {
                let open = |part| reader.seen_part(page.id, part)?.open(&self.key);
                let (entries, tags) = (open(SeenPart::Entries)?, open(SeenPart::Tags)?);
                let pdq = open(SeenPart::Values(Algorithm::Pdq))?;
                let md5 = open(SeenPart::Values(Algorithm::Md5))?;
                let (mut pdq, mut md5) = (pdq.chunks_exact(32), md5.chunks_exact(16));
                let mut entries = SeenEntries::new(&entries);
                let mut count = 0;
                while let Some((_, entry)) = entries.next_if(|_| true) {
                    let entry = entry.expect("it was asked for");
                    let mut hashes = Vec::new();
                    for view in entry.views {
                        let value = pdq.next().expect("a value");
                        let hash = Hash::from_bytes(Algorithm::Pdq, value).expect("32 bytes");
                        hashes.push((hash, view));
                    }
                    for _ in 0..entry.hashes[1] {
                        let value = md5.next().expect("a value");
                        let hash = Hash::from_bytes(Algorithm::Md5, value).expect("16 bytes");
                        hashes.push((hash, None));
                    }
                    assert_eq!(
                        tags[count * 16..][..16],
                        self.key.tag(&entry.item_id).0,
                        "tags stand in the order of the entries"
                    );
                    count += 1;
                    assert_eq!(day_of(entry.seen_at), page.day, "one day a page");
                    let id = entry.item_id.clone();
                    let found = SeenRecord {
                        item_id: entry.item_id,
                        seen_at: entry.seen_at,
                        channel: entry.channel,
                        hashes,
                    };
                    assert!(kept.insert(id.clone(), found).is_none(), "once in pages");
                    days.insert(id, page.day);
                }
                assert_eq!(page.records, count as u64);
                assert!(page.records <= u64::from(SMALL.records_max));
            }
            for row in reader.seen_rows(0, u32::MAX)? {
                let record = row.open(&self.key)?;
                kept.insert(record.item_id.clone(), record);
            }
            Ok::<_, StoreError>(kept)
        });
        read.expect("readable")
    }
}

#[derive(Clone, Debug)]
enum Act {
    Keep(u8, u64),
    NextDay,
    Fold,
    Forget(u8),
    Expire(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0_u8..12, any::<u64>()).prop_map(|(item, value)| Act::Keep(item, value)),
        1 => Just(Act::NextDay),
        2 => Just(Act::Fold),
        1 => (0_u8..12).prop_map(Act::Forget),
        1 => (0_i64..4).prop_map(Act::Expire),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_kept_is_what_came_and_was_not_forgotten_or_expired(
        acts in prop::collection::vec(act(), 1..40)
    ) {
        let fixture = fixture();
        let (mut model, mut today, mut written) = (BTreeMap::new(), 10, 0);
        for act in acts {
            match act {
                Act::Keep(item, value) => {
                    let record = record(&format!("item-{item}"), value, today);
                    fixture.keep(&record);
                    model.insert(record.item_id.clone(), record);
                    written += 1;
                }
                Act::NextDay => today += 1,
                Act::Fold => { fixture.fold(today); }
                Act::Forget(item) => {
                    let item = format!("item-{item}");
                    prop_assert_eq!(fixture.forget(&item), model.remove(&item).is_some());
                }
                Act::Expire(keep_days) => {
                    let first_kept = today - keep_days;
                    let foreseen = fixture.store.read(|reader| reader.expired_seen(first_kept));
                    let expired = fixture.expire(first_kept);
                    prop_assert_eq!(foreseen.expect("readable"), expired);
                    model.retain(|_, record| day_of(record.seen_at) >= first_kept);
                }
            }
            prop_assert_eq!(&fixture.kept(), &model);
        }
        let counted = fixture.store.write(at(today), |tx| {
            let counts = tx.take_seen_counts()?;
            Ok::<_, StoreError>(Change::new(counts).event(event(EventKind::SeenTallied)))
        });
        let counted: u64 = counted.expect("written").iter().map(|(_, kept)| kept).sum();
        prop_assert_eq!(counted, written, "each act of keeping is counted");
    }
}

#[test]
fn full_days_become_pages_at_once_and_small_ones_when_they_are_over() {
    let fixture = fixture();
    for number in 0..6 {
        fixture.keep(&record(&format!("item-{number}"), number, 3));
    }
    let status = || {
        fixture
            .store
            .read(|reader| reader.seen_status())
            .expect("readable")
    };
    assert_eq!(fixture.fold(3), 4, "a page's worth of today");
    assert_eq!((status().rows, status().paged, status().pages), (2, 4, 1));
    assert_eq!(fixture.fold(4), 2, "the rest when the day is over");
    fixture.keep(&record("alone", 9, 4));
    assert_eq!(fixture.fold(5), 0, "too few to be a page");
    let status = status();
    assert_eq!((status.rows, status.paged, status.pages), (1, 6, 2));
    assert_eq!((status.paged_hashes, status.oldest_day), (12, Some(3)));
}

#[test]
fn nothing_on_disk_shows_an_item_or_its_hashes() {
    let fixture = fixture();
    let digest = [0xA7_u8, 0x1B, 0x5C, 0xD3].repeat(4);
    for number in 0..5 {
        let mut record = record(&format!("platform-item-{number}"), 0x0123_4567_89AB_CDEF, 3);
        record.hashes[2].0 = Hash::Md5(digest.clone().try_into().expect("16 bytes"));
        fixture.keep(&record);
    }
    fixture.fold(3);
    let status = fixture
        .store
        .read(|reader| reader.seen_status())
        .expect("readable");
    assert_eq!(
        (status.rows, status.pages),
        (1, 1),
        "both forms are on disk"
    );
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let value = 0x0123_4567_89AB_CDEF_u64;
    let secrets: [&[u8]; 5] = [
        b"platform-item",
        &digest,
        hex.as_bytes(),
        &value.to_be_bytes(),
        &value.to_le_bytes(),
    ];
    for entry in std::fs::read_dir(fixture.folder.path()).expect("readable") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("readable");
        for secret in secrets {
            let shows = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!shows, "{}", path.display());
        }
    }
}

#[test]
fn another_key_or_another_place_opens_nothing() {
    let fixture = fixture();
    for number in 0..5 {
        fixture.keep(&record(&format!("item-{number}"), number, 3));
    }
    fixture.fold(3);
    let other = MasterKey::generate(&fixture.random).seen_key();
    let read = fixture.store.read(|reader| {
        let page = reader.seen_pages()?[0];
        let row = reader.seen_rows(0, 1)?.remove(0);
        assert!(row.open(&fixture.key).is_ok() && row.open(&other).is_err());
        let part = reader.seen_part(page.id, SeenPart::Tags)?;
        assert!(part.open(&fixture.key).is_ok() && part.open(&other).is_err());
        Ok::<_, StoreError>(page.id)
    });
    let page = read.expect("readable");
    let beside = rusqlite::Connection::open(fixture.folder.path().join("seawall.db"));
    let swapped = "UPDATE seen_parts SET sealed = (SELECT sealed FROM seen_parts WHERE part = 'md5') WHERE part = 'tags'";
    beside
        .expect("opens")
        .execute(swapped, [])
        .expect("swapped");
    let read = fixture.store.read(|reader| {
        let opened = reader.seen_part(page, SeenPart::Tags)?.open(&fixture.key);
        assert!(opened.is_err(), "a part opens in its own place alone");
        Ok::<_, StoreError>(())
    });
    read.expect("readable");
}

#[test]
fn tags_tell_items_apart_and_follow_from_the_master_key() {
    let random = SeededRandom::new(9);
    let master = MasterKey::generate(&random);
    let key = master.seen_key();
    let tags: HashSet<_> = (0..100)
        .map(|number| key.tag(&number.to_string()))
        .collect();
    assert_eq!(tags.len(), 100);
    let again = MasterKey::parse(&master.to_text())
        .expect("own text")
        .seen_key();
    assert_eq!(again.tag("item"), key.tag("item"));
    assert_ne!(
        MasterKey::generate(&random).seen_key().tag("item"),
        key.tag("item")
    );
}
