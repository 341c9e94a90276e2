//! What makes no sense is refused by name, with HMA's shape, and never with a 5xx.

use seawall_testkit::{jpeg, picture, png};
use serde_json::json;

use crate::urls::{media_server, open_scene};
use crate::{Scene, message, pdq, post_photo};

#[test]
fn signals_that_are_none_are_400() {
    let scene = Scene::new();
    let hma = &scene.hma;
    let says = |path: &str| message(hma.get(path), 400);
    let newline = format!("{}%0A", pdq(0));
    let short = &pdq(0)[1..];
    for lookup in ["/m/lookup", "/m/raw_lookup"] {
        let with = |kind: &str, signal: &str| {
            says(&format!("{lookup}?signal_type={kind}&signal={signal}"))
        };
        for signal in [newline.as_str(), short, "", &"g".repeat(64), "%C3%A9"] {
            assert!(
                with("pdq", signal).starts_with("invalid signal"),
                "{signal}"
            );
        }
        assert!(with("video_md5", &pdq(0)).starts_with("invalid signal"));
        assert!(with("nope", &pdq(0)).contains("No such SignalType 'nope'"));
        assert!(
            !with(&pdq(0), &pdq(0)).contains(&pdq(0)),
            "a signal is never said back"
        );
        says(&format!("{lookup}?signal={}", pdq(0)));
        says(&format!("{lookup}?signal_type=pdq"));
        says(lookup);
        says(&format!("{lookup}?signal_type=pdq&signal=%FF"));
    }
    let path = format!(
        "/m/lookup?signal_type=pdq&signal={}&bypass_coinflip=perhaps",
        pdq(0)
    );
    assert!(says(&path).contains("bypass_coinflip"));
}

#[test]
fn files_that_are_no_pictures_are_422_with_a_stable_code() {
    let scene = Scene::new();
    let whole = png(&picture(64, 64, 3));
    let bomb = seawall_testkit::png_bomb();
    scene.native.bank("A_BANK");
    for path in ["/h/hash", "/m/lookup", "/c/bank/A_BANK/content"] {
        for (file, status, code) in [
            (&b""[..], 422, "empty"),
            (b"only words, no picture at all", 422, "not_a_picture"),
            (&whole[..20], 422, "damaged"),
            (&bomb, 413, "too_many_pixels"),
        ] {
            let answer = post_photo(&scene.hma, path, file).expect(status);
            let (outcome, reason) = ("seawall-outcome", "seawall-reason");
            assert_eq!(answer.header(outcome), Some("refused"), "{path}");
            assert_eq!(answer.header(reason), Some(code), "{path}");
            let answer = answer.json();
            assert_eq!(answer["code"], code, "{path}");
            assert!(answer["message"].is_string());
        }
    }
}

/// However it was asked for: where no PDQ could be made, no answer says that nothing matches.
#[test]
fn a_wanted_signal_that_cannot_be_made_is_422_and_no_empty_answer() {
    let scene = open_scene();
    for (file, code) in [
        (&b"only words, no picture at all"[..], "not_a_picture"),
        (b"", "empty"),
    ] {
        let base = media_server(file.to_vec());
        for asked in [
            "content_type=photo",
            "content_type=photo&types=pdq",
            "content_type=photo&types=md5,pdq",
            "content_type=photo&signal_type=pdq",
            "content_type=video&signal_type=pdq",
            "content_type=photo&types=md5&signal_type=pdq",
            "types=md5&signal_type=pdq",
        ] {
            let path = format!("/m/lookup?url={base}%2Fa.png&{asked}");
            let answer = scene.hma.get(&path).expect(422).json();
            assert_eq!(answer["code"], code, "{asked}");
        }
    }
    // A digest can be made of any file.
    let base = media_server(b"only words, no picture at all".to_vec());
    for asked in ["signal_type=md5", "types=pdq&signal_type=video_md5"] {
        let path = format!("/m/lookup?url={base}%2Fa.png&{asked}");
        assert_eq!(scene.hma.get(&path).expect(200).json(), json!({}));
    }
}

/// An animation that begins with a dull frame has a hash all the same.
#[test]
fn a_file_with_a_usable_hash_has_no_empty_one() {
    let scene = Scene::new();
    let vivid = picture(320, 240, 3);
    let file = seawall_testkit::gif(&[seawall_testkit::flat(320, 240, [90; 3]), vivid]);
    let hashed = post_photo(&scene.hma, "/h/hash", &file).expect(200);
    assert_eq!(hashed.header("seawall-outcome"), Some("hashed"));
    let signal = hashed.json()["pdq"].clone();
    let body = json!({ "pdq": signal });
    scene
        .hma
        .post("/c/banks", &json!({ "name": "A_BANK" }))
        .expect(201);
    scene.hma.post("/c/bank/A_BANK/signal", &body).expect(200);
    let found = post_photo(&scene.hma, "/m/lookup", &file)
        .expect(200)
        .json();
    assert_eq!(found["pdq"]["A_BANK"][0]["distance"], "0");
}

