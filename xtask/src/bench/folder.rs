//! A folder of JPEG files with the whole program, against the library on the same files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use seawall_core::PdqHash;

use super::Bench;
use super::peers::pinned;
use super::record::Line;
use super::robustness::{Found, hashes_of};
use crate::repository::output;

const PEER: &str = "threatexchange";

/// Measures the two kinds of folder.
///
/// # Errors
/// Where a file's hash is more than eight bits off the peer's.
pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let quick = bench.options.quick;
    let large = bench.pictures("12mp", if quick { 2 } else { 12 }, 4000, 3000)?;
    one(bench, "folder-12mp", "12 megapixels", &large)?;
    let small = bench.pictures("2mp", if quick { 6 } else { 48 }, 1920, 1080)?;
    one(bench, "folder-2mp", "2 megapixels", &small)
}

fn one(bench: &mut Bench, id: &str, kind: &str, folder: &Path) -> Result<()> {
    let count = super::files_of(folder)?.len();
    let seawall = bench.binary().to_owned();
    let ours = |mut command: Command| {
        command.args(["hash", "--json"]).arg(folder);
        command
    };
    let mut peer = bench.peers.script("folder.py");
    peer.arg(folder);
    let mut contenders = [
        ("Seawall", true, ours(pinned(&seawall))),
        ("Seawall, every core", true, ours(Command::new(&seawall))),
        (PEER, false, peer),
    ];
    let answers = contenders.each_mut().map(|(.., command)| output(command));
    let [first, second, theirs] = answers;
    let theirs = hashes_of(&theirs?)?;
    let farthest = farthest(&theirs, &hashes_of(&first?)?)?;
    let second = self::farthest(&theirs, &hashes_of(&second?)?)?;
    ensure!(
        farthest.max(second) <= 8 && theirs.len() == count,
        "hashes of {kind} are {farthest} and {second} bits from {PEER}: 8 are allowed"
    );
    let mut figures = vec![Vec::new(); contenders.len()];
    for _ in 0..bench.repeats(3) {
        for ((.., command), figures) in contenders.iter_mut().zip(&mut figures) {
            let started = Instant::now();
            output(command)?;
            figures.push(started.elapsed().as_secs_f64() * 1e3 / count as f64);
        }
    }
    let work = format!("a JPEG of {kind}, in a folder of {count}, by the whole program");
    let checked = format!("at most 8 bits from the peer's hash (here: {farthest})");
    let mut line = Line::new(id, &work, "ms", &checked);
    for ((name, is_ours, _), figures) in contenders.iter().zip(figures) {
        line = line.with(name, *is_ours, figures);
    }
    bench.keep(line);
    Ok(())
}

/// The largest distance of a file's first hash from the peer's.
fn farthest(
    theirs: &BTreeMap<String, Vec<Found>>,
    ours: &BTreeMap<String, Vec<Found>>,
) -> Result<u16> {
    let mut farthest = 0;
    for (file, hashes) in theirs {
        let first = |hashes: &[Found]| hashes.first().map(|found| found.hash);
        let ours = ours.get(file).map(Vec::as_slice).and_then(first);
        let (Some(a), Some(b)): (Option<PdqHash>, _) = (first(hashes), ours) else {
            anyhow::bail!("a file has no hash");
        };
        farthest = farthest.max(a.distance(b).0);
    }
    Ok(farthest)
}
