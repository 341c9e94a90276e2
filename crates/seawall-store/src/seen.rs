//! The seen index: what matched nothing, kept sealed for a stated time, so that a hash that is
//! listed later finds what is there already.
//!
//! An upload is one small sealed row when it comes. The rows of a day are folded into pages,
//! each part of which is one sealed blob, so that ten million hashes are read as 320 MB in
//! long runs. A page holds records of one day only: it expires as a whole, and no record is
//! kept a day longer because of its neighbours. An item that comes again replaces what was
//! kept of it.
//!
//! Rows and parts are bound to their item's tag or their page, so that they open nowhere else.

mod pages;
mod record;

use rusqlite::OptionalExtension;
use seawall_core::{Algorithm, Random, Timestamp};
use zeroize::Zeroizing;

use crate::vault::{SeenKey, SeenTag};
use crate::{Reader, Store, StoreError, Tx};

pub use pages::{FoldLimits, SeenFold};
pub use record::{SeenEntries, SeenEntry, SeenRecord};

/// A page of seen items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenPage {
    /// Its id.
    pub id: i64,
    /// The day of its records, counted from 1970-01-01.
    pub day: i64,
    /// How many records it holds.
    pub records: u64,
    /// How many PDQ hashes it holds.
    pub hashes: u64,
}

/// A part of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenPart {
    /// Item ids, times, channels, views.
    Entries,
    /// The tag of each item, 16 bytes each.
    Tags,
    /// The values of one kind of hash, in the order of the entries.
    Values(Algorithm),
}

impl SeenPart {
    const ALL: [Self; 6] = [
        Self::Entries,
        Self::Tags,
        Self::Values(Algorithm::Pdq),
        Self::Values(Algorithm::Md5),
        Self::Values(Algorithm::Sha1),
        Self::Values(Algorithm::Sha256),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Tags => "tags",
            Self::Values(algorithm) => algorithm.name(),
        }
    }

    fn binding(self, page: i64) -> Vec<u8> {
        format!("seawall seen page v1 {page} {}", self.name()).into_bytes()
    }
}

/// A part of a page, read and not yet opened.
#[derive(Debug)]
pub struct SealedPart {
    page: i64,
    part: SeenPart,
    bytes: Vec<u8>,
}

impl SealedPart {
    /// The part's bytes.
    ///
    /// # Errors
    /// [`StoreError::Sealed`].
    pub fn open(&self, key: &SeenKey) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let binding = self.part.binding(self.page);
        Ok(Zeroizing::new(key.open(&binding, &self.bytes)?))
    }
}

/// A single seen item, read and not yet opened.
#[derive(Debug)]
pub struct SeenRow {
    /// Its number: rises with time.
    pub id: i64,
    /// The tag of its item.
    pub tag: SeenTag,
    sealed: Vec<u8>,
}

impl SeenRow {
    /// The record.
    ///
    /// # Errors
    /// [`StoreError::Sealed`], or [`StoreError::Value`] where it is not what this program writes.
    pub fn open(&self, key: &SeenKey) -> Result<SeenRecord, StoreError> {
        let bytes = Zeroizing::new(key.open(&row_binding(self.tag), &self.sealed)?);
        SeenRecord::from_row(&bytes).ok_or(StoreError::Value {
            place: "seen_rows.sealed",
        })
    }
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeenStatus {
    /// Items kept in rows of their own.
    pub rows: u64,
    /// Items kept in pages. One that came again since stands in both until the next fold.
    pub paged: u64,
    /// PDQ hashes in pages.
    pub paged_hashes: u64,
    /// Pages.
    pub pages: u64,
    /// The oldest day that something is kept of, counted from 1970-01-01.
    pub oldest_day: Option<i64>,
}

/// The day of a time, counted from 1970-01-01, UTC.
#[must_use]
pub fn day_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(DAY_MS)
}

impl Store {
    /// Keeps an item. What was kept of the same item is replaced.
    ///
    /// This is no event of its own: the transaction counts it, and
    /// [`Tx::take_seen_counts`] gives the count to the next tally.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_seen(
        &self,
        key: &SeenKey,
        record: &SeenRecord,
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        let tag = key.tag(&record.item_id);
        let sealed = key.seal(&row_binding(tag), &record.to_row(), random);
        self.write_counted(record.seen_at, |tx| {
            tx.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO seen_rows (item_tag, day, sealed) VALUES (?1, ?2, ?3)",
                )?
                .execute((tag.0, day_of(record.seen_at), sealed))?;
            tx.connection
                .prepare_cached(
                    "INSERT INTO seen_untallied (channel, kept) VALUES (?1, 1)
                     ON CONFLICT (channel) DO UPDATE SET kept = kept + 1",
                )?
                .execute([record.channel.name()])?;
            Ok(())
        })
    }
}

