//! The OpenAPI document, made from the handlers.

use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, OpenApi as Document, Ref, RefOr, Required, Response, ResponseBuilder,
};

use crate::guard::{Rule, Who};
use crate::{api, hma};

/// The document as pretty JSON. `schemas/openapi.json` is this text; a test compares them.
///
/// # Panics
/// Never: the document is made of values that JSON can write.
#[must_use]
pub fn openapi_json() -> String {
    let mut text = document()
        .to_pretty_json()
        .expect("OpenAPI documents are JSON");
    text.push('\n');
    text
}

/// The document of the interface for clients of HMA. `schemas/hma-openapi.json` is this text.
#[must_use]
pub fn hma_openapi_json() -> String {
    hma::document_text().to_owned()
}

pub(crate) fn document() -> Document {
    let mut document = api::routes().to_openapi();
    let failure = failure("ProblemBody", "application/problem+json");
    complete(&mut document, api::RULES, &failure);
    for path in MAY_BE_EMPTY {
        let operation = document.paths.paths.get_mut(path);
        let operation = operation.and_then(|item| item.post.as_mut());
        let body = operation.and_then(|operation| operation.request_body.as_mut());
        if let Some(RefOr::T(body)) = body {
            body.required = Some(Required::False);
        }
    }
    document
}

/// Where no body is an empty one: a file without bytes, which is refused or asked about as any
/// other, and a list without rows.
const MAY_BE_EMPTY: [&str; 2] = ["/api/v1/scans", "/api/v1/banks/{name}/import"];

/// A failure whose body is this component.
pub(crate) fn failure(body: &str, content_type: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body)));
    ResponseBuilder::new()
        .description("A failure of another kind")
        .content(content_type, content.build())
        .build()
}

/// Says of each operation that is open that it needs no token, and of the others how they fail
/// beside what they say themselves.
pub(crate) fn complete(document: &mut Document, rules: &[Rule], failure: &Response) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let is_its = |rule: &&Rule| rule.path == path && rule.method == method;
            if rules.iter().find(is_its).map(|rule| rule.who) == Some(Who::Anyone) {
                operation.security = Some(Vec::new());
            } else {
                let responses = &mut operation.responses.responses;
                responses.insert("default".to_owned(), failure.clone().into());
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What the document says beside its paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Seawall native API",
        description = "Scan uploads against banks of known hashes, keep banks, follow cases. \
            Answers are for the platform alone: a match, a distance or a bank's name is never \
            shown to the uploader. Errors are problem documents (RFC 9457) with stable codes.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
pub(crate) struct Frame;

/// How callers say who they are.
pub(crate) struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", scheme);
    }
}
