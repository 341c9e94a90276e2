//! The chunks of a WebP, read without decoding anything.
//!
//! The decoder allocates what a chunk says it needs before it looks further: a note of four
//! gigabytes in a file of a hundred bytes, a frame of 16 383² on a screen of one pixel. So
//! what it would believe is compared with the file first.

/// Width and height.
pub(super) type Size = (u32, u32);

/// A chunk, as much of it as there is.
#[derive(Clone, Copy)]
struct Chunk<'a> {
    name: &'a [u8],
    /// Its length, by what it says.
    declared: usize,
    content: &'a [u8],
}

/// The chunks from here on; each next one on an even place where `padded`.
fn chunks(bytes: &[u8], padded: bool) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (head, after) = rest.split_at_checked(8)?;
        let declared = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let content = &after[..declared.min(after.len())];
        let next = declared.saturating_add(usize::from(padded) * (declared % 2));
        rest = after.get(next..).unwrap_or_default();
        Some(Chunk {
            name: &head[..4],
            declared,
            content,
        })
    })
}

fn top_level(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    chunks(bytes.get(12..).unwrap_or_default(), true)
}

/// The Exif data, where all of it is there.
pub(super) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let found = top_level(bytes).find(|chunk| chunk.name == b"EXIF")?;
    (found.content.len() == found.declared).then_some(found.content)
}

/// Whether the file is shorter than it says.
pub(super) fn is_cut(bytes: &[u8]) -> bool {
    let length = bytes.get(4..8).and_then(|length| length.first_chunk());
    length.is_some_and(|&length| u32::from_le_bytes(length) as usize > bytes.len() - 8)
}

/// Whether a chunk of pixels is shorter than it says.
pub(super) fn lacks_pixels(bytes: &[u8]) -> bool {
    let is_cut = |chunk: Chunk<'_>| chunk.content.len() < chunk.declared;
    let last = top_level(bytes).last();
    last.is_some_and(|last| {
        let has_pixels = matches!(last.name, b"VP8 " | b"VP8L" | b"ALPH" | b"ANMF");
        has_pixels && is_cut(last)
    })
}

/// A file whose last chunk, its picture, ends too early: with so many bytes more in it, all
/// of them this one. `None` where another chunk is cut.
pub(super) fn filled(bytes: &[u8], filling: u8, count: usize) -> Option<Vec<u8>> {
    let last = top_level(bytes).last()?;
    let is_picture = last.name == b"VP8 " || last.name == b"VP8L";
    if !is_picture || last.content.len() == last.declared {
        return None;
    }
    let start = bytes.len() - last.content.len();
    let length = bytes
        .len()
        .checked_add(count)?
        .checked_next_multiple_of(2)?;
    let mut filled = Vec::with_capacity(length);
    filled.extend_from_slice(bytes);
    filled.resize(length, filling);
    let sizes = [(4, length - 8), (start - 4, length - start)];
    for (place, size) in sizes {
        let size = u32::try_from(size).ok()?.to_le_bytes();
        filled[place..place + 4].copy_from_slice(&size);
    }
    if &filled[12..16] == b"VP8X" {
        // Metadata comes last: it was cut off, and the flags must not promise it.
        filled[20] &= !METADATA_FLAGS;
    }
    Some(filled)
}

/// Exif and XMP, in the first byte of the extended header.
pub(super) const METADATA_FLAGS: u8 = 0x0C;

/// Whether each lossy picture in the file has the size that the file announces for it, as far
/// as the decoder will get to it.
pub(super) fn sizes_agree(bytes: &[u8], screen: Size) -> bool {
    let agrees = |chunk: Chunk<'_>, size: Size| lossy_size(chunk).is_none_or(|own| own == size);
    let stills_agree = top_level(bytes).all(|chunk| agrees(chunk, screen));
    let mut frames = frames(bytes).peekable();
    // Where nothing says that the file moves, its first frame is taken for a still.
    let first_is_still = frames.peek().is_none_or(|first| {
        is_animation(bytes) || parts(first.content).all(|part| agrees(part, screen))
    });
    stills_agree
        && first_is_still
        && frames.all(|frame| {
            let size = frame_size(frame.content);
            size.is_none_or(|size| parts(frame.content).all(|part| agrees(part, size)))
        })
}

/// The frames as the decoder goes from one to the next, which is without padding; both ways
/// where they differ.
fn frames(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut start = 12;
    for chunk in top_level(bytes) {
        if chunk.name == b"ANMF" {
            break;
        }
        start += 8 + chunk.declared.next_multiple_of(2);
    }
    let from_first = bytes.get(start..).unwrap_or_default();
    let unpadded = chunks(from_first, false).take_while(|chunk| chunk.name == b"ANMF");
    unpadded.chain(top_level(bytes).filter(|chunk| chunk.name == b"ANMF"))
}

