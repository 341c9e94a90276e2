//! `seawall hma import --dry-run` says exactly what the import does, over generated exports.

use seawall_core::Random;
use seawall_testkit::SeededRandom;
use serde_json::{Map, Value, json};

use crate::support::{Installation, Run};

const EXPORTS: u64 = 16;
const LINES: u64 = 40;

#[test]
fn a_dry_run_says_exactly_what_the_import_does() {
    let installation = Installation::new();
    let exceptions = ["--role", "exception", "--owner", "Somebody"];
    let command = ["bank", "create", "EXCEPTIONS"];
    let command = command.iter().chain(&exceptions);
    installation.run(command).exits(0);
    let (mut added, mut known, mut refused) = (0, 0, 0);
    for seed in 0..EXPORTS {
        installation.write("hma.jsonl", export(&SeededRandom::new(seed)));
        let dry = import(&installation, &["--json", "--dry-run"]);
        let real = import(&installation, &["--json"]);
        assert_eq!(dry.code, real.code, "{seed}: {}{}", dry.stderr, real.stderr);
        assert_eq!(dry.stderr, real.stderr, "{seed}");
        let mut said = dry.json_lines();
        for outcome in &mut said {
            assert_eq!(outcome["dry_run"], json!(true));
            outcome["dry_run"] = json!(false);
        }
        assert_eq!(said, real.json_lines(), "{seed}: {}", real.stderr);
        let sum = |field: &str| -> i64 {
            let numbers = said.iter().map(|outcome| outcome[field].as_i64());
            numbers.map(|number| number.expect("a number")).sum()
        };
        added += sum("added");
        known += sum("known");
        refused += sum("refused");
        let again = import(&installation, &["--json"]);
        for outcome in again.json_lines() {
            assert_eq!(outcome["added"], 0, "{seed}: nothing comes twice");
        }
    }
    // Each kind came up, or nothing was tried.
    let enough = |count: i64| count > 20;
    assert!(
        enough(added) && enough(known) && enough(refused),
        "{added} added, {known} known, {refused} refused"
    );
    installation.run(["audit", "verify"]).exits(0);
}

fn import(installation: &Installation, more: &[&str]) -> Run {
    let file = installation.path("hma.jsonl").display().to_string();
    let run = installation.run([&["hma", "import", &file], more].concat());
    assert!(matches!(run.code, 0 | 1), "{}: {}", run.code, run.stderr);
    run
}

/// An export with everything in it that has ever been seen or feared.
fn export(random: &SeededRandom) -> Vec<u8> {
    let mut lines = Vec::new();
    for _ in 0..LINES {
        let line = match number(random) % 20 {
            0 => b"{\"bank\":\"\xff\xfe\"}".to_vec(),
            1 => b"no JSON".to_vec(),
            2 => Vec::new(),
            _ => content(random).to_string().into_bytes(),
        };
        lines.extend_from_slice(&line);
        lines.push(b'\n');
    }
    lines
}

fn content(random: &SeededRandom) -> Value {
    let banks = [
        "FIRST",
        "SECOND",
        "EXCEPTIONS",
        "SEAWALL_SELFTEST",
        "no name",
    ];
    let id = number(random) % 60;
    let notes = [json!(null), json!("a remark"), json!("  "), json!("")];
    let metadata = match number(random) % 3 {
        0 => json!({ "content_id": format!("post-{}", id % 25) }),
        1 => json!({ "json": { "a": 1 } }),
        _ => json!(null),
    };
    json!({
        "bank": pick(random, &banks),
        "enabled_ratio": pick(random, &[json!(1.0), json!(1.0), json!(0.5), json!(0), json!(7)]),
        "id": id,
        "disable_until_ts": pick(random, &[1, 1, 0, 1_893_456_000]),
        "original_content_uri": null,
        "metadata": metadata,
        "note": pick(random, &notes),
        "signals": signals(random, id),
    })
}

/// Mostly the same ones for the same number.
fn signals(random: &SeededRandom, id: u64) -> Value {
    let digits = |number: u64, length: usize| json!(format!("{:01$x}", number + 1, length));
    let odd = [json!(""), json!("f8"), json!(null), json!(7)];
    let value = |length| match number(random) % 8 {
        0 => pick(random, &odd),
        1 => digits(number(random) % 60, length),
        _ => digits(id, length),
    };
    let mut signals = Map::new();
    if !number(random).is_multiple_of(9) {
        signals.insert("pdq".to_owned(), value(64));
    }
    if id.is_multiple_of(4) {
        signals.insert("video_md5".to_owned(), value(32));
    }
    if number(random).is_multiple_of(5) {
        signals.insert("vpdq".to_owned(), json!("x"));
    }
    signals.into()
}

fn pick<T: Clone>(random: &SeededRandom, from: &[T]) -> T {
    from[number(random) as usize % from.len()].clone()
}

fn number(random: &SeededRandom) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
