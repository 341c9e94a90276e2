//! The four box passes over tiles of 16 × 16 pixels, for any [`Isa`].
//!
//! Sixteen rows are taken in at a time. A batch is walked from left to right in tiles of
//! sixteen columns, and a tile goes through all passes while it is in registers: luma;
//! turned, so that a lane is a row, through the pass along the rows; turned back, so that a
//! lane is a column, through the pass down the columns; turned once more through the second
//! pass along the rows, of which only the picked columns are kept. When the batch is
//! through, the 64 picked columns of its rows take the last pass.
//!
//! Every pass counts in steps from its first input. A mean of a window belongs to the value
//! `lead` steps before its last one, so it leaves its pass that much later; instead of
//! shifting values back, all positions after a pass are `lead` steps further on, and after
//! both passes of one direction twice as much. Steps before and behind the picture carry
//! zeros: adding or subtracting zero changes no sum, so there are no special cases at the
//! edges except the divisor, which is what [`Axis::divisors`] gives.

use super::RowKind;
use super::lanes::{Divisor, Isa, LANES, Lanes};
use super::sampling::{SAMPLE, Sampler, lead, sampled, window};

/// A picture on its way through the filter. Its memory: 16 rows of bytes, one window of rows
/// of floats, and some kilobytes.
pub(super) struct Tiled {
    kind: RowKind,
    width: usize,
    across: Axis,
    down: Axis,
    along_first: Vec<Lanes>,
    along_second: Vec<Lanes>,
    /// For each tile its last window of rows.
    rows: Vec<Lanes>,
    /// For each tile the sums of its columns.
    sums: Vec<Lanes>,
    /// At which step the second pass along a row gives the picked column, and what the sum is
    /// divided by.
    picks: [(usize, f32); SAMPLE],
    picked: [Lanes; SAMPLE],
    last: LastPass,
    /// Rows taken in, zeros behind the picture included.
    step: usize,
}

/// Sixteen rows to take in, and what takes them.
pub(super) struct Batch<'a> {
    filter: &'a mut Tiled,
    pixels: &'a [u8],
}

impl Tiled {
    pub(super) fn new(width: usize, height: usize, kind: RowKind) -> Self {
        let (across, down) = (Axis::new(width), Axis::new(height));
        let tiles = across.steps().div_ceil(LANES);
        let ring = vec![Lanes::ZERO; (across.window + LANES).next_power_of_two()];
        Self {
            kind,
            width,
            along_first: ring.clone(),
            along_second: ring,
            rows: vec![Lanes::ZERO; tiles * down.window],
            sums: vec![Lanes::ZERO; tiles],
            picks: std::array::from_fn(|k| across.pick(k)),
            picked: [Lanes::ZERO; SAMPLE],
            last: LastPass::new(height),
            step: 0,
            across,
            down,
        }
    }

    /// Sixteen rows for [`batch`], without gaps.
    pub(super) fn take<'a>(&'a mut self, pixels: &'a [u8]) -> Batch<'a> {
        assert_eq!(pixels.len(), LANES * self.width * self.kind.bytes());
        Batch {
            filter: self,
            pixels,
        }
    }

    /// Whether rows of zeros have to follow before the sample is complete.
    pub(super) fn wants_more(&self) -> bool {
        self.step < self.down.steps()
    }

    pub(super) fn into_sampler(self) -> Sampler {
        self.last.sampler
    }
}

/// Takes one batch through all passes.
#[inline(always)]
pub(super) fn batch<I: Isa>(isa: I, on: Batch<'_>) {
    match on.filter.kind {
        RowKind::Luma8 => batch_of::<I, 1>(isa, on),
        RowKind::Rgb8 => batch_of::<I, 3>(isa, on),
    }
}

