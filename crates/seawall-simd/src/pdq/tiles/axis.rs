//! The box filter in one direction, counted in steps.
//!
//! A mean of a window belongs to the value `lead` steps before its last one, so it leaves its
//! pass that much later. Instead of shifting values back, all positions after a pass are
//! `lead` steps further on, and after both passes of one direction twice as much. Steps before
//! and behind the picture carry zeros: adding or subtracting zero changes no sum, so that the
//! edges differ only in what a sum is divided by.

use super::super::sampling::{lead, sampled, window};
use super::lanes::{Divisor, Isa};

/// One direction: the side, and what the sums of the first pass are divided by.
#[derive(Clone)]
pub(super) struct Axis<I: Isa<N>, const N: usize> {
    side: usize,
    pub(super) window: usize,
    pub(super) lead: usize,
    /// Where all `N` steps have a full window.
    full: [I::Divisor; N],
    /// The tiles before those.
    head: Vec<[I::Divisor; N]>,
    /// The tiles after those; the last stands for all that follow and gives zero.
    tail: Vec<[I::Divisor; N]>,
    tail_first: usize,
}

impl<I: Isa<N>, const N: usize> Axis<I, N> {
    pub(super) fn new(isa: I, side: usize) -> Self {
        let window = window(side);
        let lead = lead(window);
        let head = (window - 1).div_ceil(N);
        let tail_first = head.max(side / N);
        let tail_end = (side + lead).div_ceil(N).max(tail_first);
        let of_tile =
            |tile: usize| std::array::from_fn(|k| isa.divisor(&mean_divisor(tile * N + k, side)));
        Self {
            side,
            window,
            lead,
            full: [isa.divisor(&Divisor::new(window)); N],
            head: (0..head).map(of_tile).collect(),
            tail: (tail_first..=tail_end).map(of_tile).collect(),
            tail_first,
        }
    }

    /// Until the last mean leaves the second pass.
    pub(super) fn steps(&self) -> usize {
        self.side + 2 * self.lead
    }

    /// What the sums of the first pass are divided by in one tile's steps.
    #[inline(always)]
    pub(super) fn divisors(&self, tile: usize) -> &[I::Divisor; N] {
        if let Some(divisors) = self.head.get(tile) {
            divisors
        } else if tile < self.tail_first {
            &self.full
        } else {
            let last = self.tail.len() - 1;
            &self.tail[last.min(tile - self.tail_first)]
        }
    }

    /// At which step the second pass gives sample `k`, and from how many values.
    pub(super) fn pick(&self, k: usize) -> (usize, f32) {
        let place = sampled(k, self.side);
        (place + 2 * self.lead, size_of(place, self.side) as f32)
    }
}

/// How many values the window around a place holds.
pub(super) fn size_of(place: usize, side: usize) -> usize {
    let window = window(side);
    let end = place + lead(window) + 1;
    end.min(side) - end.saturating_sub(window)
}

/// What the sum of the first pass at a step is divided by.
fn mean_divisor(step: usize, side: usize) -> Divisor {
    match step.checked_sub(lead(window(side))) {
        Some(place) if place < side => Divisor::new(size_of(place, side)),
        Some(_) | None => Divisor::NOTHING,
    }
}
