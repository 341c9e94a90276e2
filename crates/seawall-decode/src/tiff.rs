//! TIFF: every page, in the forms that scanners, cameras and editors write.

mod by_rows;
mod chunks;
mod directory;

use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::tags::Tag;
use ::tiff::{ColorType, TiffError};
use image::metadata::Orientation;
use seawall_core::{PixelKind, Place, Reason};

use crate::frames;
use crate::layout::{Layout, Samples, unpacked};
use crate::session::Session;
use crate::source::Source;
use crate::views;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let count = page_count(session)?;
    if count == 1 {
        return show_page(session, 0, Place::Whole);
    }
    let mut failed = None;
    for index in frames::chosen(session, count, "pages") {
        session.check_time()?;
        // A new decoder for each page: one bad page does not end the others.
        match show_page(session, index, Place::Page(index + 1)) {
            Ok(()) => {}
            Err(Reason::TooSlow) => return Err(Reason::TooSlow),
            Err(reason) => {
                session
                    .notes
                    .push(format!("page {}: {}", index + 1, reason.sentence()));
                failed = Some(reason);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Where the directories of all pages lie, and where JPEG data begins that pages are made of.
pub(crate) fn places(session: &Session<'_>) -> Vec<usize> {
    let mut places = Vec::new();
    let Ok(mut decoder) = open(session) else {
        return places;
    };
    for _ in 0..PAGES_MAX {
        let directory = decoder.ifd_pointer();
        places.extend(directory.and_then(|place| usize::try_from(place.0).ok()));
        places.extend(chunks::jpeg_places(&mut decoder));
        let is_enough = places.len() > PLACES_MAX || session.check_time().is_err();
        if is_enough || !decoder.more_images() || decoder.next_image().is_err() {
            break;
        }
    }
    places.sort_unstable();
    places
}

/// Walks the chain of pages, which the decoder keeps from running in a circle.
fn page_count(session: &Session<'_>) -> Result<u32, Reason> {
    let mut decoder = open(session)?;
    let mut count = 1;
    while decoder.more_images() && count < PAGES_MAX {
        if decoder.next_image().is_err() {
            break;
        }
        count += 1;
    }
    session.check_time()?;
    Ok(count)
}

fn open<'a>(session: &Session<'a>) -> Result<Decoder<Source<'a>>, Reason> {
    open_source(session, session.source())
}

fn open_source<'a>(
    session: &Session<'_>,
    source: Source<'a>,
) -> Result<Decoder<Source<'a>>, Reason> {
    let decoder = Decoder::new(source).map_err(|error| fail(session, &error))?;
    let bytes = usize::try_from(session.budget.limits.memory_bytes_max).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = bytes;
    limits.intermediate_buffer_size = bytes;
    limits.ifd_value_size = limits.ifd_value_size.min(bytes);
    Ok(decoder.with_limits(limits))
}

fn show_page(session: &mut Session<'_>, index: u32, place: Place) -> Result<(), Reason> {
    let mut decoder = open(session)?;
    seek(session, &mut decoder, index)?;
    let orientation = orientation(&mut decoder);
    let photometric = decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation);
    if matches!(photometric, Ok(Some(PALETTE))) {
        return show_palette_page(session, &mut decoder, index, orientation, place);
    }
    let colour = decoder.colortype().map_err(|error| fail(session, &error));
    if let Ok(colour) = colour
        && let Some(plan) = plan(session, &mut decoder, colour, orientation)?
    {
        return by_rows::show(session, &mut decoder, &plan, &[], place);
    }
    let layout = to_layout(read_samples(session, &mut decoder)?, &[])?;
    views::visit(session, place, &layout, orientation);
    Ok(())
}

/// How to hand out the page by rows, where that goes.
fn plan(
    session: &Session<'_>,
    decoder: &mut Decoder<Source<'_>>,
    colour: ColorType,
    orientation: Orientation,
) -> Result<Option<by_rows::Plan>, Reason> {
    let (width, height) = decoder
        .dimensions()
        .map_err(|error| fail(session, &error))?;
    session.check_size(width.into(), height.into(), 0)?;
    if orientation == Orientation::NoTransforms {
        by_rows::plan(session, decoder, colour)
    } else {
        Ok(None)
    }
}

fn seek(
    session: &Session<'_>,
    decoder: &mut Decoder<Source<'_>>,
    index: u32,
) -> Result<(), Reason> {
    decoder
        .seek_to_image(index as usize)
        .map_err(|error| fail(session, &error))
}

