//! One run over a partner's list: asked, taken over page by page, and ended with what is next.

use std::collections::BTreeMap;
use std::sync::{Arc, LockResult, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use roaring::RoaringTreemap;
use seawall_casework::audit::EventDraft;
use seawall_core::{Actor, ContentId, EventKind, Timestamp, causes};
use seawall_egress::{EgressError, EgressLimits, Request, Response};
use seawall_exchange::feed::{
    Checkpoint, Feed, FeedError, Method, Page, PartnerAnswer, PartnerRequest,
};
use seawall_store::{Change, Exchange, ListName, RunCounts, RunEnd, StoreError};

use super::take::{LEASE_MS, Lease};
use super::{ExchangeError, ExchangeSetup};
use crate::{Workflow, WorkflowError};

/// What one run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunReport {
    /// Contents added and withdrawn, entries changed, and what could not be read.
    pub counts: RunCounts,
    /// Why it did not come up to the present, if it did not.
    pub fault: Option<String>,
    /// So many contents were missing from a list that shrank too much. They wait for a person.
    pub missing: Option<u64>,
}

/// Why a run ended early.
enum Fault {
    /// The partner's answer.
    Partner(FeedError, Option<String>),
    /// No answer.
    Silent(EgressError),
}

/// A run under way.
struct Run {
    setup: Arc<ExchangeSetup>,
    exchange: Exchange,
    lease: Lease,
    feed: Box<dyn Feed>,
    /// Of a whole run over a list that was read before: the contents that it gave.
    given: Option<RoaringTreemap>,
    /// Whether it reads from the beginning, as was asked for or since the partner no longer knew
    /// the place.
    reconciles: bool,
    /// The last content that there was when it began.
    until: ContentId,
    checkpoint: Option<Checkpoint>,
    counts: RunCounts,
    problems: Vec<String>,
    missing: Option<u64>,
    /// When a passing fault ended it, if one did.
    set_by_at: Timestamp,
}

/// What one request says of the way in to a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeTest {
    /// Why it does not work, if it does not.
    pub fault: Option<String>,
    /// What the partner answered, in short.
    pub told: String,
}

impl Fault {
    /// Whether the same request may be made again, so that the run can go on where it is.
    fn passes(&self) -> bool {
        match self {
            Self::Partner(FeedError::Later { .. }, _) | Self::Silent(_) => true,
            Self::Partner(_, _) => false,
        }
    }
}

/// Runs that a passing fault ended, by exchange.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<BTreeMap<ListName, Run>>);

impl Waiting {
    fn lock(&self) -> LockResult<MutexGuard<'_, BTreeMap<ListName, Run>>> {
        self.0.lock()
    }
}

impl Workflow {
    /// Runs every exchange that is due, one after the other; when the next one is. A failure of
    /// one does not stop the others: it is logged, and shown with the exchange.
    ///
    /// # Errors
    /// [`WorkflowError`] where the exchanges cannot be listed.
    pub async fn run_due_exchanges(self: &Arc<Self>) -> Result<Option<Timestamp>, WorkflowError> {
        let exchanges = self.store.read(|reader| reader.exchanges())?;
        let now = self.clock.now();
        for exchange in exchanges {
            let is_due = exchange.next_at.max(exchange.lease_until) <= now && !exchange.paused;
            let is_configured = self.exchanges.load().contains_key(&exchange.name);
            if !is_due || !is_configured {
                continue;
            }
            match self.run_exchange(&exchange.name).await {
                // Another process was faster.
                Ok(_) | Err(ExchangeError::Leased) => {}
                Err(error) => {
                    tracing::error!(exchange = %exchange.name, %error, "running an exchange failed");
                }
            }
        }
        Ok(self.next_exchange_at()?)
    }

    /// Waits until an exchange was hastened, resumed or let go on.
    pub async fn exchange_hastened(&self) {
        self.fetching.notified().await;
    }

