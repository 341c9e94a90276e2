//! `seawall bench match`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use seawall::index::{Index, Scope};
use seawall::rows::within;
use seawall_core::{Hash, Threshold};
use serde::Serialize;

use super::machine::{self, Machine};
use super::rounds::Rounds;
use super::rows::{Query, Rows, content};
use super::table;
use crate::output::{self, Exit};

/// Search a list of random hashes.
///
/// The list is made from the seed. Half of the queries are listed hashes with 0 to 31 random
/// bits flipped, the others are strangers. Before anything is timed, a sample of the queries
/// is compared with every row, and every flipped hash has to be found. Ends with 1 where a
/// pair is missing or one too many is found.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Match {
    /// How many hashes are listed.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    size: u32,
    /// How many are looked up in each round.
    #[arg(long, value_name = "Q", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    queries: u32,
    /// The same seed gives the same list and the same queries.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Look up on so many threads at once.
    #[arg(long, value_name = "T", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// How many bits may differ.
    #[arg(long, value_name = "BITS", default_value_t = 31, value_parser = clap::value_parser!(u16).range(0..=256))]
    max_distance: u16,
    /// How many of the queries are compared with every row.
    #[arg(long, value_name = "N", default_value_t = 100)]
    checked: u32,
    /// Share the list out to so many banks.
    #[arg(long, value_name = "B", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    banks: u16,
    /// Crowd the list: so many of the sixteen slices of every hash are zero.
    #[arg(long, value_name = "SLICES", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=12))]
    crowded: u16,
    /// Also time looking at every row, for comparison.
    #[arg(long)]
    scan: bool,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rounds: Rounds,
    /// Write the list, the queries and the pairs into this folder, for other programs.
    #[arg(long, hide = true)]
    save: Option<std::path::PathBuf>,
    /// Look up so many at once and time that, as for a picture in its orientations.
    #[arg(long, hide = true, default_value_t = 1)]
    batch: u16,
}

impl Match {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        // As the server does.
        seawall_simd::memory::give_back_large_blocks();
        machine::require(u64::from(self.size) * BUILD_BYTES_PER_ROW)?;
        let rows = Rows {
            seed: self.seed,
            size: self.size as usize,
            crowded: self.crowded,
        };
        let threshold = Threshold::new(self.max_distance);
        let threshold = threshold.expect("the argument's range is the threshold's");
        output::note(format_args!("building an index of {} hashes", self.size));
        let before = machine::resident_bytes();
        let (index, build_seconds) = build(rows, self.banks, threshold);
        let resident_mb = machine::grown_mb(before, machine::resident_bytes());
        let build_peak_mb = machine::grown_mb(before, machine::resident_bytes_max());
        let queries = rows.queries(self.queries as usize);
        output::note(format_args!(
            "comparing {} of {} queries with every row",
            self.checked.min(self.queries),
            self.queries
        ));
        let pairs = Pairs::count(&index, &queries, rows, self, threshold);
        if let Some(folder) = &self.save {
            super::rows::save(folder, rows, &queries, |query| {
                found(&index, query, threshold)
            })?;
        }
        let lookups = Lookups::new(&index, &queries, self);
        output::note("timing");
        let seconds = self.rounds.median_seconds(|| lookups.run());
        let scan = self
            .scan
            .then(|| scan_microseconds(rows, &queries, self, threshold));
        let report = Report {
            size: self.size,
            banks: self.banks,
            crowded: self.crowded,
            queries: self.queries,
            seed: self.seed,
            threads: self.threads,
            distance_max: self.max_distance,
            checked_queries: pairs.checked,
            pairs_expected: pairs.expected,
            pairs_found: pairs.found,
            pairs_unexpected: pairs.unexpected,
            recall: pairs.recall(),
            microseconds_per_query: rounded(seconds * 1e6 / f64::from(self.queries)),
            microseconds_per_scan: scan.map(rounded),
            build_seconds: rounded(build_seconds),
            resident_mb,
            build_peak_mb,
            kernel: seawall_simd::hamming::kernel_name(),
            machine: Machine::this(),
            version: env!("CARGO_PKG_VERSION"),
        };
        report.print(self.json)?;
        self.rounds.step(|| lookups.run())?;
        Ok(if pairs.expected == pairs.found && pairs.unexpected == 0 {
            Exit::Ok
        } else {
            Exit::SomeFailed
        })
    }
}