/// [`batch`] for pictures of so many bytes a pixel.
#[inline(always)]
fn batch_of<I: Isa, const BYTES: usize>(isa: I, on: Batch<'_>) {
    let Batch { filter, pixels } = on;
    let across = &filter.across;
    let mut first = AlongRows::new(isa, &mut filter.along_first, across.window);
    let mut second = AlongRows::new(isa, &mut filter.along_second, across.window);
    let slots: [usize; LANES] = std::array::from_fn(|k| (filter.step + k) % filter.down.window);
    let down_divisors = filter.down.divisors(filter.step);
    let tiles = filter
        .rows
        .chunks_exact_mut(filter.down.window)
        .zip(&mut filter.sums);
    let mut picks = filter.picks.iter().zip(&mut filter.picked).peekable();
    for (tile, (rows, sums)) in tiles.enumerate() {
        let step = tile * LANES;
        let mut block = luma_tile::<I, BYTES>(isa, pixels, filter.width, step);
        isa.transpose(&mut block);
        first.sums(isa, step, &mut block);
        divide(isa, &mut block, &across.divisors(step));
        isa.transpose(&mut block);
        down_columns(isa, &mut block, rows, &slots, sums);
        divide(isa, &mut block, &down_divisors);
        isa.transpose(&mut block);
        second.sums(isa, step, &mut block);
        while let Some((&(at, size), to)) = picks.next_if(|&(&(at, _), _)| at < step + LANES) {
            isa.store(block[at - step], to);
            to.0 = to.0.map(|sum| sum / size);
        }
    }
    filter.last.batch(isa, &filter.picked, filter.step, &slots);
    filter.step += LANES;
}

/// The luma of sixteen rows from column `first` on; zero behind the picture.
#[inline(always)]
fn luma_tile<I: Isa, const BYTES: usize>(
    isa: I,
    pixels: &[u8],
    width: usize,
    first: usize,
) -> [I::Group; LANES] {
    let mut block = [isa.splat(0.0); LANES];
    if first + LANES <= width {
        for (group, row) in block.iter_mut().zip(pixels.chunks_exact(width * BYTES)) {
            *group = luma::<I, BYTES>(isa, &row[first * BYTES..][..LANES * BYTES]);
        }
    } else if first < width {
        for (group, row) in block.iter_mut().zip(pixels.chunks_exact(width * BYTES)) {
            let rest = &row[first * BYTES..];
            let mut padded = [0; LANES * 3];
            padded[..rest.len()].copy_from_slice(rest);
            *group = luma::<I, BYTES>(isa, &padded[..LANES * BYTES]);
        }
    }
    block
}

/// The luma of sixteen pixels.
#[inline(always)]
fn luma<I: Isa, const BYTES: usize>(isa: I, pixels: &[u8]) -> I::Group {
    if BYTES == 1 {
        isa.luma_of_grey(pixels.first_chunk().expect("sixteen pixels"))
    } else {
        isa.luma_of_rgb(pixels.first_chunk().expect("sixteen pixels"))
    }
}

#[inline(always)]
fn divide<I: Isa>(isa: I, block: &mut [I::Group; LANES], divisors: &[Divisor; LANES]) {
    for (group, divisor) in block.iter_mut().zip(divisors) {
        *group = isa.divide(*group, divisor);
    }
}

/// The pass along sixteen rows at once: a lane is a row, a group a column.
struct AlongRows<'a, I: Isa> {
    /// The last columns, at their step modulo the length, which is a power of two.
    ring: &'a mut [Lanes],
    window: usize,
    sum: I::Group,
}

impl<'a, I: Isa> AlongRows<'a, I> {
    #[inline(always)]
    fn new(isa: I, ring: &'a mut [Lanes], window: usize) -> Self {
        ring.fill(Lanes::ZERO);
        let sum = isa.splat(0.0);
        Self { ring, window, sum }
    }

    /// Puts the sum of the window that ends with it in the place of each column.
    #[inline(always)]
    fn sums(&mut self, isa: I, step: usize, block: &mut [I::Group; LANES]) {
        let mask = self.ring.len() - 1;
        for (k, group) in block.iter_mut().enumerate() {
            let place = step + k;
            let left = place.wrapping_sub(self.window) & mask;
            isa.store(*group, &mut self.ring[place & mask]);
            let left = isa.load(&self.ring[left]);
            self.sum = isa.sub(isa.add(self.sum, *group), left);
            *group = self.sum;
        }
    }
}

