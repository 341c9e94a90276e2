//! What a caller sends, and what it reads in the answers. `None` is no whole answer: the server
//! was killed.

use std::collections::BTreeMap;

use seawall_core::{Algorithm, Hash, PdqHash};
use serde_json::{Value, json};

use crate::support::{Answer, Api};
use crate::{BOUNDARY, form};

/// The contents of a bank that match, with their distances, in order.
pub(super) type Found = Vec<(i64, u16)>;

/// What a scan is told.
pub(super) struct Scanned {
    pub(super) recommendation: String,
    pub(super) case: Option<String>,
    /// The contents of the bank that was asked about.
    pub(super) found: Found,
    /// Whether a bank of any caller has a match.
    pub(super) is_matched: bool,
}

pub(super) struct Client(Api);

impl Client {
    pub(super) fn new(address: &str, secret: &str) -> Self {
        Self(Api::new(address, secret))
    }

    pub(super) fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
        let body = body.map(ToString::to_string);
        let json = [("content-type", "application/json")];
        let bytes = body.as_deref().map(str::as_bytes);
        self.0.try_send(method, path, &json, bytes)
    }

    fn send_picture(&self, path: &str, picture: &[u8]) -> Option<Answer> {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let form = form(&[("photo", Some("a.jpg"), picture)]);
        let headers = [("content-type", kind.as_str())];
        self.0.try_send("POST", path, &headers, Some(&form))
    }

    pub(super) fn hash(&self, picture: &[u8]) -> Option<PdqHash> {
        let answer = self.send_picture("/h/hash", picture)?.expect(200).json();
        Some(pdq(&answer))
    }

    pub(super) fn add_hash(&self, bank: &str, hash: PdqHash) -> Option<i64> {
        let signal = json!({ "pdq": Hash::Pdq(hash).to_string() });
        let path = format!("/c/bank/{bank}/signal");
        let added = self.send("POST", &path, Some(&signal))?.expect(200).json();
        added["id"].as_i64()
    }

    /// The content's number, and the hash that is kept.
    pub(super) fn add_picture(&self, bank: &str, picture: &[u8]) -> Option<(i64, PdqHash)> {
        let path = format!("/c/bank/{bank}/content");
        let added = self.send_picture(&path, picture)?.expect(200).json();
        Some((added["id"].as_i64().expect("an id"), pdq(&added["signals"])))
    }

    pub(super) fn look_up(&self, bank: &str, hash: PdqHash) -> Option<Found> {
        let hash = Hash::Pdq(hash);
        let path = format!("/m/lookup?signal={hash}&signal_type=pdq&banks={bank}");
        let answer = self.send("GET", &path, None)?.expect(200).json();
        Some(found(&answer, bank))
    }

    pub(super) fn look_up_picture(&self, bank: &str, picture: &[u8]) -> Option<Found> {
        let path = format!("/m/lookup?banks={bank}");
        let answer = self.send_picture(&path, picture)?.expect(200).json();
        Some(found(&answer["pdq"], bank))
    }

    pub(super) fn scan(&self, bank: &str, item: &str, upload: &[u8]) -> Option<Scanned> {
        let path = format!("/api/v1/scans?item_id={item}");
        let kind = [("content-type", "application/octet-stream")];
        let answer = self.0.try_send("POST", &path, &kind, Some(upload))?;
        let answer = answer.expect(200).json();
        let matches = answer["matches"].as_array().expect("a list");
        let own = |one: &&Value| one["bank"] == bank && one["algorithm"] == "pdq";
        let place = |one: &Value| {
            let distance = one["distance"].as_u64().expect("a number");
            let id = one["content_id"].as_i64().expect("an id");
            (id, u16::try_from(distance).expect("a distance"))
        };
        let mut found: Found = matches.iter().filter(own).map(place).collect();
        found.sort_unstable();
        Some(Scanned {
            recommendation: answer["recommendation"].as_str().unwrap_or("").to_owned(),
            case: answer["case_id"].as_str().map(str::to_owned),
            is_matched: !matches.is_empty(),
            found,
        })
    }

    /// Every case, by its item: no item may have two.
    pub(super) fn cases(&self) -> BTreeMap<String, String> {
        let (mut cases, mut after) = (BTreeMap::new(), String::new());
        loop {
            let path = format!("/api/v1/cases?state=all&limit=100{after}");
            let page = self.send("GET", &path, None).expect("a server");
            let page = page.expect(200).json();
            for case in page["items"].as_array().expect("a list") {
                let text = |field: &str| case[field].as_str().expect("a text").to_owned();
                let other = cases.insert(text("item_id"), text("id"));
                assert_eq!(other, None, "an item has two cases");
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return cases,
            }
        }
    }
}

fn pdq(signals: &Value) -> PdqHash {
    let text = signals["pdq"].as_str().expect("a hash");
    match Hash::parse(Algorithm::Pdq, text) {
        Ok(Hash::Pdq(hash)) => hash,
        other => panic!("no PDQ: {other:?}"),
    }
}

/// Nobody else's bank may be among the answers.
#[track_caller]
fn found(answer: &Value, bank: &str) -> Found {
    let banks = answer.as_object().expect("an object");
    assert!(banks.keys().all(|name| name == bank), "{answer}");
    let matches = banks.get(bank).into_iter().flat_map(Value::as_array);
    let one = |one: &Value| {
        let distance = one["distance"].as_str().expect("a text");
        let id = one["bank_content_id"].as_i64().expect("an id");
        (id, distance.parse().expect("a distance"))
    };
    let mut found: Found = matches.flatten().map(one).collect();
    found.sort_unstable();
    found
}
