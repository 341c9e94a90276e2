//! `/c/banks` and `/c/bank/{bank_name}`.

use serde_json::{Value, json};

use crate::support::{Answer, Api};
use crate::{Scene, message};

#[track_caller]
pub(crate) fn put(api: &Api, path: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    api.send("PUT", path, &json, Some(body.to_string().as_bytes()))
}

fn bank(name: &str, ratio: f64) -> Value {
    json!({ "matching_enabled_ratio": ratio, "name": name })
}

#[test]
fn a_bank_is_made_shown_and_listed_and_is_one_of_the_native_interface() {
    let scene = Scene::new();
    let make = |body: Value| scene.hma.post("/c/banks", &body);
    assert_eq!(
        make(json!({ "name": "PLAIN" })).expect(201).json(),
        bank("PLAIN", 1.0)
    );
    let half = make(json!({ "name": "HALF", "enabled_ratio": "0.5" })).expect(201);
    assert_eq!(
        half.text(),
        r#"{"matching_enabled_ratio":0.5,"name":"HALF"}"#
    );
    assert_eq!(
        make(json!({ "name": "_OFF_2", "enabled": "false" }))
            .expect(201)
            .json(),
        bank("_OFF_2", 0.0)
    );
    // A ratio outranks the word for it.
    let both = json!({ "name": "BOTH", "enabled": false, "enabled_ratio": 0.25 });
    assert_eq!(make(both).expect(201).json(), bank("BOTH", 0.25));
    scene.native.bank("NATIVE");

    let shown = scene.hma.get("/c/bank/NATIVE").expect(200);
    assert_eq!(
        shown.text(),
        r#"{"matching_enabled_ratio":1.0,"name":"NATIVE"}"#
    );
    let listed = scene.hma.get("/c/banks").expect(200).json();
    let expected = [
        bank("BOTH", 0.25),
        bank("HALF", 0.5),
        bank("NATIVE", 1.0),
        bank("PLAIN", 1.0),
        bank("SEAWALL_SELFTEST", 1.0),
        bank("_OFF_2", 0.0),
    ];
    assert_eq!(listed, json!(expected));
    let off = scene.native.get("/api/v1/banks/_OFF_2").expect(200).json();
    assert_eq!(off["enabled"], false);
}

#[test]
fn a_bank_that_cannot_be_made_is_refused() {
    let scene = Scene::new();
    scene.native.bank("TAKEN");
    let refused = |body: Value, status: u16| message(scene.hma.post("/c/banks", &body), status);
    assert_eq!(
        refused(json!({ "name": "TAKEN" }), 403),
        "Bank already exists"
    );
    for name in ["lower", "2DIGIT", "SPA CE", "", "A-B", "A\n"] {
        refused(json!({ "name": name }), 400);
    }
    for body in [
        json!({}),
        json!([]),
        json!("x"),
        json!({ "name": 7 }),
        json!({ "name": "A", "enabled_ratio": 7 }),
        json!({ "name": "A", "enabled_ratio": -0.1 }),
        json!({ "name": "A", "enabled_ratio": "NaN" }),
        json!({ "name": "A", "enabled_ratio": null }),
        json!({ "name": "A", "enabled": "perhaps" }),
        json!({ "name": "A", "enabled_ratio": 0.5, "enabled": {} }),
    ] {
        refused(body, 400);
    }
    let raw = scene.hma.send("POST", "/c/banks", &[], Some(b"{"));
    message(raw, 400);
    message(scene.hma.get("/c/bank/A"), 404);
}

#[test]
fn a_bank_is_switched_sampled_renamed_and_deleted() {
    let scene = Scene::new();
    scene.native.bank("A_BANK");
    scene.native.bank("TAKEN");
    let change = |name: &str, body: Value| put(&scene.hma, &format!("/c/bank/{name}"), &body);
    assert_eq!(
        change("A_BANK", json!({ "enabled": false }))
            .expect(200)
            .json(),
        bank("A_BANK", 0.0)
    );
    let native = || scene.native.get("/api/v1/banks/A_BANK").expect(200).json();
    assert_eq!(native()["enabled"], false);
    assert_eq!(
        change("A_BANK", json!({ "enabled_ratio": 0.5 }))
            .expect(200)
            .json(),
        bank("A_BANK", 0.5)
    );
    assert_eq!(native()["enabled"], true);
    assert_eq!(
        change("A_BANK", json!({ "enabled": "true" }))
            .expect(200)
            .json(),
        bank("A_BANK", 1.0)
    );
    assert_eq!(
        change("A_BANK", json!({})).expect(200).json(),
        bank("A_BANK", 1.0)
    );

    assert_eq!(
        message(change("A_BANK", json!({ "name": "TAKEN" })), 403),
        "Bank already exists"
    );
    message(change("A_BANK", json!({ "name": "lower" })), 400);
    message(change("A_BANK", json!({ "enabled_ratio": 2 })), 400);
    message(change("A_BANK", json!([])), 400);
    message(change("NOBODY", json!({})), 404);
    message(change("SEAWALL_SELFTEST", json!({ "enabled": false })), 409);
    let renamed = change("A_BANK", json!({ "name": "B_BANK" })).expect(200);
    assert_eq!(renamed.json(), bank("B_BANK", 1.0));
    message(scene.hma.get("/c/bank/A_BANK"), 404);

    for name in ["B_BANK", "B_BANK", "NOBODY", "no-name"] {
        let done = scene.hma.delete(&format!("/c/bank/{name}")).expect(200);
        assert_eq!(done.json(), json!({ "message": "Done" }), "{name}");
    }
    message(scene.hma.get("/c/bank/B_BANK"), 404);
    message(scene.hma.delete("/c/bank/SEAWALL_SELFTEST"), 409);
}
