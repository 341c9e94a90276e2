//! `/api/v1/exchanges`, with stand-ins for partners, and what a sealed bank hands out.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::sim::{set_up, take_out, value};
use crate::support::{Api, DEADLINE, Installation, Server, Sim, eventually};
use crate::{Scene, keys};

const EXCHANGE: &str = "/api/v1/exchanges/partner";

/// A server whose exchange `partner` is with a stand-in that lists these values, and has read
/// them.
fn partnered(values: &[&str]) -> (Scene, Sim) {
    let installation = Installation::new();
    let sim = Sim::exchange(&installation, values);
    let scene = served(installation);
    until(&scene.api, "the first run", |exchange| {
        exchange["up_to_date"] == true
    });
    (scene, sim)
}

/// No drill: in one nothing goes out to partners.
fn served(installation: Installation) -> Scene {
    let server = Server::start(&installation, &[]);
    Scene::of(installation, server)
}

/// The exchange, once it is as wanted.
#[track_caller]
fn until(api: &Api, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, DEADLINE, || {
        let exchange = api.get(EXCHANGE).expect(200).json();
        is_wanted(&exchange).then_some(exchange)
    })
}

#[track_caller]
fn act(api: &Api, act: &str, status: u16) -> Value {
    let answer = api.upload(&format!("{EXCHANGE}/{act}"), b"");
    answer.expect(status).json()
}

#[track_caller]
fn refused(api: &Api, act: &str, status: u16, code: &str) {
    let answer = api.upload(&format!("{EXCHANGE}/{act}"), b"");
    let problem = answer.problem(status, code);
    assert!(problem["detail"].is_string(), "{problem}");
}

/// Whether a hash is on a bank's list.
#[track_caller]
fn is_listed(api: &Api, hash: &str) -> bool {
    let asked = json!({ "hashes": [{ "algorithm": "pdq", "value": hash }] });
    let answer = api.post("/api/v1/lookups", &asked).expect(200).json();
    answer["results"][0]["matches_found"] != 0
}

/// The kinds of events of the log, of those in question.
fn events(scene: &Scene, kind: &str) -> Vec<Value> {
    let log = scene.installation.log().into_iter();
    log.filter(|event| event["kind"] == kind).collect()
}

#[test]
fn an_exchange_shows_how_it_goes_and_runs_when_asked() {
    let (first, second, third) = (value(0), value(1), value(2));
    let (scene, mut sim) = partnered(&[&first, &second]);
    let api = &scene.api;
    let exchange = api.get(EXCHANGE).expect(200).json();
    assert_eq!(keys(&exchange), KEYS);
    for (key, expected) in [
        ("name", json!("partner")),
        ("protocol", json!("stop_ncii")),
        ("bank", json!("PARTNERS")),
        ("configured", json!(true)),
        ("paused", json!(false)),
        ("contents", json!(2)),
        ("held", json!(0)),
        ("kinds", json!([{ "kind": "pdq", "hashes": 2, "held": 0 }])),
        ("failures", json!(0)),
        ("fault", Value::Null),
        ("missing", Value::Null),
        (
            "counts",
            json!({ "added": 2, "changed": 0, "withdrawn": 0, "set_aside": 0 }),
        ),
    ] {
        assert_eq!(exchange[key], expected, "{key}");
    }
    for key in ["checkpoint_at", "succeeded_at", "next_at"] {
        assert!(exchange[key].is_string(), "{key}");
    }
    let listed = api.get("/api/v1/exchanges").expect(200).json();
    assert_eq!(listed, json!({ "items": [exchange] }));
    assert!(is_listed(api, &first) && is_listed(api, &second));

    assert_eq!(sim.order(&format!("withdraw {first}"))["was_there"], true);
    sim.order(&format!("put {third}"));
    act(api, "run", 202);
    until(api, "the second run", |exchange| {
        exchange["counts"]["added"] == 3 && exchange["counts"]["withdrawn"] == 1
    });
    assert!(!is_listed(api, &first), "it was withdrawn");
    assert!(is_listed(api, &third));
    let asked = events(&scene, "exchange.changed");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["actor"]["kind"], "token");
}

const KEYS: [&str; 23] = [
    "bank",
    "checkpoint_at",
    "configured",
    "contents",
    "counts",
    "created_at",
    "ended_at",
    "failures",
    "fault",
    "held",
    "kinds",
    "missing",
    "missing_allowed",
    "name",
    "next_at",
    "paused",
    "problems",
    "protocol",
    "reconcile",
    "running",
    "started_at",
    "succeeded_at",
    "up_to_date",
];

