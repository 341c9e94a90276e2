//! `POST /api/v1/lookups/files` and `GET /api/v1/matches/stream`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use seawall_testkit::{flat, jpeg, picture, png};
use serde_json::{Value, json};

use crate::Scene;
use crate::form;
use crate::support::DEADLINE;

fn look_up(scene: &Scene, query: &str, files: &[&[u8]]) -> crate::support::Answer {
    let parts: Vec<form::Part<'_>> = files
        .iter()
        .map(|file| ("file", Some("a"), *file))
        .collect();
    let path = format!("/api/v1/lookups/files{query}");
    scene
        .api
        .send("POST", &path, &[form::KIND], Some(&form::body(&parts)))
}

#[test]
fn files_are_looked_up_in_their_order_and_nothing_is_kept_of_them() {
    let scene = Scene::new();
    for bank in ["FIRST", "SECOND"] {
        scene.api.bank(bank);
    }
    let (listed, other) = (picture(300, 200, 1), picture(300, 200, 2));
    let id = scene.api.add_picture("FIRST", &png(&listed));
    let grey = flat(64, 64, [128; 3]);
    let files: [&[u8]; 5] = [
        &jpeg(&listed, 80),
        b"no picture",
        &png(&other),
        &png(&grey),
        &png(&listed),
    ];
    let results = look_up(&scene, "", &files).expect(200).json()["results"].take();
    let outcomes: Vec<&Value> = results
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["outcome"])
        .collect();
    assert_eq!(
        outcomes,
        ["hashed", "refused", "hashed", "unmatchable", "hashed"]
    );
    let found = &results[0]["matches"][0];
    assert_eq!(
        (&found["bank"], &found["content_id"]),
        (&json!("FIRST"), &json!(id))
    );
    assert_eq!(found["view"], "stored");
    assert!(
        found["quality"]
            .as_u64()
            .is_some_and(|quality| quality >= 50),
        "{found}"
    );
    let count = |place: usize| results[place]["matches"].as_array().map(Vec::len);
    assert_eq!((count(1), count(2), count(3)), (Some(0), Some(0), Some(0)));
    // By its PDQ and its digests.
    assert_eq!(count(4), Some(4));
    assert_eq!(results[1]["reason"], "not_a_picture");

    let elsewhere = look_up(&scene, "?banks=SECOND", &files[..1])
        .expect(200)
        .json();
    assert_eq!(elsewhere["results"][0]["matches"], json!([]));
    let both = look_up(&scene, "?banks=SECOND,FIRST", &files[..1])
        .expect(200)
        .json();
    assert_eq!(both["results"][0]["matches"][0]["bank"], "FIRST");
    assert_eq!(
        scene.api.get("/api/v1/cases").expect(200).json()["items"],
        json!([])
    );
}

#[test]
fn a_call_has_one_to_sixty_four_files_and_banks_that_there_are() {
    let scene = Scene::new();
    look_up(&scene, "", &[]).problem(400, "bad_upload");
    let many = vec![&b"x"[..]; 65];
    look_up(&scene, "", &many).problem(400, "bad_upload");
    let results = look_up(&scene, "", &many[..64]).expect(200).json();
    assert_eq!(results["results"].as_array().map(Vec::len), Some(64));
    for banks in ["NOBODYS", "aa", "", "%20"] {
        let missing = look_up(&scene, &format!("?banks={banks}"), &many[..1]);
        let problem = missing.problem(404, "not_found");
        assert_eq!(problem["detail"], NO_BANK, "{banks}");
        let hashes = json!([{ "algorithm": "md5", "value": "0".repeat(32) }]);
        let body = json!({ "hashes": hashes, "banks": [banks] });
        let missing = scene.api.post("/api/v1/lookups", &body);
        let problem = missing.problem(404, "not_found");
        assert_eq!(problem["detail"], NO_BANK, "{banks}");
    }
    look_up(&scene, "?bank=A", &many[..1]).problem(400, "bad_parameter");
    let wrong = form::body(&[("picture", Some("a"), b"x")]);
    let wrong = scene
        .api
        .send("POST", "/api/v1/lookups/files", &[form::KIND], Some(&wrong));
    wrong.problem(400, "bad_upload");
    scene
        .api
        .upload("/api/v1/lookups/files", b"x")
        .problem(400, "bad_upload");
}

const NO_BANK: &str = "finding a bank: there is none of this name";

/// Lines of an open stream of events that are not empty and no remark.
fn follow(scene: &Scene) -> impl Iterator<Item = String> + use<> {
    follow_as(scene, &scene.installation.token(&["cases.read"]))
}

fn follow_as(scene: &Scene, secret: &str) -> impl Iterator<Item = String> + use<> {
    let address = scene.server.address("api").trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a server");
    stream.set_read_timeout(Some(DEADLINE)).expect("a limit");
    let head = format!(
        "GET /api/v1/matches/stream HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {secret}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a connection");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("HTTP/1.1 200 OK"));
    // The head is there, so the server follows from here on.
    let rest = lines.by_ref().skip_while(|line| !line.is_empty());
    rest.take(1).for_each(drop);
    lines.filter(|line| line.starts_with("event:") || line.starts_with("data:"))
}

