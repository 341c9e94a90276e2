//! PNG, and the animations that PNG may hold.

use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, ImageDecoder};
use seawall_core::Reason;

use crate::frames;
use crate::session::Session;
use crate::source::Source;
use crate::still;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let mut decoder = open(session)?;
    let animated = decoder.is_apng().unwrap_or(false);
    let exif = decoder.exif_metadata().ok().flatten();
    let orientation = exif.map_or(Orientation::NoTransforms, |exif| {
        crate::orientation::from_exif(&exif)
    });
    let layout = still::read(session, decoder)?;
    session.visit_still(layout, orientation);
    if animated {
        decode_animation(session)?;
    }
    Ok(())
}

/// The default picture, which programs that know no animation show, is handed out above
/// whether or not it belongs to the animation; the frames come on top.
fn decode_animation(session: &mut Session<'_>) -> Result<(), Reason> {
    let count = frame_count(session.bytes);
    let decoder = open(session)?;
    let (width, height) = decoder.dimensions();
    let canvas_bytes = u64::from(width) * u64::from(height) * 4;
    session.check_size(width.into(), height.into(), canvas_bytes.saturating_mul(3))?;
    let animation = decoder.apng().map_err(|error| session.reason(&error))?;
    frames::visit(session, animation.into_frames(), count)
}

fn open<'a>(session: &Session<'a>) -> Result<PngDecoder<Source<'a>>, Reason> {
    let (width, height) = header_size(session.bytes).ok_or(Reason::Damaged)?;
    session.check_size(width.into(), height.into(), 0)?;
    PngDecoder::with_limits(session.source(), session.image_limits())
        .map_err(|error| session.reason(&error))
}

/// Width and height as the header claims them: read here first, so that nothing at all is
/// set up for a size above the limits.
fn header_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    Some((number(16)?, number(20)?))
}

/// How many frame controls there are. The animation control claims a number too, but a file
/// may claim what it likes.
fn frame_count(bytes: &[u8]) -> u32 {
    let mut count = 0;
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((head, after)) = rest.split_at_checked(8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        count += u32::from(&head[4..] == b"fcTL");
        rest = after.get(length.saturating_add(4)..).unwrap_or_default();
    }
    count
}
