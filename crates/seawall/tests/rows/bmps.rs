//! BMP files that are not compressed.

use proptest::prelude::*;

use super::files::noise;

/// Nothing is checked.
#[derive(Clone, Copy, Debug)]
struct Bitmap {
    width: u16,
    height: u16,
    bits: u16,
    /// 12, 40, 56, 108 or 124.
    header_bytes: u32,
    is_top_down: bool,
    /// 0, or 3 for masks.
    compression: u32,
    masks: [u32; 4],
    colours: u32,
    seed: u64,
}

impl Bitmap {
    const PLAIN: Self = Self {
        width: 70,
        height: 50,
        bits: 24,
        header_bytes: 40,
        is_top_down: false,
        compression: 0,
        masks: [0xFF_0000, 0xFF00, 0xFF, 0],
        colours: 0,
        seed: 5,
    };

    fn to_bytes(self) -> Vec<u8> {
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        let stride = (width * u32::from(self.bits)).div_ceil(32) * 4;
        let mut header = self.header_bytes.to_le_bytes().to_vec();
        if self.header_bytes == 12 {
            header.extend(self.width.to_le_bytes());
            header.extend(self.height.to_le_bytes());
            header.extend([1_u16, self.bits].map(u16::to_le_bytes).concat());
        } else {
            header.extend(width.to_le_bytes());
            let signed = if self.is_top_down {
                height.wrapping_neg()
            } else {
                height
            };
            header.extend(signed.to_le_bytes());
            header.extend([1_u16, self.bits].map(u16::to_le_bytes).concat());
            let fields = [self.compression, 0, 0, 0, self.colours, 0];
            header.extend(fields.map(u32::to_le_bytes).concat());
            header.extend(self.masks.map(u32::to_le_bytes).concat());
            let masks_behind = if self.compression == 3 && self.header_bytes == 40 {
                12
            } else {
                0
            };
            header.resize(self.header_bytes as usize + masks_behind, 0);
        }
        if self.bits <= 8 {
            let entry = if self.header_bytes == 12 { 3 } else { 4 };
            let count = if self.colours == 0 {
                1 << self.bits
            } else {
                self.colours
            };
            header.extend(noise((entry * count) as usize, 8));
        }
        let pixels_at = 14 + header.len() as u32;
        let length = stride * height;
        let mut out = b"BM".to_vec();
        out.extend((pixels_at + length).to_le_bytes());
        out.extend([0; 4]);
        out.extend(pixels_at.to_le_bytes());
        out.extend(header);
        out.extend(noise(length as usize, self.seed));
        out
    }
}

/// With an alpha that the header speaks of.
const WITH_ALPHA: Bitmap = Bitmap {
    bits: 32,
    header_bytes: 124,
    compression: 3,
    masks: [0xFF_0000, 0xFF00, 0xFF, 0xFF00_0000],
    ..Bitmap::PLAIN
};

/// Files that give rows, with the number of their views.
pub(crate) fn by_rows() -> Vec<(String, Vec<u8>, usize)> {
    let mut files = vec![("BMP with alpha".to_owned(), WITH_ALPHA.to_bytes(), 3)];
    for bits in [1, 2, 4, 8, 24, 32] {
        for is_top_down in [false, true] {
            for header_bytes in [40, 108] {
                let file = Bitmap {
                    bits,
                    header_bytes,
                    is_top_down,
                    ..Bitmap::PLAIN
                };
                let name = format!("BMP {bits} {header_bytes} {is_top_down}");
                files.push((name, file.to_bytes(), 1));
            }
        }
    }
    let old = Bitmap {
        bits: 8,
        header_bytes: 12,
        ..Bitmap::PLAIN
    };
    let masked = Bitmap {
        bits: 32,
        compression: 3,
        ..Bitmap::PLAIN
    };
    files.push(("BMP of OS/2".to_owned(), old.to_bytes(), 1));
    files.push(("BMP with masks".to_owned(), masked.to_bytes(), 1));
    files
}

/// Files that come whole.
pub(crate) fn whole() -> Vec<(String, Vec<u8>)> {
    let odd = Bitmap {
        masks: [0xFF, 0xFF00, 0xFF_0000, 0],
        bits: 32,
        compression: 3,
        ..Bitmap::PLAIN
    };
    let sixteen = Bitmap {
        bits: 16,
        ..Bitmap::PLAIN
    };
    let few = Bitmap {
        masks: [0xFF_0000, 0xFF00, 0xFF, 0x7F00_0000],
        ..WITH_ALPHA
    };
    let mut cut = Bitmap::PLAIN.to_bytes();
    cut.truncate(cut.len() - 200);
    vec![
        ("BMP with odd masks".to_owned(), odd.to_bytes()),
        ("BMP of 16 bits".to_owned(), sixteen.to_bytes()),
        ("BMP with an odd alpha".to_owned(), few.to_bytes()),
        ("BMP that is cut".to_owned(), cut),
    ]
}

pub(crate) fn any_bmp() -> impl Strategy<Value = Vec<u8>> {
    let size = (1_u16..90, 1_u16..90, any::<u64>());
    let form = (0_usize..7, 0_usize..5, any::<bool>(), any::<bool>());
    (size, form, 0_u32..20, 0_usize..4).prop_map(
        |((width, height, seed), (bits, header, is_top_down, by_masks), colours, masks)| {
            let file = Bitmap {
                width,
                height,
                bits: [1, 2, 4, 8, 16, 24, 32][bits],
                header_bytes: [12, 40, 56, 108, 124][header],
                is_top_down,
                compression: if by_masks { 3 } else { 0 },
                masks: [
                    WITH_ALPHA.masks,
                    Bitmap::PLAIN.masks,
                    [0xFF00, 0xFF_0000, 0xFF00_0000, 0xFF],
                    [0x7C00, 0x3E0, 0x1F, 0],
                ][masks],
                colours,
                seed,
            };
            file.to_bytes()
        },
    )
}
