//! `seawall bank`: what the command line does with banks.

use std::collections::BTreeSet;

use seawall_testkit::{flat, jpeg, picture, png};
use serde_json::{Value, json};

use crate::support::{Installation, Run, seawall};

fn banks(installation: &Installation) -> Vec<Value> {
    let listed = installation
        .run(["bank", "list", "--json"])
        .exits(0)
        .json_lines();
    listed
        .into_iter()
        .filter(|bank| bank["name"] != "SEAWALL_SELFTEST")
        .collect()
}

/// Everything that a row of an export says, but for the content's number.
fn rows(export: &str) -> BTreeSet<String> {
    let mut lines = export.lines();
    assert_eq!(lines.next(), Some("content,algorithm,value,quality,note"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.splitn(5, ',').collect();
        assert_eq!(cells.len(), 5, "{line}");
        cells[1..].join(",")
    };
    lines.map(row).collect()
}

/// What `bank list --json` tells of each bank.
const KEYS: [&str; 8] = [
    "id",
    "name",
    "role",
    "owner",
    "threshold",
    "enabled",
    "contents",
    "low_quality",
];

#[test]
fn a_bank_is_made_listed_and_deleted() {
    let installation = Installation::new();
    let run = installation.run(["bank", "create", "FIRST"]).exits(0);
    assert!(
        run.stdout.contains("FIRST") && run.stdout.contains("31 bits"),
        "{}",
        run.stdout
    );
    installation
        .run([
            "bank",
            "create",
            "SECOND",
            "--threshold",
            "12",
            "--disabled",
        ])
        .exits(0);
    let listed = banks(&installation);
    assert_eq!(listed.len(), 2);
    let keys = listed[0].as_object().expect("an object").keys();
    assert_eq!(
        keys.map(String::as_str).collect::<BTreeSet<&str>>(),
        BTreeSet::from(KEYS)
    );
    assert_eq!(
        (
            &listed[0]["name"],
            &listed[0]["threshold"],
            &listed[0]["enabled"],
            &listed[0]["contents"]
        ),
        (&json!("FIRST"), &json!(31), &json!(true), &json!(0))
    );
    assert_eq!(
        (&listed[1]["threshold"], &listed[1]["enabled"]),
        (&json!(12), &json!(false))
    );
    let table = installation.run(["bank", "list"]).exits(0).stdout;
    assert!(
        table.contains("SECOND") && table.contains("12 bits  disabled"),
        "{table}"
    );
    let again = installation.run(["bank", "create", "FIRST"]).exits(2);
    assert!(
        again.stderr.contains("there is one of this name already"),
        "{}",
        again.stderr
    );
    let asked = installation.run(["bank", "delete", "FIRST"]).exits(0);
    assert!(
        asked.stdout.contains("would delete FIRST") && asked.stdout.contains("--yes"),
        "{}",
        asked.stdout
    );
    assert_eq!(banks(&installation).len(), 2);
    installation
        .run(["bank", "delete", "FIRST", "--yes"])
        .exits(0);
    assert_eq!(banks(&installation).len(), 1);
    installation
        .run(["bank", "delete", "FIRST", "--yes"])
        .exits(2);
}

#[test]
fn names_that_are_none_and_banks_that_are_not_there_are_refused() {
    let installation = Installation::new();
    for name in ["", "lower", "1ST", "A B", "A-B", "Ä", "../X", "A;DROP"] {
        installation.run(["bank", "create", name]).exits(2);
    }
    for arguments in [
        &["bank", "export", "NOBODY"][..],
        &[
            "bank",
            "add",
            "NOBODY",
            "--hash",
            "md5:900150983cd24fb0d6963f7d28e17f72",
        ],
        &["bank", "delete", "NOBODY"],
        &["bank", "delete", "SEAWALL_SELFTEST", "--yes"],
        &[
            "bank",
            "add",
            "SEAWALL_SELFTEST",
            "--hash",
            "md5:900150983cd24fb0d6963f7d28e17f72",
        ],
    ] {
        installation.run(arguments).exits(2);
    }
    let run = installation
        .run(["bank", "create", "A", "--threshold", "257"])
        .exits(2);
    assert!(run.stderr.contains("257"), "{}", run.stderr);
    assert!(banks(&installation).is_empty());
}

#[test]
fn pictures_are_added_by_their_hashes_and_what_has_none_is_named() {
    let installation = Installation::new();
    installation.run(["bank", "create", "OWN"]).exits(0);
    let good = installation.write("pictures/a.png", png(&picture(320, 240, 1)));
    installation.write("pictures/b.jpg", jpeg(&picture(320, 240, 2), 90));
    installation.write("pictures/flat.png", png(&flat(64, 64, [5, 5, 5])));
    installation.write("pictures/text.png", "no picture");
    let folder = installation.path("pictures");
    let run = Run::of(
        installation
            .command(["bank", "add", "OWN", "--note", "ours"])
            .arg(&folder),
    )
    .exits(1);
    assert_eq!(
        run.stdout.matches("added content").count(),
        2,
        "{}",
        run.stdout
    );
    for name in ["flat.png", "text.png"] {
        assert!(run.stderr.contains(name), "{}", run.stderr);
    }
    assert_eq!(banks(&installation)[0]["contents"], 2);
    let hashed = Run::of(seawall().args(["hash", "--json"]).arg(&good))
        .exits(0)
        .json();
    let exported = rows(&installation.run(["bank", "export", "OWN"]).exits(0).stdout);
    assert_eq!(exported.len(), 8, "one PDQ and three digests each");
    for hash in hashed["hashes"].as_array().expect("a list") {
        let algorithm = hash["algorithm"].as_str().expect("a name");
        let value = hash["value"].as_str().expect("a value");
        let start = format!("{algorithm},{value},");
        assert!(
            exported.iter().any(|row| row.starts_with(&start)),
            "{start}"
        );
    }
}

#[test]
fn hashes_are_added_by_their_text_and_bad_ones_change_nothing() {
    let installation = Installation::new();
    installation.run(["bank", "create", "OWN"]).exits(0);
    let (pdq, md5) = (
        format!("pdq:{}", "5".repeat(64)),
        "md5:900150983cd24fb0d6963f7d28e17f72",
    );
    installation
        .run(["bank", "add", "OWN", "--hash", &pdq, "--hash", md5])
        .exits(0);
    assert_eq!(
        banks(&installation)[0]["contents"],
        1,
        "two hashes of one content"
    );
    for bad in [
        "md5:12",
        "foo:12",
        "900150983cd24fb0d6963f7d28e17f72",
        "pdq:",
    ] {
        installation
            .run(["bank", "add", "OWN", "--hash", md5, "--hash", bad])
            .exits(2);
    }
    installation.run(["bank", "add", "OWN"]).exits(2);
    assert_eq!(banks(&installation)[0]["contents"], 1);
}

#[test]
fn an_import_names_bad_rows_loads_the_rest_and_adds_nothing_twice() {
    let installation = Installation::new();
    installation.run(["bank", "create", "OWN"]).exits(0);
    let text = format!(
        "{}\nrubbish row\n{}\n{}\n",
        "5".repeat(64),
        "6".repeat(64),
        "0".repeat(64)
    );
    let list = installation.write("list.txt", text);
    let import = |more: &[&str]| {
        Run::of(
            installation
                .command(["bank", "import", "OWN"])
                .arg(&list)
                .args(more),
        )
    };
    let dry = import(&["--dry-run"]);
    assert!(
        dry.stdout.contains("would add up to 2 rows"),
        "{}",
        dry.stdout
    );
    assert!(
        dry.stderr.contains("line 2 ") && dry.stderr.contains("line 4 "),
        "{}",
        dry.stderr
    );
    assert_eq!(banks(&installation)[0]["contents"], 0);
    let first = import(&[]).exits(1);
    assert!(
        first
            .stdout
            .contains("added 2, 0 were there already, 1 unreadable, 1 set aside"),
        "{}",
        first.stdout
    );
    assert!(
        first.stderr.contains("line 2 ") && first.stderr.contains("line 4 "),
        "{}",
        first.stderr
    );
    let second = import(&[]).exits(1);
    assert!(
        second.stdout.contains("added 0, 2 were there already"),
        "{}",
        second.stdout
    );
    assert_eq!(banks(&installation)[0]["contents"], 2);
    Run::of(
        installation
            .command(["bank", "import", "OWN"])
            .arg("nowhere.txt"),
    )
    .exits(2);
    Run::of(
        installation
            .command(["bank", "import", "NOBODY"])
            .arg(&list),
    )
    .exits(2);
}

#[test]
fn a_layout_is_tried_out_without_changing_anything() {
    let installation = Installation::new();
    installation.run(["bank", "create", "OWN"]).exits(0);
    let md5 = "5d41402abc4b2a76b9719d911017c592";
    installation.write(
        "list.csv",
        format!("Ref;MD5;Gone\n1;{md5};\n2;{md5};2024-05-01\n3;x;\n"),
    );
    let layout = "format = \"csv\"\nseparator = \";\"\nid = \"Ref\"\nremoved = \"Gone\"\n\
        [[hash]]\nkind = \"md5\"\nvalue = \"MD5\"\n";
    installation.write("good.toml", layout);
    installation.write("typo.toml", layout.replace("id =", "ident =").as_str());
    installation.write("other.toml", layout.replace("\"Gone\"", "\"Removed\""));
    let import = |layout: &str, more: &[&str]| {
        let mut command = installation.command(["bank", "import", "OWN"]);
        command.arg(installation.path("list.csv")).arg("--layout");
        command.arg(installation.path(layout)).args(more);
        Run::of(&mut command)
    };
    let tried = import("good.toml", &["--dry-run"]).exits(1);
    assert_eq!(
        tried.stdout,
        "1 entries, 1 withdrawn, 1 rows or parts of rows not read; nothing was changed\n  hashes: md5 1\n"
    );
    assert!(
        tried
            .stderr
            .contains("line 4: MD5: no hash of this kind has 1 digits")
    );
    assert!(!tried.stderr.contains(&md5[..8]), "{}", tried.stderr);
    let typo = import("typo.toml", &["--dry-run"]).exits(2);
    assert!(
        typo.stderr.contains("line 3 of the layout"),
        "{}",
        typo.stderr
    );
    let other = import("other.toml", &["--dry-run"]).exits(2);
    assert!(
        other.stderr.contains("no column \"Removed\""),
        "{}",
        other.stderr
    );
    import("good.toml", &[]).exits(2);
    assert_eq!(banks(&installation)[0]["contents"], 0);
}

#[test]
fn what_is_exported_can_be_imported_again() {
    let installation = Installation::new();
    for bank in ["FROM", "TO"] {
        installation.run(["bank", "create", bank]).exits(0);
    }
    installation.write("pictures/a.png", png(&picture(320, 240, 1)));
    installation.write("pictures/b.png", png(&picture(320, 240, 2)));
    Run::of(
        installation
            .command(["bank", "add", "FROM"])
            .arg(installation.path("pictures")),
    )
    .exits(0);
    let file = installation.path("export.csv");
    let export = || {
        Run::of(
            installation
                .command(["bank", "export", "FROM", "--output"])
                .arg(&file),
        )
    };
    export().exits(0);
    let refused = export().exits(2);
    assert!(
        refused.stderr.contains("export.csv"),
        "an export overwrites nothing: {}",
        refused.stderr
    );
    Run::of(installation.command(["bank", "import", "TO"]).arg(&file)).exits(0);
    let (from, to) = (
        std::fs::read_to_string(&file).expect("read"),
        installation.run(["bank", "export", "TO"]).exits(0).stdout,
    );
    assert_eq!(rows(&from), rows(&to));
    assert_eq!(rows(&from).len(), 8);
    // The lists that `match` reads are the same.
    let mut command = seawall();
    command
        .args(["match", "--exit-code", "--list"])
        .arg(&file)
        .arg(installation.path("pictures/a.png"));
    Run::of(&mut command).exits(3);
}

#[test]
fn exceptions_reach_31_bits_and_no_farther() {
    let installation = Installation::new();
    let refuse = |arguments: &[&str]| {
        let told = installation.run(arguments).exits(2).stderr;
        assert!(told.contains("at most 31 bits"), "{told}");
    };
    let create = ["bank", "create", "BENIGN", "--role", "exception", "--owner"];
    let create = |bits| [&create[..], &["Trust and safety", "--threshold", bits]].concat();
    refuse(&create("32"));
    installation.run(create("31")).exits(0);
    let rows = format!("algorithm,value,note\npdq,{},an icon\n", "05".repeat(32));
    let rows = installation.write("icons.csv", rows);
    let rows = rows.to_str().expect("UTF-8");
    installation
        .run(["bank", "import", "BENIGN", rows, "--list", "icons"])
        .exits(0);
    let set = |bits| {
        [
            "bank",
            "lists",
            "set",
            "BENIGN",
            "icons",
            "--threshold",
            bits,
        ]
    };
    refuse(&set("256"));
    installation.run(set("31")).exits(0);
}

#[test]
fn exceptions_and_lists_are_kept_from_the_command_line() {
    let installation = Installation::new();
    let create = ["bank", "create", "BENIGN", "--role", "exception"];
    let refused = installation.run(create).exits(2);
    assert!(refused.stderr.contains("owner"), "{}", refused.stderr);
    let owned = create.into_iter().chain(["--owner", "Trust and safety"]);
    let made = installation.run(owned).exits(0);
    assert!(made.stdout.contains("0 bits"), "{}", made.stdout);
    let listed = &banks(&installation)[0];
    assert_eq!(
        (&listed["role"], &listed["owner"]),
        (&json!("exception"), &json!("Trust and safety"))
    );
    let hash = format!("pdq:{}", "0f".repeat(32));
    let add = ["bank", "add", "BENIGN", "--hash", &hash];
    let refused = installation.run(add).exits(2);
    assert!(refused.stderr.contains("note"), "{}", refused.stderr);
    installation
        .run(add.into_iter().chain(["--note", "an icon"]))
        .exits(0);

    installation.run(["bank", "create", "KNOWN"]).exits(0);
    let rows = installation.write("rows.txt", "0f".repeat(32));
    let rows = rows.to_str().expect("UTF-8");
    installation
        .run(["bank", "import", "KNOWN", rows, "--list", "week-48"])
        .exits(0);
    let lists = |more: &[&str]| {
        let arguments = [&["bank", "lists"][..], more].concat();
        installation.run(arguments)
    };
    lists(&["set", "KNOWN", "week-48", "--threshold", "20", "--disable"]).exits(0);
    let shown = lists(&["show", "KNOWN", "--json"]).exits(0).json();
    assert_eq!(
        shown,
        json!({ "name": "week-48", "threshold": 20, "enabled": false, "contents": 1 })
    );
    let set = lists(&["set", "KNOWN", "week-48", "--bank-threshold", "--enable"]).exits(0);
    assert!(
        set.stdout.contains("the bank's bits  enabled"),
        "{}",
        set.stdout
    );
    assert!(
        lists(&["set", "KNOWN", "week-48"])
            .exits(2)
            .stderr
            .contains("--threshold")
    );
    let table = installation.run(["bank", "list"]).exits(0).stdout;
    assert!(table.contains("enabled  exceptions"), "{table}");
    lists(&["delete", "KNOWN", "week-48"]).exits(0);
    let deleted = lists(&["delete", "KNOWN", "week-48", "--yes"]).exits(0);
    assert_eq!(deleted.stdout, "deleted week-48 with 1 contents\n");
    assert!(
        lists(&["delete", "KNOWN", "week-48"])
            .exits(2)
            .stderr
            .contains("week-48")
    );
}
