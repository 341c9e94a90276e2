//! Image sequences: the frames of an animation.

use seawall_core::{Place, Reason};

use super::colour::{self, Described};
use super::decoder::Pictures;
use crate::frames::Chosen;
use crate::iso::{Track, has_alpha};
use crate::layout::Layout;
use crate::session::Session;
use crate::views;

/// Hands out frames spread evenly over a track; its first one not, where it is the `cover`
/// that was handed out before.
pub(super) fn visit(
    session: &mut Session<'_>,
    track: &Track<'_>,
    cover: Option<&[u8]>,
) -> Result<(), Reason> {
    let pixels = u64::from(track.width) * u64::from(track.height);
    let bytes = pixels * BYTES_A_PIXEL;
    session.check_size(track.width.into(), track.height.into(), bytes)?;
    if track.is_longer {
        session.note("a very long image sequence: only its beginning was looked at");
    }
    if has_alpha(session.bytes) {
        session.note("an image sequence: its transparency is not applied");
    }
    let limits = session.budget.limits;
    let pixels_max = limits
        .pixels_max
        .min(limits.memory_bytes_max / BYTES_A_PIXEL);
    let described = Described::of(track.properties());
    let count = u32::try_from(track.samples.len()).map_err(|_| Reason::Damaged)?;
    if count == 0 {
        return Err(Reason::Damaged);
    }
    let mut chosen = Chosen::of(session, count, "frames");
    let mut pictures = Pictures::new(pixels_max)?;
    let mut visit_all = || {
        for (index, sample) in (0..).zip(&track.samples) {
            session.check_time()?;
            let data = track.data(sample).ok_or(Reason::Damaged)?;
            let picture = pictures.next(data.to_vec())?;
            if chosen.takes(index) {
                let is_cover = index == 0 && cover.is_some_and(|cover| std::ptr::eq(cover, data));
                if !is_cover {
                    let pixels = colour::pixels(&picture, described, false)?;
                    let layout = Layout {
                        pixels,
                        alpha: None,
                    };
                    let orientation = track.orientation();
                    views::visit(session, Place::Frame(index + 1), &layout, orientation);
                }
                chosen.hashed += 1;
            }
            if chosen.is_through() {
                break;
            }
        }
        Ok(())
    };
    let result = visit_all();
    chosen.note(session);
    result
}

/// Eight frames that others are predicted from and the one being decoded, at up to two bytes
/// for each of three samples, and the picture as for one alone.
const BYTES_A_PIXEL: u64 = 9 * 6 + 10;
