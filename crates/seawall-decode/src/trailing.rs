//! What is glued behind a picture: programs for pictures stop at its end and do not show it.
//!
//! Phones put previews and films there, and so do people who hide something.

use seawall_core::{Limits, MediaType, Place, Reason, View};

use crate::picture::decode_as;
use crate::session::Session;
use crate::shown::Shown;
use crate::{Budget, gif, iso, jpeg, sniff};

/// Hands out the pictures behind the first one, each in its first frame or page, as
/// [`Place::Part`]; what else begins there is noted. Where the first one is damaged, its end
/// may be missing: then they are looked for in all of the file.
///
/// All pictures together are held to the limits of one.
pub(crate) fn visit(
    session: &mut Session<'_>,
    media_type: MediaType,
    is_damaged: bool,
) -> Result<(), Reason> {
    let bytes = session.bytes;
    let (mut media_type, mut start) = (media_type, 0);
    let mut known = session.end;
    while session.parts < PARTS_MAX {
        let end = known.take().or_else(|| end_of(media_type, &bytes[start..]));
        let anywhere = (is_damaged && start == 0).then_some(SIGNATURE_BYTES);
        let Some(end) = end.or(anywhere) else {
            break;
        };
        let Some(found) = next_file(session, start + end)? else {
            break;
        };
        start = found.start;
        media_type = found.media_type;
        if matches!(media_type, MediaType::Undecoded(_)) {
            let note = format!("trailing data: a file of type {media_type} begins at byte {start}");
            session.note(&note);
            break;
        }
        session.note(&format!(
            "trailing data: another picture begins at byte {start}"
        ));
        session.parts += 1;
    }
    Ok(())
}

/// Another file inside this one.
struct Found {
    start: usize,
    media_type: MediaType,
}

/// The next place from which something decodes; what decodes is handed out.
fn next_file(session: &mut Session<'_>, from: usize) -> Result<Option<Found>, Reason> {
    let bytes = session.bytes;
    let mut tries = 0;
    for start in from..bytes.len() {
        if start % PIECE_BYTES == 0 {
            session.check_time()?;
        }
        let Some(media_type) = begins(&bytes[start..]) else {
            continue;
        };
        let is_film = matches!(media_type, MediaType::Undecoded(_));
        if is_film || visit_part(session, start, media_type)? {
            return Ok(Some(Found { start, media_type }));
        }
        // Three bytes that mean a JPEG come by chance once in some megabytes.
        tries += 1;
        if tries == TRIES_MAX {
            break;
        }
    }
    Ok(None)
}

fn begins(bytes: &[u8]) -> Option<MediaType> {
    let may_begin = match bytes.first()? {
        0xFF => bytes.starts_with(b"\xFF\xD8\xFF"),
        0x89 | b'G' | b'R' | b'I' | b'M' => true,
        _ => bytes.get(4..8) == Some(b"ftyp"),
    };
    let media_type = may_begin.then(|| sniff(bytes))?;
    match media_type {
        MediaType::Jpeg
        | MediaType::Png
        | MediaType::Gif
        | MediaType::Webp
        | MediaType::Tiff
        | MediaType::Heic
        | MediaType::Avif => Some(media_type),
        MediaType::Undecoded(name) => name.starts_with("video/").then_some(media_type),
        // Two bytes are too little to go by.
        MediaType::Bmp | MediaType::Unknown => None,
    }
}

/// Hands out the picture that begins here; whether there was one. One that is too large or
/// too slow for what the pictures before it have left of the limits is an error: nobody may
/// take it for looked at.
fn visit_part(
    session: &mut Session<'_>,
    start: usize,
    media_type: MediaType,
) -> Result<bool, Reason> {
    let bytes = &session.bytes[start..];
    let limits = Limits {
        frames_max: 1,
        pixels_max: session
            .budget
            .limits
            .pixels_max
            .saturating_sub(session.pixels),
        ..*session.budget.limits
    };
    let budget = Budget {
        limits: &limits,
        expired: session.budget.expired,
        views: session.budget.views,
    };
    let number = session.next_part();
    let is_for_lookup = session.is_for_lookup;
    let scanned_pixels = session.scanned_pixels;
    let mut first = None;
    let mut visited = false;
    let mut pass_on = |view: View, shown: &Shown<'_>| {
        if *first.get_or_insert(view.place) == view.place {
            let place = Place::Part(number);
            session.visit(View { place, ..view }, shown);
            visited = true;
        }
    };
    let mut inner = Session::new(bytes, budget, &mut pass_on);
    inner.is_for_lookup = is_for_lookup;
    inner.scanned_pixels = scanned_pixels;
    let result = decode_as(media_type, &mut inner);
    let (pixels, scanned_pixels) = (inner.pixels, inner.scanned_pixels);
    drop(inner);
    session.pixels += pixels;
    session.scanned_pixels = scanned_pixels;
    match result {
        Err(reason @ (Reason::TooManyPixels | Reason::TooMuchMemory | Reason::TooSlow))
            if !visited =>
        {
            session.note(&format!(
                "trailing data: a picture that begins at byte {start} was left out: {}",
                reason.sentence()
            ));
            Err(reason)
        }
        // However it ended: what there was has been handed out.
        _ => Ok(visited),
    }
}

/// Where a file of this kind ends, by what it says itself.
fn end_of(media_type: MediaType, bytes: &[u8]) -> Option<usize> {
    match media_type {
        MediaType::Jpeg => jpeg::structure::structure(bytes).end,
        MediaType::Png => end_of_png(bytes),
        MediaType::Gif => gif::end(bytes),
        MediaType::Webp => {
            let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
            let end = 8 + (length as usize).next_multiple_of(2);
            (end <= bytes.len()).then_some(end)
        }
        MediaType::Bmp => {
            let length = u32::from_le_bytes(bytes.get(2..6)?.try_into().ok()?) as usize;
            (length > 26 && length <= bytes.len()).then_some(length)
        }
        MediaType::Heic | MediaType::Avif => {
            let last = iso::boxes(bytes, 0..bytes.len()).last();
            last.map(|(_, content)| content.end)
        }
        // The parts of a TIFF may lie anywhere.
        MediaType::Tiff | MediaType::Undecoded(_) | MediaType::Unknown => None,
    }
}

fn end_of_png(bytes: &[u8]) -> Option<usize> {
    let mut position = 8_usize;
    loop {
        let head = bytes.get(position..position.checked_add(8)?)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let next = position.checked_add(12)?.checked_add(length)?;
        if next > bytes.len() {
            return None;
        }
        if &head[4..] == b"IEND" {
            return Some(next);
        }
        position = next;
    }
}

/// A file with more pictures glued together than this is odd enough to be looked at.
const PARTS_MAX: u32 = 8;
/// False beginnings that are tried.
const TRIES_MAX: u32 = 8;
/// Before this many bytes nothing else begins.
const SIGNATURE_BYTES: usize = 8;
const PIECE_BYTES: usize = 64 << 10;
