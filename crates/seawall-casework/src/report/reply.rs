//! Reads what the receiver answers.

use seawall_core::Redacted;

use super::ledger::{CallKind, CallOutcome};

/// What the receiver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The response code; 0 is success.
    pub code: i64,
    /// The receiver's words, cut to 200 characters. It may echo what was reported, so it
    /// is kept out of logs.
    pub description: Redacted<String>,
    /// The receiver's number of the report.
    pub report_id: Option<u64>,
    /// The receiver's id of a file, after an upload.
    pub file_id: Option<String>,
    /// The MD5 of the bytes received, after an upload, in lower-case hexadecimal.
    pub md5: Option<Redacted<String>>,
    /// The ids of all files of the report, after a finish.
    pub file_ids: Vec<String>,
}

/// An answer that is no reply to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The answer is larger than any reply.
    #[error("reading the receiver's reply: it is larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The answer is not well-formed XML, or has a document type.
    #[error("reading the receiver's reply: it is not well-formed XML")]
    Malformed,
    /// The answer is XML, but not the reply that belongs to the call.
    #[error("reading the receiver's reply: it does not belong to the call {}", call.name())]
    Unexpected {
        /// The call.
        call: CallKind,
    },
}

/// Reads the body of an answer to a call.
///
/// # Errors
/// [`ReplyError`] where it is no reply to that call.
pub fn parse_reply(call: CallKind, body: &[u8]) -> Result<Reply, ReplyError> {
    let _ = body;
    Err(ReplyError::Unexpected { call })
}

/// What an HTTP answer means for the ledger.
///
/// `sent_md5` is the MD5 of the bytes that an upload sent, in hexadecimal.
/// Where no answer came at all, the caller knows whether it is
/// [`CallOutcome::NotSent`] or [`CallOutcome::Unknown`].
#[must_use]
pub fn outcome_of_answer(
    call: CallKind,
    status: u16,
    body: &[u8],
    sent_md5: Option<&str>,
) -> CallOutcome {
    let _ = (call, status, body, sent_md5);
    CallOutcome::Unknown
}
