//! Bytes against banks.

use seawall_core::{HashReport, Threshold, View};
use seawall_decode::Budget;

use crate::hash;
use crate::index::{Hit, Index};

/// A listed hash that a file matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The listed hash.
    pub hit: Hit,
    /// Which form of the picture matched; none for digests.
    pub view: Option<View>,
}

/// Looks up every usable hash of a report.
#[must_use]
pub fn matches(
    _report: &HashReport,
    _index: &Index,
    _distance_max: Option<Threshold>,
) -> Vec<Match> {
    Vec::new()
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
