//! What is looked at before an entry of a list takes effect.
//!
//! A value that says nothing about any one file would match files without number: it is held
//! back for a person, who can release it. A PDQ value without exactly 128 ones comes from no
//! ordinary picture, yet lists hold such values and they are right: those are only
//! [flagged](is_uneven).

use seawall_core::{Hash, PdqHash};

use crate::feed::Fingerprint;

/// Why a value is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum QuarantineReason {
    /// Every bit is zero. No digest is, and the PDQ of a picture of one colour is.
    #[error("all zeros, which would match blank pictures")]
    AllZeros,
    /// Every bit is one.
    #[error("all ones, which would match blank pictures")]
    AllOnes,
    /// A PDQ value within the usual threshold of all zeros or all ones: it matches what those
    /// match.
    #[error("nearly all bits are alike, so that it would match blank pictures")]
    NearlyBlank,
    /// A PDQ value whose sixteen rows of sixteen bits repeat themselves, or whose bits change
    /// seldom. Pictures of one colour give such values, of nothing but rounding; so do stripes
    /// and values that somebody made up. Pictures with detail do not.
    #[error("a pattern that no picture with detail gives")]
    Pattern,
    /// A digest of nothing: of no bytes, a single line end, a blank or a zero byte.
    #[error("the digest of an empty file or of a single blank")]
    Nothing,
    /// A PDQ value whose stated quality is below the floor.
    #[error("its quality is below 50, which the reference does not use")]
    LowQuality,
}

impl QuarantineReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::AllZeros,
        Self::AllOnes,
        Self::NearlyBlank,
        Self::Pattern,
        Self::Nothing,
        Self::LowQuality,
    ];

    /// A word for it, for counts and interfaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AllZeros => "all_zeros",
            Self::AllOnes => "all_ones",
            Self::NearlyBlank => "nearly_blank",
            Self::Pattern => "pattern",
            Self::Nothing => "nothing",
            Self::LowQuality => "low_quality",
        }
    }
}

/// Why this value has to wait for a person; `None` where it does not. What Seawall does not
/// match ([`Fingerprint::Other`]) has nothing to wait for.
#[must_use]
pub fn check(fingerprint: &Fingerprint) -> Option<QuarantineReason> {
    let Fingerprint::Hash { hash, quality, .. } = fingerprint else {
        return None;
    };
    let trivial = match hash {
        Hash::Pdq(pdq) => trivial_pdq(*pdq),
        Hash::Md5(bytes) => trivial_digest(bytes, &MD5_OF_NOTHING),
        Hash::Sha1(bytes) => trivial_digest(bytes, &SHA1_OF_NOTHING),
        Hash::Sha256(bytes) => trivial_digest(bytes, &SHA256_OF_NOTHING),
    };
    let is_low = || {
        let low = quality.is_some_and(|quality| !quality.is_usable());
        matches!(hash, Hash::Pdq(_)) && low
    };
    trivial.or_else(|| is_low().then_some(QuarantineReason::LowQuality))
}

/// Whether this is a PDQ value in which zeros and ones are not equally many. The bits of a PDQ
/// value say which coefficients are above their median, so that a picture's has 128 ones unless
/// coefficients are equal. It is loaded and matched like any other.
#[must_use]
pub fn is_uneven(fingerprint: &Fingerprint) -> bool {
    match fingerprint {
        Fingerprint::Hash {
            hash: Hash::Pdq(pdq),
            ..
        } => ones(*pdq) != 128,
        Fingerprint::Hash { .. } | Fingerprint::Other { .. } => false,
    }
}

fn trivial_pdq(pdq: PdqHash) -> Option<QuarantineReason> {
    match ones(pdq) {
        0 => Some(QuarantineReason::AllZeros),
        256 => Some(QuarantineReason::AllOnes),
        ones if !(NEAR_BITS + 1..256 - NEAR_BITS).contains(&ones) => {
            Some(QuarantineReason::NearlyBlank)
        }
        _ if different_rows(pdq) < ROWS_MIN || changes(pdq) < CHANGES_MIN => {
            Some(QuarantineReason::Pattern)
        }
        _ => None,
    }
}

