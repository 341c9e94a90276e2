//! WebP.

mod structure;

use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, ImageDecoder};
use seawall_core::{Place, Reason};

use crate::session::{self, Session};
use crate::source::Source;
use crate::{cut, frames, still, views};

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    // The decoder takes nothing from a file that is much shorter than it says, and takes zeros for
    // the last bytes of a picture.
    let result = if structure::lacks_pixels(session.bytes) {
        Err(Reason::Damaged)
    } else {
        decode_bytes(session, session.bytes)
    };
    match result {
        Err(Reason::Damaged) if session.visited == 0 => {
            session.check_time()?;
            match whole_frames(session.bytes) {
                Some(whole) => decode_bytes(session, &whole)?,
                None => decode_cut(session)?,
            }
            Err(Reason::Damaged)
        }
        Ok(()) if structure::is_cut(session.bytes) => {
            session.note(session::END);
            Ok(())
        }
        result => result,
    }
}

fn decode_bytes(session: &mut Session<'_>, bytes: &[u8]) -> Result<(), Reason> {
    let source = session.source_over(bytes);
    let decoder = open(session, source, bytes)?;
    let orientation = orientation(bytes);
    if decoder.has_animation() {
        let count = frame_count(bytes);
        return frames::visit(session, decoder.into_frames(), count, orientation);
    }
    let layout = still::read(session, decoder)?;
    views::visit(session, Place::Whole, &layout, orientation);
    Ok(())
}

/// The upper rows of a still picture, as far as the file goes.
fn decode_cut(session: &mut Session<'_>) -> Result<(), Reason> {
    let bytes = session.bytes;
    let (width, height) = open(session, session.source(), bytes)?.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let filling_bytes = cut::filling_bytes(pixels);
    let coded_bytes = (bytes.len() as u64).saturating_add(filling_bytes as u64);
    let working_bytes = (pixels * ALPHA_BYTES_A_PIXEL).saturating_add(COPIES * coded_bytes);
    session.check_size(width.into(), height.into(), working_bytes)?;
    let layout = cut::agreed(session, |session, filling| {
        let filled = structure::filled(bytes, filling, filling_bytes).ok_or(Reason::Damaged)?;
        let decoder = open(session, session.source_over(&filled), &filled)?;
        if decoder.has_animation() {
            return Err(Reason::Damaged);
        }
        still::read(session, decoder)
    })?;
    views::visit(session, Place::Whole, &layout, orientation(bytes));
    Ok(())
}

/// A decoder of a file that fits into the limits.
fn open<'b>(
    session: &Session<'_>,
    source: Source<'b>,
    bytes: &[u8],
) -> Result<WebPDecoder<Source<'b>>, Reason> {
    let decoder = WebPDecoder::new(source).map_err(|error| session.reason(&error))?;
    let (width, height) = decoder.dimensions();
    let bytes_a_pixel = if decoder.has_animation() {
        ANIMATION_BYTES_A_PIXEL
    } else if decoder.color_type().has_alpha() {
        ALPHA_BYTES_A_PIXEL
    } else {
        OPAQUE_BYTES_A_PIXEL
    };
    let working_bytes = u64::from(width) * u64::from(height) * bytes_a_pixel;
    session.check_size(width.into(), height.into(), working_bytes)?;
    if !structure::sizes_agree(bytes, (width, height)) {
        return Err(Reason::Damaged);
    }
    Ok(decoder)
}

fn orientation(bytes: &[u8]) -> Orientation {
    let exif = structure::exif(bytes);
    exif.map_or(Orientation::NoTransforms, crate::orientation::from_exif)
}

/// A cut animation as a file of its own that ends with the last whole frame; `None` where
/// there is none.
fn whole_frames(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut end = 12;
    let mut frames = 0;
    while let Some(head) = bytes.get(end..end + 8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let next = end
            .saturating_add(8)
            .saturating_add(length.next_multiple_of(2));
        if next > bytes.len() {
            break;
        }
        frames += u32::from(&head[..4] == b"ANMF");
        end = next;
    }
    let length = u32::try_from(end - 8).ok().filter(|_| frames > 0)?;
    let mut whole = bytes.get(..end)?.to_vec();
    whole[4..8].copy_from_slice(&length.to_le_bytes());
    // Metadata comes last: it was cut off, and the flags must not promise it.
    *whole.get_mut(20)? &= !structure::METADATA_FLAGS;
    Some(whole)
}

/// How many frames begin in these bytes, without decoding any.
fn frame_count(bytes: &[u8]) -> u32 {
    let mut count = 0;
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some((head, after)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        count += u32::from(&head[..4] == b"ANMF");
        rest = after
            .get(length.saturating_add(length % 2)..)
            .unwrap_or_default();
    }
    count
}

/// Of coded bytes: those that are filled up, and two in the decoder, one of which grows by
/// doubling.
const COPIES: u64 = 4;
/// The canvas, the frame as the decoder makes it and as it hands it out, and its alpha, which
/// takes four bytes a pixel on its way.
const ANIMATION_BYTES_A_PIXEL: u64 = 4 + 4 + 4 + 2 + 6;
/// The picture, its planes, and its alpha on its way.
const ALPHA_BYTES_A_PIXEL: u64 = 4 + 2 + 6;
/// Some forms are decoded into four bytes a pixel first.
const OPAQUE_BYTES_A_PIXEL: u64 = 8;