impl Reader<'_> {
    /// Every page, oldest day first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen_pages(&self) -> Result<Vec<SeenPage>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, day, records, hashes FROM seen_pages ORDER BY day, id")?;
        let rows = statement.query_map([], |row| {
            Ok(SeenPage {
                id: row.get(0)?,
                day: row.get(1)?,
                records: row.get(2)?,
                hashes: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One part of a page, sealed.
    ///
    /// # Errors
    /// [`StoreError`], where the page has no such part too.
    pub fn seen_part(&self, page: i64, part: SeenPart) -> Result<SealedPart, StoreError> {
        let bytes = self
            .connection
            .prepare_cached("SELECT sealed FROM seen_parts WHERE page_id = ?1 AND part = ?2")?
            .query_row((page, part.name()), |row| row.get(0))
            .optional()?
            .ok_or(StoreError::Value {
                place: "seen_parts.part",
            })?;
        Ok(SealedPart { page, part, bytes })
    }

    /// The items that are not in a page yet, after the row `after`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen_rows(&self, after: i64, limit: u32) -> Result<Vec<SeenRow>, StoreError> {
        self.seen_rows_where("id > ?1 ORDER BY id LIMIT ?2", (after, limit))
    }

    /// How much is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen_status(&self) -> Result<SeenStatus, StoreError> {
        Ok(self.connection.query_row(
            "SELECT (SELECT count(*) FROM seen_rows),
                    (SELECT coalesce(sum(records), 0) FROM seen_pages),
                    (SELECT coalesce(sum(hashes), 0) FROM seen_pages),
                    (SELECT count(*) FROM seen_pages),
                    (SELECT min(day) FROM (SELECT min(day) AS day FROM seen_rows
                                           UNION ALL SELECT min(day) FROM seen_pages))",
            [],
            |row| {
                Ok(SeenStatus {
                    rows: row.get(0)?,
                    paged: row.get(1)?,
                    paged_hashes: row.get(2)?,
                    pages: row.get(3)?,
                    oldest_day: row.get(4)?,
                })
            },
        )?)
    }

    /// How many records there are of days before `first_kept`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn expired_seen(&self, first_kept: i64) -> Result<u64, StoreError> {
        Ok(self.connection.query_row(
            "SELECT (SELECT count(*) FROM seen_rows WHERE day < ?1)
                  + (SELECT coalesce(sum(records), 0) FROM seen_pages WHERE day < ?1)",
            [first_kept],
            |row| row.get(0),
        )?)
    }

    fn seen_rows_where(
        &self,
        rest: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<SeenRow>, StoreError> {
        let sql = format!("SELECT id, item_tag, sealed FROM seen_rows WHERE {rest}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params, |row| {
            Ok(SeenRow {
                id: row.get(0)?,
                tag: SeenTag(row.get(1)?),
                sealed: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// What was kept since the last call, by channel, and starts the count anew. The event that
    /// tells it belongs into the same transaction.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_seen_counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("DELETE FROM seen_untallied RETURNING channel, kept")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut counts: Vec<(String, u64)> = rows.collect::<Result<_, _>>()?;
        counts.sort();
        Ok(counts)
    }

    /// Deletes records of days before `first_kept`, the oldest pages first, at most `pages_max`
    /// of them or as many rows as a page has; returns how many records those were, 0 where none
    /// is left. What is deleted is overwritten, so a batch has its limit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn expire_seen(&self, first_kept: i64, pages_max: u32) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM seen_pages WHERE id IN
                 (SELECT id FROM seen_pages WHERE day < ?1 ORDER BY day, id LIMIT ?2)
             RETURNING records",
        )?;
        let paged = statement.query_map((first_kept, pages_max), |row| row.get(0))?;
        let paged: Vec<u64> = paged.collect::<Result<_, _>>()?;
        if !paged.is_empty() {
            return Ok(paged.iter().sum());
        }
        let rows = self.connection.execute(
            "DELETE FROM seen_rows WHERE id IN
                 (SELECT id FROM seen_rows WHERE day < ?1 ORDER BY day, id LIMIT ?2)",
            (first_kept, FoldLimits::default().records_max),
        )?;
        Ok(rows as u64)
    }

    /// Deletes all that is kept of one item, from its row and out of every page; returns
    /// whether there was anything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_seen(
        &self,
        key: &SeenKey,
        item_id: &str,
        random: &dyn Random,
    ) -> Result<bool, StoreError> {
        let tag = key.tag(item_id);
        let rows = self
            .connection
            .execute("DELETE FROM seen_rows WHERE item_tag = ?1", [tag.0])?;
        let paged = self.take_out_of_pages(key, &[tag].into(), random)?;
        Ok(rows > 0 || paged > 0)
    }
}

fn row_binding(tag: SeenTag) -> Vec<u8> {
    [b"seawall seen row v1 ", &tag.0[..]].concat()
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
