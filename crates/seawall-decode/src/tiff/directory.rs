//! One change to a page's directory (TIFF 6.0, section 2; BigTIFF).

/// A copy of the file in which the page whose directory lies at `directory` says that its
/// samples are grey, black being zero. `None` where it says nothing about its samples.
pub(super) fn declared_grey(bytes: &[u8], directory: u64) -> Option<Vec<u8>> {
    let big = matches!(bytes.get(..4)?, b"II+\0" | b"MM\0+");
    let (count_bytes, entry_bytes, value_offset) = if big { (8, 20, 12) } else { (2, 12, 8) };
    let little_endian = bytes.starts_with(b"II");
    let start = usize::try_from(directory).ok()?.checked_add(count_bytes)?;
    let entries = bytes.get(start..)?.chunks_exact(entry_bytes);
    // Directories are sorted by tag and a page has some dozens of them at most.
    let place = entries.take(ENTRIES_MAX).position(|entry| {
        let tag = [entry[0], entry[1]];
        let tag = if little_endian {
            u16::from_le_bytes(tag)
        } else {
            u16::from_be_bytes(tag)
        };
        tag == PHOTOMETRIC_INTERPRETATION
    })?;
    let value = start + place * entry_bytes + value_offset;
    let mut patched = bytes.to_vec();
    let black_is_zero = if little_endian { [1, 0] } else { [0, 1] };
    patched
        .get_mut(value..value + 2)?
        .copy_from_slice(&black_is_zero);
    Some(patched)
}

const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const ENTRIES_MAX: usize = 1000;
