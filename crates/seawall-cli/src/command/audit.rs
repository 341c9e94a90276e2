//! `seawall audit`.

use std::path::Path;

use clap::Subcommand;
use seawall_casework::audit::VerifyError;
use seawall_store::{Store, Vault};
use seawall_workflow::prove;

use crate::folder;
use crate::output::{self, Exit};

/// Prove the audit log.
#[derive(Subcommand)]
#[command(after_help = "Examples:\n  seawall audit verify\n  seawall audit verify --json")]
pub(crate) enum Audit {
    /// Walk the whole chain, hold the data folder against it, and print its head or what is wrong.
    Verify {
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub(crate) fn run(&self, path: &Path) -> anyhow::Result<Exit> {
        let Self::Verify { json } = self;
        let config = folder::config(path)?;
        let (store, vault) = (
            Store::open(&config.database())?,
            Vault::open(&config.vault())?,
        );
        let proof = match prove(&store, &vault) {
            Ok(proof) => proof,
            Err(error @ VerifyError::Broken(_)) => {
                output::error(&error.into());
                return Ok(Exit::SomeFailed);
            }
            Err(error @ VerifyError::Source(_)) => return Err(error.into()),
        };
        for gap in &proof.gaps {
            output::note(format_args!(
                "seawall: holding the data folder against the log: {gap}"
            ));
        }
        if !proof.gaps.is_empty() {
            return Ok(Exit::SomeFailed);
        }
        let (events, head) = (proof.chain.events, proof.chain.head.to_string());
        if *json {
            output::json(&serde_json::json!({ "events": events, "head": head }))?;
        } else {
            output::line(format_args!(
                "{events} events, unbroken, and the data folder agrees; head {head}"
            ));
        }
        Ok(Exit::Ok)
    }
}
