//! Mixed traffic, with the server killed in the middle: no accepted write is lost, and no answer
//! differs from a model that the test keeps.
//!
//! `SEAWALL_SOAK_SECONDS` makes it go on for so long (`cargo xtask bench soak` does),
//! `SEAWALL_SOAK_SEED` makes other choices; the moment at which a kill lands stays the machine's.

#[path = "soak/client.rs"]
mod client;
#[path = "soak/model.rs"]
mod model;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seawall_testkit::SeededRandom;
use serde_json::json;

use self::client::Client;
use self::model::{Counts, Model, number};
use crate::support::{Installation, Server};

const CALLERS: u64 = 3;
/// Where nobody says for how long: so many servers are killed, each after so many answers.
const KILLS: u64 = 4;
const CALLS: usize = 240;
/// Where somebody does, at most so many.
const CALLS_MAX: u64 = 5_000;

#[test]
fn a_server_that_is_killed_under_load_has_kept_every_write_that_it_accepted() {
    let time = from_environment("SEAWALL_SOAK_SECONDS").map(Duration::from_secs);
    let seed = from_environment("SEAWALL_SOAK_SEED").unwrap_or(1);
    let started = Instant::now();
    let installation = Installation::new();
    let secret = installation.token(&SCOPES);
    let chance = SeededRandom::new(seed);
    let mut models: Vec<Model> = (0..CALLERS)
        .map(|caller| Model::new(seed, caller))
        .collect();
    let mut kills = 0;
    while time.map_or(kills < KILLS, |time| started.elapsed() < time) {
        let calls = match time {
            None => CALLS,
            Some(_) => CALLS + (number(&chance) % CALLS_MAX) as usize,
        };
        let seed = number(&chance);
        let server = Server::start(&installation, &["--drill"]);
        live(server, &secret, &mut models, seed, calls);
        kills += 1;
    }
    let server = Server::start(&installation, &["--drill"]);
    let client = Client::new(server.address("api"), &secret);
    let mut sum = Counts::default();
    for model in &mut models {
        model.settle(&client);
        model.check_all(&client);
        sum.add(&model.counts);
    }
    sum.assert_all(if time.is_some() { 20 } else { 5 });
    drop(server);
    installation.run(["audit", "verify"]).exits(0);
    let seconds = started.elapsed().as_secs();
    let closing = json!({ "seconds": seconds, "seed": seed, "kills": kills, "answers": sum });
    eprintln!("soak: {closing}");
}

/// Lets every caller call until so many answers have come, and kills the server then, whatever
/// it is at.
fn live(server: Server, secret: &str, models: &mut [Model], seed: u64, calls: usize) {
    let answered = AtomicUsize::new(0);
    let address = server.address("api").to_owned();
    std::thread::scope(|scope| {
        let mut callers = Vec::new();
        for (model, place) in models.iter_mut().zip(0..) {
            let client = Client::new(&address, secret);
            let answered = &answered;
            callers.push(scope.spawn(move || {
                model.settle(&client);
                let random = SeededRandom::new(seed.wrapping_add(place));
                while let Some(()) = model.call(&client, &random) {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        // A caller that ends before is one whose check failed.
        while answered.load(Ordering::Relaxed) < calls
            && callers.iter().any(|caller| !caller.is_finished())
        {
            std::thread::yield_now();
        }
        // Dropped, it is killed with SIGKILL.
        drop(server);
    });
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("the variable is a whole number"))
}

const SCOPES: [&str; 5] = ["hasher", "matcher", "curator", "scan", "cases.read"];
