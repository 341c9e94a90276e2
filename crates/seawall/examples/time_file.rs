//! Times the hashing of picture files: `time_file FILE... [--repeats N]`, the best of the repeats.
//!
//! "digests" and "perceptual" are the two halves of a report; a server computes them side by side.
//! On Linux the thread's processor time is taken, which other programs disturb less.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use seawall::{Budget, Shown, hash};
use seawall_core::{Limits, View, ViewOptions};
use seawall_decode::{Size, Visitor};

fn main() {
    let mut repeats = 5_usize;
    let mut files = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--repeats" => {
                let number = arguments.next().and_then(|text| text.parse().ok());
                repeats = number.unwrap_or(repeats);
            }
            _ => files.push(PathBuf::from(argument)),
        }
    }
    if files.is_empty() {
        println!("usage: time_file FILE... [--repeats N]");
    }
    for path in files {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                println!("{}: {error}", path.display());
                continue;
            }
        };
        let budget = Budget {
            limits: &Limits::default(),
            expired: &|| false,
            views: ViewOptions::default(),
        };
        let perceptual = best_ms(repeats, || hash::perceptual(&bytes, &budget));
        let fast = best_ms(repeats, || hash::perceptual_fast(&bytes, &budget));
        let decoding = best_ms(repeats, || {
            seawall_decode::decode(&bytes, &budget, &mut Nobody)
        });
        let digests = best_ms(repeats, || hash::digests(&bytes));
        println!(
            "{}: perceptual {perceptual:.1} ms, of which decoding {decoding:.1} ms; \
             fast {fast:.1} ms; digests {digests:.1} ms",
            path.display()
        );
    }
}

/// Takes rows, as the hash does, and forgets them.
struct Nobody;

impl Visitor for Nobody {
    fn view(&mut self, _view: View, _shown: &Shown<'_>) {}

    fn bytes_for_rows(&self, _size: Size) -> Option<u64> {
        Some(0)
    }
}

/// The shortest of some runs, in milliseconds.
fn best_ms<T>(repeats: usize, mut work: impl FnMut() -> T) -> f64 {
    let begin = Instant::now();
    let now = || processor_time().unwrap_or_else(|| begin.elapsed());
    let once = |_| {
        let start = now();
        std::hint::black_box(work());
        now().saturating_sub(start)
    };
    let best = (0..repeats.max(1)).map(once).min();
    best.unwrap_or(Duration::ZERO).as_secs_f64() * 1e3
}

/// What this thread has used of a processor.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
