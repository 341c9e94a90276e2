//! One upload through the interface, and what has to come of it.

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::json;

use super::client::{Answer, Client};
use super::path::BANK;
use super::pictures::{Fate, Upload};

/// The parts of a scan's answer that the demo looks at.
#[derive(Debug, Deserialize)]
pub(super) struct Scan {
    outcome: String,
    reason: Option<String>,
    matches: Vec<Match>,
    recommendation: String,
    pub(super) case_id: Option<String>,
    pub(super) repeated: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Match {
    bank: String,
    algorithm: String,
    distance: u16,
    view: Option<String>,
}

/// Sends an upload under an item id, with the context a platform knows.
pub(super) fn post(api: &Client, item: &str, upload: &Upload) -> Result<Answer> {
    let context = json!({
        "uploader_id": "account-17",
        "uploaded_at": "2026-01-15T09:30:00Z",
        "channel": "public",
        "url": format!("https://platform.example/{item}"),
        "ip": "192.0.2.44",
        "event": "upload",
        "jurisdictions": ["DE"],
        "file_name": format!("{item}.jpg"),
    })
    .to_string();
    let headers = [
        ("content-type", "application/octet-stream"),
        ("seawall-context", context.as_str()),
    ];
    api.post(
        &format!("/api/v1/scans?item_id={item}"),
        &headers,
        &upload.bytes,
    )
}

/// Sends an upload that has to be answered.
pub(super) fn send(api: &Client, item: &str, upload: &Upload) -> Result<Scan> {
    post(api, item, upload)?.expect_status(200)?.json()
}

/// Holds the answer against what has to come of such an upload.
pub(super) fn judge(fate: Fate, scan: &Scan) -> Result<()> {
    let (outcome, matched) = match fate {
        Fate::Identical | Fate::NearCopy => ("hashed", Some(true)),
        Fate::Unrelated | Fate::Turned => ("hashed", Some(false)),
        Fate::Unmatchable => ("unmatchable", Some(false)),
        // What is left of a damaged picture may or may not be near enough.
        Fate::Partial => ("partial", None),
        Fate::Refused => ("refused", Some(false)),
    };
    ensure!(
        scan.outcome == outcome,
        "its outcome is {}, not {outcome}",
        scan.outcome
    );
    ensure!(
        scan.reason.is_some() == (outcome != "hashed"),
        "its reason is {:?}",
        scan.reason
    );
    let found = !scan.matches.is_empty();
    ensure!(
        matched.is_none_or(|matched| matched == found),
        "it has {} matches",
        scan.matches.len()
    );
    ensure!(
        found == scan.case_id.is_some(),
        "matches {found}, case {:?}",
        scan.case_id
    );
    let advice = match (found, outcome) {
        (true, _) => "hold",
        (false, "hashed") => "allow",
        (false, _) => "ask",
    };
    ensure!(
        scan.recommendation == advice,
        "it is advised to {}, not {advice}",
        scan.recommendation
    );
    if fate == Fate::Identical {
        let exact = |found: &Match| found.algorithm == "sha256" && found.distance == 0;
        ensure!(
            scan.matches.iter().any(exact),
            "the same bytes do not match by SHA-256"
        );
    }
    let ours = |found: &Match| found.bank == BANK && found.distance <= 31;
    ensure!(
        scan.matches.iter().all(ours),
        "a match is too far or of another bank"
    );
    Ok(())
}

/// What came of an upload, in a line.
pub(super) fn tell(scan: &Scan) -> String {
    let mut text = scan.outcome.clone();
    if let Some(reason) = &scan.reason {
        text.push_str(&format!(" ({})", reason.replace('_', " ")));
    }
    let nearest = scan
        .matches
        .iter()
        .filter(|m| m.algorithm == "pdq")
        .min_by_key(|m| m.distance);
    match (nearest, scan.matches.first()) {
        (
            Some(Match {
                bank,
                distance,
                view,
                ..
            }),
            _,
        ) => {
            text.push_str(&format!(", matches {bank} at distance {distance}"));
            if let Some(view) = view.as_ref().filter(|view| *view != "stored") {
                text.push_str(&format!(" in its {view} form"));
            }
        }
        (None, Some(found)) => text.push_str(&format!(", matches {} by digest", found.bank)),
        (None, None) => text.push_str(", no match"),
    }
    text.push_str(&format!(" → {}", scan.recommendation));
    if let Some(case) = &scan.case_id {
        text.push_str(&format!(", case {case}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(outcome: &str, distance: Option<u16>, recommendation: &str) -> Scan {
        let found = |distance| Match {
            bank: BANK.to_owned(),
            algorithm: "pdq".to_owned(),
            distance,
            view: None,
        };
        Scan {
            outcome: outcome.to_owned(),
            reason: (outcome != "hashed").then(|| "cut".to_owned()),
            matches: distance.map(found).into_iter().collect(),
            recommendation: recommendation.to_owned(),
            case_id: distance.map(|_| "c".to_owned()),
            repeated: false,
        }
    }

    #[test]
    fn what_is_as_it_should_be_passes() {
        for (fate, scan) in [
            (Fate::NearCopy, scan("hashed", Some(30), "hold")),
            (Fate::Unrelated, scan("hashed", None, "allow")),
            (Fate::Partial, scan("partial", Some(4), "hold")),
            (Fate::Partial, scan("partial", None, "ask")),
            (Fate::Refused, scan("refused", None, "ask")),
        ] {
            judge(fate, &scan).expect("is as it should be");
        }
    }

    #[test]
    fn whatever_else_fails_its_step() {
        for (fate, scan) in [
            (Fate::NearCopy, scan("hashed", None, "allow")),
            (Fate::NearCopy, scan("hashed", Some(32), "hold")),
            (Fate::NearCopy, scan("hashed", Some(2), "allow")),
            (Fate::Identical, scan("hashed", Some(0), "hold")),
            (Fate::Unrelated, scan("hashed", Some(20), "hold")),
            (Fate::Refused, scan("hashed", None, "allow")),
            (Fate::Refused, scan("refused", None, "allow")),
            (Fate::Unmatchable, scan("refused", None, "ask")),
        ] {
            judge(fate, &scan).expect_err("must be found");
        }
    }

    #[test]
    fn a_case_without_a_match_is_found() {
        let mut odd = scan("hashed", None, "allow");
        odd.case_id = Some("c".to_owned());
        judge(Fate::Unrelated, &odd).expect_err("must be found");
    }
}
