//! Lists of hashes: plain text or CSV, as partners and tools write them.
//!
//! One bad row never stops a list: it is named by its line and the rest is loaded.
//!
//! **Plain text**, one hash a line, of either case:
//! - `HEX` alone: 32 digits are MD5, 40 SHA-1, 64 PDQ;
//! - `ALGORITHM:HEX`, `ALGORITHM,HEX` or `ALGORITHM HEX`, the algorithm being `pdq`, `md5`,
//!   `sha1` or `sha256`, or `video_md5` as HMA calls an MD5;
//! - `HEX,note` and `HEX note`;
//! - what `md5sum`, `sha1sum` and `sha256sum` write: `HEX`, two blanks or a blank and a star,
//!   a file name. There, 64 digits are SHA-256;
//! - what they write with `--tag`: `SHA256 (name) = HEX`.
//!
//! Digits alone do not say which kind they are, so the rows of a list that name no algorithm
//! are all taken to be of one kind, the one that most of them have: in a list of PDQ values
//! a row of 32 digits is half a hash, not an MD5. A list of several kinds has to name them.
//! Where nothing comes of a wrong guess, [`parse_lookups`] goes by each row's own length.
//!
//! **CSV** with a header that names its columns: `hash` (or `value`, `signal`) with or without
//! `algorithm` (or `type`), or one column for each of `pdq`, `md5`, `sha1`, `sha256`; beside
//! them `quality` and `note` (or `name`, `file`, `comment`). A PDQ value whose quality is below
//! the floor is set aside, since the reference does not use those.
//!
//! Byte-order mark, CR LF, blanks around a row, empty lines, lines that start with `#`, and a
//! missing end of the last line are no faults.

pub(crate) mod csv;
pub(crate) mod plain;

use std::fmt;

use seawall_core::{Algorithm, Hash, HashError, Quality};

use crate::feed::{Fingerprint, Media};
use crate::intake::{self, QuarantineReason};
use csv::Header;
use plain::Unnamed;

/// A list as read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashList {
    /// The rows that are hashes.
    pub rows: Vec<ListRow>,
    /// The rows that are none.
    pub rejected: Vec<RejectedRow>,
    /// Rows that were read and are not used: PDQ values that stand for blank pictures and
    /// would match those, or that rest on too little detail.
    pub set_aside: Vec<SetAsideRow>,
}

/// One hash of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct ListRow {
    /// The line in the file, counted from 1.
    pub line: u64,
    /// The hash.
    pub hash: Hash,
    /// The quality that the list states, for PDQ.
    pub quality: Option<Quality>,
    /// What else the row says, such as a file name.
    pub note: Option<String>,
}

impl fmt::Debug for ListRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListRow(line {}, {:?})", self.line, self.hash)
    }
}

/// One row that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectedRow {
    /// The line in the file, counted from 1.
    pub line: u64,
    /// Why.
    pub reason: RejectReason,
}

impl fmt::Display for RejectedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// One row that was read and is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetAsideRow {
    /// The line in the file, counted from 1.
    pub line: u64,
    /// Why.
    pub reason: SetAsideReason,
}

impl fmt::Display for SetAsideRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Why a row could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectReason {
    /// A number of digits that the kind of hash does not have, or no kind has.
    #[error("no hash of this kind has {digits} digits")]
    Length {
        /// How many there are.
        digits: usize,
    },
    /// A character that is no hexadecimal digit.
    #[error("a character is no hexadecimal digit")]
    Digit,
    /// An algorithm that is not known.
    #[error("the algorithm is not known")]
    Algorithm,
    /// The row has no hash where its columns say there is one.
    #[error("there is no hash in the row")]
    Missing,
    /// A quotation mark that is not closed on its line.
    #[error("a quotation mark is not closed on its line")]
    Quote,
    /// Bytes that are no UTF-8 text.
    #[error("the row is not UTF-8 text")]
    NotText,
}

