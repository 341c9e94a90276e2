//! `seawall match`.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use seawall::hash::LookupReport;
use seawall::index::{BankIndex, BankSettings, Entry, Hit, Index, Scope};
use seawall::json::FileReport;
use seawall::scan::{Match as Found, matches};
use seawall_core::{
    Algorithm, BankId, BankRole, ContentId, Hash, HashReport, Limits, Outcome, Threshold, View,
};
use seawall_exchange::list::{self, HashList};
use serde::Serialize;

use super::hash::print_report;
use super::runtime;
use crate::inputs::{ViewArguments, hash_each, resolve};
use crate::output::{self, Exit};

/// Match files or hashes against lists; needs no server.
///
/// A list is plain text or CSV: a hash a line, `algorithm:hash`, the output of md5sum, or
/// columns named in a header. A bare value of 64 digits is PDQ. Rows that cannot be read are
/// named by line and the rest is used.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Match {
    /// A list of known hashes; may be given several times.
    #[arg(long, required = true, num_args = 1)]
    list: Vec<PathBuf>,
    /// Largest PDQ distance that is a match, in bits.
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=256), default_value_t = Threshold::DEFAULT.bits())]
    max_distance: u16,
    /// One JSON line a file or query instead of a table.
    #[arg(long)]
    json: bool,
    /// End with 3 where a match was found.
    #[arg(long)]
    exit_code: bool,
    /// Match the hashes in this file instead of pictures.
    #[arg(long, conflicts_with = "inputs", required_unless_present = "inputs")]
    hashes: Option<PathBuf>,
    /// Decode only the brightness of JPEGs: faster, hashes a bit or two off, and not shown.
    #[arg(long, conflicts_with = "hashes")]
    fast: bool,
    #[command(flatten)]
    views: ViewArguments,
    /// Files, folders, or - for standard input.
    inputs: Vec<PathBuf>,
}

/// A file's report with its matches.
#[derive(Serialize)]
struct FileMatches {
    #[serde(flatten)]
    report: FileReport,
    matches: Vec<FileMatch>,
}

#[derive(Serialize)]
struct FileMatch {
    list: String,
    line: i64,
    algorithm: Algorithm,
    value: String,
    distance: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<View>,
}

/// A query with its matches.
#[derive(Serialize)]
struct QueryMatches {
    query: String,
    matches: Vec<QueryMatch>,
}

#[derive(Serialize)]
struct QueryMatch {
    list: String,
    line: i64,
    value: String,
    distance: u16,
}

/// What was seen so far.
#[derive(Clone, Copy, Default)]
struct Seen {
    matched: bool,
    failed: bool,
}

