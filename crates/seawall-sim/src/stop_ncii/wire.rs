//! The words of the interface, what bodies hold, and how a record is written.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Feedback, FeedbackValue, Received, Record, SignalType, Status};
use crate::fault::Fault;
use crate::source::Row;

impl SignalType {
    const ALL: [(Self, &'static str); 5] = [
        (Self::ImagePdq, "ImagePDQ"),
        (Self::VideoMd5, "VideoMD5"),
        (Self::VideoTmk, "VideoTMK"),
        (Self::Text, "Text"),
        (Self::Url, "URL"),
    ];
}

impl Status {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Received, "Received"),
        (Self::Active, "Active"),
        (Self::Withdrawn, "Withdrawn"),
        (Self::Deleted, "Deleted"),
    ];
}

impl FeedbackValue {
    const ALL: [(Self, &'static str); 7] = [
        (Self::None, "None"),
        (Self::QualityUnknown, "QualityUnknown"),
        (Self::PendingReview, "PendingReview"),
        (Self::Blocked, "Blocked"),
        (Self::NotBlocked, "NotBlocked"),
        (Self::Withdrawn, "Withdrawn"),
        (Self::Deleted, "Deleted"),
    ];
}

fn word<T: PartialEq>(all: &[(T, &'static str)], of: &T) -> &'static str {
    let found = all.iter().find(|(value, _)| value == of);
    found.map_or("", |(_, word)| word)
}

fn named<T: Copy>(all: &[(T, &'static str)], word: &str) -> Option<T> {
    let found = all.iter().find(|(_, known)| *known == word);
    found.map(|(value, _)| *value)
}

/// How a page tells a record.
pub(super) fn record(row: &Row<Record>, fault: Fault) -> Value {
    let record = &row.value;
    let ms = row.stamp.as_millis();
    let time = if fault == Fault::FractionalSeconds {
        json!(ms as f64 / 1000.0)
    } else {
        json!(ms.div_euclid(1000))
    };
    let mut cases: Value = record
        .cases
        .iter()
        .map(|(number, status)| (number.clone(), word(&Status::ALL, status)))
        .collect();
    if record.cases.is_empty() {
        cases = json!([]);
    }
    let mut told = json!({
        "lastModtimestamp": time,
        "signalType": word(&SignalType::ALL, &record.signal_type),
        "hashValue": record.value,
        "hashStatus": word(&Status::ALL, &record.status),
        "caseNumbers": cases,
    });
    if !record.feedback.is_empty() {
        told["CSPFeedbacks"] = record.feedback.iter().map(feedback).collect();
    }
    if !record.regions.is_empty() {
        told["hashRegions"] = json!(record.regions);
    }
    told
}

fn feedback(feedback: &Feedback) -> Value {
    json!({
        "source": feedback.source,
        "feedbackValue": word(&FeedbackValue::ALL, &feedback.value),
        "tags": feedback.tags,
    })
}

/// Records that stand on no list, to be told beside the true ones.
pub(super) fn strangers(fault: Fault, seconds: i64) -> Vec<Value> {
    let record = |kind: &str, value: &str, status: &str, said: &str| {
        json!({
            "lastModtimestamp": seconds, "signalType": kind, "hashValue": value,
            "hashStatus": status, "caseNumbers": {},
            "CSPFeedbacks": [{ "source": "Stand-in", "feedbackValue": said, "tags": [] }],
        })
    };
    let value = "00ff".repeat(16);
    if fault == Fault::UnknownWords {
        vec![
            record("AudioPrint", &value, "Active", "Blocked"),
            record("ImagePDQ", &value, "Paused", "Blocked"),
            json!({ "lastModtimestamp": seconds, "hashRegions": ["UK"], "news": { "a": [1] } }),
        ]
    } else if fault == Fault::EmptyValues {
        vec![
            record("ImagePDQ", "", "Active", "Blocked"),
            record("VideoMD5", "", "Active", "Blocked"),
        ]
    } else {
        Vec::new()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FeedbackBody {
    count: usize,
    hash_feedbacks: Vec<FeedbackItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FeedbackItem {
    hash_value: String,
    signal_type: Option<String>,
    feedback_value: String,
    #[serde(default)]
    tags: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SubmitBody {
    count: usize,
    hash_records: Vec<SubmitItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SubmitItem {
    #[serde(rename = "lastModtimestamp")]
    last_mod_timestamp: u64,
    signal_type: String,
    hash_value: String,
    #[serde(rename = "CSPFeedbacks", default)]
    feedback: Vec<SubmitFeedback>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SubmitFeedback {
    feedback_value: String,
    #[serde(default)]
    tags: BTreeSet<String>,
}

/// Reads the body of `SubmitFeedback`.
pub(super) fn feedback_in(body: &[u8], source: &str) -> Result<Vec<Received>, &'static str> {
    let body: FeedbackBody = serde_json::from_slice(body).map_err(|_| BODY)?;
    if body.count != body.hash_feedbacks.len() || body.count == 0 {
        return Err("count has to be the number of hashFeedbacks");
    }
    let items = body.hash_feedbacks.into_iter();
    let read = |item: FeedbackItem| {
        let signal_type = match &item.signal_type {
            Some(word) => Some(named(&SignalType::ALL, word).ok_or("an unknown signalType")?),
            None => None,
        };
        Ok(Received {
            value: item.hash_value,
            signal_type,
            feedback: said(source, &item.feedback_value, item.tags)?,
        })
    };
    items.map(read).collect()
}

/// Reads the body of `SubmitHashes`, sent at `now_s`.
pub(super) fn records_in(
    body: &[u8],
    source: &str,
    now_s: u64,
) -> Result<Vec<Record>, &'static str> {
    let body: SubmitBody = serde_json::from_slice(body).map_err(|_| BODY)?;
    if body.count != body.hash_records.len() || body.count == 0 {
        return Err("count has to be the number of hashRecords");
    }
    let items = body.hash_records.into_iter();
    let read = |item: SubmitItem| {
        if item.last_mod_timestamp > now_s + AHEAD_S_MAX {
            return Err("lastModtimestamp lies in the future; it is in seconds");
        }
        let signal_type = named(&SignalType::ALL, &item.signal_type);
        let signal_type = signal_type.ok_or("an unknown signalType")?;
        if !is_value(signal_type, &item.hash_value) {
            return Err("hashValue does not fit signalType");
        }
        let feedback = item.feedback.into_iter();
        let feedback = feedback.map(|item| said(source, &item.feedback_value, item.tags));
        Ok(Record {
            signal_type,
            value: item.hash_value,
            status: Status::Received,
            cases: std::collections::BTreeMap::new(),
            feedback: feedback.collect::<Result<_, _>>()?,
            regions: Vec::new(),
        })
    };
    items.map(read).collect()
}

fn said(source: &str, value: &str, tags: BTreeSet<String>) -> Result<Feedback, &'static str> {
    Ok(Feedback {
        source: source.to_owned(),
        value: named(&FeedbackValue::ALL, value).ok_or("an unknown feedbackValue")?,
        tags,
    })
}

fn is_value(signal_type: SignalType, value: &str) -> bool {
    let digits = |count| value.len() == count && value.bytes().all(|b| b.is_ascii_hexdigit());
    match signal_type {
        SignalType::ImagePdq => digits(64),
        SignalType::VideoMd5 => digits(32),
        SignalType::VideoTmk | SignalType::Text | SignalType::Url => !value.is_empty(),
    }
}

const BODY: &str = "the body is no JSON of this call, or has a member that is not known";
/// Clocks differ; a time in milliseconds is refused.
const AHEAD_S_MAX: u64 = 24 * 60 * 60;
