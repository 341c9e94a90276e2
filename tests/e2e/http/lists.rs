//! Lists within a bank: thresholds and switches of their own, withdrawn whole.

use serde_json::{Value, json};

use crate::{Scene, keys, pick};

/// 256 bits, half of them ones, with so many of the first turned.
fn pdq(turned: usize) -> String {
    let nibble = |place: usize| {
        let ones = turned.saturating_sub(place * 4).min(4);
        format!("{:x}", 0xA ^ ((1 << ones) - 1))
    };
    (0..64).map(nibble).collect()
}

/// A bank at 31 bits with one hash in a list of its own.
fn listed(scene: &Scene) {
    scene.api.bank("DEMO");
    let imported = scene
        .api
        .upload("/api/v1/banks/DEMO/import?list=week-48", pdq(0).as_bytes());
    assert_eq!(imported.expect(200).json()["added"], 1);
}

/// What a hash that is so many bits away matches: list and threshold of each.
fn found(scene: &Scene, turned: usize) -> Vec<[Value; 2]> {
    let asked = json!({ "hashes": [{ "algorithm": "pdq", "value": pdq(turned) }] });
    let answer = scene.api.post("/api/v1/lookups", &asked).expect(200).json();
    let matches = answer["results"][0]["matches"].as_array().expect("a list");
    matches
        .iter()
        .map(|found| pick(found, ["list", "threshold"]))
        .collect()
}

const LIST: &str = "/api/v1/banks/DEMO/lists/week-48";

#[test]
fn a_list_has_a_threshold_and_a_switch_of_its_own() {
    let scene = Scene::new();
    listed(&scene);
    let Scene { ref api, .. } = scene;
    let lists = api.get("/api/v1/banks/DEMO/lists").expect(200).json();
    let list = &lists["items"][0];
    assert_eq!(
        keys(list),
        ["contents", "created_at", "enabled", "name", "threshold"]
    );
    assert_eq!(
        pick(list, ["name", "threshold", "enabled", "contents"]),
        [json!("week-48"), Value::Null, json!(true), json!(1)]
    );
    let set = |patch: Value| {
        let list = api.patch(LIST, &patch).expect(200).json();
        pick(&list, ["threshold", "enabled"])
    };
    assert_eq!(found(&scene, 20), [[json!("week-48"), json!(31)]]);
    assert_eq!(set(json!({ "threshold": 10 })), [json!(10), json!(true)]);
    assert!(found(&scene, 20).is_empty());
    assert_eq!(found(&scene, 10), [[json!("week-48"), json!(10)]]);
    assert_eq!(set(json!({ "threshold": 40 })), [json!(40), json!(true)]);
    assert_eq!(found(&scene, 40), [[json!("week-48"), json!(40)]]);
    assert_eq!(set(json!({ "enabled": false })), [json!(40), json!(false)]);
    assert!(found(&scene, 0).is_empty());
    // What came outside of the list goes by the bank alone, and is told apart.
    api.upload("/api/v1/banks/DEMO/import", pdq(0).as_bytes())
        .expect(200);
    assert_eq!(found(&scene, 31), [[Value::Null, json!(31)]]);
    assert!(found(&scene, 32).is_empty());
    assert_eq!(
        set(json!({ "threshold": null, "enabled": true })),
        [Value::Null, json!(true)]
    );
    assert_eq!(found(&scene, 31).len(), 2);
    // A bank that is not matched has no list that is.
    api.patch("/api/v1/banks/DEMO", &json!({ "enabled": false }))
        .expect(200);
    assert!(found(&scene, 0).is_empty());
}

