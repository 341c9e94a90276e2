//! `/api/v1/banks` and `/api/v1/lookups`.

use std::time::Duration;

use seawall_testkit::{flat, jpeg, picture, png, resized};
use serde_json::{Value, json};

use crate::support::{Run, eventually};
use crate::{Scene, keys, pick};

/// 256 bits, half of them ones, with so many of them turned.
fn pdq(turned: usize) -> String {
    let nibble = |place: usize| {
        let ones = turned.saturating_sub(place * 4).min(4);
        format!("{:x}", 0xA ^ ((1 << ones) - 1))
    };
    (0..64).map(nibble).collect()
}

fn one(value: &str) -> Value {
    json!({ "hashes": [{ "algorithm": "pdq", "value": value }] })
}

#[test]
fn a_bank_is_made_with_its_defaults_and_listed_by_name() {
    let Scene { api, .. } = &Scene::new();
    let made = api.bank("DEMO");
    assert_eq!(
        keys(&made),
        [
            "contents",
            "created_at",
            "enabled",
            "id",
            "low_quality",
            "name",
            "role",
            "sealed",
            "test",
            "threshold"
        ]
    );
    let wanted = [
        json!("DEMO"),
        json!(31),
        json!(true),
        json!(0),
        json!(false),
    ];
    assert_eq!(
        pick(&made, ["name", "threshold", "enabled", "contents", "test"]),
        wanted
    );
    let other = json!({ "name": "OTHER_2", "threshold": 0, "enabled": false });
    let other = api.post("/api/v1/banks", &other).expect(201).json();
    assert_eq!(
        pick(&other, ["threshold", "enabled"]),
        [json!(0), json!(false)]
    );
    api.post("/api/v1/banks", &json!({ "name": "DEMO" }))
        .problem(409, "bank_exists");
    let listed = api.get("/api/v1/banks").expect(200).json();
    let listed = listed["items"].as_array().expect("a list");
    let names: Vec<_> = listed.iter().map(|bank| &bank["name"]).collect();
    assert_eq!(names, ["DEMO", "OTHER_2", "SEAWALL_SELFTEST"]);
    assert_eq!(api.get("/api/v1/banks/DEMO").expect(200).json(), made);
}

#[test]
fn a_bank_is_changed_key_by_key_and_deleted() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let bank = "/api/v1/banks/DEMO";
    let change = |patch: Value| {
        let changed = api.patch(bank, &patch).expect(200).json();
        pick(&changed, ["threshold", "enabled"])
    };
    assert_eq!(
        change(json!({ "threshold": 256 })),
        [json!(256), json!(true)]
    );
    assert_eq!(
        change(json!({ "enabled": false })),
        [json!(256), json!(false)]
    );
    assert_eq!(change(json!({})), [json!(256), json!(false)]);
    api.delete(bank).expect(204);
    api.get(bank).problem(404, "not_found");
    api.delete(bank).problem(404, "not_found");
    api.patch(bank, &json!({})).problem(404, "not_found");
    api.get(&format!("{bank}/contents"))
        .problem(404, "not_found");
}

#[test]
fn the_built_in_bank_stays_as_it_is() {
    let Scene { api, .. } = &Scene::new();
    let bank = "/api/v1/banks/SEAWALL_SELFTEST";
    let before = api.get(bank).expect(200).json();
    assert_eq!(before["test"], true);
    api.patch(bank, &json!({ "enabled": false }))
        .problem(409, "built_in");
    api.post(&format!("{bank}/contents"), &one(&pdq(0)))
        .problem(409, "built_in");
    api.upload(&format!("{bank}/import"), pdq(0).as_bytes())
        .problem(409, "built_in");
    api.upload(&format!("{bank}/pictures"), &png(&picture(64, 64, 1)))
        .problem(409, "built_in");
    api.delete(&format!("{bank}/contents/1"))
        .problem(409, "built_in");
    api.delete(bank).problem(409, "built_in");
    api.post("/api/v1/banks", &json!({ "name": "SEAWALL_SELFTEST" }))
        .problem(409, "bank_exists");
    assert_eq!(api.get(bank).expect(200).json(), before);
}

