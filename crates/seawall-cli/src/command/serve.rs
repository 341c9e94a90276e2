//! `seawall serve`.

use std::path::Path;

use anyhow::Context;
use clap::Args;
use seawall_server::config::Config;
use seawall_server::{Face, Server};
use tracing_subscriber::EnvFilter;

use super::runtime;
use crate::folder;
use crate::output::{self, Exit};

/// Run the server.
///
/// Prints one JSON line with its addresses once it listens; logs go to standard error, as JSON.
/// In a drill, reports go to a stand-in on this machine, and a port that is taken is replaced.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// Rehearse: reports go to a stand-in on this machine, whatever the configuration says.
    #[arg(long)]
    drill: bool,
}

impl Serve {
    pub(crate) fn run(&self, path: &Path) -> anyhow::Result<Exit> {
        // The index is made anew in the background: what it replaces must not stay.
        seawall_simd::memory::give_back_large_blocks();
        let mut config = folder::config(path)?;
        if self.drill {
            rehearse(&mut config);
        }
        start_log();
        let _lock = folder::lock(&config)?;
        if let Some(roles) = config.hma.roles_text() {
            tracing::warn!(
                roles,
                "programs in trusted networks are let in WITHOUT A TOKEN; \
                 take hma.trust out of the configuration to end that"
            );
        }
        let workflow = folder::workflow(&config)?;
        // In a drill nothing goes out to partners; stand-ins on this machine are read.
        let (exchanges, resting) = if self.drill {
            config.drill_exchanges()?
        } else {
            (config.exchanges()?, Vec::new())
        };
        workflow.set_exchanges(exchanges)?;
        workflow.rest_exchanges(config.exchange_names());
        let swept = workflow.sweep_vault()?;
        if swept > 0 {
            tracing::info!(files = swept, "removed sealed files that no case knows");
        }
        let drill = self
            .drill
            .then(|| config.path(&config.data.folder).join("stand-in.jsonl"));
        let server = Server {
            face: Face {
                resting,
                ..face(&config, self.drill, &workflow)
            },
            workflow,
            fetch: config.fetch.policy(&config.decode.limits.limits()),
            listen: config.listen,
            load: config.load,
            callers: config.callers,
            log: config.log,
            drill,
        };
        let announce = |listening: &seawall_server::Listening| {
            let seawall_server::Listening {
                console,
                api,
                public,
                drill,
                ..
            } = listening;
            tracing::info!(console, api, public, drill, "listening");
            // Without the addresses nobody can use the server; a closed pipe ends it in `line`.
            if let Err(error) = output::json(listening) {
                output::error(&error);
            }
        };
        runtime()?.block_on(async {
            let stop = stop_signal().context("listening for signals")?;
            Ok::<_, anyhow::Error>(server.run(announce, stop).await?)
        })?;
        tracing::info!("stopped");
        Ok(Exit::Ok)
    }
}

/// A drill needs nothing configured: the stand-in takes any contact.
fn rehearse(config: &mut Config) {
    config.report = seawall_server::config::Report::default();
    if !config.provider.is_complete() {
        let fill = |text: &mut seawall_core::Redacted<String>, value: &str| {
            if text.reveal().is_empty() {
                *text = seawall_core::Redacted(value.to_owned());
            }
        };
        fill(&mut config.provider.contact_first_name, "Drill");
        fill(&mut config.provider.contact_last_name, "Contact");
        fill(&mut config.provider.contact_email, "drill@example.org");
    }
}

fn face(config: &Config, drill: bool, workflow: &seawall_workflow::Workflow) -> Face {
    Face {
        drill,
        resting: Vec::new(),
        secure_cookies: config.listen.secure_cookies,
        provider: config.provider.name.clone(),
        hosts: config.listen.names(),
        upload_bytes_max: usize::try_from(workflow.limits().bytes_max).unwrap_or(usize::MAX),
        trust: config.hma.clone(),
    }
}

fn start_log() {
    let filter = EnvFilter::try_from_env("SEAWALL_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

/// Resolves on Ctrl-C or SIGTERM. Signals are caught from this call on, not from when it is
/// first waited for: whoever sees the server's addresses may stop it at once.
#[cfg(unix)]
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves on Ctrl-C.
#[cfg(not(unix))]
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

const EXAMPLES: &str = "Examples:
  seawall serve --config /srv/seawall/seawall.toml
  seawall serve --config /srv/seawall/seawall.toml --drill
  SEAWALL_LOG=debug seawall serve";
