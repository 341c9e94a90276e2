//! What can go wrong with the database.

use seawall_casework::audit::AuditError;

use crate::VaultError;

/// A failure of the database, or a state in it that cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite reported an error.
    #[error("using the database")]
    Sqlite(#[from] rusqlite::Error),
    /// The database was made by a newer program.
    #[error(
        "opening the database: it has schema version {found}, this program knows up to {known}; \
         use the newer program or restore a backup"
    )]
    Newer {
        /// The version in the file.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// SQLite's own check found damage.
    #[error(
        "opening the database: it is damaged ({finding}); stop every process that uses it, keep a \
         copy of the data folder, and restore the newest backup"
    )]
    Damaged {
        /// The first finding of the check.
        finding: String,
    },
    /// There is no database where one was expected.
    #[error("opening the database: there is none; run `seawall init` first")]
    Missing,
    /// A row holds a value that no version of this program writes.
    #[error("reading the database: a value in {place} is not one that this program writes")]
    Value {
        /// Table and column.
        place: &'static str,
    },
    /// A change was made without an event. A fault of this program; nothing was changed.
    #[error("changing the database: a change without an event was refused")]
    Unrecorded,
    /// A JSON value could not be written or read.
    #[error("reading or writing a stored JSON value")]
    Json(#[from] serde_json::Error),
    /// A sealed value does not open.
    #[error(transparent)]
    Sealed(#[from] VaultError),
    /// An audit event could not be read.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl StoreError {
    /// Whether a UNIQUE or PRIMARY KEY rule refused the change.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        let Self::Sqlite(rusqlite::Error::SqliteFailure(code, _)) = self else {
            return false;
        };
        matches!(
            code.extended_code,
            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        )
    }
}
