//! `/api/v1/seen`: what matched nothing, held against hashes listed since.

use seawall_testkit::{jpeg, picture, png};
use serde_json::{Value, json};

use crate::kept::files_with;
use crate::{Scene, keys, pick};

const LOOKUPS: &str = "/api/v1/seen/lookups";

fn keeping() -> Scene {
    Scene::with(&[("SEAWALL__SEEN__CHANNELS", "[\"public\", \"file\"]")])
}

/// The PDQ hash of a picture, as the command gives it.
fn pdq(scene: &Scene, bytes: &[u8]) -> String {
    scene.installation.hash_of(bytes, "pdq")
}

fn asked(value: &str) -> Value {
    json!({ "hashes": [{ "algorithm": "pdq", "value": value }] })
}

fn ids(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().expect("a list");
    items
        .iter()
        .map(|item| item["item_id"].as_str().expect("an id"))
        .collect()
}

#[test]
fn a_hash_that_is_listed_later_finds_what_is_there_already() {
    let scene = keeping();
    let Scene { ref api, .. } = scene;
    let (first, second) = (picture(320, 240, 1), picture(320, 240, 2));
    api.scan("item/first", &png(&first)).expect(200);
    api.scan_with("copy", &json!({ "channel": "file" }), &jpeg(&first, 60))
        .expect(200);
    api.scan_with("message", &json!({ "channel": "private" }), &png(&first))
        .expect(200);
    api.scan("second", &png(&second)).expect(200);

    let hash = pdq(&scene, &png(&first));
    let answer = api.post(LOOKUPS, &asked(&hash)).expect(200).json();
    assert_eq!(
        ids(&answer),
        ["item/first", "copy"],
        "nearest first: {answer}"
    );
    assert_eq!(
        pick(&answer, ["found", "unmatchable"]),
        [json!(2), json!(0)]
    );
    let item = &answer["items"][0];
    assert_eq!(
        keys(item),
        [
            "algorithm",
            "channel",
            "distance",
            "hash",
            "item_id",
            "seen_at",
            "view"
        ]
    );
    assert_eq!(
        pick(item, ["algorithm", "channel", "distance", "hash", "view"]),
        [
            json!("pdq"),
            json!("public"),
            json!(0),
            json!(0),
            json!("stored")
        ]
    );
    // Once listed, the same upload opens a case; what was seen before stays found.
    api.bank("LATER");
    api.post(
        "/api/v1/banks/LATER/contents",
        &json!({ "hashes": [{ "algorithm": "pdq", "value": hash }] }),
    )
    .expect(201);
    let again = api.scan("item/first", &png(&first)).expect(200).json();
    assert!(again["case_id"].is_string(), "{again}");
    let answer = api.post(LOOKUPS, &asked(&hash)).expect(200).json();
    assert_eq!(answer["found"], 2);
}

#[test]
fn a_digest_finds_the_file_alone_and_a_distance_of_none_the_hash_alone() {
    let scene = keeping();
    let Scene { ref api, .. } = scene;
    let first = picture(320, 240, 1);
    api.scan("item/first", &png(&first)).expect(200);
    api.scan("copy", &jpeg(&first, 60)).expect(200);
    let hash = pdq(&scene, &png(&first));
    let digest = scene.installation.hash_of(&png(&first), "sha256");
    let far = "00".repeat(32);
    let both = json!({ "hashes": [
        { "algorithm": "pdq", "value": far },
        { "algorithm": "sha256", "value": digest },
    ] });
    let answer = api.post(LOOKUPS, &both).expect(200).json();
    assert_eq!(ids(&answer), ["item/first"]);
    assert_eq!(
        pick(&answer["items"][0], ["algorithm", "hash"]),
        [json!("sha256"), json!(1)]
    );
    let within = |bits: u64| {
        let mut asked = asked(&hash);
        asked["distance_max"] = json!(bits);
        api.post(LOOKUPS, &asked).expect(200).json()
    };
    let far = within(64)["items"][1]["distance"]
        .as_u64()
        .expect("the copy");
    assert!(far > 0, "a copy in another format has a hash of its own");
    assert_eq!(ids(&within(far)), ["item/first", "copy"]);
    assert_eq!(ids(&within(far - 1)), ["item/first"]);
}

