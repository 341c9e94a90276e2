//! Exception banks: what is known to be benign suppresses matches, visibly.

use seawall_testkit::{jpeg, picture, png, resized};
use serde_json::{Value, json};

use crate::{Scene, keys, pick};

/// A known bank with the PDQ hash of a picture, and an exception bank without any.
fn banks(scene: &Scene, picture: &[u8]) -> String {
    let hash = scene.installation.hash_of(picture, "pdq");
    scene.api.bank("KNOWN");
    let content = json!({ "hashes": [{ "algorithm": "pdq", "value": hash }] });
    scene
        .api
        .post("/api/v1/banks/KNOWN/contents", &content)
        .expect(201);
    let benign = json!({ "name": "BENIGN", "role": "exception", "owner": "Trust and safety" });
    scene.api.post("/api/v1/banks", &benign).expect(201);
    hash
}

fn except(scene: &Scene, algorithm: &str, value: &str) -> i64 {
    let content = json!({
        "note": "a logo that everyone has",
        "hashes": [{ "algorithm": algorithm, "value": value }],
    });
    let added = scene.api.post("/api/v1/banks/BENIGN/contents", &content);
    added.expect(201).json()["id"].as_i64().expect("a number")
}

#[test]
fn an_exception_bank_says_what_it_is_and_who_vouches_for_it() {
    let Scene { api, .. } = &Scene::new();
    let made = |body: &Value| api.post("/api/v1/banks", body);
    let bank = json!({ "name": "BENIGN", "role": "exception", "owner": "Trust and safety" });
    let bank = made(&bank).expect(201).json();
    assert_eq!(
        pick(&bank, ["role", "owner", "threshold"]),
        [json!("exception"), json!("Trust and safety"), json!(0)]
    );
    assert_eq!(api.get("/api/v1/banks/BENIGN").expect(200).json(), bank);
    let known = made(&json!({ "name": "KNOWN", "owner": "Partner" }));
    let known = known.expect(201).json();
    assert_eq!(
        pick(&known, ["role", "owner", "threshold"]),
        [json!("known"), json!("Partner"), json!(31)]
    );
    for owner in [
        Value::Null,
        json!(""),
        json!("  "),
        json!("x".repeat(256)),
        json!("a\nb"),
    ] {
        made(&json!({ "name": "OTHER", "role": "exception", "owner": owner }))
            .problem(400, "bad_parameter");
    }
    made(&json!({ "name": "OTHER", "role": "allowed", "owner": "x" })).problem(400, "bad_json");
    // Each exception says why.
    let hash = json!([{ "algorithm": "md5", "value": "0f".repeat(16) }]);
    let contents = "/api/v1/banks/BENIGN/contents";
    api.post(contents, &json!({ "hashes": hash }))
        .problem(400, "bad_parameter");
    api.post(contents, &json!({ "hashes": hash, "note": " " }))
        .problem(400, "bad_parameter");
    api.upload("/api/v1/banks/BENIGN/pictures", &png(&picture(64, 64, 1)))
        .problem(400, "bad_parameter");
    let import = "/api/v1/banks/BENIGN/import";
    api.upload(import, format!("md5:{}", "0f".repeat(16)).as_bytes())
        .problem(400, "bad_parameter");
    let reasoned = format!("algorithm,value,note\nmd5,{},an icon\n", "0f".repeat(16));
    let imported = api.upload(import, reasoned.as_bytes()).expect(200).json();
    assert_eq!(imported["added"], 1);
}

#[test]
fn no_exception_reaches_far_enough_to_hide_everything() {
    let scene = Scene::new();
    let Scene { ref api, .. } = scene;
    let file = png(&picture(320, 240, 74));
    banks(&scene, &file);
    let rows = format!("algorithm,value,note\npdq,{},an icon\n", "5".repeat(64));
    api.upload("/api/v1/banks/BENIGN/import?list=icons", rows.as_bytes())
        .expect(200);
    let list = "/api/v1/banks/BENIGN/lists/icons";
    let wide = |bits: u16| json!({ "name": "OTHER", "role": "exception", "owner": "x", "threshold": bits });
    for bits in [32, 256] {
        let threshold = json!({ "threshold": bits });
        let refused = [
            api.patch("/api/v1/banks/BENIGN", &threshold),
            api.patch(list, &threshold),
            api.post("/api/v1/banks", &wide(bits)),
        ];
        for answer in refused {
            let detail = answer.json()["detail"].to_string();
            answer.problem(400, "bad_parameter");
            assert!(detail.contains("at most 31 bits"), "{detail}");
        }
    }
    let answer = api.scan("item-1", &file).expect(200).json();
    assert!(answer["case_id"].is_string(), "{answer}");
    let threshold = json!({ "threshold": 31 });
    for path in ["/api/v1/banks/BENIGN", list] {
        assert_eq!(
            api.patch(path, &threshold).expect(200).json()["threshold"],
            31
        );
    }
    api.post("/api/v1/banks", &wide(31)).expect(201);
}

