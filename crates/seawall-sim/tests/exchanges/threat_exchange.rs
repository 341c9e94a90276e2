use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_core::Timestamp;
use seawall_sim::fault::Fault;
use seawall_sim::threat_exchange::{
    Descriptor, Indicator, Options, Reaction, Received, Status, TOMBSTONE_MS, ThreatExchange,
};
use seawall_testkit::FakeClock;
use serde_json::{Value, json};

use crate::caller::Caller;

/// A stand-in whose clock shows second 1600000000.
fn stand_in() -> (Arc<ThreatExchange>, Arc<FakeClock>, Caller) {
    let clock = Arc::new(FakeClock::new(Timestamp::from_millis(1_600_000_000_000)));
    let options = Options {
        access_token: "12345678|secret".into(),
        privacy_group: 77,
    };
    let service = ThreatExchange::new(options, Arc::clone(&clock) as _);
    let caller = Caller::new(service.router(), &[("host", "127.0.0.1:99")]);
    (service, clock, caller)
}

fn indicator(value: &str) -> Indicator {
    Indicator {
        kind: "HASH_PDQ".into(),
        value: value.into(),
        descriptors: vec![Descriptor {
            id: 5,
            owner: 1,
            status: Status::Malicious,
            tags: ["b".into(), "a".into()].into(),
            reactions: BTreeMap::from([(Reaction::Helpful, [2, 3].into())]),
        }],
    }
}

fn path(more: &str) -> String {
    format!("/v26.0/77/threat_updates/?access_token=12345678%7Csecret{more}")
}

fn values(page: &Value) -> Vec<&str> {
    let data = page["data"].as_array().expect("data").iter();
    data.map(|update| update["indicator"].as_str().unwrap_or_default())
        .collect()
}

/// The fields that the published client asks for, and the members it reads.
#[tokio::test]
async fn an_update_has_the_fields_that_are_asked_for() {
    let (service, _, caller) = stand_in();
    service.put(indicator("aa"));
    service.put(indicator("bb"));
    service.withdraw("HASH_PDQ", "bb");
    let fields = "&fields=indicator,type,last_updated,should_delete,\
                  descriptors%7Breactions,my_reactions,owner%7Bid%7D,tags,status,added_on%7D";
    let answer = caller.get(&path(fields)).await;
    assert_eq!(answer.header("seawall-stand-in"), Some("threat-exchange"));
    assert_eq!(
        answer.json(200)["data"],
        json!([
            {
                "id": "4000000000", "indicator": "aa", "type": "HASH_PDQ",
                "last_updated": 1_600_000_000, "should_delete": false,
                "descriptors": { "data": [{
                    "id": "5", "owner": { "id": "1" }, "status": "MALICIOUS",
                    "added_on": "2020-09-13T12:26:40+0000",
                    "tags": { "data": [{ "id": "1000", "text": "a" },
                                       { "id": "1001", "text": "b" }] },
                    "reactions": [{ "key": "HELPFUL", "value": "2,3" }],
                }] },
            },
            { "id": "4000000001", "indicator": "bb", "type": "HASH_PDQ",
              "last_updated": 1_600_000_000, "should_delete": true },
        ])
    );
    let plain = caller.get(&path("")).await.json(200);
    assert_eq!(plain["data"][0]["applications_with_opinions"], json!(["1"]));
    assert_eq!(plain["data"][0]["descriptors"], Value::Null);
}

#[tokio::test]
async fn pages_follow_changes_and_the_next_address_carries_the_token() {
    let (service, clock, caller) = stand_in();
    for value in ["a", "b", "c"] {
        service.put(indicator(value));
        clock.advance_ms(1_000);
    }
    let first = caller
        .get(&path("&limit=2&start_time=1600000000"))
        .await
        .json(200);
    assert_eq!(values(&first), ["a", "b"]);
    let next = first["paging"]["next"].as_str().expect("a next page");
    let local = next
        .strip_prefix("http://127.0.0.1:99")
        .expect("the host it was asked by");
    assert!(local.contains("access_token=12345678%7Csecret"), "{local}");
    service.put(indicator("a"));
    let second = caller.get(local).await.json(200);
    assert_eq!(values(&second), ["c", "a"]);
    assert_eq!(second["paging"]["next"], Value::Null);
    let window = "&start_time=1600000001&stop_time=1600000002";
    let window = caller.get(&path(window)).await.json(200);
    assert_eq!(values(&window), ["b"]);
    let none = caller.get(&path("&types=URI,HASH_MD5")).await.json(200);
    assert_eq!(none, json!({ "data": [] }));
}

#[tokio::test]
async fn a_tombstone_is_told_for_ninety_days() {
    let (service, clock, caller) = stand_in();
    service.put(indicator("a"));
    assert!(service.withdraw("HASH_PDQ", "a"));
    assert!(!service.withdraw("HASH_PDQ", "a"));
    clock.advance_ms(TOMBSTONE_MS);
    assert_eq!(values(&caller.get(&path("")).await.json(200)), ["a"]);
    clock.advance_ms(1);
    assert_eq!(values(&caller.get(&path("")).await.json(200)), [""; 0]);
}

#[tokio::test]
async fn requests_that_the_interface_does_not_know_are_refused() {
    let (_, _, caller) = stand_in();
    for more in [
        "&start_time=x",
        "&start_time=1600000000000",
        "&start_time=1600000001",
        "&limit=0",
        "&limit=1001",
        "&fields=",
        "&fields=secret",
        "&fields=type%7Bid%7D",
        "&fields=descriptors%7Bname%7D",
        "&after=x",
        "&since=1",
        "&limit=1&limit=2",
    ] {
        let answer = caller.get(&path(more)).await.json(400);
        assert_eq!(answer["error"]["code"], 100, "{more}");
    }
    let wrong = caller
        .get("/v26.0/77/threat_updates?access_token=1")
        .await
        .json(400);
    assert_eq!(wrong["error"]["code"], 190);
    let none = caller.get("/v26.0/77/threat_updates").await.json(400);
    assert_eq!(none["error"]["code"], 104);
    let other = path("").replace("/77/", "/78/");
    caller.get(&other).await.expect(400);
}