fn ones(pdq: PdqHash) -> u32 {
    pdq.0.iter().map(|word| word.count_ones()).sum()
}

/// How many of the sixteen rows of sixteen bits differ from all before them.
fn different_rows(pdq: PdqHash) -> usize {
    let row = |index: usize| pdq.0[index / 4] >> (index % 4 * 16) & 0xFFFF;
    (0..16)
        .filter(|&index| (0..index).all(|before| row(before) != row(index)))
        .count()
}

/// How often a bit differs from the one before it, in the order of the hexadecimal form.
fn changes(pdq: PdqHash) -> u32 {
    let mut before = pdq.0[0] >> 63;
    let mut changes = 0;
    for word in pdq.0 {
        // Bit i of the shifted word is the bit before bit i.
        changes += (word ^ (word >> 1 | before << 63)).count_ones();
        before = word & 1;
    }
    changes
}

fn trivial_digest<const N: usize>(
    bytes: &[u8; N],
    of_nothing: &[[u8; N]],
) -> Option<QuarantineReason> {
    if bytes == &[0; N] {
        return Some(QuarantineReason::AllZeros);
    }
    if bytes == &[0xFF; N] {
        return Some(QuarantineReason::AllOnes);
    }
    of_nothing
        .contains(bytes)
        .then_some(QuarantineReason::Nothing)
}

/// The usual threshold: what lies so near to a blank value matches blank pictures.
const NEAR_BITS: u32 = 31;

/// Fewer different rows than this are a pattern. The reference gives pictures of one colour nine
/// at most, whatever their size; none of the 1400 values in its test data has fewer than 15.
const ROWS_MIN: usize = 10;

/// Fewer changes than this are a pattern. Of 255 neighbours about 128 differ in a picture's
/// value; 32 or fewer would come up by chance once in 2^115 times.
const CHANGES_MIN: u32 = 33;

/// What the digests of nothing are made of, in their order.
#[cfg(test)]
const NOTHING: [&[u8]; 5] = [b"", b"\n", b"\r\n", b" ", b"\0"];

const MD5_OF_NOTHING: [[u8; 16]; 5] = [
    [
        0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42,
        0x7e,
    ],
    [
        0x68, 0xb3, 0x29, 0xda, 0x98, 0x93, 0xe3, 0x40, 0x99, 0xc7, 0xd8, 0xad, 0x5c, 0xb9, 0xc9,
        0x40,
    ],
    [
        0x81, 0x05, 0x1b, 0xcc, 0x2c, 0xf1, 0xbe, 0xdf, 0x37, 0x82, 0x24, 0xb0, 0xa9, 0x3e, 0x28,
        0x77,
    ],
    [
        0x72, 0x15, 0xee, 0x9c, 0x7d, 0x9d, 0xc2, 0x29, 0xd2, 0x92, 0x1a, 0x40, 0xe8, 0x99, 0xec,
        0x5f,
    ],
    [
        0x93, 0xb8, 0x85, 0xad, 0xfe, 0x0d, 0xa0, 0x89, 0xcd, 0xf6, 0x34, 0x90, 0x4f, 0xd5, 0x9f,
        0x71,
    ],
];

const SHA1_OF_NOTHING: [[u8; 20]; 5] = [
    [
        0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55, 0xbf, 0xef, 0x95, 0x60, 0x18,
        0x90, 0xaf, 0xd8, 0x07, 0x09,
    ],
    [
        0xad, 0xc8, 0x3b, 0x19, 0xe7, 0x93, 0x49, 0x1b, 0x1c, 0x6e, 0xa0, 0xfd, 0x8b, 0x46, 0xcd,
        0x9f, 0x32, 0xe5, 0x92, 0xfc,
    ],
    [
        0xba, 0x8a, 0xb5, 0xa0, 0x28, 0x0b, 0x95, 0x3a, 0xa9, 0x74, 0x35, 0xff, 0x89, 0x46, 0xcb,
        0xcb, 0xb2, 0x75, 0x5a, 0x27,
    ],
    [
        0xb8, 0x58, 0xcb, 0x28, 0x26, 0x17, 0xfb, 0x09, 0x56, 0xd9, 0x60, 0x21, 0x5c, 0x8e, 0x84,
        0xd1, 0xcc, 0xf9, 0x09, 0xc6,
    ],
    [
        0x5b, 0xa9, 0x3c, 0x9d, 0xb0, 0xcf, 0xf9, 0x3f, 0x52, 0xb5, 0x21, 0xd7, 0x42, 0x0e, 0x43,
        0xf6, 0xed, 0xa2, 0x78, 0x4f,
    ],
];

