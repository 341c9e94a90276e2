//! From planes of luma and chroma to pixels (ITU-T H.273).

use re_rav1d::dav1d::{Picture, PixelLayout, PlanarImageComponent, pixel};
use seawall_core::{PixelKind, Pixels, Reason};

use crate::iso::Reader;

/// What the container says about colours; it counts more than what the coded picture says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Described {
    matrix: u16,
    is_full_range: bool,
}

impl Described {
    /// From the first `colr` property of numbers.
    pub(super) fn of<'a>(
        mut properties: impl Iterator<Item = ([u8; 4], &'a [u8])>,
    ) -> Option<Self> {
        properties.find_map(|(kind, content)| {
            let mut reader = Reader::new(content);
            (kind == *b"colr" && reader.kind()? == *b"nclx").then_some(())?;
            reader.skip(4)?;
            Some(Self {
                matrix: reader.u16()?,
                is_full_range: reader.u8()? & 0x80 != 0,
            })
        })
    }

    fn of_picture(picture: &Picture) -> Self {
        Self {
            matrix: picture.matrix_coefficients() as u16,
            is_full_range: picture.color_range() == pixel::YUVRange::Full,
        }
    }
}

/// The picture in eight bits a sample: grey where it has no chroma or `luma_only` is asked for.
pub(super) fn pixels(
    picture: &Picture,
    described: Option<Described>,
    luma_only: bool,
) -> Result<Pixels, Reason> {
    let described = described.unwrap_or_else(|| Described::of_picture(picture));
    let bits = picture.bits_per_component().ok_or(Reason::Damaged)?.0;
    let layout = picture.pixel_layout();
    let luma = Plane::of(picture, PlanarImageComponent::Y, bits);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let range = Range::of(bits, described.is_full_range);
    let (kind, data) = if luma_only || layout == PixelLayout::I400 {
        let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let grey = rows.map(|(x, y)| byte(range.luma(luma.at(x, y))));
        (PixelKind::Luma8, grey.collect())
    } else {
        let (u, v) = (PlanarImageComponent::U, PlanarImageComponent::V);
        let [cb, cr] = [u, v].map(|component| Plane::of(picture, component, bits));
        let matrix = Matrix::of(described.matrix)?;
        let (right, down) = match layout {
            PixelLayout::I420 => (1, 1),
            PixelLayout::I422 => (1, 0),
            PixelLayout::I444 | PixelLayout::I400 => (0, 0),
        };
        let mut data = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let (cx, cy) = (x >> right, y >> down);
                let samples = [luma.at(x, y), cb.at(cx, cy), cr.at(cx, cy)];
                data.extend(matrix.rgb(samples, &range).map(byte));
            }
        }
        (PixelKind::Rgb8, data)
    };
    Pixels::new(width, height, kind, data).map_err(|_| Reason::Damaged)
}

/// A plane of samples of one or two bytes.
struct Plane {
    bytes: re_rav1d::dav1d::Plane,
    stride: usize,
    is_wide: bool,
}

impl Plane {
    fn of(picture: &Picture, component: PlanarImageComponent, bits: usize) -> Self {
        Self {
            bytes: picture.plane(component),
            stride: picture.stride(component) as usize,
            is_wide: bits > 8,
        }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        if self.is_wide {
            let place = y * self.stride + x * 2;
            f32::from(u16::from_ne_bytes([
                self.bytes[place],
                self.bytes[place + 1],
            ]))
        } else {
            f32::from(self.bytes[y * self.stride + x])
        }
    }
}

/// Where black, white and no colour lie; results run from 0 to 1, chroma from -½ to ½.
struct Range {
    black: f32,
    luma_span: f32,
    grey: f32,
    chroma_span: f32,
}

