//! TIFF: every page, in the forms that scanners, cameras and editors write.

mod by_rows;
mod chunks;
mod directory;
mod file;
mod stream;
mod strips;

use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::tags::Tag;
use ::tiff::{ColorType, TiffError};
use image::metadata::Orientation;
use seawall_core::{PixelKind, Place, Reason};

use crate::frames::Chosen;
use crate::layout::{Layout, Samples, unpacked};
use crate::session::Session;
use crate::views;
use directory::{Patch, declaring};
use file::File;
use strips::{Coding, Strips};

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let count = page_count(session)?;
    if count == 1 {
        return show_page(session, 0, Place::Whole);
    }
    let mut chosen = Chosen::of(session, count, "pages");
    let mut failed = None;
    while let Some(index) = chosen.next() {
        session.check_time()?;
        // A new decoder for each page: one bad page does not end the others.
        match show_page(session, index, Place::Page(index + 1)) {
            Ok(()) => chosen.hashed += 1,
            Err(Reason::TooSlow) => {
                failed = Some(Reason::TooSlow);
                break;
            }
            Err(reason) => {
                session
                    .notes
                    .push(format!("page {}: {}", index + 1, reason.sentence()));
                failed = Some(reason);
            }
        }
    }
    chosen.note(session);
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
fn page_count(session: &mut Session<'_>) -> Result<u32, Reason> {
    let mut decoder = open(session)?;
    let mut count = 1;
    while decoder.more_images() {
        session.check_time()?;
        if count == PAGES_MAX {
            session.note(&format!(
                "more than {count} pages: the others are not counted"
            ));
            break;
        }
        if decoder.next_image().is_err() {
            // It says that there is one more, and where that should be there is none.
            session.check_time()?;
            session.note(&format!(
                "the chain of pages breaks off behind page {count}"
            ));
            session.damaged.set(true);
            break;
        }
        count += 1;
    }
    Ok(count)
}

fn open<'a>(session: &Session<'a>) -> Result<Decoder<File<'a>>, Reason> {
    open_patched(session, Vec::new())
}

fn open_patched<'a>(
    session: &Session<'a>,
    patches: Vec<Patch>,
) -> Result<Decoder<File<'a>>, Reason> {
    let file = File::new(session.source(), patches);
    let decoder = Decoder::new(file).map_err(|error| fail(session, &error))?;
    let bytes = usize::try_from(session.budget.limits.memory_bytes_max).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = bytes;
    limits.intermediate_buffer_size = bytes;
    limits.ifd_value_size = limits.ifd_value_size.min(bytes);
    Ok(decoder.with_limits(limits))
}

fn show_page(session: &mut Session<'_>, index: u32, place: Place) -> Result<(), Reason> {
    let mut page = Page::open(session, index)?;
    let decoder = &mut page.decoder;
    let orientation = orientation(decoder);
    let (width, height) = decoder
        .dimensions()
        .map_err(|error| fail(session, &error))?;
    session.check_size(width.into(), height.into(), 0)?;
    if orientation == Orientation::NoTransforms
        && let Some(plan) = by_rows::plan(session, &mut page)?
    {
        return by_rows::show(session, &mut page, &plan, place);
    }
    let samples = read_samples(session, &mut page)?;
    let layout = to_layout(samples, &page.palette)?;
    views::visit(session, place, &layout, orientation);
    Ok(())
}

/// A page that is about to be read.
struct Page<'a> {
    decoder: Decoder<File<'a>>,
    colour: ColorType,
    /// The colours of a page of indices.
    palette: Vec<u16>,
    /// What JPEG data takes while it is decoded.
    jpeg_bytes: u64,
    /// How strips and tiles are compressed, and the tables that JPEG data shares, where they are
    /// decompressed here.
    coding: Option<(Coding, Option<Vec<u8>>)>,
}

