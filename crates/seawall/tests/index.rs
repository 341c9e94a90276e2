//! The index against a model that looks at each entry: sizes, planted copies, crowds, and
//! changes in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index as Pick;
use seawall::index::{
    BankIndex, BankSettings, Compaction, Entry, Index, IndexError, ListSettings, Scope,
};
use seawall_core::{BankId, BankRole, ContentId, Hash, ListId, PdqHash, Threshold};

fn settings(bank: i64, threshold_bits: u16) -> BankSettings {
    BankSettings {
        bank: BankId(bank),
        name: format!("BANK_{bank}"),
        threshold: Threshold::new(threshold_bits).expect("at most 256"),
        enabled: true,
        role: BankRole::Known,
        lists: Vec::new(),
    }
}

fn pdq(words: [u64; 4]) -> Hash {
    Hash::Pdq(PdqHash(words))
}

/// The same numbers for the same seed (SplitMix64).
fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
}

fn strangers(count: usize, seed: u64) -> Vec<[u64; 4]> {
    let mut next = random(seed);
    (0..count)
        .map(|_| [next(), next(), next(), next()])
        .collect()
}

/// Exactly this many different bits flipped.
fn copy(mut words: [u64; 4], flips: usize, seed: u64) -> [u64; 4] {
    let mut next = random(seed);
    let mut bits: Vec<usize> = (0..256).collect();
    for done in 0..flips {
        bits.swap(done, done + next() as usize % (256 - done));
        words[bits[done] / 64] ^= 1 << (bits[done] % 64);
    }
    words
}

fn index(rows: &[[u64; 4]], threshold_bits: u16) -> Index {
    let entries = (0..).zip(rows).map(|(content, &words)| Entry {
        content: ContentId(content),
        list: None,
        hash: pdq(words),
    });
    Index::new(vec![Arc::new(BankIndex::new(
        settings(1, threshold_bits),
        entries,
    ))])
}

/// Every row within the distance, as `(distance, row)`.
fn by_hand(rows: &[[u64; 4]], needle: [u64; 4], distance_max: u16) -> Vec<(u16, i64)> {
    let distances = rows
        .iter()
        .map(|&row| PdqHash(row).distance(PdqHash(needle)).0);
    let mut near: Vec<_> = distances
        .zip(0..)
        .filter(|&(d, _)| d <= distance_max)
        .collect();
    near.sort_unstable();
    near
}

#[track_caller]
fn check(index: &Index, rows: &[[u64; 4]], needle: [u64; 4], distance_max: u16) {
    let hits = index.lookup(&pdq(needle), Threshold::new(distance_max));
    let found: Vec<_> = hits
        .iter()
        .map(|hit| (hit.distance.0, hit.content.0))
        .collect();
    assert_eq!(
        found,
        by_hand(rows, needle, distance_max),
        "{} rows within {distance_max}",
        rows.len()
    );
}

/// The sizes around each change of the tables' shape, with a copy at every distance planted.
#[test]
fn every_planted_copy_is_found_at_every_threshold_and_size() {
    let sizes = (0..17).flat_map(|k| [(1_usize << k) - 1, 1 << k, (1 << k) + 1]);
    for size in sizes.filter(|size| *size < 5_000 || size % 2 == 1) {
        let needle = strangers(1, 77)[0];
        let mut rows = strangers(size, size as u64);
        for (flips, row) in rows.iter_mut().step_by(3).take(71).enumerate() {
            *row = copy(needle, flips, size as u64 + flips as u64);
        }
        let index = index(&rows, 31);
        for distance_max in (0..=64).chain([70, 79, 80, 96, 128, 256]) {
            if size < 3_000 || distance_max % 5 < 2 || distance_max == 64 {
                check(&index, &rows, needle, distance_max);
            }
        }
    }
}

