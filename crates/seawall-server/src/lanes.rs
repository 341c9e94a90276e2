//! What a server takes on at once. Uploads have lanes of their own: what waits there never
//! stands in the way of a lookup by hash, and what does not fit is refused at once.
//!
//! An upload first takes memory while it comes in, then a place in the queue before the
//! decoders. Both are bounded, and a caller that sends slowly holds nothing but its own bytes.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{Uri, header};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, Sleep, sleep};

use crate::config::Load;
use crate::problem::{Code, Problem};

/// The lanes of one server. Cheap to clone.
#[derive(Clone)]
pub struct Lanes {
    /// Pages for uploads on their way in.
    uploads: Arc<Semaphore>,
    /// Pages for JSON, so that lookups get through while uploads fill theirs.
    json: Arc<Semaphore>,
    /// Those at the decoders and those who wait.
    queue: Arc<Semaphore>,
    decoding: Arc<Semaphore>,
    pause: Duration,
}

impl Lanes {
    /// Lanes as wide as the configuration says.
    #[must_use]
    pub fn new(load: &Load) -> Self {
        Self {
            uploads: Arc::new(Semaphore::new(
                load.upload_memory_bytes.div_ceil(PAGE_BYTES),
            )),
            json: Arc::new(Semaphore::new(JSON_BYTES.div_ceil(PAGE_BYTES))),
            queue: Arc::new(Semaphore::new(DECODING + load.uploads_waiting)),
            decoding: Arc::new(Semaphore::new(DECODING)),
            pause: Duration::from_millis(load.body_pause_ms),
        }
    }

    /// A place at the decoders, after those who came before.
    ///
    /// # Errors
    /// [`Code::Busy`], at once, where the queue is full.
    pub(crate) async fn decoder(&self) -> Result<DecoderPlace<'_>, Problem> {
        let queued = self.queue.try_acquire();
        let queued = queued.map_err(|_| Problem::new(Code::Busy))?;
        let decoding = self.decoding.acquire().await;
        Ok(DecoderPlace {
            _decoding: decoding.map_err(|error| Problem::internal(&error))?,
            _queued: queued,
        })
    }
}

/// A place at the decoders, until it is dropped.
pub(crate) struct DecoderPlace<'a> {
    _decoding: SemaphorePermit<'a>,
    _queued: SemaphorePermit<'a>,
}

/// How a listener words a failure that was found before its handlers: by the address asked for.
pub(crate) type Wording = fn(&Uri, Problem) -> Response;

/// Lets a body in as long as there is memory for it and it does not pause too long. What it
/// took is given back when the request is answered.
pub(crate) async fn receive(
    State((lanes, wording)): State<(Lanes, Wording)>,
    request: Request,
    next: Next,
) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let uri = request.uri().clone();
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let receipt = Arc::new(Receipt {
        memory: if is_json { lanes.json } else { lanes.uploads },
        bytes: AtomicUsize::new(0),
        ended: OnceLock::new(),
    });
    let metered = Metered {
        body,
        receipt: Arc::clone(&receipt),
        pause: lanes.pause,
        patience: Box::pin(sleep(lanes.pause)),
    };
    let request = Request::from_parts(parts, Body::new(metered));
    let response = next.run(request).await;
    match receipt.ended.get() {
        Some(code) => wording(&uri, Problem::new(*code)),
        None => response,
    }
}

/// What a body took of a lane, given back when the last who holds this is gone: the request.
struct Receipt {
    memory: Arc<Semaphore>,
    bytes: AtomicUsize,
    /// Why the body was ended, which its reader cannot know.
    ended: OnceLock<Code>,
}

impl Receipt {
    /// Takes memory for more bytes; `false` where there is none.
    fn take(&self, more: usize) -> bool {
        // A body has one reader: nothing changes in between.
        let bytes = self.bytes.load(Ordering::Relaxed);
        let pages = (bytes + more).div_ceil(PAGE_BYTES) - bytes.div_ceil(PAGE_BYTES);
        let Ok(pages) = u32::try_from(pages) else {
            return false;
        };
        let Ok(permit) = self.memory.try_acquire_many(pages) else {
            return false;
        };
        permit.forget();
        self.bytes.store(bytes + more, Ordering::Relaxed);
        true
    }

    fn end(&self, code: Code) -> axum::Error {
        // The first cause stands.
        let _ = self.ended.set(code);
        axum::Error::new(std::io::Error::other(code.title()))
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.memory.add_permits(bytes.div_ceil(PAGE_BYTES));
    }
}

