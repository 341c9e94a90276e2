//! What cargo says of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::repository::{cargo, output};

/// The packages cargo knows.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// Every package: the workspace's own, and the others where they were asked for.
    pub(crate) packages: Vec<Package>,
    /// What was resolved, where it was asked for.
    pub(crate) resolve: Option<Resolve>,
}

/// One package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    /// Its id, by which the resolution names it.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its licence, as an SPDX expression.
    pub(crate) license: Option<String>,
    /// What it asks for.
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
    /// Its switches, each with what it turns on.
    #[serde(default)]
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// One line of a package's dependencies.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package asked for.
    pub(crate) name: String,
    /// `None` is a normal one; else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// The packages that are built for this machine.
#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    /// One for each package.
    pub(crate) nodes: Vec<Node>,
}

/// One package of the resolution.
#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    /// The package's id.
    pub(crate) id: String,
}

#[cfg(test)]
impl Package {
    /// A package for tests, by its name and licence.
    pub(crate) fn test(name: &str, license: Option<&str>) -> Self {
        Self {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            dependencies: Vec::new(),
            features: BTreeMap::new(),
        }
    }

    /// The same with one more dependency.
    pub(crate) fn needing(mut self, name: &str, kind: Option<&str>) -> Self {
        let (name, kind) = (name.to_owned(), kind.map(str::to_owned));
        self.dependencies.push(Dependency { name, kind });
        self
    }
}

/// The workspace's own packages.
///
/// # Errors
/// Where cargo does not run or says something else than expected.
pub(crate) fn workspace() -> Result<Metadata> {
    read(&["--no-deps"])
}

/// Every package that is built for this machine.
///
/// # Errors
/// As [`workspace`].
pub(crate) fn with_dependencies() -> Result<Metadata> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("reading the host from what `rustc -vV` printed")?;
    let mut metadata = read(&["--filter-platform", host])?;
    let built: BTreeSet<String> = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|n| n.id.clone())
        .collect();
    metadata
        .packages
        .retain(|package| built.contains(&package.id));
    Ok(metadata)
}

fn read(arguments: &[&str]) -> Result<Metadata> {
    let mut command = cargo();
    command
        .args(["metadata", "--format-version", "1", "--quiet"])
        .args(arguments);
    let text = output(&mut command)?;
    serde_json::from_str(&text).context("reading what `cargo metadata` printed")
}
