//! `/c/exchanges` and `/c/exchange`, with a stand-in for a partner.

use serde_json::{Value, json};

use crate::banks::put;
use crate::support::sim::{take_out, value};
use crate::support::{DEADLINE, Installation, Server, Sim, eventually};
use crate::{Scene, keys, message};

/// A server whose exchange `partner` is with a stand-in that lists these values, and has read
/// them.
pub(crate) fn partnered(values: &[&str]) -> (Scene, Sim) {
    let installation = Installation::new();
    let sim = Sim::exchange(&installation, values);
    let scene = served(installation);
    until_listed(&scene, values.len() as u64);
    (scene, sim)
}

/// No drill: in one nothing goes out to partners.
pub(crate) fn served(installation: Installation) -> Scene {
    let server = Server::start(&installation, &[]);
    Scene::of(installation, server)
}

/// Waits until the exchange is up to date and lists so many contents.
#[track_caller]
pub(crate) fn until_listed(scene: &Scene, contents: u64) {
    eventually("a run", DEADLINE, || {
        let status = status(scene);
        let is_wanted = status["up_to_date"] == true && status["fetched_items"] == contents;
        is_wanted.then_some(())
    });
}

/// Has the list read on, and waits until it has so many contents.
#[track_caller]
pub(crate) fn read_again(scene: &Scene, contents: u64) {
    let asked = scene.native.upload("/api/v1/exchanges/partner/run", b"");
    asked.expect(202);
    until_listed(scene, contents);
}

#[track_caller]
fn status(scene: &Scene) -> Value {
    let path = "/c/exchange/partner/status";
    scene.hma.get(path).expect(200).json()
}

#[test]
fn an_exchange_is_shown_in_hmas_shapes() {
    let (scene, _sim) = partnered(&[&value(0), &value(1)]);
    let hma = &scene.hma;
    assert_eq!(
        hma.get("/c/exchanges").expect(200).json(),
        json!(["partner"])
    );
    let shown = json!({
        "name": "partner", "api": "stop_ncii", "enabled": true, "bank": "PARTNERS",
        "configured": true,
    });
    assert_eq!(hma.get("/c/exchange/partner").expect(200).json(), shown);
    let status = status(&scene);
    let expected = [
        "checkpoint_ts",
        "fetched_items",
        "last_fetch_complete_ts",
        "last_fetch_succeeded",
        "running_fetch_start_ts",
        "up_to_date",
    ];
    assert_eq!(keys(&status), expected);
    assert_eq!(status["fetched_items"], 2);
    assert_eq!(status["last_fetch_succeeded"], true);
    assert_eq!(status["running_fetch_start_ts"], Value::Null);
    // Seconds, not milliseconds, and not long ago.
    let checkpoint = status["checkpoint_ts"].as_i64().expect("it was read");
    let ended = status["last_fetch_complete_ts"].as_i64().expect("it ended");
    assert!((0..=3600).contains(&(ended - checkpoint)), "{status}");
    assert!((1_700_000_000..10_000_000_000).contains(&ended), "{status}");
    // Its bank is one as any other to whoever asks.
    let found = format!("/m/lookup?signal_type=pdq&signal={}", value(1));
    let found = hma.get(&found).expect(200).json();
    assert_eq!(found["PARTNERS"][0]["distance"], "0");
    // What the partner listed is shown to nobody.
    let id = &found["PARTNERS"][0]["bank_content_id"];
    let content = format!("/c/bank/PARTNERS/content/{id}?include_signals=true");
    assert!(!message(hma.get(&content), 404).contains(&value(1)));
}

#[test]
fn an_exchange_is_switched_off_and_on_with_the_shape_of_its_get() {
    let (scene, mut sim) = partnered(&[&value(0)]);
    let switch = |body: &Value| put(&scene.hma, "/c/exchange/partner", body);
    let shown = || scene.hma.get("/c/exchange/partner").expect(200).json();
    for off in [json!(false), json!("false"), json!(0)] {
        let off = switch(&json!({ "enabled": off })).expect(200).json();
        assert_eq!((&off, &off["enabled"]), (&shown(), &json!(false)));
    }
    assert_eq!(status(&scene)["up_to_date"], false);
    assert_eq!(switch(&json!({})).expect(200).json(), shown());
    for wrong in [json!(null), json!("perhaps"), json!([]), json!(2)] {
        message(switch(&json!({ "enabled": wrong })), 400);
    }
    message(switch(&json!([])), 400);
    assert_eq!(shown()["enabled"], false);
    sim.order(&format!("put {}", value(1)));
    let on = switch(&json!({ "enabled": true })).expect(200).json();
    assert_eq!((&on, &on["enabled"]), (&shown(), &json!(true)));
    until_listed(&scene, 2);
}

