//! A stand-in for the StopNCII interface, version 1.
//!
//! It answers `FetchHashes`, `SubmitFeedback` and `SubmitHashes` under [`BASE_PATH`], each
//! with a function key of its own beside the subscription key. A record is told again whenever
//! it changes, in the order of changes from `startTimestamp` on, that second included; one
//! that was withdrawn or deleted is told like any other. `nextSetTimestamp` is that of the
//! newest record when the first page was asked for: whoever stores it before the last page
//! was read loses records. A page token works for an hour.
//!
//! Source: the published client of the interface and its test data. Not established, and
//! chosen here: what the two calls that send something answer, how errors read, that feedback
//! about a hash that is on no record is refused, how long a token works.

mod http;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seawall_core::Clock;

use crate::desk::{Desk, at_desk};
use crate::source::Source;

/// Where the calls are: `/v1/FetchHashes` and so on.
pub const BASE_PATH: &str = "/v1";

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// What `Ocp-Apim-Subscription-Key` has to say.
    pub subscription_key: String,
    /// What `x-functions-key` has to say to `FetchHashes`.
    pub fetch_key: String,
    /// What it has to say to `SubmitFeedback`.
    pub feedback_key: String,
    /// What it has to say to `SubmitHashes`.
    pub submit_key: String,
    /// By which name others see the caller's feedback.
    pub source: String,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalType {
    /// PDQ of a picture.
    ImagePdq,
    /// MD5 of a clip.
    VideoMd5,
    /// TMK of a clip.
    VideoTmk,
    /// A text.
    Text,
    /// An address.
    Url,
}

/// Where a record or a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Just come.
    Received,
    /// In use.
    Active,
    /// Taken back by the person.
    Withdrawn,
    /// Deleted by the service.
    Deleted,
}

/// What a service provider says of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedbackValue {
    /// Nothing; for tags alone.
    None,
    /// The quality is unknown.
    QualityUnknown,
    /// There was a match, and nobody looked yet.
    PendingReview,
    /// Right, and blocked.
    Blocked,
    /// Not blocked.
    NotBlocked,
    /// The provider takes its feedback back.
    Withdrawn,
    /// The provider deletes its feedback.
    Deleted,
}

/// Feedback about one hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feedback {
    /// Who gives it.
    pub source: String,
    /// What it says.
    pub value: FeedbackValue,
    /// Free words beside it.
    pub tags: BTreeSet<String>,
}

/// One record. Its key is type and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the value is.
    pub signal_type: SignalType,
    /// The value.
    pub value: String,
    /// Where it stands.
    pub status: Status,
    /// The cases it belongs to, by number. Without any, the list is written as `[]`.
    pub cases: BTreeMap<String, Status>,
    /// What providers say of it.
    pub feedback: Vec<Feedback>,
    /// The regions it is for.
    pub regions: Vec<String>,
}

/// One piece of feedback that the caller sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Received {
    /// The hash it is about.
    pub value: String,
    /// The type of the hash, where the caller named it.
    pub signal_type: Option<SignalType>,
    /// What it says.
    pub feedback: Feedback,
}

/// The stand-in.
pub struct StopNcii {
    options: Options,
    desk: Desk,
    records: Mutex<Source<(SignalType, String), Record>>,
    received: Mutex<Vec<Received>>,
    submitted: Mutex<Vec<Record>>,
}

at_desk!(StopNcii);

impl StopNcii {
    /// A stand-in without records.
    #[must_use]
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            options,
            desk: Desk::new("stop-ncii", clock),
            records: Mutex::new(Source::new()),
            received: Mutex::new(Vec::new()),
            submitted: Mutex::new(Vec::new()),
        })
    }

    /// The HTTP interface, to be served on loopback.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        http::router(Arc::clone(self))
    }

    /// Adds a record, or puts another in the place of the one with its key, now.
    pub fn put(&self, record: Record) {
        let mut records = self.source();
        let stamp = self.desk.stamp(&records);
        let key = (record.signal_type, record.value.clone());
        records.put(key, record, stamp);
    }

    /// Gives a record another status, now; `false` where it has that status or is not there.
    pub fn set_status(&self, signal_type: SignalType, value: &str, status: Status) -> bool {
        let key = (signal_type, value.to_owned());
        let found = {
            let records = self.source();
            records.row(&key).map(|row| row.value.clone())
        };
        match found {
            Some(record) if record.status != status => {
                self.put(Record { status, ..record });
                true
            }
            Some(_) | None => false,
        }
    }

    /// Lets the person take a record back, now; `false` where that is done or it is not there.
    pub fn withdraw(&self, signal_type: SignalType, value: &str) -> bool {
        self.set_status(signal_type, value, Status::Withdrawn)
    }

    /// The records that may be matched: neither withdrawn nor deleted, by type and value.
    #[must_use]
    pub fn entries(&self) -> Vec<Record> {
        let gone = |record: &&Record| !matches!(record.status, Status::Withdrawn | Status::Deleted);
        self.source().entries().filter(gone).cloned().collect()
    }

    /// Every piece of feedback that was taken, in the order in which it came; what came twice
    /// is there twice.
    #[must_use]
    pub fn feedback(&self) -> Vec<Received> {
        lock(&self.received).clone()
    }

    /// Every record that the caller submitted, in the order in which it came; what came twice
    /// is there twice.
    #[must_use]
    pub fn submitted(&self) -> Vec<Record> {
        lock(&self.submitted).clone()
    }

    fn source(&self) -> MutexGuard<'_, Source<(SignalType, String), Record>> {
        lock(&self.records)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
