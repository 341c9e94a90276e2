//! `/cases/{case}/reveals`: looking, which is recorded before anything is shown.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header;
use seawall_core::{CaseId, RevealId};
use seawall_store::RevealMode;
use seawall_workflow::RevealError;

use super::body::Posted;
use super::fault::Fault;
use super::session::Reviewer;
use super::tickets::Ticket;
use super::{Console, block};

/// `POST /cases/{case}/reveals`
pub(super) async fn record(
    State(console): State<Console>,
    Path(case): Path<String>,
    posted: Posted<Reviewer>,
) -> Result<Redirect, Fault> {
    let case: CaseId = case.parse().map_err(|_| Fault::NotFound)?;
    let mode = RevealMode::from_name(posted.fields.one("mode")).ok_or(Fault::Form)?;
    let Reviewer(visitor) = posted.by;
    let (workflow, user) = (console.app.workflow.clone(), visitor.user.id);
    let reveal = block(move || workflow.record_reveal(case, user, mode))
        .await
        .map_err(fault)?;
    let session = visitor.session.secret_hash;
    console.tickets.issue(
        reveal.id,
        Ticket {
            session,
            case,
            mode,
            at: reveal.at,
        },
    );
    Ok(Redirect::to(&format!("/cases/{case}?shown={}", reveal.id)))
}

/// `GET /cases/{case}/reveals/{reveal}`
pub(super) async fn picture(
    State(console): State<Console>,
    Path((case, reveal)): Path<(String, String)>,
    Reviewer(visitor): Reviewer,
) -> Result<Response, Fault> {
    let case: CaseId = case.parse().map_err(|_| Fault::NotFound)?;
    let reveal: RevealId = reveal.parse().map_err(|_| Fault::NotFound)?;
    let asker = visitor.asks_for(case, &console.app);
    console.tickets.take(reveal, asker).ok_or(Fault::Gone)?;
    let png = console
        .app
        .workflow
        .draw_reveal(case, reveal)
        .await
        .map_err(fault)?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/png"),
            (header::CONTENT_DISPOSITION, "inline"),
        ],
        png,
    )
        .into_response())
}

fn fault(error: RevealError) -> Fault {
    match error {
        RevealError::NoCase => Fault::NotFound,
        RevealError::NotDrawn(_) => Fault::NotDrawn,
        RevealError::Workflow(error) => error.into(),
        _ => Fault::Form,
    }
}
