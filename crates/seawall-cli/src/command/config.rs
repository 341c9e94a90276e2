//! `seawall config`.

use std::path::Path;

use clap::Subcommand;

use crate::folder;
use crate::output::{self, Exit};

/// Check the configuration.
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  seawall config check\n  seawall config check --config /srv/seawall/seawall.toml"
)]
pub(crate) enum Config {
    /// Read the configuration, the keys and the database, and say what is wrong.
    Check,
}

impl Config {
    pub(crate) fn run(&self, path: &Path) -> anyhow::Result<Exit> {
        let Self::Check = self;
        let config = folder::config(path)?;
        let workflow = folder::workflow(&config)?;
        // Before anything is called right: a server that starts reads the secrets as well.
        let exchanges = config.exchanges()?;
        output::line(format_args!("{} is right", path.display()));
        for (name, address) in [
            ("console", config.listen.console),
            ("api", config.listen.api),
            ("public", config.listen.public),
        ] {
            output::line(format_args!("{name:<8} {address}"));
        }
        match workflow.receiver() {
            Some(receiver) if receiver.stand_in => {
                output::line("reports  to a stand-in on this machine")
            }
            Some(receiver) => output::line(format_args!("reports  to {}", receiver.name)),
            None => output::line("reports  nowhere; set report.receiver, or use serve --drill"),
        }
        let messages = if workflow.has_webhook() {
            "to the webhook"
        } else {
            "nowhere"
        };
        output::line(format_args!("messages {messages}"));
        output::line(format_args!("seen     {}", seen(&config.seen.policy())));
        for exchange in exchanges {
            let minutes = exchange.every_ms / 60_000;
            output::line(format_args!(
                "exchange {}: {} → {}, every {minutes} minutes",
                exchange.name,
                exchange.partner.protocol(),
                exchange.bank
            ));
        }
        Ok(Exit::Ok)
    }
}

fn seen(policy: &seawall_workflow::SeenPolicy) -> String {
    let channels: Vec<_> = policy
        .channels
        .iter()
        .map(|channel| channel.name())
        .collect();
    if channels.is_empty() {
        "nothing is kept; name channels under [seen] to change it".to_owned()
    } else {
        format!("{} for {} days", channels.join(", "), policy.keep_days)
    }
}
