//! What the law asks to be reported, and how it gets there exactly once.
//!
//! A [`ReportDraft`] is what a decided case says. [`validate`] turns it into a
//! [`ValidReport`], which alone can be written as XML for the CyberTipline interface.
//! [`next`] reads the ledger of calls made so far and names the next one, so that a
//! process that dies at any point can go on: one report is filed, never two.
//!
//! Nothing here opens a connection, keeps a file or reads a clock. The caller writes a
//! [`Call`] row *before* it sends anything, sends, turns what came back into a
//! [`CallOutcome`] with [`outcome_of_answer`], stores it as the row's end, and asks
//! [`next`] again.
//!
//! Source: the CyberTipline reporting interface as its documentation, its schema and two
//! independent clients describe it.

mod draft;
mod encode;
mod ledger;
mod official;
mod reply;
mod steps;
mod validate;
mod xml;

pub use draft::{FileDraft, IpEvent, ReportDraft, ReportedPerson, Reporter};
pub use ledger::{
    Call, CallEnd, CallKind, CallOutcome, Ledger, Next, NextCall, Receipt, StuckReason,
};
pub use official::{
    CodeClass, FileAnnotation, IncidentType, IndustryClassification, IpEventName, code,
};
pub use reply::{
    DESCRIPTION_CHARS_MAX, REPLY_BYTES_MAX, Reply, ReplyError, outcome_of_answer, parse_reply,
};
pub use steps::{
    ALTERATIONS_MAX, FAILURES_MAX, OPEN_MS_MAX, PAUSE_FIRST_MS, PAUSE_MAX_MS, RESTARTS_MAX,
    RETRACTIONS_MAX, UNCHANGED_MS_MAX, next,
};
pub use validate::{Problem, ProblemKind, ValidReport, validate};
