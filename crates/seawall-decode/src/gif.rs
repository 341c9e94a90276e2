//! GIF.

mod by_rows;

use ::gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod, MemoryLimit};
use image::metadata::Orientation;
use seawall_core::{Form, PixelKind, Pixels, Place, Reason, View};

use crate::canvas::{Blend, Canvas, Disposal, Frame};
use crate::frames::Chosen;
use crate::session::Session;
use crate::shown::Shown;
use crate::source::Source;
use crate::views;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let (count, end) = walked(session.bytes);
    decode_frames(session, count)?;
    if end.is_none() {
        session.note(END);
    }
    Ok(())
}

fn decode_frames(session: &mut Session<'_>, count: u32) -> Result<(), Reason> {
    let mut decoder = open(session, ColorOutput::RGBA)?;
    let (width, height) = (decoder.width(), decoder.height());
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Reason::Damaged);
    }
    if count == 1 && by_rows::show(session).is_some() {
        return Ok(());
    }
    let bytes = pixels * Canvas::BYTES_A_PIXEL;
    session.check_size(width.into(), height.into(), bytes)?;
    let canvas = Canvas::new(width.into(), height.into());
    let mut chosen = Chosen::of(session, count, "frames");
    let result = visit(session, &mut decoder, canvas, &mut chosen, count);
    chosen.note(session);
    result
}

fn visit(
    session: &mut Session<'_>,
    decoder: &mut Decoder<Source<'_>>,
    mut canvas: Canvas,
    chosen: &mut Chosen,
    count: u32,
) -> Result<(), Reason> {
    for index in 0..count {
        session.check_time()?;
        let whole = draw_next(session, decoder, &mut canvas)?;
        let is_wanted = chosen.takes(index);
        if is_wanted || !whole {
            let place = place(index, count);
            let layout = canvas.layout()?;
            views::visit(session, place, &layout, Orientation::NoTransforms);
            if index == 0 && session.budget.views.legacy_palette {
                visit_indices(session, place);
            }
            chosen.hashed += 1;
        }
        if !whole {
            return Err(Reason::Damaged);
        }
        if chosen.is_through() {
            return Ok(());
        }
    }
    Err(Reason::Damaged)
}

fn place(index: u32, count: u32) -> Place {
    if count == 1 {
        Place::Whole
    } else {
        Place::Frame(index + 1)
    }
}

fn open<'a>(session: &Session<'a>, output: ColorOutput) -> Result<Decoder<Source<'a>>, Reason> {
    let mut options = DecodeOptions::new();
    options.set_color_output(output);
    options.allow_unknown_blocks(true);
    // Frames are decoded into buffers of ours, whose sizes are checked before.
    options.set_memory_limit(MemoryLimit::Unlimited);
    options
        .read_info(session.source())
        .map_err(|error| reason(session, &error))
}

/// Draws the next frame, or as much of it as there is; says whether it was whole.
fn draw_next(
    session: &Session<'_>,
    decoder: &mut Decoder<Source<'_>>,
    canvas: &mut Canvas,
) -> Result<bool, Reason> {
    let frame = decoder
        .next_frame_info()
        .map_err(|error| reason(session, &error))?
        .ok_or(Reason::Damaged)?;
    let (width, height) = (frame.width, frame.height);
    let (left, top, dispose) = (frame.left, frame.top, frame.dispose);
    let is_interlaced = frame.interlaced;
    let bytes = u64::from(width) * u64::from(height) * 4;
    session.check_size(width.into(), height.into(), bytes)?;
    let mut rgba = vec![0; usize::from(width) * usize::from(height) * 4];
    let result = decoder.read_into_buffer(&mut rgba);
    let frame = Frame {
        left: left.into(),
        top: top.into(),
        width: width.into(),
        rgba: &rgba,
        blend: Blend::Over,
        disposal: match dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
            DisposalMethod::Background => Disposal::Clear,
            DisposalMethod::Previous => Disposal::Restore,
        },
    };
    canvas.draw(&frame);
    match result.map_err(|error| reason(session, &error)) {
        Ok(()) => Ok(true),
        // Through pixels that were not reached shows the frame before; what is below that is
        // missing, not see-through.
        Err(Reason::Damaged) if rgba.iter().any(|&value| value != 0) => {
            let reached = reached(&frame, is_interlaced);
            canvas.blacken(&frame, |row, column| column >= reached[row]);
            Ok(false)
        }
        Err(reason) => Err(reason),
    }
}

