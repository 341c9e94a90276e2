//! `seawall hash`: its JSON form, its table, what it takes, how it ends.

use std::collections::BTreeSet;
use std::path::Path;

use seawall_testkit::{
    flat, gif, jpeg, jpeg_with_orientation, picture, png, png_bomb, resized, stored_for, webp,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Run, reference, seawall};

const MD5_OF_NOTHING: &str = "d41d8cd98f00b204e9800998ecf8427e";
const MD5_OF_ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

#[track_caller]
fn hash(arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Run {
    Run::of(seawall().args(["hash", "--json"]).args(arguments))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let object = value.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

fn digests(report: &Value) -> Vec<&str> {
    let hashes = report["hashes"].as_array().expect("a list");
    let digests = hashes.iter().filter(|hash| hash["algorithm"] != "pdq");
    digests
        .map(|hash| hash["value"].as_str().expect("a value"))
        .collect()
}

fn views(report: &Value) -> Vec<&str> {
    let hashes = report["hashes"].as_array().expect("a list");
    hashes
        .iter()
        .filter_map(|hash| hash["view"].as_str())
        .collect()
}

#[test]
fn the_json_form_has_the_promised_keys_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    let bytes = png(&picture(320, 240, 1));
    std::fs::write(&path, &bytes).expect("written");
    let report = hash([&path]).exits(0).json();
    assert_eq!(
        keys(&report),
        BTreeSet::from(["file", "media_type", "outcome", "hashes"])
    );
    assert_eq!(report["file"], path.display().to_string());
    assert_eq!(
        (&report["media_type"], &report["outcome"]),
        (&json!("image/png"), &json!("hashed"))
    );
    let hashes = report["hashes"].as_array().expect("a list");
    let algorithms: Vec<_> = hashes.iter().map(|hash| &hash["algorithm"]).collect();
    assert_eq!(algorithms, ["pdq", "md5", "sha1", "sha256"]);
    assert_eq!(
        keys(&hashes[0]),
        BTreeSet::from(["algorithm", "value", "quality", "view"])
    );
    assert_eq!(hashes[0]["view"], "stored");
    assert!(
        hashes[0]["quality"]
            .as_u64()
            .is_some_and(|quality| (50..=100).contains(&quality))
    );
    for (hash, digits) in hashes.iter().zip([64, 32, 40, 64]) {
        let value = hash["value"].as_str().expect("a text");
        assert_eq!(value.len(), digits, "{value}");
        assert!(
            value
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{value}"
        );
    }
    for digest in &hashes[1..] {
        assert_eq!(keys(digest), BTreeSet::from(["algorithm", "value"]));
    }
    let sha256: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(digests(&report)[2], sha256);
}

#[test]
fn reason_and_notes_are_there_only_where_there_is_something_to_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("t");
    std::fs::write(&text, "no picture").expect("written");
    let report = hash([&text]).exits(1).json();
    assert_eq!(
        keys(&report),
        BTreeSet::from(["file", "media_type", "outcome", "reason", "hashes"])
    );
    let frames: Vec<_> = (0..40).map(|seed| picture(64, 48, seed)).collect();
    let animation = folder.path().join("a");
    std::fs::write(&animation, gif(&frames)).expect("written");
    let report = hash([&animation]).exits(0).json();
    assert_eq!(
        keys(&report),
        BTreeSet::from(["file", "media_type", "outcome", "notes", "hashes"])
    );
    let notes = report["notes"].as_array().expect("a list");
    assert!(
        notes
            .iter()
            .any(|note| note.as_str().is_some_and(|note| note.contains("40"))),
        "{notes:?}"
    );
}

#[test]
fn the_view_names_the_form_of_the_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let upright = picture(320, 240, 5);
    let turned = folder.path().join("turned.jpg");
    std::fs::write(
        &turned,
        jpeg_with_orientation(&stored_for(&upright, 6), 95, 6),
    )
    .expect("written");
    assert_eq!(
        views(&hash([&turned]).exits(0).json()),
        ["stored", "upright"]
    );
    let animation = folder.path().join("animation.gif");
    std::fs::write(&animation, gif(&[picture(64, 64, 1), picture(64, 64, 2)])).expect("written");
    assert_eq!(
        views(&hash([&animation]).exits(0).json()),
        ["frame:1", "frame:2"]
    );
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/pages.tif");
    let report = hash([&pages]).exits(0).json();
    assert!(
        views(&report).starts_with(&["page:1", "page:2"]),
        "{:?}",
        views(&report)
    );
}

