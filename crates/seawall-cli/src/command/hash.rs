//! `seawall hash`.

use std::path::PathBuf;

use clap::Args;
use seawall::json::FileReport;
use seawall_core::{Limits, Outcome};

use super::runtime;
use crate::inputs::{ViewArguments, hash_each, resolve};
use crate::output::{self, Exit};

/// Hash files; needs no server.
///
/// Pictures get PDQ for every form in which they may be listed (as stored, upright, frames,
/// pages); every file gets MD5, SHA-1 and SHA-256. Files are decoded in confined processes.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Hash {
    /// One JSON line a file instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    views: ViewArguments,
    /// Files, folders, or - for standard input.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
}

impl Hash {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let mut exit = Exit::Ok;
        let each = |name: String, report: seawall_core::HashReport| {
            if report.outcome == Outcome::Refused {
                exit = Exit::SomeFailed;
            }
            let report = FileReport::from(&report).named(name);
            if self.json {
                output::json(&report)
            } else {
                print_report(&report)
            }
        };
        let (inputs, views) = (resolve(&self.inputs), self.views.into());
        runtime()?.block_on(hash_each(inputs, Limits::default(), views, each))?;
        Ok(exit)
    }
}

/// A file's report for people.
pub(crate) fn print_report(report: &FileReport) -> anyhow::Result<()> {
    let file = report.file.as_deref().unwrap_or("-");
    let reason = report
        .reason
        .map_or(String::new(), |reason| format!(": {}", reason.sentence()));
    output::line(format_args!(
        "{file}\n  {} {}{reason}",
        report.media_type,
        report.outcome.name()
    ));
    for note in &report.notes {
        output::line(format_args!("  note: {note}"));
    }
    for hash in &report.hashes {
        let view = hash.view.map_or(String::new(), |view| format!("  {view}"));
        let quality = hash
            .quality
            .map_or(String::new(), |quality| format!("  quality {quality}"));
        output::line(format_args!(
            "  {:<7} {}{view}{quality}",
            hash.algorithm.name(),
            hash.value
        ));
    }
    Ok(())
}

const EXAMPLES: &str = "Examples:
  seawall hash photo.jpg
  seawall hash --json uploads/ > hashes.jsonl
  seawall hash --orientations --border screenshot.png
  cat photo.jpg | seawall hash -";
