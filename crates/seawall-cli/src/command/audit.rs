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
    /// Walk the whole chain and print its head, or the first break.
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
        match store.verify_audit() {
            Ok(verified) if *json => {
                let head = verified.head.to_string();
                output::json(&serde_json::json!({ "events": verified.events, "head": head }))?;
                Ok(Exit::Ok)
            }
            Ok(verified) => {
                output::line(format_args!(
                    "{} events, unbroken; head {}",
                    verified.events, verified.head
                ));
                Ok(Exit::Ok)
            }
            Err(error @ VerifyError::Broken(_)) => {
                output::error(&error.into());
                Ok(Exit::SomeFailed)
            }
            Err(error @ VerifyError::Source(_)) => Err(error.into()),
        }
    }
}
