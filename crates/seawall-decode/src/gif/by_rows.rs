//! A picture that does not move, handed out row by row.

use ::gif::{ColorOutput, Decoder};
use seawall_core::Place;

use super::{open, visit_indices};
use crate::bands::{self, Bands};
use crate::layout::Samples;
use crate::session::Session;
use crate::source::Source;

/// Where the one frame lies on the screen.
struct Frame {
    screen: (usize, usize),
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// Hands out the one frame of a file. `None` where its rows are stored in another order, where
/// the visitor takes none, and where the frame is damaged: the decoder gives less of a damaged
/// frame when it is asked for all of it at once, and what lists are made from is that.
pub(super) fn show(session: &mut Session<'_>) -> Option<()> {
    let mut decoder = open(session, ColorOutput::RGBA).ok()?;
    let frame = frame(session, &mut decoder)?;
    let rows = bands::BAND_ROWS as u64;
    let bytes = bands::forms_bytes(session, frame.screen, Samples::RGBA, rows)?;
    let is_within = bytes.saturating_add(DECODER_BYTES) <= session.budget.limits.memory_bytes_max;
    is_within.then(|| show_frame(session, &mut decoder, &frame))?
}

fn frame(session: &Session<'_>, decoder: &mut Decoder<Source<'_>>) -> Option<Frame> {
    let screen = (decoder.width(), decoder.height());
    let frame = decoder.next_frame_info().ok()??;
    let is_plain = !frame.interlaced && frame.width > 0 && frame.height > 0;
    let sizes = [screen, (frame.width, frame.height)];
    let fits = |&(width, height): &(u16, u16)| {
        let checked = session.check_size(width.into(), height.into(), 0);
        checked.is_ok()
    };
    (is_plain && sizes.iter().all(fits)).then_some(Frame {
        screen: (screen.0.into(), screen.1.into()),
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        height: frame.height.into(),
    })
}

fn show_frame(
    session: &mut Session<'_>,
    decoder: &mut Decoder<Source<'_>>,
    frame: &Frame,
) -> Option<()> {
    let mut bands = Bands::begin(session, frame.screen, Samples::RGBA);
    skip(session, &mut bands, frame.top);
    let mut row = vec![0; frame.width * 4];
    for _ in 0..frame.height {
        // Indices that are not in the palette are see-through.
        row.fill(0);
        let is_whole = decoder.fill_buffer(&mut row).ok()?;
        if !is_whole {
            return None;
        }
        // Rows below the screen are decoded too: they may be damaged.
        if bands.rows_missing() > 0 {
            lay(&row, frame, bands.next());
            bands.keep(session);
        }
    }
    let below = bands.rows_missing();
    skip(session, &mut bands, below);
    bands.end(session, Place::Whole);
    if session.budget.views.legacy_palette {
        visit_indices(session, Place::Whole);
    }
    Some(())
}

/// Rows of the screen above or below the frame.
fn skip(session: &mut Session<'_>, bands: &mut Bands, rows: usize) {
    for _ in 0..rows.min(bands.rows_missing()) {
        bands.next().fill(0);
        bands.keep(session);
    }
}

/// Puts a row of the frame on one of the screen, where see-through pixels leave nothing.
fn lay(row: &[u8], frame: &Frame, target: &mut [u8]) {
    target.fill(0);
    let places = target.as_chunks_mut::<4>().0.iter_mut().skip(frame.left);
    for (place, &pixel) in places.zip(row.as_chunks::<4>().0) {
        if pixel[3] != 0 {
            *place = pixel;
        }
    }
}

/// The table of codes, and a row of indices.
const DECODER_BYTES: u64 = 1 << 20;
