//! PNG files written byte by byte, for the forms that no encoder offers.

use seawall_core::{PixelKind, Pixels};

/// What the samples of a PNG mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PngColour {
    /// Grey.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// An index into the palette.
    Palette,
    /// Grey and alpha.
    GreyAlpha,
    /// Red, green, blue and alpha.
    Rgba,
}

/// A PNG of packed rows. Nothing is checked: a test may claim what it likes.
#[derive(Clone, Debug)]
pub struct RawPng {
    /// Width that the header claims, in pixels.
    pub width: u32,
    /// Height that the header claims, in pixels.
    pub height: u32,
    /// Bits a sample: 1, 2, 4, 8 or 16.
    pub depth: u8,
    /// What the samples mean.
    pub colour: PngColour,
    /// Chunks between the header and the pixels: their name and content.
    pub chunks: Vec<([u8; 4], Vec<u8>)>,
    /// The packed rows.
    pub rows: Vec<Vec<u8>>,
}

impl RawPng {
    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = self.width.to_be_bytes().to_vec();
        header.extend(self.height.to_be_bytes());
        header.extend([self.depth, self.colour.code(), 0, 0, 0]);
        push_chunk(&mut out, *b"IHDR", &header);
        for (name, content) in &self.chunks {
            push_chunk(&mut out, *name, content);
        }
        let filtered: Vec<u8> = self
            .rows
            .iter()
            .flat_map(|row| std::iter::once(0).chain(row.iter().copied()))
            .collect();
        push_chunk(&mut out, *b"IDAT", &stored_zlib(&filtered));
        push_chunk(&mut out, *b"IEND", &[]);
        out
    }
}

impl PngColour {
    pub(crate) fn samples(self) -> u8 {
        match self {
            Self::Grey | Self::Palette => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Grey => 0,
            Self::Rgb => 2,
            Self::Palette => 3,
            Self::GreyAlpha => 4,
            Self::Rgba => 6,
        }
    }
}

/// An interlaced PNG of eight bits a sample: seven passes, each finer than the one before.
///
/// # Panics
/// Where a side does not fit in 32 bits.
#[must_use]
pub fn interlaced_png(pixels: &Pixels) -> Vec<u8> {
    let channels = pixels.kind().bytes();
    let mut filtered = Vec::new();
    for (left, top, across, down) in PASSES {
        for y in (top..pixels.height()).step_by(down) {
            let row = pixels.row(y).chunks_exact(channels);
            let mut taken = row.skip(left).step_by(across).peekable();
            if taken.peek().is_some() {
                filtered.push(0);
                filtered.extend(taken.flatten());
            }
        }
    }
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&size(pixels)[..], &[8, colour_of(pixels).code(), 0, 0, 1]].concat();
    push_chunk(&mut out, *b"IHDR", &header);
    push_chunk(&mut out, *b"IDAT", &stored_zlib(&filtered));
    push_chunk(&mut out, *b"IEND", &[]);
    out
}

/// An animated PNG whose first frame is its default picture.
///
/// # Panics
/// Where there is no frame, or frames differ in size or kind.
#[must_use]
pub fn animated_png(frames: &[Pixels]) -> Vec<u8> {
    let first = frames.first().expect("an animation has a frame");
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&size(first)[..], &[8, colour_of(first).code(), 0, 0, 0]].concat();
    push_chunk(&mut out, *b"IHDR", &header);
    let count = u32::try_from(frames.len()).expect("a few frames");
    push_chunk(&mut out, *b"acTL", &[count.to_be_bytes(), [0; 4]].concat());
    let mut sequence = 0_u32;
    for (number, frame) in frames.iter().enumerate() {
        assert!(size(frame) == size(first) && frame.kind() == first.kind());
        let number_of_chunk = sequence.to_be_bytes();
        let times = [0, 1, 0, 10, 0, 0];
        let control = [&number_of_chunk[..], &size(first), &[0; 8], &times].concat();
        push_chunk(&mut out, *b"fcTL", &control);
        sequence += 1;
        let rows = (0..frame.height()).map(|row| frame.row(row));
        let filtered: Vec<u8> = rows
            .flat_map(|row| std::iter::once(0).chain(row.iter().copied()))
            .collect();
        let data = stored_zlib(&filtered);
        if number == 0 {
            push_chunk(&mut out, *b"IDAT", &data);
        } else {
            let data = [&sequence.to_be_bytes()[..], &data].concat();
            push_chunk(&mut out, *b"fdAT", &data);
            sequence += 1;
        }
    }
    push_chunk(&mut out, *b"IEND", &[]);
    out
}

fn size(pixels: &Pixels) -> [u8; 8] {
    let side = |side| u32::try_from(side).expect("test pictures are small");
    let [width, height] = [pixels.width(), pixels.height()].map(|s| side(s).to_be_bytes());
    let mut size = [0; 8];
    size[..4].copy_from_slice(&width);
    size[4..].copy_from_slice(&height);
    size
}

fn colour_of(pixels: &Pixels) -> PngColour {
    match pixels.kind() {
        PixelKind::Luma8 => PngColour::Grey,
        PixelKind::Rgb8 => PngColour::Rgb,
    }
}

pub(crate) fn push_chunk(out: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    let length = u32::try_from(content.len()).expect("test chunks are small");
    out.extend(length.to_be_bytes());
    let start = out.len();
    out.extend(name);
    out.extend(content);
    let check = crc32(&out[start..]);
    out.extend(check.to_be_bytes());
}

/// A zlib stream (RFC 1950) of stored blocks, which need no compressor.
pub(crate) fn stored_zlib(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = content.chunks(0xFFFF).peekable();
    if blocks.peek().is_none() {
        out.extend([1, 0, 0, 0xFF, 0xFF]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("blocks are cut to 65 535 bytes");
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out.extend(adler32(content).to_be_bytes());
    out
}

/// The first pixel and the steps of each pass, across and down.
const PASSES: [(usize, usize, usize, usize); 7] = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
];

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}

/// The first sum stays 1 and is added once a byte.
pub(crate) fn adler32_of_zeros(count: u64) -> u32 {
    u32::try_from(count % 65_521).expect("below the modulus") << 16 | 1
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values as published with the two checksums.
    #[test]
    fn checksums_give_their_published_check_values() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
    }
}
