//! What every stand-in for a list has in common: it counts requests, asks the hook, keeps the
//! service's clock, and makes answers go wrong.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use http_body_util::{Full, Limited};
use seawall_core::{Clock, Timestamp};

use crate::fault::{Asked, Call, Fault, Hook};
use crate::gate::Gate;
use crate::{STAND_IN_HEADER, source::Source};

/// A stand-in with a desk.
pub(crate) trait AtDesk: Send + Sync + 'static {
    /// Its desk.
    fn desk(&self) -> &Desk;
}

/// What is done at the desk of a stand-in whose field `desk` it is.
macro_rules! at_desk {
    ($stand_in:ty) => {
        impl $crate::desk::AtDesk for $stand_in {
            fn desk(&self) -> &$crate::desk::Desk {
                &self.desk
            }
        }

        impl $stand_in {
            /// Sets or removes what makes requests fail.
            pub fn set_hook(&self, hook: Option<$crate::fault::Hook>) {
                self.desk.set_hook(hook);
            }

            /// Puts the service's clock ahead of the given one by so many milliseconds, or
            /// behind it.
            pub fn set_skew_ms(&self, ms: i64) {
                self.desk.set_skew_ms(ms);
            }

            /// What slow answers pass.
            #[must_use]
            pub fn gate(&self) -> &$crate::Gate {
                &self.desk.gate
            }

            /// How many requests came.
            #[must_use]
            pub fn requests(&self) -> u64 {
                self.desk.requests()
            }
        }
    };
}
pub(crate) use at_desk;

/// The desk.
pub(crate) struct Desk {
    name: &'static str,
    clock: Arc<dyn Clock>,
    skew_ms: AtomicI64,
    stands_still: AtomicBool,
    hook: Mutex<Option<Hook>>,
    requests: AtomicU64,
    pub(crate) gate: Gate,
}

/// One answer before anything goes wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self {
            status,
            content_type,
            body: body.into(),
        }
    }

    pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }
}

impl Desk {
    pub(crate) fn new(name: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self {
            name,
            clock,
            skew_ms: AtomicI64::new(0),
            stands_still: AtomicBool::new(false),
            hook: Mutex::new(None),
            requests: AtomicU64::new(0),
            gate: Gate::new(),
        }
    }

    /// The time by the service's clock.
    pub(crate) fn now(&self) -> Timestamp {
        let skew = self.skew_ms.load(Ordering::SeqCst);
        self.clock.now().plus_millis(skew)
    }

    /// The time that a change of `source` gets.
    pub(crate) fn stamp<K: Ord, V>(&self, source: &Source<K, V>) -> Timestamp {
        match source.newest() {
            Some(newest) if self.stands_still.load(Ordering::SeqCst) => newest,
            Some(_) | None => self.now(),
        }
    }

    pub(crate) fn set_hook(&self, hook: Option<Hook>) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = hook;
    }

    pub(crate) fn set_skew_ms(&self, ms: i64) {
        self.skew_ms.store(ms, Ordering::SeqCst);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Counts a request and asks how it goes wrong.
    fn ask(&self, call: Call) -> Fault {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let hook = {
            let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner);
            hook.clone()
        };
        let fault = hook.map_or(Fault::None, |hook| hook(&Asked { number, call }));
        if let Fault::ClockSkew { ms } = fault {
            self.set_skew_ms(ms);
        }
        let stands_still = fault == Fault::SameSecond;
        self.stands_still.store(stands_still, Ordering::SeqCst);
        fault
    }

    /// What is answered where nothing is done.
    fn refusal(&self, fault: Fault) -> Option<Response> {
        match fault {
            Fault::HtmlPage => Some(page(StatusCode::OK)),
            Fault::Unavailable => Some(page(StatusCode::SERVICE_UNAVAILABLE)),
            Fault::TooManyRequests { after_s } => Some(too_many(after_s.to_string())),
            Fault::TooManyRequestsUntil { after_s } => {
                let until = self.now().plus_millis(i64::from(after_s) * 1000);
                Some(too_many(http_date(until)))
            }
            Fault::DropBefore => Some(Response::new(broken_body())),
            Fault::None
            | Fault::OutOfOrder
            | Fault::SameSecond
            | Fault::RepeatedCursor
            | Fault::CutBody
            | Fault::ExpiredToken
            | Fault::SlowBody
            | Fault::UnknownWords
            | Fault::FractionalSeconds
            | Fault::EmptyValues
            | Fault::SmallPage { .. }
            | Fault::ClockSkew { .. }
            | Fault::DropAfter => None,
        }
    }

    fn sent(&self, fault: Fault, reply: Reply) -> Response {
        let body = if fault == Fault::CutBody {
            reply.body.slice(..reply.body.len() / 2).into()
        } else if fault == Fault::SlowBody {
            self.gate.body(reply.body)
        } else if fault == Fault::DropAfter {
            broken_body()
        } else {
            reply.body.into()
        };
        let kind = HeaderValue::from_static(reply.content_type);
        (reply.status, [(CONTENT_TYPE, kind)], body).into_response()
    }
}

/// Asks the hook, acts, answers. All of it runs where it may block: a hook may wait for a test.
pub(crate) async fn answer<S: AtDesk>(
    stand_in: Arc<S>,
    call: Call,
    act: impl FnOnce(&S, Fault) -> Result<Reply, Reply> + Send + 'static,
) -> Response {
    let work = tokio::task::spawn_blocking(move || {
        let desk = stand_in.desk();
        let fault = desk.ask(call);
        if let Some(refusal) = desk.refusal(fault) {
            return refusal;
        }
        let reply = act(&stand_in, fault).unwrap_or_else(|refused| refused);
        desk.sent(fault, reply)
    });
    match work.await {
        Ok(response) => response,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Marks every answer, and dates it by the service's clock.
pub(crate) async fn mark<S: AtDesk>(
    State(stand_in): State<Arc<S>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let desk = stand_in.desk();
    let headers = response.headers_mut();
    let name = HeaderName::from_static(STAND_IN_HEADER);
    headers.insert(name, HeaderValue::from_static(desk.name));
    if let Ok(date) = HeaderValue::from_str(&http_date(desk.now())) {
        headers.insert(DATE, date);
    }
    response
}

/// Whether a request carries this user's name and password.
pub(crate) fn is_basic(headers: &HeaderMap, username: &str, password: &str) -> bool {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|value| base64::prelude::BASE64_STANDARD.decode(value).ok());
    given.is_some_and(|given| given == format!("{username}:{password}").as_bytes())
}

/// The content type of a request without its parameters.
pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let value = value.unwrap_or_default();
    value.split_once(';').map_or(value, |(kind, _)| kind).trim()
}

/// A body that promises more than it holds before it fails: the server can only end the
/// connection, and the caller never has a whole answer.
fn broken_body() -> Body {
    Body::new(Limited::new(Full::new(Bytes::from_static(b"<{")), 1))
}

fn page(status: StatusCode) -> Response {
    let page = "<!DOCTYPE html><html><body>Please come back later (stand-in)</body></html>";
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(CONTENT_TYPE, kind)], page).into_response()
}

fn too_many(after: String) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    (status, [(RETRY_AFTER, after)], "Too many requests").into_response()
}

fn http_date(time: Timestamp) -> String {
    let since_epoch = Duration::from_millis(time.as_millis().max(0).unsigned_abs());
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since_epoch)
}
