//! What an index answers, by hand and against looking at each entry.

use std::collections::BTreeMap;

use super::*;
use proptest::prelude::*;

fn bank(id: i64, threshold: u16, enabled: bool, entries: &[(i64, Hash)]) -> Arc<BankIndex> {
    let settings = BankSettings {
        bank: BankId(id),
        name: format!("BANK_{id}"),
        threshold: Threshold::new(threshold).expect("at most 256"),
        enabled,
        role: BankRole::Known,
        lists: Vec::new(),
    };
    let entries = entries.iter().map(|&(content, hash)| Entry {
        content: ContentId(content),
        list: None,
        hash,
    });
    Arc::new(BankIndex::new(settings, entries))
}

fn flipped(words: [u64; 4], bits: impl IntoIterator<Item = u8>) -> Hash {
    let mut words = words;
    for bit in bits {
        words[usize::from(bit) / 64] ^= 1 << (bit % 64);
    }
    Hash::Pdq(PdqHash(words))
}

fn found(index: &Index, hash: &Hash) -> Vec<(i64, i64, u16)> {
    let hits = index.lookup(hash, None).into_iter();
    hits.map(|hit| (hit.bank.0, hit.content.0, hit.distance.0))
        .collect()
}

const REFERENCE: [u64; 4] = [0xF8F8_F0CE_E0F4_A84F, 17, 0xFFFF_0000_FFFF_0000, 3];

#[test]
fn distance_31_matches_and_32_does_not_at_any_size() {
    for size in [
        0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1023, 1025,
    ] {
        let rows: Vec<_> = (0..size)
            .map(|content| (content, flipped(REFERENCE, [])))
            .collect();
        let index = Index::new(vec![bank(1, 31, true, &rows)]);
        for distance in [0, 1, 30, 31, 32] {
            let expected: Vec<_> = (0..size)
                .filter(|_| distance <= 31)
                .map(|content| (1, content, u16::from(distance)))
                .collect();
            let query = flipped(REFERENCE, 100..100 + distance);
            assert_eq!(found(&index, &query), expected, "{size} rows at {distance}");
        }
    }
}

#[test]
fn duplicates_come_once_for_each_content_and_disabled_banks_never() {
    let hash = flipped(REFERENCE, []);
    let near = flipped(REFERENCE, [4]);
    let a = bank(1, 31, true, &[(1, near), (1, hash), (3, hash)]);
    let b = bank(2, 31, true, &[(2, hash)]);
    let index = Index::new(vec![Arc::clone(&b), Arc::clone(&a)]);
    assert_eq!(found(&index, &hash), [(1, 1, 0), (1, 3, 0), (2, 2, 0)]);
    let off = BankSettings {
        enabled: false,
        ..b.settings().clone()
    };
    let index = Index::new(vec![a, Arc::new(b.with_settings(off))]);
    assert_eq!(found(&index, &hash), [(1, 1, 0), (1, 3, 0)]);
}

#[test]
fn an_override_replaces_every_bank_s_threshold() {
    let banks = vec![
        bank(1, 0, true, &[(1, flipped(REFERENCE, [0, 1]))]),
        bank(2, 31, true, &[(2, flipped(REFERENCE, [0, 1, 2]))]),
    ];
    let index = Index::new(banks);
    let hash = flipped(REFERENCE, []);
    assert_eq!(found(&index, &hash), [(2, 2, 3)]);
    assert_eq!(index.lookup(&hash, Threshold::new(2)).len(), 1);
    assert_eq!(index.lookup(&hash, Threshold::new(3)).len(), 2);
}

#[test]
fn digests_match_by_equality_and_kinds_never_meet() {
    let entries = [
        (1, Hash::Sha256([7; 32])),
        (2, Hash::Md5([7; 16])),
        (3, Hash::Md5([7; 16])),
        (4, flipped([0x0707_0707_0707_0707; 4], [])),
    ];
    let index = Index::new(vec![bank(1, 256, true, &entries)]);
    assert_eq!(found(&index, &Hash::Md5([7; 16])), [(1, 2, 0), (1, 3, 0)]);
    assert_eq!(found(&index, &Hash::Sha256([7; 32])), [(1, 1, 0)]);
    assert_eq!(found(&index, &Hash::Sha1([7; 20])), []);
    assert_eq!(found(&index, &flipped([0; 4], [])), [(1, 4, 96)]);
}

#[test]
fn a_list_has_its_own_threshold_and_switch_and_follows_its_bank_otherwise() {
    let lists = [None, Some(1), Some(2), Some(3), Some(4)];
    let entries = (0..).zip(lists).map(|(content, list)| Entry {
        content: ContentId(content),
        list: list.map(ListId),
        hash: flipped(REFERENCE, 0..10),
    });
    let list = |list, bits, enabled| ListSettings {
        list: ListId(list),
        threshold: Threshold::new(bits),
        enabled,
    };
    let mut settings = bank(1, 10, true, &[]).settings().clone();
    // 300 bits is no threshold: the third list has none of its own.
    settings.lists = vec![list(3, 300, true), list(1, 9, true), list(2, 80, false)];
    let mut index = Index::new(vec![Arc::new(BankIndex::new(settings.clone(), entries))]);
    let found = |index: &Index| {
        let hits = index.lookup(&flipped(REFERENCE, []), None).into_iter();
        hits.map(|hit| (hit.list.map(|list| list.0), hit.threshold.bits()))
            .collect::<Vec<_>>()
    };
    let expected = [(None, 10), (Some(3), 10), (Some(4), 10)];
    assert_eq!(found(&index), expected);
    index.compact();
    assert_eq!(found(&index), expected);
    settings.lists[2].enabled = true;
    settings.threshold = Threshold::new(5).expect("at most 256");
    index.set_bank(settings.clone());
    assert_eq!(found(&index), [(Some(2), 80)]);
    settings.enabled = false;
    index.set_bank(settings);
    assert_eq!(found(&index), []);
}

