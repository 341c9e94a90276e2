//! Lists of hashes: plain text or CSV.

use seawall_core::Hash;

/// A list as read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashList {
    /// The rows that are hashes.
    pub rows: Vec<ListRow>,
    /// The rows that are none.
    pub rejected: Vec<RejectedRow>,
    /// PDQ values of all zeros or all ones: they stand for blank pictures and would match those.
    pub set_aside: Vec<SetAsideRow>,
}

/// One hash of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// The line in the file, counted from 1.
    pub line: u64,
    /// The hash.
    pub hash: Hash,
    /// What else the row says, such as a file name.
    pub note: Option<String>,
}

/// One row that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectedRow {
    /// The line in the file, counted from 1.
    pub line: u64,
    /// Why.
    pub reason: RejectReason,
}

/// One row that was read and is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetAsideRow {
    /// The line in the file, counted from 1.
    pub line: u64,
    /// Why.
    pub reason: SetAsideReason,
}

/// Why a row could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// No hash of any kind has this many digits.
    Length {
        /// How many there are.
        digits: usize,
    },
    /// A character that is no hexadecimal digit.
    Digit,
    /// An algorithm that is not known.
    Algorithm,
    /// The row has no hash where its columns say there is one.
    Missing,
    /// Not text.
    NotText,
}

/// Why a row is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetAsideReason {
    /// A PDQ value of 256 zeros.
    AllZeros,
    /// A PDQ value of 256 ones.
    AllOnes,
    /// A PDQ value whose listed quality is below the floor.
    LowQuality,
}

/// Reads a list.
#[must_use]
pub fn parse(_bytes: &[u8]) -> HashList {
    HashList::default()
}
