//! The four box passes over tiles of `N` × `N` pixels, for any [`Isa`].
//!
//! `N` rows are taken in at a time. A batch is walked from left to right in tiles of `N`
//! columns, and a tile goes through all passes while it is in registers: luma; turned, so
//! that a lane is a row, through the pass along the rows; turned back, so that a lane is a
//! column, through the pass down the columns; turned once more through the second pass along
//! the rows, of which only the picked columns are kept. When the batch is through, the 64
//! picked columns of its rows take the last pass.
//!
//! Every pass counts in steps from its first input. A mean of a window belongs to the value
//! `lead` steps before its last one, so it leaves its pass that much later; instead of
//! shifting values back, all positions after a pass are `lead` steps further on, and after
//! both passes of one direction twice as much. Steps before and behind the picture carry
//! zeros: adding or subtracting zero changes no sum, so there are no special cases at the
//! edges except the divisor, which is what [`Axis::divisors`] gives.

use super::RowKind;
use super::lanes::{Divisor, Isa};
use super::sampling::{SAMPLE, Sampler, lead, sampled, window};

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
pub(super) struct Tiled<I: Isa<N>, const N: usize> {
    isa: I,
    kind: RowKind,
    width: usize,
    across: Axis<N>,
    down: Axis<N>,
    first: Ring<I, N>,
    second: Ring<I, N>,
    /// For each tile its last window of rows.
    rows: Vec<I::Group>,
    /// For each tile the sums of its columns.
    sums: Vec<I::Group>,
    /// At which step the second pass along a row gives the picked column, and what the sum is
    /// divided by.
    picks: [(usize, f32); SAMPLE],
    last: LastPass,
    /// Rows taken in, zeros behind the picture included.
    step: usize,
}

impl<I: Isa<N>, const N: usize> Tiled<I, N> {
    pub(super) fn new(isa: I, width: usize, height: usize, kind: RowKind) -> Self {
        let (across, down) = (Axis::new(width), Axis::new(height));
        let tiles = across.steps().div_ceil(N);
        let zero = isa.splat(0.0);
        Self {
            isa,
            kind,
            width,
            first: Ring::new(isa, across.window),
            second: Ring::new(isa, across.window),
            rows: vec![zero; tiles * down.window],
            sums: vec![zero; tiles],
            picks: std::array::from_fn(|k| across.pick(k)),
            last: LastPass::new(height),
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

    /// Takes `N` rows through all passes.
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
        let pixels = rows_of::<N>(pixels, self.width * BYTES);
        let down = Steps::new(self.step, &self.down);
        let mut first = AlongRows::new(isa, &mut self.first);
        let mut second = AlongRows::new(isa, &mut self.second);
        let mut picked = Picked::new(&self.picks);
        let windows = self.rows.chunks_exact_mut(self.down.window);
        for (tile, (window, sum)) in windows.zip(&mut self.sums).enumerate() {
            let step = tile * N;
            prefetch::<I, N>(isa, ahead, step * N * BYTES, N * N * BYTES);
            let luma = luma_tile::<I, N, BYTES>(isa, &pixels, self.width, step);
            let columns = isa.transpose(luma);
            let columns = if self.across.is_full(step) {
                first.means(isa, step, columns, &self.across.full)
            } else {
                first.means(isa, step, columns, &self.across.edge_divisors(step))
            };
            let rows = down_columns(isa, isa.transpose(columns), window, &down, sum);
            let columns = second.sums(isa, step, isa.transpose(rows));
            picked.take(isa, step, columns);
        }
        self.last.batch(&picked.columns, &down, self.step);
        self.step += N;
    }
}

/// The pixels of each row.
#[inline(always)]
fn rows_of<const N: usize>(pixels: &[u8], row_bytes: usize) -> [&[u8]; N] {
    std::array::from_fn(|k| &pixels[k * row_bytes..(k + 1) * row_bytes])
}

/// Asks for `length` bytes from `from` on, as far as they are there.
#[inline(always)]
fn prefetch<I: Isa<N>, const N: usize>(isa: I, bytes: &[u8], from: usize, length: usize) {
    for at in (from..from + length).step_by(CACHE_LINE) {
        if let Some(byte) = bytes.get(at) {
            isa.prefetch(byte);
        }
    }
}

/// The luma of `N` rows from column `first` on; zero behind the picture.
#[inline(always)]
fn luma_tile<I: Isa<N>, const N: usize, const BYTES: usize>(
    isa: I,
    rows: &[&[u8]; N],
    width: usize,
    first: usize,
) -> [I::Group; N] {
    let mut block = [isa.splat(0.0); N];
    if first + N <= width {
        unrolled!(k < N, {
            block[k] = luma::<I, N, BYTES>(isa, &rows[k][first * BYTES..][..N * BYTES]);
        });
    } else if first < width {
        for (group, row) in block.iter_mut().zip(rows) {
            let rest = &row[first * BYTES..];
            let mut padded = [0; GROUP_BYTES_MAX];
            padded[..rest.len()].copy_from_slice(rest);
            *group = luma::<I, N, BYTES>(isa, &padded[..N * BYTES]);
        }
    }
    block
}

/// The luma of `N` pixels.
#[inline(always)]
fn luma<I: Isa<N>, const N: usize, const BYTES: usize>(isa: I, pixels: &[u8]) -> I::Group {
    if BYTES == 1 {
        isa.luma_of_grey(pixels)
    } else {
        isa.luma_of_rgb(pixels)
    }
}

/// The last columns that the pass along the rows has seen: a power of two of them, each at
/// its step modulo that. The first `N` stand behind the end once more, so that any `N` that
/// follow each other are one slice.
struct Ring<I: Isa<N>, const N: usize> {
    columns: Vec<I::Group>,
    mask: usize,
    window: usize,
}

impl<I: Isa<N>, const N: usize> Ring<I, N> {
    fn new(isa: I, window: usize) -> Self {
        let length = (window + N).next_power_of_two();
        Self {
            columns: vec![isa.splat(0.0); length + N],
            mask: length - 1,
            window,
        }
    }

