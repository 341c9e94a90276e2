//! What the lists of all partners have in common: entries that come and go, page by page.
//!
//! A [`Feed`] is a partner's protocol as a state machine. It says what to ask, is given what was
//! answered, and gives back the entries of that page. It dials nowhere, knows no clock and keeps
//! nothing: what outlives the process is the [`Checkpoint`] that a page carries, and it carries
//! one only when everything before it has been given. Whoever runs the feed applies a page and
//! its checkpoint together; after a crash or a fault a new feed starts from the last one, and
//! entries that come again replace themselves.

use std::borrow::Cow;
use std::fmt;

use seawall_core::{Hash, Quality, Redacted, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

/// One entry of a partner's list as it stands. It replaces whatever stood under its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the partner knows it by. It may hold a hash, so it is as sensitive as one.
    pub key: EntryKey,
    /// Whether it is on the list.
    pub state: EntryState,
    /// Who vouches for it, as the partner names them: a member of the exchange, a reporter.
    /// `None` where the partner itself does.
    pub owner: Option<String>,
    /// What the partner calls its class; not translated.
    pub class: Option<String>,
    /// What else the partner says in single words.
    pub tags: Vec<String>,
    /// When it last changed, by the partner's clock.
    pub changed_at: Option<Timestamp>,
    /// Its hashes; none where it was withdrawn.
    pub fingerprints: Vec<Fingerprint>,
    /// What others who use the list say of it.
    pub opinions: Vec<StatedOpinion>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("state", &self.state)
            .field("fingerprints", &self.fingerprints)
            .finish_non_exhaustive()
    }
}

/// What a partner knows an entry by: 1 to 256 bytes of visible ASCII.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey(String);

/// A text that cannot be the key of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading the key of an entry: use 1 to 256 visible ASCII characters")]
pub struct EntryKeyError;

impl EntryKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`EntryKeyError`] where it is empty, longer than 256 bytes, or holds anything but visible
    /// ASCII.
    pub fn new(text: impl Into<String>) -> Result<Self, EntryKeyError> {
        let text = text.into();
        let fits = (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            Ok(Self(text))
        } else {
            Err(EntryKeyError)
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntryKey([redacted])")
    }
}

/// Whether an entry is on its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryState {
    /// It is.
    Active,
    /// Its owner took it back. It stays known as withdrawn.
    Withdrawn,
}

/// What kind of file a hash was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Media {
    /// A still or moving picture.
    Image,
    /// A video.
    Video,
    /// Nothing was said.
    Unknown,
}

/// A hash of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// One that Seawall matches.
    Hash {
        /// The value.
        hash: Hash,
        /// What it was made of.
        media: Media,
        /// For PDQ, where the partner tells it.
        quality: Option<Quality>,
    },
    /// One that is kept as it came, for the day that something matches it.
    Other {
        /// The kind in the partner's words, such as `PDNA`.
        kind: String,
        /// What it was made of.
        media: Media,
        /// The value as the partner writes it.
        value: Redacted<String>,
    },
}

/// What somebody who uses a list says of one of its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedOpinion {
    /// Who, as the partner names them.
    pub by: String,
    /// What they say.
    pub opinion: Opinion,
    /// Why, in the partner's words.
    pub reasons: Vec<String>,
}

/// What one can say of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// It is what the list says it is.
    Agrees,
    /// It is not.
    Disagrees,
    /// It was met, without a judgement.
    Seen,
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries that could be read.
    pub entries: Vec<Entry>,
    /// Those that could not, or not wholly. They never stop a page.
    pub set_aside: Vec<SetAside>,
    /// Where to go on from another day, if everything before it has now been given.
    pub checkpoint: Option<Checkpoint>,
}

/// An entry, or a part of one, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its place on the page, counted from 1.
    pub place: usize,
    /// Its key, where that could be read.
    pub key: Option<EntryKey>,
    /// Why. It quotes no value.
    pub reason: String,
}

/// Where a feed goes on from. What it holds is the protocol's own matter; it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Checkpoint(pub String);

impl Checkpoint {
    /// Up to when the list was read, where the checkpoint says so: by the partner's clock where
    /// it goes by that, else when the list was last known to its end.
    #[must_use]
    pub fn reached_at(&self) -> Option<Timestamp> {
        let times: CheckpointTimes = serde_json::from_str(&self.0).ok()?;
        let unix_s = times.from_s.or(times.timestamp).or(times.start_s);
        let of_partner = unix_s.map(|unix_s| Timestamp::from_millis(unix_s.saturating_mul(1000)));
        of_partner.or(times.known_at)
    }
}

