//! The form of a message on the pipes between parent and worker.
//!
//! Both directions use one frame:
//!
//! ```text
//! u32 LE  length of the head
//! u64 LE  length of the body
//! head    JSON: what is asked or answered
//! body    bytes: the file to decode, or the PNG of a preview; else empty
//! ```
//!
//! Both lengths are held against limits before anything is allocated: each side treats
//! the other as hostile.

use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::WorkerError;

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

/// The largest body that is taken, in bytes. Heads have a fixed limit.
#[derive(Clone, Copy)]
pub(super) struct BodyLimit(pub(super) u64);

/// Writes one frame and flushes.
pub(super) fn write(to: &mut impl Write, head: &[u8], body: &[u8]) -> Result<(), WorkerError> {
    to.write_all(&prefix(head, body))
        .and_then(|()| to.write_all(head))
        .and_then(|()| to.write_all(body))
        .and_then(|()| to.flush())
        .map_err(WorkerError::Pipe)
}

/// Reads one frame; `None` where the other side closed the pipe between two frames.
pub(super) fn read(from: &mut impl Read, limit: BodyLimit) -> Result<Option<Frame>, WorkerError> {
    let mut prefix = [0; PREFIX_BYTES];
    if !fill_or_end(from, &mut prefix).map_err(WorkerError::Pipe)? {
        return Ok(None);
    }
    let (head, body) = lengths(prefix, limit)?;
    let mut frame = Frame {
        head: vec![0; head],
        body: vec![0; body],
    };
    from.read_exact(&mut frame.head)
        .and_then(|()| from.read_exact(&mut frame.body))
        .map_err(WorkerError::Pipe)?;
    Ok(Some(frame))
}

/// Like [`write`], for the parent.
pub(super) async fn send(
    to: &mut (impl AsyncWrite + Unpin),
    head: &[u8],
    body: &[u8],
) -> Result<(), WorkerError> {
    let whole = async {
        to.write_all(&prefix(head, body)).await?;
        to.write_all(head).await?;
        to.write_all(body).await?;
        to.flush().await
    };
    whole.await.map_err(WorkerError::Pipe)
}

/// Like [`read`], for the parent, for whom a closed pipe is always a worker that ended.
pub(super) async fn receive(
    from: &mut (impl AsyncRead + Unpin),
    limit: BodyLimit,
) -> Result<Frame, WorkerError> {
    let mut prefix = [0; PREFIX_BYTES];
    from.read_exact(&mut prefix).await.map_err(ended)?;
    let (head, body) = lengths(prefix, limit)?;
    let mut frame = Frame {
        head: vec![0; head],
        body: vec![0; body],
    };
    from.read_exact(&mut frame.head).await.map_err(ended)?;
    from.read_exact(&mut frame.body).await.map_err(ended)?;
    Ok(frame)
}

fn ended(error: io::Error) -> WorkerError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        WorkerError::Ended
    } else {
        WorkerError::Pipe(error)
    }
}

fn prefix(head: &[u8], body: &[u8]) -> [u8; PREFIX_BYTES] {
    let length = u32::try_from(head.len()).expect("heads are a few kilobytes of our own JSON");
    let mut prefix = [0; PREFIX_BYTES];
    prefix[..4].copy_from_slice(&length.to_le_bytes());
    prefix[4..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    prefix
}

fn lengths(prefix: [u8; PREFIX_BYTES], limit: BodyLimit) -> Result<(usize, usize), WorkerError> {
    let [h0, h1, h2, h3, body @ ..] = prefix;
    let head = u32::from_le_bytes([h0, h1, h2, h3]);
    let body = u64::from_le_bytes(body);
    if head > HEAD_BYTES_MAX || body > limit.0 {
        return Err(WorkerError::Message);
    }
    let size = |n: u64| usize::try_from(n).map_err(|_| WorkerError::Message);
    Ok((size(head.into())?, size(body)?))
}

/// Fills `buffer`; false where the stream ends before its first byte.
fn fill_or_end(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

const PREFIX_BYTES: usize = 12;
const HEAD_BYTES_MAX: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_survive_the_pipe(
            frames in prop::collection::vec(any::<(Vec<u8>, Vec<u8>)>(), 0..4),
        ) {
            let mut pipe = Vec::new();
            for (head, body) in &frames {
                write(&mut pipe, head, body).expect("memory takes every byte");
            }
            let mut from = pipe.as_slice();
            for (head, body) in frames {
                let frame = read(&mut from, BodyLimit(1 << 20)).expect("a frame");
                prop_assert_eq!(frame, Some(Frame { head, body }));
            }
            prop_assert!(matches!(read(&mut from, BodyLimit(0)), Ok(None)));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic_and_within_the_limits(bytes: Vec<u8>) {
            if let Ok(Some(frame)) = read(&mut bytes.as_slice(), BodyLimit(16)) {
                prop_assert!(frame.body.len() <= 16);
            }
        }
    }

    #[test]
    fn a_length_above_its_limit_is_refused_before_it_is_allocated() {
        for (head, body) in [
            (u32::MAX, 0),
            (0, u64::MAX),
            (HEAD_BYTES_MAX + 1, 0),
            (0, 17),
        ] {
            let mut bytes = head.to_le_bytes().to_vec();
            bytes.extend(u64::to_le_bytes(body));
            let refused = read(&mut bytes.as_slice(), BodyLimit(16));
            assert!(
                matches!(refused, Err(WorkerError::Message)),
                "{head} {body}"
            );
        }
    }

    #[test]
    fn a_frame_cut_anywhere_is_an_error() {
        let mut pipe = Vec::new();
        write(&mut pipe, b"head", b"body").expect("memory takes every byte");
        for length in 1..pipe.len() {
            let cut = read(&mut &pipe[..length], BodyLimit(16));
            assert!(matches!(cut, Err(WorkerError::Pipe(_))), "{length}");
        }
    }

    #[tokio::test]
    async fn the_parent_reads_what_the_worker_writes_and_the_other_way_round() {
        let mut pipe = Vec::new();
        write(&mut pipe, b"head", b"body").expect("memory takes every byte");
        let frame = receive(&mut pipe.as_slice(), BodyLimit(4))
            .await
            .expect("a frame");
        let mut back = Vec::new();
        send(&mut back, &frame.head, &frame.body)
            .await
            .expect("memory takes every byte");
        assert_eq!(back, pipe);
        let cut = receive(&mut &pipe[..9], BodyLimit(4)).await;
        assert!(matches!(cut, Err(WorkerError::Ended)));
    }
}
