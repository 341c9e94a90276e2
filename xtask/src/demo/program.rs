//! The `seawall` command on the demo's own configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;

use crate::repository::{describe, output};

/// The binary and the folder it works in.
pub(crate) struct Program {
    binary: PathBuf,
    folder: PathBuf,
}

impl Program {
    /// The binary, for an installation in `folder`.
    pub(crate) fn new(binary: &Path, folder: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
        }
    }

    /// The same binary, for another installation.
    pub(crate) fn of(&self, folder: &Path) -> Self {
        Self::new(&self.binary, folder)
    }

    /// A command that hears of nothing but the demo's configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SEAWALL_") {
                command.env_remove(name);
            }
        }
        command
            .env("SEAWALL_CONFIG", self.folder.join("seawall.toml"))
            .args(arguments);
        command
    }

    /// Runs a subcommand that prints one line of JSON.
    ///
    /// # Errors
    /// Where it fails, or prints something else.
    pub(crate) fn json<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T> {
        let mut command = self.command(arguments);
        let text = output(&mut command)?;
        let name = describe(&command);
        serde_json::from_str(&text).with_context(|| format!("reading what `{name}` printed"))
    }
}
