//! One client for the lists of many partners: what differs between them is a page of TOML.
//!
//! A [`Description`] says how to sign in, what to ask, how pages follow each other, where the
//! entries stand in an answer and what their fields mean. [`ListPartner`] is such a page with an
//! operator's own address and secrets, and [`ListFeed`] is the [`Feed`] that reads its list.
//! `docs/exchanges/new-partner.md` shows how to write one; [`partners`] has those that ship.
//!
//! ```
//! use seawall_core::Timestamp;
//! use seawall_exchange::description::Secrets;
//! use seawall_exchange::feed::Feed;
//! use seawall_exchange::list_client::{ListFeed, ListPartner, partners};
//!
//! let secrets = Secrets::from_iter([("user", "somebody"), ("password", "a secret")]);
//! let partner = ListPartner::new(partners::tat(), None, &secrets)?;
//! let feed = ListFeed::new(&partner, None, Timestamp::from_millis(0))?;
//! let request = feed.request().expect("it asks for a token first");
//! assert_eq!(request.url.reveal().path(), "/token-auth/tcap/");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod description;
mod entries;
mod paging;
pub mod partners;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use seawall_core::{Redacted, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

pub use description::{Checkpointing, Description, ListRequest};
pub use entries::{EntryFields, HashFields, StateField, TimeField};
pub use paging::Paging;

use paging::{Position, Seen};

use crate::description::{Access, Address, DescriptionError, Secrets, accept_json};
use crate::feed::{Checkpoint, Feed, FeedError, Method, Page, PartnerAnswer, PartnerRequest};
use crate::json;
use crate::trail::Trail;

/// A partner that can be asked: its description, where it is, and the way in.
#[derive(Clone, Debug)]
pub struct ListPartner {
    description: Arc<Description>,
    url: Redacted<Url>,
    access: Access,
}

impl ListPartner {
    /// Puts a description to use. `address` stands in for the one of the description where the
    /// operator has another, such as the partner's test environment.
    ///
    /// # Errors
    /// [`DescriptionError`] where a secret is missing, the address is none, or a path leads away
    /// from it.
    pub fn new(
        description: Description,
        address: Option<Url>,
        secrets: &Secrets,
    ) -> Result<Self, DescriptionError> {
        let address = Address::new(address.unwrap_or_else(|| description.address.clone()))?;
        let url = Redacted(address.below(&description.request.path)?);
        let access = Access::new(&description.authentication, &address, secrets)?;
        let description = Arc::new(description);
        Ok(Self {
            description,
            url,
            access,
        })
    }
}

impl ListPartner {
    /// Which list this is: its address, and how it is asked for.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{} {:?}", self.url.reveal(), self.description.request)
    }
}

/// A list on the way from one checkpoint to the present.
pub struct ListFeed {
    partner: ListPartner,
    position: Position,
    trail: Trail,
    /// What the last checkpoint says to ask from, where it is a time or a value of an answer.
    since: Option<String>,
    newest: Option<Timestamp>,
    /// The last cursor that a later run may begin at.
    settled: Option<String>,
    /// Cursors after it, with the newest time of the entries up to there.
    unsettled: VecDeque<(String, Option<Timestamp>)>,
    is_whole: bool,
    /// Whether the partner has answered with a page yet.
    is_met: bool,
    /// Up to when the list was known to its end before this run; for a first run, its begin.
    known_at: Timestamp,
    begun_at: Timestamp,
}

/// Links and cursors are the partner's, and may hold what is no one else's business.
impl fmt::Debug for ListFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListFeed")
            .field("name", &self.partner.description.name)
            .field("is_whole", &self.is_whole)
            .finish_non_exhaustive()
    }
}