#[test]
fn an_upload_whose_every_match_is_suppressed_opens_no_case_and_says_why() {
    let scene = Scene::new();
    let Scene { ref api, .. } = scene;
    let file = png(&picture(320, 240, 71));
    let hash = banks(&scene, &file);
    let content = except(&scene, "pdq", &hash);
    let answer = api.scan("item-5521", &file).expect(200).json();
    assert_eq!(
        pick(&answer, ["matches", "recommendation", "case_id", "outcome"]),
        [json!([]), json!("allow"), Value::Null, json!("hashed")]
    );
    let suppressed = &answer["suppressed"][0];
    assert_eq!(
        keys(suppressed),
        [
            "algorithm",
            "bank",
            "content_id",
            "distance",
            "exception",
            "quality",
            "threshold",
            "view"
        ]
    );
    assert_eq!(suppressed["bank"], "KNOWN");
    let exception = json!({
        "bank": "BENIGN", "content_id": content,
        "owner": "Trust and safety", "reason": "a logo that everyone has",
    });
    assert_eq!(suppressed["exception"], exception);
    let asked = json!({ "hashes": [{ "algorithm": "pdq", "value": hash }] });
    let looked = api.post("/api/v1/lookups", &asked).expect(200).json();
    let result = &looked["results"][0];
    assert_eq!(
        pick(result, ["outcome", "matches"]),
        [json!("no_match"), json!([])]
    );
    assert_eq!(result["suppressed"][0]["exception"], exception);

    let figures = api.get("/api/v1/figures").expect(200).json();
    assert_eq!(
        pick(
            &figures,
            ["scans_suppressed", "scans_without_match", "lookups_matched"]
        ),
        [json!(1), json!(1), json!(0)]
    );
    let log = scene.installation.log();
    let told: Vec<_> = log
        .iter()
        .filter(|event| event["kind"] == "scan.suppressed")
        .collect();
    assert_eq!(told.len(), 1);
    let pair = &told[0]["detail"]["matches"][0];
    assert_eq!(pair["exception_content"], content);
    let all = json!(log).to_string();
    for secret in ["5521", &hash, "everyone", "Trust"] {
        assert!(!all.contains(secret), "{secret}");
    }
    // Without the exception the same upload opens its case, at once.
    api.delete(&format!("/api/v1/banks/BENIGN/contents/{content}"))
        .expect(204);
    let answer = api.scan("item-5521", &file).expect(200).json();
    assert!(answer["case_id"].is_string(), "{answer}");
}

#[test]
fn an_exception_is_for_the_very_picture_unless_its_bank_says_otherwise() {
    let scene = Scene::new();
    let Scene { ref api, .. } = scene;
    let original = picture(640, 480, 72);
    let hash = banks(&scene, &png(&original));
    except(&scene, "pdq", &hash);
    let copy = jpeg(&resized(&original, 200, 150), 30);
    let answer = api.scan("copy", &copy).expect(200).json();
    let far = answer["matches"][0]["distance"].as_u64().expect("a match");
    assert!(far > 0, "the copy has a hash of its own: {answer}");
    assert!(answer["case_id"].is_string());
    api.patch("/api/v1/banks/BENIGN", &json!({ "threshold": far }))
        .expect(200);
    let answer = api.scan("again", &copy).expect(200).json();
    assert_eq!(
        pick(&answer, ["matches", "case_id"]),
        [json!([]), Value::Null]
    );
    api.patch("/api/v1/banks/BENIGN", &json!({ "enabled": false }))
        .expect(200);
    let answer = api.scan("once-more", &copy);
    assert_eq!(answer.expect(200).json()["suppressed"], json!([]));
}

#[test]
fn a_look_alike_never_hides_a_file_that_is_known_to_the_byte() {
    let scene = Scene::new();
    let file = png(&picture(320, 240, 73));
    let hash = banks(&scene, &file);
    let digest = scene.installation.hash_of(&file, "sha256");
    let content = json!({ "hashes": [{ "algorithm": "sha256", "value": digest }] });
    scene
        .api
        .post("/api/v1/banks/KNOWN/contents", &content)
        .expect(201);
    except(&scene, "pdq", &hash);
    let answer = scene.api.scan("item-1", &file).expect(200).json();
    let matches = answer["matches"].as_array().expect("a list");
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0]["algorithm"], "sha256");
    assert_eq!(answer["suppressed"][0]["algorithm"], "pdq");
    let case = answer["case_id"].as_str().expect("a case").to_owned();
    // The case shows both, to programs and to reviewers, and the repetition says the same.
    let shown = scene
        .api
        .get(&format!("/api/v1/cases/{case}"))
        .expect(200)
        .json();
    assert_eq!(shown["matches"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        shown["suppressed"][0]["exception"]["reason"],
        "a logo that everyone has"
    );
    let again = scene.api.scan("item-1", &file).expect(200).json();
    assert_eq!(
        pick(&again, ["matches", "suppressed", "repeated"]),
        [
            answer["matches"].clone(),
            answer["suppressed"].clone(),
            json!(true)
        ]
    );
    let console = scene.server.console();
    console.use_link(&scene.installation.first_link_path);
    let page = console.get(&format!("/cases/{case}")).expect(200);
    for words in [
        "Trust and safety vouches for it",
        "a logo that everyone has",
        "BENIGN",
    ] {
        assert!(page.text().contains(words), "{words}");
    }
    // Whoever vouched, and why, stays with the case when the exception is gone.
    scene.api.delete("/api/v1/banks/BENIGN").expect(204);
    let page = console.get(&format!("/cases/{case}")).expect(200);
    assert!(page.text().contains("a logo that everyone has"));
}