#[test]
fn an_exchange_is_deleted_once_it_is_in_no_configuration() {
    let (scene, _sim) = partnered(&[&value(0)]);
    let refused = scene.hma.delete("/c/exchange/partner").expect(409).json();
    assert_eq!(refused["code"], "configured_in_file");
    let Scene {
        installation,
        server,
        ..
    } = scene;
    assert!(server.stop().success());
    take_out(&installation);
    let scene = served(installation);
    let shown = scene.hma.get("/c/exchange/partner").expect(200).json();
    assert_eq!(
        (&shown["enabled"], &shown["configured"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(status(&scene)["up_to_date"], false);
    let on = put(
        &scene.hma,
        "/c/exchange/partner",
        &json!({ "enabled": true }),
    );
    assert_eq!(on.expect(409).json()["code"], "exchange_not_configured");
    let deleted = scene.hma.delete("/c/exchange/partner").expect(200).json();
    assert_eq!(deleted, json!({ "message": "Exchange deleted" }));
    message(scene.hma.delete("/c/exchange/partner"), 404);
    let found = format!("/m/lookup?signal_type=pdq&signal={}", value(0));
    assert_eq!(scene.hma.get(&found).expect(200).json(), json!({}));
    assert_eq!(scene.hma.get("/c/exchanges").expect(200).json(), json!([]));
}

#[test]
fn kinds_are_named_as_in_hma_and_say_what_they_are_set_up_with() {
    let (scene, _sim) = partnered(&[]);
    let hma = &scene.hma;
    let apis = hma.get("/c/exchanges/apis").expect(200).json();
    let apis: Vec<&str> = apis
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for known in ["fb_threatexchange", "ncmec", "stop_ncii", "tat"] {
        assert!(apis.contains(&known), "{known}");
    }
    for name in apis {
        let api = hma.get(&format!("/c/exchanges/api/{name}")).expect(200);
        let has = name == "stop_ncii";
        assert_eq!(
            api.json(),
            json!({ "supports_authentification": true, "has_set_authentification": has })
        );
        let path = format!("/c/exchanges/api/{name}/schema");
        let schema = hma.get(&path).expect(200).json();
        assert_eq!(keys(&schema), ["config_schema", "credentials_schema"]);
        for part in ["config_schema", "credentials_schema"] {
            for field in schema[part]["fields"].as_array().expect("fields") {
                let expected = ["choices", "default", "help", "name", "required", "type"];
                assert_eq!(keys(field), expected);
            }
        }
    }
    let schema = hma.get("/c/exchanges/api/ncmec/schema").expect(200).json();
    let list = &schema["config_schema"]["fields"][0];
    assert_eq!(
        (&list["name"], &list["type"], &list["required"]),
        (&json!("list"), &json!("enum"), &json!(true))
    );
    for path in ["", "/schema"] {
        message(hma.get(&format!("/c/exchanges/api/nope{path}")), 404);
    }
}

#[test]
fn what_is_set_up_in_the_configuration_is_refused_with_where_to_do_it() {
    let scene = Scene::new();
    let (hma, secret) = (&scene.hma, "a-secret-5519");
    for path in ["/c/exchange/PARTNER", "/c/exchange/PARTNER/status"] {
        message(hma.get(path), 404);
    }
    message(hma.delete("/c/exchange/PARTNER"), 404);
    let off = json!({ "enabled": false });
    message(put(hma, "/c/exchange/PARTNER", &off), 404);

    let api = "/c/exchanges/api/ncmec";
    for credentials in [json!({ "user": "x", "password": secret }), json!({})] {
        let body = json!({ "credential_json": credentials });
        let told = hma.post(api, &body).expect(409).json();
        assert_eq!(told["code"], "configured_in_file");
        let text = told["message"].as_str().expect("a text");
        assert!(text.contains("secrets") && !text.contains(secret), "{text}");
    }
    for body in [json!({}), json!([]), json!({ "credential_json": secret })] {
        assert!(!message(hma.post(api, &body), 400).contains(secret));
    }
    let body = json!({ "credential_json": {} });
    message(hma.post("/c/exchanges/api/nope", &body), 404);

    let whole = json!({ "bank": "PARTNER", "api": "ncmec", "api_json": {} });
    let told = hma.post("/c/exchanges", &whole).expect(409).json();
    assert_eq!(told["code"], "configured_in_file");
    let text = told["message"].as_str().expect("a text");
    assert!(text.contains("[exchange.PARTNER]"), "{text}");
    for body in [
        json!({ "bank": "PARTNER", "api": "nope", "api_json": {} }),
        json!({ "bank": "2PARTNER", "api": "ncmec" }),
        json!({ "bank": "PARTNER" }),
        json!({ "api": "ncmec" }),
        json!({ "bank": "PARTNER", "api": "ncmec", "api_json": [] }),
        json!([]),
    ] {
        message(hma.post("/c/exchanges", &body), 400);
    }
    message(hma.get("/c/bank/PARTNER"), 404);
    assert_eq!(hma.get("/c/exchanges").expect(200).json(), json!([]));
}
