//! Meta ThreatExchange: the hashes of a privacy group, by `threat_updates`, and what one says of
//! them.
//!
//! The service wants the access token in the query string, so every address here is a secret.
//! What is kept between runs holds a time and a place, never the token.
//!
//! The list is of indicators. Members of the group describe an indicator, each for themselves,
//! and react to what others say: both are opinions here. An indicator that nobody vouches for any
//! more, because all descriptions say it is harmless or none is left, is withdrawn.
//!
//! Sources: the reference of `threat_updates`
//! (<https://developers.facebook.com/docs/threat-exchange/reference/apis/threat-updates>), of the
//! errors (<https://developers.facebook.com/docs/graph-api/guides/error-handling>), and the
//! published client `threatexchange`.
//!
//! ```
//! use seawall_core::{Redacted, Timestamp};
//! use seawall_exchange::feed::Feed;
//! use seawall_exchange::threat_exchange::{Group, ThreatUpdates};
//!
//! let token = Redacted("555|0123456789abcdefghij".to_owned());
//! let group = Group::new(None, 1012345678901234, token)?;
//! let feed = ThreatUpdates::new(&group, None, Timestamp::from_millis(0))?;
//! let request = feed.request().expect("the first page");
//! assert_eq!(request.url.reveal().path(), "/v26.0/1012345678901234/threat_updates/");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod desk;
mod indicator;

use std::fmt;

use seawall_core::{Redacted, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

pub use desk::OpinionDesk;

use crate::description::{Address, DescriptionError, Secrets, accept_json, query_of_link};
use crate::feed::{Checkpoint, Feed, FeedError, Method, Page, PartnerAnswer, PartnerRequest};
use crate::json;
use crate::trail::Trail;

/// A privacy group, and the way in to it.
#[derive(Clone)]
pub struct Group {
    address: Address,
    id: u64,
    token: Redacted<String>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Group {
    /// The privacy group with this number, read with an access token (`app-id|app-secret`).
    /// `address` stands in for that of the service where there is another, such as a stand-in.
    ///
    /// # Errors
    /// [`DescriptionError`] where the token is empty or cannot be sent, or the address is none.
    pub fn new(
        address: Option<Url>,
        id: u64,
        token: Redacted<String>,
    ) -> Result<Self, DescriptionError> {
        let own = || GRAPH.parse().map_err(|_| DescriptionError::Address);
        let address = Address::new(address.map_or_else(own, Ok)?)?;
        Secrets::from_iter([("token", token.reveal().as_str())]).named("token")?;
        Ok(Self { address, id, token })
    }

    /// Which list this is: the service's address and the group's number.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{} {}", self.address.as_str(), self.id)
    }

    /// An address below the service's, with the token and these parameters.
    fn url(&self, path: &str, query: &[(String, String)]) -> Result<Url, DescriptionError> {
        let mut url = self.address.below(path)?;
        url.query_pairs_mut()
            .append_pair(ACCESS_TOKEN, self.token.reveal())
            .extend_pairs(query);
        Ok(url)
    }
}

/// The list of a privacy group on the way from one checkpoint to the present.
pub struct ThreatUpdates {
    /// The list's own address, without a query.
    list: Redacted<Url>,
    token: Redacted<String>,
    position: Position,
    trail: Trail,
    /// Where this run began: a time by the service's clock, in seconds.
    start_s: Option<i64>,
    newest_s: Option<i64>,
    is_whole: bool,
    is_met: bool,
    /// Up to when the list was known to its end before this run; for a first run, its begin.
    known_at: Timestamp,
    begun_at: Timestamp,
    /// When the first page of the list was read that this run, or those that it goes on from,
    /// came through.
    read_from: Timestamp,
}

impl fmt::Debug for ThreatUpdates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreatUpdates")
            .field("is_whole", &self.is_whole)
            .finish_non_exhaustive()
    }
}

/// Which page comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Position {
    First,
    /// The query of a link, without what is a secret.
    Link(Query),
    End,
}

type Query = Vec<(String, String)>;

