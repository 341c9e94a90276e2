//! Whether the server is alive, and what it serves.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use utoipa::openapi::OpenApi;

use crate::openapi;
use crate::state::App;

/// To the status page
#[utoipa::path(get, path = "/", tag = "status", responses((status = 302, description = "To /status")))]
pub(super) async fn root() -> Response {
    see("/status")
}

/// Ready
///
/// The index is in memory before the server listens; what is asked is whether the database, from
/// which it is kept fresh, answers.
#[utoipa::path(
    get, path = "/status", tag = "status",
    responses(
        (status = 200, body = String, content_type = "text/html", description = "I-AM-ALIVE"),
        (status = 503, body = String, content_type = "text/html", description = "INDEX-STALE"),
    )
)]
pub(super) async fn status(State(app): State<App>) -> Response {
    let answers = app.blocking(|workflow| workflow.store().read(|reader| reader.head()));
    match answers.await {
        Ok(_) => Html("I-AM-ALIVE").into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Html("INDEX-STALE")).into_response(),
    }
}

/// Alive
#[utoipa::path(
    get, path = "/status/live", tag = "status",
    responses((status = 200, body = String, content_type = "text/html", description = "I-AM-ALIVE"))
)]
pub(super) async fn live() -> Html<&'static str> {
    Html("I-AM-ALIVE")
}

/// What is served
#[utoipa::path(get, path = "/site-map", tag = "status", responses((status = 200, body = Vec<String>)))]
pub(super) async fn site_map() -> Json<&'static [String]> {
    Json(&SITE_MAP)
}

/// This document
#[utoipa::path(get, path = "/openapi/openapi.json", tag = "status", responses((status = 200, body = Object)))]
pub(super) async fn openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], DOCUMENT.as_str()).into_response()
}

/// To this document
#[utoipa::path(get, path = "/openapi/", tag = "status", responses((status = 302, description = "To /openapi/openapi.json")))]
pub(super) async fn openapi_index() -> Response {
    see("/openapi/openapi.json")
}

/// To this document
#[utoipa::path(get, path = "/openapi/swagger", tag = "status", responses((status = 302, description = "To /openapi/openapi.json")))]
pub(super) async fn openapi_page() -> Response {
    see("/openapi/openapi.json")
}

/// The document as pretty JSON. `schemas/hma-openapi.json` is this text.
pub(crate) fn document_text() -> &'static str {
    &DOCUMENT
}

fn see(path: &'static str) -> Response {
    let place = HeaderValue::from_static(path);
    (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
}

/// Addresses in the notation of HMA, in order.
fn templates(document: &OpenApi) -> Vec<String> {
    let paths = document.paths.paths.keys();
    let mut templates: Vec<String> = paths
        .map(|path| path.replace('{', "<").replace('}', ">"))
        .collect();
    templates.sort();
    templates
}

static SITE_MAP: LazyLock<Vec<String>> = LazyLock::new(|| templates(&super::routes().to_openapi()));

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document = super::routes().to_openapi();
    let failure = openapi::failure("FaultBody", "application/json");
    openapi::complete(&mut document, super::RULES, &failure);
    let mut text = document
        .to_pretty_json()
        .expect("OpenAPI documents are JSON");
    text.push('\n');
    text
});
