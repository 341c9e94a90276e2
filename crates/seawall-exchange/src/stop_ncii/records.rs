//! One page of the list: what the partner answers to `FetchHashes`.

use seawall_core::{Hash, Redacted, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{SignalType, unreadable};
use crate::feed::{
    Entry, EntryKey, EntryState, FeedError, Fingerprint, Media, Opinion, SetAside, StatedOpinion,
};

/// A page that was read.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) entries: Vec<Entry>,
    pub(super) set_aside: Vec<SetAside>,
    pub(super) next_page_token: Option<String>,
    /// In whole seconds since 1970.
    pub(super) next_set_timestamp: Option<i64>,
    pub(super) has_more_records: bool,
}

impl Answered {
    /// Reads a page.
    ///
    /// # Errors
    /// [`FeedError::Unreadable`] where it is no page. A single record that cannot be read is set
    /// aside.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, FeedError> {
        if bytes.len() > BYTES_MAX {
            return Err(unreadable("it is larger than any page"));
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        // The library's own words may quote the answer.
        let wire: WirePage = serde_json::from_slice(bytes)
            .map_err(|_| unreadable("it is not a page of hash records in JSON"))?;
        let records = match wire.hash_records {
            Some(records) => records,
            None if wire.count == Some(0) => Vec::new(),
            None => return Err(unreadable("it holds no list of hash records")),
        };
        let mut page = Self {
            entries: Vec::with_capacity(records.len()),
            set_aside: Vec::new(),
            next_page_token: wire.next_page_token,
            next_set_timestamp: wire
                .next_set_timestamp
                .as_ref()
                .and_then(read_seconds)
                .map(|time| time.as_millis().div_euclid(1000)),
            has_more_records: wire.has_more_records,
        };
        for (index, record) in records.into_iter().enumerate() {
            page.take(index + 1, record);
        }
        Ok(page)
    }

    fn take(&mut self, place: usize, record: Value) {
        let read = RecordRead::of(record);
        let aside = read.aside.into_iter().map(|(key, reason)| SetAside {
            place,
            key,
            reason: reason.to_owned(),
        });
        self.set_aside.extend(aside);
        self.entries.extend(read.entry);
    }
}

