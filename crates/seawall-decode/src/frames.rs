//! Animations: which frames are looked at, and how.

use std::iter::Peekable;
use std::vec::IntoIter;

use image::metadata::Orientation;
use image::{ColorType, Frame, ImageResult};
use seawall_core::{Place, Reason};

use crate::layout::Layout;
use crate::session::Session;
use crate::views;

/// Hands out frames spread evenly over an animation of `count` frames.
pub(crate) fn visit(
    session: &mut Session<'_>,
    frames: impl Iterator<Item = ImageResult<Frame>>,
    count: u32,
    orientation: Orientation,
) -> Result<(), Reason> {
    let mut chosen = Chosen::of(session, count, "frames");
    let result = visit_chosen(session, frames, &mut chosen, orientation);
    chosen.note(session);
    result
}

fn visit_chosen(
    session: &mut Session<'_>,
    frames: impl Iterator<Item = ImageResult<Frame>>,
    chosen: &mut Chosen,
    orientation: Orientation,
) -> Result<(), Reason> {
    for (index, frame) in (0..).zip(frames) {
        session.check_time()?;
        let frame = frame.map_err(|error| session.reason(&error))?;
        if chosen.takes(index) {
            let buffer = frame.into_buffer();
            let layout =
                Layout::from_image(buffer.dimensions(), ColorType::Rgba8, buffer.into_raw())?;
            views::visit(session, Place::Frame(index + 1), &layout, orientation);
            chosen.hashed += 1;
        }
        if chosen.is_through() {
            return Ok(());
        }
    }
    Err(Reason::Damaged)
}

/// Which frames or pages are looked at, and how many were.
pub(crate) struct Chosen {
    rest: Peekable<IntoIter<u32>>,
    count: u32,
    noun: &'static str,
    /// Those that were handed out.
    pub(crate) hashed: u32,
}

impl Chosen {
    /// Of so many frames or pages.
    pub(crate) fn of(session: &Session<'_>, count: u32, noun: &'static str) -> Self {
        let indices = spread(count, session.budget.limits.frames_max);
        Self {
            rest: indices.into_iter().peekable(),
            count,
            noun,
            hashed: 0,
        }
    }

    /// Whether this one, counted from 0, is looked at. To be asked for each, in order.
    pub(crate) fn takes(&mut self, index: u32) -> bool {
        self.rest.next_if_eq(&index).is_some()
    }

    /// The next one to look at.
    pub(crate) fn next(&mut self) -> Option<u32> {
        self.rest.next()
    }

    /// Whether none is left to look at.
    pub(crate) fn is_through(&mut self) -> bool {
        self.rest.peek().is_none()
    }

    /// Notes how many were handed out, where that is not all of them.
    pub(crate) fn note(&self, session: &mut Session<'_>) {
        let Self {
            hashed,
            count,
            noun,
            ..
        } = self;
        if (1..*count).contains(hashed) {
            session.note(&format!("hashed {hashed} of {count} {noun}"));
        }
    }
}

/// At most `max` of `count` indices, evenly spread, the first and the last among them.
fn spread(count: u32, max: u32) -> Vec<u32> {
    let max = max.max(1);
    if count <= max {
        return (0..count).collect();
    }
    let steps = u64::from(max - 1).max(1);
    let index = |k: u32| u64::from(k) * u64::from(count - 1) / steps;
    (0..max)
        .map(|k| u32::try_from(index(k)).expect("below the count, which is 32 bits"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_are_spread_from_the_first_to_the_last() {
        assert_eq!(spread(3, 32), [0, 1, 2]);
        assert_eq!(spread(120, 4), [0, 39, 79, 119]);
        assert_eq!(spread(120, 1), [0]);
        assert_eq!(spread(0, 32), [0; 0]);
        assert_eq!(spread(5, 0), [0]);
    }

    proptest! {
        #[test]
        fn chosen_indices_rise_and_stay_below_the_count(count: u32, max in 0_u32..200) {
            let indices = spread(count, max);
            prop_assert!(indices.is_sorted_by(|a, b| a < b));
            prop_assert!(indices.iter().all(|&index| index < count));
            prop_assert_eq!(indices.len() as u32, count.min(max.max(1)));
        }
    }
}
