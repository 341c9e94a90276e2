//! The page of all records, and the table in the guide.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::plot;
use super::record::{Contender, Line, Record};
use super::robustness::Robustness;

/// Writes `README.md` and a picture for each record of a folder.
///
/// # Errors
/// Where a record cannot be read or the folder not be written to.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let records = Record::all(folder)?;
    for (name, record) in &records {
        let path = folder.join(format!("{name}.svg"));
        std::fs::write(&path, plot::svg(record)).context("writing a picture")?;
    }
    std::fs::write(folder.join("README.md"), page(&records)).context("writing the page")
}

/// Puts a record's table between the two marks of the guide.
///
/// # Errors
/// Where the guide or its marks are missing.
pub(crate) fn write_guide(path: &Path, record: &Record) -> Result<()> {
    let text = std::fs::read_to_string(path).context("reading the guide to the benchmarks")?;
    let text = replaced(&text, &tables(record)).context("the guide has lost its two marks")?;
    std::fs::write(path, text).context("writing the guide to the benchmarks")
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

const BEGIN: &str = "<!-- the last record: begin -->";
const END: &str = "<!-- the last record: end -->";

fn page(records: &[(String, Record)]) -> String {
    let mut page = "# Records\n\nWritten by `cargo xtask bench`; what the lines mean and what is \
                    fair in them stands in `docs/benchmarks.md`.\n"
        .to_owned();
    let mut write = |text: &str| page.push_str(text);
    for (place, (name, record)) in records.iter().rev().enumerate() {
        if place == 0 {
            write(&format!("\n## The last one\n\n{}", tables(record)));
            write(&format!("\n![The same as bars]({name}.svg)\n\n## All\n\n"));
            write(
                "| Record | Plot | Commit | Machine | Load before and after |\n|---|---|---|---|---|\n",
            );
        }
        let row = format!(
            "| [{name}]({name}.json) | [bars]({name}.svg) | {} | {} | {} |\n",
            record.commit,
            record.machine.processor,
            load(record)
        );
        write(&row);
    }
    page
}

/// A record's circumstances and figures.
fn tables(record: &Record) -> String {
    let mut text = circumstances(record);
    text.push_str("\n| Work | Program | Median | Least to most | Compared | Target |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    for line in &record.lines {
        text.push_str(&rows(line));
    }
    if let Some(table) = &record.robustness {
        text.push_str(&robustness(table));
    }
    if !record.left_out.is_empty() {
        text.push_str("\nNot measured in this run:\n\n");
        for left_out in &record.left_out {
            writeln!(text, "- {left_out}").expect("text can be written to");
        }
    }
    text
}

fn circumstances(record: &Record) -> String {
    let list = |pairs: &std::collections::BTreeMap<String, String>| {
        let words: Vec<String> = pairs.iter().map(|(a, b)| format!("{a} {b}")).collect();
        words.join(", ")
    };
    let machine = &record.machine;
    let mut text = format!(
        "{}, commit {}{}{}. {}, {} cores, {} GB, {}. Load average before and after: {}{}.\n",
        record.date.get(..10).unwrap_or_default(),
        record.commit,
        if record.changed { " with changes" } else { "" },
        if record.quick { ", a short run" } else { "" },
        machine.processor,
        machine.cores,
        machine.memory_gb,
        machine.target,
        load(record),
        if is_busy(record) {
            ": **other programs were running, the figures are too high**"
        } else {
            ""
        },
    );
    writeln!(text, "\nVersions: {}.", list(&record.versions)).expect("text can be written to");
    writeln!(text, "\nKernels: {}.", list(&record.kernels)).expect("text can be written to");
    text
}

fn load(record: &Record) -> String {
    let number = |load: Option<f64>| load.map_or("unknown".to_owned(), |load| load.to_string());
    let [before, after] = record.load_average;
    format!("{} and {}", number(before), number(after))
}

/// A run by itself starts from little; it cannot be told apart at its end.
fn is_busy(record: &Record) -> bool {
    let cores = record.machine.cores as f64;
    let is_busy = |load: Option<f64>, limit: f64| load.is_some_and(|load| load > limit);
    is_busy(record.load_average[0], 0.5 * cores) || is_busy(record.load_average[1], 1.5 * cores)
}

/// A line's rows: the work stands beside its first program.
fn rows(line: &Line) -> String {
    let ours = line.contenders.iter().find(|one| one.is_ours);
    let mut text = String::new();
    for (place, one) in line.contenders.iter().enumerate() {
        let work = if place == 0 { line.work.as_str() } else { "" };
        let least = one.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = one.rounds.iter().copied().fold(0.0, f64::max);
        let targets: Vec<String> = line
            .targets
            .iter()
            .filter(|target| target.of == one.name)
            .map(|target| {
                let word = if target.is_reached {
                    "reached"
                } else {
                    "**not reached**"
                };
                format!("{}: {word}", target.text)
            })
            .collect();
        writeln!(
            text,
            "| {work} | {} | {} {} | {} – {} | {} | {} |",
            one.name,
            figure(one.median),
            line.unit,
            figure(least),
            figure(most),
            compared(ours, one),
            targets.join("; "),
        )
        .expect("text can be written to");
    }
    text
}

/// How many times our first figure a peer's is.
fn compared(ours: Option<&Contender>, one: &Contender) -> String {
    match ours {
        Some(ours) if !one.is_ours && ours.median > 0.0 => {
            format!("{} ×", figure(one.median / ours.median))
        }
        Some(_) | None => String::new(),
    }
}

fn robustness(table: &Robustness) -> String {
    let mut text = format!(
        "\nFound within 31 bits after an edit, of {} pictures each:\n\n| Edit | {} |\n|---|{}\n",
        table.pictures,
        table.programs.join(" | "),
        "---|".repeat(table.programs.len()),
    );
    for row in &table.rows {
        let shares = row
            .found
            .iter()
            .map(|share| format!("{:.0} %", share * 100.0));
        let shares: Vec<String> = shares.collect();
        writeln!(text, "| {} | {} |", row.edit, shares.join(" | "))
            .expect("text can be written to");
    }
    let mistakes: Vec<String> = table.false_matches.iter().map(usize::to_string).collect();
    writeln!(
        text,
        "| false matches in {} unrelated pairs | {} |",
        table.unrelated_pairs,
        mistakes.join(" | ")
    )
    .expect("text can be written to");
    text
}

/// A figure with three digits that count.
pub(crate) fn figure(value: f64) -> String {
    let digits = match value {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::machine::Machine;
    use super::super::robustness::Row;
    use super::*;

    /// One line, one table: what the tests of this folder look at.
    pub(crate) fn record() -> Record {
        let line = Line::new("a", "some work", "ms", "same bits")
            .with("Seawall", true, vec![4.0, 5.0, 7.0])
            .with("Seawall, fast", true, vec![2.0])
            .with("Peer", false, vec![100.0])
            .times("Seawall", 10.0, "Peer");
        Record {
            date: "2026-01-02T03:04:05.000Z".to_owned(),
            commit: "0123456789ab".to_owned(),
            changed: false,
            quick: false,
            machine: Machine {
                processor: "Some CPU".to_owned(),
                cores: 2,
                memory_gb: 8,
                target: "x86_64-linux".to_owned(),
            },
            load_average: [Some(0.1), Some(1.2)],
            versions: [("peer".to_owned(), "1.0".to_owned())].into(),
            kernels: [("PDQ".to_owned(), "avx2".to_owned())].into(),
            lines: vec![line],
            robustness: Some(Robustness {
                pictures: 4,
                programs: ["Peer", "Seawall", "Seawall --border"]
                    .map(str::to_owned)
                    .into(),
                rows: vec![Row {
                    edit: "recompress".to_owned(),
                    found: vec![1.0, 1.0, 0.5],
                }],
                unrelated_pairs: 12,
                false_matches: vec![0, 0, 1],
            }),
            left_out: vec!["the moon".to_owned()],
        }
    }

    #[test]
    fn the_page_has_the_last_record_and_links_to_all() {
        let mut later = record();
        later.commit = "ba9876543210".to_owned();
        let page = page(&[("first".to_owned(), record()), ("second".to_owned(), later)]);
        for part in [
            "commit ba9876543210",
            "![The same as bars](second.svg)",
            "[first](first.json)",
            "[second](second.json)",
            "| some work | Seawall | 5.00 ms | 4.00 – 7.00 |  | 10 × Peer: reached |",
            "|  | Peer | 100 ms | 100 – 100 | 20.0 × |  |",
            "| recompress | 100 % | 100 % | 50 % |",
            "| false matches in 12 unrelated pairs | 0 | 0 | 1 |",
            "- the moon",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(!page.contains("other programs were running"));
    }

    #[test]
    fn a_busy_machine_is_said() {
        let mut record = record();
        record.load_average = [Some(7.5), Some(9.0)];
        assert!(tables(&record).contains("other programs were running"));
    }

    #[test]
    fn the_guide_keeps_what_is_around_the_table() {
        let guide = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let text = replaced(&guide, "new\n").expect("both marks are there");
        assert_eq!(text, format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced("a", "new"), None);
    }

    #[test]
    fn figures_have_the_digits_that_count() {
        let shown = [1234.6, 99.95, 8.125, 0.0318].map(figure);
        assert_eq!(shown, ["1235", "100.0", "8.12", "0.032"]);
    }
}
