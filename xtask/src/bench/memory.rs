//! Figures that Seawall measures by itself: the seen index, and memory over many compactions.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Bench;
use super::record::Line;
use crate::repository::output;

/// The seen index, at ten million items (a hundred thousand in a short run).
///
/// # Errors
/// Where it fails.
pub(crate) fn seen(bench: &mut Bench) -> Result<()> {
    let (size, id, words) = if bench.options.quick {
        ("100000", "100k", "100 thousand")
    } else {
        ("10000000", "10m", "10 million")
    };
    let answer = ask(bench, &["seen", "--size", size])?;
    let checked = "every planted item is found";
    for (word, count, field, limit) in [
        ("one", "one listed hash", "seconds_for_one", 1.0),
        ("many", "1000 listed hashes", "seconds_for_many", 10.0),
    ] {
        let work = format!("{count} against {words} seen items on disk, every core");
        let line = Line::new(&format!("seen-{word}-{id}"), &work, "s", checked);
        let line = line.with("Seawall", true, vec![number(&answer, field)?]);
        bench.keep(line.at_most("Seawall", limit));
    }
    Ok(())
}

/// Resident memory over a hundred compactions at a million (ten at 50 000 in a short run).
///
/// # Errors
/// Where it fails, or memory grew.
pub(crate) fn soak(bench: &mut Bench) -> Result<()> {
    let (size, rounds, words) = if bench.options.quick {
        ("50000", "10", "50 thousand")
    } else {
        ("1000000", "100", "1 million")
    };
    let answer = ask(bench, &["soak", "--size", size, "--rounds", rounds])?;
    let first = number(&answer, "resident_mb_first")?;
    let work = format!("resident memory over {rounds} compactions, {words} listed");
    let checked = "what was added is found, what was withdrawn is not, after each";
    let mut line = Line::new("soak", &work, "MB", checked);
    for (name, field) in [
        ("Seawall, after the first", "resident_mb_first"),
        ("Seawall, the most", "resident_mb_highest"),
        ("Seawall, after the last", "resident_mb_last"),
    ] {
        line = line.with(name, true, vec![number(&answer, field)?]);
    }
    bench.keep(line.at_most("Seawall, the most", (first * 1.25).round()));
    Ok(())
}

fn ask(bench: &Bench, arguments: &[&str]) -> Result<Value> {
    // Not pinned: these are for every core.
    let mut command = std::process::Command::new(bench.binary());
    command.arg("bench").args(arguments).arg("--json");
    serde_json::from_str(&output(&mut command)?).context("reading its figures")
}

fn number(answer: &Value, field: &str) -> Result<f64> {
    answer[field]
        .as_f64()
        .with_context(|| format!("no {field}"))
}
