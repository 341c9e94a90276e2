//! From a reviewer's act to what the receiver of reports reads, on the real binary.

mod support;

use std::time::Duration;

use seawall_testkit::{jpeg, picture};
use serde_json::{Value, json};

use support::{Api, Console, Installation, Server, StandIn, eventually};

const CONFIRM: [(&str, &str); 3] = [
    ("verdict", "confirmed"),
    ("manifestation", "M01"),
    ("report", "yes"),
];

struct House {
    installation: Installation,
    stand_in: StandIn,
    server: Server,
    api: Api,
}

impl House {
    fn new() -> Self {
        let stand_in = StandIn::start();
        let installation = Installation::new();
        stand_in.receives_reports_of(&installation);
        let token = installation.token(&["scan", "banks.read", "banks.write", "cases.read"]);
        let server = Server::start(&installation, &[]);
        let api = server.api(&token);
        api.bank("KNOWN");
        Self {
            installation,
            stand_in,
            server,
            api,
        }
    }

    fn reviewer(&self, name: &str) -> Console {
        let console = self.server.console();
        console.use_link(&self.installation.user(name, "reviewer"));
        console
    }

    /// A case of a picture of its own, with this context.
    fn case(&self, number: u64, context: &Value) -> String {
        let bytes = jpeg(&picture(320, 240, number), 90);
        self.api.add_picture("KNOWN", &bytes);
        let answer = self
            .api
            .scan_with(&format!("item-{number}"), context, &bytes);
        let answer = answer.expect(200).json();
        answer["case_id"].as_str().expect("a case").to_owned()
    }

    /// The report of a case, once it is filed.
    fn filed(&self, case: &str) -> Value {
        eventually("the report is filed", Duration::from_secs(30), || {
            let found = self
                .api
                .get(&format!("/api/v1/cases/{case}"))
                .expect(200)
                .json();
            (found["report"]["state"] == "filed").then_some(found)
        })
    }

    /// What the receiver was told of the only file of a report.
    fn told(&self, case: &Value) -> (String, String) {
        let id = case["report"]["receipt"]["report_id"]
            .as_u64()
            .expect("a number");
        let reports = self.stand_in.finished();
        let report = reports
            .iter()
            .find(|report| report.report_id == id)
            .expect("in its book");
        let details = report.files[0].details.clone().expect("described");
        (report.payload.clone(), details)
    }
}

#[test]
fn the_report_says_viewed_only_where_the_whole_picture_was_shown() {
    let house = House::new();
    let alex = house.reviewer("alex");
    for (number, modes, viewed) in [
        (1, vec![], false),
        (2, vec!["blurred", "grey"], false),
        (3, vec!["blurred", "full"], true),
    ] {
        let case = house.case(number, &json!({}));
        for mode in modes {
            let png = alex.reveal(&case, mode);
            assert!(png.starts_with(b"\x89PNG"), "{mode}");
        }
        alex.decide(&case, &CONFIRM).expect(303);
        let filed = house.filed(&case);
        assert_eq!(filed["viewed_in_full"], viewed);
        let (_, details) = house.told(&filed);
        let expected = format!("<fileViewedByEsp>{viewed}</fileViewedByEsp>");
        assert!(details.contains(&expected), "case {number}");
    }
}

#[test]
fn what_the_platform_told_reaches_the_receiver_and_no_log() {
    let house = House::new();
    let alex = house.reviewer("alex");
    let context = json!({
        "uploader_id": "uploader-4711", "screen_name": "name \u{0007} & <b>", "ip": "192.0.2.44",
        "port": 50123, "event": "upload", "uploaded_at": "2026-01-31T10:30:00+01:00",
        "channel": "public", "url": "https://example.org/p/4711", "file_name": "holiday <1>.jpg",
        "jurisdictions": ["US", "DE"],
    });
    let case = house.case(1, &context);
    alex.decide(&case, &CONFIRM).expect(303);
    let (payload, details) = house.told(&house.filed(&case));
    for part in [
        "<espIdentifier>uploader-4711</espIdentifier>",
        "<screenName>name \u{fffd} &amp; &lt;b&gt;</screenName>",
        "<ipAddress>192.0.2.44</ipAddress>",
        "<port>50123</port>",
        "<url>https://example.org/p/4711</url>",
    ] {
        assert!(payload.contains(part), "{part}");
    }
    assert!(details.contains("<originalFileName>holiday &lt;1&gt;.jpg</originalFileName>"));
    assert!(details.contains("2026-01-31T09:30:00"), "in UTC");
    let log = house.server.log();
    for personal in ["uploader-4711", "192.0.2.44", "holiday", "example.org/p"] {
        assert!(!log.contains(personal), "{personal}");
    }
}

#[test]
fn a_second_reviewer_meets_the_first_by_name_and_nothing_is_doubled() {
    let house = House::new();
    let (alex, kim) = (house.reviewer("alex"), house.reviewer("kim"));
    let case = house.case(1, &json!({}));
    let page = format!("/cases/{case}");
    // Kim opened the case before Alex decided it.
    let csrf = support::csrf(kim.get(&page).expect(200).text());
    alex.decide(&case, &CONFIRM).expect(303);
    let late = kim.submit(
        &format!("{page}/decision"),
        &[("csrf", csrf.as_str()), ("verdict", "not_confirmed")],
    );
    let late = late.expect(409);
    assert!(late.text().contains("alex"), "the first is named");
    let filed = house.filed(&case);
    assert_eq!(filed["decision"]["verdict"], "confirmed");
    assert_eq!(house.stand_in.finished().len(), 1);
}
