use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use seawall_core::PdqHash;
use seawall_sim::arachnid::{Arachnid, Asked, Known, Options};
use seawall_sim::fault::Fault;
use seawall_testkit::FakeClock;
use serde_json::{Value, json};

use crate::caller::Caller;

fn stand_in() -> (Arc<Arachnid>, Caller) {
    let options = Options {
        username: "user".into(),
        password: "word".into(),
    };
    let shield = Arachnid::new(options, Arc::new(FakeClock::default()));
    let caller = Caller::basic(shield.router(), "user:word");
    (shield, caller)
}

const PDQ: [u8; 32] = [0x5A; 32];

/// The digests of the three bytes `abc`, from FIPS 180.
fn known() -> Known {
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
    Known {
        sha1: bytes(sha1).try_into().expect("20"),
        sha256: bytes(sha256).try_into().expect("32"),
        pdq: Some(PdqHash::from_bytes(PDQ)),
        urls: ["https://example.org/a.jpg".into()].into(),
        classification: "harmful-abusive-material".into(),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |place| u8::from_str_radix(&hex[place..place + 2], 16).expect("digits");
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// PDQ with so many bits turned.
fn turned(bits: usize) -> String {
    let mut hash = PDQ;
    for place in 0..bits {
        hash[place / 8] ^= 1 << (place % 8);
    }
    BASE64_STANDARD.encode(hash)
}

async fn pdq(caller: &Caller, hashes: &[String]) -> Value {
    let body = json!({ "hashes": hashes }).to_string();
    let answer = caller
        .send("POST", "/v1/pdq/", "application/json", &body)
        .await;
    assert_eq!(answer.header("seawall-stand-in"), Some("arachnid"));
    answer.json(200)["scanned_hashes"].take()
}

#[tokio::test]
async fn a_value_within_31_bits_is_near() {
    let (shield, caller) = stand_in();
    shield.put(known());
    let hashes = [turned(0), turned(31), turned(32)];
    let told = pdq(&caller, &hashes).await;
    for near in &hashes[..2] {
        assert_eq!(told[near]["classification"], "harmful-abusive-material");
        assert_eq!(told[near]["match_type"], "near");
        let details = &told[near]["near_match_details"][0];
        assert_eq!(details["sha1_base32"], "VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5");
    }
    let far = json!({ "classification": "no-known-match", "match_type": null,
                      "near_match_details": [] });
    assert_eq!(told[&hashes[2]], far);
    assert!(matches!(&shield.asked()[..], [Asked::Pdq(asked)] if asked.len() == 3));
    assert!(shield.withdraw(&known().sha256));
    assert_eq!(pdq(&caller, &hashes[..1]).await[&hashes[0]], far);
}

#[tokio::test]
async fn bytes_and_addresses_are_known_exactly() {
    let (shield, caller) = stand_in();
    shield.put(known());
    let told = caller
        .send("POST", "/v1/media/", "image/png", "abc")
        .await
        .json(200);
    assert_eq!(
        told,
        json!({
            "size_bytes": 3, "sha1_base32": "VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5",
            "sha256_hex": "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
            "classification": "harmful-abusive-material", "match_type": "exact",
            "near_match_details": [],
        })
    );
    let told = caller
        .send("POST", "/v1/media/", "video/mp4", "abd")
        .await
        .json(200);
    assert_eq!(
        (&told["classification"], &told["match_type"]),
        (&json!("no-known-match"), &Value::Null)
    );
    let url = async |url: &str| {
        let body = json!({ "url": url }).to_string();
        caller
            .send("POST", "/v1/url/", "application/json", &body)
            .await
    };
    let told = url("https://example.org/a.jpg").await.json(200);
    assert_eq!(told["match_type"], "exact");
    let told = url("https://example.org/b.jpg").await.json(200);
    assert_eq!(told["classification"], "no-known-match");
    url("file:///a.jpg").await.expect(400);
    assert_eq!(shield.asked().len(), 4);
}

#[tokio::test]
async fn requests_that_the_interface_does_not_know_are_refused() {
    let (shield, caller) = stand_in();
    let json = "application/json";
    for body in [
        "",
        "{}",
        "{\"hashes\":[]}",
        "{\"hashes\":[\"AAAA\"]}",
        "{\"hashes\":[\"!\"]}",
        "{\"hashes\":[],\"more\":1}",
    ] {
        caller
            .send("POST", "/v1/pdq/", json, body)
            .await
            .expect(400);
    }
    let good = json!({ "hashes": [turned(0)] }).to_string();
    caller
        .send("POST", "/v1/pdq/", "text/plain", &good)
        .await
        .expect(400);
    caller
        .send("POST", "/v1/media/", json, "abc")
        .await
        .expect(400);
    caller
        .send("POST", "/v1/media/", "image/png", "")
        .await
        .expect(400);
    let stranger = Caller::basic(shield.router(), "user:wrong");
    stranger
        .send("POST", "/v1/pdq/", json, &good)
        .await
        .expect(401);
    assert_eq!(shield.asked(), []);
}

#[tokio::test]
async fn a_known_value_stays_known_in_words_that_are_new() {
    let (shield, caller) = stand_in();
    shield.put(known());
    shield.set_hook(Some(Arc::new(|_| Fault::UnknownWords)));
    let told = pdq(&caller, &[turned(2)]).await;
    assert_eq!(told[turned(2)]["classification"], "a-new-class");
    assert_eq!(told[turned(2)]["match_type"], "a-new-way");
    shield.set_hook(Some(Arc::new(|_| Fault::EmptyValues)));
    let told = pdq(&caller, &[turned(99)]).await;
    assert_eq!(told[turned(99)]["near_match_details"], Value::Null);
}
