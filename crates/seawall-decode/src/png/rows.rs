//! The rows of a PNG's default picture, as many as there are.

use ::png::{
    BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Info, InterlaceInfo, Limits, Reader,
};
use ::png::{Transformations, expand_interlaced_row, splat_interlaced_row};
use seawall_core::{PixelKind, Pixels, Reason};

use super::chunks;
use crate::bands::{self, Bands};
use crate::layout::{Layout, Samples, unpacked};
use crate::session::Session;
use crate::source::Source;
use crate::spare;

/// Which checksums have to be right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Checks {
    /// Those of every chunk that matters, and of the compressed data.
    All,
    /// None.
    None,
}

/// The default picture.
pub(super) struct Read {
    pub(super) picture: Picture,
    pub(super) exif: Option<Vec<u8>>,
    pub(super) is_animated: bool,
    pub(super) is_indexed: bool,
    pub(super) extent: Extent,
}

/// The pixels, or what became of them.
pub(super) enum Picture {
    Whole(Layout),
    /// They went to the visitor, who has not been told yet which view they are.
    ByRows(Bands),
}

/// How much of a picture there is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// All rows; what comes behind them is missing or does not fit.
    AllRows,
    /// Some rows are missing, for this reason.
    Cut(Reason),
}

/// Reads the picture into eight bits a sample, palette looked up.
pub(super) fn read(session: &mut Session<'_>, checks: Checks) -> Result<Read, Reason> {
    let mut reader = open(session, checks, EIGHT_BITS)?;
    let info = reader.info();
    let is_animated = info.animation_control.is_some();
    let is_indexed = info.color_type == ColorType::Indexed;
    let (picture, mut extent) = read_picture(session, &mut reader)?;
    // The frames of an animation are checked when they are read.
    if extent == Extent::Whole && !is_animated && reader.finish().is_err() {
        session.check_time()?;
        extent = Extent::AllRows;
    }
    let exif = reader.info().exif_metadata.as_ref();
    let exif = exif.map(|exif| exif.to_vec());
    Ok(Read {
        picture,
        exif,
        is_animated,
        is_indexed,
        extent,
    })
}

fn read_picture(
    session: &mut Session<'_>,
    reader: &mut Reader<Source<'_>>,
) -> Result<(Picture, Extent), Reason> {
    let samples = match reader.output_color_type().0 {
        ColorType::Grayscale => Samples::GREY,
        ColorType::GrayscaleAlpha => Samples::GREY_ALPHA,
        ColorType::Rgb => Samples::RGB,
        ColorType::Rgba => Samples::RGBA,
        ColorType::Indexed => return Err(Reason::UnsupportedFormat),
    };
    let info = reader.info();
    let size = (info.width as usize, info.height as usize);
    if is_read_by_rows(session, info, samples) {
        let mut bands = Bands::begin(session, size, samples);
        let (rows, result) = pass_lines(session, reader, &mut bands);
        let extent = extent(session, reader, rows, result)?;
        return Ok((Picture::ByRows(bands), extent));
    }
    let (mut data, extent, reached) = read_rows(session, reader)?;
    samples.make_opaque(&mut data[reached..]);
    let layout = Layout::reduced(size, data, samples)?;
    Ok((Picture::Whole(layout), extent))
}

/// Whether rows can go to the visitor one by one: they come from the top, none is needed again
/// to turn the picture, and what a few of them take is within the limit.
fn is_read_by_rows(session: &Session<'_>, info: &Info<'_>, samples: Samples) -> bool {
    let size = (info.width as usize, info.height as usize);
    let rows = bands::BAND_ROWS as u64;
    let Some(bytes) = bands::forms_bytes(session, size, samples, rows) else {
        return false;
    };
    let line = info.raw_row_length() as u64;
    let decoder = DECODER_BYTES.saturating_add(line.saturating_mul(DECODER_LINES));
    !info.interlaced
        && bytes.saturating_add(decoder) <= session.budget.limits.memory_bytes_max
        && !chunks::may_turn(session.bytes)
}

