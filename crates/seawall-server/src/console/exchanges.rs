//! `/exchanges`: partners' lists, how each goes, what waits for a person.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use seawall_core::ContentId;
use seawall_exchange::feed::Fingerprint;
use seawall_store::{ListName, StoredEntry};
use seawall_workflow::{ExchangeError, ExchangeStatus, Workflow};
use serde::Deserialize;

use super::block;
use super::exchange_view::ExchangeView;
use super::fault::Fault;
use super::page::{Page, Part, html};
use super::session::{Admin, Visitor};
use super::texts::Texts;
use super::words::{Moment, visible};
use crate::App;

/// `GET /exchanges`
pub(super) async fn list(State(app): State<App>, visitor: Visitor) -> Result<Response, Fault> {
    let workflow = app.workflow.clone();
    let statuses = block(move || workflow.exchange_statuses().map_err(Fault::from)).await?;
    let (t, now) = (Texts::english(), app.workflow.clock().now());
    let stale = statuses.iter().filter(|status| status.is_stale(now));
    let stale = ("stale", stale.count().into());
    Ok(html(&ExchangesPage {
        page: page(&app, &visitor, t.text("exchanges-title")),
        lead: t.fill("exchanges-lead", [stale]),
        exchanges: statuses
            .iter()
            .map(|status| ExchangeView::new(t, status, now, &app.face))
            .collect(),
    }))
}

/// `GET /exchanges/{exchange}`
pub(super) async fn show(
    State(app): State<App>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (t, now) = (Texts::english(), app.workflow.clock().now());
    let (name, workflow) = (named(&name)?, app.workflow.clone());
    let read = move || -> Result<_, Fault> {
        let status = status(&workflow, &name)?;
        let has_page = workflow.exchange_fault_page(&name)?.is_some();
        Ok((status, has_page))
    };
    let (status, has_page) = block(read).await?;
    Ok(html(&ExchangePage {
        page: page(&app, &visitor, t.text("exchange-title")),
        view: ExchangeView::new(t, &status, now, &app.face),
        has_page,
    }))
}

/// What the address says beside the exchange.
#[derive(Deserialize)]
pub(super) struct Ask {
    after: i64,
}

/// `GET /exchanges/{exchange}/held`
pub(super) async fn held(
    State(app): State<App>,
    Path(name): Path<String>,
    Admin(visitor): Admin,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Response, Fault> {
    let after = ask.ok().map(|Query(ask)| ContentId(ask.after));
    let (t, name, workflow) = (Texts::english(), named(&name)?, app.workflow.clone());
    let exchange = name.to_string();
    let read = move || {
        let after = after.unwrap_or(ContentId(0));
        let entries = workflow.held_entries(&name, after, PAGE_ENTRIES + 1);
        entries.map_err(Fault::from)
    };
    let mut entries = block(read).await?;
    let has_more = entries.len() > PAGE_ENTRIES as usize;
    entries.truncate(PAGE_ENTRIES as usize);
    let last = entries.last().filter(|_| has_more);
    Ok(html(&HeldPage {
        page: page(&app, &visitor, t.text("held-title")),
        next: last.map(|(content, _)| format!("/exchanges/{exchange}/held?after={content}")),
        is_first: after.is_none(),
        entries: entries
            .iter()
            .map(|(content, entry)| HeldEntry::new(t, *content, entry))
            .collect(),
        exchange,
    }))
}

/// `GET /exchanges/{exchange}/page`
pub(super) async fn raw(
    State(app): State<App>,
    Path(name): Path<String>,
    Admin(visitor): Admin,
) -> Result<Response, Fault> {
    let (t, name, workflow) = (Texts::english(), named(&name)?, app.workflow.clone());
    let exchange = name.to_string();
    let found = block(move || workflow.exchange_fault_page(&name).map_err(Fault::from)).await?;
    let lines = found.ok_or(Fault::NotFound)?;
    // Line ends stay line ends; every other character that shows nothing gets a name.
    let lines: Vec<String> = lines.lines().map(visible).collect();
    Ok(html(&RawPage {
        page: page(&app, &visitor, t.text("raw-title")),
        exchange,
        text: lines.join("\n"),
    }))
}

/// A name as it stands in an address.
pub(super) fn named(name: &str) -> Result<ListName, Fault> {
    name.parse().map_err(|_| Fault::NotFound)
}

/// How the exchange of this name goes.
pub(super) fn status(workflow: &Workflow, name: &ListName) -> Result<ExchangeStatus, Fault> {
    let statuses = workflow.exchange_statuses()?;
    let mut statuses = statuses.into_iter();
    let found = statuses.find(|status| status.exchange.name == *name);
    found.ok_or(Fault::NotFound)
}

fn page(app: &App, visitor: &Visitor, title: String) -> Page {
    Page::new(app, title, Some(visitor)).part(Part::Exchanges)
}

impl From<ExchangeError> for Fault {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::NoExchange => Self::NotFound,
            ExchangeError::Workflow(error) => Self::Internal(error),
            // What the page offered is not so any more.
            _ => Self::Changed,
        }
    }
}

#[derive(Template)]
#[template(path = "exchanges.html")]
struct ExchangesPage {
    page: Page,
    lead: String,
    exchanges: Vec<ExchangeView>,
}

#[derive(Template)]
#[template(path = "exchange.html")]
struct ExchangePage {
    page: Page,
    view: ExchangeView,
    /// Whether there is an answer that could not be read.
    has_page: bool,
}

#[derive(Template)]
#[template(path = "exchange_held.html")]
struct HeldPage {
    page: Page,
    exchange: String,
    entries: Vec<HeldEntry>,
    is_first: bool,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "exchange_page.html")]
struct RawPage {
    page: Page,
    exchange: String,
    text: String,
}

/// An entry with hashes that are held back. It shows no value and no key, which may hold one.
struct HeldEntry {
    content: ContentId,
    title: String,
    owner: String,
    class: String,
    added: Moment,
    reasons: Vec<String>,
}

impl HeldEntry {
    fn new(t: &Texts, content: ContentId, stored: &StoredEntry) -> Self {
        let entry = &stored.entry;
        let reasons = stored.prints.iter().filter_map(|print| {
            let why = t.of("held", print.held?.name());
            let kind = kind_of(t, &print.fingerprint);
            Some(t.fill("held-reason", [("kind", kind.into()), ("why", why.into())]))
        });
        let said =
            |text: &Option<String>, key: &str| text.as_deref().map_or_else(|| t.text(key), visible);
        let number = content.0.to_string();
        Self {
            content,
            title: t.fill("match-content", [("content", number.into())]),
            owner: said(&entry.owner, "held-owner-partner"),
            class: said(&entry.class, "held-class-none"),
            added: Moment::new(t, stored.added_at),
            reasons: reasons.collect(),
        }
    }
}

fn kind_of(t: &Texts, print: &Fingerprint) -> String {
    match print {
        Fingerprint::Hash { hash, .. } => t.of("algorithm", hash.algorithm().name()),
        Fingerprint::Other { kind, .. } => visible(kind),
    }
}

const PAGE_ENTRIES: u32 = 50;
