//! What Seawall is measured against: installed here, at the versions that are written down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::machine::has_flag;
use crate::repository::{cargo, output, root, succeed};
use crate::{python, tools};

/// The installed peers.
pub(crate) struct Peers {
    python: PathBuf,
    /// The scan of yume-pdq, where it could be built.
    yume: Option<PathBuf>,
}

impl Peers {
    /// Installs them under `folder`, where they are not there yet.
    ///
    /// # Errors
    /// Where Python is missing or a package cannot be installed. What only costs one peer is
    /// put into `left_out`.
    pub(crate) fn install(folder: &Path, left_out: &mut Vec<String>) -> Result<Self> {
        let python = python::environment()?;
        let yume = if tools::found(tools::M4) {
            yume(folder)
                .map_err(|error| left_out.push(format!("yume-pdq: {error:#}")))
                .ok()
        } else {
            left_out.push("yume-pdq: building it needs m4 (`apt-get install m4`)".to_owned());
            None
        };
        Ok(Self { python, yume })
    }

    /// Nothing installed, for what has no peer.
    pub(crate) fn none() -> Self {
        Self {
            python: "python3".into(),
            yume: None,
        }
    }

    /// One of the scripts beside the records, on one core.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = pinned(&self.python);
        command.arg(root().join("benches/peers").join(name));
        command
    }

    /// yume-pdq's scan, on one core.
    pub(crate) fn yume(&self) -> Option<Command> {
        self.yume.as_deref().map(pinned)
    }

    /// The version of each.
    ///
    /// # Errors
    /// Where Python does not run.
    pub(crate) fn versions(&self) -> Result<BTreeMap<String, String>> {
        let text = output(&mut self.script("versions.py"))?;
        let mut versions: BTreeMap<String, String> = serde_json::from_str(&text)?;
        if self.yume.is_some() {
            versions.insert("yume-pdq".to_owned(), YUME_VERSION.to_owned());
        }
        Ok(versions)
    }
}

/// A program held on one core, where the system has the means: all contenders share it.
pub(crate) fn pinned(program: &Path) -> Command {
    if !tools::found(tools::TASKSET) {
        return Command::new(program);
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", &(cores - 1).to_string()])
        .arg(program);
    command
}

/// Builds the scan for this processor, with the kernel that is its best.
fn yume(folder: &Path) -> Result<PathBuf> {
    println!("Building yume-pdq, which takes some minutes the first time.");
    let target = folder.join("yume");
    let mut command = cargo();
    command
        .env("RUSTFLAGS", "-C target-cpu=native")
        .args(["build", "--release", "--locked", "--quiet"])
        .args(["--manifest-path", "benches/yume/Cargo.toml"])
        .arg("--target-dir")
        .arg(&target);
    if has_flag("avx512_vpopcntdq") {
        command.args(["--features", "avx512"]);
    }
    succeed(&mut command)?;
    Ok(target.join("release/bench-yume"))
}

/// As `benches/yume/Cargo.toml` has it.
const YUME_VERSION: &str = "1.1.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_is_reported_is_the_one_that_is_built() {
        let manifest = std::fs::read_to_string(root().join("benches/yume/Cargo.toml"));
        let manifest = manifest.expect("it is there");
        assert!(manifest.contains(&format!("yume-pdq = \"={YUME_VERSION}\"")));
    }
}
