//! JPEG as cameras, printers and web sites write it: subsampled, progressive, in inks.
//!
//! The codes are of equal length, so files are larger than those of other programs; the
//! pixels are not affected.

use seawall_core::{PixelKind, Pixels};

/// How the colours of a picture are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JpegColour {
    /// Brightness and two differences, or grey where the picture is grey.
    Plain,
    /// Red, green and blue as they are, which an Adobe marker says.
    Rgb,
    /// Four inks, inverted, with an Adobe marker: what layout programs write.
    Cmyk,
    /// Brightness, two differences and black, inverted, with an Adobe marker.
    Ycck,
}

/// How a JPEG is written.
#[derive(Clone, Copy, Debug)]
pub struct JpegOptions {
    /// 1 to 100.
    pub quality: u8,
    /// How many samples of brightness come on one of the other components: across, down.
    /// 4:2:0 is (2, 2), 4:2:2 is (2, 1). At most 4.
    pub sampling: (usize, usize),
    /// In several scans, coarse first.
    pub progressive: bool,
    /// The colours.
    pub colour: JpegColour,
}

impl JpegOptions {
    /// Baseline, without subsampling.
    #[must_use]
    pub fn plain(quality: u8) -> Self {
        Self {
            quality,
            sampling: (1, 1),
            progressive: false,
            colour: JpegColour::Plain,
        }
    }
}

/// The picture as a JPEG of this kind.
///
/// # Panics
/// Where a side is above 65 535 pixels.
#[must_use]
pub fn raw_jpeg(pixels: &Pixels, options: &JpegOptions) -> Vec<u8> {
    let planes = planes(pixels, options.colour);
    let count = planes.len();
    let most = if count == 1 { (1, 1) } else { options.sampling };
    let table = quantisation(options.quality);
    let components: Vec<Component> = (0..)
        .zip(planes)
        .map(|(index, plane)| {
            // Black is as fine as brightness; in inks, all are.
            let is_fine = index % 3 == 0 || matches!(options.colour, JpegColour::Cmyk);
            let sampling = if is_fine { most } else { (1, 1) };
            let size = (pixels.width(), pixels.height());
            Component::new(&plane, size, sampling, most, &table)
        })
        .collect();
    let mut out = vec![0xFF, 0xD8];
    head(&mut out, pixels, options, &components, &table);
    if options.progressive {
        let all: Vec<usize> = (0..count).collect();
        scan(&mut out, &components, &all, (0, 0));
        for component in 0..count {
            scan(&mut out, &components, &[component], (1, 5));
            scan(&mut out, &components, &[component], (6, 63));
        }
    } else {
        let all: Vec<usize> = (0..count).collect();
        scan(&mut out, &components, &all, (0, 63));
    }
    out.extend([0xFF, 0xD9]);
    out
}

/// One component, as whole numbers after the transform, in the order of the zigzag.
struct Component {
    sampling: (usize, usize),
    /// Blocks across and down, filled up to whole units of all components.
    padded: (usize, usize),
    /// Blocks across and down that hold some of the picture.
    own: (usize, usize),
    blocks: Vec<[i32; 64]>,
}

impl Component {
    fn new(
        plane: &[f32],
        (width, height): (usize, usize),
        sampling: (usize, usize),
        most: (usize, usize),
        table: &[u8; 64],
    ) -> Self {
        let step = (most.0 / sampling.0, most.1 / sampling.1);
        let own = (
            (width * sampling.0).div_ceil(most.0).div_ceil(8),
            (height * sampling.1).div_ceil(most.1).div_ceil(8),
        );
        let padded = (
            width.div_ceil(8 * most.0) * sampling.0,
            height.div_ceil(8 * most.1) * sampling.1,
        );
        let sample = |x: usize, y: usize| {
            let mut sum = 0.0;
            for row in y * step.1..(y + 1) * step.1 {
                for column in x * step.0..(x + 1) * step.0 {
                    sum += plane[row.min(height - 1) * width + column.min(width - 1)];
                }
            }
            sum / (step.0 * step.1) as f32
        };
        let block = |index: usize| {
            let (left, top) = (index % padded.0 * 8, index / padded.0 * 8);
            let samples = std::array::from_fn(|k| sample(left + k % 8, top + k / 8) - 128.0);
            transformed(&samples, table)
        };
        Self {
            sampling,
            padded,
            own,
            blocks: (0..padded.0 * padded.1).map(block).collect(),
        }
    }
}