#[test]
fn contents_are_added_listed_in_pages_and_deleted() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let contents = "/api/v1/banks/DEMO/contents";
    let mut ids = Vec::new();
    for number in 0..5 {
        let added = json!({ "note": format!("no. {number}"), "hashes": [
            { "algorithm": "pdq", "value": pdq(number * 40).to_uppercase(), "quality": 90 },
            { "algorithm": "md5", "value": format!("{number:032x}") },
        ] });
        let added = api.post(contents, &added).expect(201).json();
        assert_eq!(keys(&added), ["hashes", "id"]);
        assert_eq!(
            added["hashes"][0]["value"],
            pdq(number * 40),
            "written in lower case"
        );
        ids.push(added["id"].as_i64().expect("a number"));
    }
    let (mut seen, mut after, mut sizes) = (Vec::new(), 0, Vec::new());
    loop {
        let page = api
            .get(&format!("{contents}?after={after}&limit=2"))
            .expect(200)
            .json();
        let items = page["items"].as_array().expect("a list");
        sizes.push(items.len());
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_i64().expect("a number")),
        );
        match page.get("next") {
            Some(next) => after = next.as_i64().expect("a number"),
            None => break,
        }
    }
    assert_eq!((seen, sizes), (ids.clone(), vec![2, 2, 1]));
    let all = api.get(contents).expect(200).json();
    let first = &all["items"][0];
    assert_eq!(keys(first), ["created_at", "hashes", "id", "note"]);
    // A content's hashes come in the order of their kinds, whatever order they were given in.
    let hashes = first["hashes"].as_array().expect("a list");
    assert!(
        hashes.contains(&json!({ "algorithm": "pdq", "value": pdq(0), "quality": 90 })),
        "{first}"
    );
    assert!(
        hashes.contains(&json!({ "algorithm": "md5", "value": "0".repeat(32) })),
        "{first}"
    );
    api.delete(&format!("{contents}/{}", ids[1])).expect(204);
    api.delete(&format!("{contents}/{}", ids[1]))
        .problem(404, "not_found");
    assert_eq!(
        api.get("/api/v1/banks/DEMO").expect(200).json()["contents"],
        4
    );
    // A content of one bank cannot be deleted through another.
    api.bank("OTHER");
    api.delete(&format!("/api/v1/banks/OTHER/contents/{}", ids[0]))
        .problem(404, "not_found");
}

#[test]
fn a_damaged_picture_is_added_as_far_as_it_goes_and_said_to_be_partial() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let whole = seawall_testkit::jpeg(&picture(320, 240, 3), 90);
    let added = api.upload("/api/v1/banks/DEMO/pictures", &whole[..whole.len() - 34]);
    let added = added.expect(201).json();
    assert_eq!(pick(&added, ["outcome", "reason"]), ["partial", "damaged"]);
}

#[test]
fn a_picture_is_added_by_its_hashes_and_one_without_is_refused() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let pictures = "/api/v1/banks/DEMO/pictures";
    let added = api.upload(
        &format!("{pictures}?note=ours"),
        &png(&picture(320, 240, 1)),
    );
    let added = added.expect(201).json();
    let algorithms: Vec<_> = added["hashes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|hash| &hash["algorithm"])
        .collect();
    assert_eq!(algorithms, ["pdq", "md5", "sha1", "sha256"]);
    assert_eq!(added["outcome"], "hashed");
    for (body, what) in [
        (Vec::new(), "nothing"),
        (b"no picture".to_vec(), "text"),
        (png(&flat(64, 64, [7, 7, 7])), "one colour"),
        (png(&flat(1, 1, [7, 7, 7])), "one pixel"),
        (seawall_testkit::png_bomb(), "a bomb"),
    ] {
        let problem = api.upload(pictures, &body).problem(422, "no_hash");
        assert!(problem["detail"].is_string(), "{what}: {problem}");
    }
    let note = |length: usize| format!("{pictures}?note={}", "x".repeat(length));
    api.upload(&note(255), &png(&picture(320, 240, 2)))
        .expect(201);
    api.upload(&note(256), &png(&picture(320, 240, 3)))
        .problem(400, "bad_parameter");
    assert_eq!(
        api.get("/api/v1/banks/DEMO").expect(200).json()["contents"],
        2
    );
}

#[test]
fn an_import_says_what_it_did_row_by_row_and_adds_nothing_twice() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let list = format!(
        "hash,note\n{},a\nrubbish,b\n{},c\n{},d\n",
        pdq(0),
        pdq(100),
        "0".repeat(64)
    );
    let import = |list: &[u8]| {
        api.upload("/api/v1/banks/DEMO/import", list)
            .expect(200)
            .json()
    };
    let first = import(list.as_bytes());
    assert_eq!(keys(&first), ["added", "known", "rejected", "set_aside"]);
    assert_eq!((&first["added"], &first["known"]), (&json!(2), &json!(0)));
    assert_eq!(first["rejected"].as_array().expect("a list").len(), 1);
    assert_eq!(
        (
            &first["rejected"][0]["line"],
            &first["set_aside"][0]["line"]
        ),
        (&json!(3), &json!(5))
    );
    assert!(first["rejected"][0]["reason"].is_string());
    let second = import(list.as_bytes());
    assert_eq!((&second["added"], &second["known"]), (&json!(0), &json!(2)));
    let nothing = import(b"");
    assert_eq!(
        (&nothing["added"], &nothing["rejected"]),
        (&json!(0), &json!([]))
    );
    let junk = import(&[0xFF, 0xFE, b'\n', 0, 1, 2]);
    assert_eq!(
        (&junk["added"], junk["rejected"].as_array().map(Vec::len)),
        (&json!(0), Some(2))
    );
    let contents = api.get("/api/v1/banks/DEMO/contents").expect(200).json();
    assert_eq!(contents["items"][0]["note"], "a");
}