#[test]
fn what_is_kept_is_nowhere_in_clear_and_survives_a_restart() {
    let mut scene = keeping();
    let file = png(&picture(320, 240, 3));
    scene.api.scan("kept-item-8842", &file).expect(200);
    let hash = pdq(&scene, &file);
    for word in ["kept-item-8842", &hash] {
        assert_eq!(files_with(&scene, word), Vec::<String>::new());
    }
    scene.server.kill();
    scene.server = scene.installation.serve();
    scene.api = scene.server.api(&scene.installation.token(&crate::SCOPES));
    // This server keeps nothing more, and still knows what was kept.
    let status = scene.api.get("/api/v1/seen").expect(200).json();
    assert_eq!(keys(&status), ["channels", "keep_days", "records"]);
    assert_eq!(
        pick(&status, ["channels", "records"]),
        [json!([]), json!(1)]
    );
    let answer = scene.api.post(LOOKUPS, &asked(&hash)).expect(200).json();
    assert_eq!(ids(&answer), ["kept-item-8842"]);
}

#[test]
fn an_item_is_forgotten_at_once() {
    let scene = keeping();
    let Scene { ref api, .. } = scene;
    let file = png(&picture(320, 240, 4));
    for item in ["one", "lookups", "a/b%20%C3%BC"] {
        api.scan(item, &file).expect(200);
    }
    let hash = pdq(&scene, &file);
    let left = || {
        let answer = api.post(LOOKUPS, &asked(&hash)).expect(200).json();
        answer["found"].as_u64().expect("a number")
    };
    assert_eq!(left(), 3);
    api.delete("/api/v1/seen/one").expect(204);
    assert_eq!(left(), 2);
    api.delete("/api/v1/seen/one").problem(404, "not_found");
    api.delete("/api/v1/seen/a%2Fb%20%C3%BC").expect(204);
    // An id that is also an address needs one of its letters escaped.
    api.delete("/api/v1/seen/%6Cookups").expect(204);
    assert_eq!(left(), 0);
}

#[test]
fn the_log_tells_how_much_and_nothing_of_it() {
    let scene = keeping();
    let file = png(&picture(320, 240, 5));
    scene.api.scan("item-7751", &file).expect(200);
    let hash = pdq(&scene, &file);
    scene.api.post(LOOKUPS, &asked(&hash)).expect(200);
    let figures = scene.api.get("/api/v1/figures").expect(200).json();
    assert_eq!(
        pick(&figures, ["seen_kept", "seen_lookups"]),
        [json!(1), json!(1)]
    );
    scene.api.get("/api/v1/audit").expect(200);
    let log = scene.installation.log();
    let looked = log.iter().find(|event| event["kind"] == "seen.looked_up");
    let detail = &looked.expect("an event")["detail"];
    assert_eq!(pick(detail, ["hashes", "found"]), [json!(1), json!(1)]);
    let all = json!(log).to_string();
    assert!(!all.contains("7751") && !all.contains(&hash));
}

#[test]
fn lookups_that_cannot_be_are_refused() {
    let Scene { api, .. } = &keeping();
    let hash = json!({ "algorithm": "pdq", "value": "0f".repeat(32) });
    let too_many = vec![hash.clone(); 1_001];
    for (body, code) in [
        (json!({}), "bad_json"),
        (json!({ "hashes": [] }), "bad_parameter"),
        (json!({ "hashes": too_many }), "bad_parameter"),
        (
            json!({ "hashes": [hash], "distance_max": 65 }),
            "bad_parameter",
        ),
        (json!({ "hashes": [hash], "distance_max": -1 }), "bad_json"),
        (json!({ "hashes": [hash], "banks": [] }), "bad_json"),
        (
            json!({ "hashes": [{ "algorithm": "pdq", "value": "0f" }] }),
            "bad_hash",
        ),
        (
            json!({ "hashes": [{ "algorithm": "vpdq", "value": "0f" }] }),
            "bad_json",
        ),
    ] {
        api.post(LOOKUPS, &body).problem(400, code);
    }
    let low =
        json!({ "hashes": [{ "algorithm": "pdq", "value": "0f".repeat(32), "quality": 49 }] });
    let answer = api.post(LOOKUPS, &low).expect(200).json();
    assert_eq!(
        pick(&answer, ["found", "unmatchable"]),
        [json!(0), json!(1)]
    );
}
