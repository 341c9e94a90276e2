//! Orientations: what a tag asks for, and how pixels move.

use image::metadata::Orientation;
use seawall_core::Turn;

/// The orientation that an Exif block asks for; none where it does not say.
pub(crate) fn from_exif(exif: &[u8]) -> Orientation {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(tiff).unwrap_or(Orientation::NoTransforms)
}

/// The orientation whose picture is turned this way.
pub(crate) fn of_turn(turn: Turn) -> Orientation {
    match turn {
        Turn::Turned90 => Orientation::Rotate90,
        Turn::Turned180 => Orientation::Rotate180,
        Turn::Turned270 => Orientation::Rotate270,
        Turn::Mirrored => Orientation::FlipHorizontal,
        // A mirror changes the sense of the quarter turns before or after it.
        Turn::Mirrored90 => Orientation::Rotate270FlipH,
        Turn::Mirrored180 => Orientation::FlipVertical,
        Turn::Mirrored270 => Orientation::Rotate90FlipH,
    }
}

/// How pixels move: rows may become columns first, then each row and the order of rows may be
/// reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turning {
    pub(crate) transposed: bool,
    /// Left and right change places.
    pub(crate) across: bool,
    /// Top and bottom change places.
    pub(crate) down: bool,
}

impl Turning {
    /// Nothing moves.
    pub(crate) const NONE: Self = Self {
        transposed: false,
        across: false,
        down: false,
    };

    pub(crate) fn of(orientation: Orientation) -> Self {
        let (transposed, across, down) = match orientation {
            Orientation::NoTransforms => (false, false, false),
            Orientation::FlipHorizontal => (false, true, false),
            Orientation::FlipVertical => (false, false, true),
            Orientation::Rotate180 => (false, true, true),
            Orientation::Rotate90FlipH => (true, false, false),
            Orientation::Rotate90 => (true, true, false),
            Orientation::Rotate270 => (true, false, true),
            Orientation::Rotate270FlipH => (true, true, true),
        };
        Self {
            transposed,
            across,
            down,
        }
    }

    /// This turn and then another one.
    pub(crate) fn then(self, next: Self) -> Self {
        // Where rows become columns, the two flips change places.
        let (across, down) = if next.transposed {
            (self.down, self.across)
        } else {
            (self.across, self.down)
        };
        Self {
            transposed: self.transposed != next.transposed,
            across: across != next.across,
            down: down != next.down,
        }
    }

    /// The orientation with this turn.
    pub(crate) fn orientation(self) -> Orientation {
        let numbers = 1..=8;
        let mut all = numbers.filter_map(Orientation::from_exif);
        all.find(|&orientation| Self::of(orientation) == self)
            .unwrap_or(Orientation::NoTransforms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::Shown;

    #[test]
    fn one_turn_after_another_is_one_turn() {
        let picture = seawall_testkit::picture(37, 51, 3);
        let all = || (1..=8).filter_map(Orientation::from_exif);
        for first in all() {
            assert_eq!(Turning::of(first).orientation(), first);
            let turned = Shown::plain(&picture)
                .turned(first)
                .to_pixels()
                .into_owned();
            for second in all() {
                let both = Turning::of(first).then(Turning::of(second)).orientation();
                let expected = Shown::plain(&turned).turned(second).to_pixels();
                assert!(Shown::plain(&picture).turned(both).to_pixels() == expected);
            }
        }
    }
}
