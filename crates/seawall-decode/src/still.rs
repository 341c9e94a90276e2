//! One picture through a decoder of the `image` crate.

use image::ImageDecoder;
use seawall_core::Reason;

use crate::layout::Layout;
use crate::session::Session;

/// Reads the decoder's picture, its sizes checked before anything is allocated for it.
pub(crate) fn read(
    session: &Session<'_>,
    mut decoder: impl ImageDecoder,
) -> Result<Layout, Reason> {
    let (width, height) = decoder.dimensions();
    let total = decoder.total_bytes();
    session.check_size(width.into(), height.into(), total)?;
    decoder
        .set_limits(session.image_limits())
        .map_err(|error| session.reason(&error))?;
    let colour = decoder.color_type();
    let length = usize::try_from(total).map_err(|_| Reason::TooMuchMemory)?;
    let mut data = vec![0; length];
    decoder
        .read_image(&mut data)
        .map_err(|error| session.reason(&error))?;
    Layout::from_image((width, height), colour, data)
}