#[test]
fn a_lookup_answers_hash_by_hash_in_the_order_asked() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let md5 = "900150983cd24fb0d6963f7d28e17f72";
    let content = json!({ "hashes": [
        { "algorithm": "pdq", "value": pdq(0) }, { "algorithm": "md5", "value": md5 },
    ] });
    let id = api
        .post("/api/v1/banks/DEMO/contents", &content)
        .expect(201)
        .json()["id"]
        .clone();
    let asked = json!({ "hashes": [
        { "algorithm": "pdq", "value": pdq(8) },
        { "algorithm": "pdq", "value": pdq(120), "quality": 100 },
        { "algorithm": "pdq", "value": pdq(0), "quality": 49 },
        { "algorithm": "md5", "value": md5.to_uppercase() },
        { "algorithm": "sha1", "value": "0".repeat(40) },
    ] });
    let results = api.post("/api/v1/lookups", &asked).expect(200).json()["results"].clone();
    let outcomes: Vec<_> = results
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| &r["outcome"])
        .collect();
    assert_eq!(
        outcomes,
        ["matched", "no_match", "unmatchable", "matched", "no_match"]
    );
    assert_eq!(
        results[0]["matches"],
        json!([{ "bank": "DEMO", "content_id": id, "algorithm": "pdq", "distance": 8, "threshold": 31 }])
    );
    assert_eq!(
        results[3]["matches"],
        json!([{ "bank": "DEMO", "content_id": id, "algorithm": "md5", "distance": 0, "threshold": 31 }])
    );
    assert_eq!(
        api.get("/api/v1/cases?state=all").expect(200).json()["items"],
        json!([])
    );
    let many = |count: usize| json!({ "hashes": vec![json!({ "algorithm": "pdq", "value": pdq(0) }); count] });
    api.post("/api/v1/lookups", &many(1_000)).expect(200);
    api.post("/api/v1/lookups", &many(1_001))
        .problem(400, "bad_parameter");
    api.post("/api/v1/lookups", &many(0))
        .problem(400, "bad_parameter");
}

#[test]
fn a_lookup_lists_the_nearest_of_many_and_counts_all() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    // Each of 150 rows is one of 30 hashes, told apart by a digest of its own.
    let rows = (0..150).map(|row| {
        let content = json!({ "hashes": [
            { "algorithm": "pdq", "value": pdq(row / 5) },
            { "algorithm": "md5", "value": format!("{row:032x}") },
        ] });
        api.post("/api/v1/banks/DEMO/contents", &content)
            .expect(201);
    });
    assert_eq!(rows.count(), 150);
    let asked = json!({ "hashes": [
        { "algorithm": "pdq", "value": pdq(0) },
        { "algorithm": "pdq", "value": pdq(0), "quality": 1 },
        { "algorithm": "md5", "value": format!("{:032x}", 7) },
    ] });
    let answer = api.post("/api/v1/lookups", &asked).expect(200).json();
    let listed = |at: usize| answer["results"][at]["matches"].as_array().expect("a list");
    let found = |at: usize| {
        pick(
            &answer["results"][at],
            ["matches_found", "suppressed_found"],
        )
    };
    assert_eq!(found(0), [json!(150), json!(0)]);
    assert_eq!(listed(0).len(), 100);
    // 100 rows are the 20 nearest hashes, five of each.
    let distances = listed(0).iter().map(|found| found["distance"].as_u64());
    assert!(distances.eq((0..100).map(|row| Some(row / 5))));
    assert_eq!(found(1), [json!(0), json!(0)]);
    assert_eq!((found(2), listed(2).len()), ([json!(1), json!(0)], 1));
}

/// The distances at which a lookup of `pdq(0)` matches now.
fn distances(scene: &Scene) -> Vec<u64> {
    let answer = scene
        .api
        .post("/api/v1/lookups", &one(&pdq(0)))
        .expect(200)
        .json();
    let matches = answer["results"][0]["matches"].as_array().expect("a list");
    matches
        .iter()
        .map(|found| found["distance"].as_u64().expect("a number"))
        .collect()
}