#[test]
fn crowds_are_answered_like_anything_else() {
    let size = 20_000;
    let needle = strangers(1, 5)[0];
    let mut of_one_slice = strangers(size, 6);
    for row in &mut of_one_slice {
        row[0] = row[0] & !0xFFFF_FFFF | needle[0] & 0xFFFF_FFFF;
    }
    let clustered: Vec<_> = (0..size as u64)
        .map(|k| copy(needle, k as usize % 40, k))
        .collect();
    let few_centres: Vec<_> = (0..size as u64)
        .map(|k| copy(strangers(20, 8)[k as usize % 20], k as usize % 25, k))
        .collect();
    let mut half_zero = strangers(size, 9);
    half_zero[..size / 2].fill([0; 4]);
    let lists = [
        vec![[0; 4]; size],
        vec![[u64::MAX; 4]; size],
        of_one_slice,
        clustered,
        few_centres,
        half_zero,
    ];
    for rows in &lists {
        let index = index(rows, 31);
        for needle in [
            needle,
            [0; 4],
            [u64::MAX; 4],
            rows[7],
            copy(rows[size - 1], 31, 3),
        ] {
            for distance_max in [0, 15, 31, 32, 64] {
                check(&index, rows, needle, distance_max);
            }
        }
    }
}

#[test]
fn a_batch_answers_what_single_lookups_answer() {
    let rows = strangers(9_000, 1);
    let index = index(&rows, 31);
    let mut hashes: Vec<Hash> = (0..60)
        .map(|k| pdq(copy(rows[k * 9], k, k as u64)))
        .collect();
    hashes.push(Hash::Md5([1; 16]));
    let many = index.lookup_many(&hashes, &Scope::default());
    let single: Vec<_> = hashes.iter().map(|hash| index.lookup(hash, None)).collect();
    assert_eq!(many, single);
    for (threads, count) in [
        (0, 61),
        (1, 61),
        (2, 61),
        (3, 17),
        (7, 40),
        (100, 61),
        (2, 0),
    ] {
        let some = &hashes[..count];
        let found = index.lookup_many_on(threads, some, &Scope::default());
        assert_eq!(found, single[..count], "{count} on {threads}");
    }
    assert_eq!(many.iter().filter(|hits| !hits.is_empty()).count(), 32);
}

#[test]
fn banks_of_one_index_keep_their_own_thresholds_and_can_be_chosen() {
    let needle = strangers(1, 3)[0];
    let banks = (0..40).map(|bank| {
        let mut rows = strangers(300, bank);
        rows[5] = copy(needle, 30, bank);
        rows[6] = copy(needle, 90, bank);
        let entries = (0..).zip(rows).map(|(content, words)| Entry {
            content: ContentId(content),
            list: None,
            hash: pdq(words),
        });
        let threshold_bits = if bank % 10 == 0 {
            100
        } else {
            20 + bank as u16
        };
        Arc::new(BankIndex::new(
            settings(bank as i64, threshold_bits),
            entries,
        ))
    });
    let index = Index::new(banks.collect());
    let banks_in = |scope: Scope<'_>| {
        let hits = index.lookup_in(&pdq(needle), &scope).into_iter();
        let near = hits.filter(|hit| hit.content.0 == 5 || hit.content.0 == 6);
        near.map(|hit| (hit.bank.0, hit.content.0))
            .collect::<Vec<_>>()
    };
    let all = banks_in(Scope::default());
    assert_eq!(
        all.iter().filter(|(_, content)| *content == 5).count(),
        40 - 9
    );
    assert_eq!(all.iter().filter(|(_, content)| *content == 6).count(), 4);
    let chosen = [BankId(3), BankId(20), BankId(25), BankId(99)];
    let scope = Scope {
        banks: Some(&chosen),
        ..Scope::default()
    };
    assert_eq!(banks_in(scope), [(20, 5), (25, 5), (20, 6)]);
    let scope = Scope {
        distance_max: Threshold::new(30),
        ..scope
    };
    assert_eq!(banks_in(scope), [(3, 5), (20, 5), (25, 5)]);
}

