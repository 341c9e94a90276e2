//! Hostile bytes are decoded in worker processes: bytes in, hashes out.
//!
//! A decoder that crashes, hangs, swells or is taken over must not reach the server, its
//! keys or its store. So the server never decodes. It starts the same program again as
//! `seawall worker`, with an empty environment and two pipes, and the worker, before it
//! reads the first foreign byte, gives up what it does not need: files, network, new
//! processes, memory beyond the limit ([`Confinement`]). What it answers is treated as
//! hostile too: bounded, and checked for contradictions.
//!
//! A worker serves many files before it is replaced, because starting one costs more than
//! hashing a small picture. The price: a file that takes a worker over could lie about the
//! next ones of that worker. It still reaches nothing else.
//!
//! [`WorkerPool`] is the parent's side, [`run_worker`] the child's whole life.

mod child;
mod confine;
mod message;
mod pool;
mod probe;
mod process;
mod wire;

pub use child::run_worker;
pub use confine::{Confinement, Measure};
pub use pool::WorkerPool;
pub use probe::ProbeReport;
pub use process::WorkerCommand;

/// How many whole frames these bytes hold, read as the parent reads what a worker sends, and
/// their messages with them. For tests with bytes of any kind: a worker that was taken over
/// may send anything.
#[must_use]
pub fn frames_in(mut bytes: &[u8], body_bytes_max: u64) -> usize {
    let mut frames = 0;
    while let Ok(Some(frame)) = wire::read(&mut bytes, wire::BodyLimit(body_bytes_max)) {
        frames += 1;
        let reply: Result<message::Reply, _> = message::decode(&frame.head);
        if let Ok(message::Reply::Hashed { report }) = reply {
            let _ = report.into_report(seawall_core::MediaType::Unknown);
        }
    }
    frames
}

use std::io;

/// Why a worker could not be started or did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The program could not be started.
    #[error("starting a decoding worker")]
    Start(#[source] io::Error),
    /// A pipe broke: the worker or its parent is gone.
    #[error("talking to a decoding worker")]
    Pipe(#[source] io::Error),
    /// The worker ended instead of answering.
    #[error("talking to a decoding worker: it ended without an answer")]
    Ended,
    /// A message that is too large or has no valid form.
    #[error("talking to a decoding worker: a message had no valid form")]
    Message,
    /// The worker is of another version than its parent.
    #[error("starting a decoding worker: the program on disk is of another version; restart")]
    Version,
    /// No answer in time.
    #[error("waiting for a decoding worker: the time limit was reached")]
    TimedOut,
}
