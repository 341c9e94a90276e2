//! `seawall bank`. A running server takes changes over within a second.

mod lists;
mod try_out;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use seawall_core::{
    Actor, Algorithm, BankName, BankRole, ContentId, Hash, Outcome, Threshold, ViewOptions,
};
use seawall_store::{ContentRow, ListName, NewContent, StoredHash};
use seawall_workflow::{BankRequest, Workflow};

use self::lists::Lists;
use super::matching::read_list;
use super::runtime;
use crate::folder;
use crate::output::{self, Exit};

/// Keep banks of known hashes.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Bank {
    /// Make a bank.
    Create {
        /// Upper-case letters, digits and underscores, not starting with a digit.
        name: BankName,
        /// Largest PDQ distance that is a match, in bits; 31 where not given. For exceptions 0 where not
        /// given, and at most 31.
        #[arg(long, value_parser = clap::value_parser!(u16).range(0..=256))]
        threshold: Option<u16>,
        /// known, or exception: what is near its hashes is no reason for a case.
        #[arg(long, default_value_t = BankRole::Known)]
        role: BankRole,
        /// Who vouches for it. An exception bank needs one.
        #[arg(long)]
        owner: Option<String>,
        /// Do not match it yet.
        #[arg(long)]
        disabled: bool,
    },
    /// List banks.
    List {
        /// One JSON line a bank.
        #[arg(long)]
        json: bool,
    },
    /// Add pictures, by their hashes; the pictures are not kept.
    Add {
        /// The bank.
        name: BankName,
        /// A remark for each; in an exception bank the reason.
        #[arg(long)]
        note: Option<String>,
        /// Hashes as `algorithm:digits`, instead of or beside pictures.
        #[arg(long = "hash")]
        hashes: Vec<String>,
        /// Pictures or folders of them.
        pictures: Vec<PathBuf>,
    },
    /// Add every row of a list that the bank does not hold yet.
    Import {
        /// The bank.
        name: BankName,
        /// The list, as text or CSV.
        #[arg(value_name = "LIST")]
        file: PathBuf,
        /// The list of the bank that the rows go into; made where there is none.
        #[arg(long = "list", value_name = "NAME")]
        into: Option<ListName>,
        /// Say what would be done and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Try out how a partner's files are read: the name of a preset, or a file with a layout.
        #[arg(long, value_name = "PRESET|FILE", requires = "dry_run")]
        layout: Option<String>,
    },
    /// Keep the lists of a bank, each with a threshold and a switch of its own.
    #[command(subcommand)]
    Lists(Lists),
    /// Write a bank's hashes as CSV, which the audit log tells of.
    Export {
        /// The bank.
        name: BankName,
        /// Where to; standard output where not given.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Delete a bank with everything in it. Cases that it opened stay.
    Delete {
        /// The bank.
        name: BankName,
        /// Do it. Without this, only what would be deleted is said.
        #[arg(long)]
        yes: bool,
    },
}

impl Bank {
    pub(crate) fn run(self, config: &Path) -> anyhow::Result<Exit> {
        let config = folder::config(config)?;
        let workflow = folder::workflow(&config)?;
        // Their banks are not deleted by hand.
        workflow.rest_exchanges(config.exchange_names());
        match self {
            Self::Create {
                name,
                threshold,
                role,
                owner,
                disabled,
            } => {
                let request = BankRequest {
                    name,
                    threshold: threshold.and_then(Threshold::new),
                    enabled: !disabled,
                    role,
                    owner,
                };
                let bank = workflow.create_bank_as(&request, Actor::Operator)?;
                output::line(format_args!(
                    "made {} ({} bits)",
                    bank.name,
                    bank.threshold.bits()
                ));
                Ok(Exit::Ok)
            }
            Self::List { json } => list(&workflow, json),
            Self::Add {
                name,
                note,
                hashes,
                pictures,
            } => add(&workflow, &name, note, &hashes, &pictures),
            Self::Import {
                name,
                file,
                into,
                dry_run,
                layout,
            } => match layout {
                Some(layout) => {
                    workflow.bank(&name)?;
                    try_out::try_out(&file, &layout)
                }
                None => import(&workflow, &name, &file, into.as_ref(), dry_run),
            },
            Self::Lists(command) => command.run(&workflow),
            Self::Export { name, output } => export(&workflow, &name, output.as_deref()),
            Self::Delete { name, yes } => delete(&workflow, &name, yes),
        }
    }
}

fn list(workflow: &Workflow, json: bool) -> anyhow::Result<Exit> {
    for bank in workflow.store().read(|reader| reader.banks())? {
        let low_quality = workflow
            .store()
            .read(|reader| reader.low_quality_hashes(bank.id))?;
        if json {
            output::json(&serde_json::json!({
                "id": bank.id, "name": bank.name, "role": bank.role, "owner": bank.owner,
                "threshold": bank.threshold, "enabled": bank.enabled,
                "contents": bank.contents, "low_quality": low_quality,
            }))?;
        } else {
            let state = if bank.enabled { "enabled" } else { "disabled" };
            let bits = bank.threshold.bits();
            let exception = match bank.role {
                BankRole::Known => "",
                BankRole::Exception => "  exceptions",
            };
            let low = match low_quality {
                0 => String::new(),
                low => format!("  {low} hashes of low quality, not matched"),
            };
            output::line(format_args!(
                "{:<32} {:>9} contents  {bits:>3} bits  {state}{exception}{low}",
                bank.name.as_str(),
                bank.contents
            ));
        }
    }
    Ok(Exit::Ok)
}

