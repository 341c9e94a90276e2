//! What the command says, and how it ends.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything went well.
    Ok,
    /// Some inputs failed; each was named.
    SomeFailed,
    /// Nothing could be done.
    NotStarted,
    /// A match was found, and the caller asked to be told by the exit code.
    Matched,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::SomeFailed => 1,
            Exit::NotStarted => 2,
            Exit::Matched => 3,
        })
    }
}

/// Prints one line. A closed pipe (`| head`) ends the program quietly, as is usual.
pub(crate) fn line(text: impl std::fmt::Display) {
    if writeln!(io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Prints a value as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// Says something to a person, beside the results.
pub(crate) fn note(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Prints an error with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("seawall: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}
