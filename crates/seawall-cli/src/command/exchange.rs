//! `seawall exchange`: partners whose lists are taken over.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use clap::Subcommand;
use seawall_core::{Actor, ContentId, Timestamp};
use seawall_exchange::feed::Fingerprint;
use seawall_store::{ListName, StoredEntry};
use seawall_workflow::{ExchangeStatus, RunReport, Workflow};

use super::runtime;
use crate::folder;
use crate::output::{self, Exit};

/// Keep exchanges: partners whose lists are taken over. They are set up in the configuration,
/// one section `[exchange.NAME]` each.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Exchange {
    /// Say how each exchange goes: when it last succeeded, what it lists, what is held back.
    Status {
        /// One JSON line an exchange instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Read a partner's list now, up to the present. A running server notices what came.
    Run {
        /// The exchange.
        name: ListName,
        /// Read it from the beginning, and withdraw what it lacks.
        #[arg(long)]
        whole: bool,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Ask the partner once, and say whether the way in is right. Nothing is taken over.
    Test {
        /// The exchange.
        name: ListName,
    },
    /// Stop reading a partner's list. What it lists goes on matching.
    Pause {
        /// The exchange.
        name: ListName,
    },
    /// Go on reading it.
    Resume {
        /// The exchange.
        name: ListName,
    },
    /// Show the answer of the partner that could not be read, its values painted over.
    Page {
        /// The exchange.
        name: ListName,
    },
    /// List the entries with hashes that are held back, and why. No value is shown.
    Held {
        /// The exchange.
        name: ListName,
        /// One JSON line an entry instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Let the hashes of an entry go that are held back: they match from now on.
    Release {
        /// The exchange.
        name: ListName,
        /// The content's number, as `held` lists it.
        content: i64,
    },
    /// Let the contents go that the partner's list lacks, after you looked into it.
    AllowMissing {
        /// The exchange.
        name: ListName,
    },
    /// Remove an exchange with everything that it lists. Says what that is and changes nothing
    /// unless told --yes.
    Remove {
        /// The exchange.
        name: ListName,
        /// Do it.
        #[arg(long)]
        yes: bool,
    },
}

impl Exchange {
    pub(crate) fn run(self, path: &Path) -> anyhow::Result<Exit> {
        let config = folder::config(path)?;
        let workflow = Arc::new(folder::workflow(&config)?);
        workflow.set_exchanges(config.exchanges()?)?;
        match self {
            Self::Status { json } => status(&workflow, json),
            Self::Run { name, whole, json } => run(&workflow, &name, whole, json),
            Self::Test { name } => {
                let test = runtime()?.block_on(workflow.test_exchange(&name))?;
                if let Some(fault) = test.fault {
                    bail!("{fault}");
                }
                output::line(test.told.escape_debug());
                Ok(Exit::Ok)
            }
            Self::Pause { name } => {
                workflow.pause_exchange(&name, true, Actor::Operator)?;
                output::line("paused; what it lists goes on matching");
                Ok(Exit::Ok)
            }
            Self::Resume { name } => {
                workflow.pause_exchange(&name, false, Actor::Operator)?;
                output::line("resumed; a running server reads it within seconds");
                Ok(Exit::Ok)
            }
            Self::Page { name } => page(&workflow, &name),
            Self::Held { name, json } => held(&workflow, &name, json),
            Self::Release { name, content } => {
                workflow.release_entry(&name, ContentId(content), Actor::Operator)?;
                output::line("released");
                Ok(Exit::Ok)
            }
            Self::AllowMissing { name } => {
                workflow.allow_missing(&name, Actor::Operator)?;
                output::line("allowed; the next run, due now, withdraws what is still missing");
                Ok(Exit::Ok)
            }
            Self::Remove { name, yes } => remove(&workflow, &name, yes),
        }
    }
}

fn status(workflow: &Workflow, json: bool) -> anyhow::Result<Exit> {
    let statuses = workflow.exchange_statuses()?;
    let now = workflow.clock().now();
    if json {
        statuses
            .iter()
            .try_for_each(|status| output::json(&body(status, now)))?;
        return Ok(Exit::Ok);
    }
    if statuses.is_empty() {
        output::note("there are no exchanges; add a section [exchange.NAME] to the configuration");
    }
    for status in &statuses {
        print(status, now);
    }
    Ok(Exit::Ok)
}

fn body(status: &ExchangeStatus, now: Timestamp) -> serde_json::Value {
    let exchange = &status.exchange;
    let kinds = status.kinds.iter();
    let kinds = kinds.map(|(kind, hashes, held)| {
        serde_json::json!({ "kind": kind, "hashes": hashes, "held_back": held })
    });
    serde_json::json!({
        "name": exchange.name.as_str(), "protocol": exchange.protocol, "bank": status.bank,
        "configured": status.configured, "paused": exchange.paused,
        "contents": status.contents, "kinds": kinds.collect::<Vec<_>>(),
        "last_success": exchange.succeeded_at, "last_end": exchange.ended_at,
        "lag_s": status.lag_ms(now) / 1000, "stale": status.is_stale(now),
        "next": exchange.next_at, "failures": exchange.failures, "fault": exchange.fault,
        "missing": exchange.missing, "problems": exchange.problems,
        "added": exchange.counts.added, "changed": exchange.counts.changed,
        "withdrawn": exchange.counts.withdrawn, "set_aside": exchange.counts.set_aside,
    })
}

fn print(status: &ExchangeStatus, now: Timestamp) {
    let exchange = &status.exchange;
    let time = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| at.to_string());
    let state = match (status.configured, exchange.paused) {
        (false, _) => "not in the configuration",
        (true, true) => "paused",
        (true, false) => "on",
    };
    let (name, protocol, bank) = (&exchange.name, &exchange.protocol, &status.bank);
    output::line(format_args!("{name}  {protocol} → {bank}, {state}"));
    output::line(format_args!(
        "  last success  {}",
        time(exchange.succeeded_at)
    ));
    if status.is_stale(now) {
        let hours = status.lag_ms(now) / 3_600_000;
        output::line(format_args!(
            "  stale         not read to its end for {hours} hours, too long for its interval"
        ));
    }
    output::line(format_args!("  next run      {}", exchange.next_at));
    output::line(format_args!("  contents      {}", status.contents));
    for (kind, hashes, held) in &status.kinds {
        output::line(format_args!("    {kind}  {hashes}, held back {held}"));
    }
    let counts = exchange.counts;
    output::line(format_args!(
        "  ever          added {}, changed {}, withdrawn {}, could not be read {}",
        counts.added, counts.changed, counts.withdrawn, counts.set_aside
    ));
    if let Some(fault) = &exchange.fault {
        let failures = exchange.failures;
        output::line(format_args!(
            "  failed        {failures} times in a row: {fault}"
        ));
    }
    if let Some(missing) = exchange.missing {
        output::line(format_args!(
            "  missing       {missing} contents, kept until you look into it and say \
             `seawall exchange allow-missing {name}`"
        ));
    }
    for problem in &exchange.problems {
        output::line(format_args!("  not read      {problem}"));
    }
}

fn run(workflow: &Arc<Workflow>, name: &ListName, whole: bool, json: bool) -> anyhow::Result<Exit> {
    if whole {
        workflow.hasten_exchange(name, true, Actor::Operator)?;
    }
    let report = runtime()?.block_on(workflow.run_exchange(name))?;
    let RunReport {
        counts,
        fault,
        missing,
    } = &report;
    if json {
        output::json(&serde_json::json!({
            "added": counts.added, "changed": counts.changed, "withdrawn": counts.withdrawn,
            "set_aside": counts.set_aside, "fault": fault, "missing": missing,
        }))?;
    } else {
        output::line(format_args!(
            "added {}, changed {}, withdrawn {}, could not be read {}",
            counts.added, counts.changed, counts.withdrawn, counts.set_aside
        ));
        if let Some(missing) = missing {
            output::line(format_args!(
                "{missing} contents are missing from the list, too many to believe: they stay \
                 until you say `seawall exchange allow-missing {name}`"
            ));
        }
    }
    match fault {
        None => Ok(Exit::Ok),
        Some(fault) => {
            output::note(format_args!("the list was not read to its end: {fault}"));
            Ok(Exit::SomeFailed)
        }
    }
}

fn page(workflow: &Workflow, name: &ListName) -> anyhow::Result<Exit> {
    match workflow.exchange_fault_page(name)? {
        Some(page) => output::line(page),
        None => output::note("the last run met nothing that could not be read"),
    }
    Ok(Exit::Ok)
}

fn held(workflow: &Workflow, name: &ListName, json: bool) -> anyhow::Result<Exit> {
    let mut after = ContentId(0);
    loop {
        let page = workflow.held_entries(name, after, PAGE)?;
        let Some((last, _)) = page.last() else {
            return Ok(Exit::Ok);
        };
        after = *last;
        for (content, entry) in &page {
            let reasons = reasons(entry);
            if json {
                output::json(&serde_json::json!({
                    "content": content.0, "owner": entry.entry.owner, "class": entry.entry.class,
                    "held_back": reasons,
                }))?;
            } else {
                let owner = entry.entry.owner.as_deref().unwrap_or("the partner");
                let owner = owner.escape_debug();
                output::line(format_args!(
                    "{content}  {}, listed by {owner}",
                    reasons.join(", ")
                ));
            }
        }
    }
}

/// What is held back of an entry: the kind of hash and why.
fn reasons(entry: &StoredEntry) -> Vec<String> {
    let kind = |print: &Fingerprint| match print {
        Fingerprint::Hash { hash, .. } => hash.algorithm().name().to_owned(),
        Fingerprint::Other { kind, .. } => kind.escape_debug().to_string(),
    };
    let held = entry.prints.iter().filter_map(|print| {
        let held = print.held?;
        Some(format!("{} {}", kind(&print.fingerprint), held.name()))
    });
    held.collect()
}

fn remove(workflow: &Workflow, name: &ListName, yes: bool) -> anyhow::Result<Exit> {
    let statuses = workflow.exchange_statuses()?;
    let status = statuses.iter().find(|status| status.exchange.name == *name);
    let Some(status) = status else {
        bail!("there is no exchange of this name");
    };
    let contents = status.contents;
    if !yes {
        output::line(format_args!(
            "removing {name} would withdraw its {contents} contents from {}: they would match no \
             more. Say --yes to do it",
            status.bank
        ));
        return Ok(Exit::Ok);
    }
    if status.configured {
        bail!("take [exchange.{name}] out of the configuration first, or it comes back");
    }
    let contents = workflow.remove_exchange(name, Actor::Operator)?;
    output::line(format_args!("removed; {contents} contents were withdrawn"));
    Ok(Exit::Ok)
}

const PAGE: u32 = 100;

const EXAMPLES: &str = "Examples:
  seawall exchange status
  seawall exchange test ncmec-npo
  seawall exchange run ncmec-npo
  seawall exchange run ncmec-npo --whole
  seawall exchange held ncmec-npo
  seawall exchange release ncmec-npo 48112
  seawall exchange remove ncmec-npo";
