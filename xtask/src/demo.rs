//! `cargo xtask demo`: the whole path, played on the real binary before the reader's eyes.

mod case;
pub(crate) mod client;
mod console;
mod disk;
mod narrator;
mod path;
mod pictures;
pub(crate) mod program;
mod proof;
mod scan;
pub(crate) mod server;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::repository::{cargo, describe, root};
use crate::{known_flags, tools};

/// How the demo was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Options {
    /// End when every step was checked, instead of leaving the console open.
    once: bool,
    /// Play on a development build, which is built sooner and runs more slowly.
    fast: bool,
}

/// Builds Seawall and plays the path.
///
/// # Errors
/// Where a tool is missing, Seawall does not build, or a step is not as it should be.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    known_flags(arguments, &["--once", "--fast"])?;
    let given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let options = Options {
        once: given("--once"),
        fast: given("--fast"),
    };
    tools::check(&[tools::CC, tools::AR])?;
    let seawall = build(options.fast)?;
    let folder = fresh_folder(options.once)?;
    path::play(&seawall, &folder.join("seawall"), options.once)
}

/// Builds the binary, with cargo's own progress, and gives its path.
pub(crate) fn build(fast: bool) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--package", "seawall-cli", "--bin", "seawall"]);
    if !fast {
        command.arg("--release");
    }
    let name = describe(&command);
    println!("Building Seawall: {name}");
    let status = command
        .status()
        .with_context(|| format!("starting `{name}`"))?;
    if !status.success() {
        bail!("`{name}` ended with {status}");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir));
    let program = format!("seawall{}", std::env::consts::EXE_SUFFIX);
    Ok(target
        .join(if fast { "debug" } else { "release" })
        .join(program))
}

/// An empty folder below `target`, whatever an earlier run left. A demo that ends by itself has
/// one of its own, so that it does not pull the ground from under one that is open.
fn fresh_folder(once: bool) -> Result<PathBuf> {
    let name = if once { "once" } else { "open" };
    let folder = root().join("target").join("demo").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).context("removing what an earlier demo left")?;
    }
    fs::create_dir_all(&folder).context("making a folder for the demo")?;
    Ok(folder)
}