/// The pass down sixteen columns at once: a lane is a column, a group a row.
#[inline(always)]
fn down_columns<I: Isa>(
    isa: I,
    block: &mut [I::Group; LANES],
    rows: &mut [Lanes],
    slots: &[usize; LANES],
    sums: &mut Lanes,
) {
    let mut sum = isa.load(sums);
    for (group, &slot) in block.iter_mut().zip(slots) {
        let kept = &mut rows[slot];
        let left = isa.load(kept);
        isa.store(*group, kept);
        sum = isa.sub(isa.add(sum, *group), left);
        *group = sum;
    }
    isa.store(sum, sums);
}

/// The second pass down the columns, of the 64 picked ones.
struct LastPass {
    axis: Axis,
    /// The last window of rows.
    rows: Vec<[Lanes; SAMPLE / LANES]>,
    sums: [Lanes; SAMPLE / LANES],
    sampler: Sampler,
}

impl LastPass {
    fn new(height: usize) -> Self {
        let axis = Axis::new(height);
        Self {
            rows: vec![[Lanes::ZERO; SAMPLE / LANES]; axis.window],
            sums: [Lanes::ZERO; SAMPLE / LANES],
            sampler: Sampler::new(height),
            axis,
        }
    }

    /// Takes sixteen rows, given as 64 columns, and keeps those that are in the sample.
    #[inline(always)]
    fn batch<I: Isa>(
        &mut self,
        isa: I,
        picked: &[Lanes; SAMPLE],
        step: usize,
        slots: &[usize; LANES],
    ) {
        let mut sums = [[Lanes::ZERO; SAMPLE / LANES]; LANES];
        for (part, columns) in picked.as_chunks::<LANES>().0.iter().enumerate() {
            let mut block = [isa.splat(0.0); LANES];
            for (group, column) in block.iter_mut().zip(columns) {
                *group = isa.load(column);
            }
            isa.transpose(&mut block);
            let mut sum = isa.load(&self.sums[part]);
            for (k, (group, &slot)) in block.iter().zip(slots).enumerate() {
                let kept = &mut self.rows[slot][part];
                sum = isa.sub(isa.add(sum, *group), isa.load(kept));
                isa.store(*group, kept);
                isa.store(sum, &mut sums[k][part]);
            }
            isa.store(sum, &mut self.sums[part]);
        }
        self.keep(step, &sums);
    }

    /// Hands the rows of sums on that belong to a row of the picture.
    fn keep(&mut self, step: usize, sums: &[[Lanes; SAMPLE / LANES]; LANES]) {
        for (k, sums) in sums.iter().enumerate() {
            let Some(row) = (step + k).checked_sub(2 * self.axis.lead) else {
                continue;
            };
            if self.sampler.wants_next() {
                let size = self.axis.size_of(row) as f32;
                let means = std::array::from_fn(|c| sums[c / LANES].0[c % LANES] / size);
                self.sampler.push(&means);
            } else {
                self.sampler.skip();
            }
        }
    }
}

/// The box filter in one direction.
struct Axis {
    side: usize,
    window: usize,
    lead: usize,
    /// Where all steps of a tile have a full window.
    full: [Divisor; LANES],
}

impl Axis {
    fn new(side: usize) -> Self {
        let window = window(side);
        Self {
            side,
            window,
            lead: lead(window),
            full: [Divisor::new(window); LANES],
        }
    }

    /// Until the last mean leaves the second pass.
    fn steps(&self) -> usize {
        self.side + 2 * self.lead
    }

    /// How many values the window around a place holds.
    fn size_of(&self, place: usize) -> usize {
        let end = place + self.lead + 1;
        end.min(self.side) - end.saturating_sub(self.window)
    }

    /// What the sums of the first pass are divided by from a step on.
    #[inline(always)]
    fn divisors(&self, step: usize) -> [Divisor; LANES] {
        if step + 1 >= self.window && step + LANES <= self.side {
            self.full
        } else {
            self.edge_divisors(step)
        }
    }

    #[inline(never)]
    fn edge_divisors(&self, step: usize) -> [Divisor; LANES] {
        std::array::from_fn(|k| match (step + k).checked_sub(self.lead) {
            Some(place) if place < self.side => Divisor::new(self.size_of(place)),
            Some(_) | None => Divisor::NOTHING,
        })
    }

    /// At which step the second pass gives sample `k`, and from how many values.
    fn pick(&self, k: usize) -> (usize, f32) {
        let place = sampled(k, self.side);
        (place + 2 * self.lead, self.size_of(place) as f32)
    }
}
