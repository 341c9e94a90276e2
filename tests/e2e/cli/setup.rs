//! `seawall init`, `seawall config check`, and what a start refuses.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::support::{Installation, Run, Server, seawall};

#[test]
fn init_makes_a_private_folder_that_checks_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("deep/seawall");
    let run = Run::of(
        seawall()
            .arg("init")
            .arg(&place)
            .args(["--admin", "alex", "--json"]),
    )
    .exits(0);
    let made = run.json();
    let keys: BTreeSet<&str> = made
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, BTreeSet::from(["config", "admin", "first_link_path"]));
    assert_eq!(made["admin"], "alex");
    assert_eq!(
        made["config"],
        place.join("seawall.toml").display().to_string()
    );
    assert!(
        made["first_link_path"]
            .as_str()
            .is_some_and(|path| path.starts_with("/first/"))
    );
    let check = Run::of(
        seawall()
            .args(["config", "check", "--config"])
            .arg(place.join("seawall.toml")),
    );
    let check = check.exits(0).stdout;
    for part in [
        "is right",
        "console  127.0.0.1:8480",
        "reports  nowhere",
        "messages nowhere",
    ] {
        assert!(check.contains(part), "{part} in\n{check}");
    }
    #[cfg(unix)]
    for (path, mode) in [
        ("", 0o700),
        ("keys", 0o700),
        ("data", 0o700),
        ("keys/master.key", 0o600),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(place.join(path)).expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
    }
}

#[test]
fn init_overwrites_nothing() {
    let installation = Installation::new();
    let snapshot = || {
        ["seawall.toml", "keys/master.key", "data/seawall.db"]
            .map(|name| std::fs::read(installation.path(name)).expect("it is there"))
    };
    let before = snapshot();
    let run = Run::of(seawall().arg("init").arg(installation.folder())).exits(2);
    assert!(
        run.stderr.contains("exists") && run.stderr.contains("nothing was changed"),
        "{}",
        run.stderr
    );
    assert_eq!(snapshot(), before);
    // Without the configuration, what is worth more than it stays all the same.
    std::fs::remove_file(installation.config()).expect("removed");
    Run::of(seawall().arg("init").arg(installation.folder())).exits(2);
    let after = snapshot_without_config(&installation);
    assert_eq!(after, before[1..]);
}

fn snapshot_without_config(installation: &Installation) -> Vec<Vec<u8>> {
    let names = ["keys/master.key", "data/seawall.db"];
    names
        .map(|name| std::fs::read(installation.path(name)).expect("it is there"))
        .to_vec()
}

#[test]
fn a_bad_configuration_is_named_and_never_served() {
    for (lines, named) in [
        ("colour = 1", "colour"),
        ("[shop]\nopen = true", "shop"),
        ("[listen]\nconsole = \"here\"", "console"),
        (
            "[listen]\nconsole = \"127.0.0.1:1\"\napi = \"127.0.0.1:1\"",
            "listen",
        ),
        ("[listen]\nconsole = \"0.0.0.0:8480\"", "listen.console"),
        ("[decode.limits]\nbytes_max = 0", "decode.limits"),
        ("[decode.limits]\nbytes_max = -1", "bytes_max"),
        ("[policy]\nmatched = \"delete\"", "delete"),
        ("[report]\nreceiver = \"cybertipline\"", "report.receiver"),
        (
            "[webhook]\nurl = \"http://127.0.0.1:1\"\nsecret_file = \"nowhere\"",
            "webhook.secret_file",
        ),
        (
            "[webhook]\nurl = \"nowhere\"\nsecret_file = \"keys/master.key\"",
            "url",
        ),
        ("[[", "line"),
    ] {
        let installation = Installation::new();
        let text = std::fs::read_to_string(installation.config()).expect("read");
        // The sections that are tried stand empty in what init writes.
        let section = lines.lines().next().expect("a line");
        let kept: String = text
            .lines()
            .filter(|line| *line != section)
            .map(|line| format!("{line}\n"))
            .collect();
        let at_start = !lines.starts_with('[');
        let made = if at_start {
            format!("{lines}\n{kept}")
        } else {
            format!("{kept}\n{lines}\n")
        };
        std::fs::write(installation.config(), made).expect("written");
        for command in [
            &["config", "check"][..],
            &["serve", "--drill"],
            &["bank", "list"],
        ] {
            let run = installation.run(command).exits(2);
            assert!(run.stderr.contains(named), "{lines}: {}", run.stderr);
            assert!(run.stdout.is_empty(), "{lines}: {}", run.stdout);
        }
    }
}

#[test]
fn an_environment_that_contradicts_is_refused_too() {
    let installation = Installation::new();
    let mut command = installation.command(["config", "check"]);
    let run = Run::of(command.env("SEAWALL__LISTEN__COLOUR", "1")).exits(2);
    assert!(run.stderr.contains("colour"), "{}", run.stderr);
    let mut command = installation.command(["config", "check"]);
    let run = Run::of(command.env("SEAWALL__LISTEN__CONSOLE", "127.0.0.1:9")).exits(0);
    assert!(
        run.stdout.contains("console  127.0.0.1:9"),
        "{}",
        run.stdout
    );
    let mut command = seawall();
    Run::of(
        command
            .args(["config", "check"])
            .env("SEAWALL_CONFIG", installation.config()),
    )
    .exits(0);
}

#[test]
fn a_missing_or_broken_key_is_refused_and_named() {
    let installation = Installation::new();
    let key = installation.path("keys/master.key");
    std::fs::write(&key, "not a key").expect("written");
    let run = installation.run(["config", "check"]).exits(2);
    assert!(
        run.stderr.contains("64 hexadecimal digits"),
        "{}",
        run.stderr
    );
    std::fs::remove_file(&key).expect("removed");
    for command in [&["config", "check"][..], &["serve", "--drill"]] {
        let run = installation.run(command).exits(2);
        assert!(run.stderr.contains("master.key"), "{}", run.stderr);
    }
    assert!(!key.exists(), "a lost key is never replaced by another one");
}

