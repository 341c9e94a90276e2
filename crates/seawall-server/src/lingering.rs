//! Lets an answer reach a caller that is still sending.
//!
//! A refusal (no token, too large, too much to do) is known before the body was read. It is
//! written at once. If the server then closed with bytes unread, the system would reset the
//! connection, and a caller that sends everything before it reads would see the reset instead
//! of the answer. So the server says that it is done, and what is left of the body is read and
//! thrown away, within bounds, before it closes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, header};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Whether a caller still sends a body that nobody read to its end. Shared by a connection and
/// the body of the request that it carries.
#[derive(Clone, Default)]
pub(crate) struct Unread(Arc<AtomicBool>);

impl Unread {
    /// Watches how far a request's body is read.
    pub(crate) fn watch(&self, request: Request<Incoming>) -> Request<Body> {
        // Such a caller waits for leave before it sends the body; a refusal is its answer.
        let asks_first = request.headers().contains_key(header::EXPECT);
        self.set(!asks_first && !request.body().is_end_stream());
        let unread = self.clone();
        request.map(|body| Body::new(Watched { body, unread }))
    }

    fn set(&self, unread: bool) {
        self.0.store(unread, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Watched {
    body: Incoming,
    unread: Unread,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let is_over = matches!(frame, Poll::Ready(None)) || self.body.is_end_stream();
        self.unread.set(!is_over);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A connection that reads on before it closes, where a body is left unread.
pub(crate) struct Lingering<S> {
    stream: S,
    unread: Unread,
    rest: Option<Rest>,
}

/// How much of a body is still thrown away.
struct Rest {
    until: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl<S> Lingering<S> {
    pub(crate) fn new(stream: S, unread: Unread) -> Self {
        Self {
            stream,
            unread,
            rest: None,
        }
    }
}

impl<S: AsyncRead + Unpin> Lingering<S> {
    /// Throws away what comes, until the caller closes, time is up, or it was too much: what is
    /// still coming then is cut off.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let rest = self.rest.get_or_insert_with(|| Rest {
            until: Box::pin(sleep(LINGER_TIME)),
            bytes_left: LINGER_BYTES_MAX,
        });
        let mut space = [0; READ_BYTES];
        for _ in 0..READS_AT_ONCE {
            if rest.until.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut read = ReadBuf::new(&mut space);
            let outcome = ready!(Pin::new(&mut self.stream).poll_read(context, &mut read));
            let length = read.filled().len();
            if outcome.is_err() || length == 0 || length > rest.bytes_left {
                return Poll::Ready(());
            }
            rest.bytes_left -= length;
        }
        // Others want the thread as well.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// The answer is written by now.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.rest.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        if self.unread.is_set() {
            ready!(self.poll_discard(context));
        }
        Poll::Ready(Ok(()))
    }
}

const LINGER_BYTES_MAX: usize = 256 << 20;
const LINGER_TIME: Duration = Duration::from_secs(10);
const READ_BYTES: usize = 16 << 10;
const READS_AT_ONCE: usize = 32;
