//! BMP.

use image::codecs::bmp::BmpDecoder;
use image::metadata::Orientation;
use seawall_core::Reason;

use crate::session::Session;
use crate::still;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let decoder = BmpDecoder::new(session.source()).map_err(|error| session.reason(&error))?;
    let layout = still::read(session, decoder)?;
    session.visit_still(layout, Orientation::NoTransforms);
    Ok(())
}