    /// Puts `N` columns in; `step` is a multiple of `N`.
    #[inline(always)]
    fn put(&mut self, step: usize, columns: &[I::Group; N]) {
        let at = step & self.mask;
        self.columns[at..at + N].copy_from_slice(columns);
        if at == 0 {
            let behind = self.mask + 1;
            self.columns[behind..behind + N].copy_from_slice(columns);
        }
    }

    /// The columns that leave the window in the `N` steps from `step` on.
    #[inline(always)]
    fn leaving(&self, step: usize) -> &[I::Group; N] {
        let at = step.wrapping_sub(self.window) & self.mask;
        self.columns[at..]
            .first_chunk()
            .expect("N stand behind any place")
    }
}

/// The pass along `N` rows at once: a lane is a row, a group a column.
struct AlongRows<'a, I: Isa<N>, const N: usize> {
    ring: &'a mut Ring<I, N>,
    sum: I::Group,
}

impl<'a, I: Isa<N>, const N: usize> AlongRows<'a, I, N> {
    #[inline(always)]
    fn new(isa: I, ring: &'a mut Ring<I, N>) -> Self {
        let sum = isa.splat(0.0);
        ring.columns.fill(sum);
        Self { ring, sum }
    }

    /// For each column the sum of the window that ends with it.
    #[inline(always)]
    fn sums(&mut self, isa: I, step: usize, mut block: [I::Group; N]) -> [I::Group; N] {
        self.ring.put(step, &block);
        let leaving = self.ring.leaving(step);
        unrolled!(k < N, {
            self.sum = isa.sub(isa.add(self.sum, block[k]), leaving[k]);
            block[k] = self.sum;
        });
        block
    }

    /// For each column the mean of the window that ends with it.
    #[inline(always)]
    fn means(
        &mut self,
        isa: I,
        step: usize,
        block: [I::Group; N],
        divisors: &[Divisor; N],
    ) -> [I::Group; N] {
        let mut block = self.sums(isa, step, block);
        unrolled!(k < N, {
            block[k] = isa.divide(block[k], &divisors[k]);
        });
        block
    }
}

/// The steps down that a batch takes.
struct Steps<const N: usize> {
    /// Where each row has its place in a window.
    slots: [usize; N],
    divisors: [Divisor; N],
}

impl<const N: usize> Steps<N> {
    fn new(step: usize, down: &Axis<N>) -> Self {
        Self {
            slots: std::array::from_fn(|k| (step + k) % down.window),
            divisors: if down.is_full(step) {
                down.full
            } else {
                down.edge_divisors(step)
            },
        }
    }
}

/// The pass down `N` columns at once: a lane is a column, a group a row. Gives the means.
#[inline(always)]
fn down_columns<I: Isa<N>, const N: usize>(
    isa: I,
    mut block: [I::Group; N],
    window: &mut [I::Group],
    steps: &Steps<N>,
    sum_kept: &mut I::Group,
) -> [I::Group; N] {
    let mut sum = *sum_kept;
    unrolled!(k < N, {
        let kept = &mut window[steps.slots[k]];
        sum = isa.sub(isa.add(sum, block[k]), *kept);
        *kept = block[k];
        block[k] = isa.divide(sum, &steps.divisors[k]);
    });
    *sum_kept = sum;
    block
}

