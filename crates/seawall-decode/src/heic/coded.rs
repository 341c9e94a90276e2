//! How many pixels are coded in a picture, by its own header.
//!
//! What comes out may be far less, a window of it. The decoder holds all of it in memory.

/// The pixels that this description speaks of; `None` where it cannot be read.
pub(super) fn pixels(description: &[u8]) -> Option<u64> {
    let (width, height) = size(description)?;
    Some(u64::from(width) * u64::from(height))
}

/// The size in the first parameter set of a description (ISO/IEC 14496-15, 8.3.3.1).
fn size(description: &[u8]) -> Option<(u32, u32)> {
    let mut rest = description.get(DESCRIPTION_HEAD_BYTES..)?;
    let arrays = *description.get(DESCRIPTION_HEAD_BYTES - 1)?;
    for _ in 0..arrays {
        let (head, after) = rest.split_at_checked(3)?;
        rest = after;
        // The decoder believes the sets that stand in their own array.
        let is_sets = head[0] & 0x3F == PARAMETER_SET;
        for _ in 0..u16::from_be_bytes([head[1], head[2]]) {
            let (length, after) = rest.split_at_checked(2)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let (unit, after) = after.split_at_checked(length)?;
            rest = after;
            // The layer, in bits 9 to 14, is 0.
            if let [kind, layer, set @ ..] = unit
                && is_sets
                && kind >> 1 & 0x3F == PARAMETER_SET
                && (kind & 1, layer >> 3) == (0, 0)
            {
                return size_in_set(set);
            }
        }
    }
    None
}

/// Rec. ITU-T H.265, 7.3.2.2, with one sub-layer, which is all that the decoder takes.
fn size_in_set(set: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits {
        bytes: without_escapes(set),
        place: 0,
    };
    bits.skip(4 + 3 + 1);
    bits.skip(PROFILE_BITS);
    bits.number()?;
    if bits.number()? == SEPARATE_PLANES_POSSIBLE {
        bits.skip(1);
    }
    Some((bits.number()?, bits.number()?))
}

/// Every third byte behind two zeros is left out where it is a 3.
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut zeros = 0;
    // The size stands within the first bytes.
    for &byte in bytes.iter().take(SET_BYTES_MAX) {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// Bits from the most significant on.
struct Bits {
    bytes: Vec<u8>,
    place: usize,
}

impl Bits {
    fn skip(&mut self, count: usize) {
        self.place += count;
    }

    fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.place / 8)?;
        let bit = byte >> (7 - self.place % 8) & 1;
        self.place += 1;
        Some(bit.into())
    }

    /// An Exp-Golomb code (9.2): so many zeros, a one, so many bits.
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros == 32 {
                return None;
            }
        }
        let mut value = 1_u64;
        for _ in 0..zeros {
            value = value << 1 | u64::from(self.bit()?);
        }
        u32::try_from(value - 1).ok()
    }
}

/// Up to the number of arrays.
const DESCRIPTION_HEAD_BYTES: usize = 23;
/// The kind of unit that describes a sequence.
const PARAMETER_SET: u8 = 33;
/// Profile, tier, level and compatibility.
const PROFILE_BITS: usize = 96;
/// 4:4:4, which alone may have its planes coded apart.
const SEPARATE_PLANES_POSSIBLE: u32 = 3;
const SET_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
        std::fs::read(format!("{folder}/{name}")).expect("the file is in the repository")
    }

    /// Pictures are coded in blocks of 8 pixels at least; what is more is cut off.
    #[test]
    fn the_headers_of_pictures_are_read() {
        for name in ["444.heic", "420.heic"] {
            let bytes = file(name);
            let container = crate::iso::Container::read(&bytes).expect("a container");
            let item = container.primary_chain()[0];
            let description = container.property(item, *b"hvcC").expect("a description");
            let pixels = pixels(description).expect("a header");
            let shown = 320 * 240;
            assert!((shown..shown * 5 / 4).contains(&pixels), "{name}: {pixels}");
        }
    }

    #[test]
    fn numbers_are_read_as_they_are_coded() {
        let mut bits = Bits {
            bytes: vec![0b1010_0110, 0b0100_0010, 0b1000_0000],
            place: 0,
        };
        let numbers: Vec<_> = (0..5).map(|_| bits.number()).collect();
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(without_escapes(&[0, 0, 3, 1, 0, 0, 2]), [0, 0, 1, 0, 0, 2]);
        assert_eq!(size(&[1; 22]), None);
    }
}