/// The picture's components at full size.
fn planes(pixels: &Pixels, colour: JpegColour) -> Vec<Vec<f32>> {
    if pixels.kind() == PixelKind::Luma8 {
        return vec![pixels.data().iter().map(|&value| value.into()).collect()];
    }
    let mixed = |mix: fn([f32; 3]) -> f32| {
        let pixels = pixels.data().as_chunks::<3>().0.iter();
        pixels.map(|pixel| mix(pixel.map(f32::from))).collect()
    };
    let none = || vec![255.0; pixels.width() * pixels.height()];
    match colour {
        JpegColour::Plain => vec![mixed(brightness), mixed(blue), mixed(red)],
        JpegColour::Rgb => vec![mixed(|p| p[0]), mixed(|p| p[1]), mixed(|p| p[2])],
        // Inverted inks are the colours themselves, and no black is 255.
        JpegColour::Cmyk => vec![mixed(|p| p[0]), mixed(|p| p[1]), mixed(|p| p[2]), none()],
        JpegColour::Ycck => {
            // The differences are taken of inks, then all but black is turned over once more.
            let ink = |mix: fn([f32; 3]) -> f32| {
                let pixels = pixels.data().as_chunks::<3>().0.iter();
                pixels
                    .map(|pixel| mix(pixel.map(|value| f32::from(255 - value))))
                    .collect()
            };
            vec![ink(brightness), ink(blue), ink(red), none()]
        }
    }
}

