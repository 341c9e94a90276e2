//! The worker's whole life.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use seawall::preview::{self, PreviewStyle};
use seawall::{Budget, hash};
use seawall_core::{Limits, ViewOptions};

use super::confine::{Allowance, confine};
use super::message::{Reply, Request, Setup, WireReport, decode, encode};
use super::probe::probe;
use super::wire::{self, BodyLimit, Frame};
use super::{WorkerError, pool};

/// Serves a parent over stdin and stdout until it closes the pipe. The hidden subcommand
/// `seawall worker` is this call and nothing else.
///
/// It confines the whole process for good before it reads a foreign byte, so it must be
/// called from `main`, without a runtime or other threads.
///
/// # Errors
/// [`WorkerError`] where the pipe breaks or the parent says something that has no valid form:
/// most likely a person has called the subcommand.
pub fn run_worker() -> Result<(), WorkerError> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let Some(first) = wire::read(&mut input, BodyLimit(0))? else {
        return Ok(());
    };
    let setup: Setup = decode(&first.head)?;
    // Once confined, no thread can be started.
    seawall::decode_in_one_thread();
    let confinement = confine(Allowance {
        address_space_bytes_max: setup.address_space_bytes_max,
        cpu_seconds_max: setup.cpu_seconds_max,
    });
    let ready = Reply::Ready {
        version: pool::VERSION.to_owned(),
        confinement,
    };
    wire::write(&mut output, &encode(&ready), &[])?;
    serve(&mut input, &mut output, &setup)
}

/// One answer to each request, until the input ends.
fn serve(input: &mut impl Read, output: &mut impl Write, setup: &Setup) -> Result<(), WorkerError> {
    while let Some(frame) = wire::read(input, BodyLimit(setup.limits.bytes_max))? {
        let (reply, body) = answer(&frame, setup)?;
        wire::write(output, &encode(&reply), &body)?;
    }
    Ok(())
}

fn answer(frame: &Frame, setup: &Setup) -> Result<(Reply, Vec<u8>), WorkerError> {
    let limits = &setup.limits;
    Ok(match decode(&frame.head)? {
        Request::Hash { views } => {
            let report = within(limits, views, |budget| {
                hash::perceptual(&frame.body, budget)
            });
            let report = WireReport::from(&report);
            (Reply::Hashed { report }, Vec::new())
        }
        Request::HashFast { views } => {
            let report = within(limits, views, |budget| {
                hash::perceptual_fast(&frame.body, budget).into_answer()
            });
            let report = WireReport::from(&report);
            (Reply::Hashed { report }, Vec::new())
        }
        Request::Preview {
            side_px_max,
            blur,
            greyscale,
        } => {
            let style = PreviewStyle {
                side_px_max,
                blur,
                greyscale,
            };
            let views = ViewOptions::default();
            match within(limits, views, |budget| {
                preview::render(&frame.body, budget, style)
            }) {
                Ok(png) => (Reply::Rendered, png),
                Err(refusal) => {
                    let reason = refusal.reason;
                    (Reply::Refused { reason }, Vec::new())
                }
            }
        }
        Request::Probe => {
            let report = probe(setup.address_space_bytes_max);
            (Reply::Probed { report }, Vec::new())
        }
    })
}

/// Runs `work` with a budget whose time begins now.
fn within<T>(limits: &Limits, views: ViewOptions, work: impl FnOnce(&Budget<'_>) -> T) -> T {
    let end = Instant::now() + Duration::from_millis(limits.time_ms_max);
    let expired = || Instant::now() >= end;
    work(&Budget {
        limits,
        expired: &expired,
        views,
    })
}
