//! `seawall hma import`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use seawall_core::{Actor, BankName, Hash, Timestamp};
use seawall_exchange::hma_export::{Row, RowError, Switch, read_row};
use seawall_store::{ContentDetails, ContentSwitch, NewContent, Ratio, StoredHash};
use seawall_workflow::{BankError, ForeignContent, TakenOver, Workflow};
use serde::Serialize;

use crate::folder;
use crate::output::{self, Exit};

/// Take over the banks and contents of an HMA database.
///
/// The file has one JSON object a line: docs/moving-from-hma.md has the query that writes it.
/// Banks that are missing are made; of banks that are there, the settings stay. Doing it again
/// adds what is new and nothing twice. Ends with 1 where a line could not be read.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// The file.
    file: PathBuf,
    /// Say what would be done and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// One JSON line a bank.
    #[arg(long)]
    json: bool,
}

/// The contents of one bank.
struct Batch {
    name: BankName,
    ratio: Ratio,
    contents: Vec<ForeignContent>,
}

/// What was done to one bank, or would be.
#[derive(Serialize)]
struct Outcome<'a> {
    bank: &'a str,
    made: bool,
    added: usize,
    known: usize,
    dry_run: bool,
}

impl Import {
    pub(super) fn run(self, config: &Path) -> anyhow::Result<Exit> {
        let workflow = folder::workflow(&folder::config(config)?)?;
        let file = std::fs::File::open(&self.file);
        let file = file.with_context(|| format!("opening {}", self.file.display()))?;
        let read = Contents::read(BufReader::new(file))?;
        for (line, problem) in &read.rejected {
            output::note(format_args!("line {line}: {problem}"));
        }
        for (signal, count) in &read.left_out {
            output::note(format_args!(
                "left out: {count} signals of the type {signal:?}"
            ));
        }
        if read.empty > 0 {
            output::note(format_args!(
                "left out: {} contents without a usable signal",
                read.empty
            ));
        }
        ensure!(
            !read.batches.is_empty(),
            "the file has no content that can be taken over"
        );
        let contents = read.batches.values().map(|batch| batch.contents.len());
        let progress = indicatif::ProgressBar::new(contents.sum::<usize>() as u64);
        for batch in read.batches.values() {
            self.take_over(&workflow, batch, &progress)?;
        }
        progress.finish_and_clear();
        Ok(match read.rejected.is_empty() {
            true => Exit::Ok,
            false => Exit::SomeFailed,
        })
    }

    fn take_over(
        &self,
        workflow: &Workflow,
        batch: &Batch,
        progress: &indicatif::ProgressBar,
    ) -> anyhow::Result<()> {
        let name = &batch.name;
        let made = matches!(workflow.bank(name), Err(BankError::NoBank));
        if made && !self.dry_run {
            workflow.create_sampled_bank(name, batch.ratio, Actor::Operator)?;
        }
        let mut sum = TakenOver::default();
        for some in batch.contents.chunks(CONTENTS_AT_ONCE) {
            let taken = workflow.take_over(name, some, Actor::Operator, self.dry_run);
            let taken = taken.with_context(|| format!("taking over into {name}"))?;
            sum.added += taken.added;
            sum.known += taken.known;
            progress.inc(some.len() as u64);
        }
        let outcome = Outcome {
            bank: name.as_str(),
            made,
            added: sum.added,
            known: sum.known,
            dry_run: self.dry_run,
        };
        progress.suspend(|| outcome.print(self.json))
    }
}

/// What a file holds.
#[derive(Default)]
struct Contents {
    batches: BTreeMap<String, Batch>,
    /// Lines that are none, with the reason.
    rejected: Vec<(usize, String)>,
    /// How many signals of each type there is no algorithm for.
    left_out: BTreeMap<String, usize>,
    /// Contents of which nothing is left then.
    empty: usize,
}

impl Contents {
    fn read(file: impl BufRead) -> anyhow::Result<Self> {
        let mut read = Self::default();
        for (number, line) in (1..).zip(file.lines()) {
            let line = line.with_context(|| format!("reading line {number}"))?;
            if line.trim().is_empty() {
                continue;
            }
            if let Err(problem) = read.add(&line) {
                read.rejected.push((number, problem));
            }
        }
        Ok(read)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let row = read_row(line).map_err(|error: RowError| error.to_string())?;
        for signal in &row.left_out {
            *self.left_out.entry(signal.clone()).or_default() += 1;
        }
        if row.hashes.is_empty() {
            self.empty += 1;
            return Ok(());
        }
        let ratio = Ratio::new(row.enabled_ratio).unwrap_or(Ratio::ALL);
        if !self.batches.contains_key(&row.bank) {
            let name = row
                .bank
                .parse()
                .map_err(|_| "its bank's name is none here".to_owned())?;
            let batch = Batch {
                name,
                ratio,
                contents: Vec::new(),
            };
            self.batches.insert(row.bank.clone(), batch);
        }
        let batch = self.batches.get_mut(&row.bank);
        let batch = batch.expect("it was made where it was missing");
        batch.contents.push(foreign(row));
        Ok(())
    }
}

/// A content without an id of its own is known by its number in HMA.
fn foreign(row: Row) -> ForeignContent {
    let hashes = row.hashes.iter().map(|&hash| StoredHash {
        hash,
        quality: None,
    });
    let shown_pdq = row.hashes.iter().find(|hash| matches!(hash, Hash::Pdq(_)));
    ForeignContent {
        content: NewContent {
            class: None,
            list: None,
            note: row.note,
            hashes: hashes.collect(),
        },
        details: ContentDetails {
            external_id: Some(row.external_id.unwrap_or_else(|| format!("hma:{}", row.id))),
            uri: row.uri,
            metadata: row.metadata,
            is_video: row.is_video,
            shown_pdq: shown_pdq.copied(),
        },
        switch: match row.switch {
            Switch::On => ContentSwitch::On,
            Switch::Off => ContentSwitch::Off,
            Switch::OffUntil { unix_seconds } => {
                let ms = unix_seconds.saturating_mul(1000);
                ContentSwitch::OffUntil(Timestamp::from_millis(ms))
            }
        },
    }
}

impl Outcome<'_> {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        let Self {
            bank, added, known, ..
        } = self;
        let made = match (self.made, self.dry_run) {
            (true, false) => ", made",
            (true, true) => ", to be made",
            (false, _) => "",
        };
        let verb = if self.dry_run { "would add" } else { "added" };
        output::line(format_args!(
            "{bank}{made}: {verb} {added}, {known} there already"
        ));
        Ok(())
    }
}

/// One transaction takes over so many, so that a server beside it does not wait long.
const CONTENTS_AT_ONCE: usize = 10_000;

const EXAMPLES: &str = "Examples:
  seawall hma import hma.jsonl --dry-run
  seawall hma import hma.jsonl";
