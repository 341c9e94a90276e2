//! `seawall hma`: banks come over from HMA, and the two are held against each other.

use serde_json::{Value, json};

use crate::Scene;
use crate::support::{DEADLINE, Installation, Run, eventually};

/// What the query of docs/moving-from-hma.md writes, with a line that is none.
fn export() -> String {
    let line = |bank: &str, id: i64, switch: i64, signals: Value| {
        json!({
            "bank": bank, "enabled_ratio": 1.0, "id": id, "disable_until_ts": switch,
            "original_content_uri": null, "metadata": null, "note": null, "signals": signals,
        })
        .to_string()
    };
    let named = json!({
        "bank": "FIRST", "enabled_ratio": 1.0, "id": 2, "disable_until_ts": 1,
        "original_content_uri": "https://media.example/2", "note": "a remark",
        "metadata": { "content_id": "post-2", "json": { "a": 1 } }, "signals": { "pdq": PDQ[1] },
    });
    [
        line("FIRST", 1, 1, json!({ "pdq": PDQ[0], "vpdq": "x" })),
        named.to_string(),
        line("FIRST", 3, 1, json!({ "pdq": "f8" })),
        line("SECOND", 4, 1, json!({ "video_md5": MD5 })),
        line("SECOND", 5, 0, json!({ "pdq": PDQ[2] })),
        line("SECOND", 6, 1, json!({ "vpdq": "x" })),
        line("no such name", 7, 1, json!({ "pdq": PDQ[0] })),
    ]
    .join("\n")
}

/// Hashes of nothing: bits that somebody wrote down.
const PDQ: [&str; 3] = [
    "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
    "3333333333333333333333333333333333333333333333333333333333333333",
    "5555555555555555aaaaaaaaaaaaaaaa5555555555555555aaaaaaaaaaaaaaaa",
];
const MD5: &str = "00112233445566778899aabbccddeeff";

fn contents(installation: &Installation) -> Vec<(String, i64)> {
    let banks = installation.run(["bank", "list", "--json"]).exits(0);
    let counted = banks.json_lines().into_iter().map(|bank| {
        let name = bank["name"].as_str().expect("a name").to_owned();
        (name, bank["contents"].as_i64().expect("a number"))
    });
    counted
        .filter(|(name, _)| name != "SEAWALL_SELFTEST")
        .collect()
}

#[test]
fn an_export_comes_over_once_and_whole_after_a_dry_run_that_changes_nothing() {
    let scene = Scene::new();
    let (installation, hma) = (&scene.installation, &scene.hma);
    installation.write("hma.jsonl", export());
    let file = installation.path("hma.jsonl").display().to_string();
    let dry = installation
        .run(["hma", "import", &file, "--dry-run"])
        .exits(1);
    assert!(
        dry.stdout.contains("FIRST, to be made: would add 2"),
        "{}",
        dry.stdout
    );
    assert!(
        dry.stderr.contains("line 3") && dry.stderr.contains("line 7"),
        "{}",
        dry.stderr
    );
    assert!(!dry.stderr.contains("post-2"), "{}", dry.stderr);
    assert_eq!(contents(installation), []);

    let done = installation
        .run(["hma", "import", &file, "--json"])
        .exits(1);
    let done: Vec<Value> = done.json_lines();
    assert_eq!(
        done[0],
        json!({ "bank": "FIRST", "made": true, "added": 2, "known": 0, "refused": 0, "dry_run": false })
    );
    assert_eq!(
        done[1],
        json!({ "bank": "SECOND", "made": true, "added": 2, "known": 0, "refused": 0, "dry_run": false })
    );
    let expected = [("FIRST".to_owned(), 2), ("SECOND".to_owned(), 2)];
    assert_eq!(contents(installation), expected);
    let again = installation.run(["hma", "import", &file]).exits(1);
    assert!(
        again.stdout.contains("added 0, 2 there already"),
        "{}",
        again.stdout
    );
    assert_eq!(contents(installation), expected);

    // The server takes it over within a second.
    let look_up = |signal: &str, kind: &str| -> Value {
        let path = format!("/m/lookup?signal={signal}&signal_type={kind}");
        hma.get(&path).expect(200).json()
    };
    eventually("the server has the banks", DEADLINE, || {
        (look_up(MD5, "video_md5") != json!({})).then_some(())
    });
    let found = look_up(PDQ[1], "pdq");
    let id = found["FIRST"][0]["bank_content_id"]
        .as_i64()
        .expect("a match");
    let path = format!("/c/bank/FIRST/content/{id}?include_metadata=true&include_signals=true");
    let content: Value = hma.get(&path).expect(200).json();
    assert_eq!(content["metadata"]["content_id"], "post-2");
    assert_eq!(content["note"], "a remark");
    assert_eq!(content["signals"], json!({ "pdq": PDQ[1] }));
    assert_eq!(
        look_up(PDQ[2], "pdq"),
        json!({}),
        "it was off and stays off"
    );
}

