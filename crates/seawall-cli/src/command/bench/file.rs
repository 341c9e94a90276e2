//! `seawall bench file`.

use std::hint::black_box;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use seawall::{Budget, hash, json::FileReport};
use seawall_core::{HashReport, Limits, Outcome};
use serde::Serialize;

use super::machine::Machine;
use super::matching::rounded;
use super::rounds::Rounds;
use crate::inputs::ViewArguments;
use crate::output::{self, Exit};

/// Decode and hash files of your own, one after the other.
///
/// From the file's bytes in memory to the hashes of all its views, on one thread and in this
/// process, without the digests. `seawall hash` does the same in confined processes: give
/// this command only files that you trust.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct File {
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// The fast mode of `seawall match --fast`.
    #[arg(long)]
    fast: bool,
    #[command(flatten)]
    views: ViewArguments,
    #[command(flatten)]
    rounds: Rounds,
    /// The files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl File {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let mut files = Vec::new();
        for path in &self.files {
            let bytes = std::fs::read(path);
            files.push(bytes.with_context(|| format!("reading {}", path.display()))?);
        }
        let limits = Limits::default();
        let budget = Budget {
            limits: &limits,
            expired: &|| false,
            views: self.views.into(),
        };
        let each = self.files.iter().zip(&files);
        let reports: Vec<FileReport> = each
            .map(|(path, bytes)| {
                let report = FileReport::from(&self.hashed(bytes, &budget));
                report.named(path.display().to_string())
            })
            .collect();
        let refused = reports
            .iter()
            .any(|report| report.outcome == Outcome::Refused);
        let work = || {
            for bytes in &files {
                black_box(self.hashed(black_box(bytes), &budget));
            }
        };
        let seconds = self.rounds.median_seconds(work);
        let report = Report {
            milliseconds_per_picture: rounded(seconds * 1e3 / files.len() as f64),
            files: reports,
            kernel: format!("{:?}", seawall_simd::pdq::Kernel::best()).to_lowercase(),
            machine: Machine::this(),
            version: env!("CARGO_PKG_VERSION"),
        };
        report.print(self.json)?;
        self.rounds.step(work)?;
        Ok(if refused { Exit::SomeFailed } else { Exit::Ok })
    }

    /// The fast mode's hashes are shown here alone, to be compared with a peer's.
    fn hashed(&self, bytes: &[u8], budget: &Budget<'_>) -> HashReport {
        if self.fast {
            hash::perceptual_fast(bytes, budget).into_answer()
        } else {
            hash::perceptual(bytes, budget)
        }
    }
}

/// What is said about it. Fields are only ever added.
#[derive(Serialize)]
struct Report {
    milliseconds_per_picture: f64,
    files: Vec<FileReport>,
    kernel: String,
    machine: Machine,
    version: &'static str,
}

impl Report {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        for file in &self.files {
            crate::command::hash::print_report(file)?;
        }
        super::table(&[
            ("one file", self.milliseconds_per_picture.to_string(), "ms"),
            ("kernel", self.kernel.clone(), ""),
        ]);
        Ok(())
    }
}

const EXAMPLES: &str = "Examples:
  seawall bench file photo.jpg
  seawall bench file --orientations --json photo.jpg scan.png";
