//! Answers by hand, in the shape that the service's own client reads.

use proptest::prelude::*;
use seawall_core::{PdqHash, Timestamp};

use super::*;

const ZERO_TO_31: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31,
];
/// What `base64` writes of the bytes above, of 32 times 255, and of 32 times 1.
const NAMES: [&str; 3] = [
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "//////////////////////////////////////////8=",
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
];

fn pdq(bytes: [u8; 32]) -> Hash {
    Hash::Pdq(PdqHash::from_bytes(bytes))
}

fn shield() -> CheckPartner {
    let secrets = Secrets::from_iter([("user", "Aladdin"), ("password", "open sesame")]);
    CheckPartner::new(partners::arachnid_shield(), None, &secrets).expect("it ships")
}

fn answer(status: u16, body: &str) -> PartnerAnswer<'_> {
    PartnerAnswer {
        status,
        retry_after: None,
        body: body.as_bytes(),
        now: Timestamp::from_millis(1_800_000_000_000),
    }
}

fn class(class: &str, nearness: Nearness) -> Verdict {
    Verdict::Match {
        class: class.to_owned(),
        nearness,
    }
}

#[test]
fn shield_is_asked_by_pdq_and_answers_by_hash() {
    let hashes = [
        pdq(ZERO_TO_31),
        pdq([255; 32]),
        pdq([1; 32]),
        pdq(ZERO_TO_31),
        Hash::Sha1([1; 20]),
    ];
    let mut check = Check::new(&shield(), &hashes);
    assert_eq!(check.not_taken(), [Hash::Sha1([1; 20])]);
    let request = check.request().expect("a request");
    assert_eq!(request.method, Method::Post);
    let url = "https://shield.projectarachnid.com/v1/pdq/";
    assert_eq!(request.url.reveal().as_str(), url);
    let (name, value) = &request.headers[0];
    let basic = ("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_eq!((&**name, &**value.reveal()), basic);
    let (kind, body) = request.body.expect("a body");
    assert_eq!(kind, "application/json");
    let body: Value = serde_json::from_slice(body.reveal()).expect("JSON");
    let sorted = [NAMES[0], NAMES[2], NAMES[1]];
    assert_eq!(body, serde_json::json!({"hashes": sorted}));

    let known = serde_json::json!({"scanned_hashes": {
        NAMES[2]: {"classification": "no-known-match", "match_type": null, "near_match_details": null},
        NAMES[1]: {"classification": "csam", "match_type": "near", "near_match_details": {
            "timestamp": 0.0, "sha1_base32": "VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5",
            "sha256_hex": "00", "classification": "csam"}},
        NAMES[0]: {"classification": "harmful-abusive-material", "match_type": "exact"}
    }});
    let checked = check
        .answer(&answer(200, &known.to_string()))
        .expect("verdicts");
    let verdicts: Vec<_> = checked
        .into_iter()
        .map(|one| (one.hash, one.verdict))
        .collect();
    let expected = [
        (
            pdq(ZERO_TO_31),
            class("harmful-abusive-material", Nearness::Exact),
        ),
        (pdq([1; 32]), Verdict::NoMatch),
        (pdq([255; 32]), class("csam", Nearness::Near)),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(check.request(), None);
}

fn verdict_of(value: Value) -> Verdict {
    let mut check = Check::new(&shield(), &[pdq(ZERO_TO_31)]);
    let body = serde_json::json!({"scanned_hashes": value}).to_string();
    let mut checked = check.answer(&answer(200, &body)).expect("a verdict");
    assert_eq!(checked.len(), 1);
    checked.pop().expect("one").verdict
}

/// "More classification types may be added in the future", says the service's own client.
#[test]
fn what_is_not_known_is_never_no_match() {
    let new = serde_json::json!({NAMES[0]: {"classification": "something-new"}});
    let unknown = Verdict::UnknownClass {
        class: "something-new".to_owned(),
    };
    assert_eq!(verdict_of(new), unknown);
    let unanswered = [
        serde_json::json!({}),
        serde_json::json!({NAMES[1]: {"classification": "no-known-match"}}),
        serde_json::json!({NAMES[0]: {"classification": null}}),
        serde_json::json!({NAMES[0]: {"classification": ["no-known-match"]}}),
        serde_json::json!({NAMES[0]: null}),
    ];
    for value in unanswered {
        assert_eq!(verdict_of(value.clone()), Verdict::Unanswered, "{value}");
    }
    let unpadded = NAMES[0].trim_end_matches('=');
    let other = serde_json::json!({unpadded: {"classification": "CSAM", "match_type": "else"}});
    assert_eq!(verdict_of(other), class("CSAM", Nearness::Unstated));
}

/// SW-A38, for a question in place of a page.
#[test]
fn a38_a_bad_answer_answers_nothing() {
    let cut = r#"{"scanned_hashes": {"AAEC"#;
    for body in [
        cut,
        "<html>gateway</html>",
        "",
        "[]",
        "{}",
        r#"{"scanned_hashes": []}"#,
    ] {
        let mut check = Check::new(&shield(), &[pdq(ZERO_TO_31)]);
        let before = check.request();
        let error = check.answer(&answer(200, body)).expect_err("a fault");
        assert!(matches!(error, FeedError::Unreadable { .. }), "{body}");
        assert_eq!(check.request(), before, "the same can be asked again");
    }
    let mut check = Check::new(&shield(), &[pdq(ZERO_TO_31)]);
    let later = PartnerAnswer {
        retry_after: Some("Fri, 15 Jan 2027 08:10:00 GMT"),
        ..answer(429, "")
    };
    let until = Some(Timestamp::from_millis(1_800_000_600_000));
    assert_eq!(
        check.answer(&later),
        Err(FeedError::Later { status: 429, until })
    );
    let denied = check.answer(&answer(401, r#"{"detail": "Invalid username/password."}"#));
    assert!(matches!(denied, Err(FeedError::Denied { status: 401, .. })));
}

#[test]
fn many_hashes_go_in_batches() {
    let hashes: Vec<Hash> = (0..250_u64)
        .map(|seed| Hash::Pdq(PdqHash([seed, 0, 0, 1])))
        .collect();
    let mut check = Check::new(&shield(), &hashes);
    let mut seen = Vec::new();
    while let Some(request) = check.request() {
        let (_, body) = request.body.expect("a body");
        let body: Value = serde_json::from_slice(body.reveal()).expect("JSON");
        let names = body["hashes"].as_array().expect("a list");
        assert!(names.len() <= 100);
        let fields = names.iter().map(|name| {
            let name = name.as_str().expect("a text").to_owned();
            (
                name,
                serde_json::json!({"classification": "no-known-match"}),
            )
        });
        let fields: serde_json::Map<_, _> = fields.collect();
        let body = serde_json::json!({"scanned_hashes": fields}).to_string();
        seen.extend(check.answer(&answer(200, &body)).expect("verdicts"));
    }
    assert!(seen.iter().all(|one| one.verdict == Verdict::NoMatch));
    assert_eq!(
        seen.into_iter().map(|one| one.hash).collect::<Vec<_>>(),
        hashes
    );
}

/// A made-up service that has every other way to ask and to answer.
const WAYS: &str = r#"
name = "a service for tests"
address = "https://service.example/api"
[authentication]
kind = "bearer"
[[lookups]]
kinds = ["sha1"]
path = "by-sha1"
encoding = "base32"
request = { kind = "query", parameter = "h", fixed = { v = "2" } }
answers = { kind = "single", at = "/result", class = "/known", matches = ["true"], no_match = ["false"] }
[[lookups]]
kinds = ["sha256", "md5"]
path = "by-digest"
batch_max = 2
request = { kind = "json_list", field = "digests", fixed = { v = "2" } }
answers = { kind = "named", at = "/hits", value = "/digest", class = "/class", matches = ["a"], no_match = [], absent_is_no_match = true }
[[lookups]]
kinds = ["pdq"]
path = "by-pdq"
batch_max = 2
request = { kind = "json_list", field = "pdq" }
answers = { kind = "in_order", class = "", matches = ["a"], no_match = ["b"] }
"#;

#[test]
fn other_ways_to_ask_and_to_answer() {
    let description = Description::read(WAYS.as_bytes()).expect("a description");
    let secrets = Secrets::from_iter([("token", "abc")]);
    let partner = CheckPartner::new(description, None, &secrets).expect("it fits");
    assert_eq!(partner.kinds(), Algorithm::ALL);
    let hashes = [
        pdq(ZERO_TO_31),
        pdq([255; 32]),
        Hash::Md5([10; 16]),
        Hash::Sha256([11; 32]),
        Hash::Sha1(
            *b"\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d",
        ),
    ];
    let mut check = Check::new(&partner, &hashes);
    let request = check.request().expect("a request");
    assert_eq!((request.method, &request.body), (Method::Get, &None));
    let url = "https://service.example/api/by-sha1?v=2&h=VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5";
    assert_eq!(request.url.reveal().as_str(), url);
    let verdicts = |check: &mut Check, body: &str| {
        let checked = check.answer(&answer(200, body)).expect("verdicts");
        checked
            .into_iter()
            .map(|one| one.verdict)
            .collect::<Vec<_>>()
    };
    let one = verdicts(&mut check, r#"{"result": {"known": true}}"#);
    assert_eq!(one, [class("true", Nearness::Unstated)]);

    let (_, body) = check.request().expect("a request").body.expect("a body");
    let digests = [format!("{:0>32}", "0a".repeat(16)), "0b".repeat(32)];
    let expected = serde_json::json!({"digests": digests, "v": "2"}).to_string();
    assert_eq!(String::from_utf8_lossy(body.reveal()), expected);
    let hits =
        ["z", "a", "z"].map(|class| serde_json::json!({"digest": "0B".repeat(32), "class": class}));
    let hit = serde_json::json!({"hits": [hits[0], hits[1], hits[2], {}]});
    let two = verdicts(&mut check, &hit.to_string());
    assert_eq!(two, [Verdict::NoMatch, class("a", Nearness::Unstated)]);

    assert!(
        check.answer(&answer(200, r#"["a"]"#)).is_err(),
        "one verdict for two hashes"
    );
    let two = verdicts(&mut check, r#"["b", "c"]"#);
    assert_eq!(
        two,
        [
            Verdict::NoMatch,
            Verdict::UnknownClass {
                class: "c".to_owned()
            }
        ]
    );
    assert_eq!(check.request(), None);
    assert_eq!(check.answer(&answer(200, "[]")), Ok(Vec::new()));
}

#[test]
fn descriptions_that_contradict_themselves_are_told_so() {
    let with = |old: &str, new: &str| {
        assert!(WAYS.contains(old), "{old}");
        let toml = WAYS.replacen(old, new, 1);
        Description::read(toml.as_bytes())
            .expect_err(new)
            .to_string()
    };
    let cases = [
        (
            with("kinds = [\"pdq\"]", "kinds = [\"md5\"]"),
            "one lookup alone",
        ),
        (with("kinds = [\"pdq\"]", "kinds = []"), "at least one kind"),
        (
            with("encoding = \"base32\"", "batch_max = 2"),
            "batch_max is 1 to",
        ),
        (with("batch_max = 2", "batch_max = 0"), "batch_max is 1 to"),
        (with("value = \"/digest\", ", ""), "value goes with"),
        (
            with("kind = \"in_order\"", "kind = \"single\""),
            "needs batch_max = 1",
        ),
        (
            with("no_match = [\"b\"]", "no_match = [\"A\"]"),
            "not in both",
        ),
        (
            with("no_match = [\"b\"]", "no_match = []"),
            "no_match names",
        ),
        (
            with("matches = [\"true\"]", "matches = []"),
            "matches names",
        ),
        (
            with("path = \"by-pdq\"", "path = \"/pdq\""),
            "below the partner's address",
        ),
        (
            with("kind = \"bearer\"", "kind = \"bearer\"\nx = 1"),
            "unknown field",
        ),
    ];
    for (text, part) in cases {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
}

proptest! {
    #[test]
    fn no_answer_panics_and_a_fault_answers_nothing(
        body in prop::collection::vec(any::<u8>(), 0..200), status in 100..600_u16
    ) {
        let mut check = Check::new(&shield(), &[pdq(ZERO_TO_31)]);
        let before = check.request();
        let answer = PartnerAnswer { body: &body, ..answer(status, "") };
        match check.answer(&answer) {
            Ok(checked) => prop_assert_eq!(checked.len(), 1),
            Err(_) => prop_assert_eq!(check.request(), before),
        }
    }

    #[test]
    fn a_changed_description_is_read_or_told(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = include_bytes!("partners/arachnid_shield.toml").to_vec();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Err(error) = Description::read(&bytes) {
            prop_assert!(error.to_string().starts_with("reading a description of a partner"));
        }
    }
}
