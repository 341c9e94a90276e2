//! How soon an added or withdrawn hash is seen, through a real server.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use seawall_core::{Hash, PdqHash};
use seawall_testkit::SeededRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Bench;
use super::record::Line;
use super::served::{self, BANK, client, hash};
use crate::demo::client::Client;
use crate::demo::program::Program;
use crate::demo::server::Server;

/// Measures both at a list of a million (a hundred thousand in a short run).
///
/// # Errors
/// Where the server fails, or a change is never seen.
pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let (size, id, words) = if bench.options.quick {
        (100_000, "100k", "100 thousand")
    } else {
        (1_000_000, "1m", "1 million")
    };
    let folder = bench.folder.join("effect");
    std::fs::remove_dir_all(&folder).ok();
    let (added, withdrawn) = changes(bench, folder.clone(), size)?;
    std::fs::remove_dir_all(&folder).ok();
    for (word, figures) in [("added", added), ("withdrawn", withdrawn)] {
        let work =
            format!("from sending the change until a lookup sees the {word} hash, {words} listed");
        let checked = "not seen before, seen after, over HTTP";
        let line = Line::new(&format!("{word}-{id}"), &work, "ms", checked);
        bench.keep(
            line.with("Seawall", true, figures)
                .at_most("Seawall", 1000.0),
        );
    }
    Ok(())
}

/// Milliseconds of each addition and each withdrawal.
fn changes(bench: &Bench, folder: PathBuf, size: u32) -> Result<(Vec<f64>, Vec<f64>)> {
    let program = Program::new(bench.binary(), &folder);
    let place = folder.display().to_string();
    let _: Value = program.json(&["init", &place, "--json"])?;
    let log = bench.folder.join("effect.log");
    let server = Server::start(&mut program.command(&["serve", "--drill"]), &log)?;
    let (api, _) = client(&program, &server, &["scan", "banks.write"])?;
    let random = SeededRandom::new(7);
    let listed: Vec<PdqHash> = (0..size).map(|_| hash(&random)).collect();
    served::fill(&api, &listed)?;
    let (mut added, mut withdrawn) = (Vec::new(), Vec::new());
    for _ in 0..bench.repeats(21) {
        let value = Hash::Pdq(hash(&random)).to_string();
        ensure!(
            !is_seen(&api, &value)?,
            "a hash is seen before it was added"
        );
        let content = json!({ "hashes": [{ "algorithm": "pdq", "value": value }] });
        let started = Instant::now();
        let path = &format!("/api/v1/banks/{BANK}/contents");
        let made: Added = api.post_json(path, &content)?.expect_status(201)?.json()?;
        added.push(until(&api, &value, true, started)?);
        let started = Instant::now();
        api.delete(&format!("{path}/{}", made.id))?
            .expect_status(204)?;
        withdrawn.push(until(&api, &value, false, started)?);
    }
    server.stop()?;
    Ok((added, withdrawn))
}

/// Asks until the answer is the wanted one: milliseconds since `started`.
fn until(api: &Client, value: &str, wanted: bool, started: Instant) -> Result<f64> {
    while is_seen(api, value)? != wanted {
        ensure!(
            started.elapsed() < LIMIT,
            "a change was not seen in a minute"
        );
    }
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

fn is_seen(api: &Client, value: &str) -> Result<bool> {
    let asked = json!({ "hashes": [{ "algorithm": "pdq", "value": value, "quality": 100 }] });
    let answer: Value = api
        .post_json("/api/v1/lookups", &asked)?
        .expect_status(200)?
        .json()?;
    let outcome = answer["results"][0]["outcome"].as_str();
    Ok(outcome.context("a lookup without an outcome")? == "matched")
}

#[derive(Deserialize)]
struct Added {
    id: i64,
}

const LIMIT: Duration = Duration::from_secs(60);
