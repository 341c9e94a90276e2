//! A stand-in for the parts of Meta's ThreatExchange that a privacy group is mirrored with.
//!
//! It answers `threat_updates` of one privacy group, takes descriptors and reactions, all
//! under [`BASE_PATH`]. The access token stands in the query string, and in the address of the
//! next page, as at the real one. `start_time` is inclusive, `stop_time` is not. Tombstones
//! are told for [`TOMBSTONE_MS`] and no longer.
//!
//! Source: the published client and the interface's public documentation. Not established,
//! and chosen here: the bounds of `limit`, and that a `start_time` in the future is refused.

mod fields;
mod http;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seawall_core::Clock;

use crate::desk::{Desk, at_desk};
use crate::source::Source;

/// Where the calls are: `/v26.0/<privacy group>/threat_updates` and so on.
pub const BASE_PATH: &str = "/v26.0";

/// How long a tombstone is told: 90 days.
pub const TOMBSTONE_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The access token: the number of an application, `|` and a secret.
    pub access_token: String,
    /// The privacy group that is served.
    pub privacy_group: u64,
}

/// What a descriptor says of its indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Harmful.
    Malicious,
    /// Not harmful.
    NonMalicious,
    /// Perhaps harmful.
    Suspicious,
    /// Nothing.
    Unknown,
}

/// How an application takes a descriptor of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reaction {
    /// It helped.
    Helpful,
    /// It did not.
    NotHelpful,
    /// It was seen there as well.
    SawThisToo,
    /// The tags are wrong.
    DisagreeWithTags,
    /// It is taken up.
    Ingested,
}

/// One application's opinion of an indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub id: u64,
    /// The application that owns it.
    pub owner: u64,
    /// What it says.
    pub status: Status,
    /// Words beside it.
    pub tags: BTreeSet<String>,
    /// How others take it.
    pub reactions: BTreeMap<Reaction, BTreeSet<u64>>,
}

/// One indicator. Its key is kind and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// Its type, such as `HASH_PDQ`.
    pub kind: String,
    /// Its value.
    pub value: String,
    /// What applications say of it.
    pub descriptors: Vec<Descriptor>,
}

/// What a caller sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Received {
    /// A descriptor, by its parameters without the token.
    Descriptor(BTreeMap<String, String>),
    /// A reaction to a descriptor.
    Reaction {
        /// The descriptor.
        descriptor: u64,
        /// The reaction.
        reaction: Reaction,
        /// Whether it was taken back.
        is_removal: bool,
    },
}

/// The stand-in.
pub struct ThreatExchange {
    options: Options,
    desk: Desk,
    indicators: Mutex<Source<(String, String), Indicator>>,
    received: Mutex<Vec<Received>>,
}

at_desk!(ThreatExchange);

impl ThreatExchange {
    /// A stand-in without indicators.
    #[must_use]
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            options,
            desk: Desk::new("threat-exchange", clock),
            indicators: Mutex::new(Source::new()),
            received: Mutex::new(Vec::new()),
        })
    }

    /// The HTTP interface, to be served on loopback.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        http::router(Arc::clone(self))
    }

    /// Adds an indicator, or puts another in the place of the one with its key, now.
    pub fn put(&self, indicator: Indicator) {
        let mut indicators = self.source();
        let stamp = self.desk.stamp(&indicators);
        let key = (indicator.kind.clone(), indicator.value.clone());
        indicators.put(key, indicator, stamp);
    }

    /// Removes an indicator from the group, now; `false` where there is none.
    pub fn withdraw(&self, kind: &str, value: &str) -> bool {
        let mut indicators = self.source();
        let stamp = self.desk.stamp(&indicators);
        indicators.withdraw(&(kind.to_owned(), value.to_owned()), stamp)
    }

    /// The indicators that were not removed, by kind and value.
    #[must_use]
    pub fn entries(&self) -> Vec<Indicator> {
        self.source().entries().cloned().collect()
    }

    /// Everything that was taken from the caller, in the order in which it came; what came
    /// twice is there twice.
    #[must_use]
    pub fn feedback(&self) -> Vec<Received> {
        self.received().clone()
    }

    /// The number of the application that calls.
    fn app_id(&self) -> u64 {
        let (id, _) = self
            .options
            .access_token
            .split_once('|')
            .unwrap_or_default();
        id.parse().unwrap_or_default()
    }

    fn source(&self) -> MutexGuard<'_, Source<(String, String), Indicator>> {
        let indicators = self.indicators.lock();
        indicators.unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self) -> MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Status {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Malicious, "MALICIOUS"),
        (Self::NonMalicious, "NON_MALICIOUS"),
        (Self::Suspicious, "SUSPICIOUS"),
        (Self::Unknown, "UNKNOWN"),
    ];
}

impl Reaction {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Helpful, "HELPFUL"),
        (Self::NotHelpful, "NOT_HELPFUL"),
        (Self::SawThisToo, "SAW_THIS_TOO"),
        (Self::DisagreeWithTags, "DISAGREE_WITH_TAGS"),
        (Self::Ingested, "INGESTED"),
    ];
}
