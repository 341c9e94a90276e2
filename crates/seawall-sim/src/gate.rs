//! A gate that the bytes of slow answers pass.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use tokio::sync::Semaphore;

/// Lets the bytes of slow answers through, as many as a test wants; all of them, one by one,
/// until it is held. No clock is in it.
#[derive(Debug)]
pub struct Gate(Mutex<Arc<Semaphore>>);

impl Gate {
    pub(crate) fn new() -> Self {
        let gate = Self(Mutex::new(Arc::new(Semaphore::new(0))));
        gate.open();
        gate
    }

    /// From now on, answers wait for [`let_through`](Self::let_through). Answers that are
    /// under way go on.
    pub fn hold(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Semaphore::new(0));
    }

    /// Lets `bytes` more bytes through.
    pub fn let_through(&self, bytes: usize) {
        self.current().add_permits(bytes);
    }

    /// Lets everything through, what waits and what comes.
    pub fn open(&self) {
        self.current().close();
    }

    /// A body that passes the gate byte by byte.
    pub(crate) fn body(&self, bytes: Bytes) -> Body {
        let start = (self.current(), bytes, 0_usize);
        let bytes = futures_util::stream::unfold(start, |(gate, bytes, place)| async move {
            if place == bytes.len() {
                return None;
            }
            match gate.acquire().await {
                Ok(permit) => permit.forget(),
                // An open gate.
                Err(_) => tokio::task::yield_now().await,
            }
            let byte = Ok::<_, std::convert::Infallible>(bytes.slice(place..=place));
            Some((byte, (gate, bytes, place + 1)))
        });
        Body::from_stream(bytes)
    }

    fn current(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_held_gate_lets_through_what_it_is_told() {
        let gate = Gate::new();
        gate.hold();
        let mut body = gate.body(Bytes::from_static(b"abc"));
        gate.let_through(2);
        for expected in ["a", "b"] {
            let frame = body.frame().await.expect("a frame").expect("no fault");
            assert_eq!(frame.into_data().ok(), Some(Bytes::from(expected)));
        }
        let rest = tokio::spawn(body.collect());
        gate.open();
        let rest = rest.await.expect("no panic").expect("no fault").to_bytes();
        assert_eq!(rest, "c");
    }
}
