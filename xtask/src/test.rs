//! `cargo xtask test`: everything CI runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repository::{cargo, describe, root};
use crate::stages::{self, Stage};
use crate::tools::{self, AR, BROWSER, BROWSER_DRIVER, CC, GIT, Tool};
use crate::{contract, demo, generate, known_flags, python, tidy, wasm};

/// Installs what the tests need, then runs every stage.
///
/// # Errors
/// Where a tool is missing and cannot be installed, or a stage fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    known_flags(arguments, &[])?;
    tools::check(&[GIT, CC, AR])?;
    install_browser()?;
    let may_skip = install_what_tests_run();
    let client = install_published_client();
    if std::env::var_os("SEAWALL_REFERENCE_DATA").is_none() {
        println!(
            "SEAWALL_REFERENCE_DATA is not set: tests against the ThreatExchange reference files \
             say \"skipped\""
        );
    }
    stages::run(plan(client.as_deref(), &may_skip))
}

/// Every stage; tests may skip what needs these programs, and nothing else.
fn plan(client: Option<&Path>, may_skip: &[&str]) -> Vec<Stage> {
    let mut tests = with(&["test", "--workspace"]);
    tests.env("SEAWALL_TESTS_SKIP", may_skip.join(","));
    if let Some(python) = client {
        tests.env("SEAWALL_TX_PYTHON", python);
    }
    let mut docs = cargo();
    docs.args(["doc", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "-D warnings");
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    vec![
        Stage::program("fmt", with(&["fmt", "--all", "--check"])),
        Stage::program("clippy", with(&clippy)),
        Stage::chore("tidy", "cargo xtask tidy", tidy::run),
        Stage::program("tests", tests),
        Stage::chore("wasm", "cargo xtask wasm", wasm::run),
        Stage::program("docs", docs),
        Stage::chore("schemas", "cargo xtask gen --check", |_| {
            generate::run(&["--check".to_owned()])
        }),
        Stage::chore("demo", "cargo xtask demo --once", |_| {
            demo::run(&["--once".to_owned()])
        }),
        Stage::chore("contract", "cargo xtask contract", contract::run),
    ]
}

fn with(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command.args(arguments);
    command
}

/// Browser tests drive a real browser. Debian's packages are installed where it is absent.
fn install_browser() -> Result<()> {
    if tools::found(BROWSER) && tools::found(BROWSER_DRIVER) {
        return Ok(());
    }
    if !may_install() {
        return tools::check(&[BROWSER, BROWSER_DRIVER])
            .context("looking for a browser (this user cannot install Debian packages)");
    }
    println!("Installing chromium and chromium-driver from the system's packages.");
    apt(&["update"])?;
    apt(&[
        "install",
        "-y",
        "--no-install-recommends",
        "chromium",
        "chromium-driver",
    ])?;
    tools::check(&[BROWSER, BROWSER_DRIVER]).context("looking for the browser just installed")
}

/// Installs what tests run beside Seawall from Debian's packages, where that may be done, and
/// gives what is still absent and may be. Where the packages are reached, that is nothing:
/// a test that skips there would be a test that nobody ran.
fn install_what_tests_run() -> Vec<&'static str> {
    // Where systemd runs, Debian would start these as services of this machine.
    let is_service = |package: &str| matches!(package, "nginx" | "postgresql");
    let is_wanted =
        |package: &str| may_install() && !(is_service(package) && Path::new(SYSTEMD).is_dir());
    let missing = absent(tools::found);
    let packages = missing.iter().map(|(_, package)| *package);
    let wanted: Vec<&str> = packages.filter(|package| is_wanted(package)).collect();
    let mut are_reached = true;
    if !wanted.is_empty() {
        let names = wanted.join(", ");
        println!("Installing {names} from the system's packages.");
        let install = [&["install", "-y", "--no-install-recommends"], &*wanted].concat();
        if let Err(error) = apt(&["update"]).and_then(|()| apt(&install)) {
            println!("{error:#}");
            are_reached = false;
        }
    }
    let may_skip: Vec<&str> = absent(tools::found)
        .into_iter()
        .filter(|(_, package)| !are_reached || !is_wanted(package))
        .map(|(name, _)| name)
        .collect();
    if !may_skip.is_empty() {
        let names = may_skip.join(", ");
        println!("Not installed: {names}. The tests with them say \"skipped\"");
    }
    may_skip
}

