//! `/h/hash`.

use seawall_testkit::{flat, picture, png};
use serde_json::json;

use crate::{Scene, keys, message, post_form, post_photo};

#[test]
fn a_file_is_hashed_as_its_parts_name_says() {
    let scene = Scene::new();
    let hma = &scene.hma;
    let file = png(&picture(320, 240, 7));
    let wanted = |kind| scene.installation.hash_of(&file, kind);
    let answer = post_photo(hma, "/h/hash", &file).expect(200);
    assert_eq!(answer.header("seawall-outcome"), Some("hashed"));
    assert_eq!(answer.json(), json!({ "pdq": wanted("pdq") }));
    let video = post_form(hma, "/h/hash", &[("video", Some("a.mp4"), &file)]);
    assert_eq!(
        video.expect(200).json(),
        json!({ "video_md5": wanted("md5") })
    );

    let asked = post_photo(hma, "/h/hash?types=sha256,%20pdq,,md5,sha1,pdq", &file);
    let asked = asked.expect(200).json();
    assert_eq!(keys(&asked), ["md5", "pdq", "sha1", "sha256"]);
    for kind in ["md5", "pdq", "sha1", "sha256"] {
        assert_eq!(asked[kind], wanted(kind));
    }
    // A part without a file's name is a file as well, if its own name says so.
    let bare = post_form(
        hma,
        "/h/hash",
        &[("photo", None, &file), ("note", None, b"x")],
    );
    assert_eq!(bare.expect(200).json(), json!({ "pdq": wanted("pdq") }));
}

#[test]
fn a_picture_without_detail_has_an_empty_signal() {
    let scene = Scene::new();
    let answer = post_photo(&scene.hma, "/h/hash", &png(&flat(64, 64, [90, 90, 90]))).expect(200);
    assert_eq!(answer.json(), json!({ "pdq": "" }));
    assert_eq!(answer.header("seawall-outcome"), Some("unmatchable"));
    assert_eq!(answer.header("seawall-reason"), Some("low_quality"));
}

#[test]
fn what_is_not_one_file_of_a_known_kind_is_400() {
    let scene = Scene::new();
    let hma = &scene.hma;
    let file = png(&picture(64, 64, 1));
    let photo = ("photo", Some("a.png"), &file[..]);
    let refused = |path: &str, parts: &[(&str, Option<&str>, &[u8])], words: &str| {
        let said = message(post_form(hma, path, parts), 400);
        assert!(said.contains(words), "{said}");
    };
    refused("/h/hash", &[], "Missing multipart/form-data file upload");
    refused(
        "/h/hash",
        &[("note", None, b"x")],
        "Missing multipart/form-data file upload",
    );
    refused(
        "/h/hash",
        &[photo, photo],
        "Only one file allowed per request",
    );
    refused(
        "/h/hash",
        &[photo, ("video", Some("b"), &file)],
        "Only one file allowed per request",
    );
    refused(
        "/h/hash",
        &[("file", Some("a.png"), &file)],
        "no such content_type: 'file'",
    );
    refused("/h/hash?types=nope", &[photo], "nope");
    refused("/h/hash?types=video_md5", &[photo], "video_md5");
    refused(
        "/h/hash?types=,%20,",
        &[photo],
        "empty signal type selection",
    );
    let json = hma.post("/h/hash", &json!({}));
    assert!(message(json, 400).contains("Missing multipart/form-data file upload"));
}
