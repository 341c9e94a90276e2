//! The search finds what a look at every hash finds, however it is done.

use proptest::prelude::*;
use seawall_casework::audit::EventDraft;
use seawall_core::{Actor, EventKind};
use seawall_store::{Change, FoldLimits, MasterKey, SeenRecord, day_of};
use seawall_testkit::SeededRandom;

use super::*;

struct Fixture {
    _folder: tempfile::TempDir,
    store: Store,
    random: SeededRandom,
    key: SeenKey,
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let random = SeededRandom::new(3);
    Fixture {
        store: Store::create(&folder.path().join("seawall.db"), now()).expect("a store"),
        key: MasterKey::generate(&random).seen_key(),
        _folder: folder,
        random,
    }
}

impl Fixture {
    fn keep(&self, record: &SeenRecord) {
        self.store
            .keep_seen(&self.key, record, &self.random)
            .expect("kept");
    }

    /// Everything so far becomes pages of at most `records_max`.
    fn fold(&self, records_max: u32) {
        let limits = FoldLimits {
            records_max,
            records_min: 1,
        };
        let mut more = true;
        while more {
            let fold = self.store.write(now(), |tx| {
                let tomorrow = day_of(now()) + 1;
                let fold = tx.fold_seen(&self.key, tomorrow, limits, &self.random)?;
                let event = EventDraft::new(EventKind::SeenFolded, Actor::System);
                Ok::<_, StoreError>(Change::new(fold).event(event))
            });
            more = fold.expect("folded").is_some();
        }
    }

    /// What a search finds: item, query, distance, view.
    fn found(&self, hashes: &[Hash], bits: u16) -> Vec<Found> {
        let bits = Threshold::new(bits).expect("a threshold");
        let answer = search_seen(&self.store, &self.key, hashes, bits).expect("searched");
        assert_eq!(answer.found, answer.matches.len() as u64);
        let distances = answer.matches.iter().map(|found| found.distance);
        assert!(distances.is_sorted(), "nearest first");
        let mut found: Vec<Found> = answer
            .matches
            .into_iter()
            .map(|found| (found.item_id, found.query, found.distance, found.view))
            .collect();
        found.sort();
        found
    }
}

type Found = (String, usize, Distance, Option<View>);

/// What a look at every hash of the newest record of each item finds.
fn brute_force(records: &[SeenRecord], hashes: &[Hash], bits: u16) -> Vec<Found> {
    let newest: BTreeMap<&str, &SeenRecord> = records
        .iter()
        .map(|record| (record.item_id.as_str(), record))
        .collect();
    let mut found = Vec::new();
    for record in newest.values() {
        let mut near = Vec::new();
        for (query, wanted) in hashes.iter().enumerate() {
            for (place, (hash, view)) in record.hashes.iter().enumerate() {
                let distance = match (wanted, hash) {
                    (Hash::Pdq(wanted), Hash::Pdq(hash)) => wanted.distance(*hash),
                    (wanted, hash) if wanted == hash => Distance(0),
                    _ => continue,
                };
                if distance.0 <= bits {
                    near.push((distance, query, place, *view));
                }
            }
        }
        if let Some((distance, query, _, view)) = near.into_iter().min() {
            found.push((record.item_id.clone(), query, distance, view));
        }
    }
    found.sort();
    found
}

/// A hash near the pattern of this number: some of its bits turned.
fn near(pattern: u8, turned: &[u8]) -> PdqHash {
    let mut words = [u64::from(pattern).wrapping_mul(0x9E37_79B9_7F4A_7C15); 4];
    for bit in turned {
        words[usize::from(bit / 64)] ^= 1 << (bit % 64);
    }
    PdqHash(words)
}

fn pdq() -> impl Strategy<Value = PdqHash> {
    let turned = prop::collection::vec(any::<u8>(), 0..40);
    (0_u8..4, turned).prop_map(|(pattern, turned)| near(pattern, &turned))
}

fn record() -> impl Strategy<Value = SeenRecord> {
    (0_u8..30, prop::collection::vec(pdq(), 0..3), 0_u8..6).prop_map(|(item, pdq, digest)| {
        let views = [Some(View::STORED), Some(View::UPRIGHT), None];
        let pdq = pdq.into_iter().zip(views);
        let pdq = pdq.map(|(hash, view)| (Hash::Pdq(hash), view));
        let digests = [Hash::Md5([digest; 16]), Hash::Sha256([digest; 32])];
        SeenRecord {
            item_id: format!("item-{item}"),
            seen_at: now(),
            channel: ChannelKind::Public,
            hashes: pdq.chain(digests.map(|hash| (hash, None))).collect(),
        }
    })
}

fn query() -> impl Strategy<Value = Hash> {
    prop_oneof![
        4 => pdq().prop_map(Hash::Pdq),
        1 => (0_u8..8).prop_map(|digest| Hash::Md5([digest; 16])),
        1 => (0_u8..8).prop_map(|digest| Hash::Sha256([digest; 32])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_item_within_the_threshold_is_found_and_no_other(
        paged in prop::collection::vec(record(), 0..30),
        rows in prop::collection::vec(record(), 0..8),
        queries in prop::collection::vec(query(), 1..5),
        bits in 0_u16..=64,
    ) {
        let fixture = fixture();
        paged.iter().for_each(|record| fixture.keep(record));
        fixture.fold(7);
        rows.iter().for_each(|record| fixture.keep(record));
        let records = [paged, rows].concat();
        let wanted = brute_force(&records, &queries, bits);
        prop_assert_eq!(fixture.found(&queries, bits), wanted);
        // The same, asked with so many hashes that an index is made of the pages.
        let far = (0..NEEDLES_FOR_AN_INDEX).map(|_| Hash::Pdq(PdqHash([u64::MAX; 4])));
        let many: Vec<Hash> = queries.into_iter().chain(far).collect();
        let wanted = brute_force(&records, &many, bits);
        prop_assert_eq!(fixture.found(&many, bits), wanted);
    }
}

#[test]
fn an_item_that_came_again_is_found_by_its_newest_hashes_alone() {
    let fixture = fixture();
    let record = |value: u64| SeenRecord {
        item_id: "item".to_owned(),
        seen_at: now(),
        channel: ChannelKind::File,
        hashes: vec![(Hash::Pdq(PdqHash([value; 4])), Some(View::STORED))],
    };
    let asked = |value| fixture.found(&[Hash::Pdq(PdqHash([value; 4]))], 0).len();
    fixture.keep(&record(0));
    fixture.fold(7);
    fixture.keep(&record(u64::MAX));
    assert_eq!((asked(0), asked(u64::MAX)), (0, 1), "a row before a page");
    fixture.fold(7);
    assert_eq!((asked(0), asked(u64::MAX)), (0, 1), "one page alone");
}

#[test]
fn a_value_that_is_not_what_was_sealed_ends_the_search_with_an_error() {
    let fixture = fixture();
    let other = MasterKey::generate(&fixture.random).seen_key();
    let record = SeenRecord {
        item_id: "item".to_owned(),
        seen_at: now(),
        channel: ChannelKind::Public,
        hashes: vec![(Hash::Pdq(PdqHash([0; 4])), None)],
    };
    let asked = [Hash::Pdq(PdqHash([0; 4]))];
    for is_paged in [false, true] {
        fixture.keep(&record);
        if is_paged {
            fixture.fold(1);
        }
        let found = search_seen(&fixture.store, &other, &asked, Threshold::DEFAULT);
        assert!(matches!(found, Err(StoreError::Sealed(_))));
    }
}
