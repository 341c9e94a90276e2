//! How soon an added or withdrawn hash is seen, through a real server.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use seawall_core::{Hash, PdqHash, Random};
use seawall_testkit::SeededRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Bench;
use super::record::Line;
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
    let api = client(&program, &server.addresses.api)?;
    let bank = json!({ "name": "BENCH" });
    api.post_json("/api/v1/banks", &bank)?.expect_status(201)?;
    println!("  importing {size} hashes over HTTP");
    let random = SeededRandom::new(7);
    for _ in 0..size / ROWS_AT_ONCE {
        let rows: String = (0..ROWS_AT_ONCE).fold(String::new(), |mut rows, _| {
            writeln!(rows, "{}", hash(&random)).expect("text can be written to");
            rows
        });
        let headers = [("content-type", "text/plain")];
        let path = "/api/v1/banks/BENCH/import";
        let imported: Imported = api
            .post(path, &headers, rows.as_bytes())?
            .expect_status(200)?
            .json()?;
        ensure!(imported.added == ROWS_AT_ONCE, "rows were left out");
    }
    let (mut added, mut withdrawn) = (Vec::new(), Vec::new());
    for _ in 0..bench.repeats(21) {
        let value = hash(&random);
        ensure!(
            !is_seen(&api, &value)?,
            "a hash is seen before it was added"
        );
        let content = json!({ "hashes": [{ "algorithm": "pdq", "value": value }] });
        let started = Instant::now();
        let path = "/api/v1/banks/BENCH/contents";
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

fn client(program: &Program, address: &str) -> Result<Client> {
    let mut arguments = vec!["token", "create", "--name", "bench", "--json"];
    arguments.extend(["--scope", "scan", "--scope", "banks.write"]);
    let token: Token = program.json(&arguments)?;
    Ok(Client::new(address).with("authorization", format!("Bearer {}", token.secret)))
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

/// 256 random bits, in hexadecimal.
fn hash(random: &SeededRandom) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    Hash::Pdq(PdqHash::from_bytes(bytes)).to_string()
}

#[derive(Deserialize)]
struct Token {
    secret: String,
}

#[derive(Deserialize)]
struct Added {
    id: i64,
}

#[derive(Deserialize)]
struct Imported {
    added: u32,
}

const ROWS_AT_ONCE: u32 = 50_000;
const LIMIT: Duration = Duration::from_secs(60);
