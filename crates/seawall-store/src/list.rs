//! Lists within a bank: what came from one source, with a threshold and a switch of its own.

use std::fmt;
use std::str::FromStr;

use rusqlite::{OptionalExtension, Row};
use seawall_core::{BankId, ListId, Threshold, Timestamp};

use crate::{Reader, StoreError, Tx};

/// A list's name: 1 to 64 letters, digits, points, hyphens and underscores of ASCII, starting
/// with a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListName(String);

/// A text that cannot name a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "reading a list's name: use 1 to 64 letters, digits, points, hyphens and underscores, \
     starting with a letter or a digit"
)]
pub struct ListNameError;

impl ListName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ListName {
    type Err = ListNameError;

    fn from_str(text: &str) -> Result<Self, ListNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let starts_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        if starts_well && text.len() <= 64 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ListNameError)
        }
    }
}

/// A list as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its id.
    pub id: ListId,
    /// Its name, unique within its bank.
    pub name: ListName,
    /// Largest PDQ distance that matches; the bank's where there is none.
    pub threshold: Option<Threshold>,
    /// Whether it is matched. It is not where its bank is not.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many contents came with it.
    pub contents: u64,
}

/// New settings of a list; `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListChange {
    /// Largest PDQ distance that matches; an inner `None` takes the bank's again.
    pub threshold: Option<Option<Threshold>>,
    /// Whether it is matched.
    pub enabled: Option<bool>,
}

impl Reader<'_> {
    /// The lists of a bank, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lists(&self, bank: BankId) -> Result<Vec<List>, StoreError> {
        let sql = format!("{SELECT_LIST} WHERE bank_id = ?1 ORDER BY name");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([bank.0], |row| Ok(read_list(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The list of a bank with this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn list(&self, bank: BankId, name: &ListName) -> Result<Option<List>, StoreError> {
        let sql = format!("{SELECT_LIST} WHERE bank_id = ?1 AND name = ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement
            .query_row((bank.0, name.as_str()), |row| Ok(read_list(row)))
            .optional()?
            .transpose()
    }
}

impl Tx<'_> {
    /// The list of a bank with this name; made, enabled and at the bank's threshold, where there
    /// is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ensure_list(&self, bank: BankId, name: &ListName) -> Result<ListId, StoreError> {
        if let Some(list) = self.list(bank, name)? {
            return Ok(list.id);
        }
        self.connection.execute(
            "INSERT INTO lists (bank_id, name, threshold, enabled, created_ms)
             VALUES (?1, ?2, NULL, 1, ?3)",
            (bank.0, name.as_str(), self.at.as_millis()),
        )?;
        let list = ListId(self.connection.last_insert_rowid());
        self.touch_bank(bank)?;
        Ok(list)
    }

    /// Changes a list's settings.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn update_list(
        &self,
        bank: BankId,
        list: ListId,
        change: ListChange,
    ) -> Result<(), StoreError> {
        let threshold = change.threshold.flatten().map(Threshold::bits);
        self.connection.execute(
            "UPDATE lists SET threshold = CASE WHEN ?2 THEN ?3 ELSE threshold END,
                 enabled = coalesce(?4, enabled) WHERE id = ?1",
            (
                list.0,
                change.threshold.is_some(),
                threshold,
                change.enabled,
            ),
        )?;
        self.touch_bank(bank)?;
        Ok(())
    }

    /// Deletes a list with the contents that came with it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete_list(&self, bank: BankId, list: ListId) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM lists WHERE id = ?1", [list.0])?;
        self.touch_bank(bank)?;
        Ok(())
    }
}

fn read_list(row: &Row<'_>) -> Result<List, StoreError> {
    let name: String = row.get("name")?;
    let threshold: Option<u16> = row.get("threshold")?;
    let threshold = threshold.map(|bits| {
        Threshold::new(bits).ok_or(StoreError::Value {
            place: "lists.threshold",
        })
    });
    Ok(List {
        id: ListId(row.get("id")?),
        name: name.parse().map_err(|_| StoreError::Value {
            place: "lists.name",
        })?,
        threshold: threshold.transpose()?,
        enabled: row.get("enabled")?,
        created_at: Timestamp::from_millis(row.get("created_ms")?),
        contents: row.get("contents")?,
    })
}

const SELECT_LIST: &str = "SELECT * FROM lists";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_stand_in_an_address_as_they_are() {
        for good in ["a", "2026-11", "Partner_A.v2", &"x".repeat(64)] {
            assert!(good.parse::<ListName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "-x",
            "a b",
            "a/b",
            "ä",
            "a\n",
            &"x".repeat(65),
        ] {
            assert_eq!(bad.parse::<ListName>(), Err(ListNameError), "{bad}");
        }
    }
}
