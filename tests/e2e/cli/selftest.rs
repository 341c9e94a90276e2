//! `seawall selftest`, and the signed messages that it watches.

use seawall_testkit::{picture, png};
use serde_json::{Value, json};

use crate::support::{Installation, Run, Server, WebhookReceiver};

const SECRET: &str = "a shared secret of the test";

fn with_webhook(receiver: &WebhookReceiver) -> Installation {
    let installation = Installation::new();
    // White space around a secret in its file is not part of it.
    installation.write("keys/webhook.secret", format!("{SECRET}\n"));
    let url = receiver.url();
    installation.configure(&format!(
        "[webhook]\nurl = \"{url}\"\nsecret_file = \"keys/webhook.secret\""
    ));
    installation
}

fn selftest(installation: &Installation, server: &Server) -> Run {
    installation.run(["selftest", "--api", server.address("api")])
}

#[test]
fn it_passes_on_a_running_server_and_files_nothing() {
    let installation = Installation::new();
    let server = installation.serve();
    let api = server.api(&installation.token(&["cases.read", "figures.read"]));
    let run = selftest(&installation, &server).exits(0);
    for part in [
        "found in the test bank",
        "marked as a test",
        "no webhook",
        "passed: nothing was filed",
    ] {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
    let cases = api.get("/api/v1/cases?state=all").expect(200).json();
    let items = cases["items"].as_array().expect("a list");
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["test"], &items[0]["banks"]),
        (&json!(true), &json!(["SEAWALL_SELFTEST"]))
    );
    let id = items[0]["id"].as_str().expect("an id");
    assert_eq!(
        api.get(&format!("/api/v1/cases/{id}")).expect(200).json()["report"],
        Value::Null
    );
    assert!(server.stop().success(), "the tally is written at the end");
    let server = installation.serve();
    let api = server.api(&installation.token(&["figures.read"]));
    let figures = api.get("/api/v1/figures").expect(200).json();
    assert_eq!(
        (&figures["cases_opened"], &figures["scans"]),
        (&json!({}), &json!({})),
        "{figures}"
    );
    let journal = std::fs::read(installation.data().join("stand-in.jsonl"));
    assert!(
        journal.is_ok_and(|calls| calls.is_empty()),
        "the stand-in was not called"
    );
    installation.run(["audit", "verify"]).exits(0);
    let tokens = installation.run(["token", "list"]).exits(0).stdout;
    let row = tokens
        .lines()
        .find(|line| line.contains("selftest"))
        .expect("its own token");
    assert!(row.contains("revoked"), "{row}");
}

#[test]
fn it_can_be_run_again_and_again() {
    let installation = Installation::new();
    let server = installation.serve();
    selftest(&installation, &server).exits(0);
    selftest(&installation, &server).exits(0);
}

#[test]
fn it_fails_without_a_server_and_says_what_to_do() {
    let installation = Installation::new();
    let run = installation
        .run(["selftest", "--api", "http://127.0.0.1:1"])
        .exits(2);
    assert!(
        run.stderr.contains("is the server running?"),
        "{}",
        run.stderr
    );
    assert!(!run.stdout.contains("passed"), "{}", run.stdout);
}

#[test]
fn its_case_is_told_to_the_platform_in_a_signed_message() {
    let receiver = WebhookReceiver::start(&[204]);
    let installation = with_webhook(&receiver);
    let server = installation.serve();
    let run = selftest(&installation, &server).exits(0);
    assert!(
        run.stdout.contains("accepted by the webhook"),
        "{}",
        run.stdout
    );
    let delivery = receiver.next();
    assert!(delivery.is_signed_with(SECRET), "{}", delivery.signature);
    assert!(!delivery.is_signed_with("another secret"));
    let body = delivery.json();
    assert_eq!(
        (&body["kind"], &body["test"]),
        (&json!("case.opened"), &json!(true))
    );
    assert!(
        body["item_id"]
            .as_str()
            .is_some_and(|item| item.starts_with("selftest-")),
        "{body}"
    );
    assert!(receiver.rest().is_empty(), "one message for one case");
}

#[test]
fn a_message_that_is_refused_comes_again_under_the_same_id() {
    let receiver = WebhookReceiver::start(&[500, 204]);
    let installation = with_webhook(&receiver);
    let server = installation.serve();
    selftest(&installation, &server).exits(0);
    let (first, second) = (receiver.next(), receiver.next());
    assert_eq!(
        (first.message, first.body.as_str()),
        (second.message.clone(), second.body.as_str())
    );
    assert!(second.is_signed_with(SECRET));
}

#[test]
fn a_decision_is_told_too_and_no_message_carries_anything_personal() {
    let receiver = WebhookReceiver::start(&[204]);
    let installation = with_webhook(&receiver);
    let server = installation.serve();
    let api = server.api(&installation.token(&["scan", "banks.write", "cases.read"]));
    let original = png(&picture(320, 240, 21));
    api.bank("DEMO");
    api.add_picture("DEMO", &original);
    let context = json!({ "uploader_id": "uploader-7731", "ip": "192.0.2.77", "file_name": "holiday-7731.png" });
    let scan = api
        .scan_with("item-1", &context, &original)
        .expect(200)
        .json();
    let case = scan["case_id"].as_str().expect("a case").to_owned();
    let opened = receiver.next();
    let console = server.console();
    console.use_link(&installation.first_link_path);
    let decision = [("verdict", "not_confirmed")];
    console.decide(&case, &decision).expect(303);
    let decided = receiver.next();
    for (delivery, kind) in [(&opened, "case.opened"), (&decided, "case.decided")] {
        let body = delivery.json();
        assert!(delivery.is_signed_with(SECRET), "{kind}");
        assert_eq!(
            (&body["kind"], &body["case_id"]),
            (&json!(kind), &json!(case)),
            "{body}"
        );
        for personal in ["7731", "192.0.2", "holiday"] {
            assert!(
                !delivery.body.contains(personal),
                "{personal} in {}",
                delivery.body
            );
        }
    }
    assert_ne!(opened.message, decided.message);
}
