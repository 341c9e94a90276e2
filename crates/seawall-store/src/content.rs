//! Single contents: what clients of HMA keep beside one, and whether it is switched on.

use std::fmt;

use rusqlite::OptionalExtension;
use seawall_core::{Algorithm, BankId, ContentId, Hash, ListId, Timestamp};

use crate::bank::read_hash;
use crate::{BankHash, ContentRow, Reader, StoreError, Tx};

/// A part of a whole, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio(f64);

impl Eq for Ratio {}

impl Ratio {
    /// Nothing.
    pub const NONE: Self = Self(0.0);
    /// All.
    pub const ALL: Self = Self(1.0);

    /// A ratio; `None` where it is not 0 to 1.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The ratio as a number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

/// Whether a content is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContentSwitch {
    /// It is.
    On,
    /// It is not.
    Off,
    /// It is not until this time.
    OffUntil(Timestamp),
}

impl ContentSwitch {
    /// Whether it is matched at this time.
    #[must_use]
    pub fn is_on(self, now: Timestamp) -> bool {
        match self {
            Self::On => true,
            Self::Off => false,
            Self::OffUntil(end) => end <= now,
        }
    }

    fn stored_ms(self) -> i64 {
        match self {
            Self::On => ON_MS,
            Self::Off => 0,
            Self::OffUntil(end) => end.as_millis().max(ON_MS),
        }
    }

    fn read(stored_ms: i64) -> Self {
        match stored_ms {
            0 => Self::Off,
            ON_MS => Self::On,
            end => Self::OffUntil(Timestamp::from_millis(end)),
        }
    }
}

/// What a client of HMA keeps beside a content. Its values do not appear in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContentDetails {
    /// The client's own id of the content, unique within its bank.
    pub external_id: Option<String>,
    /// Where the client says that the content is.
    pub uri: Option<String>,
    /// JSON, whatever the client wants to keep.
    pub metadata: Option<String>,
    /// Whether its MD5 came under the name `video_md5`.
    pub is_video: bool,
    /// Of several PDQ hashes the one that clients are shown.
    pub shown_pdq: Option<Hash>,
}

impl fmt::Debug for ContentDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentDetails([redacted])")
    }
}

impl Reader<'_> {
    /// One content of this bank with its hashes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn content(
        &self,
        bank: BankId,
        content: ContentId,
    ) -> Result<Option<ContentRow>, StoreError> {
        let before = ContentId(content.0.saturating_sub(1));
        let mut rows = self.contents(bank, before, 1)?;
        Ok(rows.pop().filter(|row| row.id == content))
    }

    /// The bank of a content.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bank_of_content(&self, content: ContentId) -> Result<Option<BankId>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT bank_id FROM contents WHERE id = ?1")?;
        let bank = statement.query_row([content.0], |row| row.get(0));
        Ok(bank.optional()?.map(BankId))
    }

    /// What a client keeps beside a content.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn content_details(
        &self,
        content: ContentId,
    ) -> Result<Option<ContentDetails>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT external_id, uri, metadata, is_video, shown_pdq FROM content_details
             WHERE content_id = ?1",
        )?;
        let details = statement.query_row([content.0], |row| {
            let shown: Option<Vec<u8>> = row.get(4)?;
            Ok(ContentDetails {
                external_id: row.get(0)?,
                uri: row.get(1)?,
                metadata: row.get(2)?,
                is_video: row.get(3)?,
                shown_pdq: shown.and_then(|bytes| Hash::from_bytes(Algorithm::Pdq, &bytes)),
            })
        });
        Ok(details.optional()?)
    }

    /// The content of a bank that a client knows by this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn content_by_external_id(
        &self,
        bank: BankId,
        external_id: &str,
    ) -> Result<Option<ContentId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT content_id FROM content_details WHERE bank_id = ?1 AND external_id = ?2",
        )?;
        let content = statement.query_row((bank.0, external_id), |row| row.get(0));
        Ok(content.optional()?.map(ContentId))
    }

    /// Whether a content is matched.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn content_switch(&self, content: ContentId) -> Result<ContentSwitch, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT off_until_ms FROM contents WHERE id = ?1")?;
        let stored: Option<Option<i64>> = statement
            .query_row([content.0], |row| row.get(0))
            .optional()?;
        Ok(stored
            .flatten()
            .map_or(ContentSwitch::On, ContentSwitch::read))
    }

    /// The contents of a bank that were ever switched, and how they are switched now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn switched_contents(
        &self,
        bank: BankId,
    ) -> Result<Vec<(ContentId, ContentSwitch)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, off_until_ms FROM contents
             WHERE bank_id = ?1 AND off_until_ms IS NOT NULL ORDER BY id",
        )?;
        let rows = statement.query_map([bank.0], |row| {
            Ok((ContentId(row.get(0)?), ContentSwitch::read(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The hashes of one content, for an index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bank_hashes_of(&self, content: ContentId) -> Result<Vec<BankHash>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT algorithm, value, quality, list_id FROM contents
             JOIN hashes ON contents.id = content_id WHERE contents.id = ?1",
        )?;
        let rows = statement.query_map([content.0], |row| {
            let list: Option<i64> = row.get(3)?;
            Ok((list.map(ListId), read_hash(row, 0)))
        })?;
        rows.map(|row| {
            let (list, stored) = row?;
            Ok(BankHash {
                content,
                list,
                stored: stored?,
            })
        })
        .collect()
    }

    /// The kinds of signal whose share of lookups a client changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signal_ratios(&self) -> Result<Vec<(String, Ratio)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, enabled_ratio FROM signal_types ORDER BY name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, f64>(1)?)))?;
        rows.map(|row| {
            let (name, ratio) = row?;
            let ratio = Ratio::new(ratio).ok_or(StoreError::Value {
                place: "signal_types.enabled_ratio",
            })?;
            Ok((name, ratio))
        })
        .collect()
    }
}

impl Tx<'_> {
    /// Keeps what a client has beside a content. An id that the client uses for another content
    /// of the bank is an error for which [`StoreError::is_duplicate`] holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_content_details(
        &self,
        bank: BankId,
        content: ContentId,
        details: &ContentDetails,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO content_details
                 (content_id, bank_id, external_id, uri, metadata, is_video, shown_pdq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                content.0,
                bank.0,
                &details.external_id,
                &details.uri,
                &details.metadata,
                details.is_video,
                details.shown_pdq.map(|hash| hash.to_bytes()),
            ),
        )?;
        Ok(())
    }

    /// Switches a content of this bank.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn switch_content(
        &self,
        bank: BankId,
        content: ContentId,
        switch: ContentSwitch,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE contents SET off_until_ms = ?3 WHERE id = ?2 AND bank_id = ?1",
            (bank.0, content.0, switch.stored_ms()),
        )?;
        self.touch_bank(bank)?;
        Ok(())
    }

    /// Sets the remark of a content of this bank.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_content_note(
        &self,
        bank: BankId,
        content: ContentId,
        note: Option<&str>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE contents SET note = ?3 WHERE id = ?2 AND bank_id = ?1",
            (bank.0, content.0, note),
        )?;
        Ok(())
    }

    /// Sets the share of lookups of a kind of signal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_signal_ratio(&self, name: &str, ratio: Ratio) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO signal_types (name, enabled_ratio) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET enabled_ratio = excluded.enabled_ratio",
            (name, ratio.value()),
        )?;
        Ok(())
    }
}

/// A time that is long over: on again.
const ON_MS: i64 = 1;
