//! Changes to a page's directory (TIFF 6.0, section 2; BigTIFF), made while it is read.

/// Bytes that are read in place of those of the file.
pub(super) struct Patch {
    pub(super) place: usize,
    pub(super) bytes: Vec<u8>,
}

/// What makes the page whose directory lies at `directory` say this number under this tag.
/// Nothing where it says none there.
pub(super) fn declaring(bytes: &[u8], directory: u64, tag: u16, value: u8) -> Vec<Patch> {
    patches(bytes, directory, tag, value).unwrap_or_default()
}

fn patches(bytes: &[u8], directory: u64, wanted: u16, value: u8) -> Option<Vec<Patch>> {
    let big = matches!(bytes.get(..4)?, b"II+\0" | b"MM\0+");
    let (count_bytes, entry_bytes, value_offset) = if big { (8, 20, 12) } else { (2, 12, 8) };
    let is_little = bytes.starts_with(b"II");
    let start = usize::try_from(directory).ok()?.checked_add(count_bytes)?;
    let number = |at: usize| {
        let pair = *bytes.get(at..)?.first_chunk()?;
        Some(if is_little {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    };
    let entries = bytes.get(start..)?.chunks_exact(entry_bytes);
    // Directories have some dozens of entries at most. Where one stands twice, both change.
    let places = (start..).step_by(entry_bytes);
    let places = places.take(entries.len().min(ENTRIES_MAX));
    let patches = places.filter_map(|entry| {
        let length = match number(entry + 2)? {
            BYTE => 1,
            SHORT => 2,
            LONG => 4,
            _ => return None,
        };
        let mut digits = vec![0; length];
        let last = if is_little { 0 } else { length - 1 };
        digits[last] = value;
        (number(entry)? == wanted).then_some(Patch {
            place: entry + value_offset,
            bytes: digits,
        })
    });
    Some(patches.collect())
}

const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const ENTRIES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_it_is_stored() {
        let little = b"II*\0\x08\0\0\0\x02\0\x03\x01\x03\0\x01\0\0\0\x08\0\0\0\x06\x01\x04\0\x01\0\0\0\x03\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x02\x01\x03\0\x03\0\0\0\x01\0\x08\0\0\x01\x06\0\x04\0\0\0\x01\0\0\0\x03";
        for (file, short, long) in [
            (&little[..], [1, 0], [1, 0, 0, 0]),
            (&big[..], [0, 1], [0, 0, 0, 1]),
        ] {
            for (tag, place, bytes) in [(259, 18, &short[..]), (262, 30, &long[..])] {
                let found = declaring(file, 8, tag, 1);
                assert_eq!(found.len(), 1);
                assert_eq!((found[0].place, &found[0].bytes[..]), (place, bytes));
            }
            assert!(declaring(file, 8, 300, 1).is_empty());
            assert!(declaring(file, u64::MAX, 259, 1).is_empty());
        }
    }
}
