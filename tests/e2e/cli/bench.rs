//! `seawall bench`: what its JSON promises, at sizes that take no time.

use serde_json::Value;

use crate::support::{Run, seawall};

#[track_caller]
fn object(arguments: &[&str]) -> Value {
    let run = Run::of(seawall().arg("bench").args(arguments).arg("--json")).exits(0);
    run.json()
}

#[track_caller]
fn has_numbers(object: &Value, names: &[&str]) {
    for name in names {
        let value = object[name].as_f64();
        assert!(value.is_some_and(|value| value >= 0.0), "{name}: {object}");
    }
}

#[track_caller]
fn says_where_it_was_measured(object: &Value) {
    assert!(
        object["kernel"]
            .as_str()
            .is_some_and(|name| !name.is_empty())
    );
    assert!(object["machine"]["processor"].is_string(), "{object}");
    assert!(
        object["machine"]["cores"]
            .as_u64()
            .is_some_and(|cores| cores > 0)
    );
}

#[test]
fn matching_finds_every_pair_that_brute_force_finds() {
    // Below and above the size up to which every row is looked at, and on two threads.
    for (size, more) in [
        ("1", &[][..]),
        ("3000", &[]),
        ("20000", &[]),
        ("20000", &["--threads", "2"]),
        ("20000", &["--max-distance", "9"]),
        ("300", &["--max-distance", "100"]),
    ] {
        let arguments = ["match", "--size", size, "--queries", "200", "--seed", "7"];
        let arguments = [
            &arguments[..],
            &["--repeats", "1", "--checked", "200"],
            more,
        ]
        .concat();
        let object = object(&arguments);
        says_where_it_was_measured(&object);
        has_numbers(
            &object,
            &["microseconds_per_query", "build_seconds", "recall"],
        );
        assert_eq!(object["recall"], 1.0, "{object}");
        assert_eq!(object["pairs_expected"], object["pairs_found"], "{object}");
        assert_eq!(object["pairs_unexpected"], 0, "{object}");
        assert_eq!(object["checked_queries"], 200);
        assert_eq!(
            (&object["queries"], &object["seed"]),
            (&200.into(), &7.into())
        );
        if cfg!(target_os = "linux") {
            has_numbers(&object, &["resident_mb", "build_peak_mb"]);
        }
    }
}

/// A hundred copies with 0 to 31 bits flipped are a hundred pairs at the usual threshold:
/// random hashes of 256 bits are not that near each other.
#[test]
fn half_of_the_queries_are_near_copies() {
    let expected = |checked: &str| {
        let arguments = [
            "match",
            "--size",
            "5000",
            "--queries",
            "200",
            "--repeats",
            "1",
        ];
        let object = object(&[&arguments[..], &["--checked", checked]].concat());
        object["pairs_expected"].clone()
    };
    assert_eq!(expected("0"), 100);
    assert_eq!(expected("50"), 100);
    assert_eq!(expected("200"), 100);
}

#[test]
fn the_same_seed_gives_the_same_lists_and_another_one_others() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let saved = |name: &str, seed: &str| {
        let folder = folder.path().join(name);
        let path = folder.to_str().expect("a path in UTF-8");
        let arguments = [
            "match",
            "--size",
            "500",
            "--queries",
            "20",
            "--repeats",
            "1",
        ];
        object(&[&arguments[..], &["--seed", seed, "--save", path]].concat());
        let read = |file: &str| std::fs::read(folder.join(file)).expect("it was written");
        (read("list.bin"), read("queries.bin"), read("pairs.bin"))
    };
    let (list, queries, pairs) = saved("a", "1");
    assert_eq!(
        (list.len(), queries.len(), pairs.len()),
        (500 * 32, 20 * 32, 10 * 8)
    );
    assert!((list.clone(), queries, pairs) == saved("b", "1"));
    assert!(list != saved("c", "2").0);
}

#[test]
fn hashing_gives_its_time_and_the_kernels_that_agree() {
    let object = object(&["hash", "--width", "90", "--height", "70", "--repeats", "2"]);
    says_where_it_was_measured(&object);
    has_numbers(&object, &["milliseconds_per_picture"]);
    let kernels = object["kernels_that_agree"].as_array().expect("a list");
    assert!(kernels.contains(&"scalar".into()) && kernels.contains(&object["kernel"]));
    let scalar = ["--kernel", "scalar", "--repeats", "1"];
    let plain = self::object(&[&["hash", "--width", "90", "--height", "70"][..], &scalar].concat());
    assert_eq!(plain["kernel"], "scalar");
    assert_eq!(plain["hash"], object["hash"]);
}

