//! What can be proven afterwards: the audit log, the receiver's own book, a forgery that is found.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::program::Program;

/// What the stand-in writes down of every call, beside the database in drill mode.
const BOOK: &str = "data/stand-in.jsonl";

const DATABASE: &str = "data/seawall.db";

/// What verifying the audit log gives.
#[derive(Debug, Deserialize)]
struct Audit {
    events: u64,
    head: String,
}

/// Verifies the log with the command line.
///
/// # Errors
/// Where the chain is broken or empty.
pub(super) fn audit(program: &Program) -> Result<((), String)> {
    let audit: Audit = program.json(&["audit", "verify", "--json"])?;
    ensure!(audit.events > 0, "the log is empty");
    let head = audit.head.get(..16).unwrap_or(&audit.head);
    let text = format!(
        "{} events, every link of the chain holds, head {head}…",
        audit.events
    );
    Ok(((), text))
}

/// Verifies the log through the running server.
///
/// # Errors
/// Where the chain is broken or empty.
pub(super) fn audit_online(api: &Client) -> Result<((), String)> {
    let audit: Audit = api.get("/api/v1/audit")?.expect_status(200)?.json()?;
    ensure!(audit.events > 0, "the log is empty");
    Ok((
        (),
        format!(
            "the running server says the same of {} events",
            audit.events
        ),
    ))
}

/// Reads the stand-in's book, which is not written by the code that files reports.
///
/// # Errors
/// Where it does not hold one report, finished once, with one file of the size sent.
pub(super) fn book(folder: &Path, bytes: usize) -> Result<((), String)> {
    let text = fs::read_to_string(folder.join(BOOK)).context("reading the stand-in's book")?;
    let entries: Vec<Value> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .context("reading a line of the stand-in's book")?;
    let mut changes: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &entries {
        *changes
            .entry(entry["change"].as_str().unwrap_or("unknown"))
            .or_default() += 1;
    }
    let once = ["described", "finished", "opened", "uploaded"].map(|change| (change, 1));
    ensure!(changes == BTreeMap::from(once), "it holds {changes:?}");
    let find = |change: &str| entries.iter().find(|entry| entry["change"] == change);
    let received = find("uploaded").map(|entry| &entry["bytes"]);
    ensure!(
        received.is_some_and(|value| *value == bytes),
        "the file has {received:?} bytes"
    );
    let details = find("described")
        .and_then(|entry| entry["details"].as_str())
        .unwrap_or_default();
    let viewed = details.contains("<fileViewedByEsp>true</fileViewedByEsp>");
    ensure!(viewed, "the file is not described as viewed, and it was");
    Ok((
        (),
        format!("one report, one file of {bytes} bytes, viewed in full, finished once"),
    ))
}

/// Changes one word of the log in a copy of the folder, and checks that verifying finds it.
///
/// # Errors
/// Where the forgery is not found, or the copy cannot be made.
pub(super) fn forgery(program: &Program, folder: &Path, copy: &Path) -> Result<((), String)> {
    copy_folder(folder, copy)?;
    let path = copy.join(DATABASE);
    let mut bytes = fs::read(&path).context("reading the copied database")?;
    let (true_word, false_word) = (b"\"verdict\":\"confirmed\"", b"\"verdict\":\"confirmes\"");
    let places: Vec<usize> = bytes
        .windows(true_word.len())
        .enumerate()
        .filter(|(_, window)| window == true_word)
        .map(|(place, _)| place)
        .collect();
    ensure!(!places.is_empty(), "the log does not say what was decided");
    for place in places {
        bytes[place..place + false_word.len()].copy_from_slice(false_word);
    }
    fs::write(&path, bytes).context("writing the forged database")?;
    let mut verify = program.of(copy).command(&["audit", "verify"]);
    let verified = verify.output().context("verifying the forged copy")?;
    let words = String::from_utf8_lossy(&verified.stderr).into_owned()
        + &String::from_utf8_lossy(&verified.stdout);
    ensure!(
        verified.status.code() == Some(1),
        "it ended with {}: {words}",
        verified.status
    );
    let first = words
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    Ok((
        (),
        format!("one word changed in a copy is found: {}", first.trim()),
    ))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("listing {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("copying {}", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, lines: &[&str]) -> Result<((), String)> {
        let folder = std::env::temp_dir().join(format!("xtask-book-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("data")).expect("a folder for the test");
        fs::write(folder.join(BOOK), lines.join("\n")).expect("written");
        let result = book(&folder, 7);
        fs::remove_dir_all(&folder).expect("removed");
        result
    }

    #[test]
    fn a_book_holds_one_report_finished_once() {
        let good = [
            r#"{"change":"opened"}"#,
            r#"{"change":"uploaded","bytes":7}"#,
            r#"{"change":"described","details":"<fileViewedByEsp>true</fileViewedByEsp>"}"#,
            r#"{"change":"finished"}"#,
        ];
        read("good", &good).expect("as it should be");
        read("unfinished", &good[..3]).expect_err("not finished");
        let twice = [good[0], good[0], good[1], good[2], good[3]];
        read("twice", &twice).expect_err("opened twice");
        let short = [
            good[0],
            r#"{"change":"uploaded","bytes":6}"#,
            good[2],
            good[3],
        ];
        read("short", &short).expect_err("a byte is missing");
        let unseen = [
            good[0],
            good[1],
            r#"{"change":"described","details":""}"#,
            good[3],
        ];
        read("unseen", &unseen).expect_err("not described as viewed");
    }
}
