//! `seawall bench seen`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Args;
use seawall_casework::audit::EventDraft;
use seawall_casework::context::ChannelKind;
use seawall_core::{Actor, Clock, EventKind, Hash, Threshold, Timestamp, View};
use seawall_store::{
    Change, FoldLimits, MasterKey, SeenKey, SeenRecord, Store, StoreError, day_of,
};
use seawall_workflow::{SystemClock, SystemRandom, search_seen};
use serde::Serialize;

use super::machine::{self, Machine};
use super::matching::rounded;
use super::rows::{Query, Rows};
use super::table;
use crate::output::{self, Exit};

/// Search a seen index on disk.
///
/// Makes a database of its own in a temporary folder, fills it with items of one random hash
/// each through the same pages that a server writes, and holds one hash and many against it,
/// at 31 bits. Half of them are kept hashes with 0 to 31 bits flipped: each of those has to
/// find its item. Uses every core, as a server does; the folder is deleted at the end.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Seen {
    /// How many hashes are kept.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    size: u32,
    /// How many hashes the larger lookup has.
    #[arg(long, value_name = "Q", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(2..=1_000))]
    hashes: u16,
    /// How often each lookup is repeated; the median counts.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
    rounds: u8,
    /// The same seed gives the same hashes.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Where the temporary folder is made; the system's place for such folders where not given.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// A folder that goes away with this value.
struct Temporary(PathBuf);

impl Temporary {
    fn create(base: &Path) -> anyhow::Result<Self> {
        let path = base.join(format!("seawall-bench-{}", std::process::id()));
        std::fs::create_dir(&path)
            .with_context(|| format!("making the folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if std::fs::remove_dir_all(&self.0).is_err() {
            output::note(format_args!("{} was not deleted", self.0.display()));
        }
    }
}

impl Seen {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let base = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        let folder = Temporary::create(&base)?;
        let database = folder.0.join("seawall.db");
        let store = Store::create(&database, SystemClock.now())?;
        let key = MasterKey::generate(&SystemRandom).seen_key();
        let rows = Rows {
            seed: self.seed,
            size: self.size as usize,
            crowded: 0,
        };
        let started = Instant::now();
        fill(&store, &key, rows)?;
        let fill_seconds = rounded(started.elapsed().as_secs_f64());
        let queries = rows.queries(usize::from(self.hashes));
        let before = machine::resident_bytes();
        let one = self.time(&store, &key, &queries[..1])?;
        let many = self.time(&store, &key, &queries)?;
        let grown = machine::grown_mb(before, machine::resident_bytes_max());
        let report = Report {
            size: self.size,
            seed: self.seed,
            hashes: self.hashes,
            found: many.found,
            fill_seconds,
            disk_mb: bytes_of(&database).map(|bytes| rounded(bytes as f64 / 1e6)),
            seconds_for_one: one.seconds,
            seconds_for_many: many.seconds,
            resident_mb: grown,
            machine: Machine::this(),
            version: env!("CARGO_PKG_VERSION"),
        };
        report.print(self.json)?;
        Ok(Exit::Ok)
    }

    /// The median time of a lookup whose answer was checked first.
    fn time(&self, store: &Store, key: &SeenKey, queries: &[Query]) -> anyhow::Result<Timed> {
        let hashes: Vec<Hash> = queries.iter().map(|query| Hash::Pdq(query.hash)).collect();
        let (mut seconds, mut found) = (Vec::new(), 0);
        for _ in 0..self.rounds {
            let started = Instant::now();
            let answer = search_seen(store, key, &hashes, Threshold::DEFAULT)?;
            seconds.push(started.elapsed().as_secs_f64());
            let has = |row: usize| answer.matches.iter().any(|item| item.item_id == name(row));
            let mut planted = queries.iter().filter_map(|query| query.planted);
            ensure!(
                planted.all(|planted| has(planted.row)),
                "a kept hash was not found: this is a fault of seawall, please report it"
            );
            found = answer.found;
        }
        seconds.sort_by(f64::total_cmp);
        Ok(Timed {
            seconds: rounded(seconds[seconds.len() / 2]),
            found,
        })
    }
}

struct Timed {
    seconds: f64,
    found: u64,
}

fn fill(store: &Store, key: &SeenKey, rows: Rows) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let page_rows = FoldLimits::default().records_max as usize;
    let progress = indicatif::ProgressBar::new(rows.size as u64);
    for first in (0..rows.size).step_by(page_rows) {
        let page = first..rows.size.min(first + page_rows);
        let records: Vec<SeenRecord> = page.map(|row| record(rows, row, now)).collect();
        store.write(now, |tx| {
            tx.insert_seen_page(key, day_of(now), &records, &SystemRandom)?;
            let event = EventDraft::new(EventKind::SeenFolded, Actor::Operator);
            Ok::<_, StoreError>(Change::new(()).event(event))
        })?;
        progress.inc(records.len() as u64);
    }
    progress.finish_and_clear();
    Ok(())
}

fn record(rows: Rows, row: usize, now: Timestamp) -> SeenRecord {
    SeenRecord {
        item_id: name(row),
        seen_at: now,
        channel: ChannelKind::Public,
        hashes: vec![(Hash::Pdq(rows.hash(row)), Some(View::STORED))],
    }
}

fn name(row: usize) -> String {
    format!("item-{row}")
}

fn bytes_of(database: &Path) -> Option<u64> {
    let file = std::fs::metadata(database).ok()?.len();
    let log = std::fs::metadata(database.with_extension("db-wal")).map_or(0, |log| log.len());
    Some(file + log)
}

/// What is said about it. Fields are only ever added.
#[derive(Serialize)]
struct Report {
    size: u32,
    seed: u64,
    hashes: u16,
    /// Items that the larger lookup found.
    found: u64,
    fill_seconds: f64,
    disk_mb: Option<f64>,
    seconds_for_one: f64,
    seconds_for_many: f64,
    /// What the lookups took at most, beyond what was resident before them.
    resident_mb: Option<f64>,
    machine: Machine,
    version: &'static str,
}

impl Report {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        let number =
            |value: Option<f64>| value.map_or("unknown".to_owned(), |value| format!("{value:.1}"));
        let many = format!("{} hashes against them", self.hashes);
        table(&[
            ("kept hashes", self.size.to_string(), ""),
            ("on disk", number(self.disk_mb), "MB"),
            ("filling", self.fill_seconds.to_string(), "s"),
            (
                "one hash against them",
                self.seconds_for_one.to_string(),
                "s",
            ),
            (&many, self.seconds_for_many.to_string(), "s"),
            ("items found", self.found.to_string(), ""),
            ("memory of the lookups", number(self.resident_mb), "MB"),
        ]);
        Ok(())
    }
}

const EXAMPLES: &str = "Examples:
  seawall bench seen --size 1000000
  seawall bench seen --size 10000000 --folder /srv/scratch --json";
