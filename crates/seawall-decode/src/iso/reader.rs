//! Numbers and boxes, as far as the bytes go.

use std::ops::Range;

/// Reads big-endian numbers; `None` where the bytes end.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(|_| ())
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|taken| taken[0])
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.number(2)?.try_into().ok()
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.number(4)?.try_into().ok()
    }

    pub(crate) fn kind(&mut self) -> Option<[u8; 4]> {
        self.take(4)?.try_into().ok()
    }

    /// A number of so many bytes, eight at most; of none, it is 0.
    pub(crate) fn number(&mut self, bytes: usize) -> Option<u64> {
        let taken = self.take(bytes.min(8))?;
        Some(taken.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }
}

/// A box: its kind, and where its content lies.
pub(crate) type Found = ([u8; 4], Range<usize>);

/// The boxes side by side in a part of the file, until one does not fit.
pub(crate) fn boxes(bytes: &[u8], part: Range<usize>) -> impl Iterator<Item = Found> {
    let mut position = part.start;
    std::iter::from_fn(move || {
        let (kind, content) = next_box(bytes.get(position..part.end)?, position)?;
        // A box has eight bytes at least, so this moves on.
        position = content.end;
        Some((kind, content))
    })
}

fn next_box(rest: &[u8], position: usize) -> Option<Found> {
    let mut reader = Reader::new(rest);
    let (length, kind) = (reader.u32()?, reader.kind()?);
    let (head, length) = match length {
        0 => (8, rest.len()),
        1 => (16, usize::try_from(reader.number(8)?).ok()?),
        length => (8, usize::try_from(length).ok()?),
    };
    let fits = (head..=rest.len()).contains(&length);
    fits.then(|| (kind, position + head..position + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_read_until_one_does_not_fit() {
        let bytes = b"\0\0\0\x0Aftypab\0\0\0\x01mdat\0\0\0\0\0\0\0\x11c\0\0\0\x09free";
        let found: Vec<Found> = boxes(bytes, 0..bytes.len()).collect();
        assert_eq!(found, [(*b"ftyp", 8..10), (*b"mdat", 26..27)]);
        let to_the_end = b"\0\0\0\0mdatabc";
        let found: Vec<Found> = boxes(to_the_end, 0..11).collect();
        assert_eq!(found, [(*b"mdat", 8..11)]);
        assert_eq!(boxes(b"\0\0\0\x07free", 0..8).count(), 0);
        assert_eq!(boxes(b"\0\0\0\x08free", 0..100).count(), 0);
    }
}