    /// Runs one exchange now, up to the present of its partner's list. What the partner does
    /// wrong is no error: it stands in the report, and with the exchange.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`], [`ExchangeError::NotConfigured`] or
    /// [`ExchangeError::Leased`].
    pub async fn run_exchange(
        self: &Arc<Self>,
        name: &ListName,
    ) -> Result<RunReport, ExchangeError> {
        let setup = self.setup_of(name)?;
        let mut lease = [0; 16];
        self.random.fill(&mut lease);
        let lease = Lease(lease);
        let exchange = self.start_run(name, lease)?;
        let mut run = match self.take_up(&setup, &exchange, lease) {
            Some(run) => run,
            None => match self.begin(&setup, &exchange, lease)? {
                Ok(run) => run,
                Err(error) => {
                    let ended = Ended::early(Fault::Partner(error, None));
                    return self.end_run(&setup, &exchange, lease, ended);
                }
            },
        };
        let fault = loop {
            let Some(request) = run.feed.request() else {
                break None;
            };
            let answer = match self.egress.send(to_send(&setup, request)).await {
                Ok(answer) => answer,
                Err(error) => break Some(Fault::Silent(error)),
            };
            // Reading and writing may take long, and neither waits for anything.
            let workflow = Arc::clone(self);
            let step = tokio::task::spawn_blocking(move || workflow.take_answer(run, &answer));
            let (after, fault) = step.await.map_err(WorkflowError::Thread)??;
            run = after;
            if fault.is_some() {
                break fault;
            }
        };
        if fault.is_none() {
            let workflow = Arc::clone(self);
            let finish = tokio::task::spawn_blocking(move || workflow.finish_whole(run));
            run = finish.await.map_err(WorkflowError::Thread)??;
        }
        let passes = fault.as_ref().is_some_and(Fault::passes);
        let ended = Ended {
            fault,
            counts: std::mem::take(&mut run.counts),
            problems: std::mem::take(&mut run.problems),
            missing: run.missing,
            // A run from the beginning that did not come to the end has to be made again.
            reconcile: run.reconciles,
        };
        let report = self.end_run(&setup, &run.exchange, lease, ended)?;
        if passes {
            self.set_by(run);
        }
        Ok(report)
    }

    /// Whether an exchange can be read: what its partner answers to one request, of which nothing
    /// is taken over.
    ///
    /// # Errors
    /// [`ExchangeError::NoExchange`] or [`ExchangeError::NotConfigured`].
    pub async fn test_exchange(&self, name: &ListName) -> Result<ExchangeTest, ExchangeError> {
        let setup = self.setup_of(name)?;
        let failed = |fault: String| {
            Ok(ExchangeTest {
                fault: Some(fault),
                told: String::new(),
            })
        };
        let mut feed = match setup.partner.feed(None, self.clock.now()) {
            Ok(feed) => feed,
            Err(error) => return failed(error.to_string()),
        };
        let status = setup.partner.status_request();
        let Some(request) = status.or_else(|| feed.request()) else {
            return failed("there is nothing to ask this partner".to_owned());
        };
        let response = match self.egress.send(to_send(&setup, request)).await {
            Ok(response) => response,
            Err(error) => return failed(causes(&error)),
        };
        let answer = self.answer_of(&response);
        let told = setup.partner.read_status(&answer).unwrap_or_else(|| {
            let page = feed.answer(&answer)?;
            let (entries, aside) = (page.entries.len(), page.set_aside.len());
            Ok(format!(
                "it answers: {entries} entries, {aside} of which could not be read"
            ))
        });
        match told {
            Ok(told) => Ok(ExchangeTest { fault: None, told }),
            Err(error) => failed(error.to_string()),
        }
    }

    /// How an exchange is set up, or whether it is unknown or merely not set up any more.
    fn setup_of(&self, name: &ListName) -> Result<Arc<ExchangeSetup>, ExchangeError> {
        if let Some(setup) = self.exchanges.load().get(name) {
            return Ok(Arc::clone(setup));
        }
        let known = self.store.read(|reader| reader.exchange(name))?;
        Err(known.map_or(ExchangeError::NoExchange, |_| ExchangeError::NotConfigured))
    }

