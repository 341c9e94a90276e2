//! What was found out about one file.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Hash, Quality, View};

/// A media type, told from the bytes and never from the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
    /// `image/gif`
    Gif,
    /// `image/webp`
    Webp,
    /// `image/bmp`
    Bmp,
    /// `image/tiff`
    Tiff,
    /// `image/heic`
    Heic,
    /// `image/avif`
    Avif,
    /// A known format that is not decoded; its media type.
    Undecoded(&'static str),
    /// `application/octet-stream`: nothing known.
    Unknown,
}

impl MediaType {
    /// The name registered with IANA.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
            Self::Undecoded(name) => name,
            Self::Unknown => "application/octet-stream",
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of a file. "Could not read" is never "clean".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// At least one perceptual hash of usable quality.
    Hashed,
    /// Decoded, but no perceptual hash is usable. Low-quality values are listed all the same.
    Unmatchable,
    /// Damaged: something decoded, and that was hashed.
    Partial,
    /// Not decoded.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [
        Self::Hashed,
        Self::Unmatchable,
        Self::Partial,
        Self::Refused,
    ];

    /// The name used in files and interfaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hashed => "hashed",
            Self::Unmatchable => "unmatchable",
            Self::Partial => "partial",
            Self::Refused => "refused",
        }
    }
}

/// Why an outcome is not [`Outcome::Hashed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The file has no bytes.
    Empty,
    /// The file could not be opened or read.
    Unreadable,
    /// Not a picture format that is known.
    NotAPicture,
    /// A known format that is not decoded here.
    UnsupportedFormat,
    /// More bytes than the limit.
    TooManyBytes,
    /// More pixels than the limit, by its header.
    TooManyPixels,
    /// Decoding would take more memory than the limit.
    TooMuchMemory,
    /// Decoding took longer than the limit.
    TooSlow,
    /// The file is cut short or damaged.
    Damaged,
    /// The decoder ended on this file; it ran apart, so nothing else was harmed.
    DecoderFailed,
    /// A side is below five pixels: the reference gives no hash.
    TooSmall,
    /// Too little detail: a flat or nearly flat picture.
    LowQuality,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::Empty,
        Self::Unreadable,
        Self::NotAPicture,
        Self::UnsupportedFormat,
        Self::TooManyBytes,
        Self::TooManyPixels,
        Self::TooMuchMemory,
        Self::TooSlow,
        Self::Damaged,
        Self::DecoderFailed,
        Self::TooSmall,
        Self::LowQuality,
    ];

    /// The name used in files and interfaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Unreadable => "unreadable",
            Self::NotAPicture => "not_a_picture",
            Self::UnsupportedFormat => "unsupported_format",
            Self::TooManyBytes => "too_many_bytes",
            Self::TooManyPixels => "too_many_pixels",
            Self::TooMuchMemory => "too_much_memory",
            Self::TooSlow => "too_slow",
            Self::Damaged => "damaged",
            Self::DecoderFailed => "decoder_failed",
            Self::TooSmall => "too_small",
            Self::LowQuality => "low_quality",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "the file is empty",
            Self::Unreadable => "the file could not be read",
            Self::NotAPicture => "this is not a picture",
            Self::UnsupportedFormat => "this picture format is not supported yet",
            Self::TooManyBytes => "the file is larger than the limit",
            Self::TooManyPixels => "the picture has more pixels than the limit",
            Self::TooMuchMemory => "decoding would need more memory than the limit",
            Self::TooSlow => "decoding took longer than the limit",
            Self::Damaged => "the file is cut short or damaged",
            Self::DecoderFailed => "the decoder failed on this file",
            Self::TooSmall => "a side is shorter than five pixels",
            Self::LowQuality => "the picture has too little detail for a reliable hash",
        }
    }
}

/// One hash of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashRecord {
    /// The value.
    pub hash: Hash,
    /// Quality, for PDQ.
    pub quality: Option<Quality>,
    /// Which form of the picture, for PDQ.
    pub view: Option<View>,
}

impl HashRecord {
    /// Whether this hash may be looked up: every digest, and PDQ of usable quality.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.quality.is_none_or(Quality::is_usable)
    }
}

/// Everything found out about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashReport {
    /// What kind of file it is.
    pub media_type: MediaType,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where the outcome is not [`Outcome::Hashed`].
    pub reason: Option<Reason>,
    /// What a careful reader should know: frames left out, a format by name, a cause of damage.
    pub notes: Vec<String>,
    /// The hashes: perceptual ones first, then digests.
    pub hashes: Vec<HashRecord>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_and_reasons_have_one_name_in_files_and_in_json() {
        for outcome in Outcome::ALL {
            let name = serde_json::to_value(outcome).expect("a name");
            assert_eq!(name, outcome.name());
        }
        for reason in Reason::ALL {
            let name = serde_json::to_value(reason).expect("a name");
            assert_eq!(name, reason.name());
        }
    }
}
