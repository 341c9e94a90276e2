//! A server on loopback that answers as it was told and keeps what it got: the platform behind
//! nginx, or a Seawall that has no time.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::support::DEADLINE;

/// One answer.
#[derive(Clone, Copy)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<&'static str>,
    pub(crate) body: &'static str,
}

impl Reply {
    /// An answer with this status and body.
    pub(crate) const fn new(status: u16, body: &'static str) -> Self {
        Self {
            status,
            retry_after: None,
            body,
        }
    }

    /// A 503 that says when to come again.
    pub(crate) const fn later(retry_after: &'static str) -> Self {
        Self {
            status: 503,
            retry_after: Some(retry_after),
            body: "{}",
        }
    }
}

/// A request as it came.
pub(crate) struct Received {
    /// The path with its query.
    pub(crate) path: String,
    headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The running server.
pub(crate) struct Stub {
    address: SocketAddr,
    requests: Receiver<Received>,
    _runtime: tokio::runtime::Runtime,
}

type Script = Arc<(Mutex<VecDeque<Reply>>, Sender<Received>)>;

impl Stub {
    /// Gives these answers one after the other, the last one for ever.
    pub(crate) fn start(replies: &[Reply]) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (sender, requests) = channel();
        let script: Script = Arc::new((Mutex::new(replies.iter().copied().collect()), sender));
        let router = axum::Router::new().fallback(answer).with_state(script);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            requests,
            _runtime: runtime,
        }
    }

    /// Its address, as host and port.
    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Its address as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request.
    #[track_caller]
    pub(crate) fn next(&self) -> Received {
        let next = self.requests.recv_timeout(DEADLINE);
        next.expect("a request arrives")
    }

    /// The requests that were answered and not taken yet.
    pub(crate) fn rest(&self) -> Vec<Received> {
        self.requests.try_iter().collect()
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await;
    let received = Received {
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: body.unwrap_or_default(),
    };
    let reply = {
        let mut replies = script.0.lock().expect("no test panics here");
        let next = replies.pop_front().expect("there is a last answer");
        if replies.is_empty() {
            replies.push_back(next);
        }
        next
    };
    // The test may be over.
    drop(script.1.send(received));
    let status = StatusCode::from_u16(reply.status).expect("a status");
    let mut response = (status, reply.body).into_response();
    if let Some(seconds) = reply.retry_after {
        let seconds = http::HeaderValue::from_static(seconds);
        response.headers_mut().insert("retry-after", seconds);
    }
    response
}

/// An address where nobody listens.
pub(crate) fn nobody() -> String {
    format!("127.0.0.1:{}", free_port())
}

/// A listener that takes connections and never says anything.
pub(crate) fn silence() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    (listener, address)
}

/// A port that was free a moment ago, for programs that do not choose one themselves.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").port()
}
