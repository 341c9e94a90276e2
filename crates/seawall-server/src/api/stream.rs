//! `GET /api/v1/matches/stream`: matches as they come.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use seawall_workflow::OpenedCase;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use super::scans::{MatchBody, bodies};
use crate::problem::ProblemBody;
use crate::state::App;

/// One upload that matched, in the `data` of an event called `match`.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchEvent {
    /// The case that it opened.
    #[schema(value_type = String)]
    case_id: seawall_core::CaseId,
    /// The platform's own id of the item.
    item_id: String,
    /// When, in UTC.
    #[schema(value_type = String)]
    at: seawall_core::Timestamp,
    /// Whether it is a rehearsal.
    test: bool,
    /// Nearest first.
    matches: Vec<MatchBody>,
}

impl From<OpenedCase> for MatchEvent {
    fn from(opened: OpenedCase) -> Self {
        Self {
            case_id: opened.case_id,
            item_id: opened.item_id,
            at: opened.at,
            test: opened.test,
            matches: bodies(opened.matches),
        }
    }
}

/// Follow new matches
///
/// Server-sent events, from now on: one called `match` for every upload that opens a case, and
/// one called `missed` with a number where a caller was too slow for so many. What came before,
/// and what was missed, is in `/api/v1/cases`. The stream ends when the server does.
#[utoipa::path(
    get, path = "/api/v1/matches/stream", tag = "cases",
    responses(
        (status = 200, description = "Events, each with one of these as its data", body = MatchEvent, content_type = "text/event-stream"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn follow_matches(
    State(app): State<App>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let following = (app.workflow.opened_cases(), app.stopped.clone());
    let events = unfold(following, |(mut opened, mut stopped)| async move {
        let received = tokio::select! {
            // An error means that the server is gone, which is an end as well.
            _ = stopped.wait_for(|stopped| *stopped) => return None,
            received = opened.recv() => received,
        };
        let event = match received {
            Ok(case) => Event::default()
                .event("match")
                .id(case.case_id.to_string())
                .json_data(MatchEvent::from(case)),
            Err(RecvError::Lagged(count)) => Event::default().event("missed").json_data(count),
            Err(RecvError::Closed) => return None,
        };
        // Values of these kinds are always JSON.
        let event = event.unwrap_or_default();
        Some((Ok(event), (opened, stopped)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