/// The three sums of JFIF.
fn brightness([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

fn blue([r, g, b]: [f32; 3]) -> f32 {
    128.0 - 0.168_736 * r - 0.331_264 * g + 0.5 * b
}

fn red([r, g, b]: [f32; 3]) -> f32 {
    128.0 + 0.5 * r - 0.418_688 * g - 0.081_312 * b
}

/// The cosine transform of a block, divided by the table (ITU-T T.81, A.3.3).
fn transformed(samples: &[f32; 64], table: &[u8; 64]) -> [i32; 64] {
    let wave = |frequency: usize, place: usize| {
        let scale = if frequency == 0 { 0.5_f32.sqrt() } else { 1.0 };
        let angle = (2 * place + 1) as f32 * frequency as f32 * std::f32::consts::PI / 16.0;
        0.5 * scale * angle.cos()
    };
    let waves: [[f32; 8]; 8] = std::array::from_fn(|u| std::array::from_fn(|x| wave(u, x)));
    let rows: [f32; 64] = std::array::from_fn(|k| {
        let row = &samples[k / 8 * 8..][..8];
        row.iter().zip(waves[k % 8]).map(|(s, w)| s * w).sum()
    });
    let column =
        |u: usize, v: usize| -> f32 { (0..8).map(|y| rows[y * 8 + u] * waves[v][y]).sum() };
    std::array::from_fn(|k| {
        let place = ZIGZAG[k];
        (column(place % 8, place / 8) / f32::from(table[k])).round() as i32
    })
}

/// Coarser for higher frequencies; in the order of the zigzag.
fn quantisation(quality: u8) -> [u8; 64] {
    let scale = match f32::from(quality.clamp(1, 100)) {
        quality if quality < 50.0 => 50.0 / quality,
        quality => 2.0 - quality / 50.0,
    };
    std::array::from_fn(|k| {
        let place = ZIGZAG[k];
        let step = 12.0 + 6.0 * (place % 8 + place / 8) as f32;
        (step * scale).round().clamp(1.0, 255.0) as u8
    })
}

fn head(
    out: &mut Vec<u8>,
    pixels: &Pixels,
    options: &JpegOptions,
    components: &[Component],
    table: &[u8; 64],
) {
    let side = |side: usize| {
        u16::try_from(side)
            .expect("at most 65 535 pixels")
            .to_be_bytes()
    };
    match (options.colour, components.len()) {
        (JpegColour::Plain, _) | (_, 1) => {
            segment(out, 0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        }
        (JpegColour::Rgb | JpegColour::Cmyk, _) => segment(out, 0xEE, b"Adobe\0\x64\0\0\0\0\0"),
        (JpegColour::Ycck, _) => segment(out, 0xEE, b"Adobe\0\x64\0\0\0\0\x02"),
    }
    segment(out, 0xDB, &[&[0][..], table].concat());
    let mut frame = vec![8];
    frame.extend(side(pixels.height()));
    frame.extend(side(pixels.width()));
    frame.push(components.len() as u8);
    for (id, component) in (1..).zip(components) {
        let (across, down) = component.sampling;
        frame.extend([id, (across << 4 | down) as u8, 0]);
    }
    segment(out, if options.progressive { 0xC2 } else { 0xC0 }, &frame);
    // Codes of four bits for the twelve sizes of a mean, of eight bits for everything else.
    let mut means = vec![0; 17];
    means[4] = 12;
    means.extend(0..12);
    segment(out, 0xC4, &means);
    let mut rest = vec![0; 17];
    rest[0] = 0x10;
    rest[8] = 162;
    rest.extend(symbols());
    segment(out, 0xC4, &rest);
}

/// Every pair of a run of zeros and a size, the end of a block, and sixteen zeros.
fn symbols() -> impl Iterator<Item = u8> {
    let pairs = (0..16_u8).flat_map(|run| (1..=10).map(move |size| run << 4 | size));
    [END_OF_BLOCK, SIXTEEN_ZEROS].into_iter().chain(pairs)
}

fn segment(out: &mut Vec<u8>, marker: u8, content: &[u8]) {
    out.extend([0xFF, marker]);
    let length = u16::try_from(content.len() + 2).expect("segments are short");
    out.extend(length.to_be_bytes());
    out.extend(content);
}

/// The coefficients `band` of these components: in units where there are several, block by
/// block where there is one.
fn scan(out: &mut Vec<u8>, components: &[Component], which: &[usize], band: (usize, usize)) {
    let mut content = vec![which.len() as u8];
    for &index in which {
        content.extend([index as u8 + 1, 0]);
    }
    content.extend([band.0 as u8, band.1 as u8, 0]);
    segment(out, 0xDA, &content);
    let mut bits = Bits::default();
    let mut before = vec![0; components.len()];
    let mut write = |index: usize, column: usize, row: usize| {
        let component = &components[index];
        let block = &component.blocks[row * component.padded.0 + column];
        if band.0 == 0 {
            bits.push_mean(block[0] - before[index]);
            before[index] = block[0];
        }
        if band.1 > 0 {
            bits.push_rest(&block[band.0.max(1)..=band.1]);
        }
    };
    if let &[index] = which {
        let (across, down) = components[index].own;
        for block in 0..across * down {
            write(index, block % across, block / across);
        }
    } else {
        let (first, (across, down)) = (&components[which[0]], components[which[0]].sampling);
        let units = (first.padded.0 / across, first.padded.1 / down);
        for unit in 0..units.0 * units.1 {
            for &index in which {
                let (across, down) = components[index].sampling;
                for block in 0..across * down {
                    let column = unit % units.0 * across + block % across;
                    let row = unit / units.0 * down + block / across;
                    write(index, column, row);
                }
            }
        }
    }
    out.extend(bits.end());
}

/// Bits from the most significant on.
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    held: u32,
    length: u32,
}

impl Bits {
    fn push(&mut self, value: u32, length: u32) {
        for bit in (0..length).rev() {
            self.held = self.held << 1 | (value >> bit & 1);
            self.length += 1;
            if self.length == 8 {
                let byte = self.held.to_le_bytes()[0];
                self.out.push(byte);
                if byte == 0xFF {
                    self.out.push(0);
                }
                (self.held, self.length) = (0, 0);
            }
        }
    }

    /// The bits of a number whose size is known (ITU-T T.81, F.1.2.1).
    fn push_number(&mut self, value: i32, size: u32) {
        let bits = if value < 0 { value - 1 } else { value };
        self.push(bits.cast_unsigned(), size);
    }

    fn push_mean(&mut self, difference: i32) {
        let size = size_of(difference);
        self.push(size, 4);
        self.push_number(difference, size);
    }

    fn push_rest(&mut self, values: &[i32]) {
        let mut zeros = 0;
        for &value in values {
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros >= 16 {
                self.push(1, 8);
                zeros -= 16;
            }
            let value = value.clamp(-1023, 1023);
            let size = size_of(value);
            self.push(2 + zeros * 10 + size - 1, 8);
            self.push_number(value, size);
            zeros = 0;
        }
        if zeros > 0 {
            self.push(0, 8);
        }
    }

    fn end(mut self) -> Vec<u8> {
        while self.length > 0 {
            self.push(1, 1);
        }
        self.out
    }
}

fn size_of(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

const END_OF_BLOCK: u8 = 0x00;
const SIXTEEN_ZEROS: u8 = 0xF0;

/// Where each coefficient stands in its block.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{grey, picture};
    use image::codecs::jpeg::JpegDecoder;
    use image::{ColorType, ImageDecoder};

    /// Read by a decoder that is not ours, every kind is near the picture.
    #[test]
    fn every_kind_is_read_as_the_picture_that_was_written() {
        let colour = picture(93, 61, 1);
        let kinds = [
            JpegColour::Plain,
            JpegColour::Rgb,
            JpegColour::Cmyk,
            JpegColour::Ycck,
        ];
        for sampling in [(1, 1), (2, 1), (1, 2), (2, 2)] {
            for (progressive, kind) in [false, true].iter().flat_map(|&p| kinds.map(|k| (p, k))) {
                let options = JpegOptions {
                    sampling,
                    progressive,
                    colour: kind,
                    ..JpegOptions::plain(92)
                };
                check(&colour, &options);
                check(&grey(&colour), &options);
            }
        }
    }

    #[track_caller]
    fn check(pixels: &Pixels, options: &JpegOptions) {
        let file = raw_jpeg(pixels, options);
        let decoder = JpegDecoder::new(std::io::Cursor::new(&file)).expect("a header");
        let sides = (pixels.width() as u32, pixels.height() as u32);
        assert_eq!(decoder.dimensions(), sides);
        let channels = match decoder.color_type() {
            ColorType::L8 => 1,
            ColorType::Rgb8 => 3,
            other => panic!("{other:?}"),
        };
        assert_eq!(channels, pixels.kind().bytes());
        let mut data = vec![0; pixels.data().len()];
        decoder.read_image(&mut data).expect("all of it");
        let pairs = data.iter().zip(pixels.data());
        let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = sum as f64 / data.len() as f64;
        assert!(mean < 8.0, "{options:?}: {mean}");
    }
}