#[test]
fn an_exception_marks_hits_of_its_own_algorithm_and_only_within_its_own_threshold() {
    let picture = flipped(REFERENCE, []);
    let known = bank(1, 31, true, &[(1, picture), (1, Hash::Md5([7; 16]))]);
    let mut settings = bank(2, 2, true, &[]).settings().clone();
    settings.role = BankRole::Exception;
    let benign = [(4, [0, 1, 2]), (5, [0, 1, 3])].map(|(content, bits)| Entry {
        content: ContentId(content),
        list: None,
        hash: flipped(REFERENCE, bits),
    });
    let benign = BankIndex::new(settings.clone(), benign);
    let mut index = Index::new(vec![known, Arc::new(benign)]);
    let suppressor = |index: &Index, hash: &Hash, distance_max: Option<u16>| {
        let hits = index.lookup(hash, distance_max.and_then(Threshold::new));
        assert_eq!(hits.len(), 1, "only the known entry is a hit");
        hits[0].suppressed_by.map(|by| (by.bank.0, by.content.0))
    };
    assert_eq!(suppressor(&index, &picture, None), None);
    // A wider lookup does not make the exception wider.
    assert_eq!(suppressor(&index, &picture, Some(60)), None);
    let nearer = flipped(REFERENCE, [0, 3]);
    assert_eq!(suppressor(&index, &nearer, None), Some((2, 5)));
    assert_eq!(suppressor(&index, &Hash::Md5([7; 16]), None), None);
    let digest = Entry {
        content: ContentId(9),
        list: None,
        hash: Hash::Md5([7; 16]),
    };
    index.add(BankId(2), [digest]).expect("the bank is there");
    let by_digest = suppressor(&index, &Hash::Md5([7; 16]), None);
    assert_eq!(by_digest, Some((2, 9)));
    let only_known = Scope {
        banks: Some(&[BankId(1)]),
        ..Scope::default()
    };
    let hits = index.lookup_in(&nearer, &only_known);
    assert!(hits[0].suppressed_by.is_some(), "exceptions always apply");
    settings.enabled = false;
    index.set_bank(settings);
    assert_eq!(suppressor(&index, &nearer, None), None);
    assert_eq!(suppressor(&index, &Hash::Md5([7; 16]), None), None);
}

proptest! {
    /// Planted near copies, strangers and duplicates, against looking at each entry.
    #[test]
    fn lookup_finds_what_brute_force_finds(
        needle: [u64; 4],
        near in prop::collection::vec((0_i64..3, 0_i64..9, prop::collection::vec(any::<u8>(), 0..=40)), 0..60),
        strangers in prop::collection::vec((0_i64..3, 0_i64..9, any::<[u64; 4]>()), 0..20),
        thresholds: [u8; 3],
        enabled: [bool; 3],
        distance_max in prop::option::of(0_u16..=256),
    ) {
        let near = near.into_iter().map(|(bank, content, bits)| (bank, content, flipped(needle, bits)));
        let strangers = strangers.into_iter().map(|(bank, content, words)| (bank, content, flipped(words, [])));
        let entries: Vec<_> = near.chain(strangers).collect();
        let banks = (0..3).map(|id| {
            let own: Vec<_> = entries.iter().filter(|e| e.0 == id).map(|e| (e.1, e.2)).collect();
            bank(id, thresholds[id as usize].into(), enabled[id as usize], &own)
        });
        let index = Index::new(banks.collect());

        let mut best: BTreeMap<(i64, i64), u16> = BTreeMap::new();
        for &(id, content, hash) in &entries {
            let Hash::Pdq(listed) = hash else { continue };
            let distance = PdqHash(needle).distance(listed).0;
            let limit = distance_max.unwrap_or(thresholds[id as usize].into());
            if enabled[id as usize] && distance <= limit {
                best.entry((id, content)).and_modify(|d| *d = distance.min(*d)).or_insert(distance);
            }
        }
        let mut expected: Vec<_> = best.into_iter().map(|((id, content), d)| (d, id, content)).collect();
        expected.sort_unstable();

        let hits = index.lookup(&flipped(needle, []), distance_max.and_then(Threshold::new));
        let answered: Vec<_> = hits.iter().map(|h| (h.distance.0, h.bank.0, h.content.0)).collect();
        prop_assert_eq!(answered, expected);
        for hit in hits {
            let Hash::Pdq(listed) = hit.hash else { panic!("a digest for a picture hash") };
            prop_assert_eq!(PdqHash(needle).distance(listed), hit.distance);
        }
    }
}
