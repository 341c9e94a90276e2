//! Stand-ins for partners, started by hand for a drill.

use serde_json::json;

use crate::support::{Http, Run, Sim, seawall};

#[test]
fn a_stand_in_is_filled_edited_and_made_to_fail_by_orders() {
    let (mut sim, listening) = Sim::start(&["stop-ncii", "--entries", "3", "--seed", "5"]);
    assert_eq!(listening["entries"], 3);
    let base = listening["base"].as_str().expect("an address");
    let root = base.strip_suffix("/v1").expect("the interface's own path");
    let http = Http::new(root);
    let credential = |name: &str| {
        let value = listening["credentials"][name].as_str();
        value.expect("a credential").to_owned()
    };
    let (key, subscription) = (credential("fetch_key"), credential("subscription_key"));
    let fetch = || {
        let headers = [
            ("x-functions-key", key.as_str()),
            ("ocp-apim-subscription-key", subscription.as_str()),
        ];
        http.send("GET", "/v1/FetchHashes?startTimestamp=10", &headers, None)
    };
    let page = fetch().expect(200);
    assert_eq!(page.header("seawall-stand-in"), Some("stop-ncii"));
    let page = page.json();
    assert_eq!(page["count"], 3);
    let value = page["hashRecords"][0]["hashValue"]
        .as_str()
        .expect("a value");
    let answer = sim.order(&format!("withdraw {value}"));
    assert_eq!(
        answer,
        json!({ "entries": 2, "requests": 1, "received": 0, "was_there": true })
    );
    assert_eq!(sim.order("add 2")["entries"], 4);
    let page = fetch().expect(200).json();
    let withdrawn = page["hashRecords"].as_array().expect("records").iter();
    let withdrawn: Vec<&str> = withdrawn
        .filter(|record| record["hashStatus"] == "Withdrawn")
        .filter_map(|record| record["hashValue"].as_str())
        .collect();
    assert_eq!(withdrawn, [value]);
    assert!(
        sim.order("dance")["error"]
            .as_str()
            .is_some_and(|text| text.contains("calm"))
    );
}

#[test]
fn every_partner_can_be_stood_in_for_on_loopback_alone() {
    for partner in ["ncmec", "stop-ncii", "threat-exchange", "tat", "arachnid"] {
        let (mut sim, listening) = Sim::start(&[partner]);
        assert_eq!(listening["stand_in"], partner);
        assert_eq!(sim.order("count")["entries"], 10);
    }
    let open = Run::of(seawall().args(["sim", "tat", "--listen", "0.0.0.0:0"])).exits(2);
    assert!(open.stderr.contains("loopback"), "{}", open.stderr);
    let other = Run::of(seawall().args(["sim", "somebody"])).exits(2);
    assert!(other.stderr.contains("threat-exchange"), "{}", other.stderr);
}