const SHA256_OF_NOTHING: [[u8; 32]; 5] = [
    [
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ],
    [
        0x01, 0xba, 0x47, 0x19, 0xc8, 0x0b, 0x6f, 0xe9, 0x11, 0xb0, 0x91, 0xa7, 0xc0, 0x51, 0x24,
        0xb6, 0x4e, 0xee, 0xce, 0x96, 0x4e, 0x09, 0xc0, 0x58, 0xef, 0x8f, 0x98, 0x05, 0xda, 0xca,
        0x54, 0x6b,
    ],
    [
        0x7e, 0xb7, 0x02, 0x57, 0x59, 0x3d, 0xa0, 0x6f, 0x68, 0x2a, 0x3d, 0xdd, 0xa5, 0x4a, 0x9d,
        0x26, 0x0d, 0x4f, 0xc5, 0x14, 0xf6, 0x45, 0x23, 0x7f, 0x5c, 0xa7, 0x4b, 0x08, 0xf8, 0xda,
        0x61, 0xa6,
    ],
    [
        0x36, 0xa9, 0xe7, 0xf1, 0xc9, 0x5b, 0x82, 0xff, 0xb9, 0x97, 0x43, 0xe0, 0xc5, 0xc4, 0xce,
        0x95, 0xd8, 0x3c, 0x9a, 0x43, 0x0a, 0xac, 0x59, 0xf8, 0x4e, 0xf3, 0xcb, 0xfa, 0xb6, 0x14,
        0x50, 0x68,
    ],
    [
        0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3, 0x7a, 0x98, 0x9c, 0xa5, 0x44, 0xe6, 0xbb, 0x78, 0x0a,
        0x2c, 0x78, 0x90, 0x1d, 0x3f, 0xb3, 0x37, 0x38, 0x76, 0x85, 0x11, 0xa3, 0x06, 0x17, 0xaf,
        0xa0, 0x1d,
    ],
];

#[cfg(test)]
mod tests {
    use md5::Digest;
    use seawall_core::{Algorithm, Quality};

    use super::*;
    use crate::feed::Media;
    use proptest::prelude::*;

    fn hash(hash: Hash, quality: Option<u8>) -> Fingerprint {
        Fingerprint::Hash {
            hash,
            media: Media::Image,
            quality: quality.map(Quality),
        }
    }

    fn pdq(digits: &str) -> Fingerprint {
        let parsed = Hash::parse(Algorithm::Pdq, digits).expect("64 digits");
        hash(parsed, None)
    }

    const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

    #[test]
    fn values_that_say_nothing_about_one_picture_wait_for_a_person() {
        use QuarantineReason::{AllOnes, AllZeros, NearlyBlank, Pattern};
        assert_eq!(check(&pdq(PDQ)), None);
        for (digits, reason) in [
            ("0".repeat(64), AllZeros),
            ("f".repeat(64), AllOnes),
            // 31 ones, and 31 zeros: at the threshold.
            (format!("{}7fffffff", "0".repeat(56)), NearlyBlank),
            (format!("{}80000000", "f".repeat(56)), NearlyBlank),
            // Every other bit, every other row of four, every other row of sixteen alike.
            ("a".repeat(64), Pattern),
            ("5".repeat(64), Pattern),
            ("00ff".repeat(16), Pattern),
            // Two halves.
            (format!("{}{}", "0".repeat(32), "f".repeat(32)), Pattern),
            // Sixteen rows by turns: seldom a change, yet not all rows alike.
            ("0000ffff".repeat(8), Pattern),
        ] {
            assert_eq!(check(&pdq(&digits)), Some(reason), "{digits}");
        }
        // 32 ones lie beyond the threshold of all zeros; scattered, they are no pattern.
        let rows = (0..16_u32).map(|i| 1_u16.rotate_left(i) | 1_u16.rotate_left(i + 5));
        let scattered: String = rows.map(|row| format!("{row:04x}")).collect();
        assert_eq!(check(&pdq(&scattered)), None);
    }