    /// A run of this process that a passing fault ended, to go on with: what it read so far need
    /// not be read again.
    fn take_up(
        &self,
        setup: &Arc<ExchangeSetup>,
        exchange: &Exchange,
        lease: Lease,
    ) -> Option<Run> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let run = waiting.remove(&exchange.name)?;
        let waited_ms = self.clock.now().millis_since(run.set_by_at);
        let is_same = Arc::ptr_eq(&run.setup, setup)
            && run.exchange.id == exchange.id
            && (run.reconciles || !exchange.reconcile);
        // Partners forget what was asked: NCMEC advises against keeping the place of a page.
        (is_same && waited_ms <= WAITING_MS_MAX).then(|| Run {
            exchange: exchange.clone(),
            lease,
            ..run
        })
    }

    fn set_by(&self, run: Run) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let set_by_at = self.clock.now();
        waiting.insert(run.exchange.name.clone(), Run { set_by_at, ..run });
    }

    fn begin(
        &self,
        setup: &Arc<ExchangeSetup>,
        exchange: &Exchange,
        lease: Lease,
    ) -> Result<Result<Run, FeedError>, ExchangeError> {
        let (feed, is_anew) = match self.feed(setup, exchange) {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let (listed, until) = self.store.read(|reader| {
            let listed = reader.entries_listed(exchange.id)?;
            Ok::<_, StoreError>((listed, reader.last_content()?))
        })?;
        let is_again = feed.is_whole() && listed > 0;
        Ok(Ok(Run {
            given: is_again.then(RoaringTreemap::new),
            until,
            setup: Arc::clone(setup),
            exchange: exchange.clone(),
            lease,
            feed,
            reconciles: exchange.reconcile || is_anew,
            checkpoint: None,
            counts: RunCounts::default(),
            problems: Vec::new(),
            missing: None,
            set_by_at: self.clock.now(),
        }))
    }

    fn start_run(&self, name: &ListName, lease: Lease) -> Result<Exchange, ExchangeError> {
        let now = self.clock.now();
        self.store.write(now, |tx| {
            let exchange = tx.exchange(name)?.ok_or(ExchangeError::NoExchange)?;
            if !tx.take_lease(exchange.id, lease.0, now.plus_millis(LEASE_MS))? {
                return Err(ExchangeError::Leased);
            }
            let event = EventDraft::new(EventKind::ExchangeStarted, Actor::System)
                .about(exchange.id)
                .with("reconcile", exchange.reconcile);
            Ok(Change::new(exchange).event(event))
        })
    }

    /// The list from where it was left, or from its beginning where that is asked for or its
    /// partner no longer knows the place; whether it is the latter.
    fn feed(
        &self,
        setup: &ExchangeSetup,
        exchange: &Exchange,
    ) -> Result<(Box<dyn Feed>, bool), FeedError> {
        let now = self.clock.now();
        let from = exchange.checkpoint.as_ref().filter(|_| !exchange.reconcile);
        match setup.partner.feed(from, now) {
            Ok(feed) => Ok((feed, false)),
            Err(FeedError::Stale) => Ok((setup.partner.feed(None, now)?, true)),
            Err(error) => Err(error),
        }
    }

    fn answer_of<'a>(&self, response: &'a Response) -> PartnerAnswer<'a> {
        let retry_after = response.headers.get(header::RETRY_AFTER);
        PartnerAnswer {
            status: response.status.as_u16(),
            retry_after: retry_after.and_then(|value| value.to_str().ok()),
            body: &response.body,
            now: self.clock.now(),
        }
    }

    /// Reads an answer and takes its page over.
    fn take_answer(
        &self,
        mut run: Run,
        response: &Response,
    ) -> Result<(Run, Option<Fault>), ExchangeError> {
        let answer = self.answer_of(response);
        let page = match run.feed.answer(&answer) {
            Ok(page) => page,
            Err(error) => {
                let shown = matches!(
                    error,
                    FeedError::Unreadable { .. } | FeedError::Refused { .. }
                );
                let page = shown.then(|| painted_over(&response.body));
                return Ok((run, Some(Fault::Partner(error, page))));
            }
        };
        run.note_problems(&page);
        // A whole run over a list that was read before is a place to go on from only at its end:
        // until then it is not known what the list lacks.
        let checkpoint = page.checkpoint.as_ref();
        let kept = checkpoint.filter(|_| run.given.is_none());
        let applied = self.take_page(&run.exchange, run.lease, &page, kept)?;
        if let Some(given) = &mut run.given {
            let listed = applied.listed.iter();
            given.extend(listed.filter_map(|content| u64::try_from(content.0).ok()));
            // An entry that could not be read this time is on the list all the same.
            let keys = page.set_aside.iter().filter_map(|aside| aside.key.as_ref());
            let (key, exchange) = (&self.list_key, run.exchange.id);
            let known = self.store.read(|reader| {
                let content = |name| reader.entry_content(key, exchange, name);
                keys.map(content).collect::<Result<Vec<_>, StoreError>>()
            })?;
            let known = known.into_iter().flatten();
            given.extend(known.filter_map(|content| u64::try_from(content.0).ok()));
        }
        run.checkpoint = page.checkpoint.or(run.checkpoint);
        run.counts.added += applied.added;
        run.counts.changed += applied.changed;
        run.counts.withdrawn += applied.withdrawn;
        Ok((run, None))
    }

    /// At the end of a whole run: withdraws what the list lacks, unless that is too much to
    /// believe.
    fn finish_whole(&self, mut run: Run) -> Result<Run, ExchangeError> {
        let Some(given) = run.given.take() else {
            return Ok(run);
        };
        let is_given =
            |content: ContentId| u64::try_from(content.0).is_ok_and(|id| given.contains(id));
        let (exchange, until) = (run.exchange.id, run.until);
        let missing = self
            .store
            .read(|reader| reader.entries_unseen(exchange, until, is_given))?;
        let listed = self.store.read(|reader| reader.entries_listed(exchange))?;
        let share_max = u64::from(run.setup.missing_percent_max);
        let too_many = missing.len() as u64 * 100 > listed * share_max
            && missing.len() > MISSING_BELIEVED_MAX
            && missing.len() as u64 > run.exchange.missing_allowed;
        if too_many {
            let missing = missing.len() as u64;
            run.missing = Some(missing);
            self.hold_missing(&run, missing)?;
            return Ok(run);
        }
        let checkpoint = run.checkpoint.as_ref();
        let applied = self.withdraw_missing(&run.exchange, run.lease, &missing, checkpoint)?;
        run.counts.withdrawn += applied.withdrawn;
        Ok(run)
    }

    /// So many missing contents wait for a person.
    fn hold_missing(&self, run: &Run, missing: u64) -> Result<(), ExchangeError> {
        let now = self.clock.now();
        let exchange = run.exchange.id;
        tracing::warn!(exchange = %run.exchange.name, missing, "a list shrank too much: its missing contents stay until a person lets them go");
        self.store.write(now, |tx| {
            if !tx.keep_lease(exchange, run.lease.0, now.plus_millis(LEASE_MS))? {
                return Err(ExchangeError::Leased);
            }
            tx.set_missing(exchange, Some(missing))?;
            tx.advance_exchange(exchange, RunCounts::default(), run.checkpoint.as_ref())?;
            let event = EventDraft::new(EventKind::EntriesTaken, Actor::System)
                .about(exchange)
                .with("missing_held", missing);
            Ok(Change::new(()).event(event))
        })
    }

    fn end_run(
        &self,
        setup: &ExchangeSetup,
        exchange: &Exchange,
        lease: Lease,
        ended: Ended,
    ) -> Result<RunReport, ExchangeError> {
        let now = self.clock.now();
        let is_stale = matches!(&ended.fault, Some(Fault::Partner(FeedError::Stale, _)));
        let next_at = self.next_at(setup, exchange, ended.fault.as_ref(), now);
        let (fault, fault_page) = match ended.fault {
            None => (None, None),
            Some(Fault::Partner(error, page)) => (Some(error.to_string()), page),
            Some(Fault::Silent(error)) => (Some(causes(&error)), None),
        };
        if let Some(fault) = &fault {
            tracing::warn!(exchange = %exchange.name, fault, "a partner's list could not be read to its end");
        }
        let end = RunEnd {
            reconcile: (fault.is_some() && ended.reconcile) || is_stale,
            fault: fault.clone(),
            fault_page,
            problems: ended.problems,
            next_at,
        };
        self.store.write(now, |tx| {
            tx.end_run(exchange.id, lease.0, &end, &self.list_key, &*self.random)?;
            let event = EventDraft::new(EventKind::ExchangeEnded, Actor::System)
                .about(exchange.id)
                .with("added", ended.counts.added)
                .with("changed", ended.counts.changed)
                .with("withdrawn", ended.counts.withdrawn)
                .with("set_aside", ended.counts.set_aside)
                .with("fault", serde_json::json!(fault));
            Ok::<_, ExchangeError>(Change::new(()).event(event))
        })?;
        Ok(RunReport {
            counts: ended.counts,
            fault,
            missing: ended.missing,
        })
    }

    /// When to try again: as often as is set up; after a fault soon, then later and later; never
    /// before the partner wants it; and never all at the same moment.
    fn next_at(
        &self,
        setup: &ExchangeSetup,
        exchange: &Exchange,
        fault: Option<&Fault>,
        now: Timestamp,
    ) -> Timestamp {
        let soon_ms = PAUSE_FIRST_MS.saturating_mul(1 << exchange.failures.min(20));
        let soon_ms = soon_ms.min(setup.every_ms.max(PAUSE_MAX_MS));
        let (wait_ms, not_before) = match fault {
            None => (setup.every_ms, None),
            // A person has to do something first.
            Some(Fault::Partner(FeedError::Denied { .. } | FeedError::Refused { .. }, _)) => {
                (setup.every_ms.max(soon_ms), None)
            }
            Some(Fault::Partner(FeedError::Later { until, .. }, _)) => (soon_ms, *until),
            Some(Fault::Partner(FeedError::Stale, _)) if exchange.failures == 0 => (0, None),
            Some(Fault::Partner(_, _) | Fault::Silent(_)) => (soon_ms, None),
        };
        let mut chance = [0; 2];
        self.random.fill(&mut chance);
        let jitter_ms = wait_ms / 10 * i64::from(u16::from_le_bytes(chance)) / i64::from(u16::MAX);
        let at = now.plus_millis(wait_ms.saturating_add(jitter_ms));
        not_before.map_or(at, |until| at.max(until))
    }
}

