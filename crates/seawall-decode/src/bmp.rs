//! BMP.

use image::codecs::bmp::BmpDecoder;
use image::metadata::Orientation;
use seawall_core::{Place, Reason};

use crate::session::Session;
use crate::spare;
use crate::still;
use crate::views;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let decoder = BmpDecoder::new(session.source()).map_err(|error| session.reason(&error))?;
    let layout = still::read(session, decoder)?;
    views::visit(session, Place::Whole, &layout, Orientation::NoTransforms);
    spare::give_back(layout.pixels.into_data());
    Ok(())
}