#[test]
fn a_copy_of_an_index_stays_as_it_is() {
    let rows = strangers(5_000, 2);
    let mut index = index(&rows, 31);
    let before = index.clone();
    let hash = pdq(rows[9]);
    index.withdraw(BankId(1), ContentId(9));
    assert_eq!(
        (
            before.lookup(&hash, None).len(),
            index.lookup(&hash, None).len()
        ),
        (1, 0)
    );
    let again = Entry {
        content: ContentId(9),
        list: None,
        hash,
    };
    index.add(BankId(1), [again]).expect("there is such a bank");
    assert_eq!(index.lookup(&hash, None).len(), 1);
    index.remove_bank(BankId(1));
    assert_eq!(index.add(BankId(1), [again]), Err(IndexError::NoBank));
    index.set_bank(settings(1, 31));
    assert!(index.lookup(&hash, None).is_empty());
    index.compact();
    assert_eq!(index.size(), Index::default().size());
    assert_eq!(before.lookup(&hash, None).len(), 1);
}

#[test]
fn only_the_first_of_two_compactions_is_adopted() {
    let mut index = index(&strangers(9, 2), 31);
    let tenth = Entry {
        content: ContentId(9),
        list: None,
        hash: pdq([9; 4]),
    };
    index.add(BankId(1), [tenth]).expect("there is such a bank");
    let (first, second) = (index.compaction(), index.compaction());
    assert!(index.adopt(first.run()));
    assert!(!index.adopt(second.run()));
    assert_eq!((index.size().entries, index.size().recent), (10, 0));
}

/// Many additions and withdrawals, each with its compaction: parts and memory stay few.
#[test]
fn an_index_stays_small_over_many_compactions() {
    let rows = strangers(120_000, 4);
    let mut index = index(&[], 31);
    for (round, added) in rows.chunks(2_000).enumerate() {
        let entries = (0..).zip(added).map(|(content, &words)| Entry {
            content: ContentId(round as i64 * 2_000 + content),
            list: None,
            hash: pdq(words),
        });
        index.add(BankId(1), entries).expect("there is such a bank");
        for content in 0..1_000 {
            index.withdraw(BankId(1), ContentId(round as i64 * 2_000 + content * 2));
        }
        if index.needs_compaction() {
            index.compact();
            assert!(!index.needs_compaction(), "round {round}");
        }
        let size = index.size();
        assert!(size.parts <= 4, "{size:?}");
        assert!(size.entries < (round + 1) * 1_500 + 10_000, "{size:?}");
    }
    assert_eq!(index.contents(BankId(1)).len(), 60_000);
}

/// The reference's search set among strangers, so that tables are made: its counts are those of
/// brute force over the set alone.
#[test]
fn the_search_set_of_the_reference_is_found_among_strangers() {
    let Some(folder) = std::env::var_os("SEAWALL_REFERENCE_DATA") else {
        eprintln!("skipped: SEAWALL_REFERENCE_DATA is not set");
        return;
    };
    let read = |name: &str| {
        let path = std::path::Path::new(&folder).join("pdq/reg-test-input");
        let file = std::fs::read(path.join(name)).expect("the reference's test data");
        seawall_exchange::list::parse(&file).rows
    };
    let (haystack, needles) = (read("haystack.txt"), read("needles.txt"));
    let listed = haystack.iter().map(|row| row.hash);
    let hashes = listed.chain(strangers(100_000, 21).into_iter().map(pdq));
    let entries = (0..).zip(hashes).map(|(content, hash)| Entry {
        content: ContentId(content),
        list: None,
        hash,
    });
    let index = Index::new(vec![Arc::new(BankIndex::new(settings(1, 31), entries))]);
    for (distance_max, pairs) in [
        (0, 50),
        (15, 151),
        (20, 180),
        (31, 250),
        (40, 252),
        (52, 346),
    ] {
        let hits = |hash| index.lookup(hash, Threshold::new(distance_max)).len();
        let found: usize = needles.iter().map(|row| hits(&row.hash)).sum();
        assert_eq!(found, pairs, "within {distance_max} bits");
    }
}

