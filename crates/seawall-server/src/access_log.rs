//! One line a request, and an id by which caller and log mean the same one.
//!
//! The line holds no address, no name and no hash: the path is its template, as in
//! `/api/v1/banks/{name}`, and the query is not there at all.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method};
use seawall_core::{Random, TokenId};
use seawall_workflow::SystemRandom;

use crate::config::AccessLog;

/// Put on a response by whoever found out which program asked.
#[derive(Clone, Copy)]
pub(crate) struct AskedBy(pub(crate) TokenId);

/// Gives the request an id, or keeps the caller's, and logs the answer.
pub(crate) async fn log_access(
    State((listener, wanted)): State<(&'static str, AccessLog)>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = own_id(&request).unwrap_or_else(new_id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let status = response.status();
    if wanted.includes(&method, status.is_success() || status.is_redirection()) {
        let token = response.extensions().get::<AskedBy>();
        tracing::info!(
            target: "access",
            listener,
            method = known_name(&method),
            route = route.as_ref().map(MatchedPath::as_str),
            status = status.as_u16(),
            ms = started.elapsed().as_millis() as u64,
            request_id = id.to_str().unwrap_or_default(),
            token = token.map(|AskedBy(token)| token.to_string()),
            "answered"
        );
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

impl AccessLog {
    fn includes(self, method: &Method, went_well: bool) -> bool {
        match self {
            Self::Off => false,
            Self::Changes => !went_well || *method != Method::GET,
            Self::All => true,
        }
    }
}

/// What the caller calls the request, where it cannot be a hash: a UUID, or something shorter
/// than any way of writing one.
fn own_id(request: &Request) -> Option<HeaderValue> {
    let id = request.headers().get(REQUEST_ID)?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let is_short = (1..=ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(is_plain);
    (is_short || is_uuid(id.as_bytes())).then(|| id.clone())
}

/// Source: RFC 9562, sections 4 to 4.2.
fn is_uuid(text: &[u8]) -> bool {
    let is_right = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        14 => (b'1'..=b'8').contains(byte),
        19 => b"89abAB".contains(byte),
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.iter().enumerate().all(is_right)
}

/// A caller may make a method up, of any text.
fn known_name(method: &Method) -> &str {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    match known.contains(method) {
        true => method.as_str(),
        false => "other",
    }
}

/// Differs from every other of this process, and by chance from those of others.
fn new_id() -> HeaderValue {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(|| {
        let mut bytes = [0; 8];
        SystemRandom.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    });
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let text = format!("{process:016x}-{number:x}");
    HeaderValue::from_str(&text).expect("digits and a hyphen are a header")
}

/// MD5, the shortest hash, has 22 characters in base 64 and 32 in hexadecimal digits.
const ID_BYTES_MAX: usize = 20;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use std::sync::{Arc, Mutex};
    use tower::ServiceExt;

    fn router(wanted: AccessLog) -> Router {
        Router::new()
            .route("/banks/{name}", get(|| async { "here" }).post(|| async {}))
            .layer(from_fn_with_state(("api", wanted), log_access))
    }

    async fn ask(router: Router, method: &str, path: &str, id: Option<&str>) -> String {
        let mut request = http::Request::builder().method(method).uri(path);
        if let Some(id) = id {
            request = request.header(REQUEST_ID, id);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("infallible");
        let id = response.headers().get(REQUEST_ID).expect("an id");
        id.to_str().expect("text").to_owned()
    }

    #[tokio::test]
    async fn a_plain_id_is_kept_and_any_other_replaced() {
        let router = router(AccessLog::Off);
        let path = "/banks/A";
        assert_eq!(
            ask(router.clone(), "GET", path, Some("a.B-9_")).await,
            "a.B-9_"
        );
        let uuid = "01234567-89ab-7def-8123-456789abcdef";
        assert_eq!(ask(router.clone(), "GET", path, Some(uuid)).await, uuid);
        let others = ["", "a b", "a\"b"].map(str::to_owned);
        // Hexadecimal digits as many as MD5, SHA-1 and PDQ have, those of MD5 with hyphens, and
        // what MD5 and SHA-256 are in base 64.
        let hashes = [32, 40, 64].map(|digits| "0f".repeat(digits / 2));
        let others = others.into_iter().chain(hashes);
        let others = others.chain(["0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f".to_owned()]);
        let others = others.chain([22, 43].map(|length| "aB9_".repeat(11)[..length].to_owned()));
        let mut ids = vec![ask(router.clone(), "GET", path, None).await];
        for other in others {
            let id = ask(router.clone(), "GET", path, Some(&other)).await;
            assert_ne!(id, other);
            ids.push(id);
        }
        assert!(ids.iter().all(|id| id.len() < 64 && id.contains('-')));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 10);
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("whole").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_template_and_neither_name_nor_query() {
        let lines = Lines::default();
        let into = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || into.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("a runtime").block_on(async {
                let secret = "/banks/SECRET?signal=f00d";
                ask(router(AccessLog::All), "GET", secret, None).await;
                ask(router(AccessLog::Changes), "GET", secret, None).await;
                ask(router(AccessLog::Changes), "POST", secret, Some("own")).await;
                ask(router(AccessLog::Changes), "GET", "/SECRET", None).await;
                ask(
                    router(AccessLog::Changes),
                    "F00D",
                    secret,
                    Some(&"f0".repeat(32)),
                )
                .await;
                ask(router(AccessLog::Off), "POST", secret, None).await;
            });
        });
        let text = String::from_utf8(lines.0.lock().expect("whole").clone()).expect("text");
        assert!(
            ["SECRET", "f00d", "F00D", "f0f0"]
                .iter()
                .all(|secret| !text.contains(secret)),
            "{text}"
        );
        assert!(
            text.contains("/banks/{name}") && text.contains("\"own\""),
            "{text}"
        );
        assert_eq!(text.lines().count(), 4, "{text}");
    }
}
