//! The four box passes over tiles of `N` × `N` pixels, for any [`Isa`].
//!
//! `N` rows are taken in at a time. A batch is walked from left to right in tiles of `N`
//! columns, and a tile goes through all passes while it is near: luma; turned, so that a lane
//! is a row, through the pass along the rows; turned back, so that a lane is a column, through
//! the pass down the columns; turned once more through the second pass along the rows, of
//! which only the picked columns are kept. When the batch is through, the 64 picked columns
//! of its rows take the last pass.
//!
//! A pass is a chain of additions of which each waits for the one before. So that the
//! processor always has something else to do, the passes work on three tiles in lockstep:
//! the second is one tile behind the first, the third one behind the second. The two tiles
//! behind are two tiles more of steps, in which, as everywhere outside the picture, all is
//! zero.

use super::super::RowKind;
use super::super::sampling::{SAMPLE, Sampler};
use super::axis::Axis;
use super::lanes::{Divisor, Isa};
use super::passes::{AlongRows, LastPass, Picked, Ring, StepsDown};

/// The block once for each `k` below a constant, sixteen at most. A loop would leave it to the
/// optimiser whether a tile stays in registers; for some bodies it decides against.
macro_rules! unrolled {
    ($k:ident < $n:expr, $body:block) => {
        unrolled!(@ $k, $n, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $k:ident, $n:expr, $body:block, $($at:literal)*) => {
        $(if $at < $n {
            let $k: usize = $at;
            $body
        })*
    };
}

/// A picture on its way through the filter. Its memory is one window of rows of floats and
/// some kilobytes.
#[derive(Clone)]
pub(super) struct Tiled<I: Isa<N>, const N: usize> {
    isa: I,
    kind: RowKind,
    width: usize,
    across: Axis<I, N>,
    down: Axis<I, N>,
    first: Ring<I, N>,
    second: Ring<I, N>,
    /// For each tile its last window of rows.
    rows: Vec<I::Group>,
    /// For each tile the sums of its columns.
    sums: Vec<I::Group>,
    /// At which step the second pass along a row gives the picked column, and what the sum is
    /// divided by.
    picks: [(usize, f32); SAMPLE],
    between: Between<I::Group, N>,
    last: LastPass<I, N>,
    thousand: I::Divisor,
    /// Rows taken in, zeros behind the picture included.
    step: usize,
}

/// What the passes hand on to the tile behind.
#[derive(Clone, Copy)]
struct Between<G, const N: usize> {
    /// Means along the rows: `N` columns.
    across: [G; N],
    /// Means of those down the columns: `N` rows.
    down: [G; N],
    /// Sums of those along the rows: `N` columns.
    sums: [G; N],
}

impl<I: Isa<N>, const N: usize> Tiled<I, N> {
    pub(super) fn new(isa: I, width: usize, height: usize, kind: RowKind) -> Self {
        let (across, down) = (Axis::new(isa, width), Axis::new(isa, height));
        let tiles = across.steps().div_ceil(N) + TILES_BEHIND;
        let zero = isa.splat(0.0);
        Self {
            isa,
            kind,
            width,
            first: Ring::new(isa, across.window),
            second: Ring::new(isa, across.window),
            rows: vec![zero; tiles * down.window],
            sums: vec![zero; tiles],
            picks: std::array::from_fn(|k| {
                let (step, size) = across.pick(k);
                (step + TILES_BEHIND * N, size)
            }),
            between: Between {
                across: [zero; N],
                down: [zero; N],
                sums: [zero; N],
            },
            last: LastPass::new(isa, height, &down),
            thousand: isa.divisor(&Divisor::THOUSAND),
            step: 0,
            across,
            down,
        }
    }

    /// Whether rows of zeros have to follow before the sample is complete.
    pub(super) fn wants_more(&self) -> bool {
        self.step < self.down.steps()
    }

    pub(super) fn into_sampler(self) -> Sampler {
        self.last.sampler
    }

    /// Takes `N` rows through all passes; `ahead` is what will be read next.
    #[inline(always)]
    pub(super) fn batch(&mut self, pixels: &[u8], ahead: &[u8]) {
        match self.kind {
            RowKind::Luma8 => self.batch_of::<1>(pixels, ahead),
            RowKind::Rgb8 => self.batch_of::<3>(pixels, ahead),
        }
    }

    /// [`Self::batch`] for pictures of so many bytes a pixel.
    #[inline(always)]
    fn batch_of<const BYTES: usize>(&mut self, pixels: &[u8], ahead: &[u8]) {
        let isa = self.isa;
        let pixels = Rows::<BYTES> {
            pixels,
            width: self.width,
        };
        let down = StepsDown::new(self.step, &self.down);
        let mut first = AlongRows::new(isa, &mut self.first);
        let mut second = AlongRows::new(isa, &mut self.second);
        let mut picked = Picked::new(&self.picks);
        let between = &mut self.between;
        let windows = self.rows.chunks_exact_mut(self.down.window);
        for (tile, (window, sum)) in windows.zip(&mut self.sums).enumerate() {
            let step = tile * N;
            prefetch::<I, N>(isa, ahead, step * N * BYTES, N * N * BYTES);
            let luma = pixels.luma_tile(isa, &self.thousand, step);
            first.put(step, isa.transpose(luma));
            second.put(step, isa.transpose(between.down));
            let mut passes = Passes {
                first: &mut first,
                divisors: self.across.divisors(tile),
                rows: isa.transpose(between.across),
                down: &down,
                window,
                sum,
                second: &mut second,
            };
            if picked.wants(step) {
                passes.run::<true>(isa, step, between);
                picked.take(isa, step, &between.sums);
            } else {
                passes.run::<false>(isa, step, between);
            }
        }
        self.last.batch(isa, &picked.columns, &down, self.step);
        self.step += N;
    }
}

/// Three passes, each before its next tile.
struct Passes<'a, 'b, I: Isa<N>, const N: usize> {
    first: &'a mut AlongRows<'b, I, N>,
    divisors: &'a [I::Divisor; N],
    rows: [I::Group; N],
    down: &'a StepsDown<'b, I, N>,
    window: &'a mut [I::Group],
    sum: &'a mut I::Group,
    second: &'a mut AlongRows<'b, I, N>,
}

impl<I: Isa<N>, const N: usize> Passes<'_, '_, I, N> {
    /// Takes all three `N` steps further. The sums of the last are only kept where asked for.
    #[inline(always)]
    fn run<const KEEP: bool>(&mut self, isa: I, step: usize, to: &mut Between<I::Group, N>) {
        let (mut sum, mut sum_down, mut sum_again) = (self.first.sum, *self.sum, self.second.sum);
        let (entering, leaving) = self.first.ends(step);
        let (entering_again, leaving_again) = self.second.ends(step);
        unrolled!(k < N, {
            sum = isa.sub(isa.add(sum, entering[k]), leaving[k]);
            to.across[k] = isa.divide(sum, &self.divisors[k]);
            let row = self.rows[k];
            let left = self.down.exchange(k, self.window, row);
            sum_down = isa.sub(isa.add(sum_down, row), left);
            to.down[k] = isa.divide(sum_down, &self.down.divisors[k]);
            sum_again = isa.sub(isa.add(sum_again, entering_again[k]), leaving_again[k]);
            if KEEP {
                to.sums[k] = sum_again;
            }
        });
        (self.first.sum, *self.sum, self.second.sum) = (sum, sum_down, sum_again);
    }
}

/// Rows of so many bytes a pixel, without gaps.
struct Rows<'a, const BYTES: usize> {
    pixels: &'a [u8],
    width: usize,
}

