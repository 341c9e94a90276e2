//! GIF.

use image::codecs::gif::GifDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, ColorType, ImageDecoder};
use seawall_core::Reason;

use crate::frames;
use crate::layout::Layout;
use crate::session::Session;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let count = frame_count(session.bytes);
    let mut decoder = GifDecoder::new(session.source()).map_err(|error| session.reason(&error))?;
    let (width, height) = decoder.dimensions();
    // The screen, the screen of the frame before, and the frame itself.
    let bytes = decoder.total_bytes().saturating_mul(3);
    session.check_size(width.into(), height.into(), bytes)?;
    decoder
        .set_limits(session.image_limits())
        .map_err(|error| session.reason(&error))?;
    let mut pictures = decoder.into_frames();
    if count > 1 {
        return frames::visit(session, pictures, count);
    }
    let picture = pictures.next().ok_or(Reason::Damaged)?;
    let buffer = picture
        .map_err(|error| session.reason(&error))?
        .into_buffer();
    let layout = Layout::from_image(buffer.dimensions(), ColorType::Rgba8, buffer.into_raw())?;
    session.visit_still(layout, Orientation::NoTransforms);
    Ok(())
}

/// How many frames begin in these bytes, without decoding any.
fn frame_count(bytes: &[u8]) -> u32 {
    let mut count = 0;
    let mut blocks = Blocks::after_header(bytes);
    while let Some(kind) = blocks.byte() {
        let skipped = match kind {
            IMAGE => {
                count += 1;
                blocks.skip_descriptor()
            }
            EXTENSION => blocks.byte().map(|_label| ()),
            _ => None,
        };
        if skipped.and_then(|()| blocks.skip_sub_blocks()).is_none() {
            break;
        }
    }
    count
}

/// A place in the chain of blocks.
struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    fn after_header(bytes: &'a [u8]) -> Self {
        let palette = bytes.get(10).map_or(0, |&flags| palette_bytes(flags));
        Self {
            rest: bytes.get(13 + palette..).unwrap_or_default(),
        }
    }

    fn byte(&mut self) -> Option<u8> {
        self.skip(1).map(|taken| taken[0])
    }

    fn skip(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Place, size, an own palette, and the width of the first code.
    fn skip_descriptor(&mut self) -> Option<()> {
        let descriptor = self.skip(9)?;
        self.skip(palette_bytes(descriptor[8]) + 1).map(|_| ())
    }

    fn skip_sub_blocks(&mut self) -> Option<()> {
        loop {
            match self.byte()? {
                0 => return Some(()),
                length => self.skip(length.into())?,
            };
        }
    }
}

fn palette_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_testkit::{GifFrame, raw_gif};

    #[test]
    fn frames_are_counted_even_where_the_file_is_cut() {
        let frame = GifFrame {
            left: 0,
            top: 0,
            width: 20,
            height: 20,
            indices: vec![9; 400],
        };
        let file = raw_gif(20, 20, &vec![frame; 5]);
        assert_eq!(frame_count(&file), 5);
        assert_eq!(frame_count(&file[..file.len() - 10]), 5);
        assert_eq!(frame_count(&file[..13]), 0);
        assert_eq!(frame_count(b"GIF89a"), 0);
    }
}
