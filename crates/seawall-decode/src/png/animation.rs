//! The frames of an animated PNG.

use ::png::{BlendOp, DisposeOp, FrameControl, Reader};
use image::metadata::Orientation;
use seawall_core::{Place, Reason};

use super::chunks;
use super::rows::{Checks, open_frames, reason};
use crate::canvas::{Blend, Canvas, Disposal, Frame};
use crate::frames::Chosen;
use crate::session::{self, Session};
use crate::source::Source;
use crate::views;

/// Hands out frames spread evenly over the animation.
pub(super) fn decode(
    session: &mut Session<'_>,
    orientation: Orientation,
    checks: Checks,
) -> Result<(), Reason> {
    // The decoder wants to see what comes behind the last frame.
    let ended = chunks::with_end(session.bytes);
    if ended.is_some() {
        session.note(session::END);
    }
    let source = match &ended {
        Some(ended) => session.source_over(ended),
        None => session.source(),
    };
    let mut reader = open_frames(session, source, checks)?;
    let count = chunks::frame_count(session.bytes);
    let announced = reader.info().animation_control;
    let mut chosen = Chosen::of(session, count, "frames");
    let result = visit(session, &mut reader, count, &mut chosen, orientation);
    chosen.note(session);
    result?;
    match announced {
        Some(control) if control.num_frames > count => {
            session.note(&format!("{} frames are announced", control.num_frames));
            Err(Reason::Damaged)
        }
        Some(_) | None => Ok(()),
    }
}

fn visit(
    session: &mut Session<'_>,
    reader: &mut Reader<Source<'_>>,
    count: u32,
    chosen: &mut Chosen,
    orientation: Orientation,
) -> Result<(), Reason> {
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let bytes = u64::from(width) * u64::from(height) * Canvas::BYTES_A_PIXEL;
    session.check_size(width.into(), height.into(), bytes)?;
    let mut canvas = Canvas::new(width as usize, height as usize);
    // The default picture is the first frame where a frame control comes before it.
    let mut is_at_frame = info_has_frame(reader);
    for index in 0..count {
        session.check_time()?;
        if !is_at_frame {
            reader
                .next_frame_info()
                .map_err(|error| reason(session, &error))?;
        }
        is_at_frame = false;
        draw_next(session, reader, &mut canvas, index == 0)?;
        if chosen.takes(index) {
            let place = Place::Frame(index + 1);
            views::visit(session, place, &canvas.layout()?, orientation);
            chosen.hashed += 1;
        }
        if chosen.is_through() {
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
