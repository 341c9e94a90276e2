use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_core::Timestamp;
use seawall_sim::fault::Fault;
use seawall_sim::stop_ncii::{
    Feedback, FeedbackValue, Options, Received, Record, SignalType, Status, StopNcii,
};
use seawall_testkit::FakeClock;
use serde_json::{Value, json};

use crate::caller::Caller;

/// A stand-in whose clock shows second 1625167804, as in the published client's test data.
fn stand_in() -> (Arc<StopNcii>, Arc<FakeClock>, Caller) {
    let clock = Arc::new(FakeClock::new(Timestamp::from_millis(1_625_167_804_000)));
    let options = Options {
        subscription_key: "sub".into(),
        fetch_key: "fetch".into(),
        feedback_key: "feedback".into(),
        submit_key: "submit".into(),
        source: "Platform".into(),
    };
    let service = StopNcii::new(options, Arc::clone(&clock) as _);
    let caller = with_key(&service, "fetch");
    (service, clock, caller)
}

fn with_key(service: &Arc<StopNcii>, key: &str) -> Caller {
    let keys = [
        ("Ocp-Apim-Subscription-Key", "sub"),
        ("x-functions-key", key),
    ];
    Caller::new(service.router(), &keys)
}

fn record(value: &str) -> Record {
    Record {
        signal_type: SignalType::ImagePdq,
        value: value.into(),
        status: Status::Active,
        cases: BTreeMap::from([(
            "cc592711-7068-442f-b5d2-24d50d389751".into(),
            Status::Active,
        )]),
        feedback: Vec::new(),
        regions: Vec::new(),
    }
}

fn page(start: u64, size: usize, token: &Value) -> String {
    let token = token.as_str().map_or(String::new(), |token| {
        let token = token.replace('+', "%2B").replace('=', "%3D");
        format!("&nextPageToken={token}")
    });
    format!("/v1/FetchHashes?startTimestamp={start}&pageSize={size}{token}")
}

fn values(page: &Value) -> Vec<&str> {
    let records = page["hashRecords"].as_array().expect("records").iter();
    records
        .map(|record| record["hashValue"].as_str().unwrap_or_default())
        .collect()
}

/// The third record of the published client's test data.
#[tokio::test]
async fn a_page_reads_as_the_published_example() {
    let (service, clock, caller) = stand_in();
    let empty = caller.get(&page(10, 800, &Value::Null)).await.json(200);
    assert_eq!(
        empty,
        json!({ "count": 0, "nextPageToken": null, "nextSetTimestamp": 10,
                "hasMoreRecords": false, "hashRecords": [] })
    );
    clock.set(Timestamp::from_millis(1_625_175_071_900));
    let value = "9def0b7dafa86a1c90f2abd78e79ceb25ec3d1a4b3d4bc7a4354baf7717ea038";
    service.put(Record {
        feedback: vec![Feedback {
            source: "Facebook".into(),
            value: FeedbackValue::Blocked,
            tags: ["Objectionable".into(), "Nude".into()].into(),
        }],
        ..record(value)
    });
    let answer = caller.get(&page(10, 800, &Value::Null)).await;
    assert_eq!(answer.header("seawall-stand-in"), Some("stop-ncii"));
    let mut answer = answer.json(200);
    let token = answer["nextPageToken"].take();
    assert!(token.as_str().is_some_and(|token| token.len() > 20));
    assert_eq!(
        answer,
        json!({
            "count": 1, "nextPageToken": null, "nextSetTimestamp": 1_625_175_071,
            "hasMoreRecords": false,
            "hashRecords": [{
                "lastModtimestamp": 1_625_175_071,
                "hashValue": value,
                "hashStatus": "Active",
                "caseNumbers": { "cc592711-7068-442f-b5d2-24d50d389751": "Active" },
                "signalType": "ImagePDQ",
                "CSPFeedbacks": [{ "source": "Facebook", "feedbackValue": "Blocked",
                                   "tags": ["Nude", "Objectionable"] }],
            }],
        })
    );
}

