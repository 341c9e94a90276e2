//! `/c/bank/{bank_name}/content` and `/c/bank/{bank_name}/signal`.

use seawall_testkit::{flat, picture, png};
use serde_json::{Value, json};

use crate::banks::put;
use crate::support::Answer;
use crate::{Scene, keys, message, pdq, post_form, post_photo};

#[track_caller]
pub(crate) fn post_signal(scene: &Scene, bank: &str, body: &Value) -> Answer {
    scene.hma.post(&format!("/c/bank/{bank}/signal"), body)
}

/// Adds a content by its signals, and gives its id.
#[track_caller]
pub(crate) fn add_signal(scene: &Scene, bank: &str, body: &Value) -> i64 {
    let added = post_signal(scene, bank, body).expect(200).json();
    added["id"].as_i64().expect("an id")
}

#[track_caller]
fn look_up(scene: &Scene, signal: &str) -> Value {
    let path = format!("/m/lookup?signal_type=pdq&signal={signal}");
    scene.hma.get(&path).expect(200).json()
}

#[test]
fn signals_become_a_content_that_matches_at_once_in_both_interfaces() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let body = json!({ "pdq": pdq(0).to_uppercase(), "note": "from a partner" });
    let added = post_signal(&scene, "A_BANK", &body).expect(200).json();
    assert_eq!(keys(&added), ["id", "signals"]);
    assert_eq!(added["signals"], json!({ "pdq": pdq(0) }));
    let id = added["id"].as_i64().expect("an id");
    let found = json!({ "A_BANK": [{ "bank_content_id": id, "distance": "0" }] });
    assert_eq!(look_up(&scene, &pdq(0)), found);
    let native = scene
        .native
        .get("/api/v1/banks/A_BANK/contents")
        .expect(200)
        .json();
    assert_eq!(native["items"][0]["note"], "from a partner");

    let named = json!({ "video_md5": "AB".repeat(16), "sha1": "cd".repeat(20) });
    let added = post_signal(&scene, "A_BANK", &named).expect(200).json();
    let signals = json!({ "video_md5": "ab".repeat(16), "sha1": "cd".repeat(20) });
    assert_eq!(added["signals"], signals);
    let plain = post_signal(&scene, "A_BANK", &json!({ "md5": "ab".repeat(16) }));
    assert_eq!(
        plain.expect(200).json()["signals"],
        json!({ "md5": "ab".repeat(16) })
    );
    let shown = |id: &Value| {
        let path = format!("/c/bank/A_BANK/content/{id}?include_signals=true");
        scene.hma.get(&path).expect(200).json()["signals"].clone()
    };
    assert_eq!(shown(&added["id"]), signals);
}

#[test]
fn signals_that_are_none_add_nothing() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    for body in [
        json!({}),
        json!([]),
        json!([{ "pdq": pdq(0) }]),
        json!({ "note": "x" }),
        json!({ "pdq": 7 }),
        json!({ "pdq": "xyz" }),
        json!({ "pdq": format!("{}\n", pdq(0)) }),
        json!({ "nope": pdq(0) }),
        json!({ "md5": "ab".repeat(16), "video_md5": "ab".repeat(16) }),
        json!({ "pdq": pdq(0), "note": "x".repeat(256) }),
        json!({ "pdq": pdq(0), "note": ["x"] }),
        json!({ "pdq": pdq(0), "metadata": { "content_id": "x".repeat(256) } }),
    ] {
        message(post_signal(&scene, "A_BANK", &body), 400);
    }
    message(
        post_signal(&scene, "NOBODY", &json!({ "pdq": pdq(0) })),
        404,
    );
    message(
        post_signal(&scene, "SEAWALL_SELFTEST", &json!({ "pdq": pdq(0) })),
        409,
    );
    let bank = scene.native.get("/api/v1/banks/A_BANK").expect(200).json();
    assert_eq!(bank["contents"], 0);
}