/// What one record gives.
pub(crate) struct RecordRead {
    /// Its entry, where it is one.
    pub(crate) entry: Option<Entry>,
    /// What of it could not be read, and of which entry.
    pub(crate) aside: Vec<(Option<EntryKey>, &'static str)>,
}

impl RecordRead {
    /// Reads a record of a page.
    pub(crate) fn of(record: Value) -> Self {
        let mut aside = Vec::new();
        let entry = match read_record(record, &mut aside) {
            Ok(entry) => Some(entry),
            Err(unread) => {
                aside.push(unread);
                None
            }
        };
        Self { entry, aside }
    }
}

fn read_record(
    record: Value,
    aside: &mut Vec<(Option<EntryKey>, &'static str)>,
) -> Result<Entry, (Option<EntryKey>, &'static str)> {
    let record = WireRecord::deserialize(record)
        .map_err(|_| (None, "a record without a type, a value or a status"))?;
    let (key, fingerprint) = read_value(&record).map_err(|reason| (None, reason))?;
    let Some(state) = state_of(&record.hash_status) else {
        return Err((Some(key), "a record of an unknown status"));
    };
    let mut opinions = Vec::new();
    for feedback in items(record.feedbacks.as_ref()) {
        match read_feedback(feedback) {
            Ok(stated) => opinions.extend(stated),
            Err(reason) => aside.push((Some(key.clone()), reason)),
        }
    }
    let regions = items(record.hash_regions.as_ref()).filter_map(Value::as_str);
    Ok(Entry {
        key,
        state,
        owner: None,
        class: None,
        tags: regions.map(str::to_owned).collect(),
        changed_at: record.last_modified.as_ref().and_then(read_seconds),
        fingerprints: match state {
            EntryState::Active => vec![fingerprint],
            EntryState::Withdrawn => Vec::new(),
        },
        opinions,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage {
    next_page_token: Option<String>,
    next_set_timestamp: Option<Value>,
    has_more_records: bool,
    count: Option<u64>,
    hash_records: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRecord {
    #[serde(rename = "lastModtimestamp")]
    last_modified: Option<Value>,
    signal_type: String,
    hash_value: String,
    hash_status: String,
    #[serde(rename = "CSPFeedbacks")]
    feedbacks: Option<Value>,
    hash_regions: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireFeedback {
    #[serde(default)]
    source: String,
    feedback_value: String,
    tags: Option<Vec<String>>,
}

/// What a status means for whoever matches; `None` where it is unknown.
fn state_of(status: &str) -> Option<EntryState> {
    match status {
        "Received" | "Active" => Some(EntryState::Active),
        "Withdrawn" | "Deleted" => Some(EntryState::Withdrawn),
        _ => None,
    }
}

/// The key and the fingerprint of a value. A hash has one key, however its letters are written;
/// the key of a value that is too long for one, or of other letters, is its digest.
fn read_value(record: &WireRecord) -> Result<(EntryKey, Fingerprint), &'static str> {
    let kind = SignalType::from_name(&record.signal_type)
        .ok_or("a record of an unknown type of signal")?;
    let value = record.hash_value.trim();
    if value.is_empty() {
        return Err("a record whose value is empty");
    }
    let media = match kind {
        SignalType::ImagePdq => Media::Image,
        SignalType::VideoMd5 | SignalType::VideoTmk => Media::Video,
        SignalType::Text | SignalType::Url => Media::Unknown,
    };
    let (text, fingerprint) = match kind.algorithm() {
        Some(algorithm) => {
            let hash = Hash::parse(algorithm, value)
                .map_err(|_| "a record whose value is no hash of its type")?;
            let fingerprint = Fingerprint::Hash {
                hash,
                media,
                quality: None,
            };
            (hash.to_string(), fingerprint)
        }
        None => {
            let fingerprint = Fingerprint::Other {
                kind: kind.name().to_owned(),
                media,
                value: Redacted(value.to_owned()),
            };
            (value.to_owned(), fingerprint)
        }
    };
    let key = EntryKey::new(format!("{}:{text}", kind.name())).or_else(|_| {
        let digest = Hash::Sha256(Sha256::digest(value).into());
        EntryKey::new(format!("{}:sha256:{digest}", kind.name()))
    });
    let key = key.expect("a name and a digest are visible ASCII of bounded length");
    Ok((key, fingerprint))
}

/// What a provider says; `None` where it took its word back.
fn read_feedback(feedback: &Value) -> Result<Option<StatedOpinion>, &'static str> {
    let feedback = WireFeedback::deserialize(feedback).map_err(|_| UNKNOWN_FEEDBACK)?;
    let opinion = match feedback.feedback_value.as_str() {
        "Blocked" => Opinion::Agrees,
        "NotBlocked" => Opinion::Disagrees,
        "None" | "QualityUnknown" | "PendingReview" => Opinion::Seen,
        "Withdrawn" | "Deleted" => return Ok(None),
        _ => return Err(UNKNOWN_FEEDBACK),
    };
    Ok(Some(StatedOpinion {
        by: feedback.source,
        opinion,
        reasons: feedback.tags.unwrap_or_default(),
    }))
}

/// Seconds since 1970, with or without a fraction.
fn read_seconds(value: &Value) -> Option<Timestamp> {
    let ms = match value.as_i64() {
        Some(seconds) => seconds.checked_mul(1000)?,
        // Out of range, it becomes the nearest number that a time can be held to.
        None => (value.as_f64()? * 1000.0) as i64,
    };
    Some(Timestamp::from_millis(ms))
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

const UNKNOWN_FEEDBACK: &str = "feedback of an unknown kind: the record stands without it";
const BYTES_MAX: usize = 64 << 20;
