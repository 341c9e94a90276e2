//! Hash values, distances and thresholds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// PDQ, the 256-bit perceptual hash of pictures (Meta, 2019).
    Pdq,
    /// MD5 of the file's bytes.
    Md5,
    /// SHA-1 of the file's bytes.
    Sha1,
    /// SHA-256 of the file's bytes.
    Sha256,
}

impl Algorithm {
    /// Every algorithm, in the order in which results list them.
    pub const ALL: [Self; 4] = [Self::Pdq, Self::Md5, Self::Sha1, Self::Sha256];

    /// The name used in files, interfaces and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdq => "pdq",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// The algorithm with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Length of a value in bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Pdq | Self::Sha256 => 32,
            Self::Md5 => 16,
            Self::Sha1 => 20,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text or a run of bytes that is no hash of the algorithm asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Wrong number of hexadecimal digits.
    #[error("reading a {algorithm} hash: expected {} hexadecimal digits, found {digits}", algorithm.bytes() * 2)]
    Length {
        /// What was asked for.
        algorithm: Algorithm,
        /// How many characters there were.
        digits: usize,
    },
    /// A character that is no hexadecimal digit.
    #[error("reading a {algorithm} hash: found a character that is no hexadecimal digit")]
    Digit {
        /// What was asked for.
        algorithm: Algorithm,
    },
}

/// A PDQ hash: 256 bits as four words, most significant first, as in its hexadecimal form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PdqHash(pub [u64; 4]);

impl PdqHash {
    /// The number of bits in which two hashes differ (Hamming distance).
    #[must_use]
    pub fn distance(self, other: Self) -> Distance {
        let bits: u32 = self
            .0
            .iter()
            .zip(other.0)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum();
        Distance(u16::try_from(bits).expect("256 bits cannot differ in more than 256"))
    }

    /// The hash with these bytes, as they stand in the hexadecimal form.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut words = [0_u64; 4];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_be_bytes(chunk.try_into().expect("chunks_exact gives eight bytes"));
        }
        Self(words)
    }

    /// The bytes as they stand in the hexadecimal form.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0_u8; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

impl fmt::Debug for PdqHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PdqHash([redacted])")
    }
}

/// The value of any hash.
///
/// `Debug` shows only the algorithm: hashes of real content do not belong in logs.
/// `Display` gives lower-case hexadecimal, for the places that must show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// A PDQ hash.
    Pdq(PdqHash),
    /// An MD5 digest.
    Md5([u8; 16]),
    /// A SHA-1 digest.
    Sha1([u8; 20]),
    /// A SHA-256 digest.
    Sha256([u8; 32]),
}

impl Hash {
    /// Reads hexadecimal digits of either case.
    ///
    /// # Errors
    /// [`HashError`] where the length is wrong or a character is no digit.
    pub fn parse(algorithm: Algorithm, text: &str) -> Result<Self, HashError> {
        let mut bytes = [0_u8; 32];
        if text.len() != algorithm.bytes() * 2 || !read_digits(text, &mut bytes) {
            let digits = text.chars().count();
            return Err(if digits == algorithm.bytes() * 2 {
                HashError::Digit { algorithm }
            } else {
                HashError::Length { algorithm, digits }
            });
        }
        Ok(Self::from_bytes(algorithm, &bytes[..algorithm.bytes()])
            .expect("the length was checked above"))
    }

    /// The hash with these bytes; `None` where their number is not [`Algorithm::bytes`].
    #[must_use]
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        Some(match algorithm {
            Algorithm::Pdq => Self::Pdq(PdqHash::from_bytes(bytes.try_into().ok()?)),
            Algorithm::Md5 => Self::Md5(bytes.try_into().ok()?),
            Algorithm::Sha1 => Self::Sha1(bytes.try_into().ok()?),
            Algorithm::Sha256 => Self::Sha256(bytes.try_into().ok()?),
        })
    }

    /// The bytes of the value.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Pdq(hash) => hash.to_bytes().to_vec(),
            Self::Md5(bytes) => bytes.to_vec(),
            Self::Sha1(bytes) => bytes.to_vec(),
            Self::Sha256(bytes) => bytes.to_vec(),
        }
    }

    /// Which kind of hash this is.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Pdq(_) => Algorithm::Pdq,
            Self::Md5(_) => Algorithm::Md5,
            Self::Sha1(_) => Algorithm::Sha1,
            Self::Sha256(_) => Algorithm::Sha256,
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0_u8; 64];
        let (pairs, _) = digits.as_chunks_mut();
        let bytes = self.to_bytes();
        for (pair, byte) in pairs.iter_mut().zip(&bytes) {
            *pair = [byte >> 4, byte & 15].map(|value| DIGITS[usize::from(value)]);
        }
        let text = std::str::from_utf8(&digits[..bytes.len() * 2]);
        f.write_str(text.expect("digits are ASCII"))
    }
}

