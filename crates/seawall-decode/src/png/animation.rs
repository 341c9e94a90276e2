//! The frames of an animated PNG.

use ::png::{BlendOp, DisposeOp, FrameControl, Reader, Transformations};
use image::metadata::Orientation;
use seawall_core::{Place, Reason};

use super::chunks;
use super::rows::{Checks, open, reason};
use crate::canvas::{Blend, Canvas, Disposal, Frame};
use crate::frames;
use crate::session::Session;
use crate::source::Source;
use crate::views;

/// Hands out frames spread evenly over the animation.
pub(super) fn decode(
    session: &mut Session<'_>,
    orientation: Orientation,
    checks: Checks,
) -> Result<(), Reason> {
    let count = chunks::frame_count(session.bytes);
    let transformations = WITH_ALPHA;
    let mut reader = open(session, checks, transformations)?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let bytes = u64::from(width) * u64::from(height) * Canvas::BYTES_A_PIXEL;
    session.check_size(width.into(), height.into(), bytes)?;
    let mut canvas = Canvas::new(width as usize, height as usize);
    let mut wanted = frames::chosen(session, count, "frames")
        .into_iter()
        .peekable();
    // The default picture is the first frame where a frame control comes before it.
    let mut is_at_frame = info_has_frame(&reader);
    for index in 0..count {
        session.check_time()?;
        if !is_at_frame {
            reader
                .next_frame_info()
                .map_err(|error| reason(session, &error))?;
        }
        is_at_frame = false;
        draw_next(session, &mut reader, &mut canvas, index == 0)?;
        if wanted.next_if_eq(&index).is_some() {
            let place = Place::Frame(index + 1);
            views::visit(session, place, &canvas.layout()?, orientation);
        }
        if wanted.peek().is_none() {
            return Ok(());
        }
    }
    Err(Reason::Damaged)
}

fn info_has_frame(reader: &Reader<Source<'_>>) -> bool {
    reader.info().frame_control.is_some()
}

fn draw_next(
    session: &Session<'_>,
    reader: &mut Reader<Source<'_>>,
    canvas: &mut Canvas,
    is_first: bool,
) -> Result<(), Reason> {
    let control: FrameControl = reader
        .info()
        .frame_control
        .as_ref()
        .copied()
        .ok_or(Reason::Damaged)?;
    let length = reader.output_buffer_size().ok_or(Reason::TooMuchMemory)?;
    let mut data = vec![0; length];
    let info = reader
        .next_frame(&mut data)
        .map_err(|error| reason(session, &error))?;
    data.truncate(info.buffer_size());
    let rgba = match info.color_type.samples() {
        4 => data,
        // Grey and alpha.
        _ => data
            .chunks_exact(2)
            .flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]])
            .collect(),
    };
    canvas.draw(&Frame {
        left: control.x_offset as usize,
        top: control.y_offset as usize,
        width: info.width as usize,
        rgba: &rgba,
        blend: match control.blend_op {
            BlendOp::Source => Blend::Replace,
            BlendOp::Over => Blend::Over,
        },
        disposal: match control.dispose_op {
            DisposeOp::None => Disposal::Keep,
            DisposeOp::Background => Disposal::Clear,
            // Before the first frame there was nothing.
            DisposeOp::Previous if is_first => Disposal::Clear,
            DisposeOp::Previous => Disposal::Restore,
        },
    });
    Ok(())
}

/// Eight bits a sample and always an alpha.
const WITH_ALPHA: Transformations = Transformations::EXPAND
    .union(Transformations::STRIP_16)
    .union(Transformations::ALPHA);
