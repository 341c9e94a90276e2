//! Single values of a record: kinds of hashes, hashes, times.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;
use seawall_core::{Algorithm, Hash, Quality, Redacted, Timestamp};

use super::RowError;
use crate::feed::{Fingerprint, Media};
use crate::list::plain_name;

/// What a word says of the kind of a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One that Seawall matches.
    Known(Algorithm, Media),
    /// Another, as it is written.
    Other(String),
}

impl Kind {
    /// The kind with this name: an algorithm, however it is written, with or without what the
    /// file is (`video_md5`, `ImagePDQ`, `HASH_SHA1`). Everything else is kept as another.
    pub(super) fn named(name: &str) -> Self {
        let plain = plain_name(name);
        let word = without(&plain, &["hash"]);
        let (word, media) = [
            ("image", Media::Image),
            ("photo", Media::Image),
            ("picture", Media::Image),
            ("video", Media::Video),
        ]
        .into_iter()
        .map(|(of, media)| (without(word, &[of]), media))
        .find(|(rest, _)| rest.len() < word.len())
        .unwrap_or((word, Media::Unknown));
        match Algorithm::from_name(without(word, &["hash"])) {
            // PDQ is a hash of pictures; one of a video would be one of its frames.
            Some(Algorithm::Pdq) if media == Media::Unknown => {
                Self::Known(Algorithm::Pdq, Media::Image)
            }
            Some(algorithm) => Self::Known(algorithm, media),
            None => Self::Other(name.trim().to_owned()),
        }
    }
}

/// The word without one of these before or behind it.
fn without<'a>(word: &'a str, affixes: &[&str]) -> &'a str {
    affixes
        .iter()
        .find_map(|affix| {
            word.strip_prefix(affix)
                .or_else(|| word.strip_suffix(affix))
        })
        .unwrap_or(word)
}

/// How a hash is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Writing {
    /// In hexadecimal digits of either case.
    #[default]
    Hex,
    /// In base64 (RFC 4648, section 4), padded.
    Base64,
}

/// The hash that `text` of this column is.
pub(super) fn fingerprint(
    kind: &Kind,
    writing: Writing,
    text: &str,
    quality: Option<Quality>,
    column: &str,
) -> Result<Fingerprint, RowError> {
    match kind {
        Kind::Other(kind) => Ok(Fingerprint::Other {
            kind: kind.clone(),
            media: Media::Unknown,
            value: Redacted(text.to_owned()),
        }),
        &Kind::Known(algorithm, media) => Ok(Fingerprint::Hash {
            hash: hash(algorithm, writing, text, column)?,
            media,
            quality: quality.filter(|_| algorithm == Algorithm::Pdq),
        }),
    }
}

fn hash(
    algorithm: Algorithm,
    writing: Writing,
    text: &str,
    column: &str,
) -> Result<Hash, RowError> {
    match writing {
        Writing::Hex => Hash::parse(algorithm, text).map_err(|error| RowError::Hash {
            column: column.to_owned(),
            reason: error.into(),
        }),
        Writing::Base64 => {
            let bytes = STANDARD.decode(text).ok();
            let hash = bytes.and_then(|bytes| Hash::from_bytes(algorithm, &bytes));
            hash.ok_or_else(|| RowError::Base64 {
                column: column.to_owned(),
                bytes: algorithm.bytes(),
            })
        }
    }
}

/// What a word or a MIME type says of the file.
pub(super) fn media(text: &str) -> Media {
    let word = text.split(['/', ';']).next().unwrap_or_default().trim();
    match word.to_ascii_lowercase().as_str() {
        "image" | "photo" | "picture" => Media::Image,
        "video" => Media::Video,
        _ => Media::Unknown,
    }
}

/// How times are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Times {
    /// ISO 8601, a date with or without a time of day and a zone.
    #[default]
    Iso,
    /// Seconds since 1970.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMillis,
    /// By a pattern of strftime.
    Pattern(String),
}

impl Times {
    /// The form with this name, or a pattern.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "iso" => Some(Self::Iso),
            "unix_s" => Some(Self::UnixSeconds),
            "unix_ms" => Some(Self::UnixMillis),
            pattern if pattern.contains('%') => Some(Self::Pattern(pattern.to_owned())),
            _ => None,
        }
    }

    /// A time; `None` where there is none. Without a zone it is UTC.
    pub(super) fn read(&self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Iso => text.parse().ok().or_else(|| utc(text.parse().ok()?)),
            Self::UnixSeconds => Some(Timestamp::from_millis(number(text)?.saturating_mul(1000))),
            Self::UnixMillis => Some(Timestamp::from_millis(number(text)?)),
            Self::Pattern(pattern) => {
                let parts = BrokenDownTime::parse(pattern, text).ok()?;
                match parts.to_timestamp() {
                    Ok(at) => Some(Timestamp::from_millis(at.as_millisecond())),
                    Err(_) => utc(parts
                        .to_datetime()
                        .or_else(|_| Ok::<_, jiff::Error>(parts.to_date()?.into()))
                        .ok()?),
                }
            }
        }
    }
}

fn utc(at: civil::DateTime) -> Option<Timestamp> {
    let at = Offset::UTC.to_timestamp(at).ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

/// A whole number, also one that is written with a fraction.
fn number(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_fraction = fraction.bytes().all(|byte| byte.is_ascii_digit());
    whole.parse().ok().filter(|_| is_fraction)
}

/// Whether this stands for no time: databases and spreadsheets write it in several ways.
pub(super) fn is_no_time(text: &str) -> bool {
    const WORDS: [&str; 6] = ["null", "none", "nil", "n/a", "-", "\\n"];
    let is_zero_date = !text.is_empty() && text.bytes().all(|byte| b"0-: ".contains(&byte));
    text.is_empty() || is_zero_date || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}