/// What is wrong with one line, signal or bank costs that one and nothing else, and is named.
#[test]
fn one_bad_thing_costs_itself_alone() {
    let scene = Scene::new();
    let installation = &scene.installation;
    let exceptions = ["bank", "create", "EXCEPTIONS", "--role", "exception"];
    let command = exceptions.iter().chain(&["--owner", "Somebody"]);
    installation.run(command).exits(0);
    let line = |bank: &str, id: i64, note: Option<&str>, signals: Value| {
        json!({ "bank": bank, "id": id, "note": note, "signals": signals }).to_string()
    };
    let lines = [
        line("EXCEPTIONS", 1, Some("ours"), json!({ "pdq": PDQ[0] })),
        line("EXCEPTIONS", 2, None, json!({ "pdq": PDQ[1] })),
        line("SEAWALL_SELFTEST", 3, None, json!({ "pdq": PDQ[1] })),
        line("ZULU", 4, None, json!({ "pdq": "", "video_md5": MD5 })),
        line("ZULU", 5, None, json!({ "pdq": "" })),
        line("ZULU", 6, None, json!({ "pdq": PDQ[2], "video_md5": "f8" })),
    ];
    let text = lines.join("\n").into_bytes();
    let file = [b"{\"bank\":\"\xff\"}\n".to_vec(), text].concat();
    let file = installation.write("hma.jsonl", file).display().to_string();
    let run = installation.run(["hma", "import", &file]).exits(1);
    assert_eq!(
        run.stdout,
        "EXCEPTIONS: added 1, 0 there already, 1 refused\n\
         SEAWALL_SELFTEST: added 0, 0 there already, 1 refused\n\
         ZULU, made: added 2, 0 there already\n"
    );
    for said in [
        "line 1: it is not UTF-8 text",
        "line 3: not taken over: adding to an exception bank: each content needs a note",
        "line 4: not taken over: changing a bank: the built-in test bank stays as it is",
        "line 7: its video_md5 is not one; the rest of it is used",
        "left out: 2 empty signals of the type \"pdq\"",
        "left out: 1 contents without a usable signal",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    let counted = [("EXCEPTIONS".to_owned(), 1), ("ZULU".to_owned(), 2)];
    assert_eq!(contents(installation), counted);
}

/// HMA lets contents share an id. Here an id names one content, and no hash may get lost by it.
#[test]
fn contents_that_share_an_id_keep_their_hashes() {
    let scene = Scene::new();
    let installation = &scene.installation;
    let line = |id: i64, pdq: &str| {
        let metadata = json!({ "content_id": "post-1" });
        json!({ "bank": "BANK", "id": id, "metadata": metadata, "signals": { "pdq": pdq } })
            .to_string()
    };
    let lines = [line(1, PDQ[0]), line(2, PDQ[1]), line(3, PDQ[0])];
    let file = installation.write("hma.jsonl", lines.join("\n"));
    let file = file.display().to_string();
    let run = installation.run(["hma", "import", &file]).exits(0);
    assert_eq!(run.stdout, "BANK, made: added 2, 1 there already\n");
    let run = installation.run(["hma", "import", &file]).exits(0);
    assert_eq!(run.stdout, "BANK: added 0, 3 there already\n");
    eventually("the server has both", DEADLINE, || {
        let found = |pdq: &str| {
            let path = format!("/m/lookup?signal={pdq}&signal_type=pdq");
            scene.hma.get(&path).expect(200).json() != json!({})
        };
        (found(PDQ[0]) && found(PDQ[1])).then_some(())
    });
}

/// Whatever form a list has: each line is asked for, and none is a difference.
#[test]
fn lookups_come_in_every_form_that_lists_have() {
    let scene = Scene::new();
    let bank = json!({ "name": "BANK", "enabled": true });
    scene.hma.post("/c/banks", &bank).expect(201);
    let signals = [json!({ "pdq": PDQ[0] }), json!({ "video_md5": MD5 })];
    for signal in &signals {
        scene.hma.post("/c/bank/BANK/signal", signal).expect(200);
    }
    let (installation, [pdq, ..]) = (&scene.installation, PDQ);
    let export = installation.run(["bank", "export", "BANK"]).exits(0).stdout;
    let token = installation.write("token.txt", installation.token(&["matcher"]));
    for (list, lookups) in [
        (MD5.to_owned(), 1),
        (format!("{MD5}\n{pdq}\n{pdq}\n"), 3),
        (format!("{pdq}\r\n{MD5}\r\n"), 2),
        (format!("pdq:{pdq}\nvideo_md5:{MD5}\nmd5:{MD5}\n"), 3),
        (format!("PDQ {pdq}\nMD5,{MD5},a note\n"), 2),
        (format!("{MD5}  a.mp4\nMD5 (b.mp4) = {MD5}\n"), 2),
        (
            format!("signal_type,signal\npdq,{pdq}\nvideo_md5,{MD5}\n"),
            2,
        ),
        (format!("pdq;video_md5\n{pdq};{MD5}\n"), 2),
        (export, 2),
    ] {
        let file = installation.write("lookups.txt", &list);
        let api = scene.server.address("api");
        let mut command = installation.command(["hma", "compare", "--hma", api, "--seawall", api]);
        command.arg("--token-file").arg(&token);
        command.arg("--hma-token-file").arg(&token).arg(file);
        let run = Run::of(&mut command).exits(0);
        assert_eq!(
            run.stdout,
            format!(
                "{lookups} lookups: {lookups} answered alike ({lookups} of them with matches), 0 differently\n"
            ),
            "{list}"
        );
    }
}

#[test]
fn lookups_are_sent_to_both_and_differences_named() {
    let (theirs, ours) = (Scene::new(), Scene::new());
    for scene in [&theirs, &ours] {
        let bank = json!({ "name": "BANK", "enabled": true });
        scene.hma.post("/c/banks", &bank).expect(201);
        let signal = json!({ "pdq": PDQ[0] });
        scene.hma.post("/c/bank/BANK/signal", &signal).expect(200);
    }
    let signal = json!({ "pdq": PDQ[1] });
    theirs.hma.post("/c/bank/BANK/signal", &signal).expect(200);
    let installation = &ours.installation;
    let list = installation.write(
        "lookups.txt",
        format!("{}\n{}\n{}\n", PDQ[0], PDQ[1], PDQ[2]),
    );
    let token = installation.write("ours.txt", installation.token(&["matcher"]));
    let their_token = theirs.installation.token(&["matcher"]);
    let their_token = installation.write("theirs.txt", their_token);
    let compare = |hma: &str, more: &[&str]| {
        let fixed = [
            "hma",
            "compare",
            "--hma",
            hma,
            "--seawall",
            ours.server.address("api"),
        ];
        let mut command = installation.command(fixed);
        command
            .arg("--token-file")
            .arg(&token)
            .arg("--hma-token-file")
            .arg(&their_token);
        Run::of(command.args(more).arg(&list))
    };
    let run = compare(theirs.server.address("api"), &[]).exits(1);
    assert_eq!(
        run.stdout,
        "line 2: only HMA: BANK at 0\n\
         3 lookups: 2 answered alike (1 of them with matches), 1 differently\n"
    );
    let run = compare(theirs.server.address("api"), &["--json"]).exits(1);
    let lines = run.json_lines();
    assert_eq!(lines[0]["only_hma"], json!({ "BANK": ["0"] }));
    assert_eq!(
        lines[1],
        json!({ "lookups": 3, "same": 2, "different": 1, "matched": 1 })
    );
    ours.hma.post("/c/bank/BANK/signal", &signal).expect(200);
    compare(theirs.server.address("api"), &[]).exits(0);
    // An answer that is none is no agreement.
    let run = compare(theirs.server.address("public"), &[]);
    assert!(run.stderr.contains("HMA answered 404"), "{}", run.stderr);
    run.exits(2);
}