#[tokio::test]
async fn pages_follow_changes_and_the_checkpoint_is_that_of_the_first() {
    let (service, clock, caller) = stand_in();
    for value in ["a", "b", "c", "d", "e"] {
        service.put(record(value));
        clock.advance_ms(400);
    }
    let first = caller.get(&page(10, 2, &Value::Null)).await.json(200);
    assert_eq!(values(&first), ["a", "b"]);
    assert_eq!(first["nextSetTimestamp"], 1_625_167_805);
    assert_eq!(first["hasMoreRecords"], true);
    // What changes between two pages is told later, and nothing is told less for it.
    clock.advance_ms(10_000);
    assert!(service.withdraw(SignalType::ImagePdq, "a"));
    assert!(!service.withdraw(SignalType::ImagePdq, "a"));
    let second = caller
        .get(&page(10, 2, &first["nextPageToken"]))
        .await
        .json(200);
    assert_eq!(values(&second), ["c", "d"]);
    let third = caller
        .get(&page(10, 2, &second["nextPageToken"]))
        .await
        .json(200);
    assert_eq!(values(&third), ["e", "a"]);
    assert_eq!(third["hashRecords"][1]["hashStatus"], "Withdrawn");
    assert_eq!(third["nextSetTimestamp"], 1_625_167_805);
    assert_eq!(third["hasMoreRecords"], false);
    // The second of the checkpoint is told again.
    let again = caller
        .get(&page(1_625_167_805, 800, &Value::Null))
        .await
        .json(200);
    assert_eq!(values(&again), ["d", "e", "a"]);
    let live: Vec<String> = service
        .entries()
        .into_iter()
        .map(|entry| entry.value)
        .collect();
    assert_eq!(live, ["b", "c", "d", "e"]);
}

#[tokio::test]
async fn a_page_token_works_for_an_hour() {
    let (service, clock, caller) = stand_in();
    service.put(record("a"));
    service.put(record("b"));
    let first = caller.get(&page(10, 1, &Value::Null)).await.json(200);
    let second = page(10, 1, &first["nextPageToken"]);
    clock.advance_ms(3_600_000);
    caller.get(&second).await.expect(200);
    clock.advance_ms(1);
    caller.get(&second).await.expect(400);
}

#[tokio::test]
async fn requests_that_the_interface_does_not_know_are_refused() {
    let (service, _, caller) = stand_in();
    for query in [
        "",
        "?pageSize=1",
        "?startTimestamp=",
        "?startTimestamp=-1",
        "?startTimestamp=1.5",
        "?startTimestamp=2021-07-01",
        "?startTimestamp=1625167804000",
        "?startTimestamp=1&pageSize=0",
        "?startTimestamp=1&pageSize=1001",
        "?startTimestamp=1&nextPageToken=x",
        "?startTimestamp=1&since=1",
    ] {
        caller
            .get(&format!("/v1/FetchHashes{query}"))
            .await
            .expect(400);
    }
    let path = page(10, 1, &Value::Null);
    with_key(&service, "feedback").get(&path).await.expect(401);
    let keyless = Caller::new(service.router(), &[("x-functions-key", "fetch")]);
    let answer = keyless.get(&path).await.json(401);
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|text| text.contains("subscription key"))
    );
}

#[tokio::test]
async fn feedback_is_kept_as_often_as_it_comes() {
    let (service, ..) = stand_in();
    service.put(record("a"));
    let caller = with_key(&service, "feedback");
    let send = async |body: Value| {
        let body = body.to_string();
        caller
            .send("POST", "/v1/SubmitFeedback", "application/json", &body)
            .await
    };
    let item = json!({ "hashValue": "a", "feedbackValue": "Blocked", "tags": ["t"] });
    let good = json!({ "count": 1, "hashFeedbacks": [item] });
    send(good.clone()).await.expect(200);
    let received = Received {
        value: "a".into(),
        signal_type: None,
        feedback: Feedback {
            source: "Platform".into(),
            value: FeedbackValue::Blocked,
            tags: ["t".into()].into(),
        },
    };
    let mut typed = good.clone();
    typed["hashFeedbacks"][0]["signalType"] = json!("ImagePDQ");
    send(typed.clone()).await.expect(200);
    let with_type = Received {
        signal_type: Some(SignalType::ImagePdq),
        ..received.clone()
    };
    assert_eq!(service.feedback(), [received, with_type]);

    for (member, wrong) in [
        ("signalType", json!("StopNCIISignalType.ImagePDQ")),
        ("feedbackValue", json!("Unknown")),
        ("feedbackValue", json!("blocked")),
        ("hashValue", json!("b")),
        ("tags", json!("t")),
        ("note", json!("n")),
    ] {
        let mut bad = good.clone();
        bad["hashFeedbacks"][0][member] = wrong;
        send(bad).await.expect(400);
    }
    let mut miscounted = good.clone();
    miscounted["count"] = json!(2);
    send(miscounted).await.expect(400);
    send(json!({ "count": 0, "hashFeedbacks": [] }))
        .await
        .expect(400);
    let body = good.to_string();
    caller
        .send("POST", "/v1/SubmitFeedback", "text/json", &body)
        .await
        .expect(400);
    assert_eq!(service.feedback().len(), 2);
}

