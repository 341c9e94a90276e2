//! `/m/lookup`, `/m/raw_lookup`, `/m/compare` and `/m/index/status`.

use seawall_testkit::{flat, picture, png};
use serde_json::{Value, json};

use crate::{Scene, message, pdq, post_form, post_photo};

/// Adds a content of this hash to a bank of the native interface.
#[track_caller]
fn add(scene: &Scene, bank: &str, algorithm: &str, value: &str) -> i64 {
    let hashes = json!({ "hashes": [{ "algorithm": algorithm, "value": value }] });
    let added = scene
        .native
        .post(&format!("/api/v1/banks/{bank}/contents"), &hashes);
    added.expect(201).json()["id"].as_i64().expect("an id")
}

#[track_caller]
fn look_up(scene: &Scene, kind: &str, signal: &str, more: &str) -> Value {
    let path = format!("/m/lookup?signal_type={kind}&signal={signal}{more}");
    scene.hma.get(&path).expect(200).json()
}

#[test]
fn a_signal_is_looked_up_to_31_bits_with_its_distance_as_text() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    scene.native.bank("OTHER");
    let (near, far) = (
        add(&scene, "A_BANK", "pdq", &pdq(0)),
        add(&scene, "OTHER", "pdq", &pdq(20)),
    );
    let at = |id: i64, distance: &str| json!([{ "bank_content_id": id, "distance": distance }]);
    assert_eq!(
        look_up(&scene, "pdq", &pdq(0), ""),
        json!({ "A_BANK": at(near, "0"), "OTHER": at(far, "20") })
    );
    assert_eq!(
        look_up(&scene, "pdq", &pdq(31), "&banks=A_BANK"),
        json!({ "A_BANK": at(near, "31") })
    );
    assert_eq!(
        look_up(&scene, "pdq", &pdq(32), "&banks=A_BANK,NOBODY"),
        json!({})
    );
    assert_eq!(look_up(&scene, "pdq", &pdq(60), ""), json!({}));
    let upper = pdq(0).to_uppercase();
    assert_eq!(
        look_up(&scene, "pdq", &upper, "&banks=OTHER"),
        json!({ "OTHER": at(far, "20") })
    );

    let raw = |more: &str| {
        let path = format!("/m/raw_lookup?signal_type=pdq&signal={}{more}", pdq(0));
        scene.hma.get(&path).expect(200).json()
    };
    assert_eq!(raw(""), json!({ "matches": [near, far] }));
    assert_eq!(raw("&banks=OTHER"), json!({ "matches": [far] }));
    assert_eq!(
        raw("&include_distance=true"),
        json!({ "matches": [
            { "bank_content_id": near, "distance": "0" },
            { "bank_content_id": far, "distance": "20" },
        ] })
    );
}

#[test]
fn digests_match_by_equality_under_either_name_of_md5() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let md5 = "00ff".repeat(8);
    let sha1 = "0123456789".repeat(4);
    let sha256 = "ab".repeat(32);
    let found = |id: i64| json!({ "A_BANK": [{ "bank_content_id": id, "distance": "-" }] });
    for (algorithm, value, names) in [
        ("md5", &md5, &["video_md5", "md5"][..]),
        ("sha1", &sha1, &["sha1"]),
        ("sha256", &sha256, &["sha256"]),
    ] {
        let id = add(&scene, "A_BANK", algorithm, value);
        for name in names {
            assert_eq!(look_up(&scene, name, value, ""), found(id), "{name}");
            assert_eq!(
                look_up(&scene, name, &value.to_uppercase(), ""),
                found(id),
                "{name}"
            );
        }
    }
    assert_eq!(look_up(&scene, "md5", &"0".repeat(32), ""), json!({}));
}

#[test]
fn a_file_is_looked_up_below_the_name_of_its_signal_types() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    let file = png(&picture(320, 240, 7));
    let id = scene.native.add_picture("A_BANK", &file);
    let pdq = json!({ "A_BANK": [{ "bank_content_id": id, "distance": "0" }] });
    let exact = json!({ "A_BANK": [{ "bank_content_id": id, "distance": "-" }] });
    let photo = |path: &str, file: &[u8]| post_photo(&scene.hma, path, file).expect(200);
    assert_eq!(photo("/m/lookup", &file).json(), json!({ "pdq": pdq }));
    assert_eq!(
        photo("/m/lookup?types=md5,pdq", &file).json(),
        json!({ "md5": exact, "pdq": pdq })
    );
    assert_eq!(
        photo("/m/lookup?banks=NOBODY", &file).json(),
        json!({ "pdq": {} })
    );
    let video = post_form(&scene.hma, "/m/lookup", &[("video", Some("a.mp4"), &file)]);
    assert_eq!(video.expect(200).json(), json!({ "video_md5": exact }));
    let stranger = photo("/m/lookup", &png(&picture(320, 240, 8)));
    assert_eq!(stranger.json(), json!({ "pdq": {} }));

    let dull = photo("/m/lookup", &png(&flat(64, 64, [90, 90, 90])));
    assert_eq!(dull.json(), json!({ "pdq": {} }));
    assert_eq!(dull.header("seawall-outcome"), Some("unmatchable"));
    assert_eq!(dull.header("seawall-reason"), Some("low_quality"));
}

