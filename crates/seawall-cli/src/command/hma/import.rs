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
/// adds what is new and nothing twice. Each line that could not be read, or that its bank does
/// not take, is named, and the rest is taken over. Ends with 1 where there was one.
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
    /// The line of each content.
    lines: Vec<usize>,
}

/// What was done to one bank, or would be.
#[derive(Serialize)]
struct Outcome<'a> {
    bank: &'a str,
    made: bool,
    added: usize,
    known: usize,
    refused: usize,
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
        read.note_left_out();
        ensure!(
            !read.batches.is_empty(),
            "the file has no content that can be taken over"
        );
        let contents = read.batches.values().map(|batch| batch.contents.len());
        let progress = indicatif::ProgressBar::new(contents.sum::<usize>() as u64);
        let mut refused = 0;
        for batch in read.batches.values() {
            refused += self.take_over(&workflow, batch, &progress)?;
        }
        progress.finish_and_clear();
        Ok(match read.rejected.is_empty() && refused == 0 {
            true => Exit::Ok,
            false => Exit::SomeFailed,
        })
    }

    /// Takes one bank over, or says what would be done, and gives the number of contents that
    /// the bank does not take.
    fn take_over(
        &self,
        workflow: &Workflow,
        batch: &Batch,
        progress: &indicatif::ProgressBar,
    ) -> anyhow::Result<usize> {
        let name = &batch.name;
        let made = matches!(workflow.bank(name), Err(BankError::NoBank));
        let taken = if self.dry_run {
            workflow.would_take_over(name, &batch.contents)
        } else {
            if made {
                workflow.create_sampled_bank(name, batch.ratio, Actor::Operator)?;
            }
            take_over_by_parts(workflow, batch, progress)
        };
        let taken = taken.with_context(|| format!("taking over into {name}"))?;
        let refused = taken.refused.len();
        let outcome = Outcome {
            bank: name.as_str(),
            made,
            added: taken.added,
            known: taken.known,
            refused,
            dry_run: self.dry_run,
        };
        progress.suspend(|| {
            for (place, error) in taken.refused {
                let (line, error) = (batch.lines[place], anyhow::Error::from(error));
                output::note(format_args!("line {line}: not taken over: {error:#}"));
            }
            outcome.print(self.json)
        })?;
        Ok(refused)
    }
}

fn take_over_by_parts(
    workflow: &Workflow,
    batch: &Batch,
    progress: &indicatif::ProgressBar,
) -> Result<TakenOver, BankError> {
    let mut sum = TakenOver::default();
    for (part, some) in batch.contents.chunks(CONTENTS_AT_ONCE).enumerate() {
        let taken = workflow.take_over(&batch.name, some, Actor::Operator)?;
        sum.added += taken.added;
        sum.known += taken.known;
        let first = part * CONTENTS_AT_ONCE;
        let refused = taken.refused.into_iter();
        sum.refused
            .extend(refused.map(|(place, error)| (first + place, error)));
        progress.inc(some.len() as u64);
    }
    Ok(sum)
}

/// What a file holds.
#[derive(Default)]
struct Contents {
    batches: BTreeMap<String, Batch>,
    /// Lines that are none, or of which a part is not used, with the reason.
    rejected: Vec<(usize, String)>,
    /// How many signals of each type have no value.
    without_value: BTreeMap<&'static str, usize>,
    /// How many signals of each type there is no algorithm for.
    left_out: BTreeMap<String, usize>,
    /// Contents of which nothing is left then.
    empty: usize,
}

impl Contents {
    /// Reads line by line, as bytes: one that is no text costs itself alone.
    fn read(mut file: impl BufRead) -> anyhow::Result<Self> {
        let mut read = Self::default();
        let mut bytes = Vec::new();
        for number in 1.. {
            bytes.clear();
            let length = file.read_until(b'\n', &mut bytes);
            if length.with_context(|| format!("reading line {number}"))? == 0 {
                break;
            }
            let line = match number {
                1 => bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes),
                _ => &bytes,
            };
            let added = match std::str::from_utf8(line).map(str::trim) {
                Ok("") => continue,
                Ok(line) => read.add(number, line),
                Err(_) => Err("it is not UTF-8 text".to_owned()),
            };
            if let Err(problem) = added {
                read.rejected.push((number, problem));
            }
        }
        Ok(read)
    }

    fn add(&mut self, number: usize, line: &str) -> Result<(), String> {
        let row = read_row(line).map_err(|error: RowError| error.to_string())?;
        for signal in &row.left_out {
            *self.left_out.entry(signal.clone()).or_default() += 1;
        }
        for signal in &row.empty {
            *self.without_value.entry(signal).or_default() += 1;
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
                lines: Vec::new(),
            };
            self.batches.insert(row.bank.clone(), batch);
        }
        let problem = unreadable(&row);
        let batch = self.batches.get_mut(&row.bank);
        let batch = batch.expect("it was made where it was missing");
        batch.contents.push(foreign(row));
        batch.lines.push(number);
        problem
    }

    /// Says what the file has and Seawall does not take.
    fn note_left_out(&self) {
        for (signal, count) in &self.left_out {
            output::note(format_args!(
                "left out: {count} signals of the type {signal:?}"
            ));
        }
        for (signal, count) in &self.without_value {
            output::note(format_args!(
                "left out: {count} empty signals of the type {signal:?}"
            ));
        }
        if self.empty > 0 {
            output::note(format_args!(
                "left out: {} contents without a usable signal",
                self.empty
            ));
        }
    }
}

/// A content that has other signals is taken over with those, and the line named all the same.
fn unreadable(row: &Row) -> Result<(), String> {
    if row.unreadable.is_empty() {
        return Ok(());
    }
    let signals = row.unreadable.join(" and its ");
    Err(format!("its {signals} is not one; the rest of it is used"))
}

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
            external_id: row.external_id,
            uri: row.uri,
            metadata: row.metadata,
            is_video: row.is_video,
            shown_pdq: shown_pdq.copied(),
        },
        number: format!("hma:{}", row.id),
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
            bank,
            added,
            known,
            refused,
            ..
        } = self;
        let made = match (self.made, self.dry_run) {
            (true, false) => ", made",
            (true, true) => ", to be made",
            (false, _) => "",
        };
        let verb = if self.dry_run { "would add" } else { "added" };
        let refused = match refused {
            0 => String::new(),
            refused => format!(", {refused} refused"),
        };
        output::line(format_args!(
            "{bank}{made}: {verb} {added}, {known} there already{refused}"
        ));
        Ok(())
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One transaction takes over so many, so that a server beside it does not wait long.
const CONTENTS_AT_ONCE: usize = 10_000;

const EXAMPLES: &str = "Examples:
  seawall hma import hma.jsonl --dry-run
  seawall hma import hma.jsonl";
