//! From the ledger to the next call.

use seawall_core::Timestamp;

use super::ledger::{CallKind, Ledger, Next, NextCall};

/// What to do next for a report, given every call made so far.
#[must_use]
pub fn next(ledger: Ledger<'_>, now: Timestamp) -> Next {
    let _ = (ledger, now);
    Next::Call(NextCall {
        kind: CallKind::Submit,
        remote_report_id: None,
        file: None,
        remote_file_id: None,
    })
}
