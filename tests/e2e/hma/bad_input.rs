//! What makes no sense is refused by name, with HMA's shape, and never with a 5xx.

use seawall_testkit::{picture, png};

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
    for path in ["/h/hash", "/m/lookup"] {
        for (file, status, code) in [
            (&b""[..], 422, "empty"),
            (b"only words, no picture at all", 422, "not_a_picture"),
            (&whole[..20], 422, "damaged"),
            (&bomb, 413, "too_many_pixels"),
        ] {
            let answer = post_photo(&scene.hma, path, file).expect(status).json();
            assert_eq!(answer["code"], code, "{path}");
            assert!(answer["message"].is_string());
        }
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
