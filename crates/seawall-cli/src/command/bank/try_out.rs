//! `seawall bank import --layout … --dry-run`: what a list of a partner holds, read by a layout.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use seawall_exchange::feed::{Entry, EntryState, Fingerprint};
use seawall_exchange::file::{FileReader, FileRow, Layout, Preset, RowRead};
use seawall_exchange::intake;

use crate::output::{self, Exit};

/// Reads the list, keeps nothing of it, and tells what it holds.
pub(super) fn try_out(path: &Path, layout: &str) -> anyhow::Result<Exit> {
    let layout = read_layout(layout)?;
    let reading = || format!("reading the list {}", path.display());
    let file = File::open(path).with_context(reading)?;
    let bar = progress_bar(file.metadata().with_context(reading)?.len());
    let counts = count(bar.wrap_read(file), layout).with_context(reading)?;
    bar.finish_and_clear();
    counts.tell();
    Ok(if counts.problems > 0 {
        Exit::SomeFailed
    } else {
        Exit::Ok
    })
}

/// The layout with this name, or in this file.
fn read_layout(name: &str) -> anyhow::Result<Layout> {
    if let Ok(preset) = name.parse::<Preset>() {
        return Ok(preset.into());
    }
    let presets = Preset::ALL.map(Preset::name).join(", ");
    let text = std::fs::read_to_string(name).with_context(|| {
        format!("reading the layout {name}: name a file, or one of the presets {presets}")
    })?;
    Layout::from_toml(&text).with_context(|| format!("reading the layout {name}"))
}

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    listed: u64,
    withdrawn: u64,
    /// By what their kind is called.
    hashes: BTreeMap<String, u64>,
    /// Hashes of kinds that are kept and not matched, likewise.
    unmatched: BTreeMap<String, u64>,
    /// By why they wait.
    held: BTreeMap<&'static str, u64>,
    uneven: u64,
    problems: u64,
    /// The first problems.
    samples: Vec<String>,
}

fn count(mut file: impl Read, layout: Layout) -> anyhow::Result<Counts> {
    let mut counts = Counts::default();
    let mut reader = FileReader::new(layout);
    let (mut piece, mut rows) = (vec![0; PIECE_BYTES], Vec::new());
    loop {
        let bytes = file.read(&mut piece)?;
        if bytes == 0 {
            reader.finish(&mut rows)?;
        } else {
            reader.push(&piece[..bytes], &mut rows)?;
        }
        rows.drain(..).for_each(|row| counts.take(&row));
        if bytes == 0 {
            return Ok(counts);
        }
    }
}

impl Counts {
    fn take(&mut self, row: &FileRow) {
        let reason = match &row.read {
            RowRead::Entry(entry) => return self.take_entry(entry),
            RowRead::SetAside { reason, .. } | RowRead::Rejected { reason, .. } => reason,
        };
        self.problems += 1;
        if self.samples.len() < SAMPLES {
            self.samples
                .push(format!("line {}: {reason}", row.start.line));
        }
    }

    fn take_entry(&mut self, entry: &Entry) {
        match entry.state {
            EntryState::Active => self.listed += 1,
            EntryState::Withdrawn => self.withdrawn += 1,
        }
        for fingerprint in &entry.fingerprints {
            let (of, kind) = match fingerprint {
                Fingerprint::Hash { hash, .. } => (&mut self.hashes, hash.algorithm().name()),
                Fingerprint::Other { kind, .. } => (&mut self.unmatched, kind.as_str()),
            };
            match of.get_mut(kind) {
                Some(count) => *count += 1,
                None => drop(of.insert(kind.to_owned(), 1)),
            }
            if let Some(reason) = intake::check(fingerprint) {
                *self.held.entry(reason.name()).or_default() += 1;
            }
            self.uneven += u64::from(intake::is_uneven(fingerprint));
        }
    }

    fn tell(&self) {
        output::line(format_args!(
            "{} entries, {} withdrawn, {} rows or parts of rows not read; nothing was changed",
            self.listed, self.withdrawn, self.problems
        ));
        tell_each("hashes", self.hashes.iter());
        tell_each("kept, not matched", self.unmatched.iter());
        tell_each("held back", self.held.iter());
        if self.uneven > 0 {
            output::line(format_args!(
                "  PDQ values without 128 ones, matched and flagged: {}",
                self.uneven
            ));
        }
        for sample in &self.samples {
            output::note(sample);
        }
        let more = self.problems.saturating_sub(SAMPLES as u64);
        if more > 0 {
            output::note(format_args!("and {more} more"));
        }
    }
}

fn tell_each<'a>(what: &str, counts: impl Iterator<Item = (impl std::fmt::Display, &'a u64)>) {
    let each: Vec<String> = counts
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    if !each.is_empty() {
        output::line(format_args!("  {what}: {}", each.join(", ")));
    }
}

/// A bar on standard error where a person watches and there is something to wait for.
fn progress_bar(bytes: u64) -> ProgressBar {
    if bytes < BAR_BYTES || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {eta} left");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// How many bytes of a file are read at a time.
const PIECE_BYTES: usize = 1 << 18;

/// How many problems are shown.
const SAMPLES: usize = 20;

/// Smaller files are read at once.
const BAR_BYTES: u64 = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_in_a_file_is_counted_once() {
        let layout = "format = \"csv\"\nid = \"id\"\nremoved = \"removed\"\n\
            [[hash]]\nkind_in = \"kind\"\nvalue = \"value\"\n";
        let (zeros, md5) = ("0".repeat(64), "5d41402abc4b2a76b9719d911017c592");
        let mut file = format!(
            "id,kind,value,removed\n1,md5,{md5},\n2,pdq,{zeros},\n3,md5,{md5},2024-05-01\n4,TMK,x,\n"
        );
        for _ in 0..25 {
            file += "5,md5,x,\n";
        }
        let layout = Layout::from_toml(layout).expect("a layout");
        let counts = count(file.as_bytes(), layout).expect("a table");
        let samples =
            (6..26).map(|line| format!("line {line}: value: no hash of this kind has 1 digits"));
        let each = |kinds: &[&str]| kinds.iter().map(|&kind| (kind.to_owned(), 1)).collect();
        assert_eq!(
            counts,
            Counts {
                listed: 3,
                withdrawn: 1,
                hashes: each(&["md5", "pdq"]),
                unmatched: each(&["TMK"]),
                held: [("all_zeros", 1)].into(),
                uneven: 1,
                problems: 25,
                samples: samples.collect(),
            }
        );
    }

    #[test]
    fn a_layout_is_a_preset_or_a_file() {
        assert!(read_layout("tx-dataset").is_ok());
        let error = read_layout("nowhere.toml").expect_err("there is none");
        assert!(error.to_string().contains("stopncii"), "{error}");
    }
}
