//! `seawall version`.

use clap::Args;

use crate::output::{self, Exit};

/// Print the version.
#[derive(Args)]
#[command(after_help = "Examples:\n  seawall version\n  seawall version --json")]
pub(crate) struct Version {
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Version {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let version = env!("CARGO_PKG_VERSION");
        if self.json {
            output::json(&serde_json::json!({ "version": version }))?;
        } else {
            output::line(format_args!("seawall {version}"));
        }
        Ok(Exit::Ok)
    }
}