/// What may happen to an index.
#[derive(Clone, Debug)]
enum Step {
    Set {
        bank: i64,
        threshold_bits: u16,
        enabled: bool,
        exception: bool,
        lists: BTreeMap<i64, (Option<u16>, bool)>,
    },
    Remove {
        bank: i64,
    },
    Add {
        bank: i64,
        list: Option<i64>,
        content: i64,
        flips: u8,
    },
    AddDigest {
        bank: i64,
        list: Option<i64>,
        content: i64,
        digest: u8,
    },
    AddMany {
        bank: i64,
        from: i64,
        lists: u8,
    },
    Withdraw {
        bank: i64,
        content: i64,
    },
    Begin,
    Adopt,
    Reread,
    Look {
        flips: u8,
        distance_max: Option<u16>,
        banks: Option<Vec<i64>>,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (bank, content) = (0_i64..3, 0_i64..12);
    let list = || prop::option::of(0_i64..4);
    let lists = || {
        let one = (prop::option::of(0_u16..120), prop::bool::weighted(0.8));
        prop::collection::btree_map(0_i64..3, one, 0..3)
    };
    let set = (
        bank.clone(),
        0_u16..120,
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.3),
        lists(),
    );
    prop_oneof![
        2 => set.prop_map(|(bank, threshold_bits, enabled, exception, lists)| {
            Step::Set { bank, threshold_bits, enabled, exception, lists }
        }),
        1 => bank.clone().prop_map(|bank| Step::Remove { bank }),
        6 => (bank.clone(), list(), content.clone(), 0_u8..70)
            .prop_map(|(bank, list, content, flips)| Step::Add { bank, list, content, flips }),
        3 => (bank.clone(), list(), content.clone(), 0_u8..4)
            .prop_map(|(bank, list, content, digest)| Step::AddDigest { bank, list, content, digest }),
        1 => (bank.clone(), 0_i64..3, 0_u8..3)
            .prop_map(|(bank, from, lists)| Step::AddMany { bank, from, lists }),
        4 => (bank, content).prop_map(|(bank, content)| Step::Withdraw { bank, content }),
        2 => Just(Step::Begin),
        2 => Just(Step::Adopt),
        1 => Just(Step::Reread),
        6 => (0_u8..40, prop::option::of(0_u16..100), prop::option::of(prop::collection::vec(0_i64..4, 0..3)))
            .prop_map(|(flips, distance_max, banks)| Step::Look { flips, distance_max, banks }),
    ]
}

/// The same as a list of entries.
#[derive(Default)]
struct Model {
    banks: BTreeMap<i64, BankSettings>,
    entries: Vec<Listed>,
}

#[derive(Clone, Copy)]
struct Listed {
    bank: i64,
    list: Option<i64>,
    content: i64,
    hash: Hash,
}

/// A hit: distance, bank, content, the limit that admitted it, and what speaks against it.
type Found = (u16, i64, i64, u16, Option<(i64, i64)>);

impl Model {
    /// Every entry of a role within the limit that the scope or its own settings give, if it is
    /// enabled or the scope takes what is not.
    fn near(&self, hash: &Hash, role: BankRole, scope: &Scope<'_>) -> Vec<(u16, Listed, u16)> {
        let mut near = Vec::new();
        for entry in &self.entries {
            let bank = &self.banks[&entry.bank];
            let list = bank
                .lists
                .iter()
                .find(|list| Some(list.list.0) == entry.list);
            let enabled =
                (bank.enabled || scope.disabled_banks) && list.is_none_or(|list| list.enabled);
            let distance = match (hash, &entry.hash) {
                (Hash::Pdq(a), Hash::Pdq(b)) => a.distance(*b).0,
                (a, b) if a == b => 0,
                _ => continue,
            };
            let own = list
                .and_then(|list| list.threshold)
                .unwrap_or(bank.threshold);
            let limit = scope.distance_max.unwrap_or(own).bits();
            if enabled && bank.role == role && distance <= limit {
                near.push((distance, *entry, limit));
            }
        }
        near
    }