/// A checkpoint as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    known_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl ListFeed {
    /// Begins after `checkpoint`, or at the beginning of the list.
    ///
    /// # Errors
    /// [`FeedError::Stale`] where the checkpoint is too old for this partner, or is none of this
    /// protocol: begin without one.
    pub fn new(
        partner: &ListPartner,
        checkpoint: Option<&Checkpoint>,
        now: Timestamp,
    ) -> Result<Self, FeedError> {
        let description = &partner.description;
        let kept = match (checkpoint, &description.checkpoint) {
            (None, _) | (Some(_), Checkpointing::None {}) => None,
            (Some(checkpoint), _) => Some(Kept::read(checkpoint, description, now)?),
        };
        let mut feed = Self {
            partner: partner.clone(),
            position: Position::First,
            trail: Trail::default(),
            since: None,
            newest: None,
            settled: None,
            unsettled: VecDeque::new(),
            is_whole: kept.is_none(),
            is_met: false,
            known_at: now,
            begun_at: now,
        };
        if let Some(kept) = kept {
            feed.known_at = kept.known_at;
            feed.since = kept.since;
            if let Some(cursor) = kept.cursor {
                feed.trail.go(&cursor)?;
                feed.settled = Some(cursor.clone());
                feed.position = Position::Cursor(cursor);
            }
        }
        Ok(feed)
    }

    /// What the next page is asked with; `None` past the end.
    fn query(&self) -> Option<Vec<(String, String)>> {
        if let Position::Link(link) = &self.position {
            // A link is complete.
            return Some(link.clone());
        }
        let description = &self.partner.description;
        let page = description.paging.parameter(&self.position)?;
        let parameter = description.checkpoint.since_parameter();
        let since = parameter.map(str::to_owned).zip(self.since.clone());
        let own = description.request.query.clone().into_iter();
        Some(own.chain(since).chain(page).collect())
    }

    fn page_request(&self) -> Option<PartnerRequest> {
        let query = self.query()?;
        let mut url = self.partner.url.reveal().clone();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut headers = self.partner.access.headers();
        headers.push(accept_json());
        Some(PartnerRequest {
            method: Method::Get,
            url: Redacted(url),
            headers,
            body: None,
        })
    }

    /// Takes a page and goes on to the next one.
    fn take(&mut self, body: &[u8]) -> Result<Page, FeedError> {
        let description = Arc::clone(&self.partner.description);
        let document: Value = json::read(body)?;
        let mut page = description.entries.read(&document)?;
        let seen = Seen {
            document: &document,
            body,
            is_empty: page.entries.is_empty() && page.set_aside.is_empty(),
        };
        let url = self.partner.url.reveal();
        let next = description.paging.after(&self.position, &seen, url)?;
        if let Some(place) = next.place() {
            self.trail.go(&place)?;
        }
        self.position = next.position;
        let times = page.entries.iter().filter_map(|entry| entry.changed_at);
        // What changed since this run began is no reason to ask for less next time: it may have
        // been listed before what was already read.
        let newest = times.clone().filter(|&time| time <= self.begun_at).max();
        self.newest = self.newest.max(newest);
        if let Some(cursor) = next.cursor {
            let before = self.unsettled.back().and_then(|&(_, time)| time);
            self.unsettled.push_back((cursor, before.max(times.max())));
        }
        self.settle();
        page.checkpoint = self.checkpoint(&document);
        Ok(page)
    }

    /// Lets a later run begin at the cursors that nothing is listed before any more.
    fn settle(&mut self) {
        let overlap_s = match self.partner.description.checkpoint {
            Checkpointing::Cursor { overlap_s } => overlap_s,
            Checkpointing::None {} | Checkpointing::Time { .. } | Checkpointing::Answer { .. } => 0,
        };
        let overlap_ms = i64::from(overlap_s) * 1000;
        let end = self.newest.map(|time| time.plus_millis(-overlap_ms));
        while let Some((cursor, time)) = self.unsettled.pop_front() {
            if overlap_s > 0 && time > end {
                self.unsettled.push_front((cursor, time));
                break;
            }
            self.settled = Some(cursor);
        }
    }

    /// Where to go on from another day, if that can be told after this page.
    fn checkpoint(&self, document: &Value) -> Option<Checkpoint> {
        let is_end = self.position == Position::End;
        let kept = match &self.partner.description.checkpoint {
            Checkpointing::None {} => return None,
            Checkpointing::Cursor { .. } => Kept {
                known_at: if is_end { self.begun_at } else { self.known_at },
                cursor: Some(self.settled.clone()?),
                since: None,
            },
            Checkpointing::Time {
                format, overlap_s, ..
            } => {
                let overlap_ms = i64::from(*overlap_s) * 1000;
                let since = self
                    .newest
                    .map(|time| format.write(time.plus_millis(-overlap_ms)));
                self.kept_since(is_end, since)?
            }
            Checkpointing::Answer { at, .. } => {
                let since = at.find(document).and_then(json::text);
                self.kept_since(is_end, since)?
            }
        };
        let text = serde_json::to_string(&kept).expect("texts and times are always JSON");
        Some(Checkpoint(text))
    }

    /// A checkpoint that is known at the end of the list alone: entries may come in any order.
    fn kept_since(&self, is_end: bool, since: Option<String>) -> Option<Kept> {
        let since = since.or_else(|| self.since.clone())?;
        is_end.then_some(Kept {
            known_at: self.begun_at,
            cursor: None,
            since: Some(since),
        })
    }
}

impl Feed for ListFeed {
    fn request(&self) -> Option<PartnerRequest> {
        let page = self.page_request()?;
        Some(self.partner.access.request().unwrap_or(page))
    }

    fn answer(&mut self, answer: &PartnerAnswer<'_>) -> Result<Page, FeedError> {
        if self.position == Position::End {
            return Ok(Page::default());
        }
        let granted = self.partner.access.granted(answer, MISSING);
        match granted {
            Ok(None) => Ok(Page::default()),
            Ok(Some(body)) => {
                let page = self.take(body)?;
                self.is_met = true;
                Ok(page)
            }
            // The partner says that it does not know this place any more.
            Err(FeedError::Refused { status: 400 | 410 }) if !self.is_whole && !self.is_met => {
                Err(FeedError::Stale)
            }
            Err(error) => Err(error),
        }
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

impl Kept {
    fn read(
        checkpoint: &Checkpoint,
        description: &Description,
        now: Timestamp,
    ) -> Result<Self, FeedError> {
        let kept: Self = serde_json::from_str(&checkpoint.0).map_err(|_| FeedError::Stale)?;
        let fits = match description.checkpoint {
            Checkpointing::None {} => true,
            Checkpointing::Cursor { .. } => kept.cursor.is_some(),
            Checkpointing::Time { .. } | Checkpointing::Answer { .. } => kept.since.is_some(),
        };
        let days_max = description.stale_after_days.map_or(i64::MAX, i64::from);
        let age_ms = now.millis_since(kept.known_at);
        if fits && age_ms <= days_max.saturating_mul(DAY_MS) {
            Ok(kept)
        } else {
            Err(FeedError::Stale)
        }
    }
}

const MISSING: &str = "the partner does not take these credentials, or they do not include the \
    right to read the list";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests;
