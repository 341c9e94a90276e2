//! The words of the audit log.

use serde::{Deserialize, Serialize};

use crate::{TokenId, UserId};

/// Who did something. Never a name: people are known to the log by their id alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "lowercase")]
pub enum Actor {
    /// Seawall itself.
    System,
    /// Whoever runs the command line beside the data folder.
    Operator,
    /// A person who signed in.
    User(UserId),
    /// A program with a bearer token.
    Token(TokenId),
    /// A program without one that a trusted network let in.
    Network,
}

macro_rules! event_kinds {
    ($($variant:ident $name:literal $doc:literal),+ $(,)?) => {
        /// What happened. The names are part of the log's format: add, never rename.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $(#[doc = $doc] #[serde(rename = $name)] $variant),+
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in the log.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The kind with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

event_kinds! {
    StoreCreated "store.created" "The store was made.",
    BankCreated "bank.created" "A bank was made.",
    BankChanged "bank.changed" "A bank's settings changed.",
    BankDeleted "bank.deleted" "A bank and its contents were deleted.",
    BankExported "bank.exported" "Contents of a bank were handed out with their hashes.",
    ContentsAdded "contents.added" "Contents were added to a bank, in one batch.",
    ContentDeleted "content.deleted" "One content was deleted from its bank.",
    ContentChanged "content.changed" "One content was switched on or off, or its remark changed.",
    SignalTypeChanged "signal_type.changed" "A signal type was switched for clients of HMA.",
    LookupsTallied "lookups.tallied" "Counts of scans and lookups since the last tally.",
    CaseOpened "case.opened" "A matched upload became a case, its bytes sealed.",
    CaseRevealed "case.revealed" "A person asked to see a case's picture.",
    CaseShown "case.shown" "A picture that was asked for was drawn and handed over.",
    CaseDecided "case.decided" "A person decided a case.",
    ReportDrafted "report.drafted" "A decision asks for a report.",
    ReportCallStarted "report.call_started" "A call to the report's receiver is about to be made.",
    ReportCallEnded "report.call_ended" "The outcome of such a call is known.",
    ReportFiled "report.filed" "The receiver confirmed the report.",
    ReportStuck "report.stuck" "A report needs a person.",
    ReportResumed "report.resumed" "A person let a stuck report go on.",
    MessageAttempted "message.attempted" "A webhook message was not accepted yet and will be sent again.",
    MessageDelivered "message.delivered" "A webhook message was accepted.",
    MessageFailed "message.failed" "A webhook message was given up.",
    UserCreated "user.created" "A user was made.",
    UserChanged "user.changed" "A user's role, password or state changed.",
    LinkIssued "link.issued" "A one-time sign-in link was made.",
    SessionOpened "session.opened" "A user signed in.",
    SessionClosed "session.closed" "A user signed out.",
    SignInRefused "sign_in.refused" "A sign-in failed.",
    TokenCreated "token.created" "A bearer token was made.",
    TokenRevoked "token.revoked" "A bearer token was revoked.",
    SeenTallied "seen.tallied" "Counts of what the seen index kept since the last tally.",
    SeenFolded "seen.folded" "Rows of the seen index were folded into a page.",
    SeenExpired "seen.expired" "Records of the seen index were deleted, their time being over.",
    SeenForgotten "seen.forgotten" "All that the seen index kept of one item was deleted.",
    SeenLookedUp "seen.looked_up" "Hashes were held against the seen index.",
    ScanSuppressed "scan.suppressed" "Every match of an upload was suppressed by exceptions.",
    ListChanged "list.changed" "The settings of a list within a bank changed.",
    ListDeleted "list.deleted" "A list and its contents were deleted from a bank.",
    ExchangeCreated "exchange.created" "An exchange with a partner was set up.",
    ExchangeStarted "exchange.started" "A run over a partner's list began.",
    EntriesTaken "entries.taken" "Entries of a partner's list were taken over, in one batch.",
    ExchangeEnded "exchange.ended" "A run over a partner's list ended.",
    ExchangeChanged "exchange.changed" "A person paused, resumed or hastened an exchange, or let missing contents go.",
    ExchangeRemoved "exchange.removed" "An exchange was removed, its contents withdrawn.",
    EntryReleased "entry.released" "A person let hashes of an entry go that were held back.",
    SelftestRun "selftest.run" "The built-in test was run.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.name()), Some(*kind));
            let json = serde_json::to_string(kind).expect("serialises");
            assert_eq!(json, format!("\"{}\"", kind.name()));
        }
    }
}
