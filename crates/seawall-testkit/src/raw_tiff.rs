//! TIFF files written byte by byte, for pages and compressions that no encoder offers.

use seawall_core::{PixelKind, Pixels};

/// One page with one strip. Nothing is checked: a test may claim what it likes.
#[derive(Clone, Debug)]
pub struct TiffPage {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Samples of 8 bits a pixel.
    pub samples: u16,
    /// What the samples mean: 1 grey, 2 RGB, 6 YCbCr.
    pub photometric: u16,
    /// How the strip is compressed: 1 not at all, 7 as JPEG.
    pub compression: u16,
    /// The orientation tag, 1 to 8.
    pub orientation: u16,
    /// The strip.
    pub strip: Vec<u8>,
}

impl TiffPage {
    /// The picture as it is, not compressed.
    ///
    /// # Panics
    /// Where a side does not fit in 32 bits.
    #[must_use]
    pub fn plain(pixels: &Pixels) -> Self {
        let (samples, photometric) = match pixels.kind() {
            PixelKind::Luma8 => (1, 1),
            PixelKind::Rgb8 => (3, 2),
        };
        let side = |side| u32::try_from(side).expect("test pictures are small");
        Self {
            width: side(pixels.width()),
            height: side(pixels.height()),
            samples,
            photometric,
            compression: 1,
            orientation: 1,
            strip: pixels.data().to_vec(),
        }
    }

    fn entries(&self, bits_at: u32, strip_at: u32) -> [(u16, u16, u32, u32); 9] {
        let (short, long) = (3, 4);
        let strip_bytes = u32::try_from(self.strip.len()).expect("test pages are small");
        let bits = if self.samples == 1 { 8 } else { bits_at };
        [
            (256, long, 1, self.width),
            (257, long, 1, self.height),
            (258, short, self.samples.into(), bits),
            (259, short, 1, self.compression.into()),
            (262, short, 1, self.photometric.into()),
            (273, long, 1, strip_at),
            (274, short, 1, self.orientation.into()),
            (277, short, 1, self.samples.into()),
            (279, long, 1, strip_bytes),
        ]
    }
}

/// A little-endian TIFF of these pages.
///
/// # Panics
/// Where it would be larger than 4 GiB.
#[must_use]
pub fn raw_tiff(pages: &[TiffPage]) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    for (number, page) in pages.iter().enumerate() {
        let start = position(&out);
        let bits_at = start + 2 + 9 * 12 + 4;
        let strip_at = bits_at + u32::from(page.samples) * 2;
        out.extend(9_u16.to_le_bytes());
        for (tag, kind, count, value) in page.entries(bits_at, strip_at) {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        let padded = page.strip.len().next_multiple_of(2);
        let end = strip_at + u32::try_from(padded).expect("test pages are small");
        let next = if number + 1 < pages.len() { end } else { 0 };
        out.extend(next.to_le_bytes());
        out.extend(8_u16.to_le_bytes().repeat(page.samples.into()));
        out.extend(&page.strip);
        out.resize(end as usize, 0);
    }
    out
}

fn position(out: &[u8]) -> u32 {
    u32::try_from(out.len()).expect("test files are small")
}
