//! `cargo xtask gen`: files that the code writes, committed so that a reader finds them.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::repository::{cargo, output, root};
use crate::{known_flags, tools};

/// A committed file and the hidden subcommand of `seawall` that prints it.
struct Generated {
    path: &'static str,
    subcommand: &'static str,
}

const GENERATED: [Generated; 2] = [
    Generated {
        path: "schemas/openapi.json",
        subcommand: "openapi",
    },
    Generated {
        path: "schemas/hma-openapi.json",
        subcommand: "hma-openapi",
    },
];

/// Writes every generated file; with `--check` compares instead and changes nothing.
///
/// # Errors
/// Where the program does not build, a file cannot be written, or `--check` finds a difference.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    known_flags(arguments, &["--check"])?;
    tools::check(&[tools::CC, tools::AR])?;
    let check = !arguments.is_empty();
    let mut stale = Vec::new();
    for file in &GENERATED {
        let mut command = cargo();
        command.args([
            "run",
            "--quiet",
            "--package",
            "seawall-cli",
            "--",
            file.subcommand,
        ]);
        let fresh = output(&mut command)?;
        let path = root().join(file.path);
        if fs::read_to_string(&path).is_ok_and(|old| old == fresh) {
            println!("✓ {} is up to date", file.path);
        } else if check {
            println!("✗ {} differs from what the code writes", file.path);
            stale.push(file.path);
        } else {
            fs::write(&path, fresh).with_context(|| format!("writing {}", file.path))?;
            println!("✓ {} written", file.path);
        }
    }
    if !stale.is_empty() {
        bail!(
            "{} not up to date: run `cargo xtask gen` and commit",
            stale.join(", ")
        );
    }
    Ok(())
}
