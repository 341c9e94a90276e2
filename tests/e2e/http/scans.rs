//! `POST /api/v1/scans`: an upload arrives.

use seawall_testkit::{
    flat, jpeg, jpeg_with_orientation, picture, png, png_bomb, rotated_quarter, stored_for,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::form::{self, KIND, Part};
use crate::support::Answer;
use crate::{Scene, keys};

/// A server whose bank DEMO holds one picture, and that picture.
fn with_listed() -> (Scene, Vec<u8>) {
    let scene = Scene::new();
    let original = png(&picture(320, 240, 31));
    scene.api.bank("DEMO");
    scene.api.add_picture("DEMO", &original);
    (scene, original)
}

#[test]
fn an_upload_that_matches_opens_a_case() {
    let (scene, original) = with_listed();
    let answer = scene.api.scan("item-1", &original).expect(200).json();
    assert_eq!(
        keys(&answer),
        [
            "case_id",
            "item_id",
            "matches",
            "media_type",
            "outcome",
            "recommendation",
            "repeated",
            "signals",
            "suppressed"
        ]
    );
    assert_eq!(
        (
            &answer["item_id"],
            &answer["media_type"],
            &answer["outcome"],
            &answer["recommendation"]
        ),
        (
            &json!("item-1"),
            &json!("image/png"),
            &json!("hashed"),
            &json!("hold")
        )
    );
    assert_eq!(answer["repeated"], false);
    let signals = answer["signals"].as_array().expect("a list");
    let algorithms: Vec<_> = signals.iter().map(|signal| &signal["algorithm"]).collect();
    assert_eq!(algorithms, ["pdq", "md5", "sha1", "sha256"]);
    assert!(
        signals.iter().all(|signal| signal["outcome"] == "matched"),
        "{answer}"
    );
    assert!(
        signals[0]["quality"]
            .as_u64()
            .is_some_and(|quality| quality >= 50)
    );
    let by_pdq = answer["matches"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|m| m["algorithm"] == "pdq");
    assert_eq!(
        *by_pdq.expect("a match by PDQ"),
        json!({ "bank": "DEMO", "content_id": 2, "algorithm": "pdq", "distance": 0, "threshold": 31, "view": "stored", "quality": 100 })
    );
    let case = answer["case_id"].as_str().expect("an id");
    scene.api.get(&format!("/api/v1/cases/{case}")).expect(200);
}

#[test]
fn an_upload_that_matches_nothing_is_allowed_and_leaves_no_case() {
    let (scene, _) = with_listed();
    let answer = scene
        .api
        .scan("item-1", &jpeg(&picture(320, 240, 32), 90))
        .expect(200)
        .json();
    assert_eq!(
        keys(&answer),
        [
            "item_id",
            "matches",
            "media_type",
            "outcome",
            "recommendation",
            "repeated",
            "signals",
            "suppressed"
        ]
    );
    assert_eq!(
        (&answer["outcome"], &answer["recommendation"]),
        (&json!("hashed"), &json!("allow"))
    );
    assert!(
        answer["signals"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|s| s["outcome"] == "no_match")
    );
    assert_eq!(
        scene.api.get("/api/v1/cases?state=all").expect(200).json()["items"],
        json!([])
    );
}

/// What could not be checked is never called clean.
#[test]
fn bad_files_get_outcome_and_reason_and_a_person_is_asked() {
    let scene = Scene::new();
    let whole = jpeg(&picture(640, 480, 7), 90);
    for (item, bytes, outcome, reason) in [
        ("empty", Vec::new(), "refused", "empty"),
        ("text", b"no picture".to_vec(), "refused", "not_a_picture"),
        ("bomb", png_bomb(), "refused", "too_many_pixels"),
        (
            "head",
            png(&picture(64, 64, 1))[..20].to_vec(),
            "refused",
            "damaged",
        ),
        (
            "cut",
            whole[..whole.len() / 2].to_vec(),
            "partial",
            "damaged",
        ),
        (
            "dot",
            png(&flat(1, 1, [9, 9, 9])),
            "unmatchable",
            "too_small",
        ),
        (
            "flat",
            png(&flat(300, 200, [9, 9, 9])),
            "unmatchable",
            "low_quality",
        ),
        (
            "svg",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
            "refused",
            "unsupported_format",
        ),
    ] {
        let answer = scene.api.scan(item, &bytes).expect(200).json();
        assert_eq!(
            (&answer["outcome"], &answer["reason"]),
            (&json!(outcome), &json!(reason)),
            "{item}"
        );
        assert_eq!(answer["recommendation"], "ask", "{item}");
        let digests = &answer["signals"].as_array().expect("a list")[1..];
        assert!(
            digests.iter().all(|signal| signal["outcome"] == "no_match"),
            "{item}: {answer}"
        );
    }
    scene.server.http("api").get("/readyz").expect(200);
    let good = scene.api.scan("good", &whole).expect(200).json();
    assert_eq!(good["outcome"], "hashed", "the server lives");
}

#[test]
fn a_file_that_cannot_be_read_is_found_by_its_digest() {
    let scene = Scene::new();
    scene.api.bank("DEMO");
    let text = b"a text that no picture is";
    let sha256: String = Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let list = format!("sha256:{sha256}\n");
    let imported = scene
        .api
        .upload("/api/v1/banks/DEMO/import", list.as_bytes())
        .expect(200)
        .json();
    assert_eq!(imported["added"], 1);
    let answer = scene.api.scan("item-1", text).expect(200).json();
    assert_eq!(
        (&answer["outcome"], &answer["reason"]),
        (&json!("refused"), &json!("not_a_picture"))
    );
    assert_eq!(answer["recommendation"], "hold");
    assert_eq!(answer["matches"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (
            &answer["matches"][0]["algorithm"],
            answer["matches"][0].get("view")
        ),
        (&json!("sha256"), None)
    );
    let outcomes: Vec<_> = answer["signals"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|signal| &signal["outcome"])
        .collect();
    assert_eq!(outcomes, ["unmatchable", "no_match", "no_match", "matched"]);
    let case = answer["case_id"].as_str().expect("a case was opened");
    let case = scene
        .api
        .get(&format!("/api/v1/cases/{case}"))
        .expect(200)
        .json();
    assert_eq!(
        (&case["outcome"], &case["media_type"]),
        (&json!("refused"), &answer["media_type"])
    );
}

#[test]
fn a_turned_picture_is_found_in_the_form_that_is_listed() {
    let scene = Scene::new();
    let upright = picture(320, 240, 41);
    scene.api.bank("DEMO");
    scene.api.add_picture("DEMO", &png(&upright));
    let tagged = jpeg_with_orientation(&stored_for(&upright, 6), 90, 6);
    let answer = scene.api.scan("tagged", &tagged).expect(200).json();
    assert_eq!(answer["matches"][0]["view"], "upright", "{answer}");
    let turned = jpeg(&rotated_quarter(&upright), 90);
    let answer = scene.api.scan("turned", &turned).expect(200).json();
    assert_eq!(
        (&answer["matches"], &answer["recommendation"]),
        (&json!([]), &json!("allow"))
    );
}

#[test]
fn a_form_says_the_same_as_a_raw_body() {
    let (scene, original) = with_listed();
    let send = |parts: &[Part<'_>], query: &str| {
        let body = form::body(parts);
        scene.api.send(
            "POST",
            &format!("/api/v1/scans{query}"),
            &[KIND],
            Some(&body),
        )
    };
    let raw = scene.api.scan("raw", &original).expect(200).json();
    let context = br#"{"channel":"private","uploader_id":"u"}"#;
    let parts: [Part<'_>; 3] = [
        ("item_id", None, b"form"),
        ("context", None, context),
        ("file", Some("a.png"), &original),
    ];
    let form = send(&parts, "").expect(200).json();
    for key in [
        "media_type",
        "outcome",
        "signals",
        "matches",
        "recommendation",
    ] {
        assert_eq!(form[key], raw[key], "{key}");
    }
    assert_eq!(form["item_id"], "form");
    let case = form["case_id"].as_str().expect("a case");
    assert_eq!(
        scene
            .api
            .get(&format!("/api/v1/cases/{case}"))
            .expect(200)
            .json()["channel"],
        "private"
    );
    // The parts in another order, and the item's id in the address.
    send(&[("file", None, &original), ("item_id", None, b"late")], "").expect(200);
    let from_query = send(&[("file", Some("a.png"), &original)], "?item_id=query")
        .expect(200)
        .json();
    assert_eq!(from_query["item_id"], "query");
}

#[test]
fn a_raw_body_may_claim_any_content_type_or_none() {
    let (scene, original) = with_listed();
    for (item, headers) in [
        ("a", &[("content-type", "image/png")][..]),
        (
            "b",
            &[("content-type", "application/x-www-form-urlencoded")],
        ),
        ("c", &[("content-type", "text/html")]),
        ("d", &[("content-type", "nonsense")]),
        ("e", &[]),
    ] {
        let path = format!("/api/v1/scans?item_id={item}");
        let answer = scene
            .api
            .send("POST", &path, headers, Some(&original))
            .expect(200)
            .json();
        assert_eq!(answer["media_type"], "image/png", "told from the content");
        assert!(answer["case_id"].is_string(), "{item}");
    }
}

#[test]
fn every_field_of_the_context_is_taken() {
    let (scene, original) = with_listed();
    let events = [
        "login",
        "registration",
        "purchase",
        "upload",
        "other",
        "unknown",
    ];
    for (number, event) in events.into_iter().enumerate() {
        let channel = ["public", "private", "file", "profile"][number % 4];
        let context = json!({
            "uploader_id": "u-1", "screen_name": "Ann", "uploaded_at": "2026-01-31T10:30:00+01:00",
            "channel": channel, "url": "https://platform.example/p/1", "ip": "2001:db8::1", "port": 65535,
            "event": event, "jurisdictions": ["DE", "US"], "file_name": "../../a.png",
        });
        let item = format!("item-{number}");
        let answer = scene
            .api
            .scan_with(&item, &context, &original)
            .expect(200)
            .json();
        let case = answer["case_id"].as_str().expect("a case");
        let case = scene.api.get(&format!("/api/v1/cases/{case}")).expect(200);
        assert_eq!(case.json()["channel"], channel);
        assert!(
            !case.text().contains("Ann"),
            "the personal context is for the console alone"
        );
    }
}

#[test]
fn item_ids_are_any_text_of_at_most_255_bytes() {
    let (scene, original) = with_listed();
    let longest = "x".repeat(255);
    for (encoded, id) in [
        (longest.as_str(), longest.as_str()),
        ("%C3%A4%20%F0%9F%A6%80", "ä 🦀"),
        ("..%2F..%2Fetc%2Fpasswd", "../../etc/passwd"),
        (
            "%27%3B%20DROP%20TABLE%20cases%3B--",
            "'; DROP TABLE cases;--",
        ),
        ("%3Cscript%3E", "<script>"),
    ] {
        let answer = scene.api.scan(encoded, &original).expect(200).json();
        assert_eq!(
            (&answer["item_id"], answer["case_id"].is_string()),
            (&json!(id), true)
        );
    }
    let too_long = "x".repeat(256);
    for bad in ["", too_long.as_str(), "%00", "a%0Ab", "%7F"] {
        scene.api.scan(bad, &original).problem(400, "bad_item_id");
    }
}

#[test]
fn an_item_id_that_is_no_text_is_refused() {
    let (scene, original) = with_listed();
    for bad in ["%FF", "a%C3%28b"] {
        scene.api.scan(bad, &original).problem(400, "bad_parameter");
    }
}

#[test]
fn the_same_item_gets_the_same_case_and_another_file_under_its_id_is_refused() {
    let (scene, original) = with_listed();
    let first = scene.api.scan("item-1", &original).expect(200).json();
    let again = scene.api.scan("item-1", &original).expect(200).json();
    assert_eq!(again["repeated"], true);
    for key in ["case_id", "outcome", "recommendation", "signals"] {
        assert_eq!(again[key], first[key], "{key}");
    }
    let problem = scene
        .api
        .scan("item-1", b"other bytes")
        .problem(409, "item_id_reused");
    assert_eq!(problem["case_id"], first["case_id"]);
    let other = scene.api.scan("item-2", &original).expect(200).json();
    assert_ne!(
        other["case_id"], first["case_id"],
        "another item has a case of its own"
    );
    let cases = scene.api.get("/api/v1/cases?state=all").expect(200).json();
    assert_eq!(cases["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_repetition_lists_its_matches_in_the_same_order_nearest_first() {
    let (scene, original) = with_listed();
    let first = scene.api.scan("item-1", &original).expect(200).json();
    let again = scene.api.scan("item-1", &original).expect(200).json();
    assert_eq!(again["matches"], first["matches"]);
}

#[test]
fn an_item_keeps_its_case_across_a_restart_and_a_withdrawal() {
    let (scene, original) = with_listed();
    let first = scene.api.scan("item-1", &original).expect(200).json();
    scene.api.delete("/api/v1/banks/DEMO").expect(204);
    scene.server.kill();
    let server = scene.installation.serve();
    let api = server.api(&scene.installation.token(&["scan"]));
    let again = api.scan("item-1", &original).expect(200).json();
    assert_eq!(
        (&again["case_id"], &again["repeated"]),
        (&first["case_id"], &json!(true))
    );
    let new = api.scan("item-2", &original).expect(200).json();
    assert_eq!(
        (&new["matches"], new.get("case_id")),
        (&json!([]), None),
        "the bank is gone"
    );
}

/// Sends every upload at once and gives the answers.
fn at_once(scene: &Scene, item: &str, uploads: &[&[u8]]) -> Vec<Answer> {
    let start = std::sync::Barrier::new(uploads.len());
    let secret = scene.installation.token(&["scan"]);
    std::thread::scope(|threads| {
        let send = |bytes: &&[u8]| {
            let (api, bytes, start) = (scene.server.api(&secret), bytes.to_vec(), &start);
            threads.spawn(move || {
                start.wait();
                api.scan(item, &bytes)
            })
        };
        let running: Vec<_> = uploads.iter().map(send).collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("an answer"))
            .collect()
    })
}

fn evidence_files(scene: &Scene) -> usize {
    let entries = walkdir::WalkDir::new(scene.installation.data().join("vault")).into_iter();
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .count()
}

#[test]
fn eight_uploads_of_one_item_at_once_open_one_case() {
    let (scene, original) = with_listed();
    let answers: Vec<Value> = at_once(&scene, "item-1", &[&original[..]; 8])
        .into_iter()
        .map(|answer| answer.expect(200).json())
        .collect();
    let case = &answers[0]["case_id"];
    assert!(case.is_string() && answers.iter().all(|answer| answer["case_id"] == *case));
    let cases = scene.api.get("/api/v1/cases?state=all").expect(200).json();
    assert_eq!(cases["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(evidence_files(&scene), 1, "the bytes are sealed once");
    let figures = scene.api.get("/api/v1/figures").expect(200).json();
    assert_eq!(figures["cases_opened"], json!({ "public": 1 }));
}

#[test]
fn of_eight_uploads_of_one_item_at_once_seven_are_repetitions() {
    let (scene, original) = with_listed();
    let answers = at_once(&scene, "item-1", &[&original[..]; 8]);
    let repeated = answers
        .iter()
        .filter(|answer| answer.json()["repeated"] == true);
    assert_eq!(repeated.count(), 7);
    let figures = scene.api.get("/api/v1/figures").expect(200).json();
    assert_eq!(figures["scans"], json!({ "hashed": 1 }), "{figures}");
}

#[test]
fn of_eight_files_under_one_item_id_at_once_one_wins() {
    let (scene, original) = with_listed();
    let recoded: Vec<Vec<u8>> = (81..89)
        .map(|quality| jpeg(&picture(320, 240, 31), quality))
        .collect();
    let uploads: Vec<&[u8]> = recoded.iter().map(Vec::as_slice).collect();
    let answers = at_once(&scene, "item-1", &uploads);
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 7));
    let case = won[0].json()["case_id"].clone();
    for answer in lost {
        assert_eq!(answer.problem(409, "item_id_reused")["case_id"], case);
    }
    assert_eq!(evidence_files(&scene), 1);
    scene
        .api
        .scan("item-1", &original)
        .problem(409, "item_id_reused");
}

#[test]
fn the_policy_is_the_operators() {
    let scene = Scene::with(&[
        ("SEAWALL__POLICY__REFUSED", "hold"),
        ("SEAWALL__POLICY__UNMATCHABLE", "allow"),
    ]);
    let text = scene.api.scan("text", b"no picture").expect(200).json();
    assert_eq!(text["recommendation"], "hold");
    let flat = scene
        .api
        .scan("flat", &png(&flat(64, 64, [1, 1, 1])))
        .expect(200)
        .json();
    assert_eq!(flat["recommendation"], "allow");
}
