//! `seawall bench soak`.

use std::ops::Range;
use std::sync::Arc;

use anyhow::ensure;
use clap::Args;
use seawall::index::Index;
use seawall_core::Threshold;
use serde::Serialize;

use super::machine::{self, Machine};
use super::matching::rounded;
use super::rows::{BANK, Rows, content};
use super::table;
use crate::output::{self, Exit};

/// Add, withdraw and compact many times, and see whether memory stays flat.
///
/// In each round a hundredth of the list is added, the oldest hundredth is withdrawn, and the
/// index is compacted; after that what was added has to be found and what was withdrawn must
/// not. Ends with 1 where resident memory after any round is more than the allowed share
/// above its figure after the first round.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Soak {
    /// How many hashes are listed.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000_000))]
    size: u32,
    /// How many times the index is changed and compacted.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// The same seed gives the same list.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// By how much memory may grow, in per cent.
    #[arg(long, value_name = "PERCENT", default_value_t = 25)]
    growth_max: u16,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Soak {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        // As the server does.
        seawall_simd::memory::give_back_large_blocks();
        machine::require(u64::from(self.size) * SOAK_BYTES_PER_ROW)?;
        let size = self.size as usize;
        let changed = size / 100;
        // Rows beyond the list are those still to be added.
        let rows = Rows {
            seed: self.seed,
            size,
            crowded: 0,
        };
        let mut index = Index::new(
            rows.banks(1, Threshold::DEFAULT)
                .into_iter()
                .map(Arc::new)
                .collect(),
        );
        let progress = indicatif::ProgressBar::new(self.rounds.into());
        let (mut memory, mut seconds): (Vec<u64>, f64) = (Vec::new(), 0.0);
        for round in 0..usize::from(self.rounds) {
            let first = round * changed;
            let withdrawn = first..first + changed;
            let added = size + first..size + first + changed;
            withdrawn
                .clone()
                .for_each(|row| index.withdraw(BANK, content(row)));
            index.add(BANK, added.clone().map(|row| rows.entry(row)))?;
            let started = std::time::Instant::now();
            index.compact();
            seconds += started.elapsed().as_secs_f64();
            check(&index, rows, added, withdrawn)?;
            memory.extend(machine::resident_bytes());
            progress.inc(1);
        }
        progress.finish_and_clear();
        let report = self.report(&memory, seconds);
        report.print(self.json)?;
        Ok(if report.flat == Some(false) {
            Exit::SomeFailed
        } else {
            Exit::Ok
        })
    }

    fn report(&self, memory: &[u64], seconds: f64) -> Report {
        let mb = |bytes: Option<&u64>| machine::grown_mb(Some(0), bytes.copied());
        let (first, highest) = (memory.first(), memory.iter().max());
        let allowed = |first: u64| u128::from(first) * (100 + u128::from(self.growth_max)) / 100;
        let flat = first
            .zip(highest)
            .map(|(&first, &highest)| u128::from(highest) <= allowed(first));
        Report {
            size: self.size,
            rounds: self.rounds,
            seed: self.seed,
            resident_mb_first: mb(first),
            resident_mb_highest: mb(highest),
            resident_mb_last: mb(memory.last()),
            growth_max_percent: self.growth_max,
            flat,
            seconds_per_compaction: rounded(seconds / f64::from(self.rounds)),
            machine: Machine::this(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// A sample of what was added is found, and of what was withdrawn nothing.
fn check(
    index: &Index,
    rows: Rows,
    added: Range<usize>,
    withdrawn: Range<usize>,
) -> anyhow::Result<()> {
    let is_found = |row| {
        let hits = index.lookup(&rows.entry(row).hash, None);
        hits.iter().any(|hit| hit.content == content(row))
    };
    let step = added.len().div_ceil(100);
    ensure!(
        added.step_by(step).all(is_found),
        "a hash that was added is not found: this is a fault of seawall, please report it"
    );
    ensure!(
        !withdrawn.step_by(step).any(is_found),
        "a hash that was withdrawn is still found: this is a fault of seawall, please report it"
    );
    Ok(())
}

/// What is said about it. Fields are only ever added.
#[derive(Serialize)]
struct Report {
    size: u32,
    rounds: u16,
    seed: u64,
    resident_mb_first: Option<f64>,
    resident_mb_highest: Option<f64>,
    resident_mb_last: Option<f64>,
    growth_max_percent: u16,
    /// Absent where the system does not tell how much is resident.
    flat: Option<bool>,
    seconds_per_compaction: f64,
    machine: Machine,
    version: &'static str,
}

impl Report {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        let memory = |mb: Option<f64>| mb.map_or("unknown".to_owned(), |mb| format!("{mb:.1}"));
        table(&[
            ("listed hashes", self.size.to_string(), ""),
            ("compactions", self.rounds.to_string(), ""),
            (
                "one compaction",
                self.seconds_per_compaction.to_string(),
                "s",
            ),
            (
                "memory after the first",
                memory(self.resident_mb_first),
                "MB",
            ),
            (
                "memory at the highest",
                memory(self.resident_mb_highest),
                "MB",
            ),
            ("memory after the last", memory(self.resident_mb_last), "MB"),
            ("allowed growth", self.growth_max_percent.to_string(), "%"),
        ]);
        if self.flat == Some(false) {
            output::note("seawall: memory grew by more than is allowed");
        }
        Ok(())
    }
}

/// What a row takes while one index is in use and the next one is made.
const SOAK_BYTES_PER_ROW: u64 = 400;

const EXAMPLES: &str = "Examples:
  seawall bench soak --size 1000000 --rounds 100
  seawall bench soak --size 100000 --rounds 1000 --growth-max 10 --json";