/// The published client of the exchanges, for the tests that hold Seawall and its stand-ins
/// against it; `None`, said aloud, where it cannot be installed.
fn install_published_client() -> Option<PathBuf> {
    match python::environment() {
        Ok(python) => Some(python),
        Err(error) => {
            println!("{error:#}");
            println!("Not installed: threatexchange. The tests with it say \"skipped\"");
            None
        }
    }
}

/// What is there where systemd runs, as sd_booted(3) looks for it.
const SYSTEMD: &str = "/run/systemd/system";

/// What tests run and is not there: the program and its package.
fn absent(found: impl Fn(Tool) -> bool) -> Vec<(&'static str, &'static str)> {
    let missing = tools::TESTED_WITH
        .into_iter()
        .filter(|(tool, _)| !found(*tool));
    missing
        .map(|(tool, package)| (tool.name(), package))
        .collect()
}

/// Only root on a system with `apt-get` installs: nothing here asks for a password.
fn may_install() -> bool {
    let user = crate::repository::output(Command::new("id").arg("-u")).unwrap_or_default();
    user.trim() == "0" && Path::new("/usr/bin/apt-get").is_file()
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Packages of servers then start none, as on a machine in rescue mode.
        .env("RUNLEVEL", "1")
        .current_dir(root());
    let name = describe(&command);
    let status = command
        .status()
        .with_context(|| format!("starting `{name}`"))?;
    if !status.success() {
        bail!("`{name}` ended with {status}; install those packages by hand");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_holds_every_stage_in_order() {
        let names: Vec<&str> = plan(None, &[]).iter().map(|stage| stage.name).collect();
        assert_eq!(
            names,
            [
                "fmt", "clippy", "tidy", "tests", "wasm", "docs", "schemas", "demo", "contract"
            ]
        );
    }

    #[test]
    fn what_tests_lack_is_named_with_its_package() {
        let packages: Vec<&str> = absent(|_| false)
            .iter()
            .map(|(_, package)| *package)
            .collect();
        assert_eq!(
            packages,
            [
                "curl",
                "python3",
                "nodejs",
                "ruby",
                "golang-go",
                "nginx",
                "postgresql"
            ]
        );
        assert_eq!(absent(|_| true), [("", ""); 0]);
    }

    #[test]
    fn the_published_client_is_named_to_the_tests_where_it_is_installed() {
        let by_hand = |client| plan(client, &[]).remove(3).by_hand;
        assert!(!by_hand(None).contains("SEAWALL_TX_PYTHON"));
        let named = by_hand(Some(Path::new("/p/python")));
        assert!(
            named.contains("SEAWALL_TX_PYTHON=\"/p/python\" "),
            "{named}"
        );
    }

    #[test]
    fn tests_hear_what_they_may_skip() {
        let by_hand = |may_skip: &[&str]| -> Vec<String> {
            plan(None, may_skip)
                .into_iter()
                .map(|stage| stage.by_hand)
                .collect()
        };
        let tests = "SEAWALL_TESTS_SKIP=\"\" cargo test --workspace".to_owned();
        assert!(by_hand(&[]).contains(&tests), "{:?}", by_hand(&[]));
        let tests = "SEAWALL_TESTS_SKIP=\"go,ruby\" cargo test --workspace".to_owned();
        assert!(by_hand(&["go", "ruby"]).contains(&tests));
    }

    #[test]
    fn warnings_are_errors_in_clippy_and_docs() {
        let by_hand: Vec<String> = plan(None, &[])
            .into_iter()
            .map(|stage| stage.by_hand)
            .collect();
        assert!(
            by_hand
                .iter()
                .any(|text| text.contains("clippy") && text.contains("-D warnings"))
        );
        assert!(
            by_hand
                .iter()
                .any(|text| text.starts_with("RUSTDOCFLAGS=\"-D warnings\""))
        );
    }
}
