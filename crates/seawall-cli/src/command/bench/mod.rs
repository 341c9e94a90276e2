//! `seawall bench`: how fast this machine is, and how much memory it needs.
//!
//! Every subcommand checks its answers before it times anything, and prints a short table or
//! one JSON object. Lists and pictures are made from a seed: nothing is read, nothing is kept.

mod file;
mod hash;
mod machine;
mod matching;
mod rounds;
mod rows;
mod seen;
mod soak;

use clap::Subcommand;

use crate::output::Exit;

/// Measure this machine: hashing, matching, memory. Needs no server and no files.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Bench {
    /// Search a list of random hashes.
    Match(matching::Match),
    /// Hash a decoded picture.
    Hash(hash::Hash),
    /// Decode and hash files of your own, one after the other.
    File(file::File),
    /// Search a seen index on disk.
    Seen(seen::Seen),
    /// Add, withdraw and compact many times, and see whether memory stays flat.
    Soak(soak::Soak),
}

impl Bench {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        match self {
            Self::Match(command) => command.run(),
            Self::Hash(command) => command.run(),
            Self::File(command) => command.run(),
            Self::Seen(command) => command.run(),
            Self::Soak(command) => command.run(),
        }
    }
}

/// Prints `name value unit` in columns.
fn table(rows: &[(&str, String, &str)]) {
    let name_width = rows.iter().map(|(name, ..)| name.chars().count()).max();
    let value_width = rows.iter().map(|(_, value, _)| value.chars().count()).max();
    let (name_width, value_width) = (name_width.unwrap_or(0), value_width.unwrap_or(0));
    for (name, value, unit) in rows {
        let line = format!("{name:<name_width$}  {value:>value_width$} {unit}");
        crate::output::line(line.trim_end());
    }
}

const EXAMPLES: &str = "Examples:
  seawall bench match --size 1000000 --queries 2000 --seed 1
  seawall bench match --size 10000000 --queries 10000 --seed 1 --threads 2 --json
  seawall bench hash --width 4000 --height 3000
  seawall bench file photo.jpg
  seawall bench seen --size 10000000
  seawall bench soak --size 1000000 --rounds 100";