#[test]
fn new_matches_are_told_as_they_come_once_and_the_stream_ends_with_the_server() {
    let scene = Scene::new();
    scene.api.bank("DEMO");
    let listed = png(&picture(300, 200, 1));
    scene.api.add_picture("DEMO", &listed);
    scene.api.scan("before", &listed).expect(200);
    let mut lines = follow(&scene);
    scene
        .api
        .scan("clean", &png(&picture(300, 200, 2)))
        .expect(200);
    let scanned = scene.api.scan("after", &listed).expect(200).json();
    scene.api.scan("after", &listed).expect(200);
    scene.api.scan("last", &listed).expect(200);
    assert_eq!(lines.next().as_deref(), Some("event: match"));
    let event = lines.next().expect("its data");
    let event: Value = serde_json::from_str(event.trim_start_matches("data: ")).expect("JSON");
    assert_eq!(
        (&event["item_id"], &event["case_id"]),
        (&json!("after"), &scanned["case_id"])
    );
    assert_eq!(event["matches"], scanned["matches"]);
    assert_eq!(lines.next().as_deref(), Some("event: match"));
    assert!(lines.next().is_some_and(|line| line.contains("\"last\"")));
    assert!(scene.server.stop().success());
    assert_eq!(lines.next(), None);
}

/// Revoked by another process, at that: the command line.
#[test]
fn a_revoked_token_is_told_of_no_other_match() {
    let scene = Scene::new();
    scene.api.bank("DEMO");
    let listed = png(&picture(300, 200, 1));
    scene.api.add_picture("DEMO", &listed);
    let made = scene.installation.run([
        "token",
        "create",
        "--name",
        "short",
        "--scope",
        "cases.read",
        "--json",
    ]);
    let made = made.exits(0).json();
    let text = |key: &str| made[key].as_str().expect("a text");
    let (mut ended, mut other) = (follow_as(&scene, text("secret")), follow(&scene));
    scene.api.scan("before", &listed).expect(200);
    assert_eq!(ended.next().as_deref(), Some("event: match"));
    assert!(ended.next().is_some_and(|line| line.contains("\"before\"")));
    scene
        .installation
        .run(["token", "revoke", text("id")])
        .exits(0);
    scene.api.scan("after", &listed).expect(200);
    assert_eq!(ended.next(), None);
    let told = other.by_ref().take(4).last().expect("two events");
    assert!(told.contains("\"after\""), "{told}");
}

/// One match object everywhere: what a lookup of a file, a scan and its case say of a match is
/// the same, and a lookup by hash lacks only what is said of the file.
#[test]
fn a_match_is_told_the_same_way_everywhere() {
    let scene = Scene::new();
    let bank = json!({ "name": "DEMO", "owner": "An Owner" });
    scene.api.post("/api/v1/banks", &bank).expect(201);
    let original = png(&picture(320, 240, 61));
    let pictures = "/api/v1/banks/DEMO/pictures?note=a%20remark&class=A1";
    let added = scene.api.upload(pictures, &original).expect(201).json();

    let file =
        look_up(&scene, "", &[&original]).expect(200).json()["results"][0]["matches"].clone();
    let told = file.as_array().expect("matches");
    assert_eq!(
        told.len(),
        added["hashes"].as_array().expect("hashes").len()
    );
    for found in told {
        let said = ["bank", "origin", "class", "note"].map(|key| found[key].clone());
        assert_eq!(
            said,
            ["DEMO", "An Owner", "A1", "a remark"].map(Value::from)
        );
        assert_eq!(found["content_id"], added["id"]);
        assert!(found["distance"].is_number() && found["threshold"].is_number());
    }
    let scanned = scene.api.scan("item-1", &original).expect(200).json();
    assert_eq!(scanned["matches"], file);
    let case = scanned["case_id"].as_str().expect("a case");
    let case = scene
        .api
        .get(&format!("/api/v1/cases/{case}"))
        .expect(200)
        .json();
    assert_eq!(case["matches"], file);

    let md5 = added["hashes"].as_array().expect("hashes").iter();
    let md5 = md5
        .clone()
        .find(|hash| hash["algorithm"] == "md5")
        .expect("an MD5");
    let hash = json!({ "hashes": [{ "algorithm": "md5", "value": md5["value"] }] });
    let found = scene.api.post("/api/v1/lookups", &hash).expect(200).json();
    let of_file = told.iter().find(|found| found["algorithm"] == "md5");
    assert_eq!(
        found["results"][0]["matches"][0],
        *of_file.expect("told of the file")
    );
    let listed = scene
        .api
        .get("/api/v1/banks/DEMO/contents")
        .expect(200)
        .json();
    assert_eq!(listed["items"][0]["class"], "A1");
    let long = "a".repeat(256);
    scene
        .api
        .upload(
            &format!("/api/v1/banks/DEMO/pictures?class={long}"),
            &original,
        )
        .problem(400, "bad_parameter");
}
