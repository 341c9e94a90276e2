//! `/queue`: which cases wait, oldest first; rehearsals after real work.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use seawall_casework::case::{CasePurpose, CaseState};
use seawall_core::{Algorithm, CaseId, Timestamp};
use seawall_store::{CaseFilter, CaseRow, Reader, StoreError};
use seawall_workflow::WorkflowError;
use serde::Deserialize;

use super::block;
use super::fault::Fault;
use super::page::{Page, Part, html};
use super::session::{Reviewer, Visitor};
use super::texts::Texts;
use super::words::{Moment, bits, span, visible};
use crate::App;

/// What part of the queue is asked for.
#[derive(Deserialize, Default)]
pub(super) struct Ask {
    #[serde(default)]
    state: String,
    /// The last case of the page before.
    #[serde(default)]
    after: String,
    /// Whether that page had come to the rehearsals.
    #[serde(default)]
    tests: String,
}

/// `GET /`
pub(super) async fn home(visitor: Result<Visitor, Fault>) -> Redirect {
    Redirect::to(visitor.map_or("/queue", |visitor| visitor.home()))
}

/// `GET /queue`
pub(super) async fn show(
    State(app): State<App>,
    Reviewer(visitor): Reviewer,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Response, Fault> {
    let ask = ask.map(|Query(ask)| ask).unwrap_or_default();
    let filter = filter_of(&ask.state);
    let after = ask.after.parse().ok();
    let purpose = if ask.tests.is_empty() {
        CasePurpose::Live
    } else {
        CasePurpose::Test
    };
    let workflow = app.workflow.clone();
    let read = move || {
        let slice = workflow
            .store()
            .read(|reader| Slice::read(reader, filter, Place { purpose, after }));
        slice.map_err(WorkflowError::from)
    };
    let slice = block(read).await?;
    let now = app.workflow.clock().now();
    let page =
        Page::new(&app, Texts::english().text("queue-title"), Some(&visitor)).part(Part::Queue);
    let is_first = after.is_none();
    Ok(html(&QueuePage::new(page, filter, slice, now, is_first)).into_response())
}

/// A place in the queue: live cases come first, then rehearsals, each by age.
#[derive(Clone, Copy)]
struct Place {
    purpose: CasePurpose,
    after: Option<CaseId>,
}

/// One page of the queue as it is kept.
struct Slice {
    rows: Vec<(CaseRow, bool)>,
    next: Option<Place>,
    open: u64,
}

impl Slice {
    fn read(reader: &Reader<'_>, filter: CaseFilter, start: Place) -> Result<Self, StoreError> {
        let mut found: Vec<CaseRow> = Vec::new();
        let mut place = start;
        while found.len() <= PAGE_ROWS {
            let batch = reader.cases(filter, place.after, BATCH_ROWS)?;
            let is_last = batch.len() < BATCH_ROWS as usize;
            place.after = batch.last().map(|row| row.case.id).or(place.after);
            found.extend(
                batch
                    .into_iter()
                    .filter(|row| row.case.purpose == place.purpose),
            );
            match (is_last, place.purpose) {
                (true, CasePurpose::Live) => {
                    place = Place {
                        purpose: CasePurpose::Test,
                        after: None,
                    }
                }
                (true, CasePurpose::Test) => break,
                (false, CasePurpose::Live | CasePurpose::Test) => {}
            }
        }
        let more = found.len() > PAGE_ROWS;
        found.truncate(PAGE_ROWS);
        let last = found.last().filter(|_| more);
        let next = last.map(|row| Place {
            purpose: row.case.purpose,
            after: Some(row.case.id),
        });
        let exact = |row: CaseRow| Ok((is_exact(reader, &row)?, row));
        let rows: Result<Vec<_>, StoreError> = found.into_iter().map(exact).collect();
        let rows = rows?.into_iter().map(|(exact, row)| (row, exact)).collect();
        Ok(Self {
            rows,
            next,
            open: reader.open_cases()?,
        })
    }
}

/// Whether a case's nearest match is the very file. A distance of 0 alone does not tell.
fn is_exact(reader: &Reader<'_>, row: &CaseRow) -> Result<bool, StoreError> {
    if row.nearest.0 > 0 {
        return Ok(false);
    }
    let record = reader.case(row.case.id)?;
    Ok(record.is_some_and(|record| {
        record
            .matches
            .iter()
            .any(|found| found.algorithm != Algorithm::Pdq)
    }))
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    page: Page,
    lead: String,
    tabs: [Tab; 3],
    rows: Vec<Row>,
    empty: Option<(String, String)>,
    next: Option<String>,
    is_first: bool,
    here: &'static str,
}

struct Tab {
    name: String,
    href: &'static str,
    is_current: bool,
}

struct Row {
    href: String,
    item: String,
    is_test: bool,
    state: Option<String>,
    banks: Vec<String>,
    nearest: String,
    channel: String,
    opened: Moment,
    age_name: String,
    age: String,
}

impl QueuePage {
    fn new(page: Page, filter: CaseFilter, slice: Slice, now: Timestamp, is_first: bool) -> Self {
        let t = page.t;
        let rows: Vec<Row> = slice
            .rows
            .iter()
            .map(|(row, exact)| Row::new(t, row, *exact, now))
            .collect();
        let empty = rows.is_empty().then(|| empty(t, filter));
        let next = slice.next.and_then(|place| {
            let tests = if place.purpose == CasePurpose::Test {
                "&tests=1"
            } else {
                ""
            };
            place
                .after
                .map(|after| format!("{}&after={after}{tests}", address(filter)))
        });
        let tab = |name: &str, of| Tab {
            name: t.text(name),
            href: address(of),
            is_current: of == filter,
        };
        Self {
            lead: t.fill("queue-lead", [("open", slice.open.into())]),
            tabs: [
                tab("queue-tab-open", CaseFilter::Open),
                tab("queue-tab-decided", CaseFilter::Decided),
                tab("queue-tab-all", CaseFilter::All),
            ],
            here: address(filter),
            rows,
            empty,
            next,
            is_first,
            page,
        }
    }
}

impl Row {
    fn new(t: &Texts, row: &CaseRow, exact: bool, now: Timestamp) -> Self {
        let age = span(t, now.millis_since(row.case.opened_at));
        let (state, age_name, age) = match &row.case.state {
            CaseState::Open => (None, t.text("queue-waiting"), age),
            CaseState::Decided(decision) => {
                let verdict = t.of("verdict", decision.finding.verdict.name());
                (
                    Some(verdict),
                    t.text("queue-opened"),
                    t.fill("span-ago", [("span", age.into())]),
                )
            }
        };
        Self {
            href: format!("/cases/{}", row.case.id),
            item: visible(&row.item_id),
            is_test: row.case.purpose == CasePurpose::Test,
            state,
            banks: row.banks.clone(),
            nearest: if exact {
                t.text("distance-exact-short")
            } else {
                bits(t, row.nearest.0)
            },
            channel: t.of("channel", row.case.channel.name()),
            opened: Moment::new(t, row.case.opened_at),
            age_name,
            age,
        }
    }
}

fn empty(t: &Texts, filter: CaseFilter) -> (String, String) {
    match filter {
        CaseFilter::Open => (t.text("queue-empty-open"), t.text("queue-empty-open-text")),
        CaseFilter::Decided => (
            t.text("queue-empty-decided"),
            t.text("queue-empty-decided-text"),
        ),
        CaseFilter::All => (t.text("queue-empty-all"), t.text("queue-empty-all-text")),
    }
}

fn filter_of(state: &str) -> CaseFilter {
    match state {
        "decided" => CaseFilter::Decided,
        "all" => CaseFilter::All,
        _ => CaseFilter::Open,
    }
}

fn address(filter: CaseFilter) -> &'static str {
    match filter {
        CaseFilter::Open => "/queue?state=open",
        CaseFilter::Decided => "/queue?state=decided",
        CaseFilter::All => "/queue?state=all",
    }
}

const PAGE_ROWS: usize = 50;
const BATCH_ROWS: u32 = 200;
