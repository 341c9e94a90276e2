//! The public listener: for now a page that says what this is, and health.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};

use crate::problem::{Code, Problem};
use crate::state::App;

/// The public routes. They log neither addresses nor user agents.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(landing))
        .route("/healthz", get(|| async { "ok" }))
        .route("/public.css", get(style))
        .fallback(|| async { Problem::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::NotAllowed) })
        .with_state(app)
}

#[derive(Template)]
#[template(path = "public.html")]
struct Landing<'a> {
    provider: &'a str,
    drill: bool,
}

async fn landing(State(app): State<App>) -> Result<Response, Problem> {
    let page = Landing {
        provider: &app.face.provider,
        drill: app.face.drill,
    };
    let html = page.render().map_err(|error| Problem::internal(&error))?;
    Ok(Html(html).into_response())
}

async fn style() -> Response {
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    (
        [(header::CONTENT_TYPE, css)],
        include_str!("../static/public.css"),
    )
        .into_response()
}
