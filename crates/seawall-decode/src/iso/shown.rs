//! What a viewer makes of a stored picture: a window of it, turned.

use super::Container;
use super::Item;
use super::reader::Reader;
use crate::border::Area;
use crate::orientation::Turning;

/// Width and height.
type Size = (usize, usize);

impl Container<'_> {
    /// The window of the stored pixels that is shown, where it is not all of them. The
    /// properties are followed in their order: a window may be one of the turned picture.
    pub(crate) fn window(&self, chain: &[&Item], (width, height): Size) -> Option<Area> {
        let whole = Area {
            left: 0,
            top: 0,
            right: width,
            bottom: height,
        };
        let mut area = whole;
        let mut turning = Turning::NONE;
        let steps = chain.iter().flat_map(|item| self.properties_of(item));
        for (kind, content) in steps {
            if kind == *b"clap" {
                area = within(area, turning, content)?;
            } else if let Some(step) = super::turn(kind, content) {
                turning = turning.then(Turning::of(step));
            }
        }
        (area != whole).then_some(area)
    }
}

/// A window of an area that was turned, in the places from before the turn; `None` where it
/// does not lie inside.
fn within(area: Area, turning: Turning, content: &[u8]) -> Option<Area> {
    let mut content = Reader::new(content);
    let mut number = || Some((content.u32()?, content.u32()?));
    let (width, height) = (number()?, number()?);
    let (across, down) = (number()?, number()?);
    let full = if turning.transposed {
        (area.height(), area.width())
    } else {
        (area.width(), area.height())
    };
    let columns = span(full.0, width, across)?;
    let rows = span(full.1, height, down)?;
    let columns = flipped(columns, full.0, turning.across);
    let rows = flipped(rows, full.1, turning.down);
    let (columns, rows) = if turning.transposed {
        (rows, columns)
    } else {
        (columns, rows)
    };
    Some(Area {
        left: area.left + columns.0,
        right: area.left + columns.1,
        top: area.top + rows.0,
        bottom: area.top + rows.1,
    })
}

/// Start and end of a window of `extent` whose middle lies `offset` from the middle of `full`,
/// both fractions, the offset with a sign (ISO/IEC 14496-12, 12.1.4); to whole pixels.
fn span(full: usize, extent: (u32, u32), offset: (u32, u32)) -> Option<(usize, usize)> {
    if extent.1 == 0 || offset.1 == 0 {
        return None;
    }
    let extent = f64::from(extent.0) / f64::from(extent.1);
    let offset = f64::from(offset.0 as i32) / f64::from(offset.1);
    let start = (full as f64 - extent) / 2.0 + offset;
    let (start, end) = (start.round(), (start + extent).round());
    let is_inside = 0.0 <= start && start < end && end <= full as f64;
    is_inside.then_some((start as usize, end as usize))
}

fn flipped((start, end): (usize, usize), full: usize, is_flipped: bool) -> (usize, usize) {
    if is_flipped {
        (full - end, full - start)
    } else {
        (start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::Shown;
    use image::metadata::Orientation;
    use seawall_testkit::picture;

    fn clap(numbers: [u32; 8]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    #[test]
    fn a_window_lies_around_the_middle() {
        assert_eq!(span(10, (4, 1), (0, 1)), Some((3, 7)));
        assert_eq!(span(10, (8, 2), ((-2_i32) as u32, 1)), Some((1, 5)));
        assert_eq!(span(9, (4, 1), (1, 2)), Some((3, 7)));
        for (extent, offset) in [
            ((4, 0), (0, 1)),
            ((4, 1), (0, 0)),
            ((11, 1), (0, 1)),
            ((0, 1), (0, 1)),
            ((4, 1), (4, 1)),
            ((4, 1), ((-4_i32) as u32, 1)),
        ] {
            assert_eq!(span(10, extent, offset), None);
        }
    }

    /// The window of a turned picture, turned, is the same as the turned window of it.
    #[test]
    fn a_window_of_a_turned_picture_is_found_in_the_stored_one() {
        let one = picture(40, 30, 1);
        let content = clap([10, 1, 8, 1, 3, 1, (-2_i32) as u32, 1]);
        let whole = Area::whole(&one);
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).expect("1 to 8");
            let turned = Shown::plain(&one).turned(orientation).to_pixels();
            let direct = within(Area::whole(&turned), Turning::NONE, &content);
            let direct = direct.expect("it lies inside");
            let expected = Shown::plain(&turned).cropped(direct).to_pixels();
            let area = within(whole, Turning::of(orientation), &content);
            let area = area.expect("it lies inside");
            let view = Shown::plain(&one).cropped(area).turned(orientation);
            assert!(view.to_pixels() == expected, "{number}");
        }
    }
}