#[test]
fn a_damaged_database_is_refused_with_what_to_do() {
    let file = "data/seawall.db";
    let overwrite = |from: usize, with: &[u8]| {
        let installation = Installation::new();
        // Everything into the one file, so that what is damaged is what is read.
        let database = Connection::open(installation.path(file)).expect("it opens");
        database
            .pragma_update(None, "journal_mode", "DELETE")
            .expect("nobody else has it open");
        drop(database);
        let mut bytes = std::fs::read(installation.path(file)).expect("read");
        let to = (from + with.len()).min(bytes.len());
        bytes[from..to].copy_from_slice(&with[..to - from]);
        std::fs::write(installation.path(file), bytes).expect("written");
        installation
    };
    for (installation, what) in [
        (
            overwrite(0, b"no database at all, not any more"),
            "the head",
        ),
        (overwrite(4096, &[0xAA; 40_000]), "the pages"),
    ] {
        for command in [
            &["serve", "--drill"][..],
            &["config", "check"],
            &["audit", "verify"],
        ] {
            let run = installation.run(command).exits(2);
            for part in ["damaged", "keep a copy", "backup"] {
                assert!(run.stderr.contains(part), "{what}: {}", run.stderr);
            }
            assert!(run.stdout.is_empty(), "{what}: {}", run.stdout);
        }
    }
    let installation = Installation::new();
    for name in ["seawall.db", "seawall.db-wal", "seawall.db-shm"] {
        // Only those that are there can go.
        drop(std::fs::remove_file(installation.data().join(name)));
    }
    let run = installation.run(["serve", "--drill"]).exits(2);
    assert!(run.stderr.contains("there is none"), "{}", run.stderr);
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let installation = Installation::new();
    let database = Connection::open(installation.path("data/seawall.db")).expect("it opens");
    database
        .pragma_update(None, "user_version", 900)
        .expect("written");
    drop(database);
    let run = installation.run(["serve", "--drill"]).exits(2);
    assert!(
        run.stderr.contains("900") && run.stderr.contains("newer"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_data_folder_has_one_server() {
    let installation = Installation::new();
    let first = installation.serve();
    let mut second = installation.command(["serve", "--drill"]);
    let run = Run::of(second.env("SEAWALL__LISTEN__API", "127.0.0.1:0")).exits(2);
    assert!(
        run.stderr
            .contains("another seawall server uses this data folder"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    first.kill();
    // The lock ends with its process, however that ended.
    assert!(installation.serve().stop().success());
}

#[test]
fn a_taken_port_is_replaced_in_a_drill_and_refused_otherwise() {
    let (installation, other) = (Installation::new(), Installation::new());
    let first = installation.serve();
    assert_eq!(first.listening["moved_ports"], serde_json::json!([]));
    let taken = first
        .address("api")
        .strip_prefix("http://")
        .expect("an address")
        .to_owned();
    let lines = format!(
        "[listen]\napi = \"{taken}\"\nconsole = \"127.0.0.1:0\"\npublic = \"127.0.0.1:0\"\nstand_in_port = 0"
    );
    let text = std::fs::read_to_string(other.config())
        .expect("read")
        .replace("[listen]", &lines);
    std::fs::write(other.config(), text).expect("written");
    let run = other.run(["serve"]).exits(2);
    assert!(
        run.stderr.contains(&taken) && run.stderr.contains("[listen]"),
        "{}",
        run.stderr
    );
    let moved = Server::spawn(
        &mut other.command(["serve", "--drill"]),
        other.path("server.log"),
    );
    assert_eq!(moved.listening["moved_ports"], serde_json::json!(["api"]));
    assert_ne!(moved.address("api"), first.address("api"));
    moved.http("api").get("/healthz").expect(200);
}

#[test]
fn the_line_of_a_server_has_the_promised_keys() {
    let installation = Installation::new();
    let drill = installation.serve();
    let keys: BTreeSet<&str> = drill
        .listening
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    let promised = BTreeSet::from([
        "event",
        "console",
        "api",
        "public",
        "stand_in",
        "drill",
        "moved_ports",
    ]);
    assert_eq!(keys, promised);
    assert_eq!(
        (&drill.listening["event"], &drill.listening["drill"]),
        (&"listening".into(), &true.into())
    );
    assert!(drill.stop().success());
    let plain = Server::start(&installation, &[]);
    assert_eq!(
        (&plain.listening["drill"], &plain.listening["stand_in"]),
        (&false.into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_check_names_the_exchanges_and_wants_their_secrets() {
    let installation = Installation::new();
    let kept = std::fs::read_to_string(installation.config()).expect("readable");
    let section = r#"
[exchange.drill]
protocol = "tat"
bank = "DRILL"
every_minutes = 90
secrets = { user = "file:user", password = "file:password" }
"#;
    std::fs::write(installation.config(), kept + section).expect("written");
    let run = installation.run(["config", "check"]).exits(2);
    assert!(
        run.stderr.contains("exchange.drill: secrets."),
        "{}",
        run.stderr
    );
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    for name in ["user", "password"] {
        std::fs::write(installation.path(name), "s3cret").expect("written");
    }
    let run = installation.run(["config", "check"]).exits(0);
    let told = "exchange drill: tat → DRILL, every 90 minutes";
    assert!(run.stdout.contains(told), "{}", run.stdout);
    assert!(!run.stdout.contains("s3cret"), "{}", run.stdout);
}
