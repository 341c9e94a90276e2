//! The audit log's rows.

use rusqlite::{OptionalExtension, Row};
use seawall_casework::audit::{
    EventBody, EventDraft, EventHash, GENESIS, SealedEvent, Verified, seal,
};

use crate::{Reader, StoreError, Tx};

impl Reader<'_> {
    /// The newest event's number and hash; number 0 where there is none.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn head(&self) -> Result<Verified, StoreError> {
        let row = self.connection.query_row(
            "SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1",
            [],
            |row| {
                Ok(Verified {
                    events: row.get(0)?,
                    head: EventHash(row.get(1)?),
                })
            },
        );
        match row {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(Verified {
                events: 0,
                head: GENESIS,
            }),
            other => Ok(other?),
        }
    }

    /// The hash of the event with this number, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn event_hash(&self, sequence: u64) -> Result<Option<EventHash>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT hash FROM events WHERE sequence = ?1")?;
        let row = statement.query_row([sequence], |row| read_hash(row, 0));
        Ok(row.optional()?)
    }

    /// Hands every event, in order, to `visit` as one iterator.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] where the query cannot start.
    pub fn each_event(
        &self,
        visit: impl FnOnce(&mut dyn Iterator<Item = Result<SealedEvent, StoreError>>),
    ) -> Result<(), StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT sequence, body, previous, hash FROM events ORDER BY sequence")?;
        let mut rows = statement
            .query_map([], read_event)?
            .map(|row| row.map_err(StoreError::from));
        visit(&mut rows);
        Ok(())
    }

    /// The newest events, newest first.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub fn newest_events(&self, limit: u32) -> Result<Vec<EventBody>, StoreError> {
        self.events_where("ORDER BY sequence DESC LIMIT ?1", [limit])
    }

    /// The events about one subject, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub fn events_about(&self, subject: &str) -> Result<Vec<EventBody>, StoreError> {
        self.events_where(
            "WHERE body ->> '$.subject' = ?1 ORDER BY sequence",
            [subject],
        )
    }

    fn events_where(
        &self,
        rest: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<EventBody>, StoreError> {
        let sql = format!("SELECT sequence, body, previous, hash FROM events {rest}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params, read_event)?;
        rows.map(|row| Ok(row?.read()?)).collect()
    }
}

impl Tx<'_> {
    pub(crate) fn append(&self, events: &[EventDraft]) -> Result<(), StoreError> {
        let mut head = self.head()?;
        for draft in events {
            let event = seal(head.events + 1, self.at, draft, head.head);
            self.connection
                .prepare_cached(
                    "INSERT INTO events (sequence, body, previous, hash) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute((event.sequence, &event.body, event.previous.0, event.hash.0))?;
            head = Verified {
                events: event.sequence,
                head: event.hash,
            };
        }
        Ok(())
    }
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<SealedEvent> {
    Ok(SealedEvent {
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        body: row.get(1)?,
        previous: read_hash(row, 2)?,
        hash: read_hash(row, 3)?,
    })
}

/// A hash of the wrong length is one that fits nothing: the verification then names its event.
fn read_hash(row: &Row<'_>, column: usize) -> rusqlite::Result<EventHash> {
    let bytes: Vec<u8> = row.get(column)?;
    Ok(EventHash(bytes.try_into().unwrap_or([0xff; 32])))
}
