//! Search in a list, against FAISS and yume-pdq.

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::Bench;
use super::machine::available_mb;
use super::record::Line;
use super::turns::{Turn, in_turn};
use crate::repository::output;

/// A list of the table.
struct Size {
    id: &'static str,
    words: &'static str,
    rows: u32,
    /// What Seawall makes and looks up.
    queries: u32,
    /// Every so manyth of them is looked up by the peers, which take longer.
    stride: u32,
    /// Memory of all programs together.
    memory_mb: u64,
}

const MILLION: Size = Size {
    id: "1m",
    words: "1 million",
    rows: 1_000_000,
    queries: 4_000,
    stride: 20,
    memory_mb: 1_500,
};

const TEN_MILLION: Size = Size {
    id: "10m",
    words: "10 million",
    rows: 10_000_000,
    queries: 4_000,
    stride: 80,
    memory_mb: 8_000,
};

const FLAT: &str = "FAISS flat";
const MULTI_HASH: &str = "FAISS multi-hash";
const YUME: &str = "yume-pdq scan, 8 at once";
const OURS: &str = "Seawall";
const EIGHT: &str = "Seawall, 8 in one call";

/// Measures every size.
///
/// # Errors
/// Where a program does not find exactly the pairs that there are.
pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    size(bench, &MILLION)?;
    crowds(bench)?;
    if bench.options.quick {
        return Ok(());
    }
    match available_mb() {
        Some(there) if there < TEN_MILLION.memory_mb => {
            let needed = TEN_MILLION.memory_mb;
            bench.leave_out(format!(
                "a list of ten million: it needs {needed} MB for all programs, {there} are available"
            ));
            Ok(())
        }
        Some(_) | None => size(bench, &TEN_MILLION),
    }
}

fn size(bench: &mut Bench, size: &Size) -> Result<()> {
    println!("  {} listed hashes", size.words);
    let (mut turns, pictures) = start(bench, size)?;
    for turn in &turns {
        turn.found_all_pairs()?;
    }
    bench.kernel("matching", turns[0].text("kernel")?);
    if let Some(yume) = turns.iter().find(|turn| turn.name == YUME) {
        bench.kernel("yume-pdq", yume.text("kernel")?);
    }
    memory_and_building(bench, size, &turns)?;
    let figures = in_turn(&mut turns, bench.repeats(7), 1)?;
    let work = format!("every hash within 31 bits of one, {} listed", size.words);
    let checked = "every program finds exactly the pairs of brute force";
    let mut line = Line::new(&format!("match-{}", size.id), &work, "µs", checked);
    for ((turn, figures), eight) in turns.iter().zip(&figures).zip(&pictures) {
        if !eight {
            line = line.with(&turn.name, turn.is_ours, figures.clone());
        }
    }
    let eight = |place: usize| -> Vec<f64> { figures[place].iter().map(|f| f * 8.0).collect() };
    let line = if size.id == MILLION.id {
        line.at_most(OURS, 25.0).times(OURS, 45.0, FLAT)
    } else {
        line.at_most(OURS, 85.0).times(OURS, 150.0, FLAT)
    };
    bench.keep(line);
    let work = format!(
        "the eight orientations of one picture, {} listed",
        size.words
    );
    let mut line = Line::new(&format!("match-{}-eight", size.id), &work, "µs", checked);
    for (place, turn) in turns.iter().enumerate() {
        if pictures[place] || turn.name == YUME {
            line = line.with(&turn.name, turn.is_ours, eight(place));
        }
    }
    let line = if size.id == MILLION.id {
        line
    } else {
        line.at_most(EIGHT, 700.0)
    };
    bench.keep(line);
    Ok(())
}

