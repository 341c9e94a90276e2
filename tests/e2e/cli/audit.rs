//! `seawall audit verify`: the chain holds, or its first break is named.

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Installation, Run};

/// Some events: an installation, a bank, a user, a token.
fn with_events() -> Installation {
    let installation = Installation::new();
    installation.run(["bank", "create", "OWN"]).exits(0);
    installation.user("sam", "auditor");
    installation.token(&["scan"]);
    installation
}

fn verify(installation: &Installation) -> Run {
    installation.run(["audit", "verify", "--json"])
}

/// Does to the database what only somebody with the file can do.
fn tamper(installation: &Installation, sql: &str) {
    let database = Connection::open(installation.path("data/seawall.db")).expect("it opens");
    let unguarded = "DROP TRIGGER events_are_not_updated; DROP TRIGGER events_are_not_deleted;";
    database
        .execute_batch(unguarded)
        .expect("the guards can be taken away");
    database.execute_batch(sql).expect("the change is made");
}

#[test]
fn an_unbroken_log_is_proven_with_its_head() {
    let installation = with_events();
    let before = verify(&installation).exits(0).json();
    let events = before["events"].as_u64().expect("a number");
    assert!(events >= 5, "{before}");
    let head = before["head"].as_str().expect("a text");
    assert!(
        head.len() == 64 && head.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{head}"
    );
    let text = installation.run(["audit", "verify"]).exits(0).stdout;
    assert!(text.contains(head) && text.contains("unbroken"), "{text}");
    installation.run(["bank", "create", "NEXT"]).exits(0);
    let after = verify(&installation).exits(0).json();
    assert_eq!(after["events"], events + 1, "a change is one event");
    assert_ne!(after["head"], before["head"]);
}

#[test]
fn looking_writes_no_event() {
    let installation = with_events();
    let before = verify(&installation).exits(0).json();
    for arguments in [
        &["bank", "list"][..],
        &["bank", "delete", "OWN"],
        &["exchange", "status"],
        &["user", "list"],
        &["token", "list"],
        &["config", "check"],
    ] {
        installation.run(arguments).exits(0);
    }
    assert_eq!(verify(&installation).exits(0).json(), before);
    // What leaves the house does.
    installation.run(["bank", "export", "OWN"]).exits(0);
    let after = verify(&installation).exits(0).json();
    assert_eq!(
        after["events"],
        before["events"].as_u64().expect("a number") + 1
    );
}

#[test]
fn a_break_is_named_by_its_event_and_ends_with_one() {
    let changed = "UPDATE events SET body = replace(body, 'v\":1', 'v\":2') WHERE sequence = 3";
    let relinked = "UPDATE events SET previous = zeroblob(32) WHERE sequence = 4";
    let removed = "DELETE FROM events WHERE sequence = 2";
    let moved =
        "UPDATE events SET sequence = 900 WHERE sequence = (SELECT max(sequence) FROM events)";
    for (sql, named) in [
        (changed, "event 3 was changed"),
        (relinked, "event 4 does not follow"),
        (removed, "event 2 should come next, found 3"),
        (moved, "found 900"),
    ] {
        let installation = with_events();
        tamper(&installation, sql);
        for arguments in [&["audit", "verify", "--json"][..], &["audit", "verify"]] {
            let run = installation.run(arguments).exits(1);
            assert!(run.stderr.contains(named), "{sql}: {}", run.stderr);
            assert!(run.stdout.is_empty(), "{}", run.stdout);
        }
    }
}

/// The chain may hold while a row was taken away or put in beside it.
#[test]
fn a_row_that_was_taken_away_or_slipped_in_is_named() {
    let installation = with_events();
    let server = installation.serve();
    let api = server.api(&installation.token(&["scan"]));
    let scan = api.scan("item-1", &seawall_testkit::selftest_png());
    let case = scan.expect(200).json()["case_id"].clone();
    let case = case.as_str().expect("a case");
    let console = server.console();
    console.use_link(&installation.first_link_path);
    console.reveal(case, "blurred");
    assert!(server.stop().success());
    verify(&installation).exits(0);
    let away = "CREATE TABLE kept AS SELECT * FROM reveals; DELETE FROM reveals";
    tamper(&installation, away);
    let run = verify(&installation).exits(1);
    let named = "is in the log and not in the database";
    assert!(
        run.stderr.contains("reveals: ") && run.stderr.contains(named),
        "{}",
        run.stderr
    );
    let more = "INSERT INTO reveals SELECT * FROM kept; UPDATE kept SET id = 'slipped-in';
        INSERT INTO reveals SELECT * FROM kept";
    let database = Connection::open(installation.path("data/seawall.db")).expect("it opens");
    database.execute_batch(more).expect("the change is made");
    let run = verify(&installation).exits(1);
    let named = "reveals: slipped-in is in the database and not in the log";
    assert!(run.stderr.contains(named), "{}", run.stderr);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
}

#[test]
fn a_hash_of_the_wrong_length_is_a_break_too() {
    let installation = with_events();
    tamper(
        &installation,
        "UPDATE events SET hash = x'00' WHERE sequence = 3",
    );
    let run = installation.run(["audit", "verify"]).exits(1);
    assert!(run.stderr.contains("event 3"), "{}", run.stderr);
}

#[test]
fn the_database_itself_refuses_to_change_an_event() {
    let installation = with_events();
    let database = Connection::open(installation.path("data/seawall.db")).expect("it opens");
    for sql in [
        "UPDATE events SET body = '' WHERE sequence = 1",
        "DELETE FROM events WHERE sequence = 1",
    ] {
        let refused = database.execute_batch(sql).expect_err("the guards hold");
        assert!(
            refused.to_string().contains("events are never"),
            "{refused}"
        );
    }
}

#[test]
fn a_running_server_tells_of_the_break_over_the_interface() {
    let installation = with_events();
    let server = installation.serve();
    let api = server.api(&installation.token(&["figures.read"]));
    let answer: Value = api.get("/api/v1/audit").expect(200).json();
    assert_eq!(
        answer["head"],
        verify(&installation).exits(0).json()["head"]
    );
    tamper(
        &installation,
        "UPDATE events SET body = body || ' ' WHERE sequence = 2",
    );
    let problem = api.get("/api/v1/audit").problem(409, "audit_broken");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("event 2")),
        "{problem}"
    );
}