/// A body that pays for its bytes.
struct Metered {
    body: Body,
    receipt: Arc<Receipt>,
    pause: Duration,
    patience: Pin<Box<Sleep>>,
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            ready!(self.patience.as_mut().poll(context));
            return Poll::Ready(Some(Err(self.receipt.end(Code::TooSlow))));
        };
        let until = Instant::now() + self.pause;
        self.patience.as_mut().reset(until);
        let Some(Ok(frame)) = frame else {
            return Poll::Ready(frame);
        };
        let length = frame.data_ref().map_or(0, Bytes::len);
        if self.receipt.take(length) {
            Poll::Ready(Some(Ok(frame)))
        } else {
            Poll::Ready(Some(Err(self.receipt.end(Code::Busy))))
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// How many uploads are at the decoders at once; more than there are decoders, since each is
/// also read and written.
const DECODING: usize = 16;
/// Memory of a lane is counted in pages: a semaphore counts no further than 2²⁹ on some machines.
const PAGE_BYTES: usize = 4096;
/// What JSON bodies take at most, together.
const JSON_BYTES: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::response::IntoResponse;
    use axum::routing::post;
    use http::StatusCode;
    use tower::ServiceExt;

    /// A body of ten bytes, each after a pause.
    struct Drip {
        left: u8,
        pause: Duration,
        next: Pin<Box<Sleep>>,
    }

    impl Drip {
        fn body(pause_ms: u64) -> Body {
            let pause = Duration::from_millis(pause_ms);
            let next = Box::pin(sleep(pause));
            let left = 10;
            Body::new(Self { left, pause, next })
        }
    }

    impl HttpBody for Drip {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            ready!(self.next.as_mut().poll(context));
            self.left -= 1;
            let next = Instant::now() + self.pause;
            self.next.as_mut().reset(next);
            Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(b"a")))))
        }
    }

    fn load() -> Load {
        Load {
            upload_memory_bytes: 10 * PAGE_BYTES,
            uploads_waiting: 2,
            body_pause_ms: 5_000,
        }
    }

    fn router(lanes: &Lanes) -> Router {
        let length = |body: Bytes| async move { body.len().to_string() };
        let wording: Wording = |_, problem| problem.into_response();
        Router::new()
            .route("/", post(length))
            .layer(from_fn_with_state((lanes.clone(), wording), receive))
    }

    async fn send(lanes: &Lanes, kind: &str, body: Body) -> Response {
        let request = Request::post("/").header(header::CONTENT_TYPE, kind);
        let request = request.body(body).expect("a request");
        let answer = router(lanes).oneshot(request).await;
        answer.expect("answers are infallible")
    }

    #[tokio::test]
    async fn memory_is_taken_refused_and_given_back() {
        let lanes = Lanes::new(&load());
        for _ in 0..3 {
            let fits = send(&lanes, "image/png", vec![1; 10 * PAGE_BYTES].into()).await;
            assert_eq!(fits.status(), StatusCode::OK);
            let large = send(&lanes, "image/png", vec![1; 10 * PAGE_BYTES + 1].into()).await;
            assert_eq!(large.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(large.headers().contains_key(header::RETRY_AFTER));
            assert_eq!(lanes.uploads.available_permits(), 10);
        }
    }

    #[tokio::test]
    async fn full_uploads_do_not_stand_in_the_way_of_json() {
        let lanes = Lanes::new(&load());
        let _all = lanes.uploads.acquire_many(10).await.expect("open");
        let refused = send(&lanes, "image/png", vec![1].into()).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        let json = send(
            &lanes,
            "application/json; charset=utf-8",
            vec![1; 99].into(),
        )
        .await;
        assert_eq!(json.status(), StatusCode::OK);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_pauses_is_ended_and_a_slow_one_is_not() {
        let lanes = Lanes::new(&load());
        let slow = send(&lanes, "image/png", Drip::body(4_900)).await;
        assert_eq!(slow.status(), StatusCode::OK);
        let paused = send(&lanes, "image/png", Drip::body(5_100)).await;
        assert_eq!(paused.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(lanes.uploads.available_permits(), 10);
    }

    #[tokio::test]
    async fn who_comes_to_a_full_queue_is_told_at_once() {
        let lanes = Lanes::new(&load());
        let mut places = Vec::new();
        for _ in 0..DECODING {
            places.push(lanes.decoder().await.expect("there is room"));
        }
        let mut waiting = [Box::pin(lanes.decoder()), Box::pin(lanes.decoder())];
        for one in &mut waiting {
            let at_once = tokio::time::timeout(Duration::ZERO, one.as_mut());
            assert!(at_once.await.is_err(), "there was no place");
        }
        let refused = lanes.decoder().await;
        assert!(refused.is_err_and(|problem| problem.code == Code::Busy));
        drop(places);
        for one in waiting {
            one.await.expect("a place became free");
        }
    }
}
