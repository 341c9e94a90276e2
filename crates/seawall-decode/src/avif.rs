//! AVIF: AV1 pictures in HEIF, alone, in tiles, or as an image sequence.

mod colour;
mod decoder;
mod sequence;
mod unit;

use seawall_core::{PixelKind, Pixels, Place, Reason, View};

use crate::iso::{Container, Item, Track, is_sequence};
use crate::layout::Layout;
use crate::session::Session;
use crate::shown::Shown;
use crate::{cut, views};
use colour::Described;
use decoder::Pictures;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let container = Container::read(session.bytes);
    let track = Track::read(session.bytes).filter(|track| track.kind == *b"av01");
    let cover = match &container {
        Some(container) => decode_cover(session, container),
        // A sequence needs no cover.
        None if track.is_some() => Ok(None),
        None => Err(Reason::Damaged),
    };
    match track {
        Some(track) => {
            let coded = cover.as_ref().ok().copied().flatten();
            let frames = sequence::visit(session, &track, coded);
            cover.and(frames)
        }
        None => {
            if is_sequence(session.bytes) {
                session.note("an image sequence: only its cover picture was hashed");
            }
            cover.map(|_| ())
        }
    }
}

/// The still picture; gives its coded bytes, where it is one piece.
fn decode_cover<'a>(
    session: &mut Session<'a>,
    container: &Container<'a>,
) -> Result<Option<&'a [u8]>, Reason> {
    let chain = container.primary_chain();
    let source = *chain.first().ok_or(Reason::Damaged)?;
    let pixels = match read(session, container, source, Wanted::Colours) {
        Err(Reason::Damaged) if source.kind == *b"av01" => read_cut(session, container, source)?,
        pixels => pixels?,
    };
    let size = (pixels.width(), pixels.height());
    let alpha = match container.alpha_of(&chain) {
        Some(item) => match read(session, container, item, Wanted::Luma) {
            Err(Reason::Damaged) => {
                session.note("the transparency is damaged: not applied");
                session.damaged.set(true);
                None
            }
            alpha => Some(alpha?),
        },
        None => None,
    };
    let alpha = alpha.filter(|alpha| (alpha.width(), alpha.height()) == size);
    let alpha = alpha.map(Pixels::into_data);
    let alpha = alpha.filter(|alpha| alpha.iter().any(|&value| value != u8::MAX));
    let orientation = container.orientation(&chain);
    let window = container.window(&chain, size);
    let layout = Layout { pixels, alpha };
    views::visit(session, Place::Whole, &layout, orientation);
    if let Some(area) = window {
        let shown = Shown::plain(&layout.pixels).cropped(area);
        session.visit(View::UPRIGHT, &shown.turned(orientation));
    }
    Ok(container.piece(source))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Colours,
    /// The first plane alone, such as an alpha is.
    Luma,
}

fn read(
    session: &mut Session<'_>,
    container: &Container<'_>,
    item: &Item,
    wanted: Wanted,
) -> Result<Pixels, Reason> {
    // Where alpha is read, the colours are there already.
    let held = if wanted == Wanted::Luma { 3 } else { 0 };
    match &item.kind {
        b"av01" => {
            let (width, height) = container.size(item).ok_or(Reason::Damaged)?;
            let held_bytes = u64::from(width) * u64::from(height) * held;
            let data = data(session, container, item)?;
            read_item(session, container, item, data, (wanted, held_bytes))
        }
        b"grid" => read_grid(session, container, item, (wanted, held)),
        kind => {
            let kind = String::from_utf8_lossy(kind).escape_default().to_string();
            session.note(&format!("a picture item of kind {kind} is not supported"));
            Err(Reason::UnsupportedFormat)
        }
    }
}

/// The upper rows of a picture in one piece, as far as the file goes.
fn read_cut(
    session: &mut Session<'_>,
    container: &Container<'_>,
    item: &Item,
) -> Result<Pixels, Reason> {
    let there = container.cut_data(item).ok_or(Reason::Damaged)?;
    let (width, height) = container.size(item).ok_or(Reason::Damaged)?;
    let filling_bytes = cut::filling_bytes(u64::from(width) * u64::from(height));
    let layout = cut::agreed(session, |session, filling| {
        // Before the bytes are filled in.
        let held_bytes = (there.len() as u64).saturating_add(filling_bytes as u64);
        check_size(session, (width, height), held_bytes)?;
        let data = unit::filled(there, filling, filling_bytes).ok_or(Reason::Damaged)?;
        let wanted = (Wanted::Colours, held_bytes);
        let pixels = read_item(session, container, item, data, wanted)?;
        Ok(Layout {
            pixels,
            alpha: None,
        })
    })?;
    Ok(layout.pixels)
}

