//! What every answer of the console is sent with.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::fault::Fault;

/// Adds the protecting headers. A cache rule that is already there stays.
pub(super) async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in PROTECTION {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses a form that another site's page sent. The session's cookie and token guard what is
/// done in a session; this guards the forms before there is one.
pub(super) async fn refuse_foreign_posts(request: Request, next: Next) -> Response {
    if *request.method() == Method::POST && is_foreign(request.headers()) {
        return Fault::Foreign.into_response();
    }
    next.run(request).await
}

/// Whether the browser says that the request comes from elsewhere. Programs that are no
/// browsers say nothing.
fn is_foreign(headers: &HeaderMap) -> bool {
    let given = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("unreadable"))
    };
    if let Some(site) = given("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = given("origin") else {
        return false;
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_none() || host != given("host")
}

const PROTECTION: [(&str, &str); 8] = [
    ("content-security-policy", POLICY),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    ),
    ("x-robots-tag", "noindex, nofollow, noimageindex"),
];

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        is_foreign(&headers)
    }

    #[test]
    fn only_forms_of_this_origin_are_taken() {
        assert!(!foreign(&[("host", "127.0.0.1:8480")]));
        assert!(!foreign(&[
            ("host", "127.0.0.1:8480"),
            ("origin", "http://127.0.0.1:8480")
        ]));
        assert!(foreign(&[
            ("host", "127.0.0.1:8480"),
            ("origin", "http://127.0.0.1:8481")
        ]));
        assert!(foreign(&[("host", "127.0.0.1:8480"), ("origin", "null")]));
        assert!(foreign(&[("sec-fetch-site", "cross-site")]));
        assert!(foreign(&[("sec-fetch-site", "same-site")]));
        assert!(!foreign(&[("sec-fetch-site", "same-origin")]));
    }
}
