//! Borders of one colour: the bars above, below or beside a picture that a player, an editor
//! or a screenshot added.

use seawall_core::Pixels;

/// A part of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: usize,
    pub(crate) top: usize,
    /// Behind the last column.
    pub(crate) right: usize,
    /// Behind the last row.
    pub(crate) bottom: usize,
}

/// What is left inside the borders; `None` where there are none or nothing is left.
///
/// Each side may have its own colour, and a border may lie inside another one.
pub(crate) fn inside(pixels: &Pixels) -> Option<Area> {
    let whole = Area::whole(pixels);
    let mut area = whole;
    for _ in 0..ROUNDS_MAX {
        let before = area;
        area = without_bars(pixels, area)?;
        area = without_pillars(pixels, area)?;
        if area == before {
            break;
        }
    }
    (area != whole).then_some(area)
}

impl Area {
    /// All of it.
    pub(crate) fn whole(pixels: &Pixels) -> Self {
        Self {
            left: 0,
            top: 0,
            right: pixels.width(),
            bottom: pixels.height(),
        }
    }

    pub(crate) fn width(self) -> usize {
        self.right - self.left
    }

    pub(crate) fn height(self) -> usize {
        self.bottom - self.top
    }

    fn is_large_enough(self) -> bool {
        self.width() >= SIDE_MIN && self.height() >= SIDE_MIN
    }
}

fn without_bars(pixels: &Pixels, area: Area) -> Option<Area> {
    let width = area.right - area.left;
    let line = |row: usize| (0..width).map(move |x| at(pixels, area.left + x, row));
    let (top, bottom) = trimmed(area.top, area.bottom, width, line);
    let area = Area {
        top,
        bottom,
        ..area
    };
    area.is_large_enough().then_some(area)
}

fn without_pillars(pixels: &Pixels, area: Area) -> Option<Area> {
    let height = area.bottom - area.top;
    let line = |column: usize| (0..height).map(move |y| at(pixels, column, area.top + y));
    let (left, right) = trimmed(area.left, area.right, height, line);
    let area = Area {
        left,
        right,
        ..area
    };
    area.is_large_enough().then_some(area)
}

/// The range without the lines at either end that are of the colour of the outermost one.
fn trimmed<'p, L: Iterator<Item = &'p [u8]>>(
    start: usize,
    end: usize,
    length: usize,
    line: impl Fn(usize) -> L,
) -> (usize, usize) {
    let is_border = |number: usize, colour: &[u8]| {
        let odd_max = length / ODD_SHARE;
        let odd = line(number).filter(|pixel| !is_near(pixel, colour));
        odd.take(odd_max + 1).count() <= odd_max
    };
    // The colour in the middle of the edge: corners may be rounded or marked.
    let colour_of = |number: usize| line(number).nth(length / 2).unwrap_or_default();
    let first = colour_of(start);
    let start = (start..end)
        .find(|&number| !is_border(number, first))
        .unwrap_or(end);
    if start == end {
        return (end, end);
    }
    let last = colour_of(end - 1);
    let kept = (start..end)
        .rev()
        .find(|&number| !is_border(number, last))
        .unwrap_or(start);
    (start, kept + 1)
}

fn at(pixels: &Pixels, x: usize, y: usize) -> &[u8] {
    let channels = pixels.kind().bytes();
    let place = (y * pixels.width() + x) * channels;
    &pixels.data()[place..place + channels]
}

fn is_near(pixel: &[u8], colour: &[u8]) -> bool {
    let mut pairs = pixel.iter().zip(colour);
    pairs.all(|(&a, &b)| a.abs_diff(b) <= TOLERANCE)
}

/// How far a value may be from the border's colour: what JPEG does to a flat area.
const TOLERANCE: u8 = 20;
/// One pixel in so many of a line may be of any colour: dust, a watermark's edge.
const ODD_SHARE: usize = 100;
/// Below this there is no hash.
const SIDE_MIN: usize = 5;
/// Borders inside borders.
const ROUNDS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::Shown;
    use seawall_testkit::{bordered, flat, grey, picture};

    fn unbordered(pixels: &Pixels) -> Pixels {
        let area = inside(pixels).expect("a border");
        Shown::plain(pixels).cropped(area).to_pixels().into_owned()
    }

    #[test]
    fn bars_and_pillars_of_any_colour_are_found() {
        let inner = picture(64, 48, 3);
        for (margins, colour) in [
            ([0, 10, 0, 10], [0, 0, 0]),
            ([12, 0, 12, 0], [255, 255, 255]),
            ([5, 9, 1, 2], [200, 30, 90]),
            ([0, 0, 0, 7], [0, 255, 0]),
        ] {
            let framed = bordered(&inner, margins, colour);
            assert!(unbordered(&framed) == inner, "{margins:?}");
            let framed = bordered(&bordered(&inner, margins, colour), [3, 0, 4, 0], [9, 9, 9]);
            assert!(unbordered(&framed) == inner);
            let framed = grey(&framed);
            assert!(unbordered(&framed) == grey(&inner));
        }
    }

    #[test]
    fn a_picture_without_a_border_and_a_flat_one_have_none() {
        assert_eq!(inside(&picture(64, 48, 3)), None);
        assert_eq!(inside(&flat(64, 48, [9, 9, 9])), None);
        assert_eq!(inside(&flat(1, 1, [9, 9, 9])), None);
    }
}
