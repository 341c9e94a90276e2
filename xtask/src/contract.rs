//! `cargo xtask contract`: a real server, held against its OpenAPI documents by Schemathesis.
//!
//! Schemathesis makes requests of what a document allows and of what it does not, and checks each
//! answer: its status, its type, its shape, that it is no failure of the server, that what is
//! wrong is refused and that nothing answers without a token that should have one.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::demo::program::Program;
use crate::demo::server::Server;
use crate::repository::root;
use crate::{demo, known_flags, python};

/// A document, and the scopes of the token that its operations are asked with.
struct Contract {
    document: &'static str,
    scopes: &'static [&'static str],
}

/// Holds a server against both documents. Where Schemathesis cannot be installed it says so.
///
/// # Errors
/// Where the server fails or an answer is not what its document says.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    known_flags(arguments, &[])?;
    let folder = root().join("target/contract");
    std::fs::create_dir_all(&folder).context("making a folder to work in")?;
    let python = match python::environment_of("target/contract/python", PACKAGES) {
        Ok(python) => python,
        Err(error) => {
            println!("skipped: Schemathesis cannot be installed here: {error:#}");
            return Ok(());
        }
    };
    let binary = demo::build(false)?;
    let mut failed = Vec::new();
    for contract in CONTRACTS {
        let place = folder.join(contract.document);
        std::fs::remove_dir_all(&place).ok();
        let program = Program::new(&binary, &place);
        let path = place.display().to_string();
        let _: Value = program.json(&["init", &path, "--json"])?;
        let mut serve = program.command(&["serve", "--drill"]);
        let server = Server::start(&mut serve, &place.join("server.log"))?;
        if !is_kept(&contract, &python, &program, &server, &place)? {
            failed.push(contract.document);
        }
        server.stop()?;
    }
    if !failed.is_empty() {
        bail!("the server does not do as it says in {}", failed.join(", "));
    }
    Ok(())
}

/// Runs Schemathesis and says how it ended: all of it where the contract is not kept.
fn is_kept(
    contract: &Contract,
    python: &Path,
    program: &Program,
    server: &Server,
    place: &Path,
) -> Result<bool> {
    let mut create = vec!["token", "create", "--name", "contract", "--json"];
    create.extend(contract.scopes.iter().flat_map(|scope| ["--scope", scope]));
    let token: Token = program.json(&create)?;
    println!("\n{}", contract.document);
    let path = place.join("schemathesis.txt");
    let log = File::create(&path).context("making a log")?;
    let mut command = Command::new(python.with_file_name("st"));
    command
        .arg("run")
        .arg(root().join("schemas").join(contract.document))
        .args(["--url", &server.addresses.api])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", token.secret),
        ])
        .args(["--checks", &CHECKS.join(","), "--exclude-path", ENDLESS])
        .args(["--seed", "1", "--max-examples", EXAMPLES])
        .current_dir(place)
        .env("PYTHONHASHSEED", "0")
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let is_kept = succeeds_in_time(&mut command)?;
    let text = std::fs::read_to_string(&path).context("reading what it said")?;
    println!("{}", if is_kept { closing(&text) } else { &text });
    Ok(is_kept)
}

/// Runs the program, and ends it where it takes too long.
fn succeeds_in_time(command: &mut Command) -> Result<bool> {
    let mut child = command.spawn().context("starting Schemathesis")?;
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().context("waiting for Schemathesis")? {
            return Ok(status.success());
        }
        if Instant::now() > until {
            child.kill().context("ending Schemathesis")?;
            child.wait().context("waiting for Schemathesis")?;
            bail!("it took Schemathesis more than {} s", LIMIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The sum at the end.
fn closing(text: &str) -> &str {
    let start = text.find(SUMMARY).map(|at| text[..at].rfind('\n'));
    let start = start.flatten().map_or(0, |at| at + 1);
    text[start..].trim_end()
}

#[derive(Deserialize)]
struct Token {
    secret: String,
}

const PACKAGES: &str = "tests/contract/requirements.txt";

const CONTRACTS: [Contract; 2] = [
    Contract {
        document: "hma-openapi.json",
        scopes: &["hasher", "matcher", "curator"],
    },
    Contract {
        document: "openapi.json",
        scopes: &[
            "scan",
            "banks.read",
            "banks.write",
            "banks.export",
            "cases.read",
            "figures.read",
            "seen.read",
            "seen.write",
        ],
    },
];

/// All that it has but one, which wants everything that a document allows to be taken: a
/// document cannot say that of two parameters one has to be there.
const CHECKS: [&str; 11] = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
];

/// A stream, whose end no client waits for.
const ENDLESS: &str = "/api/v1/matches/stream";

/// How many requests are made up for an operation, beside those that a document leads to.
const EXAMPLES: &str = "12";

const SUMMARY: &str = "SUMMARY";

/// For one document, which takes less than half a minute on two quiet cores.
const LIMIT: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_begins_at_the_sum() {
        let text =
            "collecting\n== WARNINGS ==\nsome\n\n== SUMMARY ==\n\nTested: 3\n== 3 passed ==\n";
        assert_eq!(closing(text), "== SUMMARY ==\n\nTested: 3\n== 3 passed ==");
        assert_eq!(closing("no sum\n"), "no sum");
    }

    #[test]
    fn what_fails_or_takes_too_long_is_told_apart() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        assert!(succeeds_in_time(&mut shell("exit 0")).expect("it ends"));
        assert!(!succeeds_in_time(&mut shell("exit 1")).expect("it ends"));
    }

    #[test]
    fn the_version_is_pinned() {
        let list = std::fs::read_to_string(root().join(PACKAGES));
        let list = list.expect("it is there");
        let packages: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(packages, ["schemathesis==4.32.5"]);
    }
}
