//! What is kept: a SQLite database and an evidence vault, in one data folder.
//!
//! [`Store::write`] is the way to change state, and it takes the change together with the
//! events that record it: a change without an event is rolled back. One thing goes beside it:
//! [`Store::keep_seen`] counts in its transaction what it keeps, and the next tally's event
//! tells the count. The vault holds the bytes of matched uploads, each file encrypted under
//! its case's key.
//!
//! It refuses to open a database that is damaged or newer than this program.

mod access;
mod bank;
mod case;
mod connection;
mod content;
mod entry;
mod error;
mod event;
mod exchange;
mod list;
mod message;
mod migration;
mod records;
mod report;
mod seen;
mod tx;
mod vault;

pub use access::{Link, NewToken, NewUser, Role, RoleError, Scope, Session, Token, User};
pub use bank::{Bank, BankChange, BankHash, ContentRow, NewBank, NewContent, StoredHash};
pub use case::{
    CaseFilter, CaseRecord, CaseRow, EvidenceRow, ExceptionRow, MatchRow, NewCase, Reveal,
    RevealMode, UploadRow,
};
pub use connection::{Store, Watch};
pub use content::{ContentDetails, ContentSwitch, Ratio};
pub use entry::{Applied, EntryScope, HeldBack, Judge, StoredEntry, StoredPrint};
pub use error::StoreError;
pub use exchange::{Exchange, NewExchange, RunCounts, RunEnd};
pub use list::{List, ListChange, ListName, ListNameError};
pub use message::{Message, NewMessage};
pub use records::Discrepancy;
pub use report::{NewReport, ReportRow, ReportState};
pub use seen::{
    FoldLimits, SealedPart, SeenEntries, SeenEntry, SeenFold, SeenPage, SeenPart, SeenRecord,
    SeenRow, SeenStatus, day_of,
};
pub use tx::{Change, Reader, Tx};
pub use vault::{CaseKey, ListKey, MasterKey, SeenKey, SeenTag, Vault, VaultError, WrappedKey};
