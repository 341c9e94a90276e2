//! `seawall bank lists`.

use anyhow::bail;
use clap::Subcommand;
use seawall_core::{Actor, BankName, Threshold};
use seawall_store::{List, ListChange, ListName};
use seawall_workflow::Workflow;

use crate::output::{self, Exit};

/// Keep the lists of a bank, each with a threshold and a switch of its own.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Lists {
    /// Show the lists of a bank.
    Show {
        /// The bank.
        bank: BankName,
        /// One JSON line a list.
        #[arg(long)]
        json: bool,
    },
    /// Change a list.
    Set {
        /// The bank.
        bank: BankName,
        /// The list.
        list: ListName,
        /// Largest PDQ distance that is a match, in bits; at most 31 in an exception bank.
        #[arg(long, value_parser = clap::value_parser!(u16).range(0..=256))]
        threshold: Option<u16>,
        /// Take the bank's threshold again.
        #[arg(long, conflicts_with = "threshold")]
        bank_threshold: bool,
        /// Match it.
        #[arg(long)]
        enable: bool,
        /// Do not match it.
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
    },
    /// Withdraw a list: delete it with the contents that came with it. Cases stay.
    Delete {
        /// The bank.
        bank: BankName,
        /// The list.
        list: ListName,
        /// Do it. Without this, only what would be deleted is said.
        #[arg(long)]
        yes: bool,
    },
}

impl Lists {
    pub(super) fn run(self, workflow: &Workflow) -> anyhow::Result<Exit> {
        match self {
            Self::Show { bank, json } => {
                for list in workflow.lists(&bank)? {
                    print(&list, json)?;
                }
            }
            Self::Set {
                bank,
                list,
                threshold,
                bank_threshold,
                enable,
                disable,
            } => {
                let own = threshold.and_then(Threshold::new);
                let change = ListChange {
                    threshold: (own.is_some() || bank_threshold).then_some(own),
                    enabled: (enable || disable).then_some(enable),
                };
                if change == ListChange::default() {
                    bail!(
                        "say what to change: --threshold, --bank-threshold, --enable or --disable"
                    );
                }
                print(
                    &workflow.change_list(&bank, &list, change, Actor::Operator)?,
                    false,
                )?;
            }
            Self::Delete { bank, list, yes } => delete(workflow, &bank, &list, yes)?,
        }
        Ok(Exit::Ok)
    }
}

fn print(list: &List, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&serde_json::json!({
            "name": list.name.as_str(), "threshold": list.threshold, "enabled": list.enabled,
            "contents": list.contents,
        }));
    }
    let bits = list
        .threshold
        .map_or("the bank's bits".to_owned(), |threshold| {
            format!("{} bits", threshold.bits())
        });
    let state = if list.enabled { "enabled" } else { "disabled" };
    output::line(format_args!(
        "{:<32} {:>9} contents  {bits}  {state}",
        list.name.as_str(),
        list.contents
    ));
    Ok(())
}

fn delete(workflow: &Workflow, bank: &BankName, list: &ListName, yes: bool) -> anyhow::Result<()> {
    let found = workflow.lists(bank)?.into_iter();
    let Some(found) = found.into_iter().find(|found| found.name == *list) else {
        bail!("{bank} has no list {list}");
    };
    if yes {
        let contents = workflow.delete_list(bank, list, Actor::Operator)?;
        output::line(format_args!("deleted {list} with {contents} contents"));
    } else {
        let contents = found.contents;
        output::line(format_args!(
            "would delete {list} with {contents} contents; add --yes to do it"
        ));
    }
    Ok(())
}

const EXAMPLES: &str = "Examples:
  seawall bank lists show PARTNER_A
  seawall bank lists set PARTNER_A week-48 --threshold 20
  seawall bank lists set PARTNER_A week-48 --disable
  seawall bank lists delete PARTNER_A week-48 --yes";
