//! Outgoing webhook messages: written with the change they tell of, sent afterwards.

use seawall_core::{MessageId, Timestamp};

use crate::case::read_id;
use crate::{Reader, StoreError, Tx};

/// A message to be written.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id, which the receiver can use to notice a repetition.
    pub id: MessageId,
    /// What it tells of, such as `case.opened`.
    pub kind: &'static str,
    /// Its JSON text. Ids and codes only.
    pub body: String,
}

/// A message that has not been accepted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// What it tells of.
    pub kind: String,
    /// Its JSON text.
    pub body: String,
    /// How often it was sent in vain.
    pub attempts: u32,
    /// Not before this time.
    pub next_at: Timestamp,
}

impl Reader<'_> {
    /// Messages that are due at `now`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn due_messages(&self, now: Timestamp, limit: u32) -> Result<Vec<Message>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, kind, body, attempts, next_ms FROM messages
             WHERE delivered_ms IS NULL AND failed_ms IS NULL AND next_ms <= ?1
             ORDER BY next_ms, rowid LIMIT ?2",
        )?;
        let rows = statement.query_map((now.as_millis(), limit), |row| {
            let id: String = row.get(0)?;
            Ok((
                id,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                Timestamp::from_millis(row.get(4)?),
            ))
        })?;
        rows.map(|row| {
            let (id, kind, body, attempts, next_at) = row?;
            Ok(Message {
                id: read_id(&id, "messages.id")?,
                kind,
                body,
                attempts,
                next_at,
            })
        })
        .collect()
    }

    /// How many messages written since `since` have not been accepted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_messages_since(&self, since: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM messages WHERE delivered_ms IS NULL AND created_ms >= ?1";
        Ok(self
            .connection
            .query_row(sql, [since.as_millis()], |row| row.get(0))?)
    }

    /// How many messages have been neither accepted nor given up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_messages(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM messages WHERE delivered_ms IS NULL AND failed_ms IS NULL";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Writes a message, due at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_message(&self, message: &NewMessage) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO messages (id, kind, body, created_ms, attempts, next_ms)
             VALUES (?1, ?2, ?3, ?4, 0, ?4)",
            (
                message.id.to_string(),
                message.kind,
                &message.body,
                self.at.as_millis(),
            ),
        )?;
        Ok(())
    }

    /// Marks a message as accepted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn deliver_message(&self, id: MessageId) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE messages SET delivered_ms = ?2, attempts = attempts + 1 WHERE id = ?1",
            (id.to_string(), self.at.as_millis()),
        )?;
        Ok(())
    }

    /// Counts an attempt in vain; `next_at` is `None` where the message is given up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn fail_message(
        &self,
        id: MessageId,
        next_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE messages SET attempts = attempts + 1, next_ms = coalesce(?2, next_ms),
                 failed_ms = CASE WHEN ?2 IS NULL THEN ?3 END WHERE id = ?1",
            (
                id.to_string(),
                next_at.map(Timestamp::as_millis),
                self.at.as_millis(),
            ),
        )?;
        Ok(())
    }
}