/// Commas alone name no bank: it is as if nothing was said.
#[test]
fn banks_that_say_nothing_are_all_banks() {
    let scene = Scene::new();
    scene
        .hma
        .post("/c/banks", &json!({ "name": "A_BANK" }))
        .expect(201);
    let body = json!({ "pdq": pdq(0) });
    scene.hma.post("/c/bank/A_BANK/signal", &body).expect(200);
    for banks in ["", ",", "%20,%20"] {
        let signal = format!("signal_type=pdq&signal={}&banks={banks}", pdq(0));
        let found = scene.hma.get(&format!("/m/lookup?{signal}")).expect(200);
        assert_eq!(found.json()["A_BANK"][0]["distance"], "0", "{banks}");
        let raw = scene
            .hma
            .get(&format!("/m/raw_lookup?{signal}"))
            .expect(200);
        assert_eq!(raw.json()["matches"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn an_address_to_fetch_from_is_refused_by_name() {
    let scene = Scene::new();
    for path in ["/h/hash", "/m/lookup"] {
        for url in [
            "nothing",
            "ftp%3A%2F%2Fexample.org%2Fa",
            "file%3A%2F%2F%2Fetc%2Fpasswd",
        ] {
            message(scene.hma.get(&format!("{path}?url={url}")), 400);
        }
        let kind = "url=http%3A%2F%2Fexample.org%2Fa&content_type=nope";
        assert!(message(scene.hma.get(&format!("{path}?{kind}")), 400).contains("nope"));
    }
    message(scene.hma.get("/h/hash"), 400);
}

#[test]
fn addresses_and_methods_that_are_not_there_answer_in_hmas_shape() {
    let scene = Scene::new();
    for path in ["/h/nothing", "/m/nothing", "/c/nothing"] {
        message(scene.hma.get(path), 404);
    }
    message(scene.hma.delete("/m/lookup"), 405);
    scene.hma.get("/nothing").problem(404, "not_found");
}

#[test]
fn a_picture_that_is_cut_short_is_hashed_as_far_as_it_goes_and_said_to_be_partial() {
    let scene = Scene::new();
    let whole = jpeg(&picture(320, 240, 3), 90);
    let cut = &whole[..whole.len() - 34];
    scene.native.bank("A_BANK");
    for path in ["/h/hash", "/m/lookup", "/c/bank/A_BANK/content"] {
        let answer = post_photo(&scene.hma, path, cut).expect(200);
        assert_eq!(answer.header("seawall-outcome"), Some("partial"), "{path}");
        assert_eq!(answer.header("seawall-reason"), Some("damaged"), "{path}");
    }
    let hashed = post_photo(&scene.hma, "/h/hash", cut).expect(200).json();
    assert_eq!(hashed["pdq"].as_str().map(str::len), Some(64));
    let dull = png(&seawall_testkit::flat(64, 64, [90; 3]));
    let kept = post_photo(&scene.hma, "/c/bank/A_BANK/content", &dull).expect(422);
    assert_eq!(kept.header("seawall-outcome"), Some("unmatchable"));
    let kept = post_photo(&scene.hma, "/c/bank/A_BANK/content?types=pdq,md5", &dull);
    let kept = kept.expect(200);
    assert_eq!(kept.header("seawall-outcome"), Some("unmatchable"));
    assert_eq!(kept.header("seawall-reason"), Some("low_quality"));
}

#[test]
fn an_upload_beyond_the_limit_is_413() {
    let scene = Scene::with(&[("SEAWALL__DECODE__LIMITS__BYTES_MAX", "4096")]);
    let large = vec![0; 4097];
    for path in ["/h/hash", "/m/lookup"] {
        assert!(message(post_photo(&scene.hma, path, &large), 413).contains("4096"));
    }
    let words = post_photo(&scene.hma, "/h/hash", &large[..4096]);
    assert_eq!(words.expect(422).json()["code"], "not_a_picture");
}

#[test]
fn no_signal_name_or_remark_reaches_the_log_or_an_event() {
    let scene = Scene::new();
    let note = "a-remark-4f1c";
    scene
        .hma
        .post("/c/banks", &json!({ "name": "HUSHED" }))
        .expect(201);
    let metadata = json!({ "content_id": note, "content_uri": note, "json": note });
    let body = json!({ "pdq": pdq(0), "note": note, "metadata": metadata });
    scene.hma.post("/c/bank/HUSHED/signal", &body).expect(200);
    for path in ["/m/lookup", "/m/raw_lookup", "/nowhere"] {
        scene.hma.get(&format!(
            "{path}?signal_type=pdq&signal={}&seed={note}",
            pdq(0)
        ));
    }
    let events = serde_json::to_string(&scene.installation.log()).expect("JSON");
    for told in [scene.server.log(), events] {
        for secret in [&pdq(0), note, "HUSHED"] {
            assert!(!told.contains(secret), "{secret}");
        }
    }
}
