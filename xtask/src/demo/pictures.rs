//! What the demo uploads: generated patterns, nothing else.

use seawall_core::Pixels;
use seawall_testkit::{flat, jpeg, picture, png, resized, rotated_quarter};

/// Seeds of the pictures whose hashes stand in the bank.
pub(crate) const BANK_SEEDS: [u64; 3] = [11, 12, 13];

/// What has to come of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is the picture itself, byte for byte.
    Identical,
    /// It is a near copy: a PDQ match within the threshold.
    NearCopy,
    /// It is another picture: hashed and let through.
    Unrelated,
    /// It decodes and has no usable perceptual hash.
    Unmatchable,
    /// Something decoded before it broke off.
    Partial,
    /// It is no picture.
    Refused,
}

/// One upload: what it is, its bytes, and what has to come of it.
pub(crate) struct Upload {
    /// The id a platform would send.
    pub(crate) item: &'static str,
    /// What it is, for the reader.
    pub(crate) what: &'static str,
    /// The media type a platform would claim.
    pub(crate) media_type: &'static str,
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// What has to come of it.
    pub(crate) fate: Fate,
}

/// The file behind a bank entry.
pub(crate) fn original(seed: u64) -> Vec<u8> {
    jpeg(&pattern(seed), 92)
}

fn pattern(seed: u64) -> Pixels {
    picture(1024, 768, seed)
}

/// The dozen uploads, in the order in which they arrive.
pub(crate) fn uploads() -> Vec<Upload> {
    let [first, second, third] = BANK_SEEDS;
    let small = |seed| resized(&pattern(seed), 400, 300);
    let rotated = rotated_quarter(&pattern(first));
    let whole = original(third);
    let cut = whole[..whole.len() * 7 / 10].to_vec();
    let upload = |item, what, media_type, bytes, fate| Upload {
        item,
        what,
        media_type,
        bytes,
        fate,
    };
    vec![
        upload(
            "item-01",
            "an original",
            "image/jpeg",
            original(first),
            Fate::Identical,
        ),
        upload(
            "item-02",
            "a copy at 400×300",
            "image/jpeg",
            jpeg(&small(first), 85),
            Fate::NearCopy,
        ),
        upload(
            "item-03",
            "an unrelated picture",
            "image/jpeg",
            jpeg(&pattern(901), 90),
            Fate::Unrelated,
        ),
        upload(
            "item-04",
            "a copy recompressed at quality 35",
            "image/jpeg",
            jpeg(&pattern(second), 35),
            Fate::NearCopy,
        ),
        upload(
            "item-05",
            "a copy turned by a quarter",
            "image/jpeg",
            jpeg(&rotated, 90),
            Fate::NearCopy,
        ),
        upload(
            "item-06",
            "an unrelated picture as PNG",
            "image/png",
            png(&pattern(902)),
            Fate::Unrelated,
        ),
        upload(
            "item-07",
            "a copy as PNG",
            "image/png",
            png(&small(second)),
            Fate::NearCopy,
        ),
        upload(
            "item-08",
            "a text that is called a picture",
            "image/jpeg",
            b"Not a picture at all.\n".repeat(40),
            Fate::Refused,
        ),
        upload(
            "item-09",
            "a copy cut off at 70 %",
            "image/jpeg",
            cut,
            Fate::Partial,
        ),
        upload(
            "item-10",
            "a picture of one colour",
            "image/png",
            png(&flat(640, 480, [90, 120, 160])),
            Fate::Unmatchable,
        ),
        upload(
            "item-11",
            "an original",
            "image/jpeg",
            whole,
            Fate::Identical,
        ),
        upload(
            "item-12",
            "an unrelated picture, resized",
            "image/jpeg",
            jpeg(&small(903), 80),
            Fate::Unrelated,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dozen_uploads_hold_every_fate() {
        let uploads = uploads();
        assert_eq!(uploads.len(), 12);
        for fate in [
            Fate::Identical,
            Fate::NearCopy,
            Fate::Unrelated,
            Fate::Unmatchable,
            Fate::Partial,
            Fate::Refused,
        ] {
            assert!(uploads.iter().any(|upload| upload.fate == fate), "{fate:?}");
        }
    }
}
