//! A stand-in for version 2 of Tech Against Terrorism's hash list.
//!
//! A token comes from `/token-auth/tcap/` in exchange for a name and a password and works for
//! [`TOKEN_MS`]; the list is at `/api/hash-list/v2/all`. Entries come in the order of their last
//! change, from behind `after`, which is the `checkpoint` of an earlier page. `next` carries
//! `limit` and `offset`: whoever follows it while entries change skips some, since an entry
//! that changes moves to the end; whoever goes on from `checkpoint` does not.
//!
//! Source: the published client. Not established, and chosen here: the life of a token, the
//! sizes of pages, and that parameters which are not known are refused: the real one may
//! ignore them.

mod http;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seawall_core::{Clock, Timestamp};

use crate::desk::{Desk, at_desk};
use crate::source::Source;

/// How long a token works: an hour.
pub const TOKEN_MS: i64 = 60 * 60 * 1000;

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The user that may call.
    pub username: String,
    /// That user's password.
    pub password: String,
}

/// One entry. Its key is algorithm and digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `PDQ`, `MD5` and so on.
    pub algorithm: String,
    /// The value.
    pub digest: String,
    /// `islamist` or `far-right`.
    pub ideology: String,
    /// The ending of the file's name, such as `mp4`.
    pub file_type: String,
}

/// The stand-in.
pub struct Tat {
    options: Options,
    desk: Desk,
    entries: Mutex<Source<(String, String), Entry>>,
    tokens: Mutex<BTreeMap<String, Timestamp>>,
}

at_desk!(Tat);

impl Tat {
    /// A stand-in without entries.
    #[must_use]
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            options,
            desk: Desk::new("tat", clock),
            entries: Mutex::new(Source::new()),
            tokens: Mutex::new(BTreeMap::new()),
        })
    }

    /// The HTTP interface, to be served on loopback.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        http::router(Arc::clone(self))
    }

    /// Adds an entry, or puts another in the place of the one with its key, now.
    pub fn put(&self, entry: Entry) {
        let mut entries = self.source();
        let stamp = self.desk.stamp(&entries);
        let key = (entry.algorithm.clone(), entry.digest.clone());
        entries.put(key, entry, stamp);
    }

    /// Deletes an entry, now; `false` where there is none.
    pub fn withdraw(&self, algorithm: &str, digest: &str) -> bool {
        let mut entries = self.source();
        let stamp = self.desk.stamp(&entries);
        entries.withdraw(&(algorithm.to_owned(), digest.to_owned()), stamp)
    }

    /// The entries that were not deleted, by algorithm and digest.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.source().entries().cloned().collect()
    }

    /// How many tokens were given.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.issued().len()
    }

    fn source(&self) -> MutexGuard<'_, Source<(String, String), Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn issued(&self) -> MutexGuard<'_, BTreeMap<String, Timestamp>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
