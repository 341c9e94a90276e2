//! `seawall sim`.

use std::io::BufRead as _;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;
use seawall_core::{Algorithm, Hash, PdqHash};
use seawall_sim::drill::{Drill, Partner};
use seawall_sim::fault::schedule;
use seawall_workflow::SystemClock;
use serde_json::json;

use super::{runtime, serve};
use crate::output::{self, Exit};

/// Stand in for a partner on this machine, with generated values, for a drill.
///
/// Prints one JSON line with the address and the credentials that a client needs, then takes
/// orders from standard input, each answered by one JSON line: `add COUNT`, `put HASH`,
/// `withdraw HASH`, `faults SEED REQUESTS`, `calm`, `count`. It ends with Ctrl-C.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sim {
    /// ncmec, stop-ncii, threat-exchange, tat or arachnid.
    #[arg(value_parser = parse_partner)]
    partner: Partner,
    /// Where to listen: an address of this machine alone.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How many values to begin with.
    #[arg(long, default_value_t = 10)]
    entries: u64,
    /// What the values are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Sim {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        ensure!(
            self.listen.ip().is_loopback(),
            "a stand-in listens on loopback alone, such as 127.0.0.1:9400, not on {}",
            self.listen
        );
        let drill = Arc::new(Drill::new(self.partner, self.seed, Arc::new(SystemClock)));
        drill.add(self.entries);
        runtime()?.block_on(async {
            let stop = serve::stop_signal().context("listening for signals")?;
            let listener = tokio::net::TcpListener::bind(self.listen).await;
            let listener = listener.with_context(|| format!("listening on {}", self.listen))?;
            output::json(&json!({
                "stand_in": drill.partner().name(),
                "base": drill.base(listener.local_addr()?),
                "credentials": drill.partner().credentials(),
                "entries": drill.entries(),
            }))?;
            let router = drill.router();
            std::thread::spawn(move || take_orders(&drill));
            let served = axum::serve(listener, router).with_graceful_shutdown(stop);
            served.await.context("serving the stand-in")
        })?;
        Ok(Exit::Ok)
    }
}

/// What a person in a drill may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Add(u64),
    Put(PdqHash),
    Withdraw(PdqHash),
    Faults { seed: u64, requests: u64 },
    Calm,
    Count,
}

impl FromStr for Order {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> anyhow::Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(match words.as_slice() {
            ["add", count] => Self::Add(count.parse().context("reading a count")?),
            ["put", hash] => Self::Put(pdq(hash)?),
            ["withdraw", hash] => Self::Withdraw(pdq(hash)?),
            ["faults", seed, requests] => Self::Faults {
                seed: seed.parse().context("reading a seed")?,
                requests: requests.parse().context("reading a number of requests")?,
            },
            ["calm"] => Self::Calm,
            ["count"] => Self::Count,
            _ => bail!("an order is one of: {ORDERS}"),
        })
    }
}

fn pdq(text: &str) -> anyhow::Result<PdqHash> {
    match Hash::parse(Algorithm::Pdq, text)? {
        Hash::Pdq(hash) => Ok(hash),
        Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => bail!("a PDQ hash is expected"),
    }
}

/// Reads orders until there are no more; the stand-in goes on without them.
fn take_orders(drill: &Drill) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let answer = match line.parse::<Order>() {
            Ok(order) => obey(drill, order),
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        output::line(answer);
    }
}

fn obey(drill: &Drill, order: Order) -> serde_json::Value {
    let mut was_there = None;
    match order {
        Order::Add(count) => drill.add(count),
        Order::Put(hash) => drill.put(hash),
        Order::Withdraw(hash) => was_there = Some(drill.withdraw(hash)),
        Order::Faults { seed, requests } => {
            // The schedule counts from the stand-in's first request.
            drill.set_hook(Some(schedule(seed, drill.requests() + requests)));
        }
        Order::Calm => drill.set_hook(None),
        Order::Count => {}
    }
    json!({
        "entries": drill.entries(),
        "requests": drill.requests(),
        "received": drill.received(),
        "was_there": was_there,
    })
}

fn parse_partner(name: &str) -> Result<Partner, String> {
    let known = Partner::ALL.into_iter().find(|known| known.name() == name);
    known.ok_or_else(|| {
        let names = Partner::ALL.map(Partner::name);
        format!("a partner is one of {}", names.join(", "))
    })
}

const ORDERS: &str = "add COUNT, put HASH, withdraw HASH, faults SEED REQUESTS, calm, count";

const EXAMPLES: &str = "Examples:
  seawall sim ncmec                                     ten generated entries on a free port
  seawall sim stop-ncii --listen 127.0.0.1:9400 --entries 5000 --seed 7";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_and_others_are_refused_with_what_there_is() {
        let hash = "0000000000000001000000000000000200000000000000030000000000000004";
        let read = |line: &str| line.parse::<Order>().ok();
        let value = PdqHash([1, 2, 3, 4]);
        assert_eq!(read("add 5"), Some(Order::Add(5)));
        assert_eq!(read(&format!(" put  {hash} ")), Some(Order::Put(value)));
        assert_eq!(
            read(&format!("withdraw {hash}")),
            Some(Order::Withdraw(value))
        );
        let (seed, requests) = (1, 20);
        assert_eq!(read("faults 1 20"), Some(Order::Faults { seed, requests }));
        assert_eq!(
            (read("calm"), read("count")),
            (Some(Order::Calm), Some(Order::Count))
        );
        for wrong in ["", "add", "add x", "put 00", "withdraw", "faults 1", "stop"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let error = "stop".parse::<Order>().expect_err("no order").to_string();
        assert!(error.contains("withdraw HASH"), "{error}");
    }
}
