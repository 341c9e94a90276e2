//! One picture through a decoder of the `image` crate.

use image::ImageDecoder;
use seawall_core::Reason;

use crate::layout::{Layout, Samples};
use crate::session::Session;
use crate::spare;

/// Reads the decoder's picture, its sizes checked before anything is allocated for it.
pub(crate) fn read(
    session: &Session<'_>,
    mut decoder: impl ImageDecoder,
) -> Result<Layout, Reason> {
    let (width, height) = decoder.dimensions();
    let total = decoder.total_bytes();
    let colour = decoder.color_type();
    let alpha_bytes = if colour.has_alpha() {
        u64::from(width) * u64::from(height)
    } else {
        0
    };
    let bytes = total.saturating_add(alpha_bytes);
    session.check_size(width.into(), height.into(), bytes)?;
    decoder
        .set_limits(session.image_limits())
        .map_err(|error| session.reason(&error))?;
    let length = usize::try_from(total).map_err(|_| Reason::TooMuchMemory)?;
    let mut data = spare::take(length);
    match decoder
        .read_image(&mut data)
        .map_err(|error| session.reason(&error))
    {
        Ok(()) => {}
        // Some decoders fill the buffer as far as the file goes.
        Err(Reason::Damaged) if data.iter().any(|&value| value != 0) => {
            session.damaged.set(true);
            if let Some(samples) = Samples::of_image(colour) {
                // What is missing of a row, or all of it, is zeros up to its end.
                for row in data.chunks_mut((width as usize * samples.step).max(1)) {
                    let end = row.iter().rposition(|&value| value != 0);
                    let pixels = end.map_or(0, |end| (end + 1) / samples.step);
                    samples.make_opaque(&mut row[pixels * samples.step..]);
                }
            }
        }
        Err(reason) => return Err(reason),
    }
    Layout::from_image((width, height), colour, data)
}
