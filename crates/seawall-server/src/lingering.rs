//! Lets an answer reach a caller that is still sending.
//!
//! A refusal (no token, too large) is known before the body was read. If the server closed
//! with bytes unread, the system would reset the connection, and a caller that sends
//! everything before it reads would see the reset instead of the answer. So what is left of
//! the body is read and thrown away first, within bounds.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header;
use http_body_util::BodyExt;

/// Reads on, after the answer is known, what the caller still sends.
pub(crate) async fn drain(request: Request, next: Next) -> Response {
    // Such a caller waits for leave before it sends the body; a refusal is its answer.
    let asks_first = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body)));
    let rest = Shared(Arc::clone(&shared.0));
    let response = next
        .run(Request::from_parts(parts, Body::new(shared)))
        .await;
    if !asks_first && !rest.is_end_stream() {
        // What is still coming after the limit is cut off, answer and all.
        let _ = tokio::time::timeout(DRAIN_TIME, discard(rest)).await;
    }
    response
}

async fn discard(mut body: Shared) {
    let mut bytes_left = DRAIN_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        if length > bytes_left {
            return;
        }
        bytes_left -= length;
    }
}

/// A body that the handler reads and that can be read on after it.
struct Shared(Arc<Mutex<Body>>);

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .size_hint()
    }
}

const DRAIN_BYTES_MAX: usize = 256 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);