#[tokio::test]
async fn what_is_submitted_becomes_a_record() {
    let (service, ..) = stand_in();
    let caller = with_key(&service, "submit");
    let value = "00ff".repeat(16);
    let item = json!({
        "lastModtimestamp": 1_625_167_804, "signalType": "ImagePDQ", "hashValue": value,
        "CSPFeedbacks": [{ "feedbackValue": "Blocked", "tags": [] }],
    });
    let good = json!({ "count": 1, "hashRecords": [item] });
    let send = async |body: &Value| {
        let body = body.to_string();
        caller
            .send("POST", "/v1/SubmitHashes", "application/json", &body)
            .await
    };
    send(&good).await.expect(200);
    assert_eq!(service.submitted(), service.entries());
    assert_eq!(service.submitted()[0].feedback[0].source, "Platform");
    for (member, wrong) in [
        ("signalType", json!("StopNCIISignalType.ImagePDQ")),
        ("hashValue", json!("00ff")),
        ("lastModtimestamp", json!(1_625_167_804_000_u64)),
        ("hashStatus", json!("Active")),
    ] {
        let mut bad = good.clone();
        bad["hashRecords"][0][member] = wrong;
        send(&bad).await.expect(400);
    }
    assert_eq!(service.submitted().len(), 1);
}

#[tokio::test]
async fn odd_pages_hold_the_true_records_all_the_same() {
    let (service, clock, caller) = stand_in();
    for value in ["a", "b", "c"] {
        service.put(Record {
            cases: BTreeMap::new(),
            ..record(value)
        });
        clock.advance_ms(1_250);
    }
    let odd = async |fault, token: &Value| {
        service.set_hook(Some(Arc::new(move |_| fault)));
        caller.get(&page(10, 800, token)).await
    };
    let none = Value::Null;
    let page = odd(Fault::None, &none).await.json(200);
    assert_eq!(page["hashRecords"][0]["caseNumbers"], json!([]));
    let page = odd(Fault::OutOfOrder, &none).await.json(200);
    assert_eq!(values(&page), ["c", "b", "a"]);
    let page = odd(Fault::FractionalSeconds, &none).await.json(200);
    assert_eq!(page["hashRecords"][1]["lastModtimestamp"], 1_625_167_805.25);
    let page = odd(Fault::UnknownWords, &none).await.json(200);
    assert_eq!(page["count"], 6);
    assert_eq!(values(&page)[..3], ["a", "b", "c"]);
    let page = odd(Fault::EmptyValues, &none).await.json(200);
    assert_eq!(values(&page), ["a", "b", "c", "", ""]);
    let page = odd(Fault::SmallPage { size: 1 }, &none).await.json(200);
    assert_eq!(
        (values(&page), &page["hasMoreRecords"]),
        (vec!["a"], &json!(true))
    );
    let token = page["nextPageToken"].clone();
    let page = odd(Fault::RepeatedCursor, &token).await.json(200);
    assert_eq!(values(&page), ["b", "c"]);
    assert_eq!(
        (&page["nextPageToken"], &page["hasMoreRecords"]),
        (&token, &json!(true))
    );
    odd(Fault::ExpiredToken, &token).await.expect(400);
    odd(Fault::ExpiredToken, &none).await.expect(401);
}