/// The decoder reads everything about a palette page except that it is one, so it is shown
/// the same file with that page declared grey; the colours are looked up afterwards.
fn show_palette_page(
    session: &mut Session<'_>,
    decoder: &mut Decoder<Source<'_>>,
    index: u32,
    orientation: Orientation,
    place: Place,
) -> Result<(), Reason> {
    let palette = decoder
        .get_tag_u16_vec(Tag::ColorMap)
        .map_err(|error| fail(session, &error))?;
    let directory = decoder.ifd_pointer().ok_or(Reason::Damaged)?.0;
    let patched = directory::declared_grey(session.bytes, directory).ok_or(Reason::Damaged)?;
    let mut decoder = open_source(session, session.source_over(&patched))?;
    seek(session, &mut decoder, index)?;
    if let Ok(ColorType::Gray(bits)) = decoder.colortype()
        && let Some(plan) = plan(session, &mut decoder, ColorType::Palette(bits), orientation)?
    {
        return by_rows::show(session, &mut decoder, &plan, &palette, place);
    }
    let grey = read_samples(session, &mut decoder)?;
    let ColorType::Gray(bits) = grey.colour else {
        // A page declared grey gives no other colour that is read.
        return Err(Reason::UnsupportedFormat);
    };
    let colour = ColorType::Palette(bits);
    let layout = to_layout(Page { colour, ..grey }, &palette)?;
    views::visit(session, place, &layout, orientation);
    Ok(())
}

/// A page as it is stored.
struct Page {
    size: (usize, usize),
    colour: ColorType,
    /// One byte a sample, or packed where samples have fewer bits; interleaved.
    bytes: Vec<u8>,
}

fn read_samples(session: &Session<'_>, decoder: &mut Decoder<Source<'_>>) -> Result<Page, Reason> {
    let fail = |error: TiffError| fail(session, &error);
    let (width, height) = decoder.dimensions().map_err(fail)?;
    session.check_size(width.into(), height.into(), 0)?;
    let colour = decoder.colortype().map_err(fail)?;
    let layout = decoder.image_buffer_layout().map_err(fail)?;
    let pixels = u64::from(width) * u64::from(height);
    let bytes = layout.complete_len as u64 + working_bytes(colour, layout.planes, pixels);
    let bytes = bytes.saturating_add(chunks::jpeg_bytes(session, decoder)?);
    session.check_size(0, 0, bytes)?;
    let mut result = DecodingResult::U8(Vec::new());
    let read = decoder.read_image_to_buffer(&mut result);
    let samples = eight_bits(result)?;
    match read.map_err(fail) {
        Ok(_) => {}
        // The decoder fills the buffer strip by strip, as far as the file goes.
        Err(Reason::Damaged) if samples.iter().any(|&sample| sample != 0) => {
            session.damaged.set(true);
        }
        Err(reason) => return Err(reason),
    }
    let samples = interleaved(samples, layout.planes);
    Ok(Page {
        size: (width as usize, height as usize),
        colour,
        bytes: samples,
    })
}

/// What the steps from samples to pixels take beside the samples themselves.
fn working_bytes(colour: ColorType, planes: usize, pixels: u64) -> u64 {
    let samples = pixels * u64::from(colour.num_samples());
    let narrowed = if colour.bit_depth() > 8 { samples } else { 0 };
    let woven = if planes > 1 { samples } else { 0 };
    let converted = match colour {
        ColorType::Palette(_) | ColorType::CMYK(_) | ColorType::CMYKA(_) | ColorType::YCbCr(_) => {
            pixels * 3
        }
        ColorType::Gray(1..=7) | ColorType::GrayA(_) | ColorType::RGBA(_) => pixels,
        // The enum is the library's; the others are reduced in place.
        _ => 0,
    };
    narrowed.max(woven).max(converted)
}

fn orientation(decoder: &mut Decoder<Source<'_>>) -> Orientation {
    let number = decoder.find_tag_unsigned::<u8>(Tag::Orientation);
    let number = number.ok().flatten().and_then(Orientation::from_exif);
    number.unwrap_or(Orientation::NoTransforms)
}

/// Samples of one byte: the high byte of 16-bit ones, 0 to 1 of floats spread over the range.
fn eight_bits(result: DecodingResult) -> Result<Vec<u8>, Reason> {
    match result {
        DecodingResult::U8(samples) => Ok(samples),
        DecodingResult::U16(samples) => Ok(samples.iter().map(|&s| s.to_be_bytes()[0]).collect()),
        DecodingResult::F32(samples) => {
            let scaled = |s: &f32| (s.clamp(0.0, 1.0) * 255.0).round() as u8;
            Ok(samples.iter().map(scaled).collect())
        }
        // The enum is the library's; what is left are signed, wider and half-size samples.
        _ => Err(Reason::UnsupportedFormat),
    }
}

