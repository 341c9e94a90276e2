//! JPEG.
//!
//! The decoder is asked to be strict first. Where it complains, it is asked again and
//! to do what it can: what it gives then is a partial picture and is reported as one.

pub(crate) mod structure;

use image::metadata::Orientation;
use seawall_core::{PixelKind, Place, Reason};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use crate::layout::Layout;
use crate::session::{self, Session};
use crate::spare;
use crate::views;
use structure::Structure;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let structure = structure::structure(session.bytes);
    session.end = structure.end;
    check(session, &structure)?;
    let (layout, orientation) = read_best(session, &structure)?;
    if !structure.has_end && !session.damaged.get() {
        if is_there_without_end(session, &structure, &layout) {
            session.note(session::END);
        } else {
            session.damaged.set(true);
        }
    }
    views::visit(session, Place::Whole, &layout, orientation);
    spare::give_back(layout.pixels.into_data());
    Ok(())
}

fn read_best(
    session: &Session<'_>,
    structure: &Structure,
) -> Result<(Layout, Orientation), Reason> {
    // The decoder is wrong about the brightness alone of rarer subsamplings.
    if session.is_for_lookup
        && structure.frame.is_some_and(|frame| frame.is_common)
        && let Ok(read) = read(session, structure, Wish::BRIGHTNESS)
    {
        return Ok(read);
    }
    match read(session, structure, Wish::WHOLE) {
        // Without any compressed data there is nothing to make a partial picture from.
        Err(Reason::Damaged) if structure.entropy_bytes > 0 => {
            session.check_time()?;
            let (layout, orientation) = read(session, structure, Wish::DAMAGED)?;
            if is_one_colour(layout.pixels.data(), layout.pixels.kind()) {
                // Nothing but the grey that the decoder fills gaps with.
                return Err(Reason::Damaged);
            }
            session.damaged.set(true);
            Ok((layout, orientation))
        }
        other => other,
    }
}

/// Whether the picture is there although its end marker is not. Bytes that are missing before it
/// are taken for zeros by the decoder, so the pixels are compared with those that others give.
/// Of a picture in several scans nothing tells that a scan is missing.
fn is_there_without_end(session: &Session<'_>, structure: &Structure, layout: &Layout) -> bool {
    let Some(frame) = structure.frame else {
        return false;
    };
    let pixels = &layout.pixels;
    let bytes = 2 * pixels.data().len() as u64;
    let is_whole = pixels.kind() == PixelKind::Rgb8 || frame.components == 1;
    let wish = if is_whole {
        Wish::WHOLE
    } else {
        Wish::BRIGHTNESS
    };
    let is_in_one_scan = frame.marker != structure::PROGRESSIVE
        && structure.scans == 1
        && structure.first_scan_components == frame.components;
    is_in_one_scan
        && session.check_size(0, 0, bytes).is_ok()
        && FILLINGS.iter().all(|&filling| {
            // The first byte of a pair stays data, as it is for the decoder.
            let second: &[u8] = if session.bytes.ends_with(&[0xFF]) {
                &[0]
            } else {
                &[]
            };
            let filled = [session.bytes, second, &[filling; FILLING_BYTES]].concat();
            let read = read_bytes(session, &filled, structure, wish);
            read.is_ok_and(|(other, _)| other.pixels.data() == pixels.data())
        })
}

/// What the decoder is asked for.
#[derive(Clone, Copy)]
struct Wish {
    /// Only a file without any fault.
    strict: bool,
    /// Only the component that holds the brightness, where there is one.
    brightness: bool,
}

impl Wish {
    const WHOLE: Self = Self {
        strict: true,
        brightness: false,
    };
    const DAMAGED: Self = Self {
        strict: false,
        brightness: false,
    };
    const BRIGHTNESS: Self = Self {
        strict: true,
        brightness: true,
    };
}

/// Refuses, before anything is set up for it, what the markers say is too large, takes too
/// long or is coded in a way that is not decoded. Each scan costs a pass over the picture,
/// and the decoder cannot be stopped in between.
fn check(session: &mut Session<'_>, structure: &Structure) -> Result<(), Reason> {
    let Some(frame) = structure.frame else {
        return Ok(());
    };
    let (width, height) = (u64::from(frame.width), u64::from(frame.height));
    session.check_size(width, height, 0)?;
    if let Some(name) = frame.undecoded() {
        session.note(&format!("{name} is not supported"));
        return Err(Reason::UnsupportedFormat);
    }
    let scanned = structure.scans.saturating_mul(width * height);
    session.scanned_pixels = session.scanned_pixels.saturating_add(scanned);
    if session.scanned_pixels > SCANNED_PIXELS_MAX {
        session.note(&format!(
            "the picture is coded in {} scans",
            structure.scans
        ));
        return Err(Reason::TooSlow);
    }
    Ok(())
}

