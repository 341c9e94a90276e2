//! Small files that grow large when they are read: harmless as pictures, a test of limits.

use crate::raw_png::{PngColour, adler32_of_zeros, push_chunk};

/// Some 65 bytes that claim to be a PNG of 60 000 × 60 000 pixels.
#[must_use]
pub fn png_bomb() -> Vec<u8> {
    let mut out = png_start(60_000, 60_000, PngColour::Rgb, 8);
    push_chunk(&mut out, *b"IDAT", &zlib_zeros(0));
    push_chunk(&mut out, *b"IEND", &[]);
    out
}

/// A real PNG of black pixels, about a thousandth of their size.
///
/// # Panics
/// Where its rows would not fit in memory.
#[must_use]
pub fn black_png(width: u32, height: u32, colour: PngColour) -> Vec<u8> {
    let channels = u64::from(colour.samples());
    let bytes = (u64::from(width) * channels + 1) * u64::from(height);
    let mut out = png_start(width, height, colour, 8);
    push_chunk(&mut out, *b"IDAT", &zlib_zeros(bytes));
    push_chunk(&mut out, *b"IEND", &[]);
    out
}

/// The same in 16 bits a sample.
///
/// # Panics
/// As [`black_png`].
#[must_use]
pub fn black_png_of_16_bits(width: u32, height: u32, colour: PngColour) -> Vec<u8> {
    let channels = u64::from(colour.samples());
    let bytes = (u64::from(width) * channels * 2 + 1) * u64::from(height);
    let mut out = png_start(width, height, colour, 16);
    push_chunk(&mut out, *b"IDAT", &zlib_zeros(bytes));
    push_chunk(&mut out, *b"IEND", &[]);
    out
}

/// A chunk of compressed text, `zTXt`, that inflates to so many bytes.
#[must_use]
pub fn text_bomb(bytes: u64) -> ([u8; 4], Vec<u8>) {
    (*b"zTXt", [b"Comment\0\0", &zlib_zeros(bytes)[..]].concat())
}

/// A colour profile, `iCCP`, that inflates to so many bytes.
#[must_use]
pub fn profile_bomb(bytes: u64) -> ([u8; 4], Vec<u8>) {
    (*b"iCCP", [b"profile\0\0", &zlib_zeros(bytes)[..]].concat())
}

/// So many zeros as PNG and TIFF compress them: about a thousandth of their size.
#[must_use]
pub fn deflated_zeros(bytes: u64) -> Vec<u8> {
    zlib_zeros(bytes)
}

/// A WebP on a screen of 8 × 8 pixels whose one lossy picture says that it has these sides.
#[must_use]
pub fn webp_bomb(width: u16, height: u16) -> Vec<u8> {
    let head = [0x10, 0, 0, 0x9D, 1, 0x2A];
    let mut picture = [&head[..], &width.to_le_bytes(), &height.to_le_bytes()].concat();
    picture.extend([0; 64]);
    webp_of(&[
        (b"VP8X", 10, vec![0, 0, 0, 0, 7, 0, 0, 7, 0, 0]),
        (b"VP8 ", picture.len() as u32, picture),
    ])
}

/// The WebP with a note behind its picture that says it is this long, and is not there.
///
/// # Panics
/// Where the file is no WebP of a single chunk.
#[must_use]
pub fn webp_with_claim(webp: &[u8], width: u8, height: u8, bytes: u32) -> Vec<u8> {
    let picture = webp[20..].to_vec();
    let name: &[u8; 4] = webp[12..16].try_into().expect("four bytes");
    let length = u32::from_le_bytes(webp[16..20].try_into().expect("four bytes"));
    webp_of(&[
        (
            b"VP8X",
            10,
            vec![8, 0, 0, 0, width - 1, 0, 0, height - 1, 0, 0],
        ),
        (name, length, picture),
        (b"EXIF", bytes, Vec::new()),
    ])
}