    fn lookup(&self, hash: &Hash, scope: &Scope<'_>) -> Vec<Found> {
        let exceptions = self.near(hash, BankRole::Exception, &Scope::default());
        let exceptions = exceptions.into_iter();
        let nearest = exceptions
            .map(|(d, entry, _)| (d, entry.bank, entry.content))
            .min();
        let suppressor = nearest.map(|(_, bank, content)| (bank, content));
        let mut near = self.near(hash, BankRole::Known, scope);
        let chosen = |bank| {
            let banks = scope.banks;
            banks.is_none_or(|banks| banks.contains(&BankId(bank)))
        };
        near.retain(|(_, entry, _)| chosen(entry.bank));
        near.sort_by_key(|(d, entry, _)| (*d, entry.bank, entry.content, entry.hash, entry.list));
        let mut seen = BTreeSet::new();
        near.retain(|(_, entry, _)| seen.insert((entry.bank, entry.content)));
        let found = near.into_iter().map(|(distance, entry, limit)| {
            (distance, entry.bank, entry.content, limit, suppressor)
        });
        found.collect()
    }
}

/// The index, the model, and a compaction on its way.
struct Walk {
    index: Index,
    model: Model,
    begun: Option<Compaction>,
    centre: [u64; 4],
    many: Vec<[u64; 4]>,
}

impl Walk {
    fn add(&mut self, entries: Vec<Listed>) {
        let Some(bank) = entries.first().map(|entry| entry.bank) else {
            return;
        };
        let listed = entries.iter().map(|entry| Entry {
            content: ContentId(entry.content),
            list: entry.list.map(ListId),
            hash: entry.hash,
        });
        let added = self.index.add(BankId(bank), listed).is_ok();
        assert_eq!(added, self.model.banks.contains_key(&bank));
        if added {
            self.model.entries.extend(entries);
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Set {
                bank,
                threshold_bits,
                enabled,
                exception,
                lists,
            } => self.set(bank, threshold_bits, enabled, exception, lists),
            Step::Remove { bank } => {
                self.index.remove_bank(BankId(bank));
                self.model.banks.remove(&bank);
                self.model.entries.retain(|entry| entry.bank != bank);
            }
            Step::Add {
                bank,
                list,
                content,
                flips,
            } => {
                let words = copy(self.centre, flips.into(), content.cast_unsigned());
                self.add_one(bank, list, content, pdq(words));
            }
            Step::AddDigest {
                bank,
                list,
                content,
                digest,
            } => self.add_one(bank, list, content, Hash::Md5([digest; 16])),
            Step::AddMany { bank, from, lists } => self.add_many(bank, from, lists),
            Step::Withdraw { bank, content } => {
                self.index.withdraw(BankId(bank), ContentId(content));
                self.model
                    .entries
                    .retain(|entry| (entry.bank, entry.content) != (bank, content));
            }
            Step::Begin => self.begun = Some(self.index.compaction()),
            Step::Adopt => {
                if let Some(begun) = self.begun.take() {
                    self.index.adopt(begun.run());
                }
            }
            Step::Reread => self.reread(),
            Step::Look {
                flips,
                distance_max,
                banks,
            } => {
                let banks = banks.as_deref();
                let near = copy(self.centre, flips.into(), 99);
                self.look(&pdq(near), distance_max, banks);
                self.look(&Hash::Md5([flips % 4; 16]), distance_max, banks);
            }
        }
    }

    fn set(
        &mut self,
        bank: i64,
        threshold_bits: u16,
        enabled: bool,
        exception: bool,
        lists: BTreeMap<i64, (Option<u16>, bool)>,
    ) {
        let lists = lists
            .into_iter()
            .map(|(list, (bits, enabled))| ListSettings {
                list: ListId(list),
                threshold: bits.and_then(Threshold::new),
                enabled,
            });
        let settings = BankSettings {
            enabled,
            role: if exception {
                BankRole::Exception
            } else {
                BankRole::Known
            },
            // In no order: the index finds them all the same.
            lists: lists.rev().collect(),
            ..settings(bank, threshold_bits)
        };
        self.index.set_bank(settings.clone());
        self.model.banks.insert(bank, settings);
    }

    fn add_one(&mut self, bank: i64, list: Option<i64>, content: i64, hash: Hash) {
        self.add(vec![Listed {
            bank,
            list,
            content,
            hash,
        }]);
    }

