//! PDQ of a picture whose rows come one after the other.

use super::PdqOutput;
use super::filter::Filter;
use super::kernel::Kernel;
use super::sampling::SIDE_MIN;
use super::transform::output;

/// How a pixel is stored in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// One byte: grey.
    Luma8,
    /// Three bytes: red, green, blue.
    Rgb8,
}

impl RowKind {
    /// Bytes a pixel.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Luma8 => 1,
            Self::Rgb8 => 3,
        }
    }
}

/// Takes the rows of one picture from the top and gives its PDQ.
///
/// It holds a batch of rows of pixels, sixteen at most, and one window of rows of floats,
/// `height / 128` of them.
pub struct PdqStream {
    row_bytes: usize,
    rows_missing: usize,
    filter: Box<dyn Filter + Send>,
    /// Rows that do not make a batch yet.
    pending: Vec<u8>,
    batch_bytes: usize,
}

impl PdqStream {
    /// A stream for a picture of `width` × `height` pixels; `None` where a side is below 5
    /// pixels, as in the reference, or above 2²⁶.
    #[must_use]
    pub fn new(width: usize, height: usize, kind: RowKind) -> Option<Self> {
        Self::with_kernel(Kernel::best(), width, height, kind)
    }

    /// The same with a kernel of the caller's choice; `None` also where it does not run here.
    #[must_use]
    pub fn with_kernel(kernel: Kernel, width: usize, height: usize, kind: RowKind) -> Option<Self> {
        if width.min(height) < SIDE_MIN || width.max(height) > SIDE_MAX {
            return None;
        }
        let filter = kernel.filter(width, height, kind)?;
        let row_bytes = width * kind.bytes();
        Some(Self {
            row_bytes,
            rows_missing: height,
            pending: Vec::new(),
            batch_bytes: row_bytes * filter.batch_rows(),
            filter,
        })
    }

    /// The most memory that a stream for such a picture holds, in bytes, with any kernel.
    #[must_use]
    pub fn bytes_max(width: usize, height: usize, kind: RowKind) -> u64 {
        let (width, height) = (width as u64, height as u64);
        // Behind the last column follow half a window of steps and two tiles, twice.
        let columns = width + width / 128 + 64;
        let floats = columns * (height.div_ceil(128) + 1) * 4;
        let divisors = (width + height) * 2;
        // Rows that do not make a batch are copied while their memory grows.
        let batch = width * kind.bytes() as u64 * BATCH_ROWS_MAX * 2;
        floats + divisors + batch + FIXED_BYTES
    }

    /// Takes the next row.
    ///
    /// # Panics
    /// Where `row` is not one row long, or all rows were taken before.
    pub fn push_row(&mut self, row: &[u8]) {
        assert_eq!(row.len(), self.row_bytes, "one row has another length");
        self.push_rows(row);
    }

    /// Takes several rows without gaps between them. Whole batches that start where a batch
    /// does are not copied: sixteen rows, or a multiple, from the first row on always are.
    ///
    /// # Panics
    /// Where `rows` is not a whole number of rows, or more of them than are missing.
    pub fn push_rows(&mut self, rows: &[u8]) {
        let count = rows.len() / self.row_bytes;
        assert_eq!(
            rows.len(),
            count * self.row_bytes,
            "rows have another length"
        );
        assert!(count <= self.rows_missing, "the picture has no more rows");
        self.rows_missing -= count;
        let mut rows = self.complete_pending(rows);
        while let Some((now, rest)) = rows.split_at_checked(self.batch_bytes) {
            self.filter.take(now, rest);
            rows = rest;
        }
        self.pending.extend_from_slice(rows);
    }

    /// The PDQ of the picture; `None` where rows are missing.
    #[must_use]
    pub fn finish(mut self) -> Option<PdqOutput> {
        if self.rows_missing > 0 {
            return None;
        }
        while self.filter.wants_more() {
            self.pending.resize(self.batch_bytes, 0);
            self.filter.take(&self.pending, &[]);
            self.pending.clear();
        }
        Some(output(&self.filter.into_sampler().values))
    }

    /// Takes what is pending through as soon as it makes a batch; gives the rows that are left.
    fn complete_pending<'a>(&mut self, rows: &'a [u8]) -> &'a [u8] {
        if self.pending.is_empty() {
            return rows;
        }
        let missing = self.batch_bytes - self.pending.len();
        let (now, rest) = rows.split_at(missing.min(rows.len()));
        self.pending.extend_from_slice(now);
        if self.pending.len() == self.batch_bytes {
            self.filter.take(&self.pending, &[]);
            self.pending.clear();
        }
        rest
    }
}

impl Clone for PdqStream {
    /// A second stream that has taken the same rows, for a picture that differs below them.
    fn clone(&self) -> Self {
        Self {
            row_bytes: self.row_bytes,
            rows_missing: self.rows_missing,
            filter: self.filter.copied(),
            pending: self.pending.clone(),
            batch_bytes: self.batch_bytes,
        }
    }
}

/// Rows that the widest kernel takes at once.
const BATCH_ROWS_MAX: u64 = 16;
/// The sample, the picked columns, rings of small pictures.
const FIXED_BYTES: u64 = 64 << 10;
/// Sides up to here are hashed: windows stay far below [`super::lanes::Divisor::MAX`].
const SIDE_MAX: usize = 1 << 26;
