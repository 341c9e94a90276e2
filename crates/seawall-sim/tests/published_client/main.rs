//! The published `threatexchange` package, a client that others wrote, works against the
//! stand-ins for NCMEC, StopNCII and ThreatExchange.
//!
//! `cargo xtask test` installs it and names its Python in `SEAWALL_TX_PYTHON`; without that
//! these tests say "skipped".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use seawall_core::Timestamp;
use seawall_sim::hash_sharing::{
    self, Entry, Fingerprint, HashSharing, Kind, Member, Opinion, REASONS, Value,
};
use seawall_sim::stop_ncii::{self, Record, SignalType, StopNcii};
use seawall_sim::threat_exchange::{self, Descriptor, Indicator, Received, ThreatExchange};
use seawall_testkit::{FakeClock, picture, png};
use serde_json::json;

/// The package, in a virtual environment.
struct Package(PathBuf);

impl Package {
    /// `None`, said aloud, where it is not installed.
    fn find() -> Option<Self> {
        let python = std::env::var_os("SEAWALL_TX_PYTHON");
        if python.is_none() {
            eprintln!("skipped: SEAWALL_TX_PYTHON is not set");
        }
        python.map(|python| Self(python.into()))
    }

    /// What a function of `client.py` says, in a process that takes `zone` for its own.
    fn says_in(&self, zone: &str, what: &str, settings: &serde_json::Value) -> serde_json::Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/published_client/client.py");
        let mut command = Command::new(&self.0);
        command.arg(script).arg(what).arg(settings.to_string());
        serde_json::from_str(&output(command.env("TZ", zone))).expect("JSON")
    }

    fn says(&self, what: &str, settings: &serde_json::Value) -> serde_json::Value {
        self.says_in("UTC", what, settings)
    }

    /// The package's own command, with its state in `home`.
    fn tx(&self, home: &Path, keys: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(self.0.with_file_name("tx"));
        command
            .args(arguments)
            .env("HOME", home)
            .env("TX_STOPNCII_KEYS", keys);
        output(&mut command)
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).expect("a text")
}

/// Serves a router on a free port of loopback for as long as it is kept.
struct Served {
    base: String,
    _runtime: tokio::runtime::Runtime,
}

impl Served {
    fn new(router: axum::Router, path: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("bound");
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            base: format!("http://{address}{path}"),
            _runtime: runtime,
        }
    }
}

/// 2026-01-31T09:30:00Z: before the package's own clock, which it asks up to.
const START_S: i64 = 1_769_851_800;

fn clock() -> Arc<FakeClock> {
    Arc::new(FakeClock::new(Timestamp::from_millis(START_S * 1000)))
}

/// The clock of a service that the package's own is never ahead of.
fn end_of_days(clock: &FakeClock) {
    clock.set("2999-01-01T00:00:00Z".parse().expect("a time"));
}

