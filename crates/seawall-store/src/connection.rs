//! Connections: one writer, a few readers, one file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use seawall_casework::audit::{EventDraft, SealedEvent, Verified, VerifyError, verify};
use seawall_core::{Actor, EventKind, Timestamp};

use crate::tx::{Change, Reader, Tx};
use crate::{StoreError, migration};

/// The database of one data folder.
///
/// Every call blocks; call it from a thread that may wait.
pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// Makes the database at `path`, with its first event. An existing one is opened instead.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be made, is damaged or newer.
    pub fn create(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let store = Self::connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        store.write(now, |tx| {
            let change = Change::new(());
            Ok::<_, StoreError>(if tx.head()?.events == 0 {
                change.event(EventDraft::new(EventKind::StoreCreated, Actor::Operator))
            } else {
                change
            })
        })?;
        Ok(store)
    }

    /// Opens the database at `path`, bringing it to the newest schema.
    ///
    /// # Errors
    /// [`StoreError`] where there is none, or it is damaged or newer.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing);
        }
        Self::connect(path, OpenFlags::empty())
    }

    /// Where the database lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Changes state. `work` makes the change through the [`Tx`] and returns it together with
    /// the events that record it; both are committed in one transaction, or neither.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Unrecorded`] where rows changed without an event.
    pub fn write<T, E: From<StoreError>>(
        &self,
        at: Timestamp,
        work: impl FnOnce(&Tx<'_>) -> Result<Change<T>, E>,
    ) -> Result<T, E> {
        let mut connection = lock(&self.writer);
        let changes_before = connection.total_changes();
        let tx = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let handle = Tx::new(&tx, at);
        let (value, events) = work(&handle)?.into_parts();
        if events.is_empty() && tx.total_changes() != changes_before {
            return Err(StoreError::Unrecorded.into());
        }
        handle.append(&events)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(value)
    }

    /// Writes what the same transaction counts and the next tally's event tells: the event of
    /// each single act is that count. It is not flushed to disk by itself, so that a scan does
    /// not wait for the disk; a power cut can take the newest of it, count and all.
    pub(crate) fn write_counted(
        &self,
        at: Timestamp,
        work: impl FnOnce(&Tx<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut connection = lock(&self.writer);
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let written = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)
            .and_then(|tx| {
                work(&Tx::new(&tx, at))?;
                Ok(tx.commit()?)
            });
        connection.pragma_update(None, "synchronous", "FULL")?;
        written
    }

    /// Reads state, from one snapshot.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let pooled = lock(&self.readers).pop();
        let mut connection = match pooled {
            Some(connection) => connection,
            None => open_connection(&self.path, OpenFlags::empty())?,
        };
        let tx = connection.transaction().map_err(StoreError::from)?;
        let value = work(&Reader::new(&tx))?;
        tx.finish().map_err(StoreError::from)?;
        lock(&self.readers).push(connection);
        Ok(value)
    }

    /// A connection of its own that notices changes by others.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn watch(&self) -> Result<Watch, StoreError> {
        Ok(Watch(open_connection(&self.path, OpenFlags::empty())?))
    }

    /// Walks the whole audit chain.
    ///
    /// # Errors
    /// The first break, or a failure to read.
    pub fn verify_audit(&self) -> Result<Verified, VerifyError<StoreError>> {
        self.read(|reader| {
            let mut outcome = None;
            reader.each_event(
                |events: &mut dyn Iterator<Item = Result<SealedEvent, StoreError>>| {
                    outcome = Some(verify(events));
                },
            )?;
            Ok::<_, StoreError>(outcome.expect("each_event calls its argument once"))
        })
        .map_err(VerifyError::Source)?
    }

    fn connect(path: &Path, extra: OpenFlags) -> Result<Self, StoreError> {
        let mut connection = open_connection(path, extra)?;
        check_health(&connection)?;
        migration::migrate(&mut connection)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(connection),
            readers: Mutex::new(Vec::new()),
        })
    }
}

/// Notices that something in the database changed, whoever changed it.
pub struct Watch(Connection);

impl Watch {
    /// A number that moves with every change that another connection or process commits.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn version(&self) -> Result<i64, StoreError> {
        Ok(self
            .0
            .pragma_query_value(None, "data_version", |row| row.get(0))?)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

fn open_connection(path: &Path, extra: OpenFlags) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let configure = || {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        // Deleted rows are overwritten, so that nothing withdrawn lingers in free pages.
        connection.pragma_update(None, "secure_delete", true)
    };
    match configure() {
        Ok(()) => Ok(connection),
        Err(error) => Err(as_damage(error)),
    }
}

fn check_health(connection: &Connection) -> Result<(), StoreError> {
    let finding: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(as_damage)?;
    if finding == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged { finding })
    }
}

/// SQLite says "not a database" or "malformed" by error code rather than by a finding.
fn as_damage(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged {
                finding: error.to_string(),
            }
        }
        _ => StoreError::Sqlite(error),
    }
}

/// A panic while the lock was held rolled its transaction back; the connection is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a writer waits for another process, such as the command line beside a server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