fn add(
    workflow: &Workflow,
    name: &BankName,
    note: Option<String>,
    hashes: &[String],
    pictures: &[PathBuf],
) -> anyhow::Result<Exit> {
    if hashes.is_empty() && pictures.is_empty() {
        bail!("name pictures, or hashes with --hash");
    }
    if !hashes.is_empty() {
        let stored = hashes
            .iter()
            .map(|text| parse_hash(text))
            .collect::<anyhow::Result<_>>()?;
        let content = NewContent {
            class: None,
            list: None,
            note: note.clone(),
            hashes: stored,
        };
        let id = workflow.add_content(name, &content, Actor::Operator)?;
        output::line(format_args!("added content {id}"));
    }
    let mut exit = Exit::Ok;
    let each = |file: String, report: seawall_core::HashReport| {
        let usable = report.hashes.iter().filter(|record| record.is_usable());
        let stored: Vec<StoredHash> = usable
            .map(|record| StoredHash {
                hash: record.hash,
                quality: record.quality,
            })
            .collect();
        if !matches!(report.outcome, Outcome::Hashed | Outcome::Partial) {
            let reason = report
                .reason
                .map_or("no usable hash", |reason| reason.sentence());
            output::note(format_args!("{file}: not added: {reason}"));
            exit = Exit::SomeFailed;
            return Ok(());
        }
        let content = NewContent {
            class: None,
            list: None,
            note: note.clone(),
            hashes: stored,
        };
        let id = workflow.add_content(name, &content, Actor::Operator)?;
        output::line(format_args!("{file}: added content {id}"));
        Ok(())
    };
    let inputs = crate::inputs::resolve(pictures);
    runtime()?.block_on(crate::inputs::hash_each(
        inputs,
        *workflow.limits(),
        ViewOptions::default(),
        each,
    ))?;
    Ok(exit)
}

fn import(
    workflow: &Workflow,
    name: &BankName,
    list: &Path,
    into: Option<&ListName>,
    dry_run: bool,
) -> anyhow::Result<Exit> {
    let list = read_list(list)?;
    let (rejected, aside) = (list.rejected.len(), list.set_aside.len());
    if dry_run {
        let bank = workflow.bank(name)?;
        let rows = list.rows.len();
        output::line(format_args!(
            "would add up to {rows} rows to {} ({} contents now); {rejected} unreadable, {aside} set aside",
            bank.name, bank.contents
        ));
        return Ok(Exit::Ok);
    }
    let done = workflow.import_list(name, into, &list, Actor::Operator)?;
    output::line(format_args!(
        "added {}, {} were there already, {rejected} unreadable, {aside} set aside",
        done.added, done.known
    ));
    Ok(if rejected > 0 {
        Exit::SomeFailed
    } else {
        Exit::Ok
    })
}

fn export(workflow: &Workflow, name: &BankName, path: Option<&Path>) -> anyhow::Result<Exit> {
    // Before a file is made for nothing.
    let bank = workflow.bank(name)?;
    let mut out: Box<dyn Write> = match path {
        Some(path) => {
            let file = std::fs::File::create_new(path);
            Box::new(file.with_context(|| format!("making {}", path.display()))?)
        }
        None => Box::new(std::io::stdout().lock()),
    };
    // Before the first of them is handed out: an export that is cut short is one as well.
    workflow.note_export(name, bank.contents, Actor::Operator)?;
    writeln!(out, "content,algorithm,value,quality,note")?;
    let mut after = ContentId(0);
    loop {
        let page = workflow.contents(name, after, EXPORT_PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for content in &page {
            write_content(&mut out, content)?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn write_content(out: &mut dyn Write, content: &ContentRow) -> anyhow::Result<()> {
    let note = content.note.as_deref().unwrap_or_default();
    // Quoted as RFC 4180 asks; a line break would end the row for simpler readers.
    let note = note.replace(['\r', '\n'], " ").replace('"', "\"\"");
    for stored in &content.hashes {
        let quality = stored
            .quality
            .map_or(String::new(), |quality| quality.0.to_string());
        let (id, hash) = (content.id, stored.hash);
        writeln!(out, "{id},{},{hash},{quality},\"{note}\"", hash.algorithm())?;
    }
    Ok(())
}

fn delete(workflow: &Workflow, name: &BankName, yes: bool) -> anyhow::Result<Exit> {
    let bank = workflow.bank(name)?;
    if !yes {
        output::line(format_args!(
            "would delete {} with {} contents; add --yes to do it",
            bank.name, bank.contents
        ));
        return Ok(Exit::Ok);
    }
    workflow.delete_bank(name, Actor::Operator)?;
    output::line(format_args!(
        "deleted {} with {} contents",
        bank.name, bank.contents
    ));
    Ok(Exit::Ok)
}

fn parse_hash(text: &str) -> anyhow::Result<StoredHash> {
    let (algorithm, digits) = text.split_once(':').context("a hash is algorithm:digits")?;
    let algorithm =
        Algorithm::from_name(algorithm).context("the algorithms are pdq, md5, sha1 and sha256")?;
    Ok(StoredHash {
        hash: Hash::parse(algorithm, digits)?,
        quality: None,
    })
}

/// How many contents are held in memory while a bank is written out.
const EXPORT_PAGE: u32 = 1_000;

const EXAMPLES: &str = "Examples:
  seawall bank create PARTNER_A --threshold 31
  seawall bank create BENIGN --role exception --owner \"Trust and safety\"
  seawall bank import PARTNER_A list.csv --dry-run
  seawall bank import PARTNER_A list.csv --dry-run --layout partner-a.toml
  seawall bank import PARTNER_A week-48.csv --list week-48
  seawall bank lists set PARTNER_A week-48 --threshold 20
  seawall bank add PARTNER_A --note \"our own\" pictures/
  seawall bank export PARTNER_A --output partner-a.csv
  seawall bank delete PARTNER_A --yes";