fn build(rows: Rows, banks: u16, threshold: Threshold) -> (Index, f64) {
    let banks = rows.banks(banks, threshold).into_iter().map(Arc::new);
    let banks = banks.collect();
    let started = Instant::now();
    let index = Index::new(banks);
    (index, started.elapsed().as_secs_f64())
}

/// Microseconds for looking at every row, each in its turn.
fn scan_microseconds(rows: Rows, queries: &[Query], options: &Match, limit: Threshold) -> f64 {
    let listed: Vec<[u64; 4]> = (0..rows.size).map(|row| rows.hash(row).0).collect();
    let queries: Vec<&Query> = queries.iter().rev().take(SCANNED_QUERIES).collect();
    let seconds = options.rounds.median_seconds(|| {
        for query in &queries {
            let mut found = 0;
            within(query.hash, &listed, limit, &mut |_, _| found += 1);
            black_box(found);
        }
    });
    seconds * 1e6 / queries.len() as f64
}

/// The rows that the index finds for a query, in order.
fn found(index: &Index, query: &Query, threshold: Threshold) -> Vec<usize> {
    let hits = index.lookup(&Hash::Pdq(query.hash), Some(threshold));
    let row = |hit: &seawall::index::Hit| usize::try_from(hit.content.0).ok();
    let mut rows: Vec<usize> = hits.iter().filter_map(row).collect();
    rows.sort_unstable();
    rows
}

/// What there is to be found, and what is.
#[derive(Default)]
struct Pairs {
    checked: usize,
    expected: usize,
    found: usize,
    unexpected: usize,
}

impl Pairs {
    /// All pairs of a sample of the queries, by looking at every row, and of every other
    /// query the row that it was made from.
    fn count(
        index: &Index,
        queries: &[Query],
        rows: Rows,
        options: &Match,
        threshold: Threshold,
    ) -> Self {
        let checked = (options.checked as usize).min(queries.len());
        let sampled = |at: usize| {
            checked > 0 && at * checked / queries.len() != (at + 1) * checked / queries.len()
        };
        let (sample, rest): (Vec<_>, Vec<_>) =
            queries.iter().enumerate().partition(|&(at, _)| sampled(at));
        let mut near: Vec<Vec<usize>> = vec![Vec::new(); sample.len()];
        for row in 0..rows.size {
            let listed = rows.hash(row);
            for ((_, query), near) in sample.iter().zip(&mut near) {
                if threshold.admits(query.hash.distance(listed)) {
                    near.push(row);
                }
            }
        }
        let mut pairs = Self {
            checked: sample.len(),
            ..Self::default()
        };
        for ((_, query), near) in sample.iter().zip(&near) {
            let rows = found(index, query, threshold);
            let right = rows.iter().filter(|row| near.binary_search(row).is_ok());
            pairs.expected += near.len();
            pairs.found += right.count();
            pairs.unexpected += rows.len();
        }
        pairs.unexpected -= pairs.found;
        for (_, query) in rest {
            let planted = query
                .planted
                .filter(|planted| planted.flips <= usize::from(threshold.bits()));
            let Some(planted) = planted else { continue };
            let hits = index.lookup(&Hash::Pdq(query.hash), Some(threshold));
            let is_found = hits.iter().any(|hit| hit.content == content(planted.row));
            pairs.expected += 1;
            pairs.found += usize::from(is_found);
        }
        pairs
    }

    /// The share of the pairs that is found; all of none is all.
    fn recall(&self) -> f64 {
        if self.expected == 0 {
            1.0
        } else {
            self.found as f64 / self.expected as f64
        }
    }
}

