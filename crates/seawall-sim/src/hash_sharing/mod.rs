//! A stand-in for one environment of the NCMEC Hash Sharing interface, version 2.
//!
//! It answers under [`BASE_PATH`]: who the caller is, the members, the entries of a window of
//! time in pages, large fingerprints, the reasons for feedback and feedback itself. `from` is
//! exclusive and `to` inclusive; entries come in the order of their numbers, which is never
//! that of time; an entry that changes while a window is paged leaves that window and does not
//! move the others.
//!
//! Source: the published client of the interface and its test data. Not established, and
//! chosen here: the root of the list of members, how errors read, that both ends of a window
//! have to be given, that a `from` in the service's future is refused and a `to` there is not.

mod http;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seawall_core::Clock;

use crate::desk::{Desk, at_desk};
use crate::source::Source;

/// Where the calls are: `/hashsharing/v2/status` and so on.
pub const BASE_PATH: &str = "/hashsharing";

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The user that may call.
    pub username: String,
    /// That user's password.
    pub password: String,
    /// The member that the user belongs to.
    pub member: Member,
}

/// A member of the exchange.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A picture.
    Image,
    /// A clip.
    Video,
}

/// The kinds of fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fingerprint {
    /// MD5 of the file.
    Md5,
    /// SHA-1 of the file.
    Sha1,
    /// PhotoDNA.
    Pdna,
    /// PDQ.
    Pdq,
    /// NetClean.
    Netclean,
    /// Videntifier: large.
    Videntifier,
    /// TMK+PDQF: large.
    TmkPdqf,
    /// PhotoDNA for video: large.
    SsvhPdna,
    /// SaferHash for video: large.
    SsvhSaferHash,
}

/// The value of a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// In the entry itself.
    Inline(String),
    /// Bytes behind a link.
    Linked(Vec<u8>),
}

/// One entry. Its key is the member's number and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who submitted it.
    pub member: Member,
    /// Its id.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// Its class, such as `A1`; `None` where there is none.
    pub classification: Option<String>,
    /// Its fingerprints.
    pub fingerprints: BTreeMap<Fingerprint, Value>,
    /// What members said of it before the caller did.
    pub feedback: Vec<Feedback>,
}

/// What one member says of one fingerprint of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feedback {
    /// Whose entry it is.
    pub entry_member: u32,
    /// The entry's id.
    pub entry_id: String,
    /// The fingerprint.
    pub fingerprint: Fingerprint,
    /// Who says it.
    pub member: Member,
    /// What is said.
    pub opinion: Opinion,
}

/// An opinion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opinion {
    /// It is right.
    Affirmative,
    /// It is not, for these reasons, by GUID.
    Negative(BTreeSet<String>),
}

/// The stand-in.
pub struct HashSharing {
    options: Options,
    desk: Desk,
    entries: Mutex<Source<(u32, String), Entry>>,
    received: Mutex<Vec<Feedback>>,
    page_size: AtomicUsize,
}

at_desk!(HashSharing);

impl HashSharing {
    /// A stand-in without entries.
    #[must_use]
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            options,
            desk: Desk::new("hash-sharing", clock),
            entries: Mutex::new(Source::new()),
            received: Mutex::new(Vec::new()),
            page_size: AtomicUsize::new(PAGE_SIZE),
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
        let key = (entry.member.id, entry.id.clone());
        entries.put(key, entry, stamp);
    }

    /// Deletes an entry, now; `false` where there is none.
    pub fn withdraw(&self, member: u32, id: &str) -> bool {
        let mut entries = self.source();
        let stamp = self.desk.stamp(&entries);
        entries.withdraw(&(member, id.to_owned()), stamp)
    }

    /// The entries that were not deleted, by member and id.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.source().entries().cloned().collect()
    }

    /// Every feedback that was taken, in the order in which it came; what came twice is there
    /// twice.
    #[must_use]
    pub fn feedback(&self) -> Vec<Feedback> {
        self.received().clone()
    }

    /// Sets how many entries a page has where the caller names no size: 1000 at first.
    pub fn set_page_size(&self, size: usize) {
        self.page_size.store(size.max(1), Ordering::SeqCst);
    }

    fn source(&self) -> MutexGuard<'_, Source<(u32, String), Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self) -> MutexGuard<'_, Vec<Feedback>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fingerprint {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Md5,
        Self::Sha1,
        Self::Pdna,
        Self::Pdq,
        Self::Netclean,
        Self::Videntifier,
        Self::TmkPdqf,
        Self::SsvhPdna,
        Self::SsvhSaferHash,
    ];

    /// How it is called in an address: `TMK_PDQF`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Pdna => "PDNA",
            Self::Pdq => "PDQ",
            Self::Netclean => "NETCLEAN",
            Self::Videntifier => "VIDENTIFIER",
            Self::TmkPdqf => "TMK_PDQF",
            Self::SsvhPdna => "SSVH_PDNA",
            Self::SsvhSaferHash => "SSVH_SAFER_HASH",
        }
    }

    /// How its element is called: `tmk-pdqf`.
    fn element(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Pdna => "pdna",
            Self::Pdq => "pdq",
            Self::Netclean => "netclean",
            Self::Videntifier => "videntifier",
            Self::TmkPdqf => "tmk-pdqf",
            Self::SsvhPdna => "ssvh-pdna",
            Self::SsvhSaferHash => "ssvh-safer-hash",
        }
    }

    /// How feedback calls it: `Md5`.
    fn title(self) -> &'static str {
        match self {
            Self::Md5 => "Md5",
            Self::Sha1 => "Sha1",
            Self::Pdna => "Pdna",
            Self::Pdq => "Pdq",
            Self::Netclean => "Netclean",
            Self::Videntifier => "Videntifier",
            Self::TmkPdqf => "TmkPdqf",
            Self::SsvhPdna => "SsvhPdna",
            Self::SsvhSaferHash => "SsvhSaferHash",
        }
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The GUIDs and names of the reasons for negative feedback, which are the same for every
/// kind of fingerprint here.
pub const REASONS: [(&str, &str); 2] = [
    ("01234567-abcd-0123-4567-012345678900", "Example Reason 1"),
    ("01234567-abcd-0123-4567-012345678901", "Example Reason 2"),
];

/// As the real one pages.
const PAGE_SIZE: usize = 1000;
const NAMESPACE: &str = "https://hashsharing.ncmec.org/hashsharing/v2";
