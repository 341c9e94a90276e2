//! The words of the delivery ledger: what was sent, what came of it, what comes next.

use seawall_core::{CallId, EvidenceId, Redacted, Timestamp};
use serde::{Deserialize, Serialize};

/// A call of the reporting interface that changes something there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallKind {
    /// Opens a report at the receiver.
    Submit,
    /// Sends one file.
    Upload,
    /// Says what is known about one file that was sent.
    FileInfo,
    /// Files the report. It cannot be taken back.
    Finish,
    /// Withdraws a report that was not finished.
    Retract,
}

impl CallKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Submit,
        Self::Upload,
        Self::FileInfo,
        Self::Finish,
        Self::Retract,
    ];

    /// The name used in the ledger and as the path of the call.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Upload => "upload",
            Self::FileInfo => "fileinfo",
            Self::Finish => "finish",
            Self::Retract => "retract",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One row of the ledger, written before anything is sent.
///
/// A row without an end means that the process died during the call: nobody knows what
/// the receiver did, and it counts as [`CallOutcome::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The row's own id.
    pub id: CallId,
    /// Which call.
    pub kind: CallKind,
    /// The receiver's number of the report: none for a submit.
    pub remote_report_id: Option<u64>,
    /// The file that an upload or a file description is about.
    pub file: Option<EvidenceId>,
    /// The receiver's id of that file: for a file description.
    pub remote_file_id: Option<String>,
    /// When the row was written.
    pub started_at: Timestamp,
    /// What became of it.
    pub ended: Option<CallEnd>,
}

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnd {
    /// When the outcome was known.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: CallOutcome,
}

/// What is known about a call afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallOutcome {
    /// The receiver answered that it did what was asked.
    Accepted {
        /// Its number of the report.
        report_id: Option<u64>,
        /// Its id of the file, after an upload.
        file_id: Option<String>,
        /// The MD5 of the bytes it received, in lower-case hexadecimal, where it said one.
        md5: Option<Redacted<String>>,
    },
    /// The receiver accepted a file whose MD5 is not that of the bytes that were sent.
    Altered,
    /// The receiver answered with a code that is not 0.
    Refused {
        /// The code.
        code: i64,
    },
    /// It is certain that nothing reached the receiver: no connection was made.
    NotSent,
    /// Something was sent or may have been, and no answer can be trusted.
    Unknown,
}

/// Everything that [`next`](super::next) looks at.
#[derive(Clone, Copy, Debug)]
pub struct Ledger<'a> {
    /// The report's files, in the order of the draft.
    pub files: &'a [EvidenceId],
    /// Every call made for this report, oldest first. None of them is still running.
    pub calls: &'a [Call],
    /// How many of these calls, from the first, stood in the ledger when a person last let
    /// a stuck report go on; 0 where nobody had to. What failed before is forgiven, what
    /// is known stays known.
    pub forgiven: usize,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Make this call, after its row is in the ledger.
    Call(NextCall),
    /// Nothing before this time.
    WaitUntil(Timestamp),
    /// The report is filed. Nothing is left to do.
    Filed(Receipt),
    /// Only a person can decide how to go on.
    NeedsPerson(StuckReason),
}

/// A call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextCall {
    /// Which call.
    pub kind: CallKind,
    /// The receiver's number of the report: none for a submit.
    pub remote_report_id: Option<u64>,
    /// The file, for an upload or a file description.
    pub file: Option<EvidenceId>,
    /// The receiver's id of that file, for a file description.
    pub remote_file_id: Option<String>,
}

/// What shows that a report was filed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The receiver's number of the report.
    pub report_id: u64,
    /// The receiver's ids of the files, in the order of the draft.
    pub file_ids: Vec<String>,
    /// When the receiver's confirmation was known.
    pub finished_at: Timestamp,
}

/// Why a person has to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StuckReason {
    /// The receiver refused a call, and trying again would change nothing.
    Refused {
        /// Which call.
        call: CallKind,
        /// The receiver's code.
        code: i64,
    },
    /// The receiver could not be reached, or had trouble of its own, for too long.
    Unreachable,
    /// The report was opened again and again without getting through.
    TooManyRestarts,
    /// The receiver's checksum of a file was wrong again and again.
    FilesAltered,
    /// A finish was sent and the receiver now denies the report: it may be filed.
    /// Ask the receiver, quoting the number, before anything else.
    FinishUncertain {
        /// The receiver's number of the report.
        report_id: u64,
    },
    /// The receiver says that a report is finished which was never asked to be.
    FinishedUnasked {
        /// The receiver's number of the report.
        report_id: u64,
    },
}
