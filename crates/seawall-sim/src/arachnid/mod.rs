//! A stand-in for Project Arachnid Shield: something is held against its list.
//!
//! It answers `/v1/media/` (bytes, by SHA-256), `/v1/url/` (an address it has heard of) and
//! `/v1/pdq/` (values within 31 bits). It keeps what it was asked, so that a test can show
//! that nothing left but what was meant to, and never the bytes of a picture.
//!
//! Source: the published kits. Not established, and chosen here: the distance, what is said of
//! an address it has not heard of (no known match), how errors read.

mod http;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seawall_core::{Clock, PdqHash};

use crate::desk::{Desk, at_desk};
use crate::source::Source;

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The user that may call.
    pub username: String,
    /// That user's password.
    pub password: String,
}

/// Something on its list. Its key is the SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// SHA-1 of the file.
    pub sha1: [u8; 20],
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// PDQ of the picture; `None` where there is none.
    pub pdq: Option<PdqHash>,
    /// Where it was seen.
    pub urls: BTreeSet<String>,
    /// Its class, by the service's own word.
    pub classification: String,
}

/// What the service was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Bytes, by their SHA-256.
    Media([u8; 32]),
    /// An address.
    Url(String),
    /// PDQ values, in their order.
    Pdq(Vec<PdqHash>),
}

/// The stand-in.
pub struct Arachnid {
    options: Options,
    desk: Desk,
    known: Mutex<Source<[u8; 32], Known>>,
    asked: Mutex<Vec<Asked>>,
}

at_desk!(Arachnid);

impl Arachnid {
    /// A stand-in with an empty list.
    #[must_use]
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            options,
            desk: Desk::new("arachnid", clock),
            known: Mutex::new(Source::new()),
            asked: Mutex::new(Vec::new()),
        })
    }

    /// The HTTP interface, to be served on loopback.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        http::router(Arc::clone(self))
    }

    /// Adds something to the list, or puts another in the place of the one with its key.
    pub fn put(&self, known: Known) {
        let now = self.desk.now();
        self.source().put(known.sha256, known, now);
    }

    /// Takes something off the list; `false` where it is not there.
    pub fn withdraw(&self, sha256: &[u8; 32]) -> bool {
        let now = self.desk.now();
        self.source().withdraw(sha256, now)
    }

    /// What is on the list, by SHA-256.
    #[must_use]
    pub fn entries(&self) -> Vec<Known> {
        self.source().entries().cloned().collect()
    }

    /// Everything it was asked and answered, in the order in which it came.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.kept().clone()
    }

    fn source(&self) -> MutexGuard<'_, Source<[u8; 32], Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The class of what is not on the list.
pub const NO_KNOWN_MATCH: &str = "no-known-match";

/// How far a value may be from one on the list.
pub const DISTANCE_BITS_MAX: u16 = 31;