#[test]
fn a_file_is_decoded_and_hashed_as_by_the_command_for_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pattern.jpg");
    let bytes = seawall_testkit::jpeg(&seawall_testkit::picture(200, 150, 5), 85);
    std::fs::write(&path, bytes).expect("it can be written");
    let path = path.to_str().expect("a path in UTF-8");
    let timed = object(&["file", "--repeats", "1", path]);
    has_numbers(&timed, &["milliseconds_per_picture"]);
    let hashed = Run::of(seawall().args(["hash", "--json", path]))
        .exits(0)
        .json();
    let views = timed["files"][0]["hashes"].as_array().expect("a list");
    let all = hashed["hashes"].as_array().expect("a list");
    assert!(!views.is_empty() && views.iter().all(|view| all.contains(view)));
}

#[test]
fn memory_is_watched_over_many_compactions() {
    let arguments = [
        "soak",
        "--size",
        "20000",
        "--rounds",
        "5",
        "--growth-max",
        "400",
    ];
    let object = object(&arguments);
    assert_eq!(object["rounds"], 5);
    if cfg!(target_os = "linux") {
        let names = [
            "resident_mb_first",
            "resident_mb_highest",
            "resident_mb_last",
        ];
        has_numbers(&object, &names);
        assert_eq!(object["flat"], true);
    }
}

/// Without giving large blocks back, memory doubles after some twenty compactions.
#[test]
fn memory_stays_flat_over_many_compactions() {
    let arguments = [
        "soak",
        "--size",
        "200000",
        "--rounds",
        "40",
        "--growth-max",
        "60",
    ];
    let object = object(&arguments);
    if cfg!(target_os = "linux") {
        assert_eq!(object["flat"], true, "{object}");
    }
}

#[test]
fn without_json_there_is_a_table_with_units() {
    let run = |arguments: &[&str]| {
        let command = &mut seawall();
        Run::of(command.arg("bench").args(arguments))
            .exits(0)
            .stdout
    };
    let table = run(&[
        "match",
        "--size",
        "1000",
        "--queries",
        "20",
        "--repeats",
        "1",
    ]);
    assert!(
        table.contains("recall") && table.contains("µs") && table.contains("MB"),
        "{table}"
    );
    let table = run(&["hash", "--width", "64", "--height", "64", "--repeats", "1"]);
    assert!(table.contains("ms") && table.contains("64 × 64"), "{table}");
}

#[test]
fn a_number_on_standard_input_asks_for_more_rounds() {
    let arguments = ["match", "--size", "100", "--queries", "4", "--repeats", "1"];
    let command = &mut seawall();
    let command = command
        .arg("bench")
        .args(arguments)
        .args(["--json", "--steps"]);
    let lines = Run::with_input(command, b"1\n3\n").exits(0).json_lines();
    assert_eq!(lines.len(), 3);
    lines[1..]
        .iter()
        .for_each(|line| has_numbers(line, &["seconds"]));
}

#[test]
fn what_cannot_be_measured_ends_with_two_and_says_why() {
    for (arguments, said) in [
        (&["match", "--size", "0"][..], "0 is not in 1.."),
        (&["match", "--size", "many"], "many"),
        (&["match", "--queries", "1"], "2.."),
        (&["match", "--threads", "0"], "1..=1024"),
        (&["match", "--max-distance", "257"], "0..=256"),
        (&["match", "--seed", "-1"], "-1"),
        (&["hash", "--width", "4"], "5.."),
        (
            &[
                "hash", "--width", "90", "--height", "70", "--kernel", "magic",
            ],
            "scalar",
        ),
        (&["soak", "--size", "99"], "100.."),
        (&["soak", "--rounds", "0"], "1.."),
        (&["file"], "required"),
        (&["file", "nowhere.jpg"], "nowhere.jpg"),
        (&["dance"], "dance"),
    ] {
        let run = Run::of(seawall().arg("bench").args(arguments)).exits(2);
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{arguments:?}: {}", run.stdout);
    }
    if cfg!(target_os = "linux") {
        let run = Run::of(seawall().args(["bench", "match", "--size", "4000000000"])).exits(2);
        assert!(
            run.stderr.contains("take a smaller --size"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_seen_index_in_a_folder_that_is_not_there_says_only_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    let mut command = seawall();
    let command = command.args(["bench", "seen", "--folder"]).arg(missing);
    let run = Run::of(command).exits(2);
    assert!(run.stderr.contains("making the folder"), "{}", run.stderr);
    assert!(!run.stderr.contains("not deleted"), "{}", run.stderr);
}

#[test]
fn a_seen_index_finds_what_was_planted_by_one_hash_and_by_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8").to_owned();
    for hashes in ["2", "600"] {
        let measured = object(&[
            "seen", "--size", "70000", "--hashes", hashes, "--rounds", "1", "--folder", &path,
        ]);
        has_numbers(
            &measured,
            &[
                "fill_seconds",
                "disk_mb",
                "seconds_for_one",
                "seconds_for_many",
            ],
        );
        let planted = hashes.parse::<u64>().expect("a number") / 2;
        assert!(
            measured["found"].as_u64() >= Some(planted * 9 / 10),
            "{measured}"
        );
    }
    let left = std::fs::read_dir(folder.path()).expect("readable").count();
    assert_eq!(left, 0, "the folder is deleted again");
}
