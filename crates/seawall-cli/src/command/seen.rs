//! `seawall seen`: what matched nothing when it came, and is kept for the channels that the
//! configuration names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use seawall_core::{Actor, Hash, Threshold, Timestamp};
use seawall_exchange::list::{self, HashList};
use seawall_workflow::{SeenMatch, Workflow};

use super::matching::read_list;
use crate::folder;
use crate::output::{self, Exit};

/// Look into what matched nothing when it came.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Seen {
    /// Find the seen items that hashes match, such as those of a new list.
    Lookup {
        /// Hashes: 64 digits for PDQ, or `algorithm:digits`.
        #[arg(required_unless_present = "list")]
        hashes: Vec<String>,
        /// A list of them, as text or CSV.
        #[arg(long, conflicts_with = "hashes")]
        list: Option<PathBuf>,
        /// Largest PDQ distance that is a match, in bits.
        #[arg(long, value_parser = clap::value_parser!(u16).range(0..=64), default_value_t = Threshold::DEFAULT.bits())]
        max_distance: u16,
        /// One JSON line an item instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Say how much is kept, of which channels and for how long.
    Status {
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Delete all that is kept of one item, at once.
    Forget {
        /// The platform's own id of the item.
        item: String,
    },
    /// Delete what is older than the configuration says; a running server does so by itself.
    Expire {
        /// Say what would be deleted and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

impl Seen {
    pub(crate) fn run(self, config: &Path) -> anyhow::Result<Exit> {
        let workflow = folder::workflow(&folder::config(config)?)?;
        match self {
            Self::Lookup {
                hashes,
                list,
                max_distance,
                json,
            } => {
                let (hashes, exit) = queries(&hashes, list.as_deref())?;
                look_up(&workflow, &hashes, max_distance, json)?;
                Ok(exit)
            }
            Self::Status { json } => status(&workflow, json),
            Self::Forget { item } => forget(&workflow, &item),
            Self::Expire { dry_run } => expire(&workflow, dry_run),
        }
    }
}

/// The hashes to look up, and how the command ends where a row of the list was not read.
fn queries(hashes: &[String], path: Option<&Path>) -> anyhow::Result<(Vec<Hash>, Exit)> {
    let list = match path {
        Some(path) => read_list(path)?,
        None => parse_each(hashes)?,
    };
    let usable = list
        .rows
        .iter()
        .filter(|row| row.quality.is_none_or(seawall_core::Quality::is_usable));
    let exit = match list.rejected.is_empty() {
        true => Exit::Ok,
        false => Exit::SomeFailed,
    };
    let hashes: Vec<Hash> = usable.map(|row| row.hash).collect();
    if hashes.is_empty() {
        bail!("there is no hash to look up");
    }
    Ok((hashes, exit))
}

/// Reads hashes that somebody typed: each has to be one.
fn parse_each(hashes: &[String]) -> anyhow::Result<HashList> {
    let list = list::parse(hashes.join("\n").as_bytes());
    if let Some(row) = list.rejected.first() {
        bail!("hash {} was not read: {}", row.line, row.reason);
    }
    if let Some(row) = list.set_aside.first() {
        bail!("hash {} is not looked up: {}", row.line, row.reason);
    }
    // What a list may have between its rows, such as empty lines, is no hash here.
    let read: BTreeSet<u64> = list.rows.iter().map(|row| row.line).collect();
    match (1..=hashes.len() as u64).find(|line| !read.contains(line)) {
        Some(line) => bail!("hash {line} was not read: there is no hash in it"),
        None => Ok(list),
    }
}

fn look_up(
    workflow: &Workflow,
    hashes: &[Hash],
    max_distance: u16,
    json: bool,
) -> anyhow::Result<()> {
    let distance_max = Threshold::new(max_distance).context("a threshold is 0 to 256 bits")?;
    let mut found = 0;
    for (page, hashes) in hashes.chunks(HASHES_AT_ONCE).enumerate() {
        let answer = workflow.seen_matches(hashes, distance_max, Actor::Operator)?;
        found += answer.found;
        for item in &answer.matches {
            print(
                item,
                page * HASHES_AT_ONCE + item.query,
                &hashes[item.query],
                json,
            )?;
        }
        if answer.found > answer.matches.len() as u64 {
            let (listed, all) = (answer.matches.len(), answer.found);
            output::note(format_args!(
                "the nearest {listed} of {all} items are listed"
            ));
        }
    }
    if !json {
        output::line(format_args!(
            "items that match: {found}; hashes: {}",
            hashes.len()
        ));
    }
    Ok(())
}

fn print(item: &SeenMatch, query: usize, hash: &Hash, json: bool) -> anyhow::Result<()> {
    let bits = item.distance.0;
    if json {
        return output::json(&serde_json::json!({
            "item_id": item.item_id, "seen_at": item.seen_at, "channel": item.channel,
            "hash": query, "query": hash.to_string(), "algorithm": item.algorithm,
            "distance": bits, "view": item.view,
        }));
    }
    let view = item.view.map_or(String::new(), |view| format!(", {view}"));
    output::line(format_args!(
        "{}  {}, {bits} bits{view}, seen {}, hash {}",
        item.item_id.escape_debug(),
        item.algorithm,
        item.seen_at,
        query + 1
    ));
    Ok(())
}

fn status(workflow: &Workflow, json: bool) -> anyhow::Result<Exit> {
    let (status, policy) = (workflow.seen_status()?, workflow.seen_policy());
    let expired = workflow.expired_seen()?;
    let channels: Vec<_> = policy
        .channels
        .iter()
        .map(|channel| channel.name())
        .collect();
    let oldest = status
        .oldest_day
        .map(|day| Timestamp::from_millis(day * DAY_MS).to_string()[..10].to_owned());
    let records = status.rows + status.paged;
    if json {
        output::json(&serde_json::json!({
            "channels": channels, "keep_days": policy.keep_days, "records": records,
            "pages": status.pages, "oldest_day": oldest, "expired": expired,
        }))?;
        return Ok(Exit::Ok);
    }
    let kept = match channels.is_empty() {
        true => "none; name channels under [seen] to change it".to_owned(),
        false => format!("{}, for {} days", channels.join(", "), policy.keep_days),
    };
    output::line(format_args!("channels {kept}"));
    output::line(format_args!("records  {records}, {} pages", status.pages));
    output::line(format_args!(
        "oldest   {}",
        oldest.as_deref().unwrap_or("none")
    ));
    output::line(format_args!("expired  {expired}"));
    Ok(Exit::Ok)
}

fn forget(workflow: &Workflow, item: &str) -> anyhow::Result<Exit> {
    if workflow.forget_seen(item, Actor::Operator)? {
        output::line("forgotten");
        return Ok(Exit::Ok);
    }
    output::note("nothing was kept of this item");
    Ok(Exit::SomeFailed)
}

fn expire(workflow: &Workflow, dry_run: bool) -> anyhow::Result<Exit> {
    if dry_run {
        let expired = workflow.expired_seen()?;
        output::line(format_args!("would delete {expired} records"));
    } else {
        let expired = workflow.expire_seen(Actor::Operator)?;
        output::line(format_args!("deleted {expired} records"));
    }
    Ok(Exit::Ok)
}

/// As many as the interface takes in one call.
const HASHES_AT_ONCE: usize = 1_000;
const DAY_MS: i64 = 86_400_000;

const EXAMPLES: &str = "Examples:
  seawall seen status
  seawall seen lookup --list new-page.csv --json
  seawall seen lookup 5ba1c0e6bb8adf2b63b9eb9d33dbb1b04e6c9f2a3fd2fa8c0d81ff2a01c5be07 --max-distance 12
  seawall seen forget item-8842
  seawall seen expire --dry-run";