/// Passes on the rows that there are.
fn pass_lines(
    session: &mut Session<'_>,
    reader: &mut Reader<Source<'_>>,
    bands: &mut Bands,
) -> (u32, Result<(), DecodingError>) {
    for row in 0..reader.info().height {
        if let Err(error) = reader.read_row(bands.next()) {
            return (row, Err(error));
        }
        bands.keep(session);
    }
    (reader.info().height, Ok(()))
}

/// The palette indices of an indexed picture as if they were grey values.
pub(super) fn indices(session: &Session<'_>, checks: Checks) -> Result<Pixels, Reason> {
    let mut reader = open(session, checks, Transformations::IDENTITY)?;
    let info = reader.info();
    let (width, height) = (info.width as usize, info.height as usize);
    let bits = info.bit_depth as u8;
    let (packed, ..) = read_rows(session, &mut reader)?;
    let data = unpacked(&packed, width, bits).collect();
    Pixels::new(width, height, PixelKind::Luma8, data).map_err(|_| Reason::Damaged)
}

/// A reader that stands before the first row.
fn open<'a>(
    session: &Session<'a>,
    checks: Checks,
    transformations: Transformations,
) -> Result<Reader<Source<'a>>, Reason> {
    open_with(session, session.source(), options(checks), transformations)
}

/// The same of an animation, each frame of which has an alpha. Its frames are in chunks that count as
/// accessory: their checksums are not passed over.
pub(super) fn open_frames<'a>(
    session: &Session<'_>,
    source: Source<'a>,
    checks: Checks,
) -> Result<Reader<Source<'a>>, Reason> {
    let mut options = options(checks);
    options.set_skip_ancillary_crc_failures(false);
    let with_alpha = EIGHT_BITS.union(Transformations::ALPHA);
    open_with(session, source, options, with_alpha)
}

/// Texts and profiles are not even inflated.
fn options(checks: Checks) -> DecodeOptions {
    let mut options = DecodeOptions::default();
    options.set_ignore_checksums(checks == Checks::None);
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    options
}

fn open_with<'a>(
    session: &Session<'_>,
    source: Source<'a>,
    options: DecodeOptions,
    transformations: Transformations,
) -> Result<Reader<Source<'a>>, Reason> {
    let mut decoder = Decoder::new_with_options(source, options);
    let bytes = usize::try_from(session.budget.limits.memory_bytes_max).unwrap_or(usize::MAX);
    decoder.set_limits(Limits { bytes });
    decoder.set_transformations(transformations);
    decoder.read_info().map_err(|error| reason(session, &error))
}

/// The rows, as many as there are; at least one. Up to which byte something of them is there
/// comes with them.
fn read_rows(
    session: &Session<'_>,
    reader: &mut Reader<Source<'_>>,
) -> Result<(Vec<u8>, Extent, usize), Reason> {
    let info = reader.info();
    let (width, height, interlaced) = (info.width, info.height, info.interlaced);
    let pixels = u64::from(width) * u64::from(height);
    let length = reader.output_buffer_size().ok_or(Reason::TooMuchMemory)?;
    // One byte a pixel more where an alpha is split off or indices are unpacked.
    let (colour, _) = reader.output_color_type();
    let more = match colour {
        ColorType::Grayscale | ColorType::Rgb => 0,
        ColorType::GrayscaleAlpha | ColorType::Rgba | ColorType::Indexed => pixels,
    };
    let bytes = (length as u64).saturating_add(more);
    session.check_size(width.into(), height.into(), bytes)?;
    let mut data = spare::take(length);
    let (rows, result) = if interlaced {
        read_passes(reader, &mut data)
    } else {
        read_lines(reader, &mut data)
    };
    let extent = extent(session, reader, rows, result)?;
    // A row of the first pass stands for eight.
    let rows = if interlaced {
        rows.saturating_mul(8)
    } else {
        rows
    };
    let line = data.len() / height.max(1) as usize;
    let reached = line * rows.min(height) as usize;
    Ok((data, extent, reached))
}