fn pdq(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

fn md5(number: u8) -> String {
    format!("{number:02x}").repeat(16)
}

fn member(id: u32) -> Member {
    let name = format!("Member {id}");
    Member { id, name }
}

fn entry(number: u8, kind: Kind) -> Entry {
    let name = match kind {
        Kind::Image => "image",
        Kind::Video => "video",
    };
    let fingerprints = [
        (Fingerprint::Md5, Value::Inline(md5(number))),
        (Fingerprint::Pdq, Value::Inline(pdq(number))),
        (Fingerprint::TmkPdqf, Value::Linked(vec![number])),
    ];
    Entry {
        member: member(42),
        id: format!("{name}{number}"),
        kind,
        classification: Some("A1".into()),
        fingerprints: BTreeMap::from(fingerprints),
        feedback: Vec::new(),
    }
}

#[test]
fn it_mirrors_hash_sharing_and_gives_feedback() {
    let Some(package) = Package::find() else {
        return;
    };
    let clock = clock();
    let options = hash_sharing::Options {
        username: "user".into(),
        password: "word".into(),
        member: member(1),
    };
    let sharing = HashSharing::new(options, Arc::clone(&clock) as _);
    let served = Served::new(sharing.router(), hash_sharing::BASE_PATH);
    for number in 0..12 {
        clock.advance_ms(1_000);
        sharing.put(entry(number, Kind::Image));
    }
    sharing.put(entry(12, Kind::Video));
    let middle_s = START_S + 12;
    clock.advance_ms(1_000);
    sharing.withdraw(42, "image3");
    end_of_days(&clock);
    sharing.set_page_size(5);
    let mut settings = json!({
        "base": served.base, "username": "user", "password": "word",
        "reason": REASONS[0].0, "from": START_S, "to": middle_s,
    });

    let held = package.says("ncmec_fetch", &settings);
    let expected: BTreeMap<String, [&str; 1]> = (0..12)
        .filter(|number| *number != 3)
        .map(|number| (pdq(number), ["A1"]))
        .collect();
    assert_eq!(held["pdq"], json!(expected));
    assert_eq!(held["video_md5"], json!({ md5(12): ["A1"] }));

    let first = package.says("ncmec_window", &settings);
    assert_eq!(
        first["entries"].as_array().map(Vec::len),
        Some(12),
        "{first}"
    );
    settings["from"] = json!(middle_s);
    settings["to"] = json!(middle_s + 1);
    let second = package.says("ncmec_window", &settings);
    assert_eq!(second["entries"], json!([["image3", true]]));

    let told = package.says("ncmec_calls", &settings);
    assert_eq!(
        told,
        json!({ "status": "Member 1", "members": [1, 42], "upvote": 200, "downvote": 200,
                "unknown reason": 400 })
    );
    let opinions: Vec<Opinion> = sharing
        .feedback()
        .into_iter()
        .map(|said| said.opinion)
        .collect();
    let negative = Opinion::Negative([REASONS[0].0.to_owned()].into());
    assert_eq!(opinions, [Opinion::Affirmative, negative]);

    // The package writes local time with a Z. East of Greenwich that lies in the future.
    clock.set(Timestamp::from_millis((middle_s + 60) * 1000));
    let east = package.says_in("EAST-9", "ncmec_window", &settings);
    assert_eq!(east["status"], 400);
}

#[test]
fn it_mirrors_stop_ncii_and_gives_feedback() {
    let Some(package) = Package::find() else {
        return;
    };
    let clock = clock();
    let service = stop_ncii_service(&clock);
    let served = Served::new(service.router(), stop_ncii::BASE_PATH);
    for number in 0..3 {
        clock.advance_ms(1_000);
        service.put(record(SignalType::ImagePdq, pdq(number)));
    }
    service.put(record(SignalType::VideoMd5, md5(7)));
    service.put(record(SignalType::VideoTmk, "tmk".into()));
    let settings = json!({ "base": served.base, "value": pdq(1) });
    let held = package.says("stop_ncii", &settings);
    let values: Vec<&String> = held["pdq"].as_object().expect("values").keys().collect();
    assert_eq!(values, [&pdq(0), &pdq(1), &pdq(2)]);
    assert_eq!(held["video_md5"], json!({ md5(7): [] }));

    let told = package.says("stop_ncii_calls", &settings);
    assert_eq!(told, json!({ "feedback": 200, "submit": 400 }));
    let [received] = service.feedback().try_into().expect("one");
    assert_eq!(received.value, pdq(1));
    assert_eq!(service.submitted(), []);

    // Told as withdrawn. The package goes on matching it: its test of the status is wrong.
    service.withdraw(SignalType::ImagePdq, &pdq(0));
    let told = package.says("stop_ncii_records", &settings);
    let told = told.as_array().expect("records");
    assert_eq!(told.last(), Some(&json!([pdq(0), "Withdrawn"])));
    assert_eq!(told.len(), 5);
}

fn stop_ncii_service(clock: &Arc<FakeClock>) -> Arc<StopNcii> {
    let options = stop_ncii::Options {
        subscription_key: "sub".into(),
        fetch_key: "fetch".into(),
        feedback_key: "feedback".into(),
        submit_key: "submit".into(),
        source: "Platform".into(),
    };
    StopNcii::new(options, Arc::clone(clock) as _)
}

fn record(signal_type: SignalType, value: String) -> Record {
    Record {
        signal_type,
        value,
        status: stop_ncii::Status::Active,
        cases: BTreeMap::new(),
        feedback: Vec::new(),
        regions: Vec::new(),
    }
}

/// As an operator uses it: configure, fetch, match a picture.
#[test]
fn its_command_fetches_from_stop_ncii_and_matches_a_picture() {
    let Some(package) = Package::find() else {
        return;
    };
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("picture.png");
    std::fs::write(&file, png(&picture(320, 240, 7))).expect("written");
    let file = file.to_str().expect("a text");
    let service = stop_ncii_service(&clock());
    let served = Served::new(service.router(), stop_ncii::BASE_PATH);
    let keys = format!("fetch,sub,{}", served.base);
    let tx = |arguments: &[&str]| package.tx(home.path(), &keys, arguments);
    let hashed = tx(&["hash", "photo", file]);
    let value = hashed.split_whitespace().find(|word| word.len() == 64);
    let value = value.expect("a PDQ").to_owned();
    service.put(record(SignalType::ImagePdq, pdq(9)));
    tx(&["config", "collab", "edit", "stop_ncii", "--create", "drill"]);
    tx(&["fetch", "--only-collab", "drill"]);
    assert!(!tx(&["match", "photo", file]).contains("(drill)"));
    service.put(record(SignalType::ImagePdq, value));
    tx(&["fetch", "--only-collab", "drill"]);
    let matched = tx(&["match", "photo", file]);
    assert!(matched.contains("pdq 0 (drill)"), "{matched}");
}

#[test]
fn it_mirrors_threat_exchange_and_gives_opinions() {
    let Some(package) = Package::find() else {
        return;
    };
    let clock = clock();
    let token = "12345678|abcdefghijklmnopqrst";
    let options = threat_exchange::Options {
        access_token: token.into(),
        privacy_group: 77,
    };
    let service = ThreatExchange::new(options, Arc::clone(&clock) as _);
    let served = Served::new(service.router(), threat_exchange::BASE_PATH);
    for number in 0..=120 {
        service.put(indicator("HASH_PDQ", pdq(number)));
    }
    service.put(indicator("HASH_VIDEO_MD5", md5(5)));
    clock.advance_ms(1_000);
    service.withdraw("HASH_PDQ", &pdq(0));
    let settings = json!({ "base": served.base, "token": token, "group": 77,
                           "value": pdq(1), "descriptor": 5 });
    let held = package.says("threat_exchange", &settings);
    let expected: BTreeMap<String, [&str; 2]> = (1..=120)
        .map(|number| (pdq(number), ["one", "two"]))
        .collect();
    assert_eq!(held["pdq"], json!(expected), "over more than one page");
    assert_eq!(held["video_md5"], json!({ md5(5): ["one", "two"] }));

    let told = package.says("threat_exchange_calls", &settings);
    assert_eq!(told["uploaded"]["success"], true, "{told}");
    assert_eq!(told["reacted"]["success"], true, "{told}");
    let received = service.feedback();
    assert_eq!(received.len(), 2);
    assert!(matches!(&received[0], Received::Descriptor(given) if given["indicator"] == pdq(1)));
}

fn indicator(kind: &str, value: String) -> Indicator {
    Indicator {
        kind: kind.into(),
        value,
        descriptors: vec![Descriptor {
            id: 5,
            owner: 1,
            status: threat_exchange::Status::Malicious,
            tags: ["one".into(), "two".into()].into(),
            reactions: BTreeMap::new(),
        }],
    }
}
