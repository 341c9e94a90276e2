//! `cargo xtask sanitize`: runs the tests of the crate that has unsafe code under two watchers
//! of memory.
//!
//! The address sanitizer sees every kernel that this processor has, and needs the nightly
//! toolchain. Valgrind also sees reads of memory that was never written, but knows no AVX-512:
//! it hides those registers from the program, which then takes the next kernel.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::known_flags;
use crate::repository::{cargo, output, programs, root, succeed};
use crate::tools::{self, VALGRIND};

/// Runs both watchers.
///
/// # Errors
/// Where a tool is missing, a test fails or a watcher finds something.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    known_flags(arguments, &[])?;
    tools::check(&[VALGRIND])?;
    println!("── the address sanitizer");
    succeed(&mut sanitized_tests()?)?;
    println!("\n── valgrind");
    let binaries = test_binaries()?;
    ensure!(!binaries.is_empty(), "no test was built");
    for binary in binaries {
        let mut command = Command::new("valgrind");
        command.args(["-q", "--error-exitcode=9"]).arg(binary);
        succeed(&mut command)?;
    }
    println!("\nNeither found anything.");
    Ok(())
}

fn sanitized_tests() -> Result<Command> {
    // Not the cargo that runs this: that one belongs to the stable toolchain.
    let mut command = Command::new("cargo");
    command
        .current_dir(root())
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .args(["+nightly", "test", "-p", UNSAFE_CRATE, "--lib", "--tests"])
        // With a target named, build scripts are left as they are.
        .args(["--target", &host()?])
        .args(["--target-dir", "target/sanitizer"]);
    Ok(command)
}

fn host() -> Result<String> {
    let text = output(Command::new("rustc").arg("-vV"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).context("reading the host's name")
}

/// The programs that cargo builds for the crate's tests.
fn test_binaries() -> Result<Vec<PathBuf>> {
    let mut build = cargo();
    build.args(["test", "-p", UNSAFE_CRATE, "--lib", "--tests"]);
    build.args(["--no-run", "--message-format=json"]);
    programs(&output(&mut build)?)
}

const UNSAFE_CRATE: &str = "seawall-simd";
