//! `/cases/{case}`: the evidence first; the picture only after somebody asks for it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use seawall_casework::audit::EventBody;
use seawall_core::{Actor, CaseId, RevealId, UserId};
use seawall_store::StoreError;
use seawall_workflow::{CaseFile, WorkflowError};
use serde::Deserialize;

use super::audit::tail;
use super::case_view::{CaseView, Seen};
use super::decision::{DecisionForm, DecisionInput};
use super::fault::Fault;
use super::page::{Page, Part, html_with};
use super::session::{Reviewer, Visitor};
use super::texts::Texts;
use super::{Console, block};

/// What the address says beside the case.
#[derive(Deserialize, Default)]
pub(super) struct Ask {
    #[serde(default)]
    shown: String,
}

/// `GET /cases/{case}`
pub(super) async fn show(
    State(console): State<Console>,
    Path(case): Path<String>,
    Reviewer(visitor): Reviewer,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Response, Fault> {
    let case: CaseId = case.parse().map_err(|_| Fault::NotFound)?;
    let shown = ask.ok().and_then(|Query(ask)| ask.shown.parse().ok());
    page(&console, &visitor, case, shown, Filled::default()).await
}

/// A decision form that was sent and not taken, to be shown again.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) input: DecisionInput,
    /// What to do about it; none where the form is fresh.
    pub(super) complaints: Vec<String>,
}

/// The page of a case.
pub(super) async fn page(
    console: &Console,
    visitor: &Visitor,
    case: CaseId,
    shown: Option<RevealId>,
    filled: Filled,
) -> Result<Response, Fault> {
    let workflow = console.app.workflow.clone();
    let record = block(move || -> Result<_, Fault> {
        let file = workflow.case_file(case)?.ok_or(Fault::NotFound)?;
        let more = workflow.store().read(|reader| More::read(reader, &file));
        Ok((file, more.map_err(WorkflowError::from)?))
    });
    let (file, more) = record.await?;
    let asker = visitor.asks_for(case, &console.app);
    let seen = Seen {
        now: asker.now,
        reader: visitor.user.id,
        shown: shown.and_then(|reveal| Some((reveal, console.tickets.peek(reveal, asker)?))),
    };
    let mode = seen.shown.map(|(_, mode)| mode);
    let t = Texts::english();
    let receiver = console.app.workflow.receiver();
    let status = if filled.complaints.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = CasePage {
        page: Page::new(&console.app, t.text("case-title"), Some(visitor)).part(Part::Queue),
        form: DecisionForm::new(t, &file, receiver.as_deref(), mode, filled),
        view: CaseView::new(t, &file, &more, seen, receiver.as_deref()),
    };
    Ok(html_with(status, &page))
}

/// What the page says beside the case's own file.
pub(super) struct More {
    /// The names of people, by id.
    names: HashMap<UserId, String>,
    /// What happened to the report.
    pub(super) report_events: Vec<EventBody>,
}

impl More {
    pub(super) fn read(
        reader: &seawall_store::Reader<'_>,
        file: &CaseFile,
    ) -> Result<Self, StoreError> {
        let users = reader.users()?;
        let report_events = match &file.report {
            Some(report) => reader.events_about(&report.id.to_string())?,
            None => Vec::new(),
        };
        Ok(Self {
            names: users.into_iter().map(|user| (user.id, user.name)).collect(),
            report_events,
        })
    }

    /// The person's name; the end of the id where it is not known.
    pub(super) fn name(&self, id: UserId) -> String {
        self.names
            .get(&id)
            .cloned()
            .unwrap_or_else(|| tail(&id.to_string()))
    }

    /// Who did something, by name: colleagues know each other.
    pub(super) fn actor(&self, t: &Texts, actor: Actor) -> String {
        match actor {
            Actor::System => t.text("actor-system"),
            Actor::Operator => t.text("actor-operator"),
            Actor::User(id) => self.name(id),
            Actor::Token(id) => t.fill("actor-token", [("id", tail(&id.to_string()).into())]),
            Actor::Network => t.text("actor-network"),
        }
    }
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    page: Page,
    view: CaseView,
    form: Option<DecisionForm>,
}