/// How a run ended.
struct Ended {
    fault: Option<Fault>,
    counts: RunCounts,
    problems: Vec<String>,
    missing: Option<u64>,
    /// Whether the next run has to begin at the beginning, if this one failed.
    reconcile: bool,
}

impl Ended {
    fn early(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            counts: RunCounts::default(),
            problems: Vec::new(),
            missing: None,
            reconcile: false,
        }
    }
}

impl Run {
    fn note_problems(&mut self, page: &Page) {
        self.counts.set_aside += page.set_aside.len() as u64;
        let room = PROBLEMS_MAX.saturating_sub(self.problems.len());
        let problems = page.set_aside.iter().take(room);
        self.problems
            .extend(problems.map(|aside| format!("entry {}: {}", aside.place, aside.reason)));
    }
}

fn to_send(setup: &ExchangeSetup, request: PartnerRequest) -> Request {
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers {
        // What cannot be sent as a header is left out; the partner then says what is missing.
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value.reveal());
        if let (Ok(name), Ok(mut value)) = (name, value) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    let body = request.body.map(|(content_type, body)| {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Bytes::from(body.0)
    });
    Request {
        method: match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Delete => http::Method::DELETE,
        },
        url: request.url.0,
        headers,
        body: body.unwrap_or_default(),
        reach: setup.reach,
        limits: LIMITS,
    }
}