impl<'a> Page<'a> {
    /// The decoder is shown the same file, but its page declared to be what it reads best: not
    /// compressed (see [`file`]), and of indices, of which it reads everything
    /// except that the page consists of them, to be grey. The colours are looked up afterwards.
    fn open(session: &Session<'a>, index: u32) -> Result<Self, Reason> {
        let fail = |error: TiffError| fail(session, &error);
        let mut decoder = open(session)?;
        decoder.seek_to_image(index as usize).map_err(fail)?;
        let photometric = decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation);
        let is_indexed = matches!(photometric, Ok(Some(PALETTE)));
        let coding = Coding::of(&mut decoder);
        let jpeg_bytes = chunks::jpeg_bytes(session, &mut decoder)?;
        let tables = if coding == Some(Coding::Jpeg) {
            let tables = decoder.find_tag(Tag::JPEGTables).map_err(fail)?;
            tables
                .map(|tables| tables.into_u8_vec().map_err(fail))
                .transpose()?
        } else {
            None
        };
        let palette = if is_indexed {
            decoder.get_tag_u16_vec(Tag::ColorMap).map_err(fail)?
        } else {
            Vec::new()
        };
        let colour = decoder.colortype();
        let directory = decoder.ifd_pointer().ok_or(Reason::Damaged)?.0;
        let declaring = |tag, value| declaring(session.bytes, directory, tag, value);
        let mut patches = Vec::new();
        if is_indexed {
            patches.extend(declaring(PHOTOMETRIC_INTERPRETATION, BLACK_IS_ZERO));
        } else if coding == Some(Coding::Jpeg) && matches!(colour, Ok(ColorType::YCbCr(8))) {
            // The decoder would look at how the colours are stored, which concerns JPEG alone.
            patches.extend(declaring(PHOTOMETRIC_INTERPRETATION, RGB));
        }
        if coding.is_some_and(|coding| coding != Coding::Plain) {
            patches.extend(declaring(COMPRESSION, NOT_COMPRESSED));
        }
        if !patches.is_empty() {
            decoder = open_patched(session, patches)?;
            decoder.seek_to_image(index as usize).map_err(fail)?;
        }
        // Of a page declared grey no other colour is read.
        let colour = match (is_indexed, decoder.colortype().map_err(fail)?) {
            (true, ColorType::Gray(bits)) => ColorType::Palette(bits),
            (true, _) => return Err(Reason::UnsupportedFormat),
            (false, _) => colour.map_err(fail)?,
        };
        Ok(Self {
            decoder,
            colour,
            palette,
            jpeg_bytes,
            coding: coding.map(|coding| (coding, tables)),
        })
    }

    /// From now on the decoder reads strips and tiles.
    fn begin(&mut self, session: &Session<'a>, planes: usize) -> Result<(), Reason> {
        let Some((coding, tables)) = self.coding.take() else {
            return Ok(());
        };
        let strips = Strips::read(
            &mut self.decoder,
            session.bytes,
            coding,
            (self.colour, planes),
            tables,
        );
        let strips = strips.map_err(|error| fail(session, &error))?;
        self.decoder.inner().begin(strips);
        Ok(())
    }

    /// Tells the session whether strips or tiles are damaged.
    ///
    /// # Errors
    /// [`Reason::Damaged`] where they are, and nothing is there of them.
    fn end(&mut self, session: &Session<'_>) -> Result<(), Reason> {
        let seen = self.decoder.inner().end();
        match seen.map_err(|error| fail(session, &error.into()))? {
            Some(seen) if seen.is_damaged && seen.is_empty => Err(Reason::Damaged),
            Some(seen) => {
                session
                    .damaged
                    .set(session.damaged.get() || seen.is_damaged);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// The samples of a page.
struct Stored {
    size: (usize, usize),
    colour: ColorType,
    /// One byte a sample, or packed where samples have fewer bits; interleaved.
    bytes: Vec<u8>,
}

fn read_samples<'a>(session: &Session<'a>, page: &mut Page<'a>) -> Result<Stored, Reason> {
    let fail = |error: TiffError| fail(session, &error);
    let (width, height) = page.decoder.dimensions().map_err(fail)?;
    let layout = page.decoder.image_buffer_layout().map_err(fail)?;
    let pixels = u64::from(width) * u64::from(height);
    let working_bytes = working_bytes(page.colour, layout.planes, pixels);
    let bytes = (layout.complete_len as u64).saturating_add(working_bytes);
    session.check_size(0, 0, bytes.saturating_add(page.jpeg_bytes))?;
    page.begin(session, layout.planes)?;
    let mut result = DecodingResult::U8(Vec::new());
    let read = page.decoder.read_image_to_buffer(&mut result);
    let samples = eight_bits(result)?;
    match read.map_err(fail) {
        Ok(_) => {}
        // The decoder fills the buffer strip by strip, as far as the file goes.
        Err(Reason::Damaged) if samples.iter().any(|&sample| sample != 0) => {
            session.damaged.set(true);
        }
        Err(reason) => return Err(reason),
    }
    page.end(session)?;
    let samples = interleaved(samples, layout.planes);
    Ok(Stored {
        size: (width as usize, height as usize),
        colour: page.colour,
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

fn orientation(decoder: &mut Decoder<File<'_>>) -> Orientation {
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

fn to_layout(page: Stored, palette: &[u16]) -> Result<Layout, Reason> {
    let Stored {
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
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const BLACK_IS_ZERO: u8 = 1;
const RGB: u8 = 2;
const COMPRESSION: u16 = 259;
const NOT_COMPRESSED: u8 = 1;
/// More pages than this are not even counted.
const PAGES_MAX: u32 = 100_000;
/// Directories, strips and tiles that are remembered.
const PLACES_MAX: usize = 1 << 20;
