//! Where the checkout is and what stands in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// One file of the checkout that is text.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    /// The whole content.
    pub(crate) text: String,
}

/// The root of the checkout.
///
/// Cargo says at run time where this package stands: a checkout may have moved since it was built.
pub(crate) fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .parent()
        .map_or(manifest.clone(), Path::to_path_buf)
}

/// Cargo, the one that started this program where it did.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Every text file that git knows or would add.
///
/// # Errors
/// Where git does not run here.
pub(crate) fn files() -> Result<Vec<File>> {
    let arguments = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let listing = output(Command::new("git").args(arguments).current_dir(root()))?;
    let mut paths: Vec<&str> = listing
        .split('\0')
        .filter(|path| !path.is_empty())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    // A file may be deleted and not yet committed, or be no text: neither is ours to judge.
    Ok(paths
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(File {
                path: path.to_owned(),
                text,
            })
        })
        .collect())
}

/// Runs a command and gives what it printed.
///
/// # Errors
/// Where it cannot be started, fails, or prints no UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = describe(command);
    let result = command
        .output()
        .with_context(|| format!("starting `{name}`"))?;
    let errors = String::from_utf8_lossy(&result.stderr);
    ensure!(
        result.status.success(),
        "`{name}` failed ({}): {}",
        result.status,
        errors.trim()
    );
    String::from_utf8(result.stdout).with_context(|| format!("reading what `{name}` printed"))
}

/// Runs a command whose output the person reads as it comes.
///
/// # Errors
/// Where it cannot be started or fails.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let name = describe(command);
    println!("{name}");
    let status = command
        .status()
        .with_context(|| format!("starting `{name}`"))?;
    ensure!(status.success(), "`{name}` ended with {status}");
    Ok(())
}

/// The programs among what cargo says with `--message-format=json`.
///
/// # Errors
/// Where a line is no message.
pub(crate) fn programs(messages: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for line in messages.lines() {
        let message: serde_json::Value =
            serde_json::from_str(line).context("reading what cargo built")?;
        found.extend(message["executable"].as_str().map(PathBuf::from));
    }
    Ok(found)
}

/// The command as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_among_what_cargo_says() {
        let said = concat!(
            r#"{"reason":"compiler-artifact","executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","executable":"/a/tests-1"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let found = programs(said).expect("three messages");
        assert_eq!(found, [PathBuf::from("/a/tests-1")]);
        assert!(programs("error: no such crate").is_err());
    }
}
