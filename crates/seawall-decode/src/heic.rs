//! HEIC: what phones make, HEVC still pictures in HEIF.
//!
//! Phones write a picture as a grid of tiles. Those are decoded one after the other, so that
//! beside the picture itself only some rows of tiles are in memory. The boxes are read by our
//! own reader; the decoder, which is young, is pinned, sees one coded picture at a time, and
//! is asked what it would decode before it allocates anything. It works in several threads;
//! a process that may not start any has to say so first ([`decode_in_one_thread`]).

mod coded;
mod strip;
mod tiles;
mod unit;

use heic_decoder::{ColorInfo, HeifError};
use seawall_core::{PixelKind, Pixels, Place, Reason, View};

use crate::iso::{Container, Item, Reader, is_sequence};
use crate::layout::Layout;
use crate::session::Session;
use crate::shown::Shown;
use crate::views;
use tiles::Tiles;

pub(crate) fn decode(session: &mut Session<'_>) -> Result<(), Reason> {
    let container = Container::read(session.bytes).ok_or(Reason::Damaged)?;
    let chain = container.primary_chain();
    let pixels = colours(session, &container, &chain)?;
    let size = (pixels.width(), pixels.height());
    let alpha = match container.alpha_of(&chain) {
        Some(item) => match alpha(session, &container, item, size) {
            Err(Reason::Damaged) => {
                session.note("the transparency is damaged: not applied");
                session.damaged.set(true);
                None
            }
            alpha => alpha?,
        },
        None => None,
    };
    let orientation = container.orientation(&chain);
    let window = container.window(&chain, size);
    let layout = Layout { pixels, alpha };
    views::visit(session, Place::Whole, &layout, orientation);
    if let Some(area) = window {
        let shown = Shown::plain(&layout.pixels).cropped(area);
        session.visit(View::UPRIGHT, &shown.turned(orientation));
    }
    if is_sequence(session.bytes) {
        session.note("an image sequence: only its cover picture was hashed");
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

fn colours(
    session: &mut Session<'_>,
    container: &Container<'_>,
    chain: &[&Item],
) -> Result<Pixels, Reason> {
    let source = *chain.first().ok_or(Reason::Damaged)?;
    match &source.kind {
        b"hvc1" => {
            let colour = chain.iter().rev().find_map(|item| said(container, item));
            unit::check(session, container, source, 0)?;
            let mut image = unit::decode(session, container, source)?;
            image.color_info = colour.or(image.color_info);
            let rgb = image.to_rgb8().map_err(|error| reason(session, &error))?;
            let pixels = Pixels::new(rgb.width, rgb.height, PixelKind::Rgb8, rgb.data);
            pixels.map_err(|_| Reason::Damaged)
        }
        b"grid" => {
            let tiles = Tiles::of_grid(session, container, source)?;
            let items = tiles.ids.iter().filter_map(|&id| container.item(id));
            let items = chain.iter().rev().copied().chain(items);
            let colour = { items }.find_map(|item| said(container, item));
            tiles.colours(session, container, colour)
        }
        kind => {
            let kind = String::from_utf8_lossy(kind).escape_default().to_string();
            session.note(&format!("a picture item of kind {kind} is not supported"));
            Err(Reason::UnsupportedFormat)
        }
    }
}

/// How opaque each pixel of a picture of this size is; none where all are.
fn alpha(
    session: &mut Session<'_>,
    container: &Container<'_>,
    item: &Item,
    (width, height): (usize, usize),
) -> Result<Option<Vec<u8>>, Reason> {
    let tiles = match &item.kind {
        b"hvc1" => Tiles::of_one(session, container, item)?,
        b"grid" => Tiles::of_grid(session, container, item)?,
        _ => return Ok(None),
    };
    if (tiles.grid.width as usize, tiles.grid.height as usize) != (width, height) {
        session.note("the transparency is of another size than the picture: not applied");
        return Ok(None);
    }
    let alpha = tiles.opacity(session, container)?;
    Ok(alpha.iter().any(|&value| value != u8::MAX).then_some(alpha))
}

/// What the boxes say about colours, in numbers (ISO/IEC 14496-12, 12.1.5).
fn said(container: &Container<'_>, item: &Item) -> Option<ColorInfo> {
    let described = container.properties_of(item);
    let mut described = described.filter(|(kind, _)| kind == b"colr");
    described.find_map(|(_, content)| {
        let mut reader = Reader::new(content);
        (reader.kind()? == *b"nclx").then_some(())?;
        Some(ColorInfo {
            color_primaries: reader.u16()?,
            transfer_characteristics: reader.u16()?,
            matrix_coefficients: reader.u16()?,
            full_range: reader.u8()? & 0x80 != 0,
        })
    })
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

#[cfg(test)]
mod tests {
    use heic_decoder::DecodeOptions;
    use seawall_core::{Limits, ViewOptions};

    use super::*;
    use crate::Budget;

    fn file(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
        std::fs::read(format!("{folder}/{name}")).expect("the file is in the repository")
    }

    /// What comes out tile by tile, and what the decoder makes of the whole file.
    #[test]
    fn tiles_give_the_picture_that_the_whole_file_gives() {
        for name in GRIDS {
            let bytes = file(name);
            let limits = Limits::default();
            let budget = Budget {
                limits: &limits,
                expired: &|| false,
                views: ViewOptions::default(),
            };
            let mut visit = |_: View, _: &Shown<'_>| {};
            let mut session = Session::new(&bytes, budget, &mut visit);
            let container = Container::read(&bytes).expect("a container");
            let chain = container.primary_chain();
            assert_eq!(chain[0].kind, *b"grid", "{name}");
            let pixels = colours(&mut session, &container, &chain)
                .unwrap_or_else(|e| panic!("{name} {e:?}"));
            let options = DecodeOptions {
                apply_transforms: false,
            };
            let whole = heic_decoder::decode_with(&bytes, &options)
                .unwrap_or_else(|e| panic!("{name} {e:?}"));
            assert_eq!(
                (pixels.width(), pixels.height()),
                (whole.width, whole.height)
            );
            let rgba = whole.to_rgba8().expect("colours").data;
            let rgba = rgba.as_chunks::<4>().0;
            let rgb: Vec<u8> = rgba.iter().flat_map(|pixel| &pixel[..3]).copied().collect();
            assert!(pixels.data() == rgb, "{name}");
            let size = (pixels.width(), pixels.height());
            let found = container.alpha_of(&chain).map(|item| {
                let alpha = alpha(&mut session, &container, item, size);
                alpha.expect("it can be read").expect("it is no plain one")
            });
            assert_eq!(found.is_some(), whole.alpha.is_some(), "{name}");
            let alpha: Vec<u8> = rgba.iter().map(|pixel| pixel[3]).collect();
            assert!(found.is_none_or(|found| found == alpha), "{name}");
            assert!(session.notes.is_empty() && !session.damaged.get());
        }
    }

    const GRIDS: [&str; 7] = [
        "grid.heic",
        "grid-odd.heic",
        "grid-422.heic",
        "grid-444.heic",
        "grid-alpha.heic",
        "grid-alpha-whole.heic",
        "grid-window.heic",
    ];
}