impl Match {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let (index, lists_failed) = self.index()?;
        let mut seen = Seen {
            failed: lists_failed,
            ..Seen::default()
        };
        match &self.hashes {
            Some(queries) => self.match_hashes(queries, &index, &mut seen)?,
            None => self.match_files(&index, &mut seen)?,
        }
        Ok(match seen {
            Seen { matched: true, .. } if self.exit_code => Exit::Matched,
            Seen { failed: true, .. } => Exit::SomeFailed,
            Seen { .. } => Exit::Ok,
        })
    }

    /// Each list becomes a bank, each row a content whose id is its line.
    fn index(&self) -> anyhow::Result<(Index, bool)> {
        let threshold = Threshold::new(self.max_distance).context("a distance is 0 to 256 bits")?;
        let (mut banks, mut failed) = (Vec::new(), false);
        for (number, path) in (1_i64..).zip(&self.list) {
            let list = read_list(path)?;
            failed |= !list.rejected.is_empty();
            let settings = BankSettings {
                bank: BankId(number),
                name: path.display().to_string(),
                threshold,
                enabled: true,
                role: BankRole::Known,
                lists: Vec::new(),
            };
            let entry = |row: &list::ListRow| Entry {
                content: ContentId(row.line.cast_signed()),
                list: None,
                hash: row.hash,
            };
            banks.push(Arc::new(BankIndex::new(
                settings,
                list.rows.iter().map(entry),
            )));
        }
        Ok((Index::new(banks), failed))
    }

    fn match_files(&self, index: &Index, seen: &mut Seen) -> anyhow::Result<()> {
        let (inputs, views) = (resolve(&self.inputs), self.views.into());
        let limits = Limits::default();
        let mut each = |name: String, report: &HashReport, found: &[Found]| {
            seen.matched |= !found.is_empty();
            seen.failed |= report.outcome == Outcome::Refused;
            let report = FileReport::from(report).named(name);
            let matches: Vec<FileMatch> =
                found.iter().map(|found| file_match(index, found)).collect();
            if self.json {
                return output::json(&FileMatches { report, matches });
            }
            print_report(&report)?;
            for found in &matches {
                let view = found.view.map_or(String::new(), |view| format!(", {view}"));
                output::line(format_args!(
                    "  MATCH   {} line {}: {}, {} bits{view}",
                    found.list, found.line, found.algorithm, found.distance
                ));
            }
            Ok(())
        };
        if self.fast {
            let each = |name: String, report: LookupReport| {
                let found = report.matches(index, None);
                each(name, &report.without_perceptual(), &found)
            };
            runtime()?.block_on(hash_each(inputs, limits, views, each))
        } else {
            let each = |name: String, report: HashReport| {
                let found = matches(&report, index, None);
                each(name, &report, &found)
            };
            runtime()?.block_on(hash_each(inputs, limits, views, each))
        }
    }

    fn match_hashes(&self, queries: &Path, index: &Index, seen: &mut Seen) -> anyhow::Result<()> {
        let queries = read_list(queries)?;
        seen.failed |= !queries.rejected.is_empty();
        let hashes: Vec<Hash> = queries.rows.iter().map(|row| row.hash).collect();
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        for piece in hashes.chunks(self.queries_at_once()) {
            let found = index.lookup_many_on(threads, piece, &Scope::default());
            for (hash, hits) in piece.iter().zip(found) {
                seen.matched |= !hits.is_empty();
                self.print_hits(index, hash, &hits)?;
            }
        }
        Ok(())
    }

    /// Far apart, every query matches much of every list: what is found is let go of at once.
    fn queries_at_once(&self) -> usize {
        match self.max_distance {
            ..=DISTANCE_CROWDED => QUERIES_AT_ONCE,
            _ => 1,
        }
    }

    fn print_hits(&self, index: &Index, hash: &Hash, hits: &[Hit]) -> anyhow::Result<()> {
        let matches = hits.iter().map(|hit| QueryMatch {
            list: list_name(index, hit.bank),
            line: hit.content.0,
            value: hit.hash.to_string(),
            distance: hit.distance.0,
        });
        let answer = QueryMatches {
            query: hash.to_string(),
            matches: matches.collect(),
        };
        if self.json {
            return output::json(&answer);
        }
        output::line(&answer.query);
        for found in &answer.matches {
            output::line(format_args!(
                "  MATCH   {} line {}: {} bits",
                found.list, found.line, found.distance
            ));
        }
        Ok(())
    }
}

/// Reads a list and names, on standard error, every row that is not used.
pub(crate) fn read_list(path: &Path) -> anyhow::Result<HashList> {
    read_as(path, list::parse)
}

/// The same for hashes to look up, where a row without a name goes by its own length.
pub(crate) fn read_lookups(path: &Path) -> anyhow::Result<HashList> {
    read_as(path, list::parse_lookups)
}

fn read_as(path: &Path, parse: fn(&[u8]) -> HashList) -> anyhow::Result<HashList> {
    let bytes =
        std::fs::read(path).with_context(|| format!("reading the list {}", path.display()))?;
    let list = parse(&bytes);
    for row in &list.rejected {
        output::note(format_args!(
            "{}: line {} was not read: {}",
            path.display(),
            row.line,
            row.reason
        ));
    }
    for row in &list.set_aside {
        output::note(format_args!(
            "{}: line {} was set aside: {}",
            path.display(),
            row.line,
            row.reason
        ));
    }
    Ok(list)
}

fn file_match(index: &Index, found: &Found) -> FileMatch {
    FileMatch {
        list: list_name(index, found.hit.bank),
        line: found.hit.content.0,
        algorithm: found.hit.hash.algorithm(),
        value: found.hit.hash.to_string(),
        distance: found.hit.distance.0,
        view: found.view,
    }
}

fn list_name(index: &Index, bank: BankId) -> String {
    let settings = index.banks().iter().map(|bank| bank.settings());
    settings
        .filter(|settings| settings.bank == bank)
        .map(|settings| settings.name.clone())
        .collect()
}

const QUERIES_AT_ONCE: usize = 256;
const DISTANCE_CROWDED: u16 = 64;

const EXAMPLES: &str = "Examples:
  seawall match --list known.txt photo.jpg
  seawall match --list a.txt --list b.csv --json uploads/ > matches.jsonl
  seawall match --list known.txt --exit-code photo.jpg && echo no match
  seawall match --list known.txt --hashes queries.txt --json";
