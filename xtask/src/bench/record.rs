//! What a run leaves: one file of JSON, never written over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::robustness::Robustness;

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// When it began, in UTC.
    pub(crate) date: String,
    /// The commit that was built.
    pub(crate) commit: String,
    /// Whether files differed from it.
    pub(crate) changed: bool,
    /// Whether it was a short run, whose figures are worth little.
    pub(crate) quick: bool,
    /// Where it ran.
    pub(crate) machine: Machine,
    /// The load average before and after; the run itself adds about one.
    pub(crate) load_average: [Option<f64>; 2],
    /// Of every program and library in it.
    pub(crate) versions: BTreeMap<String, String>,
    /// The kernels that were chosen, by the program that has them.
    pub(crate) kernels: BTreeMap<String, String>,
    /// What was measured.
    pub(crate) lines: Vec<Line>,
    /// What is found of edited pictures.
    pub(crate) robustness: Option<Robustness>,
    /// What was not measured, and why.
    pub(crate) left_out: Vec<String>,
}

/// One piece of work and how those who did it fared. Less is better, unless a target is a least.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    /// A short name.
    pub(crate) id: String,
    /// What was done.
    pub(crate) work: String,
    /// The unit of every figure here.
    pub(crate) unit: String,
    /// What was compared before the clock ran.
    pub(crate) checked: String,
    /// Who did it.
    pub(crate) contenders: Vec<Contender>,
    /// What Seawall should reach.
    pub(crate) targets: Vec<Target>,
}

/// One program's figures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contender {
    /// The program and how it was used.
    pub(crate) name: String,
    /// Whether it is Seawall.
    pub(crate) is_ours: bool,
    /// Every round, in order.
    pub(crate) rounds: Vec<f64>,
    /// Their median.
    pub(crate) median: f64,
}

/// A limit that one of our figures has to keep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Whose figure.
    pub(crate) of: String,
    /// The promise in words.
    pub(crate) text: String,
    /// The largest figure that keeps it, in the line's unit; the least where that is said.
    pub(crate) limit: f64,
    /// Whether the figure has to be at least the limit.
    #[serde(default)]
    pub(crate) is_least: bool,
    /// Whether it was kept.
    pub(crate) is_reached: bool,
}