const DESCRIPTOR: &str = "indicator=aa&type=HASH_PDQ&description=d&share_level=RED&\
    status=NON_MALICIOUS&privacy_type=HAS_PRIVACY_GROUP&privacy_members=77&tags=x,y";

#[tokio::test]
async fn a_descriptor_and_a_reaction_are_kept_as_often_as_they_come() {
    let (service, _, caller) = stand_in();
    service.put(indicator("aa"));
    let token = "?access_token=12345678%7Csecret";
    // The published client says everything twice: in the address and in a body without a type.
    let address = format!("/v26.0/threat_descriptors/{token}&{DESCRIPTOR}");
    let made = caller
        .send("POST", &address, "", DESCRIPTOR)
        .await
        .json(200);
    let own = made["id"].as_str().expect("a number").to_owned();
    assert_eq!(made["success"], true);
    let form = "application/x-www-form-urlencoded";
    let again = format!("/v26.0/threat_descriptors{token}");
    let again = caller
        .send("POST", &again, form, DESCRIPTOR)
        .await
        .json(200);
    assert_eq!(
        again["id"],
        own.as_str(),
        "one application has one descriptor"
    );
    let react = |id: &str, what: &str| format!("/v26.0/{id}/{token}&{what}");
    let path = react("5", "reactions=SAW_THIS_TOO");
    caller
        .send("POST", &path, "", "reactions=SAW_THIS_TOO")
        .await
        .expect(200);
    let path = react("5", "reactions_to_remove=HELPFUL");
    caller.send("POST", &path, "", "").await.expect(200);
    let received = service.feedback();
    assert_eq!(received.len(), 4);
    assert_eq!(received[0], received[1]);
    let Received::Descriptor(given) = &received[0] else {
        panic!("{received:?}")
    };
    assert_eq!(
        (given["status"].as_str(), given.len()),
        ("NON_MALICIOUS", 8)
    );
    assert_eq!(
        received[2],
        Received::Reaction {
            descriptor: 5,
            reaction: Reaction::SawThisToo,
            is_removal: false
        }
    );
    let [held] = service.entries().try_into().expect("one");
    let owners: Vec<u64> = held.descriptors.iter().map(|held| held.owner).collect();
    assert_eq!(owners, [1, 12_345_678]);
    assert_eq!(
        held.descriptors[0].reactions[&Reaction::SawThisToo],
        [12_345_678].into()
    );
}

#[tokio::test]
async fn what_the_interface_does_not_know_is_not_taken() {
    let (service, _, caller) = stand_in();
    service.put(indicator("aa"));
    let path = "/v26.0/threat_descriptors?access_token=12345678%7Csecret";
    for (right, wrong) in [
        ("indicator=aa", "indicator="),
        ("status=NON_MALICIOUS", "status=GOOD"),
        ("&description=d", ""),
        ("&tags=x,y", "&labels=x"),
        ("type=HASH_PDQ", "type=A&type=B"),
    ] {
        let body = DESCRIPTOR.replace(right, wrong);
        caller.send("POST", path, "", &body).await.expect(400);
    }
    for more in ["5?reactions=LIKE", "5", "6?reactions=HELPFUL"] {
        let (id, query) = more.split_once('?').unwrap_or((more, ""));
        let path = format!("/v26.0/{id}?access_token=12345678%7Csecret&{query}");
        caller.send("POST", &path, "", "").await.expect(400);
    }
    caller
        .send("POST", "/v26.0/threat_descriptors", "", DESCRIPTOR)
        .await
        .expect(400);
    assert_eq!(service.feedback(), []);
}

#[tokio::test]
async fn odd_pages_hold_the_true_updates_all_the_same() {
    let (service, clock, caller) = stand_in();
    for value in ["a", "b", "c"] {
        service.put(indicator(value));
        clock.advance_ms(1_500);
    }
    let odd = async |fault| {
        service.set_hook(Some(Arc::new(move |_| fault)));
        caller.get(&path("")).await
    };
    assert_eq!(
        values(&odd(Fault::OutOfOrder).await.json(200)),
        ["c", "b", "a"]
    );
    let page = odd(Fault::FractionalSeconds).await.json(200);
    assert_eq!(page["data"][1]["last_updated"], 1_600_000_001.5);
    let page = odd(Fault::UnknownWords).await.json(200);
    assert_eq!(values(&page)[..3], ["a", "b", "c"]);
    assert_eq!(page["data"][4]["status"], "PONDERED");
    assert_eq!(
        values(&odd(Fault::EmptyValues).await.json(200)),
        ["a", "b", "c", ""]
    );
    let page = odd(Fault::SmallPage { size: 1 }).await.json(200);
    assert_eq!(values(&page), ["a"]);
    assert!(page["paging"]["next"].is_string());
    let page = odd(Fault::RepeatedCursor).await.json(200);
    let next = page["paging"]["next"].as_str().expect("itself");
    assert_eq!(
        next.replace("/threat_updates?", "/threat_updates/?"),
        format!("http://127.0.0.1:99{}", path(""))
    );
    let expired = odd(Fault::ExpiredToken).await.json(400);
    assert_eq!(expired["error"]["code"], 190);
}
