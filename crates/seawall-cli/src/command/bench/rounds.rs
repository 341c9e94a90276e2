//! Timing the same work several times.

use std::io::BufRead;
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Args;

/// How often the work is timed, and who says when.
#[derive(Args)]
pub(super) struct Rounds {
    /// Time the work so many times; the median counts.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    repeats: u16,
    /// After the object, read numbers from standard input, do the work so many times for each,
    /// and print the mean: how `cargo xtask bench` takes turns with other programs.
    #[arg(long, hide = true)]
    steps: bool,
}

impl Rounds {
    /// The median of the rounds, in seconds.
    pub(super) fn median_seconds(&self, mut work: impl FnMut()) -> f64 {
        let mut seconds: Vec<f64> = (0..self.repeats).map(|_| time(&mut work)).collect();
        seconds.sort_by(f64::total_cmp);
        let middle = seconds.len() / 2;
        if seconds.len() % 2 == 1 {
            seconds[middle]
        } else {
            f64::midpoint(seconds[middle - 1], seconds[middle])
        }
    }

    /// Where that was asked for: more rounds for each line of standard input.
    pub(super) fn step(&self, mut work: impl FnMut()) -> anyhow::Result<()> {
        if self.steps {
            for line in std::io::stdin().lock().lines() {
                let times: u32 = line?.trim().parse().context("reading a number of rounds")?;
                ensure!(times > 0, "a number of rounds is at least 1");
                let seconds: f64 = (0..times).map(|_| time(&mut work)).sum();
                let mean = seconds / f64::from(times);
                crate::output::json(&serde_json::json!({ "seconds": mean }))?;
            }
        }
        Ok(())
    }
}

fn time(work: &mut impl FnMut()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}