#[test]
fn a_file_is_told_by_its_content_and_never_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = resized(&picture(320, 240, 3), 64, 48);
    for (name, bytes, media_type) in [
        ("a.txt", png(&small), "image/png"),
        ("b.png", jpeg(&small, 90), "image/jpeg"),
        ("c", webp(&small), "image/webp"),
        ("d.jpg", seawall_testkit::bmp(&small), "image/bmp"),
        ("e.gif", seawall_testkit::tiff(&small), "image/tiff"),
        ("f.exe", gif(std::slice::from_ref(&small)), "image/gif"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let report = hash([&path]).exits(0).json();
        assert_eq!(report["media_type"], media_type, "{name}");
        assert_eq!(report["outcome"], "hashed", "{name}");
    }
}

#[test]
fn without_json_a_person_can_read_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = folder.path().join("a.png");
    std::fs::write(&good, png(&picture(320, 240, 1))).expect("written");
    let empty = folder.path().join("b.png");
    std::fs::write(&empty, b"").expect("written");
    let json = hash([&good]).exits(0).json();
    let run = Run::of(seawall().arg("hash").args([&good, &empty])).exits(1);
    let pdq = json["hashes"][0]["value"].as_str().expect("a value");
    for part in [
        good.to_str().expect("text"),
        "image/png hashed",
        "pdq",
        pdq,
        "stored",
        "quality",
        "sha256",
    ] {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
    assert!(run.stdout.contains("the file is empty") && run.stdout.contains(MD5_OF_NOTHING));
    assert!(run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn standard_input_is_a_file_called_minus() {
    let bytes = png(&picture(320, 240, 1));
    let piped = Run::with_input(seawall().args(["hash", "--json", "-"]), &bytes)
        .exits(0)
        .json();
    assert_eq!(
        (&piped["file"], &piped["outcome"]),
        (&json!("-"), &json!("hashed"))
    );
    let text = Run::with_input(seawall().args(["hash", "--json", "-"]), b"abc")
        .exits(1)
        .json();
    assert_eq!(digests(&text)[0], MD5_OF_ABC);
    let nothing = Run::of(seawall().args(["hash", "--json", "-"]))
        .exits(1)
        .json();
    assert_eq!(
        (&nothing["reason"], digests(&nothing)[0]),
        (&json!("empty"), MD5_OF_NOTHING)
    );
}

#[test]
fn folders_are_walked_to_the_bottom_in_the_order_of_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("m/deep/er")).expect("folders");
    // The first takes longest, so that an answer out of turn would show.
    std::fs::write(at("a.png"), png(&picture(1200, 900, 1))).expect("written");
    for name in [
        "b.png",
        "m/c.png",
        "m/deep/er/d.png",
        "m/z.png",
        "n.png",
        "ä ö.png",
    ] {
        std::fs::write(at(name), png(&picture(40, 30, 2))).expect("written");
    }
    let reports = hash([folder.path()]).exits(0).json_lines();
    let files: Vec<_> = reports
        .iter()
        .map(|report| report["file"].clone())
        .collect();
    let expected = [
        "a.png",
        "b.png",
        "m/c.png",
        "m/deep/er/d.png",
        "m/z.png",
        "n.png",
        "ä ö.png",
    ];
    assert_eq!(
        files,
        expected.map(|name| json!(at(name).display().to_string()))
    );
    let empty = at("empty");
    std::fs::create_dir(&empty).expect("a folder");
    assert!(hash([&empty]).exits(0).stdout.is_empty());
}