/// A checkpoint as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    known_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start_s: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest_s: Option<i64>,
    /// With a page: when the run began that came to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    page: Query,
}

impl ThreatUpdates {
    /// Begins after `checkpoint`, or at the beginning of the list.
    ///
    /// # Errors
    /// [`FeedError::Stale`] where the checkpoint is none of this protocol, or the list was last
    /// known to its end more than 85 days ago: the service tells for 90 days what was deleted.
    /// Begin without a checkpoint then.
    pub fn new(
        group: &Group,
        checkpoint: Option<&Checkpoint>,
        now: Timestamp,
    ) -> Result<Self, FeedError> {
        let list = group
            .address
            .below(&format!("{}/threat_updates/", group.id));
        let list = list.expect("a number and a word lie below every address");
        let mut feed = Self {
            list: Redacted(list),
            token: group.token.clone(),
            position: Position::First,
            trail: Trail::default(),
            start_s: None,
            newest_s: None,
            is_whole: checkpoint.is_none(),
            is_met: false,
            known_at: now,
            begun_at: now,
            read_from: now,
        };
        if let Some(checkpoint) = checkpoint {
            let kept: Kept = serde_json::from_str(&checkpoint.0).map_err(|_| FeedError::Stale)?;
            if now.millis_since(kept.known_at) > STALE_MS {
                return Err(FeedError::Stale);
            }
            feed.known_at = kept.known_at;
            feed.start_s = kept.start_s;
            feed.newest_s = kept.newest_s;
            feed.read_from = kept.read_from.unwrap_or(now);
            if !kept.page.is_empty() {
                feed.position = Position::Link(kept.page);
            }
        }
        feed.set_out()?;
        Ok(feed)
    }

    /// Begins the trail where the run does.
    fn set_out(&mut self) -> Result<(), FeedError> {
        self.trail = Trail::default();
        let query = self.query();
        query.map_or(Ok(()), |query| self.trail.go(&name(&query)))
    }

    fn query(&self) -> Option<Query> {
        let own = |name: &str, value: String| (name.to_owned(), value);
        match &self.position {
            Position::End => None,
            Position::Link(link) => Some(link.clone()),
            Position::First => {
                let mut query = vec![
                    own("fields", FIELDS.to_owned()),
                    own("limit", PAGE_ENTRIES.to_string()),
                ];
                let start = self
                    .start_s
                    .map(|start_s| own("start_time", start_s.to_string()));
                query.extend(start);
                Some(query)
            }
        }
    }

    fn take(&mut self, body: &[u8]) -> Result<Page, FeedError> {
        let document: Value = json::read(body)?;
        let entries = document.get("data").and_then(Value::as_array);
        let missing = || json::unreadable("no array of updates stands under data");
        let mut page = Page::default();
        for (place, update) in (1..).zip(entries.ok_or_else(missing)?) {
            indicator::read(place, update, &mut page);
        }
        let next = document.pointer("/paging/next").and_then(json::text);
        let next = match next {
            Some(link) => self.follow(&link)?,
            None => Position::End,
        };
        if let Position::Link(query) = &next {
            self.trail.go(&name(query))?;
        }
        self.position = next;
        let times = page.entries.iter().filter_map(|entry| entry.changed_at);
        // What changed since the run began is no reason to ask for less next time: it may have
        // been listed before what was already read.
        let newest = times.filter(|&time| time <= self.read_from).max();
        self.newest_s = self
            .newest_s
            .max(newest.map(|time| time.as_millis().div_euclid(1000)));
        page.checkpoint = Some(self.checkpoint());
        Ok(page)
    }

    /// The page that a link leads to. The token that stands in it is left out.
    fn follow(&self, link: &str) -> Result<Position, FeedError> {
        let mut query = query_of_link(self.list.reveal(), link)?;
        query.retain(|(name, _)| !SECRET.contains(&name.as_str()));
        if query
            .iter()
            .any(|(_, value)| value.contains(self.token.reveal()))
        {
            return Err(json::unreadable(
                "the link to the next page has the token elsewhere",
            ));
        }
        if query.is_empty() {
            return Err(json::unreadable("the link to the next page says no place"));
        }
        Ok(Position::Link(query))
    }

