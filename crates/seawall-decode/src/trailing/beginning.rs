//! Whether a picture or a film may begin at a place, told from its first bytes.

use seawall_core::MediaType;

use crate::jpeg::structure::structure;
use crate::sniff;

/// Something that begins like a file of its own.
#[derive(Clone, Copy)]
pub(super) struct Beginning {
    pub(super) media_type: MediaType,
    /// Whether so much fits that chance cannot have made it.
    pub(super) is_sure: bool,
    /// Where a TIFF's first directory lies, from here; 0 for others.
    pub(super) directory: usize,
}

/// What begins here; `None` also where the first bytes fit and what follows is nonsense, so
/// that nobody can use up the search with false beginnings.
pub(super) fn at(bytes: &[u8]) -> Option<Beginning> {
    let may_begin = match bytes.first()? {
        0xFF => bytes.starts_with(b"\xFF\xD8\xFF"),
        0x89 => bytes.starts_with(b"\x89PNG"),
        b'G' => bytes.starts_with(b"GIF8"),
        b'R' => bytes.starts_with(b"RIFF"),
        b'I' => bytes.starts_with(b"II*\0") || bytes.starts_with(b"II+\0"),
        b'M' => bytes.starts_with(b"MM\0*") || bytes.starts_with(b"MM\0+"),
        b'B' => bytes.starts_with(b"BM"),
        // A length that is below 16 MiB.
        0 => bytes.get(4..8) == Some(b"ftyp"),
        _ => false,
    };
    if !may_begin {
        return None;
    }
    let media_type = sniff(bytes);
    let mut directory = 0;
    let is_sure = match media_type {
        MediaType::Jpeg => jpeg(bytes)?,
        MediaType::Png => bytes.get(8..16)? == b"\0\0\0\x0DIHDR",
        MediaType::Gif => gif(bytes)?,
        MediaType::Webp => bytes.get(12..15)? == b"VP8",
        MediaType::Tiff => {
            directory = tiff(bytes)?;
            true
        }
        MediaType::Bmp => bmp(bytes)?,
        MediaType::Heic | MediaType::Avif => boxes(bytes)?,
        MediaType::Undecoded(name) if is_seen(name) => bytes.starts_with(b"RIFF") || boxes(bytes)?,
        MediaType::Undecoded(_) | MediaType::Unknown => false,
    };
    // The markers of a JPEG may have other bytes between them.
    (is_sure || media_type == MediaType::Jpeg).then_some(Beginning {
        media_type,
        is_sure,
        directory,
    })
}

fn is_seen(name: &str) -> bool {
    name.starts_with("video/") || name.starts_with("image/")
}

/// `None` where no marker follows that may, or where these are the tables that pages of a TIFF
/// share, which have an end and no picture; whether whole segments follow, one behind the other.
fn jpeg(bytes: &[u8]) -> Option<bool> {
    let &marker = bytes.get(3)?;
    if !is_segment(marker) && marker != 0xFF {
        return None;
    }
    let tables = structure(&bytes[..bytes.len().min(TABLES_BYTES_MAX)]);
    if tables.frame.is_none() && tables.end.is_some() {
        return None;
    }
    Some(has_segments(&bytes[2..]))
}

/// Chance makes one segment's beginning in some megabytes, three never.
fn has_segments(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    for _ in 0..3 {
        let [0xFF, marker, high, low, ..] = *rest else {
            return false;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        match rest.get(2 + length..) {
            Some(next) if length >= 2 && is_segment(marker) => rest = next,
            Some(_) | None => return false,
        }
    }
    true
}

/// Whether a marker has a length behind it and may stand before the picture's data.
fn is_segment(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF | 0xDB..=0xFE)
}

/// Behind the header and its palette begins a block.
fn gif(bytes: &[u8]) -> Option<bool> {
    let &flags = bytes.get(10)?;
    let palette = if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    };
    bytes
        .get(13 + palette)
        .map(|kind| matches!(kind, 0x21 | 0x2C | 0x3B))
}

/// Where the first directory lies, if it lies within the file and says where pixels lie: that of an
/// Exif block, which begins like a TIFF too, says none.
fn tiff(bytes: &[u8]) -> Option<usize> {
    let is_little = bytes.starts_with(b"II");
    let number = |place: usize, length: usize| {
        let digits = bytes.get(place..place.checked_add(length)?)?;
        let fold = |number: u64, &digit: &u8| number << 8 | u64::from(digit);
        Some(if is_little {
            digits.iter().rev().fold(0, fold)
        } else {
            digits.iter().fold(0, fold)
        })
    };
    let is_big = number(2, 2)? == 43;
    let (place, count_bytes) = if is_big {
        (number(8, 8)?, 8)
    } else {
        (number(4, 4)?, 2)
    };
    let place = usize::try_from(place).ok()?;
    let count = number(place, count_bytes)?;
    let first = place.checked_add(count_bytes)?;
    let kind = number(first.checked_add(2)?, 2)?;
    let entry_bytes = if is_big { 20 } else { 12 };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let entries = (first..).step_by(entry_bytes);
    let mut tags = entries.take(count.min(ENTRIES_MAX)).map(|at| number(at, 2));
    let has_pixels = tags.any(|tag| matches!(tag, Some(STRIPS | TILES)));
    (place >= 8 && has_pixels && (1..=18).contains(&kind)).then_some(place)
}

/// Two letters are too little to go by: the reserved bytes are 0, there is one plane, and the
/// length fits what there is or, in a file that was cut, what the picture takes. [`sniff`] has
/// looked at the size of the second header.
fn bmp(bytes: &[u8]) -> Option<bool> {
    let number = |place: usize| {
        let digits = bytes.get(place..place + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(digits))
    };
    let length = number(2)?;
    let is_old = number(14)? == 12;
    let planes = if is_old { 22 } else { 26 };
    let is_one_plane = number(6)? == 0 && bytes.get(planes..planes + 2)? == [1, 0];
    let is_there = length > 26 && length as usize <= bytes.len();
    Some(
        is_one_plane && (is_there || (!is_old && number(10)?.checked_add(rows(bytes)?)? == length)),
    )
}

/// The bytes of the rows of a BMP that is not compressed.
fn rows(bytes: &[u8]) -> Option<u32> {
    let number = |place: usize| {
        Some(i32::from_le_bytes(
            bytes.get(place..place + 4)?.try_into().ok()?,
        ))
    };
    let bits = u32::from(*bytes.get(28)?);
    let row = number(18)?.unsigned_abs().checked_mul(bits)?.div_ceil(32);
    row.checked_mul(4)?.checked_mul(number(22)?.unsigned_abs())
}

/// The first box has a length that fits.
fn boxes(bytes: &[u8]) -> Option<bool> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    Some((12..=bytes.len()).contains(&length))
}

/// Tags of the places of strips and tiles.
const STRIPS: u64 = 273;
const TILES: u64 = 324;
/// A page has some dozens.
const ENTRIES_MAX: usize = 1000;
/// Four tables of each kind take less.
const TABLES_BYTES_MAX: usize = 4 << 10;
