//! Patterns: gradients, discs and bars.

use seawall_core::{PixelKind, Pixels};

use crate::random::SplitMix64;

/// A rich, harmless pattern: a gradient, fourteen discs and seven bars, placed by the seed.
///
/// The same seed gives the same pattern at every size, so that two sizes are near copies.
///
/// # Panics
/// Where a side is 0.
#[must_use]
pub fn picture(width: usize, height: usize, seed: u64) -> Pixels {
    let mut random = SplitMix64(seed);
    let discs: Vec<Disc> = (0..14).map(|_| Disc::random(&mut random)).collect();
    let bars: Vec<Bar> = (0..7).map(|_| Bar::random(&mut random)).collect();
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x as f64 / width as f64, y as f64 / height as f64);
            let ground = [60.0 + 120.0 * u, 70.0 + 110.0 * v, 160.0 - 90.0 * u * v];
            let mut colour = ground.map(|value| value as u8);
            for disc in discs.iter().filter(|disc| disc.covers(u, v)) {
                colour = disc.colour;
            }
            for bar in bars.iter().filter(|bar| bar.covers(u, v)) {
                colour = bar.colour;
            }
            data.extend(colour);
        }
    }
    rgb(width, height, data)
}

/// A picture of one colour.
///
/// # Panics
/// Where a side is 0.
#[must_use]
pub fn flat(width: usize, height: usize, colour: [u8; 3]) -> Pixels {
    rgb(width, height, colour.repeat(width * height))
}

/// The picture at another size, each pixel the mean of the area it covers.
///
/// # Panics
/// Where a side is 0.
#[must_use]
pub fn resized(pixels: &Pixels, width: usize, height: usize) -> Pixels {
    let channels = pixels.kind().bytes();
    let mut data = Vec::with_capacity(width * height * channels);
    for y in 0..height {
        let (top, bottom) = span(y, height, pixels.height());
        for x in 0..width {
            let (left, right) = span(x, width, pixels.width());
            for channel in 0..channels {
                let mut sum = 0_usize;
                for row in top..bottom {
                    let row = pixels.row(row);
                    sum += (left..right)
                        .map(|x| usize::from(row[x * channels + channel]))
                        .sum::<usize>();
                }
                let mean = sum / ((bottom - top) * (right - left));
                data.push(u8::try_from(mean).expect("the mean of bytes is a byte"));
            }
        }
    }
    Pixels::new(width, height, pixels.kind(), data).expect("the loops fill the size asked for")
}

/// The picture turned by a quarter, clockwise.
#[must_use]
pub fn rotated_quarter(pixels: &Pixels) -> Pixels {
    let (width, height, channels) = (pixels.height(), pixels.width(), pixels.kind().bytes());
    let mut data = Vec::with_capacity(pixels.data().len());
    for y in 0..height {
        for x in 0..width {
            let row = pixels.row(pixels.height() - 1 - x);
            data.extend_from_slice(&row[y * channels..(y + 1) * channels]);
        }
    }
    Pixels::new(width, height, pixels.kind(), data).expect("turning keeps the number of pixels")
}

/// The picture seen in a mirror: left and right swapped.
#[must_use]
pub fn mirrored(pixels: &Pixels) -> Pixels {
    let channels = pixels.kind().bytes();
    let rows = (0..pixels.height()).map(|row| pixels.row(row));
    let data = rows
        .flat_map(|row| row.chunks_exact(channels).rev().flatten().copied())
        .collect();
    Pixels::new(pixels.width(), pixels.height(), pixels.kind(), data)
        .expect("mirroring keeps the number of pixels")
}

/// The picture inside a border of one colour, `[left, top, right, bottom]` pixels wide.
#[must_use]
pub fn bordered(pixels: &Pixels, margins: [usize; 4], colour: [u8; 3]) -> Pixels {
    let [left, top, right, bottom] = margins;
    let (width, height) = (
        pixels.width() + left + right,
        pixels.height() + top + bottom,
    );
    let inner = in_colour(pixels);
    let mut data = colour.repeat(width * top);
    for row in 0..inner.height() {
        data.extend(colour.repeat(left));
        data.extend_from_slice(inner.row(row));
        data.extend(colour.repeat(right));
    }
    data.extend(colour.repeat(width * bottom));
    rgb(width, height, data)
}

