//! What a running server logs: never what a platform told, nor a hash, nor a secret.

use seawall_testkit::{picture, png};
use serde_json::{Value, json};

use crate::support::{DEADLINE, Installation, Server, eventually};

/// An installation whose messages nobody takes, and its server, which logs all it can.
fn talkative() -> (Installation, Server) {
    let installation = Installation::new();
    installation.write("keys/webhook.secret", "a shared secret of the test");
    installation.configure(
        "[webhook]\nurl = \"http://127.0.0.1:1/\"\nsecret_file = \"keys/webhook.secret\"",
    );
    let mut command = Server::command(&installation, &["--drill"]);
    command.env("SEAWALL_LOG", "trace");
    let server = Server::spawn(&mut command, installation.path("server.log"));
    (installation, server)
}

/// Sends what is personal every way that it can come, and gives the words that must not be
/// seen again.
fn tell_everything(installation: &Installation, server: &Server) -> Vec<String> {
    let secret = installation.token(&["scan", "banks.write", "cases.read"]);
    let api = server.api(&secret);
    let original = png(&picture(320, 240, 21));
    api.bank("DEMO");
    let pictures = "/api/v1/banks/DEMO/pictures?note=note-7731";
    let added = api.upload(pictures, &original).expect(201).json();
    let context = json!({
        "uploader_id": "uploader-7731", "screen_name": "name-7731", "ip": "192.0.2.77",
        "url": "https://platform.example/path-7731", "file_name": "holiday-7731.png",
        "port": 47731,
    });
    let scan = api
        .scan_with("item-1", &context, &original)
        .expect(200)
        .json();
    api.scan_with("item-1", &context, b"other bytes")
        .problem(409, "item_id_reused");
    let wrong = json!({ "uploader_id": "uploader-7731", "colour": "hue-7731" });
    api.scan_with("item-2", &wrong, &original)
        .problem(400, "bad_context");
    let console = server.console();
    console.use_link(&installation.first_link_path);
    let case = scan["case_id"].as_str().expect("a case");
    console.get(&format!("/cases/{case}")).expect(200);
    console.reveal(case, "blurred");
    let guess = [("name", "admin"), ("password", "guess-7731")];
    assert_eq!(server.console().submit("/sign-in", &guess).status, 422);
    // What fails is logged most, and must be as silent.
    std::fs::remove_dir_all(installation.data().join("vault")).expect("removed");
    api.scan_with("item-3", &context, &original)
        .problem(500, "internal");
    let link = installation.first_link_path.trim_start_matches("/first/");
    let mut words = ["7731", "192.0.2", link, &secret]
        .map(str::to_owned)
        .to_vec();
    for hash in added["hashes"].as_array().expect("a list") {
        words.push(hash["value"].as_str().expect("a value").to_owned());
    }
    words
}

#[test]
fn no_log_line_holds_anything_personal() {
    let (installation, server) = talkative();
    let words = tell_everything(&installation, &server);
    let log = eventually("a warning", DEADLINE, || {
        let log = server.log();
        log.contains("a webhook message could not be sent")
            .then_some(log)
    });
    for part in ["listening", "a request failed", "using the evidence vault"] {
        assert!(log.contains(part), "{part} in\n{log}");
    }
    for line in log.lines() {
        let read = serde_json::from_str::<Value>(line);
        assert!(read.is_ok_and(|line| line.is_object()), "{line}");
        for word in &words {
            assert!(
                !line.to_lowercase().contains(&word.to_lowercase()),
                "{word} in {line}"
            );
        }
    }
}
