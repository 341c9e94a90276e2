//! Health, readiness and metrics.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use seawall_store::StoreError;

use crate::problem::{Code, Problem};
use crate::state::App;

/// Alive
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String)))]
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// Ready
///
/// The database answers.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = String), (status = 503)))]
pub(crate) async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    let answers = app
        .blocking(|workflow| workflow.store().read(|reader| reader.head()))
        .await;
    answers
        .map(|_| "ready")
        .map_err(|_| Problem::new(Code::NotReady))
}

/// Metrics
///
/// In the text form of OpenMetrics.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let read = app.blocking(|workflow| {
        let counts = workflow.store().read(|reader| {
            Ok::<_, StoreError>((reader.open_cases()?, reader.waiting_messages()?))
        })?;
        Ok::<_, StoreError>((counts, workflow.exchange_statuses()?))
    });
    let ((open_cases, waiting), exchanges) = read.await?;
    let now = app.workflow.clock().now();
    let kind =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok((
        [(header::CONTENT_TYPE, kind)],
        app.metrics.render(open_cases, waiting, &exchanges, now),
    )
        .into_response())
}