#[test]
fn a_threshold_is_inclusive_and_every_change_takes_effect_at_once() {
    let scene = Scene::new();
    let api = &scene.api;
    api.bank("DEMO");
    let mut ids = Vec::new();
    for turned in [31, 32, 2] {
        let added = api
            .post("/api/v1/banks/DEMO/contents", &one(&pdq(turned)))
            .expect(201);
        ids.push(added.json()["id"].as_i64().expect("a number"));
    }
    assert_eq!(distances(&scene), [2, 31]);
    let change = |change: Value| api.patch("/api/v1/banks/DEMO", &change).expect(200);
    for (threshold, expected) in [
        (30, vec![2]),
        (32, vec![2, 31, 32]),
        (1, vec![]),
        (31, vec![2, 31]),
    ] {
        change(json!({ "threshold": threshold }));
        assert_eq!(distances(&scene), expected, "within {threshold}");
    }
    change(json!({ "enabled": false }));
    assert!(
        distances(&scene).is_empty(),
        "a bank that is switched off never matches"
    );
    change(json!({ "enabled": true }));
    api.delete(&format!("/api/v1/banks/DEMO/contents/{}", ids[2]))
        .expect(204);
    assert_eq!(distances(&scene), [31]);
    api.delete("/api/v1/banks/DEMO").expect(204);
    assert!(distances(&scene).is_empty());
}

#[test]
fn each_bank_has_its_own_threshold() {
    let scene = Scene::new();
    for (name, threshold) in [("NARROW", 4), ("WIDE", 60)] {
        let bank = json!({ "name": name, "threshold": threshold });
        scene.api.post("/api/v1/banks", &bank).expect(201);
        for turned in [4, 60] {
            scene
                .api
                .post(
                    &format!("/api/v1/banks/{name}/contents"),
                    &one(&pdq(turned)),
                )
                .expect(201);
        }
    }
    assert_eq!(distances(&scene), [4, 4, 60]);
}

#[test]
fn what_the_command_line_imports_beside_a_running_server_is_noticed() {
    let scene = Scene::new();
    let installation = &scene.installation;
    let list = installation.write("list.txt", pdq(6));
    installation.run(["bank", "create", "BESIDE"]).exits(0);
    Run::of(
        installation
            .command(["bank", "import", "BESIDE"])
            .arg(&list),
    )
    .exits(0);
    let limit = Duration::from_secs(5);
    eventually("an import is noticed", limit, || {
        (distances(&scene) == [6]).then_some(())
    });
    installation
        .run(["bank", "delete", "BESIDE", "--yes"])
        .exits(0);
    eventually("a deletion is noticed", limit, || {
        distances(&scene).is_empty().then_some(())
    });
}

#[test]
fn a_resized_and_recompressed_copy_is_found() {
    let scene = Scene::new();
    let original = picture(800, 600, 9);
    scene.api.bank("DEMO");
    scene.api.add_picture("DEMO", &png(&original));
    let copy = jpeg(&resized(&original, 400, 300), 70);
    let answer = scene.api.scan("copy", &copy).expect(200).json();
    assert_eq!(answer["recommendation"], "hold");
    assert!(
        answer["matches"][0]["distance"]
            .as_u64()
            .is_some_and(|bits| bits <= 31),
        "{answer}"
    );
}

#[test]
fn a_lookup_may_be_about_some_banks_and_a_bank_that_is_not_there_is_no_answer() {
    let Scene { api, .. } = &Scene::new();
    for bank in ["FIRST", "SECOND"] {
        api.bank(bank);
        let added = api.post(&format!("/api/v1/banks/{bank}/contents"), &one(&pdq(0)));
        added.expect(201);
    }
    let ask = |banks: Value| {
        let mut body = one(&pdq(0));
        body["banks"] = banks;
        api.post("/api/v1/lookups", &body)
    };
    let found = |banks: Value| {
        let results = ask(banks).expect(200).json();
        let matches = results["results"][0]["matches"].as_array().cloned();
        let names = matches.expect("a list").into_iter();
        names.map(|found| found["bank"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found(Value::Null), ["FIRST", "SECOND"]);
    assert_eq!(found(json!(["SECOND"])), ["SECOND"]);
    assert_eq!(found(json!(["SECOND", "FIRST"])), ["FIRST", "SECOND"]);
    ask(json!(["FIRST", "NOBODY"])).problem(404, "not_found");
    ask(json!(["no name"])).problem(404, "not_found");
    ask(json!([])).problem(400, "bad_parameter");
    ask(json!(vec!["FIRST"; 101])).problem(400, "bad_parameter");
    ask(json!("FIRST")).problem(400, "bad_json");
}
