//! StopNCII: hashes of intimate pictures that adults made on their own devices, so that the
//! pictures are not shared.
//!
//! Wire facts: the client published in `facebook/ThreatExchange`
//! (`exchanges/clients/stopncii/api.py`), without its faults: it looks for a withdrawal in the
//! value of a hash instead of its status, writes the type of a hash as its own language prints
//! it, and gives feedback without the type.
//!
//! [`StopNcii`] reads the list, [`Desk`] sends back what was seen of it, and [`Submissions`] adds
//! hashes to it.
//!
//! A set of pages begins at a time and goes on by page tokens; the time that its last page names
//! is where the next run begins. That run asks for [`OVERLAP_S`] seconds more, since records
//! replace themselves. After [`STALE_DAYS`] days without a run the list is read whole.

use std::fmt;

use seawall_core::{Algorithm, Hash, Redacted};
use url::Url;

use crate::feed::{FeedError, Method, PartnerRequest};

mod desk;
mod feed;
mod records;
#[cfg(test)]
mod tests;

pub(crate) use records::RecordRead;

pub use desk::{Desk, Submission, Submissions};
pub use feed::{OVERLAP_S, PAGE_SIZE, STALE_DAYS, START_TIMESTAMP, StopNcii};

/// How StopNCII, or another service of its shape, is reached. Each of its calls has a key of its
/// own beside the subscription's.
#[derive(Clone)]
pub struct Config {
    /// What precedes the names of the calls, such as [`PRODUCTION`].
    pub base: Url,
    /// The key of the subscription.
    pub subscription_key: Redacted<String>,
    /// The key of `FetchHashes`.
    pub fetch_key: Redacted<String>,
    /// The key of `SubmitFeedback`, where there is one.
    pub feedback_key: Option<Redacted<String>>,
    /// The key of `SubmitHashes`, where there is one.
    pub submit_key: Option<Redacted<String>>,
}

/// Where StopNCII itself is.
pub const PRODUCTION: &str = "https://api.stopncii.org/v1";

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").finish_non_exhaustive()
    }
}

impl Config {
    /// The address of a call. Only the base's origin and path count.
    fn endpoint(&self, call: &str) -> Url {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        // A base that takes no user name has none to be removed.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(call);
        }
        url
    }

    fn request(&self, method: Method, url: Url, key: &Redacted<String>) -> PartnerRequest {
        PartnerRequest {
            method,
            url: Redacted(url),
            headers: vec![
                ("x-functions-key".into(), key.clone()),
                (
                    "Ocp-Apim-Subscription-Key".into(),
                    self.subscription_key.clone(),
                ),
                ("accept".into(), Redacted("application/json".to_owned())),
            ],
            body: None,
        }
    }
}

/// The kinds of hash of the service, by the names on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SignalType {
    ImagePdq,
    VideoMd5,
    VideoTmk,
    Text,
    Url,
}

impl SignalType {
    const ALL: [Self; 5] = [
        Self::ImagePdq,
        Self::VideoMd5,
        Self::VideoTmk,
        Self::Text,
        Self::Url,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::ImagePdq => "ImagePDQ",
            Self::VideoMd5 => "VideoMD5",
            Self::VideoTmk => "VideoTMK",
            Self::Text => "Text",
            Self::Url => "URL",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What Seawall calls the algorithm, where it has it.
    fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::ImagePdq => Some(Algorithm::Pdq),
            Self::VideoMd5 => Some(Algorithm::Md5),
            Self::VideoTmk | Self::Text | Self::Url => None,
        }
    }

    fn of(hash: &Hash) -> Option<Self> {
        let algorithm = Some(hash.algorithm());
        Self::ALL
            .into_iter()
            .find(|kind| kind.algorithm() == algorithm)
    }
}

/// What a refusal of the credentials means at a call.
fn missing(status: u16, call: &str) -> String {
    match status {
        401 => format!("a subscription key and a function key for {call} that the partner knows"),
        _ => format!("the right to call {call}"),
    }
}

fn unreadable(what: &str) -> FeedError {
    FeedError::Unreadable {
        what: what.to_owned(),
    }
}
