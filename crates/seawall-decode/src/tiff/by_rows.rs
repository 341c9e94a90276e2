//! Pages that are handed out strip by strip, or one row of tiles after the other.

use ::tiff::ColorType;
use ::tiff::decoder::{Decoder, DecodingResult, DecodingSampleType};
use ::tiff::tags::Tag;
use seawall_core::{Place, Reason};

use super::file::File;
use super::{Page, Stored, fail, to_layout};
use crate::bands::{self, Bands};
use crate::layout::Samples;
use crate::session::Session;

/// What is known of a page before it is decoded.
pub(super) struct Plan {
    size: (usize, usize),
    colour: ColorType,
    sample: DecodingSampleType,
    /// Bytes of a row of pixels as the decoder gives them.
    row_bytes: usize,
    /// Width and height of a strip or tile.
    chunk: (usize, usize),
}

/// A plan for a page that can be handed out by rows: its samples lie side by side, it has several
/// strips or rows of tiles, and what one of these takes is within the limit. `None` for others.
///
/// # Errors
/// As for whole pages, where a strip or tile of JPEG data is above the limits.
pub(super) fn plan(session: &Session<'_>, page: &mut Page<'_>) -> Result<Option<Plan>, Reason> {
    let colour = page.colour;
    let decoder = &mut page.decoder;
    let (width, height) = decoder
        .dimensions()
        .map_err(|error| fail(session, &error))?;
    let layout = decoder.image_buffer_layout();
    let layout = layout.map_err(|error| fail(session, &error))?;
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let samples = usize::from(colour.num_samples());
    let sample = match layout.sample_type {
        Some(sample @ (DecodingSampleType::U8 | DecodingSampleType::U16)) => sample,
        // The enum is the library's; what is left are rare depths.
        Some(_) | None => return Ok(None),
    };
    let plan = Plan {
        size: (width as usize, height as usize),
        colour,
        sample,
        row_bytes: layout.row_stride.map_or(0, std::num::NonZeroUsize::get),
        chunk: (chunk_width as usize, chunk_height as usize),
    };
    // Of tiles with samples that mean nothing the decoder lets some pixels spill into the next
    // row: what lists are made from has them too.
    let found = decoder.find_tag_unsigned(Tag::SamplesPerPixel);
    let has_more = found.ok().flatten().unwrap_or(1) != samples;
    let is_plain = (plan.chunk.0 >= plan.size.0 || !has_more)
        && matches!(colour.bit_depth(), 8 | 16)
        && plan.row_bytes == plan.size.0 * samples * usize::from(colour.bit_depth() / 8)
        && layout.planes == 1
        && plan.chunk.0 > 0
        && (1..plan.size.1).contains(&plan.chunk.1);
    let Some(looks) = looks(colour).filter(|_| is_plain) else {
        return Ok(None);
    };
    let bytes = bands::forms_bytes(session, plan.size, looks, chunk_height.into());
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    // A row of chunks as it is read, copied, narrowed and converted.
    let row = plan.row_bytes as u64 * 3 + u64::from(width) * 4;
    let working = row.saturating_mul(chunk_height.into());
    let working = working.saturating_add(page.jpeg_bytes);
    let bytes = bytes.saturating_add(working);
    let is_within = bytes <= session.budget.limits.memory_bytes_max;
    Ok(is_within.then_some(plan))
}

/// What is hashed of such a page, once it is converted; `None` where it is not converted.
fn looks(colour: ColorType) -> Option<Samples> {
    match colour {
        ColorType::Gray(_) | ColorType::Multiband { .. } => Some(Samples::GREY),
        ColorType::GrayA(_) => Some(Samples::GREY_ALPHA),
        ColorType::RGBA(_) => Some(Samples::RGBA),
        ColorType::RGB(_)
        | ColorType::CMYK(_)
        | ColorType::CMYKA(_)
        | ColorType::YCbCr(8)
        | ColorType::Palette(8) => Some(Samples::RGB),
        // The enum is the library's and open.
        _ => None,
    }
}