/// The 64 columns that are picked from a batch.
struct Picked<'a, const N: usize> {
    picks: &'a [(usize, f32)],
    columns: [[f32; N]; SAMPLE],
}

impl<'a, const N: usize> Picked<'a, N> {
    #[inline(always)]
    fn new(picks: &'a [(usize, f32); SAMPLE]) -> Self {
        Self {
            picks,
            columns: [[0.0; N]; SAMPLE],
        }
    }

    /// Keeps the means of those of these sums that are picked.
    #[inline(always)]
    fn take<I: Isa<N>>(&mut self, isa: I, step: usize, block: [I::Group; N]) {
        while let [(at, size), rest @ ..] = self.picks
            && *at < step + N
        {
            let column = &mut self.columns[SAMPLE - self.picks.len()];
            *column = isa.lanes(block[at - step]).map(|sum| sum / size);
            self.picks = rest;
        }
    }
}

/// The second pass down the columns, of the 64 picked ones.
struct LastPass {
    lead: usize,
    height: usize,
    /// The last window of rows.
    rows: Vec<[f32; SAMPLE]>,
    sums: [f32; SAMPLE],
    sampler: Sampler,
}

impl LastPass {
    fn new(height: usize) -> Self {
        let window = window(height);
        Self {
            lead: lead(window),
            height,
            rows: vec![[0.0; SAMPLE]; window],
            sums: [0.0; SAMPLE],
            sampler: Sampler::new(height),
        }
    }

    /// Takes `N` rows, given as 64 columns, and keeps those that are in the sample.
    #[inline(always)]
    fn batch<const N: usize>(
        &mut self,
        columns: &[[f32; N]; SAMPLE],
        steps: &Steps<N>,
        step: usize,
    ) {
        for (k, &slot) in steps.slots.iter().enumerate() {
            let kept = self.rows[slot].iter_mut();
            for ((sum, kept), column) in self.sums.iter_mut().zip(kept).zip(columns) {
                *sum += column[k];
                *sum -= *kept;
                *kept = column[k];
            }
            if let Some(row) = (step + k).checked_sub(2 * self.lead) {
                self.keep(row);
            }
        }
    }

    /// Hands the sums around a row on, where the row is in the sample.
    #[inline(always)]
    fn keep(&mut self, row: usize) {
        if self.sampler.wants_next() {
            let size = size_of(row, self.height) as f32;
            self.sampler.push(&self.sums.map(|sum| sum / size));
        } else {
            self.sampler.skip();
        }
    }
}

/// The box filter in one direction.
struct Axis<const N: usize> {
    side: usize,
    window: usize,
    lead: usize,
    /// Where all steps of a tile have a full window.
    full: [Divisor; N],
}

impl<const N: usize> Axis<N> {
    fn new(side: usize) -> Self {
        let window = window(side);
        Self {
            side,
            window,
            lead: lead(window),
            full: [Divisor::new(window); N],
        }
    }

    /// Until the last mean leaves the second pass.
    fn steps(&self) -> usize {
        self.side + 2 * self.lead
    }

    /// Whether the next `N` sums of the first pass are all of a full window.
    #[inline(always)]
    fn is_full(&self, step: usize) -> bool {
        step + 1 >= self.window && step + N <= self.side
    }

    /// What the next `N` sums of the first pass are divided by, anywhere.
    #[inline(never)]
    fn edge_divisors(&self, step: usize) -> [Divisor; N] {
        std::array::from_fn(|k| match (step + k).checked_sub(self.lead) {
            Some(place) if place < self.side => Divisor::new(size_of(place, self.side)),
            Some(_) | None => Divisor::NOTHING,
        })
    }

    /// At which step the second pass gives sample `k`, and from how many values.
    fn pick(&self, k: usize) -> (usize, f32) {
        let place = sampled(k, self.side);
        (place + 2 * self.lead, size_of(place, self.side) as f32)
    }
}

/// How many values the window around a place holds.
fn size_of(place: usize, side: usize) -> usize {
    let window = window(side);
    let end = place + lead(window) + 1;
    end.min(side) - end.saturating_sub(window)
}

/// Bytes that memory is fetched by.
const CACHE_LINE: usize = 64;
/// Bytes of the largest group of pixels.
const GROUP_BYTES_MAX: usize = 3 * 16;
