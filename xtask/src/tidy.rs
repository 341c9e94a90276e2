//! `cargo xtask tidy`: the rules a machine can check.
//!
//! Every rule is a function from files or metadata to findings, so that its tests feed it bad
//! input without touching the disk. This file reads the checkout once and puts them in a row.

mod architecture;
mod egress;
mod errors;
mod graph;
mod licences;
mod limits;
mod machine;
mod metadata;
mod names;
mod pure;
mod rust;
mod vectors;
mod words;

use std::fmt;

use anyhow::{Result, bail};

use crate::repository::{self, File};
use crate::{known_flags, tools};

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Where: a path, with a line where there is one.
    place: String,
    /// What is wrong and what to do.
    text: String,
}

impl Finding {
    fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            text: text.into(),
        }
    }

    fn at(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self::new(format!("{path}:{line}"), text)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// A rule's name and what broke it.
type Outcome = (&'static str, Vec<Finding>);

/// Checks every rule and prints what breaks them.
///
/// # Errors
/// Where a rule is broken, or git or cargo cannot say what is in the checkout.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    known_flags(arguments, &[])?;
    tools::check(&[tools::GIT])?;
    let mut broken = 0;
    for (rule, findings) in outcomes()? {
        println!("{} {rule}", if findings.is_empty() { '✓' } else { '✗' });
        for finding in &findings {
            println!("  {finding}");
        }
        broken += findings.len();
    }
    match broken {
        0 => Ok(()),
        1 => bail!("tidy found one breach"),
        _ => bail!("tidy found {broken} breaches"),
    }
}

fn outcomes() -> Result<Vec<Outcome>> {
    let files = repository::files()?;
    let workspace = metadata::workspace()?;
    let dependencies = metadata::with_dependencies()?;
    Ok(vec![
        ("the crate graph equals its table", graph::check(&workspace)),
        (
            "files and functions keep their limits",
            limits::check(&files),
        ),
        ("modules are named after a noun", names::check(&files)),
        (
            "only seawall-simd has unsafe code",
            rust::check_unsafe(&files),
        ),
        (
            "only seawall-egress dials out",
            egress::check(&files, &workspace),
        ),
        (
            "levels 0 to 2 do no input or output",
            pure::check(&files, &workspace),
        ),
        ("error messages keep their form", errors::check(&files)),
        (
            "ARCHITECTURE.md names what exists",
            architecture::check(&files),
        ),
        ("no path of a development machine", machine::check(&files)),
        ("the words table is kept", words::check(&files)),
        ("licences are on the list", licences::check(&dependencies)),
        (
            "every golden vector has its origin",
            vectors::check(&files)?,
        ),
    ])
}

/// The Rust files among `files`, without code that only tests run.
fn shipped<'a>(files: &'a [File], crates: &'a [&str]) -> impl Iterator<Item = &'a File> {
    files.iter().filter(move |file| {
        file.path.ends_with(".rs")
            && !rust::is_test_path(&file.path)
            && crates
                .iter()
                .any(|name| file.path.starts_with(&format!("crates/{name}/")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let broken: Vec<String> = outcomes()
            .expect("git and cargo describe the checkout")
            .into_iter()
            .flat_map(|(rule, findings)| {
                findings
                    .into_iter()
                    .map(move |finding| format!("{rule}: {finding}"))
            })
            .collect();
        assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    }
}