/// Hands out the page, as far as the file goes.
pub(super) fn show<'a>(
    session: &mut Session<'a>,
    page: &mut Page<'a>,
    plan: &Plan,
    place: Place,
) -> Result<(), Reason> {
    page.begin(session, 1)?;
    let looks = looks(plan.colour).ok_or(Reason::UnsupportedFormat)?;
    let mut bands = Bands::begin(session, plan.size, looks);
    let mut chunk = DecodingResult::U8(Vec::new());
    let mut rows = vec![0; plan.row_bytes * plan.chunk.1];
    let (mut is_empty, mut unshown) = (true, None);
    let mut ended = None;
    for band in 0..plan.size.1.div_ceil(plan.chunk.1) {
        let height = plan.chunk.1.min(plan.size.1 - band * plan.chunk.1);
        let rows = &mut rows[..height * plan.row_bytes];
        rows.fill(0);
        // Samples that are missing are zeros, which need not be black.
        if ended.is_none() {
            ended = read_band(session, &mut page.decoder, plan, band, &mut chunk, rows).err();
        }
        let samples = eight_bits(plan.sample, rows);
        is_empty &= samples.iter().all(|&sample| sample == 0);
        let stored = Stored {
            size: (plan.size.0, height),
            colour: plan.colour,
            bytes: samples,
        };
        match to_layout(stored, &page.palette) {
            Ok(layout) => bands.pass(
                session,
                layout.pixels.data(),
                layout.alpha.as_deref().unwrap_or_default(),
            ),
            Err(reason) => unshown = unshown.or(Some(reason)),
        }
    }
    match ended {
        None => {}
        // As far as the file goes.
        Some(Reason::Damaged) if !is_empty => session.damaged.set(true),
        Some(reason) => return Err(reason),
    }
    page.end(session)?;
    if let Some(reason) = unshown {
        return Err(reason);
    }
    bands.end(session, place);
    Ok(())
}

/// Reads the strip, or one tile after the other, into the zeros of a band.
fn read_band(
    session: &Session<'_>,
    decoder: &mut Decoder<File<'_>>,
    plan: &Plan,
    band: usize,
    chunk: &mut DecodingResult,
    rows: &mut [u8],
) -> Result<(), Reason> {
    let across = plan.size.0.div_ceil(plan.chunk.0);
    let pixel_bytes = plan.row_bytes / plan.size.0;
    for column in 0..across {
        let number = u32::try_from(band * across + column).map_err(|_| Reason::Damaged)?;
        // Each row of a tile is put where it would be in a row of the page.
        decoder.inner().go_to(band * across + column);
        let result = decoder.read_chunk_to_buffer(chunk, number, plan.row_bytes);
        let left = column * plan.chunk.0;
        let width = plan.chunk.0.min(plan.size.0 - left) * pixel_bytes;
        let mut buffer = chunk.as_buffer(0);
        let read = buffer.as_bytes_mut().chunks_mut(plan.row_bytes);
        for (source, target) in read.zip(rows.chunks_exact_mut(plan.row_bytes)) {
            let source = &mut source[..width];
            target[left * pixel_bytes..][..width].copy_from_slice(source);
            // Of a tile that breaks off nothing of the one before shall show.
            source.fill(0);
        }
        result.map_err(|error| fail(session, &error))?;
    }
    Ok(())
}

fn eight_bits(sample: DecodingSampleType, bytes: &[u8]) -> Vec<u8> {
    match sample {
        DecodingSampleType::U16 => {
            let pairs = bytes.as_chunks::<2>().0.iter();
            pairs
                .map(|&pair| u16::from_ne_bytes(pair).to_be_bytes()[0])
                .collect()
        }
        // The enum is the library's; the plan has no others.
        _ => bytes.to_vec(),
    }
}