impl<'a, const BYTES: usize> Rows<'a, BYTES> {
    /// The luma of `N` rows from column `first` on; zero behind the picture.
    #[inline(always)]
    fn luma_tile<I: Isa<N>, const N: usize>(
        &self,
        isa: I,
        thousand: &I::Divisor,
        first: usize,
    ) -> [I::Group; N] {
        let mut block = [isa.splat(0.0); N];
        let whole = self.part(N - 1, first, N).is_some();
        if whole {
            unrolled!(k < N, {
                if let Some(pixels) = self.part(k, first, N) {
                    block[k] = Self::luma(isa, thousand, pixels);
                }
            });
        } else if first < self.width {
            for (k, group) in block.iter_mut().enumerate() {
                let rest = self.part(k, first, self.width - first).unwrap_or(&[]);
                let mut padded = [0; GROUP_BYTES_MAX];
                padded[..rest.len()].copy_from_slice(rest);
                *group = Self::luma(isa, thousand, &padded[..N * BYTES]);
            }
        }
        block
    }

    /// `count` pixels of row `k` from column `first` on, if they are all there.
    #[inline(always)]
    fn part(&self, k: usize, first: usize, count: usize) -> Option<&'a [u8]> {
        if first + count > self.width {
            return None;
        }
        let from = (k * self.width + first) * BYTES;
        self.pixels.get(from..from + count * BYTES)
    }

    /// The luma of `N` pixels.
    #[inline(always)]
    fn luma<I: Isa<N>, const N: usize>(isa: I, thousand: &I::Divisor, pixels: &[u8]) -> I::Group {
        if BYTES == 1 {
            isa.luma_of_grey(pixels)
        } else {
            isa.luma_of_rgb(pixels, thousand)
        }
    }
}

/// Asks for `length` bytes from `from` on, whether they are there or not.
#[inline(always)]
fn prefetch<I: Isa<N>, const N: usize>(isa: I, bytes: &[u8], from: usize, length: usize) {
    let from = bytes.as_ptr().wrapping_add(from);
    for at in 0..length / CACHE_LINE {
        isa.prefetch(from.wrapping_add(at * CACHE_LINE));
    }
}

/// How many tiles the last of the three passes is behind the first.
const TILES_BEHIND: usize = 2;
/// Bytes that memory is fetched by.
const CACHE_LINE: usize = 64;
/// Bytes of the largest group of pixels.
const GROUP_BYTES_MAX: usize = 3 * 16;
