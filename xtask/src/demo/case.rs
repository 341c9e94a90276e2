//! One case through the interface: its decision, its report, its receipt.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::console::Reviewer;

/// How long a report may take to be filed with a stand-in on the same machine.
const REPORT_LIMIT: Duration = Duration::from_secs(60);

/// Pause between two looks at a report.
const POLL_PAUSE: Duration = Duration::from_millis(100);

/// The parts of a case that the demo looks at.
#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub(super) viewed_in_full: bool,
    decision: Option<Value>,
    report: Option<Report>,
}

#[derive(Debug, Deserialize)]
struct Report {
    state: String,
    target: String,
    receipt: Option<Receipt>,
    stuck_reason: Option<String>,
    calls: u64,
}

#[derive(Debug, Deserialize)]
struct Receipt {
    report_id: Value,
    file_ids: Vec<String>,
    finished_at: String,
}

/// A case as the interface gives it.
pub(super) fn read(api: &Client, case: &str) -> Result<Case> {
    api.get(&format!("/api/v1/cases/{case}"))?
        .expect_status(200)?
        .json()
}

/// Decides a case, and checks that neither a forged nor a second decision is taken.
pub(super) fn decide(reviewer: &Reviewer, api: &Client, case: &str) -> Result<((), String)> {
    let csrf = reviewer.csrf(case)?;
    let confirm = [
        ("verdict", "confirmed"),
        ("manifestation", "M01"),
        ("classification", ""),
        ("report", "yes"),
    ];
    let refused = reviewer.decide(case, "wrong", &confirm)?;
    ensure!(
        refused.status == 403,
        "a form without its token got {}",
        refused.status
    );
    reviewer.decide(case, &csrf, &confirm)?.expect_status(303)?;
    let reject = [("verdict", "not_confirmed")];
    reviewer
        .decide(case, &csrf, &reject)?
        .expect_status(409)
        .context("deciding a second time")?;
    let decision = read(api, case)?
        .decision
        .context("looking for the decision")?;
    ensure!(
        decision["verdict"] == "confirmed",
        "the verdict is {}",
        decision["verdict"]
    );
    ensure!(
        decision["manifestation"] == "M01",
        "the code is {}",
        decision["manifestation"]
    );
    Ok((
        (),
        "confirmed as M01, report asked for; a second decision met a conflict (409)".to_owned(),
    ))
}

/// Waits until the report is filed and shows its receipt.
pub(super) fn file(api: &Client, case: &str) -> Result<((), String)> {
    let until = Instant::now() + REPORT_LIMIT;
    loop {
        let report = read(api, case)?
            .report
            .context("looking for the case's report")?;
        match (report.state.as_str(), &report.receipt) {
            ("filed", Some(receipt)) => {
                ensure!(
                    receipt.file_ids.len() == 1,
                    "{} files were sent",
                    receipt.file_ids.len()
                );
                // Nothing here may ever look like a report to a real receiver.
                ensure!(
                    report.target.contains("stand-in"),
                    "its target is {}",
                    report.target
                );
                let id = plain(&receipt.report_id);
                return Ok((
                    (),
                    format!(
                        "filed with the {}, on this machine, in {} calls; receipt: report {id}, 1 file, finished {}",
                        report.target, report.calls, receipt.finished_at,
                    ),
                ));
            }
            ("open", _) if Instant::now() < until => thread::sleep(POLL_PAUSE),
            (state, _) => bail!("the report is {state} ({:?})", report.stuck_reason),
        }
    }
}

/// A JSON value without quotes and braces.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.is_empty() => "none".to_owned(),
        Value::Object(fields) => {
            let pairs: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name} {}", plain(value)))
                .collect();
            pairs.join(", ")
        }
        Value::Null => "none".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    }
}
