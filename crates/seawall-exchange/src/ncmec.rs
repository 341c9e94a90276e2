//! NCMEC Hash Sharing, version 2: the lists that platforms, hotlines and NCMEC itself share.
//!
//! Wire facts: NCMEC's documentation as far as it is public, and the client published in
//! `facebook/ThreatExchange` (`exchanges/clients/ncmec/hash_api.py`).
//!
//! [`Ncmec`] reads a list, [`Desk`] sends back what was seen of it, and [`status_request`] with
//! its neighbours are the calls that whoever sets an exchange up needs.
//!
//! # Windows
//! The partner is asked for the entries of a span of time, without its first second and with its
//! last, and answers page by page, in no order of time. So only the end of a window is a place to
//! go on from.
//!
//! - A run ends five seconds before the present: what is being written now is left for the next.
//! - A window that holds more than [`WINDOW_ENTRIES_MAX`] entries is too dense: it is given up
//!   when that many were read and a page still follows, and asked for again at a quarter of its
//!   width, down to one second. A second is read whole, however many pages it has. (The published
//!   client never came to the end of such a second: `facebook/ThreatExchange` issue 1679.)
//! - A window with fewer than [`WINDOW_ENTRIES_SPARSE`] entries makes the next twice as wide.
//! - The last [`OVERLAP_S`] seconds of a run are read again by the next one, for entries that the
//!   partner shows late or dates by a clock that differs from ours.
//! - Of what one window gives of an entry the newest counts; at the same time a withdrawal does.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seawall_core::Redacted;
use url::Url;

use crate::feed::{FeedError, Method, PartnerRequest};

mod calls;
mod desk;
mod document;
mod entries;
mod environment;
mod feed;
mod newest;
#[cfg(test)]
mod tests;
mod windows;

pub use calls::{
    FeedbackReason, Member, Status, members_request, read_members, read_reasons, read_status,
    reasons_request, status_request,
};
pub use desk::Desk;
pub use environment::Environment;
pub use feed::{Ncmec, OVERLAP_S};
pub use windows::{WINDOW_ENTRIES_MAX, WINDOW_ENTRIES_SPARSE};

/// How a list of NCMEC's is reached.
#[derive(Clone)]
pub struct Config {
    /// What precedes `/v2/…`, such as [`Environment::production`] gives.
    pub base: Url,
    /// Which list it is.
    pub environment: Environment,
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: Redacted<String>,
    /// The members whose entries are taken, by their ids; `None` takes those of all.
    pub members: Option<BTreeSet<u64>>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The address of a call. Only the base's origin and path count.
    fn endpoint(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        // A base that takes no user name has none to be removed.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v2").extend(segments);
        }
        url
    }

    fn request(&self, method: Method, url: Url) -> PartnerRequest {
        let credentials = format!("{}:{}", self.username, self.password.reveal());
        let basic = format!("Basic {}", STANDARD.encode(credentials));
        PartnerRequest {
            method,
            url: Redacted(url),
            headers: vec![
                ("authorization".into(), Redacted(basic)),
                ("accept".into(), Redacted("application/xml".to_owned())),
            ],
            body: None,
        }
    }
}

/// What a refusal of the credentials means at a call that needs `right`.
fn missing(status: u16, right: &str) -> String {
    match status {
        401 => "a user name and a password that the partner knows".to_owned(),
        _ => format!("the right to {right}, or this address on the partner's list of addresses"),
    }
}

fn unreadable(what: &str) -> FeedError {
    FeedError::Unreadable {
        what: what.to_owned(),
    }
}