#[test]
fn banks_that_are_off_are_found_where_the_coin_is_bypassed() {
    let scene = Scene::new();
    let bank = json!({ "name": "SLEEPING", "enabled": false });
    scene.native.post("/api/v1/banks", &bank).expect(201);
    let file = png(&picture(320, 240, 7));
    let id = scene.native.add_picture("SLEEPING", &file);
    let signal = scene.installation.hash_of(&file, "pdq");
    let found = json!({ "SLEEPING": [{ "bank_content_id": id, "distance": "0" }] });
    assert_eq!(look_up(&scene, "pdq", &signal, ""), json!({}));
    assert_eq!(
        look_up(&scene, "pdq", &signal, "&bypass_coinflip=false"),
        json!({})
    );
    assert_eq!(
        look_up(&scene, "pdq", &signal, "&bypass_coinflip=true"),
        found
    );
    let posted = |query: &str| {
        let answer = post_photo(&scene.hma, &format!("/m/lookup{query}"), &file);
        answer.expect(200).json()
    };
    assert_eq!(posted(""), json!({ "pdq": {} }));
    assert_eq!(posted("?bypass_coinflip=1"), json!({ "pdq": found }));
}

#[test]
fn what_an_exception_speaks_against_is_no_match() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    add(&scene, "A_BANK", "pdq", &pdq(0));
    let bank = json!({ "name": "HARMLESS", "role": "exception", "owner": "Legal" });
    scene.native.post("/api/v1/banks", &bank).expect(201);
    let exception =
        json!({ "hashes": [{ "algorithm": "pdq", "value": pdq(4) }], "note": "a logo" });
    scene
        .native
        .post("/api/v1/banks/HARMLESS/contents", &exception)
        .expect(201);
    assert_eq!(look_up(&scene, "pdq", &pdq(4), ""), json!({}));
    assert_ne!(look_up(&scene, "pdq", &pdq(2), ""), json!({}));
}

#[test]
fn two_signals_are_compared_with_their_distance_as_a_number() {
    let scene = Scene::new();
    let compare = |body: &Value| scene.hma.post("/m/compare", body);
    let said = |body: Value| compare(&body).expect(200).json();
    assert_eq!(
        said(json!({ "pdq": [pdq(0), pdq(9)] })),
        json!({ "pdq": [true, { "distance": 9 }] })
    );
    assert_eq!(said(json!({ "pdq": [pdq(0), pdq(31)] }))["pdq"][0], true);
    assert_eq!(
        said(json!({ "pdq": [pdq(0), pdq(32)] })),
        json!({ "pdq": [false, { "distance": 32 }] })
    );
    let md5 = ["00".repeat(16), "0f".repeat(16)];
    assert_eq!(
        said(json!({ "video_md5": [md5[0], md5[0]], "md5": md5 })),
        json!({ "video_md5": [true, { "distance": "-" }], "md5": [false, { "distance": "-" }] })
    );
    for bad in [
        json!([]),
        json!({ "pdq": [pdq(0)] }),
        json!({ "pdq": [pdq(0), pdq(0), pdq(0)] }),
        json!({ "pdq": pdq(0) }),
        json!({ "pdq": [1, 2] }),
        json!({ "nope": [pdq(0), pdq(0)] }),
        json!({ "pdq": [pdq(0), "x"] }),
    ] {
        message(compare(&bad), 400);
    }
}

#[test]
fn the_index_says_what_it_holds_of_each_signal_type() {
    let scene = Scene::new();
    let status = |more: &str| {
        let path = format!("/m/index/status{more}");
        scene.hma.get(&path).expect(200).json()
    };
    let before = status("");
    assert_eq!(
        crate::keys(&before),
        ["md5", "pdq", "sha1", "sha256", "video_md5"]
    );
    let size = |status: &Value, kind: &str| status[kind]["size"].as_u64().expect("a number");
    scene.native.bank("A_BANK");
    add(&scene, "A_BANK", "pdq", &pdq(0));
    let after = status("?signal_type=pdq");
    assert_eq!(crate::keys(&after), ["pdq"]);
    assert_eq!(size(&after, "pdq"), size(&before, "pdq") + 1);
    assert_eq!(after["pdq"]["present"], true);
    let built_to = after["pdq"]["built_to"].as_i64().expect("seconds");
    assert!(
        (1_600_000_000..100_000_000_000).contains(&built_to),
        "{built_to}"
    );
    message(scene.hma.get("/m/index/status?signal_type=nope"), 400);
}
