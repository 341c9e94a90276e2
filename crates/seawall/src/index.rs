//! Known hashes, searched exactly: every one within the threshold is found, always.
//!
//! This is the plain form, a scan over all PDQ values of a bank and a binary search over
//! its digests. The faster form that comes later has to give the same answers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use seawall_core::{BankId, ContentId, Distance, Hash, PdqHash, Threshold};
use seawall_simd::hamming;

/// One listed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The content that the hash belongs to.
    pub content: ContentId,
    /// The hash.
    pub hash: Hash,
}

/// What a bank is called and how it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankSettings {
    /// Its id, unique within an index.
    pub bank: BankId,
    /// Its name, or a list's.
    pub name: String,
    /// Largest PDQ distance that is a match.
    pub threshold: Threshold,
    /// Whether it takes part in lookups.
    pub enabled: bool,
}

/// One bank's hashes, ready to be searched. It never changes.
#[derive(Clone)]
pub struct BankIndex {
    settings: BankSettings,
    pdq: Vec<[u64; 4]>,
    /// The content of each PDQ value, in the same order.
    pdq_contents: Vec<ContentId>,
    /// Sorted.
    digests: Vec<(Hash, ContentId)>,
}

impl BankIndex {
    /// An index of these entries.
    #[must_use]
    pub fn new(settings: BankSettings, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut bank = Self {
            settings,
            pdq: Vec::new(),
            pdq_contents: Vec::new(),
            digests: Vec::new(),
        };
        for Entry { content, hash } in entries {
            match hash {
                Hash::Pdq(PdqHash(words)) => {
                    bank.pdq.push(words);
                    bank.pdq_contents.push(content);
                }
                Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => {
                    bank.digests.push((hash, content));
                }
            }
        }
        bank.digests.sort_unstable();
        bank
    }

    /// The same hashes under other settings.
    #[must_use]
    pub fn with_settings(&self, settings: BankSettings) -> Self {
        Self {
            settings,
            ..self.clone()
        }
    }

    /// The bank's settings.
    #[must_use]
    pub fn settings(&self) -> &BankSettings {
        &self.settings
    }

    /// The number of hashes held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pdq.len() + self.digests.len()
    }

    /// Whether no hash is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every hash that matches, in no order; a content may come several times.
    fn hits(&self, hash: &Hash, threshold: Threshold) -> Vec<Hit> {
        match hash {
            Hash::Pdq(needle) => self.near(*needle, threshold),
            Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => self.equal(hash),
        }
    }

    fn near(&self, needle: PdqHash, threshold: Threshold) -> Vec<Hit> {
        let mut hits = Vec::new();
        hamming::within(
            &needle.0,
            &self.pdq,
            threshold.bits(),
            &mut |position, distance| {
                hits.push(Hit {
                    bank: self.settings.bank,
                    content: self.pdq_contents[position],
                    hash: Hash::Pdq(PdqHash(self.pdq[position])),
                    distance: Distance(distance),
                });
            },
        );
        hits
    }

    fn equal(&self, hash: &Hash) -> Vec<Hit> {
        let start = self.digests.partition_point(|(listed, _)| listed < hash);
        self.digests[start..]
            .iter()
            .take_while(|(listed, _)| listed == hash)
            .map(|&(hash, content)| Hit {
                bank: self.settings.bank,
                content,
                hash,
                distance: Distance(0),
            })
            .collect()
    }
}

impl fmt::Debug for BankIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BankIndex(bank {}, {} hashes)",
            self.settings.bank,
            self.len()
        )
    }
}

/// A snapshot of banks. It never changes; a new one shares the banks that did not.
#[derive(Clone, Debug, Default)]
pub struct Index {
    banks: Vec<Arc<BankIndex>>,
}

impl Index {
    /// A snapshot of these banks, each with an id of its own.
    #[must_use]
    pub fn new(banks: Vec<Arc<BankIndex>>) -> Self {
        Self { banks }
    }

    /// The banks.
    #[must_use]
    pub fn banks(&self) -> &[Arc<BankIndex>] {
        &self.banks
    }

    /// Every listed hash that matches, by distance, then bank, then content.
    ///
    /// PDQ matches within the bank's threshold, which is itself a match, or within
    /// `distance_max` where one is given; digests match by equality. A bank that is not
    /// enabled is left out. Each content of each bank comes once, at its nearest.
    #[must_use]
    pub fn lookup(&self, hash: &Hash, distance_max: Option<Threshold>) -> Vec<Hit> {
        let mut nearest: BTreeMap<(BankId, ContentId), Hit> = BTreeMap::new();
        for bank in self.banks.iter().filter(|bank| bank.settings.enabled) {
            let threshold = distance_max.unwrap_or(bank.settings.threshold);
            for hit in bank.hits(hash, threshold) {
                let kept = nearest.entry((hit.bank, hit.content)).or_insert(hit);
                if (hit.distance, hit.hash) < (kept.distance, kept.hash) {
                    *kept = hit;
                }
            }
        }
        let mut hits: Vec<Hit> = nearest.into_values().collect();
        // The sort is stable, so bank and content keep the order they have in the map.
        hits.sort_by_key(|hit| hit.distance);
        hits
    }
}

/// One listed hash that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The bank.
    pub bank: BankId,
    /// The content within it.
    pub content: ContentId,
    /// The listed hash, not the one looked up.
    pub hash: Hash,
    /// In how many bits they differ; 0 for digests.
    pub distance: Distance,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bank(id: i64, threshold: u16, enabled: bool, entries: &[(i64, Hash)]) -> Arc<BankIndex> {
        let settings = BankSettings {
            bank: BankId(id),
            name: format!("BANK_{id}"),
            threshold: Threshold::new(threshold).expect("at most 256"),
            enabled,
        };
        let entries = entries.iter().map(|&(content, hash)| Entry {
            content: ContentId(content),
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
}
