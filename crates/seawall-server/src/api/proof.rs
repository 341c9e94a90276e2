//! Figures and the state of the audit log.

use axum::Json;
use axum::extract::State;
use seawall_casework::audit::VerifyError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

/// The state of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditBody {
    /// How many events there are.
    events: u64,
    /// The newest event's hash. Noted elsewhere, it proves the log's end.
    head: String,
}

/// Figures
///
/// Every number is a sum over audit events; `through_event` names the newest one counted.
#[utoipa::path(
    get, path = "/api/v1/figures", tag = "proof",
    responses((status = 200, body = Object, description = "Counts by kind"))
)]
pub(crate) async fn figures(State(app): State<App>) -> Result<Json<serde_json::Value>, Problem> {
    let figures = app.blocking(|workflow| workflow.figures()).await?;
    Ok(Json(serde_json::json!(figures)))
}

/// Verify the audit log
///
/// Walks the whole chain and holds the database and the vault against it.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "proof",
    responses(
        (status = 200, body = AuditBody),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn audit(State(app): State<App>) -> Result<Json<AuditBody>, Problem> {
    let proof = app
        .blocking(|workflow| match workflow.prove() {
            Ok(proof) => Ok(proof),
            Err(VerifyError::Source(error)) => Err(error.into()),
            Err(error @ VerifyError::Broken(_)) => {
                Err(Problem::new(Code::AuditBroken).detail(error))
            }
        })
        .await?;
    if let Some(gap) = proof.gaps.first() {
        return Err(Problem::new(Code::AuditBroken).detail(gap));
    }
    let verified = proof.chain;
    Ok(Json(AuditBody {
        events: verified.events,
        head: verified.head.to_string(),
    }))
}
