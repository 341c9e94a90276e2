//! What the demo uploads: generated patterns, nothing else.

use seawall_core::Pixels;
use seawall_testkit::{
    flat, jpeg, jpeg_with_orientation, picture, png, resized, rotated_quarter, stored_for,
};

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
    /// It is a known picture that was turned: this version does not look for it, and says so.
    Turned,
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
    pub(crate) item: String,
    /// What it is, for the reader.
    pub(crate) what: &'static str,
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
    let whole = original(third);
    let cut = whole[..whole.len() * 85 / 100].to_vec();
    let text = b"Not a picture at all.\n".repeat(40);
    let photo = jpeg_with_orientation(&stored_for(&pattern(first), 6), 90, 6);
    let turned = jpeg(&rotated_quarter(&pattern(second)), 90);
    let small = |seed| resized(&pattern(seed), 400, 300);
    let one_colour = flat(640, 480, [90, 120, 160]);
    let files = [
        ("an original", original(first), Fate::Identical),
        ("a copy at 400×300", jpeg(&small(first), 85), Fate::NearCopy),
        (
            "an unrelated picture",
            jpeg(&pattern(901), 90),
            Fate::Unrelated,
        ),
        (
            "a copy recompressed at quality 35",
            jpeg(&pattern(second), 35),
            Fate::NearCopy,
        ),
        (
            "a copy as a phone stores it, turned with a tag",
            photo,
            Fate::NearCopy,
        ),
        (
            "an unrelated picture as PNG",
            png(&pattern(902)),
            Fate::Unrelated,
        ),
        ("a copy as a small PNG", png(&small(second)), Fate::NearCopy),
        ("a text that is called a picture", text, Fate::Refused),
        ("a copy cut off at 85 %", cut, Fate::Partial),
        (
            "a picture of one colour",
            png(&one_colour),
            Fate::Unmatchable,
        ),
        ("another original", whole, Fate::Identical),
        (
            "a copy turned for good, not searched for yet",
            turned,
            Fate::Turned,
        ),
    ];
    let numbered = files.into_iter().enumerate();
    let upload = |(index, (what, bytes, fate))| Upload {
        item: format!("item-{:02}", index + 1),
        what,
        bytes,
        fate,
    };
    numbered.map(upload).collect()
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
            Fate::Turned,
            Fate::Unmatchable,
            Fate::Partial,
            Fate::Refused,
        ] {
            assert!(uploads.iter().any(|upload| upload.fate == fate), "{fate:?}");
        }
    }
}