#[test]
fn a_file_becomes_a_content_with_what_the_client_keeps_beside_it() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let file = png(&picture(320, 240, 7));
    let metadata = json!({ "content_id": "c-1", "content_uri": "https://example.org/1", "json": { "a": [1] } });
    let metadata = metadata.to_string();
    let parts = [
        ("photo", Some("a.png"), &file[..]),
        ("metadata", None, metadata.as_bytes()),
        ("note", None, b"seen before"),
    ];
    let added = post_form(&scene.hma, "/c/bank/A_BANK/content", &parts)
        .expect(200)
        .json();
    let signal = scene.installation.hash_of(&file, "pdq");
    assert_eq!(added["signals"], json!({ "pdq": signal }));

    let path = format!("/c/bank/A_BANK/content/{}", added["id"]);
    let plain = scene.hma.get(&path).expect(200).json();
    assert_eq!(
        plain,
        json!({
            "id": added["id"],
            "disable_until_ts": 1,
            "original_media_uri": null,
            "bank": { "matching_enabled_ratio": 1.0, "name": "A_BANK" },
            "note": "seen before",
        })
    );
    let full = scene.hma.get(&format!(
        "{path}?include_signals=true&include_metadata=true"
    ));
    let full = full.expect(200).json();
    assert_eq!(full["signals"], json!({ "pdq": signal }));
    assert_eq!(
        full["metadata"],
        json!({ "content_id": "c-1", "content_uri": "https://example.org/1", "json": { "a": [1] }, "collab": null })
    );

    // By query and with keys of the client's own, as Coop and the FetLife gem send it.
    let free = "metadata=%7B%22item%22%3A7%2C%22content_id%22%3A5%7D";
    let added = post_photo(
        &scene.hma,
        &format!("/c/bank/A_BANK/content?{free}&types=pdq,sha256"),
        &file,
    );
    let added = added.expect(200).json();
    assert_eq!(keys(&added["signals"]), ["pdq", "sha256"]);
    let path = format!("/c/bank/A_BANK/content/{}?include_metadata=1", added["id"]);
    let kept = scene.hma.get(&path).expect(200).json();
    assert_eq!(
        kept["metadata"],
        json!({ "content_id": "5", "content_uri": null, "json": { "item": 7 }, "collab": null })
    );
    let video = post_form(
        &scene.hma,
        "/c/bank/A_BANK/content",
        &[("video", Some("a.mp4"), &file)],
    );
    let md5 = scene.installation.hash_of(&file, "md5");
    assert_eq!(
        video.expect(200).json()["signals"],
        json!({ "video_md5": md5 })
    );
}

#[test]
fn a_file_that_cannot_be_kept_is_refused() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let path = "/c/bank/A_BANK/content";
    let dull = post_photo(&scene.hma, path, &png(&flat(64, 64, [90, 90, 90])));
    assert_eq!(dull.expect(422).json()["code"], "low_quality");
    let words = post_photo(&scene.hma, path, b"only words");
    assert_eq!(words.expect(422).json()["code"], "not_a_picture");
    let neither = scene.hma.post(path, &json!({}));
    assert!(message(neither, 400).contains("Neither"));
    let file = png(&picture(64, 64, 1));
    for metadata in ["{", "{\"content_id\":[1]}"] {
        let parts = [
            ("photo", Some("a"), &file[..]),
            ("metadata", None, metadata.as_bytes()),
        ];
        message(post_form(&scene.hma, path, &parts), 400);
    }
    message(post_photo(&scene.hma, "/c/bank/NOBODY/content", &file), 404);
    let bank = scene.native.get("/api/v1/banks/A_BANK").expect(200).json();
    assert_eq!(bank["contents"], 0);
}

