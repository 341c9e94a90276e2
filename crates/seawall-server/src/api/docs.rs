//! The OpenAPI document, and a page to read it.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};
use utoipa::openapi::path::{Operation, PathItem};

use super::RULES;
use crate::guard::Who;
use crate::openapi::{document, openapi_json};
use crate::problem::{Code, Problem};

/// This document
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "docs", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], openapi_json()).into_response()
}

/// A page to read this document
#[utoipa::path(get, path = "/docs", tag = "docs", responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn page() -> Result<Response, Problem> {
    let document = document();
    let mut entries: Vec<Entry> = document.paths.paths.iter().flat_map(entries_of).collect();
    entries.sort_by(|a, b| (&a.tag, &a.path).cmp(&(&b.tag, &b.path)));
    let page = Docs {
        entries,
        codes: Code::ALL,
    };
    Ok(Html(page.render().map_err(|error| Problem::internal(&error))?).into_response())
}

/// The page's style
#[utoipa::path(get, path = "/docs.css", tag = "docs", responses((status = 200, body = String, content_type = "text/css")))]
pub(crate) async fn style() -> Response {
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    (
        [(header::CONTENT_TYPE, css)],
        include_str!("../../static/docs.css"),
    )
        .into_response()
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    entries: Vec<Entry>,
    codes: &'static [Code],
}

struct Entry {
    tag: String,
    method: &'static str,
    path: String,
    summary: String,
    description: String,
    scope: &'static str,
    statuses: String,
}

fn entries_of((path, item): (&String, &PathItem)) -> Vec<Entry> {
    let operations = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    let entry = |(method, operation): (&'static str, &Option<Operation>)| {
        let operation = operation.as_ref()?;
        let statuses: Vec<&str> = operation
            .responses
            .responses
            .keys()
            .map(String::as_str)
            .collect();
        Some(Entry {
            tag: operation
                .tags
                .iter()
                .flatten()
                .next()
                .cloned()
                .unwrap_or_default(),
            method,
            path: path.clone(),
            summary: operation.summary.clone().unwrap_or_default(),
            description: operation.description.clone().unwrap_or_default(),
            scope: scope_of(method, path),
            statuses: statuses.join(" · "),
        })
    };
    operations.into_iter().filter_map(entry).collect()
}

fn scope_of(method: &str, path: &str) -> &'static str {
    let rule = RULES
        .iter()
        .find(|rule| rule.method == method && rule.path == path);
    match rule.map(|rule| rule.who) {
        Some(Who::Scope(scope)) => scope.name(),
        Some(Who::Anyone) => "open",
        None => "closed",
    }
}