impl Line {
    /// A line without figures.
    pub(crate) fn new(id: &str, work: &str, unit: &str, checked: &str) -> Self {
        Self {
            id: id.to_owned(),
            work: work.to_owned(),
            unit: unit.to_owned(),
            checked: checked.to_owned(),
            contenders: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// The line with a program's figures.
    pub(crate) fn with(mut self, name: &str, is_ours: bool, rounds: Vec<f64>) -> Self {
        self.contenders.push(Contender {
            name: name.to_owned(),
            is_ours,
            median: median(&rounds),
            rounds,
        });
        self
    }

    /// The line with the promise that `of` is `factor` times as fast as `than`. Nothing is
    /// promised where one of them did not take part.
    pub(crate) fn times(mut self, of: &str, factor: f64, than: &str) -> Self {
        if let Some(peer) = self.median_of(than) {
            let text = format!("{factor} × {than}");
            self.promise(of, text, peer / factor);
        }
        self
    }

    /// The line with the promise that `of` is at most `limit`.
    pub(crate) fn at_most(mut self, of: &str, limit: f64) -> Self {
        let text = format!("≤ {limit} {}", self.unit);
        self.promise(of, text, limit);
        self
    }

    /// The line with the promise that `of` is at least `limit`.
    pub(crate) fn at_least(mut self, of: &str, limit: f64) -> Self {
        if let Some(figure) = self.median_of(of) {
            self.targets.push(Target {
                of: of.to_owned(),
                text: format!("≥ {limit} {}", self.unit),
                limit,
                is_least: true,
                is_reached: figure >= limit,
            });
        }
        self
    }

    fn promise(&mut self, of: &str, text: String, limit: f64) {
        if let Some(figure) = self.median_of(of) {
            self.targets.push(Target {
                of: of.to_owned(),
                text,
                limit,
                is_least: false,
                is_reached: figure <= limit,
            });
        }
    }

    /// A contender's figure.
    pub(crate) fn median_of(&self, name: &str) -> Option<f64> {
        let found = self.contenders.iter().find(|one| one.name == name)?;
        Some(found.median)
    }
}

/// The middle one, or the mean of the two middle ones; 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

impl Record {
    /// Writes it under a name that is still free, and gives the path.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub(crate) fn save(&self, folder: &Path) -> Result<PathBuf> {
        std::fs::create_dir_all(folder).context("making the folder of records")?;
        let day = self.date.get(..10).unwrap_or("undated");
        let name = format!("{day}-{}", self.machine.slug());
        let path = free_path(folder, &name);
        let mut text = serde_json::to_string_pretty(self).context("writing the record")?;
        text.push('\n');
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// Every record of a folder with its file's stem, the oldest first.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub(crate) fn all(folder: &Path) -> Result<Vec<(String, Self)>> {
        let mut records = Vec::new();
        for entry in std::fs::read_dir(folder).context("listing the records")? {
            let path = entry.context("listing the records")?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let text = std::fs::read_to_string(&path).context("reading a record")?;
                let record: Self = serde_json::from_str(&text)
                    .with_context(|| format!("reading {}", path.display()))?;
                let stem = path.file_stem().unwrap_or_default();
                records.push((stem.to_string_lossy().into_owned(), record));
            }
        }
        records.sort_by(|a, b| a.1.date.cmp(&b.1.date));
        Ok(records)
    }
}

/// `NAME.json`, or the first of `NAME-2.json`, `NAME-3.json` that does not exist.
fn free_path(folder: &Path, name: &str) -> PathBuf {
    let first = folder.join(format!("{name}.json"));
    let later = (2..).map(|number: u32| folder.join(format!("{name}-{number}.json")));
    let mut candidates = std::iter::once(first).chain(later);
    candidates
        .find(|path| !path.exists())
        .expect("the numbers do not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reached_where_the_median_keeps_it() {
        let line = Line::new("a", "work", "ms", "same")
            .with("Seawall", true, vec![9.0, 4.0, 5.0])
            .with("Peer", false, vec![100.0, 140.0])
            .times("Seawall", 24.0, "Peer")
            .times("Seawall", 25.0, "Peer")
            .at_most("Seawall", 5.0)
            .at_most("Seawall", 4.9)
            .times("Seawall", 2.0, "Absent")
            .at_most("Absent", 1.0)
            .at_least("Seawall", 5.0)
            .at_least("Seawall", 5.1);
        let reached: Vec<bool> = line.targets.iter().map(|t| t.is_reached).collect();
        assert_eq!(reached, [true, false, true, false, true, false]);
        assert_eq!(line.median_of("Seawall"), Some(5.0));
        assert!((line.targets[0].limit - 5.0).abs() < 1e-9);
    }

    #[test]
    fn medians_of_odd_even_and_nothing() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn a_record_is_never_written_over_and_can_be_read_again() {
        let folder = std::env::temp_dir().join(format!("xtask-records-{}", std::process::id()));
        let mut record = super::super::page::tests::record();
        let first = record.save(&folder).expect("can be written");
        record.date = "2026-01-02T09:00:00.000Z".to_owned();
        let second = record.save(&folder).expect("can be written");
        let read = Record::all(&folder).expect("can be read");
        std::fs::remove_dir_all(&folder).expect("was made");
        assert!(first.ends_with("2026-01-02-some-cpu-2-cores.json"));
        assert!(second.ends_with("2026-01-02-some-cpu-2-cores-2.json"));
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].0, "2026-01-02-some-cpu-2-cores-2");
        assert_eq!(read[1].1.date, record.date);
    }
}
