//! Banks, their contents and their hashes.

use rusqlite::{OptionalExtension, Row};
use seawall_casework::case::CasePurpose;
use seawall_core::{
    Algorithm, BankId, BankName, BankRole, ContentId, Hash, ListId, Quality, Threshold, Timestamp,
};

use crate::{Ratio, Reader, StoreError, Tx};

/// A bank as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    /// Its id.
    pub id: BankId,
    /// Its name.
    pub name: BankName,
    /// Largest PDQ distance that matches.
    pub threshold: Threshold,
    /// Whether it is matched at all.
    pub enabled: bool,
    /// Real, or the built-in test.
    pub purpose: CasePurpose,
    /// Whether it says what is known or what is an exception.
    pub role: BankRole,
    /// Who vouches for it. Every exception bank has one.
    pub owner: Option<String>,
    /// Of how many lookups by clients of HMA it takes part in, where it is enabled. Never none.
    pub ratio: Ratio,
    /// Rises with every change of the bank or its contents.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many contents it holds.
    pub contents: u64,
    /// Whether its contents are the sealed entries of exchanges, and not rows of its own.
    pub sealed: bool,
}

/// A bank to be made.
#[derive(Clone, Debug)]
pub struct NewBank {
    /// Its name.
    pub name: BankName,
    /// Largest PDQ distance that matches.
    pub threshold: Threshold,
    /// Whether it is matched at all.
    pub enabled: bool,
    /// Real, or the built-in test.
    pub purpose: CasePurpose,
    /// Whether it says what is known or what is an exception.
    pub role: BankRole,
    /// Who vouches for it.
    pub owner: Option<String>,
    /// Whether its contents will be the sealed entries of exchanges.
    pub sealed: bool,
}

/// New settings of a bank; `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct BankChange {
    /// Largest PDQ distance that matches.
    pub threshold: Option<Threshold>,
    /// Whether it is matched at all.
    pub enabled: Option<bool>,
    /// Of how many lookups by clients of HMA it takes part in; not [`Ratio::NONE`].
    pub ratio: Option<Ratio>,
}

/// A hash with its quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredHash {
    /// The value.
    pub hash: Hash,
    /// Quality, where the list or the picture told it.
    pub quality: Option<Quality>,
}

/// A hash of a bank, with what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankHash {
    /// Its content.
    pub content: ContentId,
    /// The list that the content came with, if with any.
    pub list: Option<ListId>,
    /// The hash.
    pub stored: StoredHash,
}

/// A content to be added.
#[derive(Clone, Debug)]
pub struct NewContent {
    /// The list that it comes with, if with any.
    pub list: Option<ListId>,
    /// A remark of its owner; in an exception bank the reason.
    pub note: Option<String>,
    /// What its owner calls its class.
    pub class: Option<String>,
    /// Its hashes.
    pub hashes: Vec<StoredHash>,
}

/// A content as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentRow {
    /// Its id.
    pub id: ContentId,
    /// A remark of its owner.
    pub note: Option<String>,
    /// What its owner calls its class.
    pub class: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// Its hashes.
    pub hashes: Vec<StoredHash>,
}