/// The times that the protocols keep in their checkpoints, each under a name of its own.
#[derive(Deserialize)]
struct CheckpointTimes {
    from_s: Option<i64>,
    timestamp: Option<i64>,
    start_s: Option<i64>,
    known_at: Option<Timestamp>,
}

/// A partner's protocol on the way from one checkpoint to the present.
pub trait Feed: Send {
    /// What to ask next; `None` once everything up to the present has been given. Asked again
    /// before an answer came, it gives the same request.
    fn request(&self) -> Option<PartnerRequest>;

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// [`FeedError`]. The feed is then of no further use; the next one starts from the last
    /// checkpoint.
    fn answer(&mut self, answer: &PartnerAnswer<'_>) -> Result<Page, FeedError>;

    /// Whether this run gives every entry that is on the list, from its beginning: what it does
    /// not give is then not on the list any more. A run that goes on from a checkpoint never
    /// does, not even where that checkpoint was made within a whole run that was cut: whoever
    /// runs feeds remembers when such a run began, and holds what was given since against it.
    fn is_whole(&self) -> bool;
}

/// Something to be asked of a partner.
#[derive(Clone, PartialEq, Eq)]
pub struct PartnerRequest {
    /// The method.
    pub method: Method,
    /// Where, at the partner's own origin.
    pub url: Redacted<Url>,
    /// Headers, such as those that hold the credentials. Their names may come from a description
    /// of a partner.
    pub headers: Vec<(Cow<'static, str>, Redacted<String>)>,
    /// Its content type and its bytes, where it has a body.
    pub body: Option<(&'static str, Redacted<Vec<u8>>)>,
}

impl fmt::Debug for PartnerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartnerRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
}

/// What a partner answered.
#[derive(Clone, Copy)]
pub struct PartnerAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header, as it came.
    pub retry_after: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
}

impl fmt::Debug for PartnerAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartnerAnswer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why an answer did not bring the feed further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The partner asks to wait, or cannot answer now (429, 5xx).
    #[error("the partner answered {status}, which passes")]
    Later {
        /// The HTTP status.
        status: u16,
        /// Until when the partner wants to be left alone, if it says so.
        until: Option<Timestamp>,
    },
    /// The credentials are missing, wrong, expired, or lack a right (401, 403).
    #[error("the partner answered {status}: {missing}")]
    Denied {
        /// The HTTP status.
        status: u16,
        /// What is missing, for whoever sets the exchange up.
        missing: String,
    },
    /// The partner refused the request for a reason that passes only when something changes.
    #[error("the partner refused the request with {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not what the protocol says it is: a page of HTML, a document that ends
    /// early.
    #[error("the answer could not be read: {what}")]
    Unreadable {
        /// What is wrong with it. It quotes nothing of the answer.
        what: String,
    },
    /// The partner gave the same place again to go on from: going on would never end.
    #[error("the partner repeats a place to go on from")]
    Repeated,
    /// The partner does not know the checkpoint, or it is too old: the list has to be read from
    /// its beginning.
    #[error("the checkpoint is too old or unknown to the partner")]
    Stale,
}

impl<'a> PartnerAnswer<'a> {
    /// The body of an answer that says yes; `missing` tells what a refusal of the credentials
    /// means at this call.
    ///
    /// # Errors
    /// [`FeedError::Later`], [`FeedError::Denied`] or [`FeedError::Refused`] by the status. A
    /// redirect is refused: credentials go to the address that was set up and nowhere else.
    pub fn granted(&self, missing: &str) -> Result<&'a [u8], FeedError> {
        let status = self.status;
        match status {
            200..=299 => Ok(self.body),
            401 | 403 => Err(FeedError::Denied {
                status,
                missing: missing.to_owned(),
            }),
            408 | 425 | 429 | 500..=599 => Err(FeedError::Later {
                status,
                until: self.wait_until(),
            }),
            _ => Err(FeedError::Refused { status }),
        }
    }

    /// Until when the partner wants to be left alone, of whichever form its `Retry-After` is
    /// (RFC 9110, 10.2.3): seconds or a date. A day is the longest that is believed.
    #[must_use]
    pub fn wait_until(&self) -> Option<Timestamp> {
        let text = self.retry_after?.trim();
        let wait_ms = match text.parse::<u64>() {
            Ok(wait_s) => i64::try_from(wait_s.saturating_mul(1000)).unwrap_or(i64::MAX),
            Err(_) => {
                let date = httpdate::parse_http_date(text).ok()?;
                let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
                let at_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
                at_ms.saturating_sub(self.now.as_millis())
            }
        };
        Some(self.now.plus_millis(wait_ms.clamp(0, WAIT_MS_MAX)))
    }
}