/// The work that is timed.
struct Lookups<'a> {
    index: &'a Index,
    hashes: Vec<Hash>,
    options: &'a Match,
    threshold: Option<Threshold>,
}

impl<'a> Lookups<'a> {
    fn new(index: &'a Index, queries: &[Query], options: &'a Match) -> Self {
        Self {
            index,
            hashes: queries.iter().map(|query| Hash::Pdq(query.hash)).collect(),
            options,
            threshold: Threshold::new(options.max_distance),
        }
    }

    fn run(&self) {
        let share = self.hashes.len().div_ceil(self.options.threads.into());
        if self.options.threads == 1 {
            return self.look_up(&self.hashes);
        }
        std::thread::scope(|scope| {
            for hashes in self.hashes.chunks(share) {
                scope.spawn(|| self.look_up(hashes));
            }
        });
    }

    fn look_up(&self, hashes: &[Hash]) {
        if self.options.batch > 1 {
            let scope = Scope {
                distance_max: self.threshold,
                ..Scope::default()
            };
            for hashes in hashes.chunks(self.options.batch.into()) {
                black_box(self.index.lookup_many(hashes, &scope));
            }
            return;
        }
        for hash in hashes {
            black_box(self.index.lookup(hash, self.threshold));
        }
    }
}

/// What is said about it. Fields are only ever added.
#[derive(Serialize)]
struct Report {
    size: u32,
    banks: u16,
    crowded: u16,
    queries: u32,
    seed: u64,
    threads: u16,
    distance_max: u16,
    checked_queries: usize,
    pairs_expected: usize,
    pairs_found: usize,
    pairs_unexpected: usize,
    recall: f64,
    microseconds_per_query: f64,
    microseconds_per_scan: Option<f64>,
    build_seconds: f64,
    resident_mb: Option<f64>,
    build_peak_mb: Option<f64>,
    kernel: &'static str,
    machine: Machine,
    version: &'static str,
}

impl Report {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        let memory = |mb: Option<f64>| mb.map_or("unknown".to_owned(), |mb| format!("{mb:.1}"));
        let scan = self.microseconds_per_scan.map(|scan| scan.to_string());
        let scan = scan.unwrap_or("not timed".to_owned());
        table(&[
            ("listed hashes", self.size.to_string(), ""),
            ("pairs expected", self.pairs_expected.to_string(), ""),
            ("pairs found", self.pairs_found.to_string(), ""),
            ("pairs too many", self.pairs_unexpected.to_string(), ""),
            ("recall", format!("{:.6}", self.recall), ""),
            ("one query", self.microseconds_per_query.to_string(), "µs"),
            ("every row", scan, "µs"),
            ("threads", self.threads.to_string(), ""),
            ("building", self.build_seconds.to_string(), "s"),
            ("memory of the index", memory(self.resident_mb), "MB"),
            ("most while building", memory(self.build_peak_mb), "MB"),
            ("kernel", self.kernel.to_owned(), ""),
        ]);
        Ok(())
    }
}

/// To four digits or so: what follows is noise.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// How many queries a comparison with every row takes.
const SCANNED_QUERIES: usize = 20;

/// The most that building takes for a row: the entries, the arrays being sorted and the
/// finished tables. Measured at a million and at ten million rows.
const BUILD_BYTES_PER_ROW: u64 = 200;

const EXAMPLES: &str = "Examples:
  seawall bench match --size 1000000 --queries 2000 --seed 1
  seawall bench match --size 10000000 --queries 10000 --seed 1 --threads 2 --json

What the figures mean:
  recall               share of the pairs expected that were found; it has to be 1
  every row            with --scan: one query held against every row, without an index
  one query            the clock's time of a round divided by the queries of all threads
  building             from a list of hashes in memory to an index that answers
  memory of the index  what is resident after building, less what was before; in JSON
                       resident_mb, in megabytes of a million bytes
  most while building  the same for the highest point on the way";