#[test]
fn a_paused_exchange_promises_no_run_and_pausing_twice_is_pausing_once() {
    let (scene, mut sim) = partnered(&[&value(0)]);
    let api = &scene.api;
    for _ in 0..2 {
        let paused = act(api, "pause", 200);
        assert_eq!(
            (&paused["paused"], &paused["next_at"]),
            (&json!(true), &Value::Null)
        );
    }
    refused(api, "run", 409, "exchange_paused");
    refused(api, "reconcile", 409, "exchange_paused");
    refused(api, "allow-missing", 409, "nothing_missing");
    assert!(is_listed(api, &value(0)), "it goes on matching");
    sim.order(&format!("put {}", value(1)));
    for _ in 0..2 {
        assert_eq!(act(api, "resume", 200)["paused"], false);
    }
    until(api, "a run", |exchange| exchange["contents"] == 2);
    assert_eq!(events(&scene, "exchange.changed").len(), 2);
}

#[test]
fn what_is_held_back_is_listed_without_its_value_and_released_once() {
    let (zeros, ones) = ("0".repeat(64), "f".repeat(64));
    let (scene, _sim) = partnered(&[&zeros, &value(0), &ones]);
    let api = &scene.api;
    assert_eq!(api.get(EXCHANGE).expect(200).json()["held"], 2);
    assert!(!is_listed(api, &zeros) && !is_listed(api, &ones));
    let held = format!("{EXCHANGE}/held");
    let page = |query: &str| {
        let answer = api.get(&format!("{held}?{query}")).expect(200);
        assert!(!answer.text().contains(&zeros) && !answer.text().contains(&ones));
        answer.json()
    };
    let first = page("limit=1");
    let second = page(&format!("limit=1&after={}", first["next"]));
    assert_eq!(second.get("next"), None);
    let items: Vec<&Value> = [&first, &second].map(|page| &page["items"][0]).to_vec();
    assert_eq!(page(""), json!({ "items": items }));
    let reasons: Vec<&Value> = items.iter().map(|item| &item["hashes"]).collect();
    let reason = |reason: &str| json!([{ "kind": "pdq", "reason": reason }]);
    let expected = [reason("all_zeros"), reason("all_ones")];
    assert!(expected.iter().all(|hashes| reasons.contains(&hashes)));

    let of_zeros = items.iter().find(|item| item["hashes"] == expected[0]);
    let id = &of_zeros.expect("it is held")["content_id"];
    let release = || api.upload(&format!("{held}/{id}/release"), b"");
    release().expect(204);
    assert!(is_listed(api, &zeros) && !is_listed(api, &ones));
    release().problem(404, "not_found");
    assert_eq!(api.get(EXCHANGE).expect(200).json()["held"], 1);
    assert_eq!(events(&scene, "entry.released").len(), 1);
}

/// The partner begins anew and says nothing of what it listed before.
#[test]
fn a_list_that_shrank_much_waits_until_a_person_lets_it_go() {
    let installation = Installation::new();
    // An address that no other test takes, so that its port stays free in between.
    let partner = |address: &str, entries: &str| {
        let what = ["stop-ncii", "--seed", "9", "--entries", entries];
        Sim::start(&[&what[..], &["--listen", address][..]].concat())
    };
    let (sim, listening) = partner("127.0.0.93:0", "30");
    set_up(&installation, &listening);
    let scene = served(installation);
    let api = &scene.api;
    until(api, "the first run", |exchange| exchange["contents"] == 30);
    drop(sim);
    let base = listening["base"].as_str().expect("an address");
    let address = base.trim_start_matches("http://").trim_end_matches("/v1");
    let (_sim, _) = partner(address, "5");
    act(api, "reconcile", 202);
    let waiting = until(api, "a run that misses most", |exchange| {
        exchange["missing"] == 25 && exchange["running"] == false
    });
    assert_eq!(waiting["contents"], 30);
    assert_eq!(waiting["up_to_date"], false);
    act(api, "allow-missing", 202);
    let shrunk = until(api, "a run that withdraws them", |exchange| {
        exchange["contents"] == 5
    });
    assert_eq!(shrunk["missing"], Value::Null);
    refused(api, "allow-missing", 409, "nothing_missing");
}

