//! HEIC: what phones make, HEVC still pictures in HEIF.
//!
//! The decoder is young, so that it is pinned, called in one place, and asked what it would
//! decode before it allocates anything. It works in several threads; a process that may not
//! start any has to say so first ([`decode_in_one_thread`]).

mod coded;

use heic_decoder::{DecodeOptions, HeifError, ImageInfo};
use image::ColorType;
use seawall_core::{Place, Reason, View};

use crate::iso::Container;
use crate::layout::Layout;
use crate::session::Session;
use crate::shown::Shown;
use crate::views;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let container = Container::read(session.bytes).ok_or(Reason::Damaged)?;
    let primary = container.primary().ok_or(Reason::Damaged)?;
    let orientation = container.orientation(primary);
    let is_cropped = container.property(primary, *b"clap").is_some();
    let coded = coded::pixels(&container, primary).ok_or(Reason::Damaged)?;
    let layout = read(session, Form::AsStored, coded)?;
    views::visit(session, Place::Whole, &layout, orientation);
    drop(layout);
    if is_cropped {
        session.check_time()?;
        let shown = read(session, Form::AsShown, coded)?;
        session.visit(View::UPRIGHT, &Shown::plain(&shown.pixels));
    }
    Ok(())
}

/// Makes HEIC decoding use the thread that calls this and no other, for the whole life of
/// the process: for a worker that decodes in one thread and may start no more. In a process
/// that decodes in several threads, they would wait for this one.
pub fn decode_in_one_thread() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    // Where a pool exists already, someone has decided before.
    let _ = pool.use_current_thread().build_global();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    AsStored,
    /// Cropped, turned and mirrored.
    AsShown,
}

/// The one call of the decoder, for so many coded pixels.
fn read(session: &mut Session<'_>, form: Form, coded: u64) -> Result<Layout, Reason> {
    let info = heic_decoder::probe(session.bytes).map_err(|error| reason(session, &error))?;
    let (width, height) = (info.coded_width as u64, info.coded_height as u64);
    let bytes = (width * height)
        .max(coded)
        .saturating_mul(bytes_a_pixel(&info));
    session.check_size(width, height, bytes / ALLOWANCE)?;
    let options = DecodeOptions {
        apply_transforms: form == Form::AsShown,
    };
    let picture = heic_decoder::decode_with(session.bytes, &options)
        .map_err(|error| reason(session, &error))?;
    session.check_time()?;
    let has_alpha = picture.alpha.is_some();
    let (size, colour, data) = if has_alpha {
        let rgba = picture
            .to_rgba8()
            .map_err(|error| reason(session, &error))?;
        ((rgba.width, rgba.height), ColorType::Rgba8, rgba.data)
    } else {
        let rgb = picture.to_rgb8().map_err(|error| reason(session, &error))?;
        ((rgb.width, rgb.height), ColorType::Rgb8, rgb.data)
    };
    drop(picture);
    let side = |side: usize| u32::try_from(side).map_err(|_| Reason::TooManyPixels);
    Layout::from_image((side(size.0)?, side(size.1)?), colour, data)
}

fn reason(session: &mut Session<'_>, error: &HeifError) -> Reason {
    match error {
        HeifError::Unsupported(what) => {
            session.note(&format!("this form of HEIC is not supported: {what}"));
            Reason::UnsupportedFormat
        }
        HeifError::LimitExceeded(_) => Reason::TooManyPixels,
        HeifError::Truncated { .. }
        | HeifError::NotHeif(_)
        | HeifError::MalformedBox(_)
        | HeifError::MalformedHevc(_)
        | HeifError::CabacDesync(_) => Reason::Damaged,
    }
}

/// What the decoder takes at its peak: planes of four bytes a sample, twice, and the picture
/// they are turned into (14 bytes a pixel were measured on phones' pictures, for which this
/// says 15).
fn bytes_a_pixel(info: &ImageInfo) -> u64 {
    let plane = 8;
    let chroma = match info.chroma_format_idc {
        0 => 0,
        1 => plane / 2,
        2 => plane,
        _ => plane * 2,
    };
    let alpha = info.alpha_bit_depth.map_or(0, |_| plane + 2);
    plane + chroma + 3 + alpha
}

/// This decoder may take so many times the limit: a phone's picture of 24 megapixels needs
/// 350 MiB, and the limit that fits every other format would refuse it.
const ALLOWANCE: u64 = 2;
