//! Reading the list, page by page.

use std::fmt;

use seawall_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::records::Answered;
use super::{Config, missing, unreadable};
use crate::feed::{Checkpoint, Feed, FeedError, Method, Page, PartnerAnswer, PartnerRequest};
use crate::trail::Trail;

/// How many records are asked for at once.
pub const PAGE_SIZE: u32 = 800;

/// The time at which the list begins, in seconds since 1970.
pub const START_TIMESTAMP: i64 = 10;

/// How many seconds before its checkpoint a run begins.
pub const OVERLAP_S: i64 = 3_600;

/// After so many days without a run the list is read whole.
pub const STALE_DAYS: i64 = 30;

/// One run from a checkpoint to the present.
///
/// An answer that gives an error changes nothing: the same request may be asked again.
pub struct StopNcii {
    config: Config,
    /// Where the run begins; `None` at the list's beginning.
    place: Option<Place>,
    /// The token of the page to ask for, after the first.
    token: Option<String>,
    trail: Trail,
    is_done: bool,
}

impl fmt::Debug for StopNcii {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopNcii")
            .field("is_whole", &self.place.is_none())
            .field("is_done", &self.is_done)
            .finish_non_exhaustive()
    }
}

impl StopNcii {
    /// A run from a checkpoint on.
    ///
    /// It starts from the list's beginning where there is no checkpoint, or one of another
    /// service, or one that is older than [`STALE_DAYS`].
    #[must_use]
    pub fn new(config: Config, checkpoint: Option<&Checkpoint>, now: Timestamp) -> Self {
        let place = checkpoint.and_then(|checkpoint| Place::read(checkpoint, &config, now));
        Self {
            config,
            place,
            token: None,
            trail: Trail::default(),
            is_done: false,
        }
    }

    fn start(&self) -> i64 {
        let from = |place: &Place| place.timestamp.saturating_sub(OVERLAP_S);
        self.place
            .as_ref()
            .map_or(START_TIMESTAMP, from)
            .max(START_TIMESTAMP)
    }

    /// The token of the next page, unless it leads back.
    fn next_token(&mut self, answered: &Answered) -> Result<String, FeedError> {
        let token = answered
            .next_page_token
            .as_deref()
            .filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| unreadable("it says that more follows, but not where"))?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(unreadable("its page token is longer than any"));
        }
        self.trail.go(token)?;
        Ok(token.to_owned())
    }

    fn checkpoint(&self, answered: &Answered, now: Timestamp) -> Result<Checkpoint, FeedError> {
        let timestamp = answered
            .next_set_timestamp
            .ok_or_else(|| unreadable("its last page does not say where the next set begins"))?;
        let known = self.place.as_ref().map(|place| place.timestamp);
        let place = Place {
            base: self.config.base.to_string(),
            // It never goes back: what was read was read.
            timestamp: known.map_or(timestamp, |known| known.max(timestamp)),
            fetched_at: now,
        };
        let text = serde_json::to_string(&place).expect("numbers and texts are always JSON");
        Ok(Checkpoint(text))
    }
}

impl Feed for StopNcii {
    fn request(&self) -> Option<PartnerRequest> {
        if self.is_done {
            return None;
        }
        let mut url = self.config.endpoint(CALL);
        url.query_pairs_mut()
            .append_pair("startTimestamp", &self.start().to_string())
            .append_pair("pageSize", &PAGE_SIZE.to_string());
        if let Some(token) = &self.token {
            url.query_pairs_mut().append_pair("nextPageToken", token);
        }
        let key = &self.config.fetch_key;
        Some(self.config.request(Method::Get, url, key))
    }

    fn answer(&mut self, answer: &PartnerAnswer<'_>) -> Result<Page, FeedError> {
        if self.is_done {
            return Ok(Page::default());
        }
        let body = answer.granted(&missing(answer.status, CALL))?;
        let answered = Answered::read(body)?;
        let checkpoint = if answered.has_more_records {
            let token = self.next_token(&answered)?;
            self.token = Some(token);
            None
        } else {
            let checkpoint = self.checkpoint(&answered, answer.now)?;
            self.is_done = true;
            Some(checkpoint)
        };
        Ok(Page {
            entries: answered.entries,
            set_aside: answered.set_aside,
            checkpoint,
        })
    }

    fn is_whole(&self) -> bool {
        self.place.is_none()
    }
}

/// What a checkpoint holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    base: String,
    /// The partner's own: seconds since 1970.
    timestamp: i64,
    fetched_at: Timestamp,
}

impl Place {
    fn read(checkpoint: &Checkpoint, config: &Config, now: Timestamp) -> Option<Self> {
        let place: Self = serde_json::from_str(&checkpoint.0).ok()?;
        let is_same = place.base == config.base.as_str();
        let is_fresh = now.millis_since(place.fetched_at) <= STALE_DAYS * DAY_MS;
        (is_same && is_fresh).then_some(place)
    }
}

const CALL: &str = "FetchHashes";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const TOKEN_BYTES_MAX: usize = 4096;
