//! The passes over a batch of `N` rows.

use super::super::sampling::{SAMPLE, Sampler};
use super::axis::{Axis, size_of};
use super::lanes::Isa;

/// The last columns that a pass along the rows has seen: a power of two of them, each at its
/// step modulo that. The first `N` stand behind the end once more, so that any `N` that follow
/// each other are one slice.
#[derive(Clone)]
pub(super) struct Ring<I: Isa<N>, const N: usize> {
    columns: Vec<I::Group>,
    mask: usize,
    window: usize,
}

impl<I: Isa<N>, const N: usize> Ring<I, N> {
    pub(super) fn new(isa: I, window: usize) -> Self {
        let length = (window + N).next_power_of_two().max(4 * N);
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

    /// The `N` columns from a step on.
    #[inline(always)]
    fn from(&self, step: usize) -> &[I::Group; N] {
        let from = &self.columns[step & self.mask..];
        from.first_chunk()
            .expect("N columns stand behind any place")
    }
}

/// A pass along `N` rows at once: a lane is a row, a group a column.
pub(super) struct AlongRows<'a, I: Isa<N>, const N: usize> {
    ring: &'a mut Ring<I, N>,
    pub(super) sum: I::Group,
}

impl<'a, I: Isa<N>, const N: usize> AlongRows<'a, I, N> {
    #[inline(always)]
    pub(super) fn new(isa: I, ring: &'a mut Ring<I, N>) -> Self {
        let sum = isa.splat(0.0);
        ring.columns.fill(sum);
        Self { ring, sum }
    }

    /// Puts the next `N` columns in; `step` is a multiple of `N`.
    #[inline(always)]
    pub(super) fn put(&mut self, step: usize, columns: [I::Group; N]) {
        self.ring.put(step, &columns);
    }

    /// The columns that enter the window in the next `N` steps, and those that leave it.
    #[inline(always)]
    pub(super) fn ends(&self, step: usize) -> (&[I::Group; N], &[I::Group; N]) {
        // The compiler is not to know that the columns entering are those just put in: it would
        // keep them in registers, of which there are too few, and store them twice.
        let entering = self.ring.from(std::hint::black_box(step));
        let leaving = self.ring.from(step.wrapping_sub(self.ring.window));
        (entering, leaving)
    }
}

/// The steps down that a batch takes.
pub(super) struct StepsDown<'a, I: Isa<N>, const N: usize> {
    /// Where each row has its place among the window's.
    slots: [usize; N],
    window: usize,
    pub(super) divisors: &'a [I::Divisor; N],
}

impl<'a, I: Isa<N>, const N: usize> StepsDown<'a, I, N> {
    /// `step` is a multiple of `N`.
    pub(super) fn new(step: usize, down: &'a Axis<I, N>) -> Self {
        Self {
            slots: std::array::from_fn(|k| (step + k) % down.window),
            window: down.window,
            divisors: down.divisors(step / N),
        }
    }

    /// Puts row `k` in the place of the one that leaves the window, which is returned.
    #[inline(always)]
    pub(super) fn exchange(&self, k: usize, window: &mut [I::Group], row: I::Group) -> I::Group {
        assert!(window.len() == self.window, "a window is whole");
        // SAFETY: every slot is a remainder of a division by `self.window`, the slice's length.
        let kept = unsafe { window.get_unchecked_mut(self.slots[k]) };
        std::mem::replace(kept, row)
    }
}

/// The 64 columns that are picked from a batch.
pub(super) struct Picked<'a, const N: usize> {
    picks: &'a [(usize, f32)],
    pub(super) columns: [[f32; N]; SAMPLE],
}

impl<'a, const N: usize> Picked<'a, N> {
    #[inline(always)]
    pub(super) fn new(picks: &'a [(usize, f32); SAMPLE]) -> Self {
        Self {
            picks,
            columns: [[0.0; N]; SAMPLE],
        }
    }

    /// Whether a pick lies in the `N` steps from `step` on.
    #[inline(always)]
    pub(super) fn wants(&self, step: usize) -> bool {
        self.picks.first().is_some_and(|&(at, _)| at < step + N)
    }

    /// Keeps the means of those of these sums that are picked.
    #[inline(always)]
    pub(super) fn take<I: Isa<N>>(&mut self, isa: I, step: usize, sums: &[I::Group; N]) {
        while let [(at, size), rest @ ..] = self.picks
            && *at < step + N
        {
            let column = &mut self.columns[SAMPLE - self.picks.len()];
            *column = isa.lanes(sums[at - step]).map(|sum| sum / size);
            self.picks = rest;
        }
    }
}

/// The second pass down the columns, of the 64 picked ones.
#[derive(Clone)]
pub(super) struct LastPass<I: Isa<N>, const N: usize> {
    lead: usize,
    height: usize,
    /// For each part of the columns the last window of rows.
    rows: Vec<I::Group>,
    /// For each part the sums of its columns.
    sums: Vec<I::Group>,
    pub(super) sampler: Sampler,
}

impl<I: Isa<N>, const N: usize> LastPass<I, N> {
    pub(super) fn new(isa: I, height: usize, down: &Axis<I, N>) -> Self {
        let zero = isa.splat(0.0);
        Self {
            lead: down.lead,
            height,
            rows: vec![zero; SAMPLE / N * down.window],
            sums: vec![zero; SAMPLE / N],
            sampler: Sampler::new(height),
        }
    }

    /// Takes `N` rows, given as 64 columns, and keeps those that are in the sample.
    #[inline(always)]
    pub(super) fn batch(
        &mut self,
        isa: I,
        columns: &[[f32; N]; SAMPLE],
        down: &StepsDown<'_, I, N>,
        step: usize,
    ) {
        let mut sums = [[0.0; SAMPLE]; N];
        let windows = self.rows.chunks_exact_mut(down.window).zip(&mut self.sums);
        for (part, (window, sum)) in windows.enumerate() {
            let mut block = [*sum; N];
            for (group, column) in block.iter_mut().zip(&columns[part * N..]) {
                *group = isa.group(column);
            }
            let rows = isa.transpose(block);
            for (k, (&row, sums)) in rows.iter().zip(&mut sums).enumerate() {
                *sum = isa.sub(isa.add(*sum, row), down.exchange(k, window, row));
                sums[part * N..][..N].copy_from_slice(&isa.lanes(*sum));
            }
        }
        for (k, sums) in sums.iter().enumerate() {
            if let Some(row) = (step + k).checked_sub(2 * self.lead) {
                self.keep(row, sums);
            }
        }
    }

    /// Hands the means around a row on, where the row is in the sample.
    #[inline(always)]
    fn keep(&mut self, row: usize, sums: &[f32; SAMPLE]) {
        if self.sampler.wants_next() {
            let size = size_of(row, self.height) as f32;
            self.sampler.push(&sums.map(|sum| sum / size));
        } else {
            self.sampler.skip();
        }
    }
}
