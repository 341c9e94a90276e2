//! GIF files written byte by byte, for frames that no encoder would write.

/// One frame of grey indices, anywhere on or off the screen.
#[derive(Clone, Debug)]
pub struct GifFrame {
    /// Distance from the left side of the screen, in pixels.
    pub left: u16,
    /// Distance from the top of the screen, in pixels.
    pub top: u16,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// One index a pixel; index `n` is the grey `n`.
    pub indices: Vec<u8>,
}

/// A GIF whose palette is the 256 greys. Nothing is checked: a test may claim what it likes.
#[must_use]
pub fn raw_gif(screen_width: u16, screen_height: u16, frames: &[GifFrame]) -> Vec<u8> {
    let greys = std::array::from_fn(|index| [index as u8; 3]);
    raw_gif_in_colours(screen_width, screen_height, &greys, frames)
}

/// As [`raw_gif`], with another palette.
#[must_use]
pub fn raw_gif_in_colours(
    screen_width: u16,
    screen_height: u16,
    palette: &[[u8; 3]; 256],
    frames: &[GifFrame],
) -> Vec<u8> {
    let mut out = b"GIF89a".to_vec();
    out.extend(screen_width.to_le_bytes());
    out.extend(screen_height.to_le_bytes());
    out.extend([0xF7, 0, 0]);
    out.extend(palette.as_flattened());
    out.extend(b"!\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0");
    for frame in frames {
        out.extend(b"!\xF9\x04\x04\x32\0\0\0,");
        for number in [frame.left, frame.top, frame.width, frame.height] {
            out.extend(number.to_le_bytes());
        }
        out.extend([0, 8]);
        for part in uncompressed_lzw(&frame.indices).chunks(255) {
            out.push(u8::try_from(part.len()).expect("parts are cut to 255 bytes"));
            out.extend(part);
        }
        out.push(0);
    }
    out.push(b';');
    out
}

/// LZW whose table is cleared before its codes outgrow nine bits.
fn uncompressed_lzw(indices: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    let mut push = |code: u16| {
        held |= u32::from(code) << bits;
        bits += 9;
        while bits >= 8 {
            out.push(held.to_le_bytes()[0]);
            held >>= 8;
            bits -= 8;
        }
    };
    for run in indices.chunks(200) {
        push(CLEAR);
        run.iter().for_each(|&index| push(u16::from(index)));
    }
    push(END);
    push(0);
    out
}

const CLEAR: u16 = 256;
const END: u16 = 257;