#[test]
#[cfg(unix)]
fn a_link_is_followed_where_it_was_named_and_left_alone_inside_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, link) = (folder.path().join("a.png"), folder.path().join("b.png"));
    std::fs::write(&file, png(&picture(40, 30, 2))).expect("written");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).expect("a link");
    assert_eq!(hash([folder.path()]).exits(0).json_lines().len(), 1);
    assert_eq!(
        hash([&link]).exits(0).json()["file"],
        link.display().to_string()
    );
}

type File = (&'static str, Vec<u8>, &'static str, Option<&'static str>);

/// Files that are bad each in its way and a good one: name, bytes, outcome and reason.
fn bad_files() -> [File; 8] {
    let whole = jpeg(&picture(640, 480, 7), 90);
    [
        (
            "1-cut.jpg",
            whole[..whole.len() * 2 / 3].to_vec(),
            "partial",
            Some("damaged"),
        ),
        ("2-empty.png", Vec::new(), "refused", Some("empty")),
        (
            "3-text.jpg",
            b"abc".to_vec(),
            "refused",
            Some("not_a_picture"),
        ),
        ("4-bomb.png", png_bomb(), "refused", Some("too_many_pixels")),
        (
            "5-dot.png",
            png(&flat(1, 1, [9, 9, 9])),
            "unmatchable",
            Some("too_small"),
        ),
        (
            "6-flat.png",
            png(&flat(300, 200, [9, 99, 199])),
            "unmatchable",
            Some("low_quality"),
        ),
        (
            "7-head.png",
            png(&picture(64, 64, 1))[..20].to_vec(),
            "refused",
            Some("damaged"),
        ),
        ("9-good.png", png(&picture(64, 64, 1)), "hashed", None),
    ]
}

/// Each kind of bad input gets its outcome, its reason and its digests; the rest is hashed.
#[test]
fn every_bad_input_gets_its_outcome_and_reason_and_the_process_lives() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = bad_files();
    for (name, bytes, ..) in &files {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    let large = std::fs::File::create(folder.path().join("8-large")).expect("made");
    large.set_len(65 << 20).expect("a sparse file");
    let reports = hash([folder.path()]).exits(1).json_lines();
    assert_eq!(reports.len(), files.len() + 1);
    for (report, (name, _, outcome, reason)) in reports
        .iter()
        .filter(|report| report["reason"] != "too_many_bytes")
        .zip(&files)
    {
        assert_eq!(report["outcome"], *outcome, "{name}");
        assert_eq!(
            report.get("reason").and_then(Value::as_str),
            *reason,
            "{name}"
        );
        assert_eq!(digests(report).len(), 3, "{name}");
    }
    assert_eq!(digests(&reports[1])[0], MD5_OF_NOTHING);
    assert_eq!(digests(&reports[2])[0], MD5_OF_ABC);
    let flat_quality = reports[5]["hashes"][0]["quality"]
        .as_u64()
        .expect("listed all the same");
    assert!(flat_quality < 50);
    let zeros = vec![0_u8; 65 << 20];
    let sha256: String = Sha256::digest(&zeros)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let large = &reports[7];
    assert_eq!(
        (&large["outcome"], &large["reason"]),
        (&json!("refused"), &json!("too_many_bytes"))
    );
    assert_eq!(digests(large)[2], sha256);
}

#[test]
#[cfg(unix)]
fn a_pipe_inside_a_folder_is_listed_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("a");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo is there");
    std::fs::write(folder.path().join("b"), b"abc").expect("written");
    let reports = hash([folder.path()]).exits(1).json_lines();
    let reasons: Vec<_> = reports.iter().map(|report| &report["reason"]).collect();
    assert_eq!(reasons, ["unreadable", "not_a_picture"]);
}

#[test]
fn what_cannot_be_read_is_listed_and_not_skipped() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = folder.path().join("a.png");
    std::fs::write(&good, png(&picture(40, 30, 2))).expect("written");
    let (missing, inside) = (folder.path().join("missing"), good.join("inside"));
    let reports = hash([&missing, &inside, &good]).exits(1).json_lines();
    assert_eq!(reports.len(), 3);
    for (report, path) in reports.iter().zip([&missing, &inside]) {
        assert_eq!(report["file"], path.display().to_string());
        assert_eq!(
            (&report["outcome"], &report["reason"]),
            (&json!("refused"), &json!("unreadable"))
        );
        assert_eq!(report["hashes"], json!([]));
    }
    assert_eq!(reports[2]["outcome"], "hashed");
}

