//! The OpenAPI document, made from the handlers.

use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

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

pub(crate) fn document() -> utoipa::openapi::OpenApi {
    api::routes().to_openapi()
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
