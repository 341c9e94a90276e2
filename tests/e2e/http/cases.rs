//! `/api/v1/cases`, figures, the audit log's state and metrics: what follows from an upload.

use seawall_testkit::{picture, png};
use serde_json::{Value, json};

use crate::support::{Console, DEADLINE, eventually};
use crate::{Scene, keys};

/// A server with so many open cases: their ids, in the order in which they were opened.
fn with_cases(count: usize) -> (Scene, Vec<String>) {
    let scene = Scene::new();
    let original = png(&picture(320, 240, 51));
    scene.api.bank("DEMO");
    scene.api.add_picture("DEMO", &original);
    let open = |number| {
        let answer = scene
            .api
            .scan(&format!("item-{number}"), &original)
            .expect(200)
            .json();
        answer["case_id"].as_str().expect("a case").to_owned()
    };
    let ids = (0..count).map(open).collect();
    (scene, ids)
}

fn reviewer(scene: &Scene) -> Console {
    let console = scene.server.console();
    console.use_link(&scene.installation.first_link_path);
    console
}

fn confirm(console: &Console, case: &str) {
    let fields = [
        ("verdict", "confirmed"),
        ("manifestation", "M01"),
        ("classification", "A1"),
        ("report", "yes"),
    ];
    console.decide(case, &fields).expect(303);
}

fn case(scene: &Scene, id: &str) -> Value {
    scene
        .api
        .get(&format!("/api/v1/cases/{id}"))
        .expect(200)
        .json()
}

/// The case once its report is filed.
fn filed(scene: &Scene, id: &str) -> Value {
    eventually("a report is filed", DEADLINE, || {
        let found = case(scene, id);
        (found["report"]["state"] == "filed").then_some(found)
    })
}

#[test]
fn cases_are_listed_in_pages_oldest_first() {
    let (scene, ids) = with_cases(5);
    let (mut seen, mut sizes, mut query) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = scene
            .api
            .get(&format!("/api/v1/cases?limit=2{query}"))
            .expect(200)
            .json();
        let items = page["items"].as_array().expect("a list");
        sizes.push(items.len());
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().expect("an id").to_owned()),
        );
        match page.get("next") {
            Some(next) => query = format!("&after={}", next.as_str().expect("a text")),
            None => break,
        }
    }
    assert_eq!((seen, sizes), (ids, vec![2, 2, 1]));
    let page = scene.api.get("/api/v1/cases").expect(200).json();
    let item = &page["items"][0];
    assert_eq!(
        keys(item),
        [
            "banks",
            "channel",
            "id",
            "item_id",
            "nearest",
            "opened_at",
            "state",
            "test"
        ]
    );
    assert_eq!(
        (
            &item["item_id"],
            &item["channel"],
            &item["state"],
            &item["banks"],
            &item["nearest"]
        ),
        (
            &json!("item-0"),
            &json!("public"),
            &json!("open"),
            &json!(["DEMO"]),
            &json!(0)
        )
    );
}

#[test]
fn the_last_page_names_no_next_one_where_it_is_full_too() {
    let (scene, _) = with_cases(2);
    let page = scene.api.get("/api/v1/cases?limit=2").expect(200).json();
    assert_eq!(
        (page["items"].as_array().map(Vec::len), page.get("next")),
        (Some(2), None)
    );
    scene.api.add_picture("DEMO", &png(&picture(320, 240, 52)));
    let page = scene
        .api
        .get("/api/v1/banks/DEMO/contents?limit=2")
        .expect(200)
        .json();
    assert_eq!(
        (page["items"].as_array().map(Vec::len), page.get("next")),
        (Some(2), None)
    );
}

