//! WebP.

use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, ImageDecoder};
use seawall_core::Reason;

use crate::frames;
use crate::session::Session;
use crate::still;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let mut decoder = WebPDecoder::new(session.source()).map_err(|error| session.reason(&error))?;
    let (width, height) = decoder.dimensions();
    // Some forms are decoded into four bytes a pixel first, animations onto a canvas.
    let working_bytes = u64::from(width) * u64::from(height) * 8;
    session.check_size(width.into(), height.into(), working_bytes)?;
    let exif = decoder.exif_metadata().ok().flatten();
    let orientation = exif.map_or(Orientation::NoTransforms, |exif| {
        crate::orientation::from_exif(&exif)
    });
    if decoder.has_animation() {
        let count = frame_count(session.bytes);
        return frames::visit(session, decoder.into_frames(), count);
    }
    let layout = still::read(session, decoder)?;
    session.visit_still(layout, orientation);
    Ok(())
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
