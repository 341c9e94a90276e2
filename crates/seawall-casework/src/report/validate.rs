//! Checks a draft before anything is sent.

use std::fmt;

use seawall_core::Timestamp;

use super::draft::ReportDraft;

/// Something about a draft that the receiver would refuse.
///
/// It never holds the value: its text may be shown and logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field, by its path in the draft, such as `person.ip_events.port`.
    pub field: &'static str,
    /// What is wrong with it.
    pub kind: ProblemKind,
}

/// What can be wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// It has to be given and is empty.
    Missing,
    /// It is later than now.
    InFuture,
    /// It is longer than the receiver takes.
    TooLong {
        /// The longest that is taken, in characters.
        chars_max: usize,
    },
    /// It is a port of 0.
    ZeroPort,
    /// It is no IPv4 or IPv6 address.
    NoAddress,
    /// It is a perceptual hash, where digests are asked for.
    NoDigest,
    /// The same file stands in the draft twice.
    Repeated,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.field, self.kind)
    }
}

/// A report that passed every check, and that alone can be written as XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidReport {
    pub(super) draft: ReportDraft,
}

impl ValidReport {
    /// The draft that was checked.
    #[must_use]
    pub fn draft(&self) -> &ReportDraft {
        &self.draft
    }
}

/// Checks a draft.
///
/// # Errors
/// Every [`Problem`] found, in the order of the draft.
pub fn validate(draft: ReportDraft, now: Timestamp) -> Result<ValidReport, Vec<Problem>> {
    if draft.incident_time > now {
        return Err(vec![Problem {
            field: "incident_time",
            kind: ProblemKind::InFuture,
        }]);
    }
    Ok(ValidReport { draft })
}