fn read(
    session: &Session<'_>,
    structure: &Structure,
    wish: Wish,
) -> Result<(Layout, Orientation), Reason> {
    read_bytes(session, session.bytes, structure, wish)
}

fn read_bytes(
    session: &Session<'_>,
    bytes: &[u8],
    structure: &Structure,
    wish: Wish,
) -> Result<(Layout, Orientation), Reason> {
    let options = DecoderOptions::default()
        .set_strict_mode(wish.strict)
        .set_max_width(SIDE_MAX)
        .set_max_height(SIDE_MAX)
        .jpeg_set_max_scans(SCANS_MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| reason(&error))?;
    let info = decoder.info().ok_or(Reason::Damaged)?;
    let (kind, target) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (PixelKind::Luma8, ColorSpace::Luma),
        Some(ColorSpace::YCbCr) if wish.brightness => (PixelKind::Luma8, ColorSpace::Luma),
        Some(_) if wish.brightness => return Err(Reason::UnsupportedFormat),
        Some(ColorSpace::RGB | ColorSpace::YCbCr | ColorSpace::CMYK | ColorSpace::YCCK) => {
            (PixelKind::Rgb8, ColorSpace::RGB)
        }
        // The enum is the library's; no other colour space has a defined way to RGB.
        _ => return Err(Reason::UnsupportedFormat),
    };
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let pixels = width as u64 * height as u64;
    // A picture whose components come in several scans is held as 16-bit coefficients until
    // the last one.
    let is_in_one_scan = structure.first_scan_components >= info.components;
    let coefficient_bytes = if info.sof.is_sequential_dct() && is_in_one_scan {
        0
    } else {
        2 * u64::from(info.components)
    };
    let bytes = pixels * (kind.bytes() as u64 + coefficient_bytes);
    session.check_size(width as u64, height as u64, bytes)?;
    decoder.set_options(options.jpeg_set_out_colorspace(target));
    let mut data = spare::take(width * height * kind.bytes());
    decoder
        .decode_into(&mut data)
        .map_err(|error| reason(&error))?;
    let orientation = decoder.exif().map_or(Orientation::NoTransforms, |exif| {
        crate::orientation::from_exif(exif)
    });
    Ok((Layout::opaque(width, height, kind, data)?, orientation))
}

fn reason(error: &DecodeErrors) -> Reason {
    match error {
        DecodeErrors::Unsupported(_) => Reason::UnsupportedFormat,
        DecodeErrors::LargeDimensions(_) => Reason::TooManyPixels,
        // The enum is the library's; its other kinds all mean bytes that do not fit.
        _ => Reason::Damaged,
    }
}

fn is_one_colour(data: &[u8], kind: PixelKind) -> bool {
    let mut pixels = data.chunks_exact(kind.bytes());
    let first = pixels.next();
    pixels.all(|pixel| Some(pixel) == first)
}

/// What the format itself can express.
const SIDE_MAX: usize = 65_535;
/// Ordinary progressive files have about ten scans. What bounds the time is the product with
/// the pixels, below.
const SCANS_MAX: usize = 100_000;
/// Pixels times scans: about six seconds of decoding.
pub(crate) const SCANNED_PIXELS_MAX: u64 = 4_000_000_000;

/// Bits of both kinds, and no marker.
const FILLINGS: [u8; 2] = [0x55, 0xAA];
const FILLING_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Budget;
    use seawall_core::{Limits, ViewOptions};

    /// Pictures glued together cost what one may cost.
    #[test]
    fn scans_of_earlier_pictures_count() {
        let file = seawall_testkit::jpeg(&seawall_testkit::picture(40, 30, 1), 80);
        let budget = Budget {
            limits: &Limits::default(),
            expired: &|| false,
            views: ViewOptions::default(),
        };
        for (before, result) in [
            (SCANNED_PIXELS_MAX - 1200, Ok(())),
            (SCANNED_PIXELS_MAX - 1199, Err(Reason::TooSlow)),
        ] {
            let mut visit = |_: seawall_core::View, _: &crate::Shown<'_>| {};
            let mut session = Session::new(&file, budget, &mut visit);
            session.scanned_pixels = before;
            assert_eq!(decode(&mut session), result);
        }
    }
}