const WAIT_MS_MAX: i64 = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> PartnerAnswer<'_> {
        PartnerAnswer {
            status,
            retry_after,
            body: b"body",
            now: Timestamp::from_millis(784_111_777_000),
        }
    }

    #[test]
    fn a_checkpoint_says_up_to_when_the_list_was_read() {
        let reached = |text: &str| Checkpoint(text.to_owned()).reached_at();
        let second = Some(Timestamp::from_millis(1_700_000_000_000));
        for text in [
            r#"{"base":"https://a.example/","from_s":1700000000,"width_s":60}"#,
            r#"{"base":"https://a.example/","timestamp":1700000000,"fetched_at":"2027-01-15T08:00:00Z"}"#,
            r#"{"known_at":"2027-01-15T08:00:00Z","start_s":1700000000}"#,
            r#"{"known_at":"2023-11-14T22:13:20Z","cursor":"1,1"}"#,
        ] {
            assert_eq!(reached(text), second, "{text}");
        }
        for text in ["", "17", "{}", r#"{"from_s":"soon"}"#] {
            assert_eq!(reached(text), None, "{text}");
        }
    }

    #[test]
    fn each_status_has_its_meaning() {
        assert_eq!(answer(204, None).granted("x"), Ok(b"body".as_slice()));
        let later = |status| answer(status, None).granted("x");
        for status in [408, 425, 429, 500, 502, 503, 504] {
            let expected = Err(FeedError::Later {
                status,
                until: None,
            });
            assert_eq!(later(status), expected);
        }
        for status in [401, 403] {
            let missing = "the right to read".to_owned();
            let denied = answer(status, None).granted("the right to read");
            assert_eq!(denied, Err(FeedError::Denied { status, missing }));
        }
        for status in [301, 302, 307, 400, 404, 410] {
            assert_eq!(later(status), Err(FeedError::Refused { status }));
        }
    }

    /// The dates are the three forms of RFC 9110, 5.6.7, all one moment: that of `now`.
    #[test]
    fn both_forms_of_retry_after_are_read() {
        let wait_ms = |text| {
            let answer = answer(429, Some(text));
            answer
                .wait_until()
                .map(|until| until.millis_since(answer.now))
        };
        assert_eq!(wait_ms("120"), Some(120_000));
        assert_eq!(wait_ms("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60_000));
        assert_eq!(wait_ms("Sunday, 06-Nov-94 08:50:37 GMT"), Some(60_000));
        assert_eq!(wait_ms("Sun Nov  6 08:50:37 1994"), Some(60_000));
        assert_eq!(
            wait_ms("Sun, 06 Nov 1994 08:00:00 GMT"),
            Some(0),
            "it is over"
        );
        assert_eq!(wait_ms("99999999999999999999"), None);
        assert_eq!(wait_ms("18446744073709551615"), Some(WAIT_MS_MAX));
        assert_eq!(wait_ms("Sat, 06 Nov 2094 08:00:00 GMT"), Some(WAIT_MS_MAX));
        assert_eq!(wait_ms("soon"), None);
        assert_eq!(wait_ms("-5"), None);
    }

    #[test]
    fn debug_shows_neither_hash_nor_key_nor_secret() {
        let key = EntryKey::new("member-7-0badc0ffee").expect("fits");
        let entry = Entry {
            key: key.clone(),
            state: EntryState::Active,
            owner: Some("owner-name".to_owned()),
            class: None,
            tags: Vec::new(),
            changed_at: None,
            fingerprints: vec![Fingerprint::Other {
                kind: "PDNA".to_owned(),
                media: Media::Image,
                value: Redacted("c0ffee".to_owned()),
            }],
            opinions: Vec::new(),
        };
        let request = PartnerRequest {
            method: Method::Get,
            url: Redacted(
                "https://partner.example/?access_token=s3cret"
                    .parse()
                    .expect("a URL"),
            ),
            headers: vec![("authorization".into(), Redacted("Basic s3cret".to_owned()))],
            body: None,
        };
        let shown = format!("{key:?} {entry:?} {request:?} {:?}", answer(200, None));
        for secret in ["c0ffee", "owner-name", "s3cret", "body\"", "member"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_key_is_visible_ascii_of_bounded_length() {
        assert!(EntryKey::new("42-a1").is_ok());
        assert!(EntryKey::new("k".repeat(256)).is_ok());
        for text in [
            String::new(),
            "k".repeat(257),
            "a b".into(),
            "ä".into(),
            "a\n".into(),
        ] {
            assert_eq!(EntryKey::new(text), Err(EntryKeyError));
        }
    }
}