/// The same picture with three bytes a pixel.
fn in_colour(pixels: &Pixels) -> Pixels {
    match pixels.kind() {
        PixelKind::Luma8 => {
            let data = pixels.data().iter().flat_map(|&grey| [grey; 3]).collect();
            rgb(pixels.width(), pixels.height(), data)
        }
        PixelKind::Rgb8 => pixels.clone(),
    }
}

/// The pixels that a camera stores for this picture under an Exif orientation, 1 to 8:
/// a viewer that applies the tag shows the picture itself.
#[must_use]
pub fn stored_for(pixels: &Pixels, orientation: u8) -> Pixels {
    let turned =
        |times: usize| (0..times).fold(pixels.clone(), |picture, _| rotated_quarter(&picture));
    match orientation {
        2 => mirrored(pixels),
        3 => turned(2),
        4 => mirrored(&turned(2)),
        5 => mirrored(&turned(1)),
        6 => turned(3),
        7 => mirrored(&turned(3)),
        8 => turned(1),
        _ => pixels.clone(),
    }
}

/// The picture in grey, with the usual weights in whole numbers.
#[must_use]
pub fn grey(pixels: &Pixels) -> Pixels {
    let data = match pixels.kind() {
        PixelKind::Luma8 => pixels.data().to_vec(),
        PixelKind::Rgb8 => pixels.data().chunks_exact(3).map(luma).collect(),
    };
    Pixels::new(pixels.width(), pixels.height(), PixelKind::Luma8, data)
        .expect("one byte for each pixel")
}

/// The built-in test picture of `seawall selftest`, as a PNG: 256 × 256, a harmless pattern.
/// `vectors/selftest.png` is this, and a test says so.
#[must_use]
pub fn selftest_png() -> Vec<u8> {
    crate::png(&picture(256, 256, SELFTEST_SEED))
}

struct Disc {
    centre: (f64, f64),
    radius: f64,
    colour: [u8; 3],
}

impl Disc {
    fn random(random: &mut SplitMix64) -> Self {
        Self {
            centre: (random.unit(), random.unit()),
            radius: 0.05 + 0.18 * random.unit(),
            colour: [random.byte(), random.byte(), random.byte()],
        }
    }

    fn covers(&self, u: f64, v: f64) -> bool {
        let (x, y) = (u - self.centre.0, v - self.centre.1);
        x * x + y * y < self.radius * self.radius
    }
}

struct Bar {
    corner: (f64, f64),
    size: (f64, f64),
    colour: [u8; 3],
}

impl Bar {
    fn random(random: &mut SplitMix64) -> Self {
        Self {
            corner: (0.8 * random.unit(), 0.8 * random.unit()),
            size: (0.05 + 0.3 * random.unit(), 0.05 + 0.3 * random.unit()),
            colour: [random.byte(), random.byte(), random.byte()],
        }
    }

    fn covers(&self, u: f64, v: f64) -> bool {
        let (x, y) = (u - self.corner.0, v - self.corner.1);
        x > 0.0 && x < self.size.0 && y > 0.0 && y < self.size.1
    }
}

/// The source pixels that target pixel `index` of `target` covers, at least one.
fn span(index: usize, target: usize, source: usize) -> (usize, usize) {
    let start = index * source / target;
    let end = ((index + 1) * source / target).max(start + 1);
    (start, end)
}

fn luma(pixel: &[u8]) -> u8 {
    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    u8::try_from((299 * r + 587 * g + 114 * b) / 1000).expect("a mean of bytes is a byte")
}

fn rgb(width: usize, height: usize, data: Vec<u8>) -> Pixels {
    Pixels::new(width, height, PixelKind::Rgb8, data).expect("both sides are above 0")
}

const SELFTEST_SEED: u64 = 0x5EA_3A11;