fn data(session: &Session<'_>, container: &Container<'_>, item: &Item) -> Result<Vec<u8>, Reason> {
    let data = container.data(item, session.budget.limits.bytes_max);
    Ok(data.ok_or(Reason::Damaged)?.into_owned())
}

/// One coded picture, beside so many bytes.
fn read_item(
    session: &Session<'_>,
    container: &Container<'_>,
    item: &Item,
    data: Vec<u8>,
    (wanted, held_bytes): (Wanted, u64),
) -> Result<Pixels, Reason> {
    let limits = session.budget.limits;
    let (width, height) = container.size(item).ok_or(Reason::Damaged)?;
    check_size(session, (width, height), held_bytes)?;
    let pixels_max = limits.memory_bytes_max.saturating_sub(held_bytes) / BYTES_A_PIXEL;
    let picture = Pictures::new(pixels_max.min(limits.pixels_max))?.next(data)?;
    session.check_time()?;
    let described = Described::of(container.properties_of(item));
    colour::pixels(&picture, described, wanted == Wanted::Luma)
}

/// Whether a coded picture of this size fits into the limits, beside so many bytes.
fn check_size(
    session: &Session<'_>,
    (width, height): (u32, u32),
    held_bytes: u64,
) -> Result<(), Reason> {
    let bytes = (u64::from(width) * u64::from(height))
        .saturating_mul(BYTES_A_PIXEL)
        .saturating_add(held_bytes);
    session.check_size(width.into(), height.into(), bytes)
}

/// Puts tiles together; what they have beyond the picture is cut off, and the places of those
/// that are damaged stay black.
fn read_grid(
    session: &mut Session<'_>,
    container: &Container<'_>,
    item: &Item,
    (wanted, held): (Wanted, u64),
) -> Result<Pixels, Reason> {
    let grid = container.grid(item).ok_or(Reason::Damaged)?;
    let held_bytes = (u64::from(grid.width) * u64::from(grid.height)).saturating_mul(held + 3);
    session.check_size(grid.width.into(), grid.height.into(), held_bytes)?;
    let tiles = container.referred(item.id, *b"dimg");
    if tiles.len() as u64 != u64::from(grid.rows) * u64::from(grid.columns) {
        return Err(Reason::Damaged);
    }
    let size = (grid.width as usize, grid.height as usize);
    let mut canvas: Option<Canvas> = None;
    let mut missing = 0;
    for (place, &id) in tiles.iter().enumerate() {
        session.check_time()?;
        let tile = container.item(id).filter(|tile| tile.kind == *b"av01");
        let tile = tile.ok_or(Reason::Damaged)?;
        let read = data(session, container, tile)
            .and_then(|data| read_item(session, container, tile, data, (wanted, held_bytes)));
        let tile = match read {
            Ok(tile) => tile,
            Err(Reason::Damaged) => {
                missing += 1;
                continue;
            }
            Err(reason) => return Err(reason),
        };
        let canvas = canvas.get_or_insert_with(|| Canvas::new(&tile, size));
        let columns = grid.columns as usize;
        if !canvas.paste(&tile, (place % columns, place / columns)) {
            missing += 1;
        }
    }
    if missing > 0 {
        let total = tiles.len();
        session.note(&format!(
            "{missing} of {total} tiles are missing or damaged"
        ));
        session.damaged.set(canvas.is_some());
    }
    let Canvas { kind, data, .. } = canvas.ok_or(Reason::Damaged)?;
    Pixels::new(size.0, size.1, kind, data).map_err(|_| Reason::Damaged)
}

/// A picture of tiles of one kind and size.
struct Canvas {
    size: (usize, usize),
    tile: (usize, usize),
    kind: PixelKind,
    data: Vec<u8>,
}

impl Canvas {
    fn new(tile: &Pixels, size: (usize, usize)) -> Self {
        let kind = tile.kind();
        Self {
            size,
            tile: (tile.width(), tile.height()),
            kind,
            data: vec![0; size.0 * size.1 * kind.bytes()],
        }
    }

    /// Lays a tile at this column and row; `false` where it is not like the first.
    fn paste(&mut self, tile: &Pixels, (column, row): (usize, usize)) -> bool {
        if (tile.width(), tile.height(), tile.kind()) != (self.tile.0, self.tile.1, self.kind) {
            return false;
        }
        let channels = self.kind.bytes();
        let left = column.saturating_mul(self.tile.0);
        let top = row.saturating_mul(self.tile.1);
        let width = self.tile.0.min(self.size.0.saturating_sub(left));
        for row in 0..self.tile.1.min(self.size.1.saturating_sub(top)) {
            let start = ((top + row) * self.size.0 + left) * channels;
            let source = &tile.row(row)[..width * channels];
            self.data[start..start + source.len()].copy_from_slice(source);
        }
        true
    }
}

/// Planes of two bytes a sample, with what the decoder keeps beside them, and the picture.
const BYTES_A_PIXEL: u64 = 10;
