//! One view of a decoded picture, its rows made when they are asked for.
//!
//! Turning, cropping or laying a picture on a ground would each need a second buffer as large
//! as the first. A hash takes rows and forgets them, so they are made in bands instead, and a
//! picture costs its memory once, whatever it is asked for.

use std::borrow::Cow;

use image::metadata::Orientation;
use seawall_core::{PixelKind, Pixels};

use crate::border::Area;
use crate::ground::Ground;
use crate::orientation::Turning;

/// One view of a decoded picture.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    pixels: &'a Pixels,
    ground: Option<Ground<'a>>,
    area: Area,
    turning: Turning,
}

impl<'a> Shown<'a> {
    pub(crate) fn plain(pixels: &'a Pixels) -> Self {
        Self {
            pixels,
            ground: None,
            area: Area::whole(pixels),
            turning: Turning::NONE,
        }
    }

    pub(crate) fn on(self, ground: Ground<'a>) -> Self {
        Self {
            ground: Some(ground),
            ..self
        }
    }

    pub(crate) fn cropped(self, area: Area) -> Self {
        Self { area, ..self }
    }

    pub(crate) fn turned(self, orientation: Orientation) -> Self {
        Self {
            turning: Turning::of(orientation),
            ..self
        }
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        if self.turning.transposed {
            self.area.height()
        } else {
            self.area.width()
        }
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        if self.turning.transposed {
            self.area.width()
        } else {
            self.area.height()
        }
    }

    /// How a pixel is stored.
    #[must_use]
    pub fn kind(&self) -> PixelKind {
        self.pixels.kind()
    }

    /// Hands out all rows from the top, a whole number of them at a time.
    pub fn for_each_band(&self, take: &mut dyn FnMut(&[u8])) {
        if self.is_as_stored() {
            take(self.pixels.data());
            return;
        }
        let stride = self.width() * self.kind().bytes();
        let mut band = Vec::new();
        let mut row = Vec::new();
        for start in (0..self.height()).step_by(BAND_ROWS) {
            let end = self.height().min(start + BAND_ROWS);
            band.clear();
            band.resize((end - start) * stride, 0);
            if self.turning.transposed {
                self.fill_from_columns(start, end, &mut band, &mut row);
            } else {
                self.fill_from_rows(start, &mut band, &mut row);
            }
            take(&band);
        }
    }

    /// A picture of its own, copied where this view is not the picture as it was decoded.
    ///
    /// # Panics
    /// Never: every view has at least one pixel.
    #[must_use]
    pub fn to_pixels(&self) -> Cow<'a, Pixels> {
        if self.is_as_stored() {
            return Cow::Borrowed(self.pixels);
        }
        let mut data = Vec::with_capacity(self.width() * self.height() * self.kind().bytes());
        self.for_each_band(&mut |band| data.extend_from_slice(band));
        let pixels = Pixels::new(self.width(), self.height(), self.kind(), data);
        Cow::Owned(pixels.expect("the bands make the whole view"))
    }

    fn is_as_stored(&self) -> bool {
        self.ground.is_none()
            && self.turning == Turning::NONE
            && self.area == Area::whole(self.pixels)
    }

    fn fill_from_rows(&self, start: usize, band: &mut [u8], row: &mut Vec<u8>) {
        let (stride, height) = (self.width() * self.kind().bytes(), self.height());
        for (y, target) in (start..).zip(band.chunks_exact_mut(stride)) {
            let y = if self.turning.down { height - 1 - y } else { y };
            self.read(y, 0, self.area.width(), row);
            target.copy_from_slice(row);
            if self.turning.across {
                mirror(target, self.kind());
            }
        }
    }

    /// Rows of the view are columns of the picture: a band takes a few neighbouring pixels of
    /// each of its rows.
    fn fill_from_columns(&self, start: usize, end: usize, band: &mut [u8], row: &mut Vec<u8>) {
        let channels = self.kind().bytes();
        let (width, height) = (self.width(), self.height());
        let (from, to) = if self.turning.down {
            (height - end, height - start)
        } else {
            (start, end)
        };
        for source in 0..width {
            self.read(source, from, to, row);
            let x = if self.turning.across {
                width - 1 - source
            } else {
                source
            };
            for (column, pixel) in row.chunks_exact(channels).enumerate() {
                let y = if self.turning.down {
                    to - from - 1 - column
                } else {
                    column
                };
                let place = (y * width + x) * channels;
                band[place..place + channels].copy_from_slice(pixel);
            }
        }
    }

    /// Reads pixels `from..to` of a row of the area.
    fn read(&self, row: usize, from: usize, to: usize, out: &mut Vec<u8>) {
        let channels = self.kind().bytes();
        let y = self.area.top + row;
        let (from, to) = (self.area.left + from, self.area.left + to);
        out.clear();
        out.extend_from_slice(&self.pixels.row(y)[from * channels..to * channels]);
        if let Some(ground) = self.ground {
            let first = y * self.pixels.width();
            ground.lay_under(out, channels, first + from..first + to);
        }
    }
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Shown({}×{} {:?})",
            self.width(),
            self.height(),
            self.kind()
        )
    }
}

fn mirror(row: &mut [u8], kind: PixelKind) {
    match kind {
        PixelKind::Luma8 => row.reverse(),
        PixelKind::Rgb8 => row.as_chunks_mut::<3>().0.reverse(),
    }
}

/// A multiple of what the hash takes in at once.
const BAND_ROWS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_core::Turn;
    use seawall_testkit::{grey, mirrored, picture, rotated_quarter, stored_for};

    use crate::orientation::of_turn;

    #[test]
    fn every_orientation_undoes_what_the_camera_stored() {
        for shown in [picture(37, 151, 3), grey(&picture(151, 37, 3))] {
            for number in 1..=8 {
                let stored = stored_for(&shown, number);
                let orientation = Orientation::from_exif(number).expect("1 to 8");
                let upright = Shown::plain(&stored).turned(orientation);
                assert!(*upright.to_pixels() == shown, "orientation {number}");
            }
        }
    }

    #[test]
    fn a_turn_mirrors_first_and_then_turns_clockwise() {
        let one = picture(37, 151, 3);
        let quarters = |first: Pixels| {
            std::iter::successors(Some(first), |picture| Some(rotated_quarter(picture)))
        };
        let plain = quarters(one.clone()).take(4).skip(1);
        let other = quarters(mirrored(&one)).take(4);
        for (turn, wanted) in Turn::ALL.into_iter().zip(plain.chain(other)) {
            let turned = Shown::plain(&one).turned(of_turn(turn)).to_pixels();
            assert!(*turned == wanted, "{turn:?}");
        }
    }

    /// Crop, ground and turn in one go are the same as one after the other.
    #[test]
    fn a_view_of_everything_at_once_is_right() {
        let one = picture(90, 70, 5);
        let alpha: Vec<u8> = (0..90 * 70).map(|k| (k % 256) as u8).collect();
        let area = Area {
            left: 3,
            top: 4,
            right: 80,
            bottom: 69,
        };
        let ground = Ground::white(&alpha);
        let grounded = Shown::plain(&one).on(ground).to_pixels();
        let cropped = Shown::plain(&grounded).cropped(area).to_pixels();
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).expect("1 to 8");
            let expected = Shown::plain(&cropped).turned(orientation).to_pixels();
            let view = Shown::plain(&one).on(ground).cropped(area);
            assert!(view.turned(orientation).to_pixels() == expected, "{number}");
        }
    }
}
