//! `/audit`: whether the log holds, and its newest events.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use seawall_casework::audit::{AuditError, EventBody, Verified, VerifyError};
use seawall_core::Actor;
use seawall_store::StoreError;

use super::block;
use super::fault::Fault;
use super::page::{Page, Part, html};
use super::session::Visitor;
use super::texts::Texts;
use super::words::Moment;
use crate::App;

/// `GET /audit`
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Fault> {
    let workflow = app.workflow.clone();
    let read = move || -> Result<_, Fault> {
        let store = workflow.store();
        let verified = store.verify_audit();
        // Where the chain is broken, its events may be unreadable: then only the break is shown.
        let newest = store.read(|reader| reader.newest_events(EVENTS_SHOWN));
        Ok((verified, newest.unwrap_or_default()))
    };
    let (verified, newest) = block(read).await?;
    let page =
        Page::new(&app, Texts::english().text("audit-title"), Some(&visitor)).part(Part::Audit);
    Ok(html(&AuditPage::new(page, verified, &newest)?))
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    page: Page,
    holds: bool,
    result: String,
    head: Option<String>,
    events: Vec<EventLine>,
}

/// One event as a line.
pub(super) struct EventLine {
    pub(super) number: u64,
    pub(super) at: Moment,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) subject: String,
}

impl AuditPage {
    fn new(
        page: Page,
        verified: Result<Verified, VerifyError<StoreError>>,
        newest: &[EventBody],
    ) -> Result<Self, Fault> {
        let t = page.t;
        let (holds, result, head) = match verified {
            Ok(Verified { events, head }) => (
                true,
                t.fill("audit-holds", [("events", events.into())]),
                Some(head.to_string()),
            ),
            Err(VerifyError::Broken(error)) => (false, broken(t, &error), None),
            Err(VerifyError::Source(error)) => return Err(error.into()),
        };
        let events = newest
            .iter()
            .map(|event| EventLine::new(t, event, pseudonym(t, event.actor)))
            .collect();
        Ok(Self {
            page,
            holds,
            result,
            head,
            events,
        })
    }
}

impl EventLine {
    pub(super) fn new(t: &Texts, event: &EventBody, who: String) -> Self {
        Self {
            number: event.sequence,
            at: Moment::new(t, event.at),
            what: t.of("event", event.kind.name()),
            who,
            subject: event.subject.clone().unwrap_or_default(),
        }
    }
}

/// Who did something, without a name: an auditor reads acts, not people.
fn pseudonym(t: &Texts, actor: Actor) -> String {
    match actor {
        Actor::System => t.text("actor-system"),
        Actor::Operator => t.text("actor-operator"),
        Actor::User(id) => t.fill("actor-user", [("id", tail(&id.to_string()).into())]),
        Actor::Token(id) => t.fill("actor-token", [("id", tail(&id.to_string()).into())]),
        Actor::Network => t.text("actor-network"),
    }
}

/// The last group of an id: its start is the time and tells few apart.
pub(super) fn tail(id: &str) -> String {
    id.rsplit('-').next().unwrap_or_default().to_owned()
}

fn broken(t: &Texts, error: &AuditError) -> String {
    match error {
        AuditError::Sequence { expected, found } => t.fill(
            "audit-broken-order",
            [("expected", (*expected).into()), ("found", (*found).into())],
        ),
        AuditError::Link { sequence } => {
            t.fill("audit-broken-link", [("event", (*sequence).into())])
        }
        AuditError::Hash { sequence } => {
            t.fill("audit-broken-hash", [("event", (*sequence).into())])
        }
        AuditError::Body { sequence, .. } => {
            t.fill("audit-broken-body", [("event", (*sequence).into())])
        }
        _ => t.text("audit-broken"),
    }
}

const EVENTS_SHOWN: u32 = 100;