/// What a frame consists of.
fn parts(frame: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    chunks(frame.get(16..).unwrap_or_default(), true)
}

fn frame_size(frame: &[u8]) -> Option<Size> {
    let side = |at: usize| {
        let bytes = frame.get(at..at + 3)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1)
    };
    Some((side(6)?, side(9)?))
}

/// The size in the header of a VP8 picture (RFC 6386, 9.1).
fn lossy_size(chunk: Chunk<'_>) -> Option<Size> {
    if chunk.name != b"VP8 " {
        return None;
    }
    let side = |at: usize| {
        let bytes = chunk.content.get(at..at + 2)?;
        Some(u32::from(u16::from_le_bytes([bytes[0], bytes[1]]) & 0x3FFF))
    };
    Some((side(6)?, side(8)?))
}

fn is_animation(bytes: &[u8]) -> bool {
    let extended = top_level(bytes)
        .next()
        .filter(|chunk| chunk.name == b"VP8X");
    let flags = extended.and_then(|chunk| chunk.content.first());
    flags.is_some_and(|flags| flags & 2 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8], declared: u32, content: &[u8]) -> Vec<u8> {
        let mut out = [name, &declared.to_le_bytes(), content].concat();
        out.resize(out.len().next_multiple_of(2), 0);
        out
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        [b"RIFF\xFF\0\0\0WEBP".to_vec(), chunks.concat()].concat()
    }

    fn lossy(width: u16, height: u16) -> Vec<u8> {
        let head = [0, 0, 0, 0x9D, 1, 0x2A];
        let content = [&head[..], &width.to_le_bytes(), &height.to_le_bytes()].concat();
        chunk(b"VP8 ", 10, &content)
    }

    fn frame(side: u8, parts: &[u8]) -> Vec<u8> {
        let size = [side - 1, 0, 0];
        let head = [&[0; 6][..], &size, &size, &[0; 4]].concat();
        chunk(b"ANMF", 16 + parts.len() as u32, &[&head, parts].concat())
    }

    #[test]
    fn exif_is_read_where_it_is_there() {
        let whole = file(&[lossy(8, 8), chunk(b"EXIF", 3, b"abc")]);
        assert_eq!(exif(&whole), Some(&b"abc"[..]));
        assert_eq!(exif(&file(&[chunk(b"EXIF", u32::MAX, b"abc")])), None);
        assert_eq!(exif(b"RIFF"), None);
    }

    #[test]
    fn a_cut_picture_is_filled_up() {
        let whole = file(&[lossy(8, 8)]);
        assert_eq!(filled(&whole, 7, 10), None);
        let cut = &whole[..whole.len() - 3];
        let found = filled(cut, 7, 10).expect("it is cut");
        assert_eq!(found[4..8], [30, 0, 0, 0]);
        assert_eq!(found[8..16], cut[8..16]);
        assert_eq!(found[16..20], [18, 0, 0, 0]);
        assert_eq!(found[20..], [&cut[20..], &[7; 11]].concat());
        // The note behind the picture, not the picture.
        let noted = file(&[lossy(8, 8), chunk(b"EXIF", 9, b"abc")]);
        assert_eq!(filled(&noted, 7, 10), None);
        assert_eq!(filled(&whole[..18], 7, 10), None);
        assert_eq!(filled(b"RIFF", 7, 10), None);
    }

    #[test]
    fn a_picture_larger_than_announced_is_noticed() {
        let still = |flags: u8| chunk(b"VP8X", 10, &[flags, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
        let agree = |chunks: &[Vec<u8>]| sizes_agree(&file(chunks), (8, 8));
        assert!(agree(&[lossy(8, 8)]));
        assert!(agree(&[still(0), lossy(8, 8)]));
        assert!(!agree(&[still(0), lossy(16_383, 8)]));
        let good = frame(4, &lossy(4, 4));
        let bad = frame(4, &lossy(16_383, 16_383));
        assert!(agree(&[still(2), good.clone(), good.clone()]));
        assert!(!agree(&[still(2), good.clone(), bad.clone()]));
        // Behind an alpha, and as a still.
        let alpha = [chunk(b"ALPH", 1, &[0]), lossy(5, 4)].concat();
        assert!(!agree(&[still(2), frame(4, &alpha)]));
        assert!(!agree(&[still(0), good]));
        // Between two frames, at the odd place where the decoder looks for the next one.
        let mut odd = bad.clone();
        odd[4] += 1;
        odd.extend(&bad);
        assert!(!agree(&[still(2), odd]));
    }
}