#[test]
fn cases_are_listed_by_state() {
    let (scene, ids) = with_cases(3);
    reviewer(&scene)
        .decide(&ids[1], &[("verdict", "not_confirmed")])
        .expect(303);
    for (query, expected) in [
        ("", vec![&ids[0], &ids[2]]),
        ("?state=open", vec![&ids[0], &ids[2]]),
        ("?state=decided", vec![&ids[1]]),
        ("?state=all", vec![&ids[0], &ids[1], &ids[2]]),
    ] {
        let page = scene
            .api
            .get(&format!("/api/v1/cases{query}"))
            .expect(200)
            .json();
        let items = page["items"].as_array().expect("a list");
        let found: Vec<_> = items
            .iter()
            .map(|item| item["id"].as_str().expect("an id"))
            .collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn an_open_case_shows_its_matches_and_nothing_personal() {
    let (scene, ids) = with_cases(1);
    let found = case(&scene, &ids[0]);
    assert_eq!(
        keys(&found),
        [
            "channel",
            "decision",
            "id",
            "item_id",
            "matches",
            "media_type",
            "opened_at",
            "outcome",
            "report",
            "reveals",
            "state",
            "suppressed",
            "test",
            "viewed_in_full"
        ]
    );
    assert_eq!(
        (
            &found["state"],
            &found["decision"],
            &found["report"],
            &found["reveals"],
            &found["viewed_in_full"]
        ),
        (
            &json!("open"),
            &Value::Null,
            &Value::Null,
            &json!(0),
            &json!(false)
        )
    );
    let by_pdq = found["matches"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|m| m["algorithm"] == "pdq");
    let by_pdq = by_pdq.expect("a match by PDQ");
    assert_eq!(
        keys(by_pdq),
        [
            "algorithm",
            "bank",
            "content_id",
            "distance",
            "quality",
            "threshold",
            "view"
        ]
    );
    for missing in [
        "0",
        "x",
        "00000000-0000-0000-0000-000000000000",
        "%00",
        "..",
        "%2e%2e%2fqueue",
    ] {
        scene
            .api
            .get(&format!("/api/v1/cases/{missing}"))
            .problem(404, "not_found");
    }
}

#[test]
fn looking_counts_and_only_a_full_view_is_called_one() {
    let (scene, ids) = with_cases(1);
    let console = reviewer(&scene);
    for (mode, reveals, full) in [("blurred", 1, false), ("grey", 2, false), ("full", 3, true)] {
        assert!(
            console.reveal(&ids[0], mode).starts_with(b"\x89PNG"),
            "{mode}"
        );
        let found = case(&scene, &ids[0]);
        assert_eq!(
            (&found["reveals"], &found["viewed_in_full"]),
            (&json!(reveals), &json!(full)),
            "{mode}"
        );
    }
}

#[test]
fn a_confirmed_case_is_reported_once_and_shows_its_receipt() {
    let (scene, ids) = with_cases(1);
    let console = reviewer(&scene);
    console.reveal(&ids[0], "full");
    confirm(&console, &ids[0]);
    let found = filed(&scene, &ids[0]);
    assert_eq!(
        keys(&found["decision"]),
        ["at", "manifestation", "report", "reviewer", "verdict"]
    );
    assert_eq!(
        (
            &found["decision"]["verdict"],
            &found["decision"]["manifestation"],
            &found["decision"]["report"]
        ),
        (&json!("confirmed"), &json!("M01"), &json!(true))
    );
    let report = &found["report"];
    assert_eq!(keys(report), ["calls", "id", "receipt", "state", "target"]);
    assert_eq!(report["target"], "cybertipline-stand-in");
    assert_eq!(report["calls"], 4, "submit, upload, fileinfo, finish");
    assert_eq!(
        keys(&report["receipt"]),
        ["file_ids", "finished_at", "report_id"]
    );
    assert_eq!(
        report["receipt"]["file_ids"].as_array().map(Vec::len),
        Some(1)
    );
    let second = console.decide(&ids[0], &[("verdict", "not_confirmed")]);
    assert_eq!(second.status, 409, "the first decision stands");
    assert_eq!(case(&scene, &ids[0])["decision"], found["decision"]);
}

#[test]
fn a_case_of_the_built_in_test_can_never_be_reported() {
    let scene = Scene::new();
    let picture = seawall_testkit::selftest_png();
    let answer = scene.api.scan("item-1", &picture).expect(200).json();
    let id = answer["case_id"].as_str().expect("a case");
    let console = reviewer(&scene);
    let fields = [
        ("verdict", "confirmed"),
        ("manifestation", "M01"),
        ("report", "yes"),
    ];
    let asked = console.decide(id, &fields).status;
    assert!(
        (400..500).contains(&asked) || case(&scene, id)["decision"]["report"] == false,
        "{asked}"
    );
    assert_eq!(case(&scene, id)["report"], Value::Null);
    let figures = scene.api.get("/api/v1/figures").expect(200).json();
    assert_eq!(
        (&figures["cases_opened"], &figures["reports_asked"]),
        (&json!({}), &json!(0)),
        "{figures}"
    );
}

#[test]
fn figures_add_up() {
    let (scene, ids) = with_cases(3);
    let private = json!({ "channel": "private" });
    scene
        .api
        .scan_with("other", &private, &png(&picture(320, 240, 52)))
        .expect(200);
    scene.api.scan("text", b"no picture").expect(200);
    scene
        .api
        .scan("item-0", &png(&picture(320, 240, 51)))
        .expect(200);
    let console = reviewer(&scene);
    for mode in ["blurred", "blurred", "full"] {
        console.reveal(&ids[0], mode);
    }
    confirm(&console, &ids[0]);
    console
        .decide(&ids[1], &[("verdict", "not_confirmed")])
        .expect(303);
    filed(&scene, &ids[0]);
    let figures = scene.api.get("/api/v1/figures").expect(200).json();
    assert_eq!(figures["scans"]["refused"], 1, "{figures}");
    let hashed = figures["scans"]["hashed"].as_u64().expect("a number");
    let matched = figures["cases_opened"]["public"]
        .as_u64()
        .expect("a number");
    let without = figures["scans_without_match"].as_u64().expect("a number");
    assert_eq!(
        (hashed, matched, without),
        (4, 3, 2),
        "a repetition is not counted again: {figures}"
    );
    assert_eq!(
        hashed + 1,
        matched + without,
        "every scan matched or did not"
    );
    assert_eq!(
        figures["cases_decided"],
        json!({ "confirmed": 1, "not_confirmed": 1 })
    );
    assert_eq!(figures["confirmed_by_manifestation"], json!({ "M01": 1 }));
    assert_eq!(figures["reveals"], json!({ "blurred": 2, "full": 1 }));
    assert_eq!(figures["decided_without_full_view"], 1);
    assert_eq!(
        (&figures["reports_asked"], &figures["reports_filed"]),
        (&json!(1), &json!(1))
    );
    assert!(figures["open_ms_median"].as_i64().is_some_and(|ms| ms >= 0));
    let audit = scene.api.get("/api/v1/audit").expect(200).json();
    assert_eq!(keys(&audit), ["events", "head"]);
    let again = scene.api.get("/api/v1/figures").expect(200).json();
    assert_eq!(
        again["through_event"], audit["events"],
        "asking changes nothing"
    );
    assert_eq!(again["scans"], figures["scans"]);
    let verified = scene
        .installation
        .run(["audit", "verify", "--json"])
        .exits(0)
        .json();
    assert_eq!(verified, audit);
}

#[test]
fn counts_outlive_a_stop() {
    let scene = Scene::new();
    scene.api.scan("text", b"no picture").expect(200);
    assert!(scene.server.stop().success());
    let server = scene.installation.serve();
    let api = server.api(&scene.installation.token(&["figures.read"]));
    assert_eq!(
        api.get("/api/v1/figures").expect(200).json()["scans"],
        json!({ "refused": 1 })
    );
}

/// The value of one line of the metrics.
fn metric(scene: &Scene, line: &str) -> f64 {
    let answer = scene.server.http("api").get("/metrics").expect(200);
    let text = answer.text();
    let found = text
        .lines()
        .find_map(|row| row.strip_prefix(line)?.strip_prefix(' '));
    found.map_or(0.0, |value| value.parse().expect("a number"))
}

#[test]
fn metrics_count_what_happens() {
    let (scene, ids) = with_cases(2);
    scene.api.scan("text", b"no picture").expect(200);
    scene
        .api
        .scan("", b"no picture")
        .problem(400, "bad_item_id");
    let metrics = scene.server.http("api").get("/metrics").expect(200);
    let kind = metrics.header("content-type").expect("a content type");
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(metrics.text().ends_with("# EOF\n"));
    for (line, value) in [
        (
            r#"seawall_scans_total{outcome="hashed",matched="yes"}"#,
            2.0,
        ),
        (
            r#"seawall_scans_total{outcome="refused",matched="no"}"#,
            1.0,
        ),
        ("seawall_scan_seconds_count", 3.0),
        (r#"seawall_answers_total{listener="api",status="400"}"#, 1.0),
        ("seawall_open_cases", 2.0),
        ("seawall_waiting_messages", 0.0),
    ] {
        assert_eq!(metric(&scene, line), value, "{line} in\n{}", metrics.text());
    }
    reviewer(&scene)
        .decide(&ids[0], &[("verdict", "not_confirmed")])
        .expect(303);
    assert_eq!(metric(&scene, "seawall_open_cases"), 1.0);
    for personal in ["item-", "DEMO", ids[0].as_str()] {
        assert!(!metrics.text().contains(personal), "{personal}");
    }
}
