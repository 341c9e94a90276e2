//! `seawall seen`: what matched nothing, from the command line.

use seawall_testkit::{picture, png};
use serde_json::json;

use crate::support::{Installation, Run, Server, seawall};

/// Puts these keys into the section of the seen index.
fn name(installation: &Installation, keys: &str) {
    let text = std::fs::read_to_string(installation.config()).expect("read");
    let text = text.replace("[seen]\n", &format!("[seen]\n{keys}\n"));
    std::fs::write(installation.config(), text).expect("written");
}

/// An installation whose server kept three items and stopped.
fn kept() -> Installation {
    let installation = Installation::new();
    name(&installation, "channels = [\"public\"]\nkeep_days = 30");
    let server = Server::start(&installation, &["--drill"]);
    let api = server.api(&installation.token(&["scan"]));
    for seed in 1..=3 {
        let file = png(&picture(320, 240, seed));
        api.scan(&format!("item-{seed}"), &file).expect(200);
    }
    assert!(server.stop().success());
    installation
}

#[test]
fn hashes_and_lists_find_what_was_kept() {
    let installation = kept();
    let hash = |seed| installation.hash_of(&png(&picture(320, 240, seed)), "pdq");
    let run = installation.run(["seen", "lookup", &hash(1)]).exits(0);
    assert!(
        run.stdout.starts_with("item-1  pdq, 0 bits, stored"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("items that match: 1; hashes: 1"),
        "{}",
        run.stdout
    );
    let list = format!("{}\n{}\n{}\n", hash(9), hash(3), hash(2));
    let list = installation.write("page.txt", list);
    let mut command = installation.command(["seen", "lookup", "--json", "--list"]);
    let found = Run::of(command.arg(&list)).exits(0).json_lines();
    let mut found: Vec<_> = found
        .iter()
        .map(|item| (item["item_id"].clone(), item["hash"].clone()))
        .collect();
    found.sort_by_key(|(item, _)| item.to_string());
    assert_eq!(
        found,
        [(json!("item-2"), json!(2)), (json!("item-3"), json!(1))]
    );
    let digest = installation.hash_of(&png(&picture(320, 240, 2)), "sha256");
    let run = installation.run(["seen", "lookup", &format!("sha256:{digest}")]);
    assert!(run.exits(0).stdout.starts_with("item-2  sha256"));
    let bad = installation.run(["seen", "lookup", "0f0f"]).exits(2);
    assert!(bad.stderr.contains("hash 1 was not read"), "{}", bad.stderr);
}

#[test]
fn a_lookup_of_nothing_is_refused() {
    let installation = Installation::new();
    let refused = |arguments: &[&str], why: &str| {
        let arguments = [&["seen", "lookup"], arguments].concat();
        let run = installation.run(arguments).exits(2);
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    };
    let hash = "0f".repeat(32);
    refused(&[""], "hash 1 was not read");
    refused(&[&hash, " "], "hash 2 was not read");
    refused(&[&hash, "# a remark"], "hash 2 was not read");
    refused(&[&"0".repeat(64)], "hash 1 is not looked up: all zeros");
    for text in ["", "\n\n# nothing yet\n", "rubbish\n"] {
        let list = installation.write("page.txt", text);
        let list = list.to_str().expect("UTF-8");
        refused(&["--list", list], "no hash to look up");
    }
}

#[test]
fn status_forget_and_expire_say_what_they_do() {
    let installation = kept();
    let status = || {
        installation
            .run(["seen", "status", "--json"])
            .exits(0)
            .json()
    };
    let before = status();
    assert_eq!(before["channels"], json!(["public"]));
    assert_eq!(
        (&before["keep_days"], &before["records"], &before["expired"]),
        (&json!(30), &json!(3), &json!(0))
    );
    installation.run(["seen", "forget", "item-2"]).exits(0);
    let again = installation.run(["seen", "forget", "item-2"]).exits(1);
    assert!(
        again.stderr.contains("nothing was kept"),
        "{}",
        again.stderr
    );
    assert_eq!(status()["records"], 2);
    let dry = installation.run(["seen", "expire", "--dry-run"]).exits(0);
    assert_eq!(dry.stdout, "would delete 0 records\n");
    let done = installation.run(["seen", "expire"]).exits(0);
    assert_eq!(done.stdout, "deleted 0 records\n");
    let text = installation.run(["seen", "status"]).exits(0).stdout;
    assert!(text.contains("public, for 30 days"), "{text}");
    let check = installation.run(["config", "check"]).exits(0).stdout;
    assert!(check.contains("public for 30 days"), "{check}");
}

#[test]
fn setup_asks_what_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let init = |into: &str, channels: &[&str]| {
        let mut command = seawall();
        command.arg("init").arg(folder.path().join(into));
        for channel in channels {
            command.args(["--keep-seen", channel]);
        }
        Run::of(&mut command)
    };
    let check = |of: &str| {
        let config = folder.path().join(of).join("seawall.toml");
        let mut command = seawall();
        Run::of(command.args(["config", "check", "--config"]).arg(config)).exits(0)
    };
    let plain = init("plain", &[]).exits(0);
    assert!(plain.stdout.contains("leave nothing"), "{}", plain.stdout);
    assert!(check("plain").stdout.contains("nothing is kept"));
    init("kept", &["public", "profile"]).exits(0);
    assert!(check("kept").stdout.contains("public, profile for 90 days"));
    for refused in ["private", "everything"] {
        let run = init("refused", &[refused]).exits(2);
        assert!(run.stderr.contains("--keep-seen"), "{}", run.stderr);
    }
    assert!(!folder.path().join("refused").exists());
}

#[test]
fn private_messages_cannot_be_named() {
    let installation = Installation::new();
    name(&installation, "channels = [\"private\"]");
    let run = installation.run(["config", "check"]).exits(2);
    assert!(run.stderr.contains("seen.channels"), "{}", run.stderr);
}