impl Reader<'_> {
    /// Every bank, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn banks(&self) -> Result<Vec<Bank>, StoreError> {
        let sql = format!("{SELECT_BANK} ORDER BY name");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| Ok(read_bank(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The bank with this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bank(&self, name: &BankName) -> Result<Option<Bank>, StoreError> {
        let sql = format!("{SELECT_BANK} WHERE name = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement
            .query_row([name.as_str()], |row| Ok(read_bank(row)))
            .optional()?
            .transpose()
    }

    /// Every hash of one bank, for building an index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bank_hashes(&self, bank: BankId) -> Result<Vec<BankHash>, StoreError> {
        self.bank_hashes_after(bank, ContentId(0))
    }

    /// The hashes of a bank's contents that came after the content `after`, by content.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bank_hashes_after(
        &self,
        bank: BankId,
        after: ContentId,
    ) -> Result<Vec<BankHash>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT content_id, algorithm, value, quality, list_id FROM contents
             JOIN hashes ON contents.id = content_id
             WHERE bank_id = ?1 AND contents.id > ?2 ORDER BY contents.id",
        )?;
        let rows = statement.query_map((bank.0, after.0), |row| {
            let list: Option<i64> = row.get(4)?;
            Ok((ContentId(row.get(0)?), list.map(ListId), read_hash(row, 1)))
        })?;
        rows.map(|row| {
            let (content, list, stored) = row?;
            Ok(BankHash {
                content,
                list,
                stored: stored?,
            })
        })
        .collect()
    }

    /// The ids of a bank's contents that came after the content `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn content_ids(
        &self,
        bank: BankId,
        after: ContentId,
    ) -> Result<Vec<ContentId>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM contents WHERE bank_id = ?1 AND id > ?2 ORDER BY id")?;
        let rows = statement.query_map((bank.0, after.0), |row| Ok(ContentId(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One page of a bank's contents, after the content `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contents(
        &self,
        bank: BankId,
        after: ContentId,
        limit: u32,
    ) -> Result<Vec<ContentRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, note, created_ms, class FROM contents WHERE bank_id = ?1 AND id > ?2
             ORDER BY id LIMIT ?3",
        )?;
        let rows = statement.query_map((bank.0, after.0, limit), |row| {
            Ok(ContentRow {
                id: ContentId(row.get(0)?),
                note: row.get(1)?,
                created_at: Timestamp::from_millis(row.get(2)?),
                class: row.get(3)?,
                hashes: Vec::new(),
            })
        })?;
        rows.map(|row| {
            let mut content = row?;
            content.hashes = self.content_hashes(content.id)?;
            Ok(content)
        })
        .collect()
    }

    /// Whether a list of the bank, or the bank outside of all lists, already holds this hash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bank_holds(
        &self,
        bank: BankId,
        list: Option<ListId>,
        hash: &Hash,
    ) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM hashes JOIN contents ON contents.id = content_id
             WHERE algorithm = ?1 AND value = ?2 AND bank_id = ?3 AND list_id IS ?4 LIMIT 1",
        )?;
        let (kind, list) = (hash.algorithm().name(), list.map(|list| list.0));
        Ok(statement.exists((kind, hash.to_bytes(), bank.0, list))?)
    }

    /// How many PDQ hashes of the bank are below [`Quality::FLOOR`]: kept, and not matched.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn low_quality_hashes(&self, bank: BankId) -> Result<u64, StoreError> {
        // The number stands in the text so that the index of such hashes is used.
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM hashes JOIN contents ON contents.id = content_id
             WHERE quality < 50 AND bank_id = ?1",
        )?;
        Ok(statement.query_row([bank.0], |row| row.get(0))?)
    }

    /// How many hashes there are of each algorithm, in all banks. Looks at each.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hash_counts(&self) -> Result<Vec<(Algorithm, u64)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT algorithm, count(*) FROM hashes GROUP BY algorithm")?;
        let rows = statement.query_map([], |row| {
            let algorithm: String = row.get(0)?;
            Ok((Algorithm::from_name(&algorithm), row.get(1)?))
        })?;
        rows.map(|row| {
            let (algorithm, count) = row?;
            let algorithm = algorithm.ok_or(StoreError::Value {
                place: "hashes.algorithm",
            })?;
            Ok((algorithm, count))
        })
        .collect()
    }

    /// When the newest content was added, if there is any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_content_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT created_ms FROM contents ORDER BY id DESC LIMIT 1")?;
        let newest = statement.query_row([], |row| row.get(0)).optional()?;
        Ok(newest.map(Timestamp::from_millis))
    }

    /// The remark and the class of one content; nothing where it has none or is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn content_words(
        &self,
        content: ContentId,
    ) -> Result<(Option<String>, Option<String>), StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT note, class FROM contents WHERE id = ?1")?;
        let words = statement.query_row([content.0], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(words.optional()?.unwrap_or_default())
    }

    fn content_hashes(&self, content: ContentId) -> Result<Vec<StoredHash>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT algorithm, value, quality FROM hashes WHERE content_id = ?1
             ORDER BY algorithm, value",
        )?;
        let rows = statement.query_map([content.0], |row| Ok(read_hash(row, 0)))?;
        rows.map(|row| row?).collect()
    }
}

