//! The chain of chunks, walked without decoding any.

use flate2::{Decompress, FlushDecompress, Status};
use image::metadata::Orientation;
use seawall_core::Reason;

use crate::session::Session;

/// Whether some Exif block turns the picture. The decoder stops at what it dislikes, but finds
/// none that is not found here.
pub(super) fn may_turn(bytes: &[u8]) -> bool {
    let mut exifs = chunks(bytes).filter(|(kind, _)| kind == b"eXIf");
    exifs.any(|(_, exif)| crate::orientation::from_exif(exif) != Orientation::NoTransforms)
}

/// How many frame controls there are. The animation control claims a number too, but a file
/// may claim what it likes.
pub(super) fn frame_count(bytes: &[u8]) -> u32 {
    let controls = chunks(bytes).filter(|(kind, _)| kind == b"fcTL");
    u32::try_from(controls.count()).unwrap_or(u32::MAX)
}

/// Whether the compressed data has the checksum that it should have: then the pixels are those
/// that were stored, whatever is wrong with the checksums of chunks. The decoder does not look at
/// it once it has all rows.
pub(super) fn is_data_sound(session: &Session<'_>) -> Result<bool, Reason> {
    let mut state = Decompress::new(true);
    let mut pixels = vec![0; 32 << 10];
    for (_, mut data) in chunks(session.bytes).filter(|(kind, _)| kind == b"IDAT") {
        loop {
            session.check_time()?;
            let before = (state.total_in(), state.total_out());
            let status = state.decompress(data, &mut pixels, FlushDecompress::None);
            match status {
                Ok(Status::StreamEnd) => return Ok(true),
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => return Ok(false),
            }
            // At most the length of a slice.
            data = &data[(state.total_in() - before.0) as usize..];
            let given = state.total_out() - before.1;
            if data.is_empty() && given < pixels.len() as u64 {
                break;
            }
            if (state.total_in(), state.total_out()) == before {
                return Ok(false);
            }
        }
    }
    Ok(false)
}

/// A file that breaks off in its end, or just before it, with its end; `None` for others.
pub(super) fn with_end(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.get(8..)?;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some(next) = after.get(length.checked_add(8)?..) else {
            break;
        };
        if after.starts_with(b"IEND") {
            return None;
        }
        rest = next;
    }
    let whole = &bytes[..bytes.len() - rest.len()];
    END.starts_with(rest).then(|| [whole, END].concat())
}

/// The last chunk.
const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";

/// Each chunk's name and content, the last one as far as the file goes.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        // Behind the content comes its checksum.
        rest = after.get(length.saturating_add(4)..).unwrap_or_default();
        Some((*kind, &after[..length.min(after.len())]))
    })
}