#[test]
fn a_content_is_switched_off_and_on_again_at_once() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let id = add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) }));
    let path = format!("/c/bank/A_BANK/content/{id}");
    let on = json!({ "A_BANK": [{ "bank_content_id": id, "distance": "0" }] });
    let scans = || {
        let hashes = json!({ "hashes": [{ "algorithm": "pdq", "value": pdq(0) }] });
        let found = scene
            .native
            .post("/api/v1/lookups", &hashes)
            .expect(200)
            .json();
        found["results"][0]["matches_found"].clone()
    };
    let switch = |ts: i64| {
        let changed = put(&scene.hma, &path, &json!({ "disable_until_ts": ts }))
            .expect(200)
            .json();
        assert_eq!(changed["disable_until_ts"], ts);
        assert_eq!(changed, scene.hma.get(&path).expect(200).json());
    };
    assert_eq!((look_up(&scene, &pdq(0)), scans()), (on.clone(), json!(1)));
    switch(0);
    assert_eq!((look_up(&scene, &pdq(0)), scans()), (json!({}), json!(0)));
    switch(1);
    assert_eq!((look_up(&scene, &pdq(0)), scans()), (on.clone(), json!(1)));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.expect("after 1970").as_secs()).expect("seconds");
    switch(now + 3_600);
    assert_eq!(look_up(&scene, &pdq(0)), json!({}));
    switch(now - 3_600);
    assert_eq!(look_up(&scene, &pdq(0)), on);
    for bad in [
        json!(-1),
        json!(now + 6 * 366 * 86_400),
        json!("x"),
        json!(1.5),
        json!(null),
    ] {
        message(
            put(&scene.hma, &path, &json!({ "disable_until_ts": bad })),
            400,
        );
    }
    let noted = put(&scene.hma, &path, &json!({ "note": "why" }))
        .expect(200)
        .json();
    assert_eq!(noted["note"], "why");
    assert_eq!(noted["disable_until_ts"], now - 3_600);
    // A switch survives a restart, with the index that lies beside the database.
    switch(0);
    let Scene {
        installation,
        server,
        ..
    } = scene;
    assert!(server.stop().success());
    let server = installation.serve();
    let hma = server.api(&installation.token(&crate::ROLES));
    let lookup = format!("/m/lookup?signal_type=pdq&signal={}", pdq(0));
    assert_eq!(hma.get(&lookup).expect(200).json(), json!({}));
    put(&hma, &path, &json!({ "disable_until_ts": 1 })).expect(200);
    assert_eq!(hma.get(&lookup).expect(200).json(), on);
}

#[test]
fn a_content_comes_back_when_its_time_is_over() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let id = add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) }));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let soon = now.expect("after 1970").as_secs() + 2;
    let path = format!("/c/bank/A_BANK/content/{id}");
    put(&scene.hma, &path, &json!({ "disable_until_ts": soon })).expect(200);
    assert_eq!(look_up(&scene, &pdq(0)), json!({}));
    crate::support::eventually("it comes back", std::time::Duration::from_secs(10), || {
        (look_up(&scene, &pdq(0)) != json!({})).then_some(())
    });
}

#[test]
fn a_content_is_deleted_once() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let id = add_signal(&scene, "A_BANK", &json!({ "pdq": pdq(0) }));
    let path = format!("/c/bank/A_BANK/content/{id}");
    assert_eq!(
        scene.hma.delete(&path).expect(200).json(),
        json!({ "deleted": 1 })
    );
    assert_eq!(look_up(&scene, &pdq(0)), json!({}));
    assert_eq!(
        scene.hma.delete(&path).expect(200).json(),
        json!({ "deleted": 0 })
    );
    message(scene.hma.get(&path), 404);
    message(put(&scene.hma, &path, &json!({ "note": "x" })), 404);
    message(scene.hma.delete("/c/bank/NOBODY/content/1"), 404);
    message(scene.hma.get("/c/bank/A_BANK/content/none"), 404);
    message(
        scene.hma.get("/c/bank/A_BANK/content/99999999999999999999"),
        404,
    );
}
