//! The HMA-compatible interface under load, through a real server.
//!
//! Its peer, HMA 1.1.7, is in no package registry: what was measured of it earlier, on this
//! kind of machine, stands as the target (50 times its requests for a hash, 5 times for a
//! picture), not as a figure of this run.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use seawall_core::{Hash, PdqHash};
use seawall_testkit::{SeededRandom, jpeg, picture};
use serde_json::{Value, json};

use super::Bench;
use super::load::{Borne, Exchange, bear};
use super::record::Line;
use super::served::{self, BANK, client, hash};
use crate::demo::client::Client;
use crate::demo::program::Program;
use crate::demo::server::Server;

/// The figures that `--json` prints as the last line.
#[derive(Clone, Copy)]
pub(crate) struct Summary {
    by_hash: (f64, f64),
    by_picture: (f64, f64),
    visible_after_ms: f64,
    resident_mb: f64,
}

impl Summary {
    /// The object that `--json` prints.
    pub(crate) fn json(&self) -> Value {
        let load = |(per_second, p99_ms): (f64, f64)| json!({ "requests_per_second": per_second, "p99_ms": p99_ms });
        json!({
            "lookup_by_hash": load(self.by_hash),
            "lookup_by_picture": load(self.by_picture),
            "visible_after_ms": self.visible_after_ms,
            "resident_mb": self.resident_mb,
        })
    }
}

/// Measures lookups by hash and by picture, how soon a new hash is seen, and memory, at a list
/// of a million (a hundred thousand in a short run).
///
/// # Errors
/// Where the server fails, or answers anything but what it must.
pub(crate) fn measure(bench: &mut Bench) -> Result<Summary> {
    let (size, words) = if bench.options.quick {
        (100_000, "100 thousand")
    } else {
        (1_000_000, "1 million")
    };
    let folder = bench.folder.join("http");
    std::fs::remove_dir_all(&folder).ok();
    let program = Program::new(bench.binary(), &folder);
    let place = folder.display().to_string();
    let _: Value = program.json(&["init", &place, "--json"])?;
    let log = bench.folder.join("http.log");
    let listed = fill(&program, &log, size)?;
    // Anew, as after any restart: what making the list took is not the server's size.
    let server = Server::start(&mut program.command(&["serve", "--drill"]), &log)?;
    let (api, token) = client(&program, &server, &["hasher", "matcher", "curator"])?;
    let address: SocketAddr = server.addresses.api.trim_start_matches("http://").parse()?;
    let time = Duration::from_secs(if bench.options.quick { 3 } else { 20 });

    let lookups = lookups(&listed, &token);
    let by_hash = rounds(bench, &lookups, address, HASH_CONNECTIONS, time)?;
    let work = format!("GET /m/lookup by hash, {words} listed, {HASH_CONNECTIONS} connections");
    keep_load(bench, "http-hash", &work, &by_hash, (10_500.0, 5.0));

    let photos = photos(&token)?;
    let by_picture = rounds(bench, &photos, address, PICTURE_CONNECTIONS, time)?;
    let work = format!(
        "POST /m/lookup of a JPEG of 1600 × 1200, {words} listed, {PICTURE_CONNECTIONS} connections"
    );
    keep_load(bench, "http-picture", &work, &by_picture, (90.0, f64::MAX));

    let visible = visible(bench, &api)?;
    let line = Line::new(
        "http-visible",
        "from POST of a signal until GET /m/lookup finds it",
        "ms",
        "not found before, found after",
    )
    .with("Seawall", true, visible.clone())
    .at_most("Seawall", 1000.0);
    bench.keep(line);
    let resident_mb = memory(bench, &server, &lookups, address, words)?;
    server.stop()?;
    std::fs::remove_dir_all(&folder).ok();
    Ok(Summary {
        by_hash: middle(&by_hash),
        by_picture: middle(&by_picture),
        visible_after_ms: super::record::median(&visible),
        resident_mb,
    })
}

/// Makes a bank of random hashes: some of them, to look up.
fn fill(program: &Program, log: &Path, size: u32) -> Result<Vec<PdqHash>> {
    let random = SeededRandom::new(11);
    let hashes: Vec<PdqHash> = (0..size).map(|_| hash(&random)).collect();
    let server = Server::start(&mut program.command(&["serve", "--drill"]), log)?;
    let (api, _) = client(program, &server, &["banks.write"])?;
    served::fill(&api, &hashes)?;
    // Its end stores the index.
    server.stop()?;
    Ok(hashes
        .into_iter()
        .step_by((size / LOOKED_UP) as usize)
        .collect())
}

/// Half of them listed hashes with 0 to 31 bits flipped, the others strangers.
fn lookups(listed: &[PdqHash], token: &str) -> Vec<Exchange> {
    let random = SeededRandom::new(12);
    let mut exchanges = Vec::new();
    for (number, found) in listed.iter().enumerate() {
        let flips = number % 32;
        let mut bytes = found.to_bytes();
        // An odd step visits no bit of 256 twice.
        (0..flips).for_each(|flip| {
            let bit = (number + flip * 37) % 256;
            bytes[bit / 8] ^= 1 << (bit % 8);
        });
        let near = Hash::Pdq(PdqHash::from_bytes(bytes));
        let path = format!("/m/lookup?signal={near}&signal_type=pdq");
        exchanges.push(Exchange::get(
            &path,
            token,
            format!("\"distance\":\"{flips}\""),
        ));
        let stranger = Hash::Pdq(hash(&random));
        let path = format!("/m/lookup?signal={stranger}&signal_type=pdq");
        exchanges.push(Exchange::get(&path, token, "{}".to_owned()));
    }
    exchanges
}