/// Planes, one after the other, to samples side by side.
fn interleaved(samples: Vec<u8>, planes: usize) -> Vec<u8> {
    if planes <= 1 {
        return samples;
    }
    let length = samples.len() / planes;
    let places = (0..length).flat_map(|k| (0..planes).map(move |plane| plane * length + k));
    places.map(|place| samples[place]).collect()
}

fn to_layout(page: Page, palette: &[u16]) -> Result<Layout, Reason> {
    let Page {
        size,
        colour,
        bytes: samples,
    } = page;
    let (width, height) = size;
    let rgb = |data| Layout::opaque(width, height, PixelKind::Rgb8, data);
    match colour {
        ColorType::Gray(bits @ (1 | 2 | 4)) => {
            let top = u16::from(u8::MAX >> (8 - bits));
            let grey = unpacked(&samples, width, bits)
                .map(|value| u8::try_from(u16::from(value) * 255 / top).unwrap_or(u8::MAX));
            Layout::opaque(width, height, PixelKind::Luma8, grey.collect())
        }
        ColorType::Gray(8 | 16 | 32) => Layout::reduced(size, samples, Samples::GREY),
        ColorType::GrayA(8 | 16) => Layout::reduced(size, samples, Samples::GREY_ALPHA),
        ColorType::Multiband {
            bit_depth: 8 | 16,
            num_samples,
        } if num_samples > 0 => Layout::reduced(size, samples, Samples::grey(num_samples.into())),
        ColorType::RGB(8 | 16 | 32) => Layout::reduced(size, samples, Samples::RGB),
        ColorType::RGBA(8 | 16 | 32) => Layout::reduced(size, samples, Samples::RGBA),
        ColorType::CMYK(8 | 16) => rgb(samples.chunks_exact(4).flat_map(from_cmyk).collect()),
        ColorType::CMYKA(8 | 16) => rgb(samples.chunks_exact(5).flat_map(from_cmyk).collect()),
        ColorType::YCbCr(8) => rgb(samples.chunks_exact(3).flat_map(from_ycbcr).collect()),
        ColorType::Palette(bits @ (1 | 2 | 4 | 8)) => {
            let indices = unpacked(&samples, width, bits);
            let colours = indices.map(|index| looked_up(palette, bits, index));
            rgb(colours
                .collect::<Option<Vec<_>>>()
                .ok_or(Reason::Damaged)?
                .concat())
        }
        // The enum is the library's and open: depths and colour spaces that are rare in pictures.
        _ => Err(Reason::UnsupportedFormat),
    }
}

/// A colour map holds all reds, then all greens, then all blues, in 16 bits.
fn looked_up(palette: &[u16], bits: u8, index: u8) -> Option<[u8; 3]> {
    let length = 1_usize << bits;
    let channel = |k: usize| Some(palette.get(k * length + usize::from(index))?.to_be_bytes()[0]);
    Some([channel(0)?, channel(1)?, channel(2)?])
}

fn from_cmyk(pixel: &[u8]) -> [u8; 3] {
    let light = |ink: u8| 255 - u32::from(ink);
    let black = light(pixel[3]);
    [pixel[0], pixel[1], pixel[2]].map(|ink| {
        u8::try_from((light(ink) * black + 127) / 255).expect("a share of 255 is a byte")
    })
}

/// ITU-R BT.601 at full range, as JPEG uses it.
fn from_ycbcr(pixel: &[u8]) -> [u8; 3] {
    let [y, cb, cr] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    [
        y + 1.402 * cr,
        y - 0.344_14 * cb - 0.714_14 * cr,
        y + 1.772 * cb,
    ]
    .map(|v| v.round() as u8)
}

fn fail(session: &Session<'_>, error: &TiffError) -> Reason {
    match error {
        _ if session.is_late() => Reason::TooSlow,
        TiffError::LimitsExceeded | TiffError::IntSizeError => Reason::TooMuchMemory,
        TiffError::UnsupportedError(_) => Reason::UnsupportedFormat,
        TiffError::FormatError(_) | TiffError::IoError(_) | TiffError::UsageError(_) => {
            Reason::Damaged
        }
    }
}

/// The photometric interpretation of pages whose samples are indices.
const PALETTE: u16 = 3;
/// More pages than this are not even counted.
const PAGES_MAX: u32 = 100_000;
/// Directories, strips and tiles that are remembered.
const PLACES_MAX: usize = 1 << 20;
