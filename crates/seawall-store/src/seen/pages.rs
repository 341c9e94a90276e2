//! Rows folded into pages, and records taken out of them.

use std::collections::HashSet;

use seawall_core::{Algorithm, Random};
use zeroize::Zeroizing;

use super::SeenPart;
use super::record::{RawEntry, SeenRecord};
use crate::vault::{SeenKey, SeenTag};
use crate::{StoreError, Tx};

/// When rows become a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldLimits {
    /// So many rows of one day are a page at once; no page holds more.
    pub records_max: u32,
    /// Fewer rows of a day that is over stay rows.
    pub records_min: u32,
}

impl Default for FoldLimits {
    fn default() -> Self {
        Self {
            records_max: 65_536,
            records_min: 256,
        }
    }
}

/// What became a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenFold {
    /// How many rows.
    pub records: u64,
    /// How many records of the same items were taken out of older pages.
    pub replaced: u64,
}

impl Tx<'_> {
    /// Folds the rows of the oldest day that has enough of them into one page; `None` where
    /// none has. Records of the same items go out of older pages.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn fold_seen(
        &self,
        key: &SeenKey,
        today: i64,
        limits: FoldLimits,
        random: &dyn Random,
    ) -> Result<Option<SeenFold>, StoreError> {
        let Some(day) = self.foldable_day(today, limits)? else {
            return Ok(None);
        };
        let rows =
            self.seen_rows_where("day = ?1 ORDER BY id LIMIT ?2", (day, limits.records_max))?;
        let tags = rows.iter().map(|row| row.tag).collect();
        let replaced = self.take_out_of_pages(key, &tags, random)?;
        let records: Vec<SeenRecord> = rows
            .iter()
            .map(|row| row.open(key))
            .collect::<Result<_, _>>()?;
        self.insert_seen_page(key, day, &records, random)?;
        if let Some(last) = rows.last() {
            self.connection.execute(
                "DELETE FROM seen_rows WHERE day = ?1 AND id <= ?2",
                (day, last.id),
            )?;
        }
        Ok(Some(SeenFold {
            records: records.len() as u64,
            replaced,
        }))
    }

    /// Writes a page. No item may stand in it twice, nor in another page.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_seen_page(
        &self,
        key: &SeenKey,
        day: i64,
        records: &[SeenRecord],
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO seen_pages (day, records, hashes) VALUES (?1, 0, 0)",
            [day],
        )?;
        self.fill_page(key, self.connection.last_insert_rowid(), records, random)
    }

    /// Takes the records of these items out of every page; returns how many those were.
    pub(super) fn take_out_of_pages(
        &self,
        key: &SeenKey,
        tags: &HashSet<SeenTag>,
        random: &dyn Random,
    ) -> Result<u64, StoreError> {
        let mut taken = 0;
        for page in self.seen_pages()? {
            let held = self.seen_part(page.id, SeenPart::Tags)?.open(key)?;
            let (held, _) = held.as_chunks::<TAG_BYTES>();
            let is_out = |tag: &[u8; TAG_BYTES]| tags.contains(&SeenTag(*tag));
            let out = held.iter().filter(|tag| is_out(tag)).count();
            if out == 0 {
                continue;
            }
            let mut records = self.page_records(key, page.id)?;
            let mut kept = held.iter().map(|tag| !is_out(tag));
            records.retain(|_| kept.next().unwrap_or(true));
            if records.is_empty() {
                self.connection
                    .execute("DELETE FROM seen_pages WHERE id = ?1", [page.id])?;
            } else {
                self.fill_page(key, page.id, &records, random)?;
            }
            taken += out as u64;
        }
        Ok(taken)
    }

    /// The day whose rows become a page next.
    fn foldable_day(&self, today: i64, limits: FoldLimits) -> Result<Option<i64>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT day, count(*) FROM seen_rows GROUP BY day ORDER BY day")?;
        let days = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for day in days {
            let (day, rows): (i64, u32) = day?;
            let is_over = day < today && rows >= limits.records_min.max(1);
            if is_over || rows >= limits.records_max {
                return Ok(Some(day));
            }
        }
        Ok(None)
    }

    fn fill_page(
        &self,
        key: &SeenKey,
        page: i64,
        records: &[SeenRecord],
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        let mut hashes = 0;
        for part in SeenPart::ALL {
            let mut bytes = Zeroizing::new(Vec::new());
            for record in records {
                match part {
                    SeenPart::Entries => record.write_entry(&mut bytes),
                    SeenPart::Tags => bytes.extend_from_slice(&key.tag(&record.item_id).0),
                    SeenPart::Values(algorithm) => record.write_values(algorithm, &mut bytes),
                }
            }
            if part == SeenPart::Values(Algorithm::Pdq) {
                hashes = bytes.len() / Algorithm::Pdq.bytes();
            }
            let sealed = key.seal(&part.binding(page), &bytes, random);
            self.connection
                .prepare_cached(
                    "INSERT INTO seen_parts (page_id, part, sealed) VALUES (?1, ?2, ?3)
                     ON CONFLICT (page_id, part) DO UPDATE SET sealed = excluded.sealed",
                )?
                .execute((page, part.name(), sealed))?;
        }
        self.connection.execute(
            "UPDATE seen_pages SET records = ?2, hashes = ?3 WHERE id = ?1",
            (page, records.len() as u64, hashes as u64),
        )?;
        Ok(())
    }

    fn page_records(&self, key: &SeenKey, page: i64) -> Result<Vec<SeenRecord>, StoreError> {
        let entries = self.seen_part(page, SeenPart::Entries)?.open(key)?;
        let mut opened = Vec::with_capacity(Algorithm::ALL.len());
        for algorithm in Algorithm::ALL {
            opened.push(
                self.seen_part(page, SeenPart::Values(algorithm))?
                    .open(key)?,
            );
        }
        let mut values: [&[u8]; 4] = std::array::from_fn(|place| opened[place].as_slice());
        let (mut rest, mut records) = (entries.as_slice(), Vec::new());
        let mut next = || {
            let entry = RawEntry::read(&mut rest)?.entry()?;
            SeenRecord::put_together(entry, &mut values)
        };
        while let Some(record) = next() {
            records.push(record);
        }
        if rest.is_empty() && values.iter().all(|left| left.is_empty()) {
            Ok(records)
        } else {
            Err(StoreError::Value {
                place: "seen_parts.sealed",
            })
        }
    }
}

const TAG_BYTES: usize = 16;
