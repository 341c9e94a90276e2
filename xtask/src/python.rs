//! Programs of others that are written in Python: installed here, in a virtual environment, at
//! the versions that are written down. The benchmark measures against them, and the tests
//! show that the published client works with what it is pointed at and that the server does
//! what its OpenAPI documents say.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::repository::{root, succeed};
use crate::tools;

/// The Python of an environment that holds exactly what is written down, which is installed
/// where it is not there yet.
///
/// # Errors
/// Where Python is missing or a package cannot be installed.
pub(crate) fn environment() -> Result<PathBuf> {
    environment_of("target/bench/python", LIST)
}

/// The same, in this folder and of this list of packages.
///
/// # Errors
/// As [`environment`].
pub(crate) fn environment_of(folder: &str, list: &str) -> Result<PathBuf> {
    tools::check(&[tools::PYTHON])?;
    let environment = root().join(folder);
    let python = environment.join("bin/python");
    let wanted = root().join(list);
    let marker = environment.join("installed.txt");
    let text = std::fs::read_to_string(&wanted).context("reading the list of packages")?;
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == text) {
        return Ok(python);
    }
    println!("Installing the packages of {list}.");
    succeed(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )?;
    let install = ["-m", "pip", "install", "--quiet"];
    succeed(
        Command::new(&python)
            .args(install)
            .args(["--disable-pip-version-check", "--requirement"])
            .arg(&wanted),
    )?;
    std::fs::write(&marker, text).context("noting what is installed")?;
    Ok(python)
}

const LIST: &str = "benches/peers/requirements.txt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_pinned() {
        let list = std::fs::read_to_string(root().join(LIST));
        let list = list.expect("it is there");
        let packages: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(packages.contains(&"pdqhash==0.2.8"));
        assert!(packages.iter().all(|line| line.contains("==")), "{list}");
    }
}