/// The first part of an answer, with every run of letters and digits painted over that could be
/// a hash, a key or a token.
fn painted_over(body: &[u8]) -> String {
    let shown = &body[..body.len().min(PAGE_SHOWN_BYTES)];
    let text = String::from_utf8_lossy(shown);
    let mut painted = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_alphanumeric() || "+/=_-".contains(c) {
            word.push(c);
            continue;
        }
        let is_plain = word.chars().count() <= WORD_SHOWN_CHARS
            && !(word.len() >= 8 && word.chars().any(|c| c.is_ascii_digit()));
        painted.push_str(if is_plain { &word } else { "▒▒▒" });
        word.clear();
        if c != '\0' {
            painted.push(c);
        }
    }
    painted
}

/// A run that waits longer than this begins anew.
const WAITING_MS_MAX: i64 = 60 * 60 * 1000;
/// A list of a few dozen may lose some of them.
const MISSING_BELIEVED_MAX: usize = 10;
const PROBLEMS_MAX: usize = 20;
const PAGE_SHOWN_BYTES: usize = 4096;
/// Longer than the words of which partners' documents are made.
const WORD_SHOWN_CHARS: usize = 24;
const PAUSE_FIRST_MS: i64 = 30_000;
const PAUSE_MAX_MS: i64 = 60 * 60 * 1000;
const LIMITS: EgressLimits = EgressLimits {
    connect_ms: 15_000,
    total_ms: 120_000,
    response_bytes_max: 64 << 20,
};
