//! `GET /api/v1/matches/stream`: matches as they come.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::sse::{Event, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use seawall_core::TokenId;
use seawall_workflow::OpenedCase;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use super::scans::{MatchBody, bodies};
use crate::guard::Caller;
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
/// and what was missed, is in `/api/v1/cases`. The stream ends when the server does, and when
/// the token is revoked or expires.
#[utoipa::path(
    get, path = "/api/v1/matches/stream", tag = "cases",
    responses(
        (status = 200, description = "Events, each with one of these as its data", body = MatchEvent, content_type = "text/event-stream"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn follow_matches(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(events(app, caller.0.id))
}

/// Events for whoever has this token, until it is valid no more. That is asked before each of
/// them: the stream may be open for weeks.
fn events(app: App, token: TokenId) -> impl Stream<Item = Result<Event, Infallible>> {
    let following = (app.workflow.opened_cases(), app.stopped.clone(), app);
    unfold(
        following,
        move |(mut opened, mut stopped, app)| async move {
            let event = tokio::select! {
                // An error means that the server is gone, which is an end as well.
                _ = stopped.wait_for(|stopped| *stopped) => return None,
                received = opened.recv() => event_of(received)?,
                () = tokio::time::sleep(KEEP_ALIVE) => Event::default().comment(""),
            };
            is_valid(&app, token)
                .await
                .then_some((Ok(event), (opened, stopped, app)))
        },
    )
}

/// `None` where there will be no other.
fn event_of(received: Result<OpenedCase, RecvError>) -> Option<Event> {
    let event = match received {
        Ok(case) => Event::default()
            .event("match")
            .id(case.case_id.to_string())
            .json_data(MatchEvent::from(case)),
        Err(RecvError::Lagged(count)) => Event::default().event("missed").json_data(count),
        Err(RecvError::Closed) => return None,
    };
    // Values of these kinds are always JSON.
    Some(event.unwrap_or_default())
}

/// Where it cannot be asked, nobody is told anything.
async fn is_valid(app: &App, token: TokenId) -> bool {
    let valid = app.blocking(move |workflow| workflow.is_token_valid(token));
    valid.await.unwrap_or(false)
}

/// How long a stream is silent: proxies close what is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture::Fixture;
    use futures_util::StreamExt as _;
    use seawall_core::{Actor, Clock as _};
    use seawall_store::Scope;
    use std::pin::pin;
    use tokio::sync::watch;

    fn token(fixture: &Fixture, expires_at: Option<seawall_core::Timestamp>) -> TokenId {
        let (workflow, scopes) = (&fixture.app.workflow, [Scope::CasesRead].into());
        let made = workflow.create_token("follower", scopes, expires_at, Actor::Operator);
        made.expect("a token").0
    }

    /// A server that is not asked to stop while the sender is there.
    fn running(fixture: &Fixture) -> (App, watch::Sender<bool>) {
        let (stopper, stopped) = watch::channel(false);
        let app = fixture.app.clone();
        (App { stopped, ..app }, stopper)
    }

    // The clock of these tests stands still while there is anything to do, and jumps to the
    // next deadline where there is not.

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_is_kept_alive_until_its_token_is_revoked() {
        let fixture = Fixture::new();
        let (revoked, other) = (token(&fixture, None), token(&fixture, None));
        let (app, _stopper) = running(&fixture);
        let mut ending = pin!(events(app.clone(), revoked));
        let mut staying = pin!(events(app, other));
        for _ in 0..3 {
            assert!(ending.next().await.is_some() && staying.next().await.is_some());
        }
        let workflow = &fixture.app.workflow;
        workflow
            .revoke_token(revoked, Actor::Operator)
            .expect("it is known");
        assert!(ending.next().await.is_none());
        assert!(staying.next().await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_token_does() {
        let fixture = Fixture::new();
        let end = fixture.clock.now().plus_millis(60_000);
        let (app, _stopper) = running(&fixture);
        let mut events = pin!(events(app, token(&fixture, Some(end))));
        fixture.clock.advance_ms(59_999);
        assert!(events.next().await.is_some());
        fixture.clock.advance_ms(1);
        assert!(events.next().await.is_none());
    }
}
