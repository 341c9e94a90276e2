//! Animations: which frames are looked at, and how.

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
    let wanted = chosen(session, count, "frames");
    let mut rest = wanted.iter().copied().peekable();
    for (index, frame) in (0..).zip(frames) {
        session.check_time()?;
        let frame = frame.map_err(|error| session.reason(&error))?;
        if rest.next_if_eq(&index).is_some() {
            let buffer = frame.into_buffer();
            let layout =
                Layout::from_image(buffer.dimensions(), ColorType::Rgba8, buffer.into_raw())?;
            views::visit(session, Place::Frame(index + 1), &layout, orientation);
        }
        if rest.peek().is_none() {
            return Ok(());
        }
    }
    Err(Reason::Damaged)
}

/// The indices to look at, counted from 0, with a note where some are left out.
pub(crate) fn chosen(session: &mut Session<'_>, count: u32, noun: &str) -> Vec<u32> {
    let indices = spread(count, session.budget.limits.frames_max);
    if (indices.len() as u64) < u64::from(count) {
        let note = format!("hashed {} of {count} {noun}", indices.len());
        session.notes.push(note);
    }
    indices
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