#[test]
fn what_could_not_be_read_is_shown_painted_over() {
    let secret = "0123456789abcdef0123456789abcdef";
    let installation = Installation::new();
    let base = says(format!("<html>Be back soon, {secret}</html>"));
    let credentials = json!({ "subscription_key": "a-key", "fetch_key": "another" });
    set_up(
        &installation,
        &json!({ "base": base, "credentials": credentials }),
    );
    let scene = served(installation);
    let failed = until(&scene.api, "a run that fails", |exchange| {
        exchange["failures"] != 0
    });
    assert!(failed["fault"].is_string());
    assert_eq!(failed["up_to_date"], false);
    let page = scene.api.get(&format!("{EXCHANGE}/page")).expect(200);
    assert!(page.text().contains("Be back soon"), "{}", page.text());
    assert!(!page.text().contains(secret), "{}", page.text());
    assert!(!scene.server.log().contains(secret));
}

/// A listener that answers everything with this.
fn says(text: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            let length = text.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            drop(stream.write_all(head.as_bytes()));
            drop(stream.write_all(text.as_bytes()));
        }
    });
    format!("http://{address}/v1")
}

#[test]
fn an_exchange_is_removed_once_it_is_in_no_configuration_and_not_before() {
    let (scene, _sim) = partnered(&[&value(0), &value(1)]);
    let dry_run = format!("{EXCHANGE}?dry_run=true");
    let said = scene.api.delete(&dry_run).expect(200).json();
    let told = |configured: bool, dry_run: bool| {
        json!({
            "contents": 2, "bank": "PARTNERS", "configured": configured, "dry_run": dry_run,
        })
    };
    assert_eq!(said, told(true, true));
    let configured = || scene.api.delete(EXCHANGE);
    configured().problem(409, "configured_in_file");
    // Its bank would come back with it.
    let bank = scene.api.delete("/api/v1/banks/PARTNERS");
    bank.problem(409, "bank_sealed");
    assert!(is_listed(&scene.api, &value(0)));

    let Scene {
        installation,
        server,
        ..
    } = scene;
    assert!(server.stop().success());
    take_out(&installation);
    let scene = served(installation);
    let api = &scene.api;
    refused(api, "run", 409, "exchange_not_configured");
    assert_eq!(api.delete(&dry_run).expect(200).json(), told(false, true));
    assert!(is_listed(api, &value(0)), "nothing was done");
    assert_eq!(api.delete(EXCHANGE).expect(200).json(), told(false, false));
    assert!(!is_listed(api, &value(0)) && !is_listed(api, &value(1)));
    api.delete(EXCHANGE).problem(404, "not_found");
    assert_eq!(events(&scene, "exchange.removed").len(), 1);
}

#[test]
fn what_partners_list_is_handed_out_with_a_scope_of_its_own_and_an_event() {
    let hash = value(0);
    let (scene, _sim) = partnered(&[&hash]);
    let contents = "/api/v1/banks/PARTNERS/contents";
    let bank = scene.api.get("/api/v1/banks/PARTNERS").expect(200).json();
    assert_eq!(
        (&bank["sealed"], &bank["contents"]),
        (&json!(true), &json!(1))
    );
    let reader = scene.installation.token(&["banks.read", "banks.write"]);
    let reader = scene.server.api(&reader);
    let refused = reader.get(contents).problem(403, "forbidden");
    let detail = refused["detail"].as_str().expect("it says why");
    assert!(detail.ends_with("banks.export"), "{detail}");
    reader.send("HEAD", contents, &[], None).expect(403);
    reader.get("/api/v1/banks/PARTNERS").expect(200);
    assert_eq!(events(&scene, "bank.exported"), Vec::<Value>::new());

    let page = scene.api.get(contents).expect(200).json();
    assert_eq!(page["items"][0]["hashes"][0]["value"], hash);
    let after = &page["items"][0]["id"];
    let rest = scene.api.get(&format!("{contents}?after={after}"));
    assert_eq!(rest.expect(200).json()["items"], json!([]));
    let exported = |actors: &[&str]| {
        let events = events(&scene, "bank.exported");
        let actor = |event: &Value| event["actor"]["kind"].clone();
        assert_eq!(events.iter().map(actor).collect::<Vec<_>>(), actors);
        for event in events {
            assert_eq!(event["detail"]["contents"], 1, "{event}");
        }
    };
    exported(&["token"]);
    // Banks of one's own are listed as before.
    scene.api.bank("OWN");
    reader.get("/api/v1/banks/OWN/contents").expect(200);
    exported(&["token"]);
    let run = scene.installation.run(["bank", "export", "PARTNERS"]);
    assert!(run.exits(0).stdout.contains(&hash));
    exported(&["token", "operator"]);
}