/// Lookups in lists that somebody crowded, in scans of every row.
fn crowds(bench: &mut Bench) -> Result<()> {
    let (rows, words) = if bench.options.quick {
        ("200000", "200 thousand")
    } else {
        ("1000000", "1 million")
    };
    let work = format!("a lookup in a crowded list, {words} listed");
    let checked = "a sample of the queries finds exactly the pairs of brute force";
    let mut line = Line::new("match-crowded", &work, "scans of every row", checked);
    for slices in ["1", "2", "4", "8"] {
        let mut command = bench.seawall();
        command
            .args([
                "bench",
                "match",
                "--size",
                rows,
                "--queries",
                "200",
                "--seed",
                "1",
            ])
            .args(["--crowded", slices, "--checked", "20", "--scan", "--json"]);
        let answer: Crowded = serde_json::from_str(&output(&mut command)?)?;
        ensure!(answer.recall == 1.0, "pairs are missing in a crowded list");
        let scans = answer.microseconds_per_query / answer.microseconds_per_scan;
        let name = format!("Seawall, {slices} of 16 slices equal in every row");
        line = line.with(&name, true, vec![scans]).at_most(&name, 1.15);
    }
    bench.keep(line);
    Ok(())
}

/// What `seawall bench match --scan --json` says.
#[derive(Deserialize)]
struct Crowded {
    recall: f64,
    microseconds_per_query: f64,
    microseconds_per_scan: f64,
}

/// Every program with its list, and which of them are for eight hashes at once.
fn start(bench: &mut Bench, size: &Size) -> Result<(Vec<Turn>, Vec<bool>)> {
    let folder = bench.folder.join(format!("match-{}", size.id));
    let (rows, queries) = (size.rows.to_string(), size.queries.to_string());
    let stride = size.stride.to_string();
    let per_query = 1e6 / f64::from(size.queries);
    let per_peer_query = 1e6 / f64::from(size.queries.div_ceil(size.stride));
    let ours = |bench: &Bench| {
        let mut command = bench.seawall();
        command
            .args(["bench", "match", "--size", &rows, "--queries", &queries])
            .args(["--seed", "1", "--json", "--steps", "--repeats", "1"]);
        command
    };
    let mut first = ours(bench);
    first.arg("--save").arg(&folder);
    let mut turns = vec![Turn::start(OURS, true, &mut first)?.scaled(per_query)];
    let mut second = ours(bench);
    second.args(["--checked", "0", "--batch", "8"]);
    turns.push(Turn::start(EIGHT, true, &mut second)?.scaled(per_query));
    for (name, kind) in [(FLAT, "flat"), (MULTI_HASH, "multihash")] {
        let mut command = bench.peers.script("matching.py");
        command.arg(kind).arg(&folder).args([&stride, "31"]);
        turns.push(Turn::start(name, false, &mut command)?.scaled(per_peer_query));
    }
    if let Some(mut command) = bench.peers.yume() {
        command.arg(&folder).args([&stride, "31"]);
        turns.push(Turn::start(YUME, false, &mut command)?.scaled(per_peer_query));
    }
    std::fs::remove_dir_all(&folder).ok();
    let eight = turns.iter().map(|turn| turn.name == EIGHT).collect();
    Ok((turns, eight))
}

/// What each index adds to its program, and how long it took to make, once.
fn memory_and_building(bench: &mut Bench, size: &Size, turns: &[Turn]) -> Result<()> {
    let checked = "resident after building, less before, in megabytes of a million bytes";
    let work = format!("memory of the index, {} listed", size.words);
    let mut memory = Line::new(&format!("memory-{}", size.id), &work, "MB", checked);
    let work = format!("building the index, {} listed", size.words);
    let checked = "from hashes in memory to an index that answers";
    let mut building = Line::new(&format!("build-{}", size.id), &work, "s", checked);
    for turn in turns {
        if [OURS, FLAT, MULTI_HASH].contains(&turn.name.as_str()) {
            let figure = |field| turn.number(field).map(|figure| vec![figure]);
            memory = memory.with(&turn.name, turn.is_ours, figure("resident_mb")?);
            building = building.with(&turn.name, turn.is_ours, figure("build_seconds")?);
        }
    }
    if size.id == TEN_MILLION.id {
        memory = memory.at_most(OURS, 1200.0);
        building = building.at_most(OURS, 5.0);
    }
    bench.keep(memory);
    bench.keep(building);
    Ok(())
}
