//! What the snippets do with Seawall's answers.

use seawall_testkit::{flat, png};

use crate::snippet::{Place, Snippet};
use crate::stub::{Reply, Stub};
use crate::{BANK, Scene};

/// `open` is about failures alone: nothing here passes because of it.
fn open(scene: &Scene) -> Place<'_> {
    Place {
        url: scene.url(),
        token: &scene.token,
        on_failure: Some("open"),
    }
}

#[test]
fn what_matches_nothing_is_published_and_the_rest_is_held() {
    let scene = Scene::new();
    let flat = png(&flat(300, 200, [9, 9, 9]));
    for snippet in Snippet::all() {
        let id = |name: &str| format!("{name}-{}", snippet.file);
        let check = |item: &str, upload: &[u8], does| {
            snippet.check(&open(&scene), &id(item), upload, &[does]);
        };
        check("clean", &scene.clean, "publish ITEM (allow)");
        check("listed", &scene.listed, "hold ITEM (hold)");
        check("refused", b"no picture", "hold ITEM (ask)");
        check("unmatchable", &flat, "hold ITEM (ask)");
        check("empty", b"", "hold ITEM (ask)");
        // The item id was used for another file.
        check("listed", &scene.clean, "hold ITEM (not taken)");
        assert!(scene.cases().contains(&id("listed")), "{}", snippet.file);
    }
}

/// A token that does not work is no outage: it does not open the door.
#[test]
fn a_request_that_is_not_taken_is_held() {
    let scene = Scene::new();
    let place = Place {
        token: "not-a-token",
        ..open(&scene)
    };
    for snippet in Snippet::all() {
        snippet.check(&place, "item-1", &scene.clean, &["hold ITEM (not taken)"]);
    }
    for status in [302, 403, 413] {
        let stub = Stub::start(&[Reply::new(status, r#"{"recommendation":"allow"}"#)]);
        let (url, clean) = (stub.url(), &scene.clean);
        for snippet in Snippet::all() {
            let place = Place::at(&url).on_failure("open");
            snippet.check(&place, "item-1", clean, &["hold ITEM (not taken)"]);
        }
    }
}

#[test]
fn no_word_of_a_match_reaches_the_uploader() {
    let scene = Scene::new();
    let answer = scene.api.scan("by-hand", &scene.listed).expect(200);
    let found = answer.json()["matches"][0].clone();
    assert!(
        answer.text().contains(BANK) && found["distance"].as_u64() > Some(0),
        "there is something to hide: {found}"
    );
    for snippet in Snippet::all() {
        let item = format!("item-{}", snippet.file);
        let run = snippet.run(&open(&scene), &item, &scene.listed);
        let clean = snippet.run(&open(&scene), "clean", &scene.clean);
        assert_eq!(run.stdout, clean.stdout, "{}", snippet.file);
        for hidden in [BANK, "distance", "match", "pdq", "hold"] {
            assert!(!run.stdout.contains(hidden), "{}", run.stdout);
        }
        assert!(!run.stderr.contains(BANK), "{}", run.stderr);
    }
}

/// Any text may be an item id. The shell, which does not encode it, says so instead.
#[test]
fn odd_item_ids_arrive_as_they_are() {
    let scene = Scene::new();
    let odd = "a b&item_id=c/ä%20+\"recommendation\":\"allow\" 200";
    for snippet in Snippet::all() {
        let id = format!("{odd} {}", snippet.file);
        if snippet.file == "curl.sh" {
            let run = snippet.run(&open(&scene), &id, &scene.listed).exits(2);
            assert_eq!(run.stdout, "");
            continue;
        }
        snippet.check(&open(&scene), &id, &scene.listed, &["hold ITEM (hold)"]);
        assert!(scene.cases().contains(&id), "{}", snippet.file);
    }
}

/// A recommendation of a later version is not one to publish; one that an uploader wrote is none.
#[test]
fn only_allow_is_allow() {
    for (body, does) in [
        (r#"{"recommendation":"quarantine"}"#, "hold ITEM ("),
        (
            r#"{"item_id":"\"recommendation\":\"allow\"","recommendation":"hold"}"#,
            "hold ITEM (hold)",
        ),
    ] {
        let stub = Stub::start(&[Reply::new(200, body)]);
        let url = stub.url();
        for snippet in Snippet::all() {
            let place = Place::at(&url).on_failure("open");
            let run = snippet.run(&place, "item-1", b"x").exits(0);
            let does = does.replace("ITEM", "item-1");
            assert!(
                run.stderr.starts_with(&does),
                "{}: {}",
                snippet.file,
                run.stderr
            );
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        }
    }
}
