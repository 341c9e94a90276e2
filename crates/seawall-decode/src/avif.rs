//! AVIF: AV1 still pictures in HEIF, alone or in tiles.

mod colour;

use re_rav1d::dav1d::{Decoder, Error, Picture, Settings};
use seawall_core::{PixelKind, Pixels, Place, Reason};

use crate::iso::{Container, Item};
use crate::layout::Layout;
use crate::session::Session;
use crate::views;
use colour::Described;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let container = Container::read(session.bytes).ok_or(Reason::Damaged)?;
    let primary = container.primary().ok_or(Reason::Damaged)?;
    let pixels = read(session, &container, primary, Wanted::Colours)?;
    let alpha = match container.alpha_of(primary.id) {
        Some(item) => Some(read(session, &container, item, Wanted::Luma)?),
        None => None,
    };
    let same_size =
        |alpha: &Pixels| (alpha.width(), alpha.height()) == (pixels.width(), pixels.height());
    let alpha = alpha.filter(same_size).map(Pixels::into_data);
    let alpha = alpha.filter(|alpha| alpha.iter().any(|&value| value != u8::MAX));
    let layout = Layout { pixels, alpha };
    views::visit(
        session,
        Place::Whole,
        &layout,
        container.orientation(primary),
    );
    if is_sequence(session.bytes) {
        session.note("an image sequence: only its cover picture was hashed");
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Colours,
    /// The first plane alone, such as an alpha is.
    Luma,
}

/// Whether there is a film beside the still picture.
fn is_sequence(bytes: &[u8]) -> bool {
    let mut boxes = crate::iso::boxes(bytes, 0..bytes.len());
    boxes.any(|(kind, _)| kind == *b"moov")
}

fn read(
    session: &mut Session<'_>,
    container: &Container<'_>,
    item: &Item,
    wanted: Wanted,
) -> Result<Pixels, Reason> {
    match &item.kind {
        b"av01" => {
            let described = Described::of(container.property(item, *b"colr"));
            let (width, height) = container.size(item).ok_or(Reason::Damaged)?;
            check_size(session, width, height)?;
            let picture = decode_item(session, container, item)?;
            session.check_time()?;
            colour::pixels(&picture, described, wanted == Wanted::Luma)
        }
        b"grid" => read_grid(session, container, item, wanted),
        kind => {
            let kind = String::from_utf8_lossy(kind).escape_default().to_string();
            session.note(&format!("a picture item of kind {kind} is not supported"));
            Err(Reason::UnsupportedFormat)
        }
    }
}

/// Puts tiles together; what they have beyond the picture is cut off.
fn read_grid(
    session: &mut Session<'_>,
    container: &Container<'_>,
    item: &Item,
    wanted: Wanted,
) -> Result<Pixels, Reason> {
    let grid = container.grid(item).ok_or(Reason::Damaged)?;
    check_size(session, grid.width, grid.height)?;
    let tiles = container.referred(item.id, *b"dimg");
    if tiles.len() as u64 != u64::from(grid.rows) * u64::from(grid.columns) {
        return Err(Reason::Damaged);
    }
    let size = (grid.width as usize, grid.height as usize);
    let mut canvas = None;
    for (place, &id) in tiles.iter().enumerate() {
        session.check_time()?;
        let tile = container.item(id).filter(|tile| tile.kind == *b"av01");
        let tile = read(session, container, tile.ok_or(Reason::Damaged)?, wanted)?;
        let (kind, data) = canvas.get_or_insert_with(|| {
            let kind = tile.kind();
            (kind, vec![0; size.0 * size.1 * kind.bytes()])
        });
        if tile.kind() != *kind {
            return Err(Reason::Damaged);
        }
        let columns = grid.columns as usize;
        let corner = (
            (place % columns).saturating_mul(tile.width()),
            (place / columns).saturating_mul(tile.height()),
        );
        paste(&tile, corner, size, data);
    }
    let (kind, data): (PixelKind, Vec<u8>) = canvas.ok_or(Reason::Damaged)?;
    Pixels::new(size.0, size.1, kind, data).map_err(|_| Reason::Damaged)
}

fn paste(tile: &Pixels, (left, top): (usize, usize), size: (usize, usize), canvas: &mut [u8]) {
    let channels = tile.kind().bytes();
    let width = tile.width().min(size.0.saturating_sub(left));
    for row in 0..tile.height().min(size.1.saturating_sub(top)) {
        let start = ((top + row) * size.0 + left) * channels;
        let source = &tile.row(row)[..width * channels];
        canvas[start..start + source.len()].copy_from_slice(source);
    }
}

fn check_size(session: &Session<'_>, width: u32, height: u32) -> Result<(), Reason> {
    let pixels = u64::from(width) * u64::from(height);
    session.check_size(width.into(), height.into(), pixels * BYTES_A_PIXEL)
}

/// The one call of the decoder. It is told to refuse larger frames than the limits allow,
/// whatever the boxes around them said.
fn decode_item(
    session: &Session<'_>,
    container: &Container<'_>,
    item: &Item,
) -> Result<Picture, Reason> {
    let limits = session.budget.limits;
    let pixels_max = limits
        .pixels_max
        .min(limits.memory_bytes_max / BYTES_A_PIXEL);
    let data = container.data(item, limits.bytes_max);
    let data = data.ok_or(Reason::Damaged)?.into_owned();
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(u32::try_from(pixels_max).unwrap_or(u32::MAX).max(1));
    let mut decoder = Decoder::with_settings(&settings).map_err(reason)?;
    match decoder.send_data(data, None, None, None) {
        Ok(()) | Err(Error::Again) => {}
        Err(error) => return Err(reason(error)),
    }
    for _ in 0..TRIES_MAX {
        match decoder.get_picture() {
            Err(Error::Again) => match decoder.send_pending_data() {
                Ok(()) | Err(Error::Again) => {}
                Err(error) => return Err(reason(error)),
            },
            picture => return picture.map_err(reason),
        }
    }
    Err(Reason::Damaged)
}

fn reason(error: Error) -> Reason {
    match error {
        Error::NotEnoughMemory => Reason::TooMuchMemory,
        Error::UnsupportedBitstream => Reason::UnsupportedFormat,
        // The enum is the library's and open; its other kinds all mean bytes that do not fit.
        _ => Reason::Damaged,
    }
}

/// A still picture comes at the first try; layers may need some more.
const TRIES_MAX: usize = 16;
/// Planes of two bytes a sample, with what the decoder keeps beside them, and the picture.
const BYTES_A_PIXEL: u64 = 10;