    fn add_many(&mut self, bank: i64, from: i64, lists: u8) {
        let entries = (0..).zip(&self.many).map(|(place, &words)| Listed {
            bank,
            // Lists take turns; the last of them has no settings.
            list: (lists > 0).then(|| 3 - place % i64::from(lists.max(1))),
            content: from * 3 + place,
            hash: pdq(words),
        });
        self.add(entries.collect());
    }

    fn reread(&mut self) {
        let mut bytes = Vec::new();
        let written = self.index.write_snapshot(&mut bytes);
        written.expect("memory takes everything");
        let read = Index::read_snapshot(&mut &bytes[..]);
        self.index = read.expect("it was just written");
        // A compaction of the index that is no more has no place in its successor.
        self.begun = None;
    }

    fn look(&self, hash: &Hash, distance_max: Option<u16>, banks: Option<&[i64]>) {
        let chosen: Option<Vec<BankId>> =
            banks.map(|banks| banks.iter().copied().map(BankId).collect());
        for disabled_banks in [false, true] {
            let scope = Scope {
                distance_max: distance_max.and_then(Threshold::new),
                banks: chosen.as_deref(),
                disabled_banks,
            };
            assert_eq!(self.found(hash, &scope), self.model.lookup(hash, &scope));
        }
    }

    fn found(&self, hash: &Hash, scope: &Scope<'_>) -> Vec<Found> {
        let hits = self.index.lookup_in(hash, scope).into_iter();
        let found = hits.map(|hit| {
            let suppressor = hit.suppressed_by.map(|by| (by.bank.0, by.content.0));
            (
                hit.distance.0,
                hit.bank.0,
                hit.content.0,
                hit.threshold.bits(),
                suppressor,
            )
        });
        found.collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn changes_in_any_order_leave_what_a_list_of_entries_would_hold(
        steps in prop::collection::vec(step(), 1..80),
        near in prop::collection::vec((any::<Pick>(), 0_usize..70), 0..30),
    ) {
        let centre = strangers(1, 11)[0];
        let mut many = strangers(4_200, 12);
        for (place, flips) in near {
            let place = place.index(many.len());
            many[place] = copy(centre, flips, place as u64);
        }
        let mut walk = Walk { index: Index::default(), model: Model::default(), begun: None, centre, many };
        for bank in 0..3 {
            walk.take(Step::Set { bank, threshold_bits: 31, enabled: true, exception: bank == 2, lists: BTreeMap::new() });
        }
        for step in steps {
            walk.take(step);
        }
        for bank in 0..3 {
            let contents = walk.model.entries.iter().filter(|entry| entry.bank == bank);
            let mut expected: Vec<_> = contents.map(|entry| ContentId(entry.content)).collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(walk.index.contents(BankId(bank)), expected);
        }
    }

    /// Lists of every make and hashes of any weight, each threshold, against looking at each row.
    #[test]
    fn nothing_within_the_threshold_is_missed(
        size in 4_000_usize..12_000,
        seed: u64,
        weight in 0_u32..5,
        copies in prop::collection::vec((any::<Pick>(), 0_usize..=70), 0..40),
        distances in prop::collection::vec(0_u16..=64, 6),
    ) {
        let mut rows = strangers(size, seed);
        let thin = strangers(size, !seed);
        for (row, mask) in rows.iter_mut().zip(thin) {
            for (word, mask) in row.iter_mut().zip(mask) {
                // From hardly any ones over half of them to hardly any zeros.
                *word = match weight {
                    0 => *word & mask & mask.rotate_left(9),
                    1 => *word & mask,
                    2 => *word,
                    3 => *word | mask,
                    _ => *word | mask | mask.rotate_left(9),
                };
            }
        }
        let needle = rows[0];
        for (place, flips) in copies {
            let place = place.index(size);
            rows[place] = copy(needle, flips, seed ^ place as u64);
        }
        let index = index(&rows, 31);
        for distance_max in distances.into_iter().chain([31]) {
            check(&index, &rows, needle, distance_max);
        }
    }
}