/// What so many rows are, and the error that ended them; none is an error.
fn extent(
    session: &Session<'_>,
    reader: &mut Reader<Source<'_>>,
    rows: u32,
    result: Result<(), DecodingError>,
) -> Result<Extent, Reason> {
    if let Err(error) = result {
        let reason = reason(session, &error);
        return match rows {
            0 => Err(reason),
            _ => Ok(Extent::Cut(reason)),
        };
    }
    // Behind the last row come the end of the compressed data and its checksum.
    match reader.next_row() {
        Ok(_) => Ok(Extent::Whole),
        Err(_) => Ok(Extent::AllRows),
    }
}

fn read_lines(
    reader: &mut Reader<Source<'_>>,
    data: &mut [u8],
) -> (u32, Result<(), DecodingError>) {
    let height = reader.info().height;
    let line = (data.len() / height.max(1) as usize).max(1);
    for (row, target) in (0..).zip(data.chunks_exact_mut(line)) {
        if let Err(error) = reader.read_row(target) {
            return (row, Err(error));
        }
    }
    (height, Ok(()))
}

/// Each pass fills the places of later ones too, so that what a cut file lacks is only detail.
fn read_passes(
    reader: &mut Reader<Source<'_>>,
    data: &mut [u8],
) -> (u32, Result<(), DecodingError>) {
    let (colour, depth) = reader.output_color_type();
    let bits = samples(colour) * depth as u8;
    let width = reader.info().width;
    let stride = reader.output_line_size(width).unwrap_or(0);
    let expand = if depth == BitDepth::Eight {
        splat_interlaced_row
    } else {
        expand_interlaced_row
    };
    let total = interlaced_rows(reader.info());
    for row in 0..total {
        match reader.next_interlaced_row() {
            Ok(Some(line)) => {
                if let InterlaceInfo::Adam7(pass) = line.interlace() {
                    expand(data, stride, line.data(), pass, bits);
                }
            }
            Ok(None) => return (row, Ok(())),
            Err(error) => return (row, Err(error)),
        }
    }
    (total, Ok(()))
}

/// How many rows the seven passes have together: each begins at a column and a row, and takes
/// every nth row; a pass without columns has no rows.
fn interlaced_rows(info: &Info<'_>) -> u32 {
    let passes = [
        (0, 0, 8),
        (4, 0, 8),
        (0, 4, 8),
        (2, 0, 4),
        (0, 2, 4),
        (1, 0, 2),
        (0, 1, 2),
    ];
    let rows = passes.map(|(left, top, down)| {
        let is_empty = info.width <= left;
        if is_empty {
            0
        } else {
            info.height.saturating_sub(top).div_ceil(down)
        }
    });
    rows.iter().sum()
}

fn samples(colour: ColorType) -> u8 {
    match colour {
        ColorType::Grayscale | ColorType::Indexed => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
    }
}

pub(super) fn reason(session: &Session<'_>, error: &DecodingError) -> Reason {
    match error {
        _ if session.is_late() => Reason::TooSlow,
        DecodingError::LimitsExceeded => Reason::TooMuchMemory,
        DecodingError::IoError(_) | DecodingError::Format(_) | DecodingError::Parameter(_) => {
            Reason::Damaged
        }
    }
}

/// Eight bits a sample, colours instead of indices, alpha where a colour is see-through.
const EIGHT_BITS: Transformations = Transformations::EXPAND.union(Transformations::STRIP_16);
/// What the decoder holds: the window of the compression, and some lines.
const DECODER_BYTES: u64 = 1 << 20;
const DECODER_LINES: u64 = 16;
