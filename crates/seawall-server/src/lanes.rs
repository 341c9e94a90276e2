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
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, Uri};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, Sleep, sleep};

use crate::config::Load;
use crate::problem::{Code, Problem};

/// The lanes of one server. Cheap to clone.
#[derive(Clone)]
pub struct Lanes {
    /// Pages for uploads on their way in.
    uploads: Arc<Semaphore>,
    /// Pages for all other bodies, so that lookups get through while uploads fill theirs.
    small: Arc<Semaphore>,
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
            small: Arc::new(Semaphore::new(SMALL_BYTES.div_ceil(PAGE_BYTES))),
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
    // The address says what is taken there. What a caller calls its body says nothing.
    let memory = match is_upload(&request) {
        true => lanes.uploads,
        false => lanes.small,
    };
    let (parts, body) = request.into_parts();
    let receipt = Arc::new(Receipt {
        memory,
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

fn is_upload(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map(MatchedPath::as_str);
    *request.method() == Method::POST && path.is_some_and(|path| UPLOADS.contains(&path))
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
/// What bodies that are no uploads take at most, together. None of them is larger than a megabyte.
const SMALL_BYTES: usize = 64 << 20;
/// Where files and lists are posted to.
const UPLOADS: [&str; 7] = [
    "/api/v1/scans",
    "/api/v1/lookups/files",
    "/api/v1/banks/{name}/pictures",
    "/api/v1/banks/{name}/import",
    "/h/hash",
    "/m/lookup",
    "/c/bank/{bank_name}/content",
];

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::response::IntoResponse;
    use axum::routing::post;
    use http::{StatusCode, header};
    use std::collections::BTreeSet;
    use tower::ServiceExt;
    use utoipa::openapi::RefOr;

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
            ..Load::default()
        }
    }

    fn router(lanes: &Lanes) -> Router {
        let length = |body: Bytes| async move { body.len().to_string() };
        let wording: Wording = |_, problem| problem.into_response();
        Router::new()
            .route(UPLOAD, post(length))
            .route(LOOKUP, post(length))
            .layer(from_fn_with_state((lanes.clone(), wording), receive))
    }

    const UPLOAD: &str = "/api/v1/scans";
    const LOOKUP: &str = "/api/v1/lookups";

    async fn send(lanes: &Lanes, path: &str, body: Body) -> Response {
        send_as(lanes, path, "application/octet-stream", body).await
    }

    async fn send_as(lanes: &Lanes, path: &str, kind: &str, body: Body) -> Response {
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        let request = request.body(body).expect("a request");
        let answer = router(lanes).oneshot(request).await;
        answer.expect("answers are infallible")
    }

    #[tokio::test]
    async fn memory_is_taken_refused_and_given_back() {
        let lanes = Lanes::new(&load());
        for _ in 0..3 {
            let fits = send(&lanes, UPLOAD, vec![1; 10 * PAGE_BYTES].into()).await;
            assert_eq!(fits.status(), StatusCode::OK);
            let large = send(&lanes, UPLOAD, vec![1; 10 * PAGE_BYTES + 1].into()).await;
            assert_eq!(large.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(large.headers().contains_key(header::RETRY_AFTER));
            assert_eq!(lanes.uploads.available_permits(), 10);
        }
    }

    #[tokio::test]
    async fn full_uploads_do_not_stand_in_the_way_of_lookups_whatever_they_are_called() {
        let lanes = Lanes::new(&load());
        let _all = lanes.uploads.acquire_many(10).await.expect("open");
        for kind in [
            "image/png",
            "application/json",
            "application/json; charset=utf-8",
            "application/x-www-form-urlencoded",
        ] {
            let refused = send_as(&lanes, UPLOAD, kind, vec![1].into()).await;
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "{kind}");
            let found = send_as(&lanes, LOOKUP, kind, vec![1; 99].into()).await;
            assert_eq!(found.status(), StatusCode::OK, "{kind}");
        }
    }

    /// The addresses that take anything but JSON, by their descriptions.
    #[test]
    fn what_takes_files_and_lists_is_an_upload_and_nothing_else_is() {
        let documents = [
            crate::api::routes().to_openapi(),
            crate::hma::routes().to_openapi(),
        ];
        let mut described = BTreeSet::new();
        for (path, item) in documents.iter().flat_map(|document| &document.paths.paths) {
            for operation in [&item.post, &item.put, &item.patch].into_iter().flatten() {
                let body = match &operation.request_body {
                    Some(RefOr::T(body)) => body,
                    Some(RefOr::Ref(_)) => panic!("{path}: no body is described elsewhere"),
                    None => continue,
                };
                let mut kinds = body.content.keys();
                if kinds.any(|kind| kind != "application/json") {
                    described.insert(path.as_str());
                }
            }
        }
        assert_eq!(described, BTreeSet::from(UPLOADS));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_pauses_is_ended_and_a_slow_one_is_not() {
        let lanes = Lanes::new(&load());
        let slow = send(&lanes, UPLOAD, Drip::body(4_900)).await;
        assert_eq!(slow.status(), StatusCode::OK);
        let paused = send(&lanes, UPLOAD, Drip::body(5_100)).await;
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