    fn checkpoint(&self) -> Checkpoint {
        let kept = match &self.position {
            Position::First | Position::End => Kept {
                known_at: self.begun_at,
                start_s: self
                    .newest_s
                    .map(|newest_s| (newest_s - OVERLAP_S).max(0))
                    .or(self.start_s),
                newest_s: None,
                read_from: None,
                page: Query::new(),
            },
            Position::Link(query) => Kept {
                known_at: self.known_at,
                start_s: self.start_s,
                newest_s: self.newest_s,
                read_from: Some(self.read_from),
                page: query.clone(),
            },
        };
        let text = serde_json::to_string(&kept).expect("texts and numbers are always JSON");
        Checkpoint(text)
    }
}

impl Feed for ThreatUpdates {
    fn request(&self) -> Option<PartnerRequest> {
        let query = self.query()?;
        let mut url = self.list.reveal().clone();
        url.query_pairs_mut()
            .append_pair(ACCESS_TOKEN, self.token.reveal())
            .extend_pairs(query);
        Some(PartnerRequest {
            method: Method::Get,
            url: Redacted(url),
            headers: vec![accept_json()],
            body: None,
        })
    }

    fn answer(&mut self, answer: &PartnerAnswer<'_>) -> Result<Page, FeedError> {
        if self.position == Position::End {
            return Ok(Page::default());
        }
        let is_kept_place = !self.is_met && matches!(self.position, Position::Link(_));
        match granted(answer, MISSING) {
            Ok(body) => {
                let page = self.take(body)?;
                self.is_met = true;
                Ok(page)
            }
            // The service does not know the place that was kept within a run: the run begins
            // again where it had begun.
            Err(FeedError::Refused { status: 400 }) if is_kept_place => {
                self.position = Position::First;
                self.set_out()?;
                Ok(Page::default())
            }
            Err(error) => Err(error),
        }
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// The body of an answer that says yes. The service tells with 400 what others tell with a
/// status of its own; its number in the body says which it is.
fn granted<'a>(answer: &PartnerAnswer<'a>, missing: &str) -> Result<&'a [u8], FeedError> {
    let status = answer.status;
    let refusal: Refusal = serde_json::from_slice(answer.body).unwrap_or_default();
    let Some(Fault { code }) = refusal.error else {
        return answer.granted(missing);
    };
    match code {
        // The access token is wrong or has expired.
        102 | 190 => Err(FeedError::Denied {
            status,
            missing: "the access token is wrong or has expired".to_owned(),
        }),
        // A right is missing.
        3 | 10 | 200..=299 => Err(FeedError::Denied {
            status,
            missing: missing.to_owned(),
        }),
        // It cannot answer now, or was asked too often.
        1 | 2 | 4 | 17 | 32 | 341 | 613 => Err(FeedError::Later {
            status,
            until: answer.wait_until(),
        }),
        _ => Err(answer
            .granted(missing)
            .err()
            .unwrap_or(FeedError::Refused { status })),
    }
}

#[derive(Default, Deserialize)]
struct Refusal {
    error: Option<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    code: i64,
}

/// What names a page, to tell a circle by.
fn name(query: &Query) -> String {
    let mut pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.sort();
    pairs.join("&")
}

const GRAPH: &str = "https://graph.facebook.com/v26.0/";
const ACCESS_TOKEN: &str = "access_token";
/// What a link may carry that is never kept.
const SECRET: [&str; 2] = [ACCESS_TOKEN, "appsecret_proof"];
const FIELDS: &str = "id,indicator,type,last_updated,should_delete,\
    descriptors{id,reactions,owner{id},tags,status}";
const PAGE_ENTRIES: u32 = 100;
/// How far before the newest update the next run begins, for what the service lists late.
const OVERLAP_S: i64 = 300;
const STALE_MS: i64 = 85 * 24 * 60 * 60 * 1000;
const MISSING: &str = "the app is no member of this privacy group, or may not read its updates";

#[cfg(test)]
mod tests;