    /// What pdqhash 0.2.8 gives for pictures of one colour (grey 1, 17, 200 and 255 of 512 by
    /// 512, a colour of 300 by 200, the widest of all sizes tried) and for two halves.
    #[test]
    fn pictures_of_one_colour_are_a_pattern() {
        for digits in [
            "000000002c4b11342c4b2c4b0000554b00002c4b113411342c4b585e2c4b017e",
            "11342c4b554b113411345e012c4b11342c4b13a0000013a011340000554bcc53",
            "0000113411342c4b2c4b554b11342c4b00000000000000002c4b13a01134585e",
            "00001134000011342c4b00002c4b1134000000002c4b2c4b00002c4b8200554b",
            "0000fffcffffffff00000000ffff000000000000ffff0000fffffadeeeb4dbb4",
            "00002c4b2c4b0000000000008200017e0000cc530000554b13a0554b585e1706",
            "0000cccc0000cccc333300003333cccc0000000033333333000033333333cccc",
        ] {
            let found = check(&pdq(digits));
            assert_eq!(found, Some(QuarantineReason::Pattern), "{digits}");
        }
    }

    #[test]
    fn low_quality_waits_and_only_for_pdq() {
        let parsed = Hash::parse(Algorithm::Pdq, PDQ).expect("64 digits");
        assert_eq!(
            check(&hash(parsed, Some(49))),
            Some(QuarantineReason::LowQuality)
        );
        assert_eq!(check(&hash(parsed, Some(50))), None);
        assert_eq!(check(&hash(Hash::Md5([7; 16]), Some(0))), None);
    }

    #[test]
    fn digests_of_nothing_are_what_a_hash_library_says() {
        let each = |check: fn(&[u8]) -> Hash| {
            for bytes in NOTHING {
                let reason = super::check(&hash(check(bytes), None));
                assert_eq!(reason, Some(QuarantineReason::Nothing), "{bytes:?}");
            }
            let reason = super::check(&hash(check(b"something"), None));
            assert_eq!(reason, None);
        };
        each(|bytes| Hash::Md5(md5::Md5::digest(bytes).into()));
        each(|bytes| Hash::Sha1(sha1::Sha1::digest(bytes).into()));
        each(|bytes| Hash::Sha256(sha2::Sha256::digest(bytes).into()));
        let of = |bytes: u8| check(&hash(Hash::Sha1([bytes; 20]), None));
        assert_eq!(of(0), Some(QuarantineReason::AllZeros));
        assert_eq!(of(0xFF), Some(QuarantineReason::AllOnes));
    }

    #[test]
    fn what_is_not_matched_and_what_is_only_uneven_pass() {
        let other = Fingerprint::Other {
            kind: "PDNA".to_owned(),
            media: Media::Image,
            value: seawall_core::Redacted("0".repeat(288)),
        };
        assert_eq!(check(&other), None);
        assert!(!is_uneven(&other) && !is_uneven(&hash(Hash::Md5([1; 16]), None)));
        assert!(!is_uneven(&pdq(PDQ)));
        let one_less = format!("e{}", &PDQ[1..]);
        assert!(is_uneven(&pdq(&one_less)));
        assert_eq!(check(&pdq(&one_less)), None);
    }

    proptest! {
        #[test]
        fn changes_are_counted_as_one_would_by_hand(bytes: [u8; 32]) {
            let bits: Vec<bool> = bytes
                .iter()
                .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
                .collect();
            let by_hand = bits.windows(2).filter(|pair| pair[0] != pair[1]).count();
            prop_assert_eq!(changes(PdqHash::from_bytes(bytes)) as usize, by_hand);
        }
    }
}
