//! `seawall hma`: moving from HMA.

mod compare;
mod import;

use std::path::Path;

use clap::Subcommand;

use crate::output::Exit;

/// Move from HMA: take its banks over, and hold its answers against Seawall's.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Hma {
    /// Take over the banks and contents of an HMA database.
    Import(import::Import),
    /// Send each lookup to HMA and to Seawall, and name every difference.
    Compare(Box<compare::Compare>),
}

impl Hma {
    pub(crate) fn run(self, config: &Path) -> anyhow::Result<Exit> {
        match self {
            Self::Import(command) => command.run(config),
            Self::Compare(command) => command.run(),
        }
    }
}

const EXAMPLES: &str = "Examples:
  seawall hma import hma.jsonl --dry-run
  seawall hma import hma.jsonl
  seawall hma compare --hma http://hma:5000 --seawall http://127.0.0.1:8481 \\
      --token-file token.txt lookups.txt

docs/moving-from-hma.md has the query that writes hma.jsonl.";
