//! JPEG data inside a TIFF, looked at before it is decoded.

use ::tiff::decoder::Decoder;
use ::tiff::tags::Tag;
use seawall_core::Reason;

use super::file::File;
use crate::jpeg::SCANNED_PIXELS_MAX;
use crate::jpeg::structure::{PROGRESSIVE, largest_frame, structure};
use crate::session::Session;

/// What the largest strip or tile of this page takes while its JPEG data is decoded; 0 where
/// the page is compressed in another way. The decoder allocates what the JPEG header says,
/// which need not be what the page says.
///
/// # Errors
/// Where a strip or tile announces more pixels than the limit.
pub(super) fn jpeg_bytes(
    session: &Session<'_>,
    decoder: &mut Decoder<File<'_>>,
) -> Result<u64, Reason> {
    let compression = decoder.find_tag_unsigned::<u16>(Tag::Compression);
    if !matches!(compression, Ok(Some(JPEG))) {
        return Ok(0);
    }
    let mut largest = 0;
    let tables = decoder.find_tag(Tag::JPEGTables).ok().flatten();
    if let Some(tables) = tables.and_then(|value| value.into_u8_vec().ok()) {
        largest = announced_bytes(session, &tables)?;
    }
    for (offset, length) in places(decoder) {
        session.check_time()?;
        let chunk = usize::try_from(offset).ok().and_then(|offset| {
            let rest = session.bytes.get(offset..)?;
            Some(
                &rest[..rest
                    .len()
                    .min(usize::try_from(length).unwrap_or(usize::MAX))],
            )
        });
        largest = largest.max(announced_bytes(session, chunk.unwrap_or_default())?);
    }
    Ok(largest)
}

/// Where the strips and tiles of a page begin that are JPEG data.
pub(super) fn jpeg_places(decoder: &mut Decoder<File<'_>>) -> Vec<usize> {
    let compression = decoder.find_tag_unsigned::<u16>(Tag::Compression);
    if !matches!(compression, Ok(Some(OLD_JPEG | JPEG))) {
        return Vec::new();
    }
    let places = places(decoder).into_iter();
    places
        .filter_map(|(place, _)| usize::try_from(place).ok())
        .collect()
}

/// Where strips and tiles lie, and how long they are.
pub(super) fn places(decoder: &mut Decoder<File<'_>>) -> Vec<(u64, u64)> {
    let kinds = [
        (Tag::StripOffsets, Tag::StripByteCounts),
        (Tag::TileOffsets, Tag::TileByteCounts),
    ];
    let mut places = Vec::new();
    for (offsets, lengths) in kinds {
        let mut values = |tag| decoder.find_tag_unsigned_vec::<u64>(tag).ok().flatten();
        if let (Some(offsets), Some(lengths)) = (values(offsets), values(lengths)) {
            places.extend(offsets.into_iter().zip(lengths));
        }
    }
    places
}

fn announced_bytes(session: &Session<'_>, data: &[u8]) -> Result<u64, Reason> {
    let Some(frame) = largest_frame(data) else {
        return Ok(0);
    };
    let (width, height) = (u64::from(frame.width), u64::from(frame.height));
    session.check_size(width, height, 0)?;
    let scans = structure(data).scans;
    let is_progressive = frame.marker == PROGRESSIVE || scans > 1;
    let bytes_a_sample = if is_progressive { 3 } else { 1 };
    let pixels = width * height;
    if scans.saturating_mul(pixels) > SCANNED_PIXELS_MAX {
        return Err(Reason::TooSlow);
    }
    Ok(pixels * u64::from(frame.components) * bytes_a_sample + data.len() as u64)
}

/// The compression of TIFF 6.0, which is not decoded.
const OLD_JPEG: u16 = 6;
/// The compression that TIFF technical note 2 describes.
pub(super) const JPEG: u16 = 7;
