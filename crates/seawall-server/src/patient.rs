//! Ends with a caller that does not read its answer.
//!
//! What is written and not read stays in memory, and holds a place. A slow line is no reason to
//! end: only who takes next to nothing for a long time is given up.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A connection on which an answer that is not read fails.
pub(crate) struct Patient<S> {
    stream: S,
    pause: Duration,
    stalled: Option<Stalled>,
}

/// Since the caller took too little of what there is to send.
struct Stalled {
    until: Pin<Box<Sleep>>,
    bytes_taken: usize,
}

impl<S> Patient<S> {
    /// `pause`: how long a caller may take over a few kilobytes.
    pub(crate) fn new(stream: S, pause: Duration) -> Self {
        Self {
            stream,
            pause,
            stalled: None,
        }
    }

    fn judge(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let pause = self.pause;
        let stalled = match written {
            Poll::Ready(Ok(length)) => {
                if let Some(stalled) = &mut self.stalled {
                    stalled.bytes_taken += length;
                }
                self.stalled
                    .take_if(|stalled| stalled.bytes_taken >= PROGRESS_BYTES);
                return written;
            }
            Poll::Ready(Err(_)) => return written,
            Poll::Pending => self.stalled.get_or_insert_with(|| Stalled {
                until: Box::pin(sleep(pause)),
                bytes_taken: 0,
            }),
        };
        match stalled.until.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            // Everything that there was to send is on its way.
            self.stalled = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What a caller has to take within the pause: less than this is what one who only wants to
/// hold a place takes.
const PROGRESS_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    const PAUSE: Duration = Duration::from_secs(30);
    const HELD_BYTES: usize = 4 << 10;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_fails_after_the_pause() {
        let (near, _far) = duplex(HELD_BYTES);
        let mut near = Patient::new(near, PAUSE);
        let begun = Instant::now();
        let failed = near.write_all(&[0; 2 * HELD_BYTES]).await;
        let kind = failed.expect_err("nobody reads").kind();
        assert_eq!((kind, begun.elapsed()), (io::ErrorKind::TimedOut, PAUSE));
    }

    /// Reads so many bytes every second, while an answer of a megabyte is written.
    async fn write_to_reader_of(bytes_a_second: usize) -> io::Result<()> {
        let (near, mut far) = duplex(HELD_BYTES);
        let reader = tokio::spawn(async move {
            let mut space = vec![0; bytes_a_second];
            while far.read_exact(&mut space).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let written = Patient::new(near, PAUSE).write_all(&[0; 1 << 20]).await;
        reader.abort();
        written
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_is_waited_for_and_a_trickle_is_not() {
        assert!(write_to_reader_of(1 << 10).await.is_ok());
        assert!(write_to_reader_of(100).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_now_and_then_is_no_pause() {
        let (near, mut far) = duplex(HELD_BYTES);
        let mut near = Patient::new(near, PAUSE);
        for _ in 0..5 {
            // More than fits, so that it has to wait for the reader.
            let write = async {
                near.write_all(&[0; HELD_BYTES + 1]).await?;
                near.flush().await
            };
            let read = async {
                sleep(PAUSE / 2).await;
                far.read_exact(&mut [0; HELD_BYTES + 1]).await
            };
            let (written, read) = tokio::join!(write, read);
            assert!(written.is_ok() && read.is_ok());
            sleep(PAUSE).await;
        }
    }
}
