//! `/c/signal_type` and `/c/content_type`.

use seawall_testkit::{picture, png};
use serde_json::{Value, json};

use crate::banks::put;
use crate::contents::add_signal;
use crate::{Scene, message, pdq, post_photo};

#[test]
fn kinds_of_signal_and_content_are_listed() {
    let scene = Scene::new();
    let kinds = scene.hma.get("/c/signal_type").expect(200);
    let all = ["pdq", "video_md5", "md5", "sha1", "sha256"];
    let expected = all.map(|name| json!({ "enabled_ratio": 1.0, "name": name }));
    assert_eq!(kinds.json(), json!(expected));
    let contents = scene.hma.get("/c/content_type").expect(200).json();
    assert_eq!(
        contents,
        json!([{ "enabled": true, "name": "photo" }, { "enabled": true, "name": "video" }])
    );

    scene.native.bank("A_BANK");
    add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) }));
    let index = scene
        .hma
        .get("/c/signal_type/index?signal_type=pdq")
        .expect(200)
        .json();
    let size = index["pdq"]["db_size"].as_u64().expect("a number");
    assert!(size >= 1);
    assert_eq!(index["pdq"]["index_size"], size);
    assert_eq!(index["pdq"]["index_out_of_date"], false);
    assert_eq!(
        index["pdq"]["newest_db_item"],
        index["pdq"]["index_built_to"]
    );
    message(scene.hma.get("/c/signal_type/index?signal_type=nope"), 400);
}

#[test]
fn a_kind_of_signal_at_0_is_off_for_clients_of_hma_alone() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) }));
    let set = |body: Value| put(&scene.hma, "/c/signal_type/pdq", &body);
    let off = set(json!({ "enabled_ratio": 0 })).expect(200);
    assert_eq!(off.text(), r#"{"enabled_ratio":0.0,"name":"pdq"}"#);
    let lookup = format!("/m/lookup?signal_type=pdq&signal={}", pdq(0));
    assert!(message(scene.hma.get(&lookup), 400).contains("not enabled"));
    let raw = format!("/m/raw_lookup?signal_type=pdq&signal={}", pdq(0));
    assert!(message(scene.hma.get(&raw), 400).contains("not enabled"));
    message(
        post_photo(&scene.hma, "/h/hash", &png(&picture(64, 64, 1))),
        400,
    );
    let hashes = json!({ "hashes": [{ "algorithm": "pdq", "value": pdq(0) }] });
    let native = scene
        .native
        .post("/api/v1/lookups", &hashes)
        .expect(200)
        .json();
    assert_eq!(native["results"][0]["outcome"], "matched");
    set(json!({ "enabled_ratio": "1.0" })).expect(200);
    assert_ne!(scene.hma.get(&lookup).expect(200).json(), json!({}));
    for bad in [
        json!({}),
        json!([]),
        json!({ "enabled_ratio": 2 }),
        json!({ "enabled_ratio": "x" }),
    ] {
        message(set(bad), 400);
    }
    message(
        put(
            &scene.hma,
            "/c/signal_type/nope",
            &json!({ "enabled_ratio": 1 }),
        ),
        404,
    );
}
