//! PNG, and the animations that PNG may hold.
//!
//! The file is read strictly first. Where that fails it is read again without its checksums,
//! row by row: a wrong checksum of a chunk or a missing end does no harm to the pixels and is noted;
//! where rows are missing, or do not have the checksum of the compressed data, what there is makes a
//! partial picture, black below.

mod animation;
mod chunks;
mod rows;

use image::metadata::Orientation;
use seawall_core::{Form, Place, Reason, View};

use crate::session::{self, Session};
use crate::shown::Shown;
use crate::{spare, views};
use rows::{Checks, Extent, Picture, Read};

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let (width, height) = header_size(session.bytes).ok_or(Reason::Damaged)?;
    session.check_size(width.into(), height.into(), 0)?;
    let (read, checks) = read(session)?;
    let Read {
        picture,
        exif,
        is_animated,
        is_indexed,
        extent,
    } = read;
    let orientation = exif.map_or(Orientation::NoTransforms, |exif| {
        crate::orientation::from_exif(&exif)
    });
    match picture {
        Picture::Whole(layout) => {
            views::visit(session, Place::Whole, &layout, orientation);
            spare::give_back(layout.pixels.into_data());
        }
        Picture::ByRows(bands) => {
            // What the chunks say is all that the decoder can have found.
            debug_assert_eq!(orientation, Orientation::NoTransforms);
            bands.end(session, Place::Whole);
        }
    }
    if let Extent::Cut(reason) = extent {
        return Err(reason);
    }
    if is_indexed && session.budget.views.legacy_palette {
        let indices = rows::indices(session, checks)?;
        let view = View::of(Place::Whole).with(Form::LegacyPalette);
        session.visit(view, &Shown::plain(&indices));
    }
    if is_animated {
        // The picture above is what programs that know no animation show, whether or not it
        // belongs to the animation; the frames come on top.
        animation::decode(session, orientation, checks)?;
    }
    Ok(())
}

fn read(session: &mut Session<'_>) -> Result<(Read, Checks), Reason> {
    match rows::read(session, Checks::All) {
        Ok(read) => match read.extent {
            Extent::AllRows | Extent::Cut(Reason::Damaged) => {}
            Extent::Whole | Extent::Cut(_) => return Ok((read, Checks::All)),
        },
        Err(Reason::Damaged) => {}
        Err(reason) => return Err(reason),
    }
    let read = rows::read(session, Checks::None)?;
    let note = match read.extent {
        Extent::Whole => CHECKSUM,
        Extent::AllRows => session::END,
        Extent::Cut(_) => return Ok((read, Checks::None)),
    };
    if chunks::is_data_sound(session)? {
        session.note(note);
    } else {
        session.note(DATA_CHECKSUM);
        session.damaged.set(true);
    }
    Ok((read, Checks::None))
}

/// Width and height as the header claims them: read here first, so that nothing at all is
/// set up for a size above the limits.
fn header_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    Some((number(16)?, number(20)?))
}

const DATA_CHECKSUM: &str = "the checksum of the pixels is wrong or missing";
const CHECKSUM: &str = "a checksum in the file is wrong; all of its pixels are there";
