//! PDQ of a picture whose rows come one after the other.

use super::PdqOutput;
use super::kernel::{Kernel, Tiles};
use super::lanes::LANES;
use super::sampling::{SAMPLE, SIDE_MIN};
use super::scalar::Scalar;
use super::tiled::Tiled;
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
/// It holds sixteen rows of pixels and one window of rows of floats, `height / 128` of them.
pub struct PdqStream {
    row_bytes: usize,
    rows_missing: usize,
    work: Work,
}

enum Work {
    Scalar(Box<Scalar>),
    Tiled(Box<Pending>),
}

/// A tiled kernel and the rows that do not make a batch yet.
struct Pending {
    tiles: Tiles,
    filter: Tiled,
    pixels: Vec<u8>,
    filled: usize,
}

impl PdqStream {
    /// A stream for a picture of `width` × `height` pixels; `None` where a side is below 5
    /// pixels, as in the reference, or the picture is larger than memory can count.
    #[must_use]
    pub fn new(width: usize, height: usize, kind: RowKind) -> Option<Self> {
        Self::with_kernel(Kernel::best(), width, height, kind)
    }

    /// The same with a kernel of the caller's choice; `None` also where it does not run here.
    #[must_use]
    pub fn with_kernel(kernel: Kernel, width: usize, height: usize, kind: RowKind) -> Option<Self> {
        let row_bytes = width.checked_mul(kind.bytes())?;
        if width.min(height) < SIDE_MIN || width.max(height) > SIDE_MAX {
            return None;
        }
        if !kernel.is_available() {
            return None;
        }
        let tiles = kernel
            .tiles()
            .filter(|_| (width, height) != (SAMPLE, SAMPLE));
        let work = match tiles {
            None => Work::Scalar(Box::new(Scalar::new(width, height, kind))),
            Some(tiles) => Work::Tiled(Box::new(Pending {
                tiles,
                filter: Tiled::new(width, height, kind),
                pixels: vec![0; LANES * row_bytes],
                filled: 0,
            })),
        };
        Some(Self {
            row_bytes,
            rows_missing: height,
            work,
        })
    }

    /// Takes the next row.
    ///
    /// # Panics
    /// Where `row` is not one row long, or all rows were taken before.
    pub fn push_row(&mut self, row: &[u8]) {
        assert_eq!(row.len(), self.row_bytes, "one row has another length");
        self.push_rows(row);
    }

    /// Takes several rows without gaps between them. Batches of sixteen that start at a
    /// multiple of sixteen are not copied.
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
        match &mut self.work {
            Work::Scalar(scalar) => {
                for row in rows.chunks_exact(self.row_bytes) {
                    scalar.push(row);
                }
            }
            Work::Tiled(pending) => pending.push(rows),
        }
    }

    /// The PDQ of the picture; `None` where rows are missing.
    #[must_use]
    pub fn finish(self) -> Option<PdqOutput> {
        if self.rows_missing > 0 {
            return None;
        }
        let sampler = match self.work {
            Work::Scalar(scalar) => scalar.into_sampler(),
            Work::Tiled(pending) => pending.finish().into_sampler(),
        };
        Some(output(&sampler.values))
    }
}

impl Pending {
    fn push(&mut self, mut rows: &[u8]) {
        let batch = self.pixels.len();
        while !rows.is_empty() {
            let rest = if self.filled == 0 && rows.len() >= batch {
                let (now, rest) = rows.split_at(batch);
                self.tiles.batch(self.filter.take(now));
                rest
            } else {
                let (now, rest) = rows.split_at(rows.len().min(batch - self.filled));
                self.pixels[self.filled..self.filled + now.len()].copy_from_slice(now);
                self.filled += now.len();
                rest
            };
            rows = rest;
            if self.filled == batch {
                self.flush();
            }
        }
    }

    /// Takes the rows kept so far through, with zeros behind them.
    fn flush(&mut self) {
        self.pixels[self.filled..].fill(0);
        self.tiles.batch(self.filter.take(&self.pixels));
        self.filled = 0;
    }

    fn finish(mut self) -> Tiled {
        while self.filter.wants_more() {
            self.flush();
        }
        self.filter
    }
}

/// Sides up to here are hashed: windows stay far below [`super::lanes::Divisor::MAX`].
const SIDE_MAX: usize = 1 << 26;