/// Reads pairs of hexadecimal digits; tells whether that is what they are. Lists have millions
/// of them: this goes by bytes, not by characters.
fn read_digits(text: &str, bytes: &mut [u8; 32]) -> bool {
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| VALUES[usize::from(digit)]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    seen < 16
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The value of each byte as a hexadecimal digit of either case.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digit = DIGITS[value as usize];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

/// Stands for what is no digit.
const NO_DIGIT: u8 = 0xFF;

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({} [redacted])", self.algorithm())
    }
}

/// A number of differing bits, 0 to 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Distance(pub u16);

/// The largest PDQ distance that still counts as a match, 0 to 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Threshold(u16);

impl Threshold {
    /// 31 bits, inclusive: what the reference recommends and what HMA uses.
    pub const DEFAULT: Self = Self(31);
    /// No bit may differ.
    pub const EXACT: Self = Self(0);
    /// The widest for exceptions: farther out, one would hide pictures that it has nothing to
    /// do with, in the end every one.
    pub const EXCEPTION_MAX: Self = Self::DEFAULT;

    /// A threshold of `bits`; `None` above 256.
    #[must_use]
    pub fn new(bits: u16) -> Option<Self> {
        (bits <= 256).then_some(Self(bits))
    }

    /// The threshold in bits.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether a distance is a match. The threshold itself is one.
    #[must_use]
    pub fn admits(self, distance: Distance) -> bool {
        distance.0 <= self.0
    }
}

/// The PDQ quality of a picture, 0 to 100: how much detail the hash rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quality(pub u8);

impl Quality {
    /// 50: below it the reference does not use a hash.
    pub const FLOOR: Self = Self(50);

    /// Whether a hash of this quality may be matched.
    #[must_use]
    pub fn is_usable(self) -> bool {
        self >= Self::FLOOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_compare_pair_of_hma_is_nine_bits_apart() {
        let read = |text| match Hash::parse(Algorithm::Pdq, text) {
            Ok(Hash::Pdq(hash)) => hash,
            other => panic!("{other:?}"),
        };
        let a = read("facd8bcb2a49bcebdec1985298d5fe84bcd006c187c598c720c3c087b3fdb318");
        let b = read("facd8bcb2a49bcebdec1985228d5ae84bcd006c187c598c720c2b087b3fdb318");
        assert_eq!(a.distance(b), Distance(9));
    }

    #[test]
    fn a_hash_does_not_appear_in_debug_output() {
        let hash = Hash::parse(Algorithm::Md5, &"ab".repeat(16)).expect("valid");
        assert_eq!(format!("{hash:?}"), "Hash(md5 [redacted])");
    }

    #[test]
    fn threshold_31_admits_31_and_not_32() {
        assert!(Threshold::DEFAULT.admits(Distance(31)));
        assert!(!Threshold::DEFAULT.admits(Distance(32)));
        assert_eq!(Threshold::new(257), None);
    }

    #[test]
    fn texts_that_are_no_hash_are_refused() {
        let pdq = Algorithm::Pdq;
        assert_eq!(
            Hash::parse(pdq, "ab"),
            Err(HashError::Length {
                algorithm: pdq,
                digits: 2
            })
        );
        let newline = format!("{}\n", "a".repeat(63));
        assert_eq!(
            Hash::parse(pdq, &newline),
            Err(HashError::Digit { algorithm: pdq })
        );
        let wide = "é".repeat(64);
        assert_eq!(
            Hash::parse(pdq, &wide),
            Err(HashError::Digit { algorithm: pdq })
        );
    }

    proptest! {
        /// What is read is what one would read a character at a time, and comes back in lower
        /// case.
        #[test]
        fn digits_are_read_as_characters_are(text in "[0-9a-fA-F]{30,33}|[0-9a-fg\u{e9}/:@`G]{32}|[0-9a-f\u{e9}]{16}") {
            let digits = text.chars().count();
            let values: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
            let read = Hash::parse(Algorithm::Md5, &text);
            let algorithm = Algorithm::Md5;
            match values {
                _ if digits != 32 => {
                    prop_assert_eq!(read, Err(HashError::Length { algorithm, digits }));
                }
                None => prop_assert_eq!(read, Err(HashError::Digit { algorithm })),
                Some(values) => {
                    let bytes = values.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte"));
                    let read = read.expect("digits");
                    prop_assert_eq!(read.to_bytes(), bytes.collect::<Vec<_>>());
                    prop_assert_eq!(read.to_string(), text.to_lowercase());
                }
            }
        }

        #[test]
        fn text_and_bytes_round_trip(bytes in prop::array::uniform32(any::<u8>()), upper: bool) {
            for algorithm in Algorithm::ALL {
                let hash = Hash::from_bytes(algorithm, &bytes[..algorithm.bytes()]).expect("length");
                let text = hash.to_string();
                let text = if upper { text.to_uppercase() } else { text };
                prop_assert_eq!(Hash::parse(algorithm, &text), Ok(hash));
                prop_assert_eq!(Hash::from_bytes(algorithm, &hash.to_bytes()), Some(hash));
            }
        }
    }
}