/// Why a row is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetAsideReason {
    /// A PDQ value of 256 zeros.
    #[error("all zeros, which would match blank pictures")]
    AllZeros,
    /// A PDQ value of 256 ones.
    #[error("all ones, which would match blank pictures")]
    AllOnes,
    /// A PDQ value whose listed quality is below the floor.
    #[error("its quality is below 50, which the reference does not use")]
    LowQuality,
}

/// Reads a list. It never fails as a whole: bytes that are no list come back as rejected rows.
#[must_use]
pub fn parse(bytes: &[u8]) -> HashList {
    read(bytes, Unnamed::AsMost)
}

/// Reads a list of hashes to look up. It differs from [`parse`] in one thing: a row without a
/// name is of the kind that has so many digits, whatever the other rows are.
#[must_use]
pub fn parse_lookups(bytes: &[u8]) -> HashList {
    read(bytes, Unnamed::ByLength)
}

fn read(bytes: &[u8], unnamed: Unnamed) -> HashList {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut list = HashList::default();
    let mut lines = Vec::new();
    for (line, bytes) in (1..).zip(lines_of(bytes)) {
        match std::str::from_utf8(bytes).map(str::trim) {
            Ok(text) if text.is_empty() || text.starts_with('#') => {}
            Ok(text) => lines.push((line, text)),
            Err(_) => list.reject(line, RejectReason::NotText),
        }
    }
    match lines.first().and_then(|&(_, text)| Header::read(text)) {
        Some(header) => csv::parse(&mut list, &header, &lines[1..]),
        None => plain::parse(&mut list, &lines, unnamed),
    }
    list.rejected.sort_by_key(|row| row.line);
    list
}

impl HashList {
    fn reject(&mut self, line: u64, reason: RejectReason) {
        self.rejected.push(RejectedRow { line, reason });
    }

    /// Takes a row in, or sets it aside.
    fn add(&mut self, row: ListRow) {
        match SetAsideReason::of(&row) {
            Some(reason) => self.set_aside.push(SetAsideRow {
                line: row.line,
                reason,
            }),
            None => self.rows.push(row),
        }
    }
}

impl SetAsideReason {
    /// Of what [`intake`] holds back, a plain list sets aside these PDQ values alone: nobody is
    /// asked about its rows, so that only what is sure is left out.
    fn of(row: &ListRow) -> Option<Self> {
        let Hash::Pdq(_) = row.hash else {
            return None;
        };
        let fingerprint = Fingerprint::Hash {
            hash: row.hash,
            media: Media::Image,
            quality: row.quality,
        };
        match intake::check(&fingerprint)? {
            QuarantineReason::AllZeros => Some(Self::AllZeros),
            QuarantineReason::AllOnes => Some(Self::AllOnes),
            QuarantineReason::LowQuality => Some(Self::LowQuality),
            QuarantineReason::NearlyBlank
            | QuarantineReason::Pattern
            | QuarantineReason::Nothing => row
                .quality
                .is_some_and(|quality| !quality.is_usable())
                .then_some(Self::LowQuality),
        }
    }
}

impl From<HashError> for RejectReason {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Length { digits, .. } => Self::Length { digits },
            // The enum is open; what it holds beside a length is about its digits.
            _ => Self::Digit,
        }
    }
}

/// The lines, ended by LF, CR LF or CR. What follows the last end is a line if it has bytes.
fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.get(1..))
            .unwrap_or_default();
        Some(line)
    })
}

/// The algorithm with this name, however it is written: `SHA-256`, `sha_256`, `PDQ hash`. HMA's
/// `video_md5` is the MD5 of a file.
pub(crate) fn algorithm(name: &str) -> Option<Algorithm> {
    match plain_name(name).as_str() {
        "videomd5" => Some(Algorithm::Md5),
        name => Algorithm::from_name(name.strip_suffix("hash").unwrap_or(name)),
    }
}

/// A name without case, blanks, hyphens and underscores.
pub(crate) fn plain_name(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// The kind of hash that has this many digits when nothing else is said.
fn by_length(digits: usize) -> Option<Algorithm> {
    match digits {
        32 => Some(Algorithm::Md5),
        40 => Some(Algorithm::Sha1),
        64 => Some(Algorithm::Pdq),
        _ => None,
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests;