/// Pictures that nobody listed.
fn photos(token: &str) -> Result<Vec<Exchange>> {
    let made = (0..8).map(|seed| {
        let photo = jpeg(&picture(1600, 1200, seed), 85);
        ensure!(photo.len() > 50_000, "a picture without content");
        Ok(Exchange::post_photo(
            "/m/lookup",
            token,
            &photo,
            "{\"pdq\":{}}".to_owned(),
        ))
    });
    made.collect()
}

fn rounds(
    bench: &Bench,
    exchanges: &[Exchange],
    address: SocketAddr,
    connections: usize,
    time: Duration,
) -> Result<Vec<Borne>> {
    // Once through, or for a moment, before the clock counts.
    bear(address, exchanges, connections, time / 10)?;
    (0..bench.repeats(5))
        .map(|_| bear(address, exchanges, connections, time))
        .collect()
}

fn middle(rounds: &[Borne]) -> (f64, f64) {
    let median = |figure: fn(&Borne) -> f64| {
        super::record::median(&rounds.iter().map(figure).collect::<Vec<_>>())
    };
    (
        median(|one| one.requests_per_second),
        median(|one| one.p99_ms),
    )
}

fn keep_load(
    bench: &mut Bench,
    id: &str,
    work: &str,
    rounds: &[Borne],
    (least, p99_max): (f64, f64),
) {
    let checked = "every answer of every connection is the expected one";
    let figures = |figure: fn(&Borne) -> f64| rounds.iter().map(figure).collect();
    let line = Line::new(id, work, "requests/s", checked);
    let line = line.with("Seawall", true, figures(|one| one.requests_per_second));
    bench.keep(line.at_least("Seawall", least));
    let line = Line::new(&format!("{id}-time"), work, "ms", checked)
        .with(
            "Seawall, half of the answers",
            true,
            figures(|one| one.median_ms),
        )
        .with("Seawall, 99 in 100", true, figures(|one| one.p99_ms));
    bench.keep(if p99_max < f64::MAX {
        line.at_most("Seawall, 99 in 100", p99_max)
    } else {
        line
    });
}

/// Milliseconds from sending a new hash until a lookup finds it.
fn visible(bench: &Bench, api: &Client) -> Result<Vec<f64>> {
    let random = SeededRandom::new(13);
    let mut took = Vec::new();
    for _ in 0..bench.repeats(21) {
        let value = Hash::Pdq(hash(&random)).to_string();
        let path = format!("/m/lookup?signal={value}&signal_type=pdq");
        let is_found =
            || -> Result<bool> { Ok(api.get(&path)?.expect_status(200)?.text() != "{}") };
        ensure!(!is_found()?, "a hash is found before it was added");
        let started = Instant::now();
        let signal = json!({ "pdq": value });
        api.post_json(&format!("/c/bank/{BANK}/signal"), &signal)?
            .expect_status(200)?;
        while !is_found()? {
            ensure!(
                started.elapsed() < LIMIT,
                "a new hash was not found in a minute"
            );
        }
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(took)
}

/// Resident memory of the server's process over ten minutes at full load (ten seconds in a
/// short run): what it is at the end, in megabytes.
fn memory(
    bench: &mut Bench,
    server: &Server,
    lookups: &[Exchange],
    address: SocketAddr,
    words: &str,
) -> Result<f64> {
    let (parts, each) = if bench.options.quick {
        (5, 2)
    } else {
        (60, 10)
    };
    println!("  {} seconds at full load, for memory", parts * each);
    let mut resident_mb = Vec::new();
    for _ in 0..parts {
        bear(
            address,
            lookups,
            HASH_CONNECTIONS,
            Duration::from_secs(each),
        )?;
        resident_mb.push(server.resident_mb()?);
    }
    let first = resident_mb[0];
    let last = *resident_mb.last().context("nothing was measured")?;
    let most = resident_mb.iter().copied().fold(0.0, f64::max);
    let work = format!(
        "resident memory of the server over {} seconds at full load, {words} listed",
        parts * each
    );
    let line = Line::new(
        "http-memory",
        &work,
        "MB",
        "every answer is the expected one",
    )
    .with("Seawall, at first", true, vec![first])
    .with("Seawall, the most", true, vec![most])
    .with("Seawall, at last", true, vec![last])
    .at_most("Seawall, the most", 250.0)
    .at_most("Seawall, at last", (first * 1.1).round());
    bench.keep(line);
    Ok(last)
}

const LOOKED_UP: u32 = 2_000;
const HASH_CONNECTIONS: usize = 16;
const PICTURE_CONNECTIONS: usize = 4;
const LIMIT: Duration = Duration::from_secs(60);
