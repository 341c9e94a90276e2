//! The calls of programs that are written for HMA, as they send them and read the answers.

use seawall_testkit::{picture, png};
use serde_json::{Value, json};

use crate::banks::put;
use crate::{Scene, message, pdq, post_form, post_photo};

/// FetLife's gem sends no header, `enabled` as text and metadata by query, and reads distances
/// as whole numbers.
#[test]
fn the_fetlife_gem_works_from_a_trusted_network() {
    let scene = Scene::with(&[
        (
            "SEAWALL__HMA__TRUST",
            "[\"hasher\", \"matcher\", \"curator\"]",
        ),
        ("SEAWALL__HMA__TRUSTED_NETWORKS", "[\"127.0.0.1\"]"),
    ]);
    let bare = crate::support::Api::new(scene.server.address("api"), "");
    let http = &bare.http;
    let post = |path: &str, body: &Value| {
        let headers = [
            ("content-type", "application/json"),
            ("accept", "application/json"),
        ];
        http.send("POST", path, &headers, Some(body.to_string().as_bytes()))
    };
    let made = post(
        "/c/banks",
        &json!({ "name": "FET_BANK", "enabled": "true" }),
    )
    .expect(201)
    .json();
    let ratio = made["matching_enabled_ratio"].as_f64().expect("a number");
    assert!((0.0..=1.0).contains(&ratio));
    let again = post("/c/banks", &json!({ "name": "FET_BANK" }));
    assert!(message(again, 403).contains("already exists"));

    let file = png(&picture(320, 240, 7));
    let body = crate::form(&[("photo", Some("a.png"), &file)]);
    let kind = format!("multipart/form-data; boundary={}", crate::BOUNDARY);
    let upload = |path: &str| http.send("POST", path, &[("content-type", &kind)], Some(&body));
    let hashed = upload("/h/hash").expect(200).json();
    let signal = hashed["pdq"].as_str().expect("a hash").to_owned();
    let metadata = "metadata=%7B%22content_id%22%3A%22f-9%22%7D";
    let added = upload(&format!("/c/bank/FET_BANK/content?{metadata}"))
        .expect(200)
        .json();
    let id = added["id"].as_i64().expect("an id");

    let found = http
        .get(&format!("/m/lookup?signal={signal}&signal_type=pdq"))
        .expect(200)
        .json();
    let distance = found["FET_BANK"][0]["distance"].as_str().expect("a text");
    assert_eq!(distance.parse::<i64>(), Ok(0));
    assert_eq!(found["FET_BANK"][0]["bank_content_id"], id);
    check_reads(http, &signal);
    let content = format!("/c/bank/FET_BANK/content/{id}");
    let shown = http
        .get(&format!("{content}?include_metadata=true"))
        .expect(200)
        .json();
    assert_eq!(shown["metadata"]["content_id"], "f-9");
    assert_eq!(
        http.send("DELETE", &content, &[], None).expect(200).json(),
        json!({ "deleted": 1 })
    );
    let actors: Vec<Value> = scene
        .installation
        .log()
        .iter()
        .map(|event| event["actor"]["kind"].clone())
        .collect();
    assert!(actors.contains(&json!("network")));
}

/// What the gem reads beside lookups.
#[track_caller]
fn check_reads(http: &crate::support::Http, signal: &str) {
    let raw = http.get(&format!(
        "/m/raw_lookup?signal={signal}&signal_type=pdq&include_distance=true"
    ));
    assert_eq!(raw.expect(200).json()["matches"][0]["distance"], "0");
    let status = http.get("/m/index/status").expect(200).json();
    assert_eq!(status["pdq"]["present"], true);
    assert_eq!(http.get("/status").expect(200).text(), "I-AM-ALIVE");
}

/// Coop names banks `COOP_<ORG>_<NAME>`, sends the ratio as text and metadata of its own.
#[test]
fn coop_makes_fills_asks_and_deletes_a_bank() {
    let scene = Scene::new();
    let hma = &scene.hma;
    let name = "COOP_ORG1_HASHES";
    let made = hma.post("/c/banks", &json!({ "name": name, "enabled_ratio": "1.0" }));
    assert_eq!(
        made.expect(201).json(),
        json!({ "matching_enabled_ratio": 1.0, "name": name })
    );
    put(
        hma,
        &format!("/c/bank/{name}"),
        &json!({ "enabled_ratio": "0.0" }),
    )
    .expect(200);
    let on = put(
        hma,
        &format!("/c/bank/{name}"),
        &json!({ "enabled_ratio": "1" }),
    );
    assert_eq!(on.expect(200).json()["matching_enabled_ratio"], 1.0);

    let file = png(&picture(320, 240, 7));
    let metadata = br#"{"itemId":"i-1","orgId":"org1","labels":["a"]}"#;
    let parts = [
        ("photo", Some("blob"), &file[..]),
        ("metadata", None, &metadata[..]),
    ];
    let added = post_form(hma, &format!("/c/bank/{name}/content"), &parts)
        .expect(200)
        .json();
    let shown = format!(
        "/c/bank/{name}/content/{}?include_metadata=true",
        added["id"]
    );
    let shown = hma.get(&shown).expect(200).json();
    assert_eq!(
        shown["metadata"]["json"],
        json!({ "itemId": "i-1", "orgId": "org1", "labels": ["a"] })
    );
    let signal = post_photo(hma, "/h/hash", &file).expect(200).json()["pdq"].clone();
    let signal = signal.as_str().expect("a hash");
    let found = hma
        .get(&format!("/m/lookup?signal={signal}&signal_type=pdq"))
        .expect(200)
        .json();
    assert!(found.as_object().expect("banks").contains_key(name));
    let none = hma
        .get(&format!("/m/lookup?signal={}&signal_type=pdq", pdq(5)))
        .expect(200);
    assert_eq!(none.json(), json!({}));
    for path in ["/c/exchanges/apis", "/c/exchanges"] {
        assert!(hma.get(path).expect(200).json().is_array());
    }
    hma.get(&format!("/c/bank/{name}")).expect(200);
    hma.delete(&format!("/c/bank/{name}")).expect(200);
    message(hma.get(&format!("/c/bank/{name}")), 404);
}
