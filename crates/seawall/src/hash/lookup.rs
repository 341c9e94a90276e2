//! The fast mode: hashes for one lookup, from the brightness of a JPEG alone.
//!
//! Skipping the colours saves almost half of the decoding and moves a hash by a bit or two
//! (`docs/design/decode.md` has the figures). What others look up later has to be exact, so
//! these hashes have a type of their own, which is made to be matched. One method gives them out,
//! [`LookupReport::into_answer`]; a test names the files that may know of it.

use seawall_core::{Hash, HashReport, MediaType, Outcome, Reason, Threshold};
use seawall_decode::{Budget, decode_for_lookup};

use super::{Digests, combine, report_of};
use crate::index::Index;
use crate::scan::{self, Match};

/// What a file was hashed to for one lookup.
///
/// No list can be made from it by mistake: its hashes are not to be had but by
/// [`LookupReport::into_answer`], which is for the worker and for measuring.
///
/// ```compile_fail,E0609
/// fn list(report: seawall::hash::LookupReport) {
///     let hashes = report.hashes;
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn list(report: seawall::hash::LookupReport) -> seawall_core::HashReport {
///     report.into()
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LookupReport(HashReport);

/// The perceptual hashes of every view of a file, the fast way, without digests: [`perceptual`]
/// where the file is no JPEG with colours as cameras store them.
///
/// [`perceptual`]: super::perceptual
#[must_use]
pub fn perceptual_fast(bytes: &[u8], budget: &Budget<'_>) -> LookupReport {
    LookupReport(report_of(|hasher| decode_for_lookup(bytes, budget, hasher)))
}

impl LookupReport {
    /// Looks up every usable hash, as [`scan::matches`] does.
    #[must_use]
    pub fn matches(&self, index: &Index, distance_max: Option<Threshold>) -> Vec<Match> {
        scan::matches(&self.0, index, distance_max)
    }

    /// With the digests of the same file, which are exact.
    #[must_use]
    pub fn combine(self, digests: &Digests) -> Self {
        Self(combine(self.0, digests))
    }

    /// The format.
    #[must_use]
    pub fn media_type(&self) -> MediaType {
        self.0.media_type
    }

    /// How hashing ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Why not `hashed`.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.0.reason
    }

    /// What may be shown and kept: everything but the perceptual hashes.
    #[must_use]
    pub fn without_perceptual(&self) -> HashReport {
        let mut report = self.0.clone();
        report
            .hashes
            .retain(|record| !matches!(record.hash, Hash::Pdq(_)));
        report.notes.push(NOTE.to_owned());
        report
    }

    /// All of it, perceptual hashes too, for a worker that answers the process that asked, which
    /// has to make a [`LookupReport`] of it again, and for comparisons of the two modes. Nothing
    /// may store these hashes or put them on a list.
    #[must_use]
    pub fn into_answer(self) -> HashReport {
        self.0
    }
}

impl From<HashReport> for LookupReport {
    /// An exact report may be looked up too.
    fn from(report: HashReport) -> Self {
        Self(report)
    }
}

impl std::fmt::Debug for LookupReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LookupReport([redacted], {:?})", self.0.outcome)
    }
}

const NOTE: &str = "hashed the fast way, for this lookup only: its hashes are not shown";
