//! `seawall match`: files and hashes against lists, without a server.

use std::collections::BTreeSet;
use std::path::PathBuf;

use seawall_testkit::{jpeg, picture, png, resized};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Run, reference, seawall};

/// A folder with a picture, its copy, another picture, and the hashes of the first.
struct Scene {
    folder: TempDir,
    pdq: String,
    sha256: String,
    md5: String,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let original = picture(640, 480, 11);
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("original.png"), png(&original)).expect("written");
        std::fs::write(at("copy.jpg"), jpeg(&resized(&original, 320, 240), 80)).expect("written");
        std::fs::write(at("other.png"), png(&picture(640, 480, 12))).expect("written");
        let run = Run::of(seawall().args(["hash", "--json"]).arg(at("original.png")));
        let report = run.exits(0).json();
        let value = |index: usize| {
            let value = report["hashes"][index]["value"].as_str();
            value.expect("a value").to_owned()
        };
        Self {
            pdq: value(0),
            md5: value(1),
            sha256: value(3),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn list(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).expect("written");
        self.path(name)
    }
}

fn matching() -> std::process::Command {
    let mut command = seawall();
    command.args(["match", "--json"]);
    command
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let object = value.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

/// This PDQ value with so many of its bits turned.
fn turned(pdq: &str, bits: usize) -> String {
    let digit = |(place, digit): (usize, char)| {
        let mask = match bits.saturating_sub(place * 4) {
            0 => 0,
            1 => 1,
            2 => 3,
            3 => 7,
            _ => 15,
        };
        let value = digit.to_digit(16).expect("a hexadecimal digit") ^ mask;
        char::from_digit(value, 16).expect("below sixteen")
    };
    pdq.chars().enumerate().map(digit).collect()
}

#[test]
fn several_lists_are_held_against_every_file() {
    let scene = Scene::new();
    let near = scene.list("near.txt", &format!("# a remark\n\n{}\n", scene.pdq));
    let csv = format!("name,sha256,md5\nfirst,{},{}\n", scene.sha256, scene.md5);
    let exact = scene.list("exact.csv", &csv);
    let mut command = matching();
    command.arg("--list").arg(&near).arg("--list").arg(&exact);
    for name in ["original.png", "copy.jpg", "other.png"] {
        command.arg(scene.path(name));
    }
    let reports = Run::of(&mut command).exits(0).json_lines();
    let [original, copy, other] = &reports[..] else {
        panic!("{reports:?}")
    };
    let wanted = BTreeSet::from(["file", "media_type", "outcome", "hashes", "matches"]);
    assert_eq!(keys(original), wanted);
    let found = original["matches"].as_array().expect("a list");
    let with_view = BTreeSet::from(["list", "line", "algorithm", "value", "distance", "view"]);
    let pdq = found
        .iter()
        .find(|found| found["algorithm"] == "pdq")
        .expect("by PDQ");
    assert_eq!(keys(pdq), with_view);
    assert_eq!(
        *pdq,
        json!({ "list": near.display().to_string(), "line": 3, "algorithm": "pdq",
                "value": scene.pdq, "distance": 0, "view": "stored" })
    );
    for (algorithm, value) in [("md5", &scene.md5), ("sha256", &scene.sha256)] {
        let digest = found.iter().find(|found| found["algorithm"] == algorithm);
        let expected = json!({ "list": exact.display().to_string(), "line": 2,
                               "algorithm": algorithm, "value": value, "distance": 0 });
        assert_eq!(*digest.expect("by digest"), expected);
    }
    assert_eq!(found.len(), 3);
    let near_copy = copy["matches"].as_array().expect("a list");
    assert_eq!(near_copy.len(), 1, "{near_copy:?}");
    assert!(
        near_copy[0]["distance"]
            .as_u64()
            .is_some_and(|bits| bits <= 31)
    );
    assert_eq!(other["matches"], json!([]));
}

#[test]
fn the_distance_limit_is_inclusive() {
    let scene = Scene::new();
    let (at, beyond) = (turned(&scene.pdq, 31), turned(&scene.pdq, 32));
    let list = scene.list("l.txt", &format!("{at}\n{beyond}\n"));
    for (limit, lines) in [
        (None, vec![1]),
        (Some("30"), vec![]),
        (Some("31"), vec![1]),
        (Some("32"), vec![1, 2]),
        (Some("0"), vec![]),
        (Some("256"), vec![1, 2]),
    ] {
        let mut command = matching();
        command
            .arg("--list")
            .arg(&list)
            .arg(scene.path("original.png"));
        if let Some(limit) = limit {
            command.args(["--max-distance", limit]);
        }
        let report = Run::of(&mut command).exits(0).json();
        let matches = report["matches"].as_array().expect("a list");
        let found: Vec<_> = matches
            .iter()
            .filter_map(|found| found["line"].as_i64())
            .collect();
        assert_eq!(found, lines, "{limit:?}");
    }
}

#[test]
fn bad_rows_are_named_by_line_and_the_rest_is_loaded() {
    let scene = Scene::new();
    let text = format!(
        "{}x\npdq:{}\nfoo:12\n\n{}\nmd5:12\n",
        &scene.pdq[1..],
        scene.pdq,
        "0".repeat(64)
    );
    let list = scene.list("bad.txt", &text);
    let mut command = matching();
    command
        .arg("--list")
        .arg(&list)
        .arg(scene.path("original.png"));
    let run = Run::of(&mut command).exits(1);
    assert_eq!(run.json()["matches"][0]["line"], 2);
    let named: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(named.len(), 4, "{named:?}");
    for (line, words) in [
        (1, "was not read"),
        (3, "was not read"),
        (6, "was not read"),
        (5, "set aside"),
    ] {
        let said = named
            .iter()
            .any(|row| row.contains(&format!("line {line} ")) && row.contains(words));
        assert!(said, "line {line} {words}: {named:?}");
    }
    assert!(
        !run.stderr.contains(&scene.pdq[1..]),
        "a hash does not reach an error text"
    );
}

#[test]
fn a_list_of_nothing_but_bytes_is_named_row_by_row_and_one_that_is_not_there_ends_with_two() {
    let scene = Scene::new();
    std::fs::write(scene.path("junk"), [0xFF, 0xFE, b'\n', 0, 1, 2, b'\n']).expect("written");
    let mut command = matching();
    command
        .arg("--list")
        .arg(scene.path("junk"))
        .arg(scene.path("original.png"));
    let run = Run::of(&mut command).exits(1);
    assert_eq!(run.json()["matches"], json!([]));
    assert!(
        run.stderr.contains("line 1 ") && run.stderr.contains("line 2 "),
        "{}",
        run.stderr
    );
    let mut command = matching();
    command
        .arg("--list")
        .arg(scene.path("nowhere"))
        .arg(scene.path("original.png"));
    let run = Run::of(&mut command).exits(2);
    assert!(
        run.stderr.contains("nowhere") && run.stdout.is_empty(),
        "{}",
        run.stderr
    );
}

#[test]
fn exit_three_means_a_match_and_outranks_one() {
    let scene = Scene::new();
    let list = scene.list("l.txt", &scene.pdq);
    let bad = scene.list("b.txt", &format!("{}\nrubbish here\n", scene.pdq));
    let (found, other) = (scene.path("copy.jpg"), scene.path("other.png"));
    let missing = scene.path("missing.png");
    for (list, files, asked, code) in [
        (&list, vec![&found], false, 0),
        (&list, vec![&found], true, 3),
        (&list, vec![&other], true, 0),
        (&list, vec![&other, &missing], true, 1),
        (&list, vec![&found, &missing], true, 3),
        (&list, vec![&found, &missing], false, 1),
        (&bad, vec![&found], true, 3),
        (&bad, vec![&other], true, 1),
    ] {
        let mut command = matching();
        command.arg("--list").arg(list).args(files.iter().copied());
        if asked {
            command.arg("--exit-code");
        }
        let code_found = Run::of(&mut command).code;
        assert_eq!(code_found, code, "{files:?} {asked}");
    }
}

/// The fast mode finds what the exact one finds, and shows no hash that could get into a list.
#[test]
fn fast_matching_finds_copies_and_shows_no_perceptual_hash() {
    let scene = Scene::new();
    let list = scene.list("l.txt", &scene.pdq);
    for (name, code) in [("copy.jpg", 3), ("original.png", 3), ("other.png", 0)] {
        let mut command = matching();
        command.args(["--fast", "--exit-code", "--list"]).arg(&list);
        let report = Run::of(command.arg(scene.path(name))).exits(code).json();
        assert_eq!(report["outcome"], "hashed");
        let hashes = report["hashes"].as_array().expect("a list");
        let algorithms: Vec<&Value> = hashes.iter().map(|hash| &hash["algorithm"]).collect();
        assert_eq!(algorithms, ["md5", "sha1", "sha256"]);
        let found = report["matches"].as_array().expect("a list").len();
        assert_eq!(found, usize::from(code == 3));
    }
    let mut hashing = seawall();
    hashing.args(["hash", "--fast"]).arg(scene.path("copy.jpg"));
    assert_eq!(Run::of(&mut hashing).code, 2);
}

#[test]
fn the_digest_of_a_file_that_is_no_picture_is_matched() {
    let scene = Scene::new();
    std::fs::write(scene.path("t"), b"abc").expect("written");
    let list = scene.list("l.txt", "md5:900150983cd24fb0d6963f7d28e17f72\n");
    let mut command = matching();
    command
        .args(["--exit-code", "--list"])
        .arg(&list)
        .arg(scene.path("t"));
    let report = Run::of(&mut command).exits(3).json();
    assert_eq!(
        (&report["outcome"], &report["reason"]),
        (&json!("refused"), &json!("not_a_picture"))
    );
    assert_eq!(report["matches"][0]["algorithm"], "md5");
}

#[test]
fn without_json_a_person_can_read_it_and_standard_input_is_taken() {
    let scene = Scene::new();
    let list = scene.list("l.txt", &scene.pdq);
    let bytes = std::fs::read(scene.path("original.png")).expect("read");
    let mut command = seawall();
    command.args(["match", "--list"]).arg(&list).arg("-");
    let run = Run::with_input(&mut command, &bytes).exits(0);
    assert!(run.stdout.starts_with("-\n"), "{}", run.stdout);
    let line = run
        .stdout
        .lines()
        .find(|line| line.contains("MATCH"))
        .expect("a match");
    assert!(line.contains("line 1") && line.contains("0 bits"), "{line}");
}

#[test]
fn a_file_of_hashes_is_answered_query_by_query() {
    let scene = Scene::new();
    let list = scene.list(
        "l.txt",
        &format!("{}\n{}\n", turned(&scene.pdq, 6), scene.pdq),
    );
    let far = turned(&scene.pdq, 200);
    let queries = scene.list("q.txt", &format!("{}\n{far}\nnonsense!\n", scene.pdq));
    let mut command = matching();
    command
        .args(["--exit-code", "--list"])
        .arg(&list)
        .arg("--hashes")
        .arg(&queries);
    let run = Run::of(&mut command).exits(3);
    let name = list.display().to_string();
    let hit = |line: u64, value: &str, distance: u64| json!({ "list": name, "line": line, "value": value, "distance": distance });
    let expected = [
        json!({ "query": scene.pdq, "matches": [hit(2, &scene.pdq, 0), hit(1, &turned(&scene.pdq, 6), 6)] }),
        json!({ "query": far, "matches": [] }),
    ];
    assert_eq!(run.json_lines(), expected);
    assert!(
        run.stderr.contains("q.txt") && run.stderr.contains("line 3 "),
        "{}",
        run.stderr
    );
    let mut table = seawall();
    table
        .args(["match", "--list"])
        .arg(&list)
        .arg("--hashes")
        .arg(&queries);
    let shown = Run::of(&mut table).exits(1).stdout;
    assert!(
        shown.contains("line 2: 0 bits") && shown.contains("line 1: 6 bits"),
        "{shown}"
    );
}

/// Counts by brute force over the search set of the reference.
#[test]
fn the_search_set_of_the_reference_gives_its_exact_counts() {
    let (Some(haystack), Some(needles)) = (
        reference("pdq/reg-test-input/haystack.txt"),
        reference("pdq/reg-test-input/needles.txt"),
    ) else {
        return;
    };
    for (limit, pairs) in [
        (0, 50),
        (15, 151),
        (20, 180),
        (31, 250),
        (40, 252),
        (52, 346),
    ] {
        let mut command = matching();
        command
            .arg("--list")
            .arg(&haystack)
            .arg("--hashes")
            .arg(&needles);
        command.args(["--max-distance", &limit.to_string()]);
        let answers = Run::of(&mut command).exits(0).json_lines();
        assert_eq!(answers.len(), 100);
        let count = |answer: &Value| answer["matches"].as_array().map_or(0, Vec::len);
        assert_eq!(
            answers.iter().map(count).sum::<usize>(),
            pairs,
            "within {limit} bits"
        );
    }
}
