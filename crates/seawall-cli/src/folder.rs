//! From the configuration to a running workflow, and the lock of a data folder.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use seawall_server::config::Config;
use seawall_store::{MasterKey, Store, Vault};
use seawall_workflow::worker::WorkerCommand;
use seawall_workflow::{Setup, SystemClock, SystemRandom, Workflow};

/// Reads the configuration with the environment on top.
pub(crate) fn config(path: &Path) -> anyhow::Result<Config> {
    Ok(Config::load(path, std::env::vars())?)
}

/// Opens everything that the configuration names.
pub(crate) fn workflow(config: &Config) -> anyhow::Result<Workflow> {
    let store = Store::open(&config.database())?;
    let key_file = config.path(&config.data.master_key_file);
    let key_text = std::fs::read_to_string(&key_file)
        .with_context(|| format!("reading the master key {}", key_file.display()))?;
    let setup = Setup {
        store,
        vault: Vault::open(&config.vault())?,
        master_key: MasterKey::parse(&key_text)?,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        worker: decoder()?,
        workers: workers(config.decode.workers),
        limits: config.decode.limits.limits(),
        policy: config.policy,
        seen: config.seen.policy(),
        reporter: config
            .provider
            .is_complete()
            .then(|| config.provider.reporter()),
        receiver: config.report.receiver(&config.base)?,
        webhook: config
            .webhook
            .as_ref()
            .map(|hook| hook.webhook(&config.base))
            .transpose()?,
    };
    Ok(Workflow::new(setup)?)
}

/// How a decoder process is started: this program again.
pub(crate) fn decoder() -> anyhow::Result<WorkerCommand> {
    WorkerCommand::this_program(&["worker"]).context("finding this program's own file")
}

/// How many decoder processes to run; 0 takes one a core.
pub(crate) fn workers(wanted: usize) -> usize {
    match wanted {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        wanted => wanted,
    }
}

/// The one server of a data folder holds this; it ends with the process.
pub(crate) fn lock(config: &Config) -> anyhow::Result<File> {
    let path = config.path(&config.data.folder).join("seawall.lock");
    let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "another seawall server uses this data folder; stop it first, or use another folder"
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}