#[test]
fn a_list_is_withdrawn_whole_and_leaves_what_others_hold() {
    let scene = Scene::new();
    listed(&scene);
    let Scene { ref api, .. } = scene;
    let import = |list: &str, expected: [usize; 2]| {
        let rows = format!("{}\n{}\n", pdq(0), pdq(100));
        let address = format!("/api/v1/banks/DEMO/import?list={list}");
        let done = api.upload(&address, rows.as_bytes()).expect(200).json();
        assert_eq!(pick(&done, ["added", "known"]), expected.map(|n| json!(n)));
    };
    import("week-48", [1, 1]);
    import("week-49", [2, 0]);
    assert_eq!(found(&scene, 0).len(), 2);
    api.delete(LIST).expect(204);
    assert_eq!(found(&scene, 0), [[json!("week-49"), json!(31)]]);
    assert_eq!(
        api.get("/api/v1/banks/DEMO").expect(200).json()["contents"],
        2
    );
    api.delete(LIST).problem(404, "not_found");
    api.patch(LIST, &json!({})).problem(404, "not_found");
    let told: Vec<_> = scene.installation.log();
    let told = told.iter().find(|event| event["kind"] == "list.deleted");
    assert_eq!(told.expect("an event")["detail"]["contents"], 2);
    // After a restart the same: without a stored index, and with the one that a stop leaves.
    let mut scene = scene;
    for is_cut_off in [true, false] {
        if is_cut_off {
            scene.server.kill();
        } else {
            assert!(scene.server.stop().success());
        }
        scene.server = scene.installation.serve();
        scene.api = scene.server.api(&scene.installation.token(&crate::SCOPES));
        assert_eq!(found(&scene, 0), [[json!("week-49"), json!(31)]]);
    }
}

#[test]
fn a_case_names_the_list_and_the_threshold_that_admitted_it() {
    let scene = Scene::new();
    let Scene { ref api, .. } = scene;
    let file = seawall_testkit::png(&seawall_testkit::picture(320, 240, 81));
    let hash = scene.installation.hash_of(&file, "pdq");
    api.bank("DEMO");
    api.upload("/api/v1/banks/DEMO/import?list=week-48", hash.as_bytes())
        .expect(200);
    api.patch(LIST, &json!({ "threshold": 12 })).expect(200);
    let answer = api.scan("item", &file).expect(200).json();
    let wanted = [json!("week-48"), json!(12)];
    assert_eq!(pick(&answer["matches"][0], ["list", "threshold"]), wanted);
    let case = answer["case_id"].as_str().expect("a case");
    let shown = api.get(&format!("/api/v1/cases/{case}")).expect(200).json();
    assert_eq!(pick(&shown["matches"][0], ["list", "threshold"]), wanted);
}

#[test]
fn names_and_settings_that_cannot_be_are_refused() {
    let scene = Scene::new();
    listed(&scene);
    let Scene { ref api, .. } = scene;
    for name in ["", "..", "a%20b", "a%2Fb", "%C3%A4", &"x".repeat(65)] {
        let address = format!("/api/v1/banks/DEMO/import?list={name}");
        api.upload(&address, pdq(0).as_bytes())
            .problem(400, "bad_name");
    }
    for patch in [json!({ "threshold": 257 }), json!({ "threshold": "x" })] {
        let code = if patch["threshold"].is_u64() {
            "bad_parameter"
        } else {
            "bad_json"
        };
        api.patch(LIST, &patch).problem(400, code);
    }
    api.get("/api/v1/banks/NOBODY/lists")
        .problem(404, "not_found");
    api.patch("/api/v1/banks/DEMO/lists/a%20b", &json!({}))
        .problem(404, "not_found");
}

#[test]
fn hashes_of_low_quality_are_kept_apart_and_counted() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let low = |quality: u8, value: &str| json!({ "hashes": [{ "algorithm": "pdq", "value": value, "quality": quality }] });
    let contents = "/api/v1/banks/DEMO/contents";
    let first = api.post(contents, &low(49, &pdq(0))).expect(201).json();
    api.post(contents, &low(0, &pdq(60))).expect(201);
    api.post(contents, &low(50, &pdq(120))).expect(201);
    let counted = || api.get("/api/v1/banks/DEMO").expect(200).json()["low_quality"].clone();
    assert_eq!(counted(), 2);
    let asked = |value: &str| json!({ "hashes": [{ "algorithm": "pdq", "value": value }] });
    let outcome = |value: &str| {
        let answer = api
            .post("/api/v1/lookups", &asked(value))
            .expect(200)
            .json();
        answer["results"][0]["outcome"].clone()
    };
    assert_eq!(outcome(&pdq(0)), "no_match");
    assert_eq!(outcome(&pdq(120)), "matched");
    api.delete(&format!("{contents}/{}", first["id"]))
        .expect(204);
    assert_eq!(counted(), 1);
}