#[test]
fn partial_and_unmatchable_files_did_not_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = jpeg(&picture(640, 480, 7), 90);
    std::fs::write(folder.path().join("cut"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(folder.path().join("flat"), png(&flat(64, 64, [1, 2, 3]))).expect("written");
    hash([folder.path()]).exits(0);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..50 {
        std::fs::write(folder.path().join(number.to_string()), b"abc").expect("written");
    }
    let mut child = seawall()
        .args(["hash", "--json"])
        .arg(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// PDQ of the reference's altered copies, made with pdqhash 0.2.8 (the reference) and
/// Pillow, whose JPEG decoder is another one: hence up to eight bits apart.
#[test]
fn altered_copies_of_the_reference_are_within_eight_bits() {
    let Some(folder) = reference("pdq/bridge-mods") else {
        return;
    };
    let reports = hash([&folder]).exits(0).json_lines();
    for (name, expected) in BRIDGE_MODS {
        let file = folder.join(format!("{name}.jpg")).display().to_string();
        let report = reports.iter().find(|report| report["file"] == file);
        let hashes = report.expect("the copy is listed")["hashes"]
            .as_array()
            .expect("a list");
        let pdq = hashes
            .iter()
            .find(|hash| hash["view"] == "stored")
            .expect("as stored");
        let bits = distance(pdq["value"].as_str().expect("a value"), expected);
        assert!(bits <= 8, "{name}: {bits} bits");
    }
}

fn distance(a: &str, b: &str) -> u32 {
    let digit = |c: char| c.to_digit(16).expect("a hexadecimal digit");
    assert_eq!(a.len(), b.len());
    a.chars()
        .zip(b.chars())
        .map(|(a, b)| (digit(a) ^ digit(b)).count_ones())
        .sum()
}

const BRIDGE_MODS: [(&str, &str); 12] = [
    (
        "aaa-orig",
        "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22",
    ),
    (
        "blur-a-little",
        "f8f8f0cee0f4a84f06370a2a038f63f0b36e26d596621e1d33e6b39c4e9c9b22",
    ),
    (
        "blur-a-lot",
        "f8f8f0cee0f4a84f0637022a038f67f0b36e26d596621e1d33e6b39c4e9c9b22",
    ),
    (
        "high-contrast",
        "f8f8f0cee0f4a84f06370a2a068f67f0b36e26d596621e1d33e6339c4e9c9b22",
    ),
    (
        "high-saturation",
        "f8f8f0cee0f4a84f06370a22038f67f0b36e2ed596221e1d33e6b39c4e9c9b22",
    ),
    (
        "sharpen-a-little",
        "f8f8f0cee0f4a84f0e370a22038f67f0b36e2ed596221e1d33e6b39c4a9c9b22",
    ),
    (
        "sharpen-a-lot",
        "d8f8f0cec0f4a84f8e370a22038f67f0b36a2ed597231e1d72e6b39c4a9c9b22",
    ),
    (
        "shrink-a-little",
        "f8f8f0cee0f4a84f06370a22038f67f0b36e2ed596621e1d33e6339c4e9c9b22",
    ),
    (
        "shrink-a-lot",
        "d0f8f1ccc0f4a84d0a370a3a228f67f0b36e2ed5b6623e1d33e6339c4e9c9b22",
    ),
    (
        "square-128x128",
        "d8f8f1eec0f4a84f0e37022a078f63f0b36e2ed596621e1d33e6239c4e9c9b22",
    ),
    (
        "square-256x256",
        "d8f8f0cec4f4a84f0637022a078f67f0b36e2ee5b6621e1d33e6239c4e9c9b22",
    ),
    (
        "square-512x512",
        "d8f8f0cec0f4a84f0637022a278f67f0b36e2ed596621e1d33e6339c4e9c9b22",
    ),
];
