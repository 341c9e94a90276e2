//! A JPEG file in memory to its PDQ, against the library that platforms use.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Bench;
use super::record::Line;
use super::robustness::pdq;
use super::turns::{Turn, in_turn};
use crate::repository::output;

const PEER: &str = "threatexchange";

/// Measures the exact mode, and the fast one.
///
/// # Errors
/// Where the hash of a file is more than eight bits off the peer's, or sixteen in fast mode.
pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let folder = bench.pictures("12mp", 2, 4000, 3000)?;
    let files = super::files_of(&folder)?;
    let mut peer = bench.peers.script("file.py");
    let scale = 1e3 / files.len() as f64;
    let peer = Turn::start(PEER, false, peer.args(&files))?.scaled(scale);
    let mut turns = vec![peer];
    for (name, mode) in modes(bench)? {
        let mut command = bench.seawall();
        command
            .args(["bench", "file", "--json", "--steps", "--repeats", "1"])
            .args(mode)
            .args(&files);
        turns.push(Turn::start(name, true, &mut command)?.scaled(scale));
    }
    let mut farthest = Vec::new();
    for turn in &turns[1..] {
        let bits = farthest_from(&turns[0], turn)?;
        let allowed = if turn.name == FAST { 16 } else { 8 };
        ensure!(
            bits <= allowed,
            "{} is {bits} bits from {PEER}: {allowed} are allowed",
            turn.name
        );
        farthest.push(format!("{} {bits}", turn.name));
    }
    turns.rotate_left(1);
    let figures = in_turn(&mut turns, bench.repeats(7), 1)?;
    let checked = format!(
        "at most 8 bits from the peer's hash, 16 in fast mode (here: {})",
        farthest.join(", ")
    );
    let work = "JPEG of 4000 × 3000 pixels in memory to its PDQ";
    let line = bench.with_figures(
        Line::new("file-12mp", work, "ms", &checked),
        &turns,
        figures,
    );
    let line = line.times("Seawall", 5.0, PEER).times(FAST, 10.0, PEER);
    bench.keep(line);
    Ok(())
}

const FAST: &str = "Seawall, fast mode";

/// The modes that this Seawall has: the fast one came later than this chore.
fn modes(bench: &mut Bench) -> Result<Vec<(&'static str, &'static [&'static str])>> {
    let help = output(bench.seawall().args(["bench", "file", "--help"]))?;
    if help.contains("--fast") {
        return Ok(vec![("Seawall", &[]), (FAST, &["--fast"])]);
    }
    bench.leave_out("the fast mode: this Seawall has none".to_owned());
    Ok(vec![("Seawall", &[])])
}

/// The largest distance between the hashes that two programs give the same files.
fn farthest_from(peer: &Turn, ours: &Turn) -> Result<u16> {
    let files = |turn: &Turn| -> Result<Vec<Value>> {
        let files = turn.answer["files"].as_array();
        Ok(files.context("it gave no files")?.clone())
    };
    let mut farthest = 0;
    for (theirs, ours) in files(peer)?.iter().zip(files(ours)?) {
        let bits = pdq(&theirs["hash"])?.distance(pdq(&ours["hashes"][0]["value"])?);
        farthest = farthest.max(bits.0);
    }
    Ok(farthest)
}