impl Tx<'_> {
    /// Makes a bank. A taken name is an error for which [`StoreError::is_duplicate`] holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_bank(&self, bank: &NewBank) -> Result<BankId, StoreError> {
        self.connection.execute(
            "INSERT INTO banks (name, threshold, enabled, purpose, role, owner, revision, created_ms, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8)",
            (
                bank.name.as_str(),
                bank.threshold.bits(),
                bank.enabled,
                purpose_name(bank.purpose),
                bank.role.name(),
                bank.owner.as_deref(),
                self.at.as_millis(),
                bank.sealed,
            ),
        )?;
        Ok(BankId(self.connection.last_insert_rowid()))
    }

    /// Changes a bank's settings.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn update_bank(&self, bank: BankId, change: BankChange) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE banks SET threshold = coalesce(?2, threshold),
                 enabled = coalesce(?3, enabled), sampled_ratio = coalesce(?4, sampled_ratio),
                 revision = revision + 1 WHERE id = ?1",
            (
                bank.0,
                change.threshold.map(Threshold::bits),
                change.enabled,
                change.ratio.map(Ratio::value),
            ),
        )?;
        Ok(())
    }

    /// Calls a bank otherwise. A taken name is an error for which [`StoreError::is_duplicate`]
    /// holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rename_bank(&self, bank: BankId, name: &BankName) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE banks SET name = ?2, revision = revision + 1 WHERE id = ?1",
            (bank.0, name.as_str()),
        )?;
        Ok(())
    }

    /// Deletes a bank with its contents and hashes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete_bank(&self, bank: BankId) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM banks WHERE id = ?1", [bank.0])?;
        Ok(())
    }

    /// Adds one content with its hashes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_content(
        &self,
        bank: BankId,
        content: &NewContent,
    ) -> Result<ContentId, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO contents (bank_id, list_id, note, created_ms, class)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                bank.0,
                content.list.map(|list| list.0),
                &content.note,
                self.at.as_millis(),
                &content.class,
            ))?;
        let id = ContentId(self.connection.last_insert_rowid());
        let mut statement = self.connection.prepare_cached(
            "INSERT OR IGNORE INTO hashes (content_id, algorithm, value, quality)
             VALUES (?1, ?2, ?3, ?4)",
        )?;
        for stored in &content.hashes {
            let hash = stored.hash;
            statement.execute((
                id.0,
                hash.algorithm().name(),
                hash.to_bytes(),
                stored.quality.map(|quality| quality.0),
            ))?;
        }
        self.touch_bank(bank)?;
        Ok(id)
    }

    /// Deletes one content of this bank and returns the bank's revision after it; `None` where
    /// the bank has no such content.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete_content(
        &self,
        bank: BankId,
        content: ContentId,
    ) -> Result<Option<i64>, StoreError> {
        let deleted = self.connection.execute(
            "DELETE FROM contents WHERE id = ?1 AND bank_id = ?2",
            (content.0, bank.0),
        )?;
        match deleted {
            0 => Ok(None),
            _ => self.touch_bank(bank).map(Some),
        }
    }

    /// Raises the bank's revision, and returns it.
    pub(crate) fn touch_bank(&self, bank: BankId) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE banks SET revision = revision + 1 WHERE id = ?1 RETURNING revision",
        )?;
        Ok(statement.query_row([bank.0], |row| row.get(0))?)
    }
}

pub(crate) fn purpose_name(purpose: CasePurpose) -> &'static str {
    match purpose {
        CasePurpose::Live => "live",
        CasePurpose::Test => "test",
    }
}

pub(crate) fn read_purpose(text: &str) -> Result<CasePurpose, StoreError> {
    match text {
        "live" => Ok(CasePurpose::Live),
        "test" => Ok(CasePurpose::Test),
        _ => Err(StoreError::Value { place: "purpose" }),
    }
}

/// Reads algorithm, value and quality from three columns starting at `first`.
pub(crate) fn read_hash(row: &Row<'_>, first: usize) -> Result<StoredHash, StoreError> {
    let algorithm: String = row.get(first)?;
    let value: Vec<u8> = row.get(first + 1)?;
    let quality: Option<u8> = row.get(first + 2)?;
    let hash = Algorithm::from_name(&algorithm)
        .and_then(|algorithm| Hash::from_bytes(algorithm, &value))
        .ok_or(StoreError::Value {
            place: "hashes.value",
        })?;
    Ok(StoredHash {
        hash,
        quality: quality.map(Quality),
    })
}

fn read_bank(row: &Row<'_>) -> Result<Bank, StoreError> {
    let name: String = row.get("name")?;
    let threshold: u16 = row.get("threshold")?;
    let purpose: String = row.get("purpose")?;
    let role: String = row.get("role")?;
    Ok(Bank {
        id: BankId(row.get("id")?),
        name: name.parse().map_err(|_| StoreError::Value {
            place: "banks.name",
        })?,
        threshold: Threshold::new(threshold).ok_or(StoreError::Value {
            place: "banks.threshold",
        })?,
        enabled: row.get("enabled")?,
        purpose: read_purpose(&purpose)?,
        role: role.parse().map_err(|_| StoreError::Value {
            place: "banks.role",
        })?,
        owner: row.get("owner")?,
        ratio: Ratio::new(row.get("sampled_ratio")?).ok_or(StoreError::Value {
            place: "banks.sampled_ratio",
        })?,
        revision: row.get("revision")?,
        created_at: Timestamp::from_millis(row.get("created_ms")?),
        contents: row.get("contents")?,
        sealed: row.get("sealed")?,
    })
}

const SELECT_BANK: &str = "SELECT * FROM banks";
