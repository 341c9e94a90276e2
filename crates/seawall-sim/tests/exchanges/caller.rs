//! Somebody who calls a stand-in without a network.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// The caller: a router, and what it sends with every request.
pub(crate) struct Caller {
    router: Router,
    headers: Vec<(&'static str, String)>,
}

/// An answer; its body is `None` where the connection ended within it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<String>,
}

impl Caller {
    pub(crate) fn new(router: Router, headers: &[(&'static str, &str)]) -> Self {
        let owned = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Self {
            router,
            headers: owned.collect(),
        }
    }

    pub(crate) fn basic(router: Router, user: &str) -> Self {
        let encoded = base64::prelude::BASE64_STANDARD.encode(user);
        Self::new(router, &[("authorization", &format!("Basic {encoded}"))])
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "").await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let request = request
            .body(Body::from(body.to_owned()))
            .expect("a request");
        let answer = self.router.clone().oneshot(request).await;
        let (parts, body) = answer.expect("infallible").into_parts();
        let body = body.collect().await.ok().map(|body| body.to_bytes());
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.map(|body| String::from_utf8_lossy(&body).into_owned()),
        }
    }
}

impl Answer {
    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> String {
        let body = self.body.expect("whole");
        assert_eq!(self.status.as_u16(), status, "{body}");
        body
    }

    /// The JSON of an answer with this status.
    #[track_caller]
    pub(crate) fn json(self, status: u16) -> serde_json::Value {
        serde_json::from_str(&self.expect(status)).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
