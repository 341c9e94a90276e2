//! The units that coded bytes consist of (AV1 bitstream specification, 5.3).

/// Bytes whose last unit ends too early, with so many others behind them that belong to that
/// unit; `None` where no unit is cut.
pub(super) fn filled(bytes: &[u8], filling: u8, count: usize) -> Option<Vec<u8>> {
    let mut start = 0;
    loop {
        let head = *bytes.get(start)?;
        let extension = usize::from(head & HAS_EXTENSION != 0);
        if head & HAS_SIZE == 0 {
            // It goes to the end, wherever that is.
            let mut filled = bytes.to_vec();
            filled.resize(bytes.len().checked_add(count)?, filling);
            return Some(filled);
        }
        let size_place = start + 1 + extension;
        let (size, size_bytes) = number(bytes.get(size_place..)?)?;
        let content = size_place + size_bytes;
        let end = content.checked_add(size)?;
        if end <= bytes.len() {
            start = end;
            continue;
        }
        // Without its size, a unit goes to the end.
        let mut filled = Vec::with_capacity(bytes.len().checked_add(count)?);
        filled.extend_from_slice(&bytes[..start]);
        filled.push(head & !HAS_SIZE);
        filled.extend_from_slice(&bytes[start + 1..size_place]);
        filled.extend_from_slice(&bytes[content..]);
        filled.resize(filled.len() + count, filling);
        return Some(filled);
    }
}

/// Seven bits a byte, the lowest first, and how many bytes they take (4.10.5).
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for (place, &byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, place + 1));
        }
    }
    None
}

const HAS_EXTENSION: u8 = 4;
const HAS_SIZE: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_that_is_cut_loses_its_size() {
        // An empty one, then one of 300 bytes with an extension, of which two are there.
        let bytes = [0x12, 0, 0x36, 0xE0, 0xAC, 0x02, 5, 6];
        let expected = [0x12, 0, 0x34, 0xE0, 5, 6, 9, 9, 9];
        assert_eq!(filled(&bytes, 9, 3).as_deref(), Some(&expected[..]));
        let unsized_one = [0x12, 0, 0x30, 5];
        let expected = [0x12, 0, 0x30, 5, 9, 9];
        assert_eq!(filled(&unsized_one, 9, 2).as_deref(), Some(&expected[..]));
        for whole in [&bytes[..2], &bytes[..4], &[0x36; 2], &[]] {
            assert_eq!(filled(whole, 9, 3), None);
        }
    }
}