/// A WebP of these chunks: name, length as it is written, content.
fn webp_of(chunks: &[(&[u8; 4], u32, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    for (name, length, content) in chunks {
        out.extend(*name);
        out.extend(length.to_le_bytes());
        out.extend(content);
        out.resize(out.len().next_multiple_of(2), 0);
    }
    let length = u32::try_from(out.len() - 8).expect("a small file");
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out
}

/// 35 bytes that claim to be a GIF with a screen of this size; its frame is one pixel.
#[must_use]
pub fn gif_bomb(width: u16, height: u16) -> Vec<u8> {
    let mut out = b"GIF89a".to_vec();
    out.extend(width.to_le_bytes());
    out.extend(height.to_le_bytes());
    out.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    out.extend(b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;");
    out
}

/// The JPEG with the head of its last scan repeated until there are so many; those that are
/// added hold next to nothing.
///
/// # Panics
/// Where the file has no scan.
#[must_use]
pub fn jpeg_with_scans(jpeg: &[u8], scans: usize) -> Vec<u8> {
    let scan = jpeg.windows(2).rposition(|pair| pair == [0xFF, 0xDA]);
    let scan = scan.expect("a JPEG has a scan");
    let end = jpeg.len() - 2;
    let head_bytes = 2 + usize::from(u16::from_be_bytes([jpeg[scan + 2], jpeg[scan + 3]]));
    let added = [&jpeg[scan..scan + head_bytes], &[0; 2]].concat();
    let mut out = jpeg[..end].to_vec();
    out.extend(added.repeat(scans.saturating_sub(1)));
    out.extend(&jpeg[end..]);
    out
}

fn png_start(width: u32, height: u32, colour: PngColour, depth: u8) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([depth, colour.code(), 0, 0, 0]);
    push_chunk(&mut out, *b"IHDR", &header);
    out
}

/// A zlib stream of zeros: one literal, then matches of the greatest length at distance one,
/// in the fixed code of RFC 1951, 3.2.6.
fn zlib_zeros(count: u64) -> Vec<u8> {
    let mut bits = Bits {
        out: vec![0x78, 0x01],
        held: 0,
        length: 0,
    };
    bits.push(0b011, 3);
    let matches = count.saturating_sub(1) / MATCH_BYTES;
    let literals = count - matches * MATCH_BYTES;
    for _ in 0..literals.min(1) {
        bits.push_code(0b0011_0000, 8);
    }
    for _ in 0..matches {
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    for _ in 1..literals {
        bits.push_code(0b0011_0000, 8);
    }
    bits.push_code(0, 7);
    bits.push(0, 7);
    let mut out = bits.out;
    out.extend(adler32_of_zeros(count).to_be_bytes());
    out
}

/// Bits from the least significant on.
struct Bits {
    out: Vec<u8>,
    held: u32,
    length: u32,
}

impl Bits {
    fn push(&mut self, value: u32, length: u32) {
        self.held |= value << self.length;
        self.length += length;
        while self.length >= 8 {
            self.out.push(self.held.to_le_bytes()[0]);
            self.held >>= 8;
            self.length -= 8;
        }
    }

    /// Huffman codes go in from their most significant bit.
    fn push_code(&mut self, code: u32, length: u32) {
        self.push(code.reverse_bits() >> (32 - length), length);
    }
}

const MATCH_BYTES: u64 = 258;

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageDecoder;
    use image::codecs::png::PngDecoder;

    #[test]
    fn the_bombs_are_small() {
        assert!(png_bomb().len() < 100);
        assert_eq!(gif_bomb(60_000, 60_000).len(), 35);
        assert!(text_bomb(200_000_000).1.len() < 1_300_000);
    }

    #[test]
    fn a_black_png_is_a_png_and_black() {
        for (width, height) in [(1, 1), (600, 3), (517, 1), (258, 40)] {
            let file = black_png(width, height, PngColour::Grey);
            let decoder = PngDecoder::new(std::io::Cursor::new(&file)).expect("a header");
            assert_eq!(decoder.dimensions(), (width, height));
            let mut data = vec![1; (width * height) as usize];
            decoder.read_image(&mut data).expect("all of it");
            assert!(data.iter().all(|&value| value == 0));
        }
    }
}
