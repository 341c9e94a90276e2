//! Bytes against banks.

use seawall_core::{HashReport, Threshold, View};
use seawall_decode::Budget;

use crate::hash;
use crate::index::{Hit, Index, Scope};

/// A listed hash that a file matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The listed hash, and whether an exception speaks against it.
    pub hit: Hit,
    /// Which form of the picture matched; none for digests.
    pub view: Option<View>,
}

/// Looks up every usable hash of a report: digests, and PDQ of usable quality.
///
/// Each bank, content and algorithm comes once, with the view that is nearest; nearest
/// first. A view that no exception speaks against goes before one that is nearer, so that a
/// match counts as suppressed only where it is in every view. `distance_max` replaces the
/// banks' own thresholds.
#[must_use]
pub fn matches(report: &HashReport, index: &Index, distance_max: Option<Threshold>) -> Vec<Match> {
    let scope = Scope {
        distance_max,
        ..Scope::default()
    };
    matches_in(report, index, &scope)
}

/// [`matches()`] in the banks that the scope names.
#[must_use]
pub fn matches_in(report: &HashReport, index: &Index, scope: &Scope<'_>) -> Vec<Match> {
    let usable = report.hashes.iter().filter(|record| record.is_usable());
    let mut matches: Vec<Match> = usable
        .flat_map(|record| {
            let hits = index.lookup_in(&record.hash, scope);
            hits.into_iter().map(|hit| Match {
                hit,
                view: record.view,
            })
        })
        .collect();
    let target = |m: &Match| (m.hit.bank, m.hit.content, m.hit.hash.algorithm());
    let suppressed = |m: &Match| m.hit.suppressed_by.is_some();
    matches.sort_by_key(|m| (target(m), suppressed(m), m.hit.distance, m.view));
    matches.dedup_by_key(|m| target(m));
    matches.sort_by_key(|m| (m.hit.distance, target(m)));
    matches
}

/// Hashes a file and looks it up.
#[must_use]
pub fn scan(
    bytes: &[u8],
    budget: &Budget<'_>,
    index: &Index,
    distance_max: Option<Threshold>,
) -> (HashReport, Vec<Match>) {
    let report = hash::report(bytes, budget);
    let matches = matches(&report, index, distance_max);
    (report, matches)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seawall_core::{
        Algorithm, BankId, BankRole, ContentId, Distance, Hash, HashRecord, MediaType, Outcome,
        PdqHash, Quality,
    };

    use super::*;
    use crate::index::{BankIndex, BankSettings, Entry};

    const LISTED: Hash = Hash::Pdq(PdqHash([0x0F0F; 4]));

    fn index() -> Index {
        let settings = BankSettings {
            bank: BankId(1),
            name: "LIST".to_owned(),
            threshold: Threshold::DEFAULT,
            enabled: true,
            role: BankRole::Known,
            lists: Vec::new(),
        };
        let hashes = [LISTED, Hash::Md5([9; 16])];
        let entries = hashes.map(|hash| Entry {
            content: ContentId(5),
            list: None,
            hash,
        });
        Index::new(vec![Arc::new(BankIndex::new(settings, entries))])
    }

    fn report(hashes: Vec<HashRecord>) -> HashReport {
        HashReport {
            media_type: MediaType::Gif,
            outcome: Outcome::Hashed,
            reason: None,
            notes: Vec::new(),
            hashes,
        }
    }

    fn frame(number: u32, flipped: u64, quality: u8) -> HashRecord {
        HashRecord {
            hash: Hash::Pdq(PdqHash([0x0F0F, 0x0F0F, 0x0F0F, 0x0F0F ^ flipped])),
            quality: Some(Quality(quality)),
            view: Some(View::frame(number)),
        }
    }

    #[test]
    fn the_nearest_view_stands_for_all_and_a_digest_counts_beside_it() {
        let digest = HashRecord {
            hash: Hash::Md5([9; 16]),
            quality: None,
            view: None,
        };
        let hashes = vec![
            frame(1, 0b111, 100),
            frame(2, 0b1, 100),
            frame(3, 0, 49),
            digest,
        ];
        let found = matches(&report(hashes), &index(), None);
        let summary: Vec<_> = found
            .iter()
            .map(|m| (m.hit.hash.algorithm(), m.hit.distance, m.view))
            .collect();
        assert_eq!(
            summary,
            [
                (Algorithm::Md5, Distance(0), None),
                (Algorithm::Pdq, Distance(1), Some(View::frame(2))),
            ]
        );
    }

    #[test]
    fn a_match_is_suppressed_only_where_it_is_in_every_view() {
        let benign = BankSettings {
            bank: BankId(2),
            name: "BENIGN".to_owned(),
            threshold: Threshold::new(0).expect("at most 256"),
            enabled: true,
            role: BankRole::Exception,
            lists: Vec::new(),
        };
        let mut index = index();
        index.set_bank(benign);
        let entry = Entry {
            content: ContentId(8),
            list: None,
            hash: LISTED,
        };
        index.add(BankId(2), [entry]).expect("the bank was set");
        let seen = |hashes| {
            let found = matches(&report(hashes), &index, None).into_iter();
            found
                .map(|m| (m.hit.bank, m.hit.suppressed_by.is_some(), m.view))
                .collect::<Vec<_>>()
        };
        let (exact, near) = (frame(1, 0, 100), frame(2, 0b11, 100));
        assert_eq!(seen(vec![exact]), [(BankId(1), true, Some(View::frame(1)))]);
        assert_eq!(
            seen(vec![exact, near]),
            [(BankId(1), false, Some(View::frame(2)))]
        );
    }

    #[test]
    fn a_hash_of_low_quality_is_never_looked_up() {
        let low = report(vec![frame(1, 0, 49)]);
        assert!(matches(&low, &index(), Threshold::new(256)).is_empty());
        let usable = report(vec![frame(1, 0, 50)]);
        assert_eq!(matches(&usable, &index(), None).len(), 1);
    }
}
