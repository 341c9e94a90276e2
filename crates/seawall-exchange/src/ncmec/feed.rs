//! Reading a list, window by window.

use std::fmt;

use seawall_core::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::entries::Answered;
use super::newest::Newest;
use super::windows::{Density, Step, WIDTH_FIRST_S, Windows};
use super::{Config, missing, unreadable};
use crate::feed::{Checkpoint, Feed, FeedError, Method, Page, PartnerAnswer, PartnerRequest};
use crate::trail::Trail;

/// The last seconds of a run, which the next run reads again: an hour, since what is put in by a
/// long bulk upload may bear the time of its start.
pub const OVERLAP_S: i64 = 3_600;

/// One run from a checkpoint to the present.
///
/// An answer that gives an error changes nothing: the same request may be asked again, so that a
/// long window need not be begun anew for one refusal.
pub struct Ncmec {
    config: Config,
    is_whole: bool,
    windows: Windows,
    /// The checkpoint never goes back behind where the run began.
    start_s: i64,
    /// The page of the window that is asked for next, where it is not the first.
    next: Option<Url>,
    /// The pages of the window that links led to.
    trail: Trail,
    newest: Newest,
}

impl fmt::Debug for Ncmec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ncmec")
            .field("is_whole", &self.is_whole)
            .field("windows", &self.windows)
            .finish_non_exhaustive()
    }
}

impl Ncmec {
    /// A run that ends five seconds before `now`.
    ///
    /// It starts from the list's beginning where there is no checkpoint, or one of another list,
    /// of another choice of members, or of a time that is yet to come.
    #[must_use]
    pub fn new(config: Config, checkpoint: Option<&Checkpoint>, now: Timestamp) -> Self {
        Self::with_density(config, checkpoint, now, Density::DEFAULT)
    }

    pub(super) fn with_density(
        config: Config,
        checkpoint: Option<&Checkpoint>,
        now: Timestamp,
        density: Density,
    ) -> Self {
        let place = checkpoint.and_then(|checkpoint| Place::read(checkpoint, &config, now));
        let (from_s, width_s) = place
            .as_ref()
            .map_or((0, WIDTH_FIRST_S), |place| (place.from_s, place.width_s));
        let end_s = (now.as_millis() - MARGIN_MS).div_euclid(1000);
        Self {
            config,
            is_whole: place.is_none(),
            windows: Windows::new(from_s, width_s, end_s, density),
            start_s: from_s,
            next: None,
            trail: Trail::default(),
            newest: Newest::default(),
        }
    }

    fn url(&self) -> Option<Url> {
        let (from_s, to_s) = self.windows.current()?;
        if let Some(next) = &self.next {
            return Some(next.clone());
        }
        let mut url = self.config.endpoint(&["entries"]);
        url.query_pairs_mut()
            .append_pair("from", &zulu(from_s))
            .append_pair("to", &zulu(to_s));
        Some(url)
    }

    /// Where a page link leads: the partner gives it from its base on.
    fn follow(&self, link: &str) -> Result<Url, FeedError> {
        let own = self.config.endpoint(&["entries"]);
        let base = own.as_str().strip_suffix("/v2/entries").unwrap_or_default();
        let from_base = link
            .starts_with('/')
            .then(|| Url::parse(&format!("{base}{link}")).ok())
            .flatten();
        let is_own = |url: &Url| {
            let is_plain = url.username().is_empty() && url.password().is_none();
            is_plain && url.origin() == own.origin() && url.path() == own.path()
        };
        let mut url = (link.len() <= LINK_BYTES_MAX)
            .then(|| {
                let places = [from_base, own.join(link).ok()];
                places.into_iter().flatten().find(is_own)
            })
            .flatten()
            .ok_or_else(|| unreadable("its link to the next page leads elsewhere"))?;
        url.set_fragment(None);
        Ok(url)
    }

    /// The next page, unless its link leads back.
    fn next_page(&mut self, asked: &Url, link: Option<&str>) -> Result<Option<Url>, FeedError> {
        let Some(link) = link else {
            return Ok(None);
        };
        let url = self.follow(link)?;
        if url == *asked {
            return Err(FeedError::Repeated);
        }
        self.trail.go(url.as_str())?;
        Ok(Some(url))
    }

    fn checkpoint(&self, to_s: i64) -> Checkpoint {
        let overlap_s = self.windows.end_s() - OVERLAP_S;
        let place = Place {
            base: self.config.base.to_string(),
            environment: self.config.environment.name().to_owned(),
            members: members_of(&self.config),
            from_s: to_s.min(overlap_s).max(self.start_s),
            width_s: self.windows.width_s(),
        };
        Checkpoint(serde_json::to_string(&place).expect("numbers and texts are always JSON"))
    }
}

impl Feed for Ncmec {
    fn request(&self) -> Option<PartnerRequest> {
        Some(self.config.request(Method::Get, self.url()?))
    }

    fn answer(&mut self, answer: &PartnerAnswer<'_>) -> Result<Page, FeedError> {
        let Some(asked) = self.url() else {
            return Ok(Page::default());
        };
        let body = answer.granted(&missing(answer.status, "read this list"))?;
        let answered = Answered::read(body, self.config.members.as_ref())?;
        let next = self.next_page(&asked, answered.next.as_deref())?;
        let mut page = Page {
            entries: answered.entries,
            set_aside: answered.set_aside,
            checkpoint: None,
        };
        page.entries.retain(|entry| self.newest.admits(entry));
        match self.windows.took(answered.count, next.is_some()) {
            Step::Page => self.next = next,
            Step::Narrower => self.open_window(),
            Step::End { to_s } => {
                self.open_window();
                self.newest
                    .forget_until(Timestamp::from_millis(to_s * 1000));
                page.checkpoint = Some(self.checkpoint(to_s));
            }
        }
        Ok(page)
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

impl Ncmec {
    fn open_window(&mut self) {
        self.next = None;
        self.trail = Trail::default();
    }
}

/// What a checkpoint holds. It is one of a list and of a choice of members: those that were not
/// chosen before have entries from before.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    base: String,
    environment: String,
    members: Option<Vec<u64>>,
    from_s: i64,
    width_s: i64,
}

impl Place {
    fn read(checkpoint: &Checkpoint, config: &Config, now: Timestamp) -> Option<Self> {
        let place: Self = serde_json::from_str(&checkpoint.0).ok()?;
        let is_same = place.base == config.base.as_str()
            && place.environment == config.environment.name()
            && place.members == members_of(config);
        let is_past = (0..=now.as_millis().div_euclid(1000)).contains(&place.from_s);
        (is_same && is_past).then_some(place)
    }
}

fn members_of(config: &Config) -> Option<Vec<u64>> {
    let members = config.members.as_ref()?;
    Some(members.iter().copied().collect())
}

/// A second in the partner's form: UTC, whatever the host's zone is. (The published client writes
/// the host's local time with a Z.)
fn zulu(unix_s: i64) -> String {
    let text = Timestamp::from_millis(unix_s.saturating_mul(1000)).to_string();
    text.replace(".000Z", "Z")
}

/// What is younger is still being written.
const MARGIN_MS: i64 = 5_000;
const LINK_BYTES_MAX: usize = 4096;