/// How many pixels of each row of a damaged frame are there, as far as that can be told.
fn reached(frame: &Frame<'_>, is_interlaced: bool) -> Vec<usize> {
    let rows = frame.rgba.chunks_exact(frame.width.max(1) * 4);
    let last = |row: &[u8]| {
        let pixels = row.as_chunks::<4>().0;
        let last = pixels.iter().rposition(|pixel| *pixel != [0; 4]);
        last.map_or(0, |last| last + 1)
    };
    let mut reached: Vec<usize> = rows.map(last).collect();
    let end = reached.iter().rposition(|&count| count > 0);
    if let Some(end) = end.filter(|_| !is_interlaced) {
        reached[..end].fill(frame.width);
    }
    reached
}

/// Hands out the first frame as the common tool sees it: palette indices on a screen that is
/// enlarged to hold the frame and filled with the transparent index, or 0.
fn visit_indices(session: &mut Session<'_>, place: Place) {
    if let Some(pixels) = read_indices(session) {
        let view = View::of(place).with(Form::LegacyPalette);
        session.visit(view, &Shown::plain(&pixels));
    }
}

fn read_indices(session: &Session<'_>) -> Option<Pixels> {
    let mut decoder = open(session, ColorOutput::Indexed).ok()?;
    let screen = (usize::from(decoder.width()), usize::from(decoder.height()));
    let frame = decoder.next_frame_info().ok()??;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let ground = frame.transparent.unwrap_or(0);
    let (full_width, full_height) = (screen.0.max(left + width), screen.1.max(top + height));
    let bytes = (full_width * full_height + width * height) as u64;
    session
        .check_size(full_width as u64, full_height as u64, bytes)
        .ok()?;
    let mut indices = vec![0; width * height];
    decoder.read_into_buffer(&mut indices).ok()?;
    let mut data = vec![ground; full_width * full_height];
    for (row, source) in indices.chunks_exact(width.max(1)).enumerate() {
        let start = (top + row) * full_width + left;
        data[start..start + width].copy_from_slice(source);
    }
    Pixels::new(full_width, full_height, PixelKind::Luma8, data).ok()
}

fn reason(session: &Session<'_>, error: &DecodingError) -> Reason {
    match error {
        _ if session.is_late() => Reason::TooSlow,
        DecodingError::MemoryLimit | DecodingError::OutOfMemory => Reason::TooMuchMemory,
        // The enum is the library's and open; its other kinds all mean bytes that do not fit.
        _ => Reason::Damaged,
    }
}

/// The place behind the trailer, where there is one.
pub(crate) fn end(bytes: &[u8]) -> Option<usize> {
    walked(bytes).1
}

/// How many frames begin, and where the trailer ends.
fn walked(bytes: &[u8]) -> (u32, Option<usize>) {
    let mut count = 0;
    let mut blocks = Blocks::after_header(bytes);
    while let Some(kind) = blocks.byte() {
        let skipped = match kind {
            IMAGE => {
                count += 1;
                blocks.skip_descriptor()
            }
            EXTENSION => blocks.byte().map(|_label| ()),
            TRAILER => return (count, Some(bytes.len() - blocks.rest.len())),
            _ => None,
        };
        if skipped.and_then(|()| blocks.skip_sub_blocks()).is_none() {
            break;
        }
    }
    (count, None)
}

/// A place in the chain of blocks.
struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    fn after_header(bytes: &'a [u8]) -> Self {
        let palette = bytes.get(10).map_or(0, |&flags| palette_bytes(flags));
        Self {
            rest: bytes.get(13 + palette..).unwrap_or_default(),
        }
    }

    fn byte(&mut self) -> Option<u8> {
        self.skip(1).map(|taken| taken[0])
    }

    fn skip(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Place, size, an own palette, and the width of the first code.
    fn skip_descriptor(&mut self) -> Option<()> {
        let descriptor = self.skip(9)?;
        self.skip(palette_bytes(descriptor[8]) + 1).map(|_| ())
    }

    fn skip_sub_blocks(&mut self) -> Option<()> {
        loop {
            match self.byte()? {
                0 => return Some(()),
                length => self.skip(length.into())?,
            };
        }
    }
}

fn palette_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

/// Nothing in the file says how many frames there are.
const END: &str = "the end of the file is missing or damaged; more frames may have followed";
const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_testkit::{GifFrame, raw_gif};

    #[test]
    fn frames_are_counted_even_where_the_file_is_cut() {
        let frame = GifFrame {
            left: 0,
            top: 0,
            width: 20,
            height: 20,
            indices: vec![9; 400],
        };
        let file = raw_gif(20, 20, &vec![frame; 5]);
        assert_eq!(walked(&file).0, 5);
        assert_eq!(walked(&file[..file.len() - 10]).0, 5);
        assert_eq!(walked(&file[..13]).0, 0);
        assert_eq!(walked(b"GIF89a").0, 0);
    }
}
