//! `seawall audit`.

use std::path::Path;

use clap::Subcommand;
use seawall_casework::audit::VerifyError;
use seawall_store::Store;

use crate::folder;
use crate::output::{self, Exit};

/// Prove the audit log.
#[derive(Subcommand)]
#[command(after_help = "Examples:\n  seawall audit verify\n  seawall audit verify --json")]
pub(crate) enum Audit {
    /// Walk the whole chain, hold the database against it, and print its head or what is wrong.
    Verify {
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub(crate) fn run(&self, path: &Path) -> anyhow::Result<Exit> {
        let Self::Verify { json } = self;
        let store = Store::open(&folder::config(path)?.database())?;
        let verified = match store.verify_audit() {
            Ok(verified) => verified,
            Err(error @ VerifyError::Broken(_)) => {
                output::error(&error.into());
                return Ok(Exit::SomeFailed);
            }
            Err(error @ VerifyError::Source(_)) => return Err(error.into()),
        };
        let discrepancies = store.read(|reader| reader.discrepancies())?;
        for discrepancy in &discrepancies {
            output::note(format_args!(
                "seawall: holding the database against the log: {discrepancy}"
            ));
        }
        if !discrepancies.is_empty() {
            return Ok(Exit::SomeFailed);
        }
        let head = verified.head.to_string();
        if *json {
            output::json(&serde_json::json!({ "events": verified.events, "head": head }))?;
        } else {
            let events = verified.events;
            output::line(format_args!(
                "{events} events, unbroken, and the database agrees; head {head}"
            ));
        }
        Ok(Exit::Ok)
    }
}