impl Range {
    fn of(bits: usize, is_full: bool) -> Self {
        let scale = (1_u32 << (bits - 8)) as f32;
        let top = ((1_u32 << bits) - 1) as f32;
        if is_full {
            Self {
                black: 0.0,
                luma_span: top,
                grey: 128.0 * scale,
                chroma_span: top,
            }
        } else {
            Self {
                black: 16.0 * scale,
                luma_span: 219.0 * scale,
                grey: 128.0 * scale,
                chroma_span: 224.0 * scale,
            }
        }
    }

    fn luma(&self, sample: f32) -> f32 {
        (sample - self.black) / self.luma_span
    }

    fn chroma(&self, sample: f32) -> f32 {
        (sample - self.grey) / self.chroma_span
    }
}

enum Matrix {
    /// Green, blue and red as they are.
    Identity,
    /// The shares of red and blue in luma.
    Shares {
        red: f32,
        blue: f32,
    },
    YCgCo,
}

impl Matrix {
    /// By its number in H.273.
    fn of(number: u16) -> Result<Self, Reason> {
        let (red, blue) = match number {
            0 => return Ok(Self::Identity),
            8 => return Ok(Self::YCgCo),
            1 => (0.2126, 0.0722),
            4 => (0.30, 0.11),
            // 2 says nothing; pictures that say nothing are of this kind.
            2 | 5 | 6 => (0.299, 0.114),
            7 => (0.212, 0.087),
            9 => (0.2627, 0.0593),
            _ => return Err(Reason::UnsupportedFormat),
        };
        Ok(Self::Shares { red, blue })
    }

    fn rgb(&self, [y, cb, cr]: [f32; 3], range: &Range) -> [f32; 3] {
        match self {
            Self::Identity => [range.luma(cr), range.luma(y), range.luma(cb)],
            Self::Shares { red, blue } => {
                let luma = range.luma(y);
                let r = luma + 2.0 * (1.0 - red) * range.chroma(cr);
                let b = luma + 2.0 * (1.0 - blue) * range.chroma(cb);
                let g = (luma - red * r - blue * b) / (1.0 - red - blue);
                [r, g, b]
            }
            Self::YCgCo => {
                let (luma, cg, co) = (range.luma(y), range.chroma(cb), range.chroma(cr));
                [luma - cg + co, luma + cg, luma - cg - co]
            }
        }
    }
}

fn byte(value: f32) -> u8 {
    (value * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Black, white and pure colours survive the way there and back in every matrix.
    #[test]
    fn colours_come_back_from_their_luma_and_chroma() {
        let range = Range::of(10, false);
        for number in [1, 2, 4, 5, 6, 7, 9] {
            let matrix = Matrix::of(number).expect("a matrix of shares");
            let Matrix::Shares { red, blue } = matrix else {
                panic!("not a matrix of shares");
            };
            for colour in [[0.0; 3], [1.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.6]] {
                let [r, g, b]: [f32; 3] = colour;
                let luma = red * r + (1.0 - red - blue) * g + blue * b;
                let cb = (b - luma) / (2.0 * (1.0 - blue));
                let cr = (r - luma) / (2.0 * (1.0 - red));
                let samples = [64.0 + luma * 876.0, 512.0 + cb * 896.0, 512.0 + cr * 896.0];
                assert_eq!(matrix.rgb(samples, &range).map(byte), colour.map(byte));
            }
        }
        assert!(Matrix::of(14).is_err());
    }

    #[test]
    fn only_a_description_in_numbers_is_read() {
        let numbers = b"nclx\0\x01\0\x0D\0\x06\x80";
        let described = Described {
            matrix: 6,
            is_full_range: true,
        };
        let of = |contents: &[&'static [u8]]| {
            Described::of(contents.iter().map(|content| (*b"colr", *content)))
        };
        assert_eq!(of(&[numbers]), Some(described));
        assert_eq!(of(&[b"prof....", numbers]), Some(described));
        assert_eq!(of(&[b"prof...."]), None);
        assert_eq!(of(&[&numbers[..9]]), None);
        assert_eq!(of(&[]), None);
        assert_eq!(Described::of([(*b"free", &numbers[..])].into_iter()), None);
    }
}
