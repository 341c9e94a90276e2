//! Plain SQL migrations, embedded, applied in order, each in its own transaction.

use rusqlite::Connection;
use seawall_core::{MANIFESTATIONS_VERSION, Manifestation};

use crate::StoreError;

/// Brings the database to the newest schema.
///
/// # Errors
/// [`StoreError::Newer`] where it is newer than this program.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    let known = u32::try_from(MIGRATIONS.len()).expect("a handful of migrations");
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (number, sql) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
        let tx = connection.transaction()?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
    }
    write_manifestations(connection)
}

pub(crate) fn version(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// The codes are data of the program; the table lets the database be read without it.
fn write_manifestations(connection: &mut Connection) -> Result<(), StoreError> {
    let tx = connection.transaction()?;
    for manifestation in Manifestation::ALL {
        tx.execute(
            "INSERT INTO manifestations (code, name, version) VALUES (?1, ?2, ?3)
             ON CONFLICT (code) DO UPDATE SET name = excluded.name, version = excluded.version
             WHERE version < excluded.version",
            (
                manifestation.code(),
                manifestation.name(),
                MANIFESTATIONS_VERSION,
            ),
        )?;
    }
    Ok(tx.commit()?)
}

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first_light.sql"),
    include_str!("../migrations/0002_seen_index.sql"),
    include_str!("../migrations/0003_exceptions_and_lists.sql"),
    include_str!("../migrations/0004_counted_contents.sql"),
    include_str!("../migrations/0005_clients_of_hma.sql"),
    include_str!("../migrations/0006_exchanges.sql"),
];
