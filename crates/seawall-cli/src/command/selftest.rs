//! `seawall selftest`: the built-in picture goes the way of an upload, on a running server.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, CaseId, Clock, Timestamp};
use seawall_egress::{Egress, EgressLimits, Reach, Request};
use seawall_store::Scope;
use seawall_workflow::{SELFTEST_BANK, SELFTEST_PICTURE, SystemClock, Workflow};
use serde_json::Value;

use super::runtime;
use crate::folder;
use crate::output::{self, Exit};

/// Prove that a running server finds, opens a case and notifies; files nothing.
///
/// Sends a harmless built-in picture, which is listed in a built-in bank, as an upload. The case
/// that opens is marked as a test: it can never be reported and counts in no figure.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  seawall selftest\n  seawall selftest --api http://127.0.0.1:8481"
)]
pub(crate) struct Selftest {
    /// The server's API address; the configuration's where not given.
    #[arg(long)]
    api: Option<String>,
}

impl Selftest {
    pub(crate) fn run(&self, path: &Path) -> anyhow::Result<Exit> {
        let config = folder::config(path)?;
        let workflow = folder::workflow(&config)?;
        let api = self
            .api
            .clone()
            .unwrap_or_else(|| format!("http://{}", config.listen.api));
        let passed = runtime()?.block_on(check(&workflow, &api));
        workflow.record_selftest(passed.is_ok())?;
        passed?;
        output::line("passed: nothing was filed");
        Ok(Exit::Ok)
    }
}

async fn check(workflow: &Workflow, api: &str) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let scopes = BTreeSet::from([Scope::Scan]);
    let expires = Some(now.plus_millis(60_000));
    let (token, secret) = workflow.create_token("selftest", scopes, expires, Actor::Operator)?;
    let answer = upload(api, secret.expose(), now).await;
    workflow.revoke_token(token, Actor::Operator)?;
    let answer = answer?;
    let found = answer["matches"]
        .as_array()
        .context("the answer has no matches")?;
    let is_ours = |found: &Value| {
        found["bank"] == SELFTEST_BANK && found["algorithm"] == "pdq" && found["distance"] == 0
    };
    ensure!(
        found.iter().any(is_ours),
        "the test picture was not found in the test bank"
    );
    output::line("upload    found in the test bank at distance 0");
    let case: CaseId = answer["case_id"]
        .as_str()
        .context("no case was opened")?
        .parse()?;
    let record = workflow
        .store()
        .read(|reader| reader.case(case))?
        .context("the case is not there")?;
    ensure!(
        record.case.purpose == CasePurpose::Test,
        "the test picture also matches a real bank; its case {case} is a real one: look at it"
    );
    output::line(format_args!("case      {case}, marked as a test"));
    ensure!(
        workflow
            .store()
            .read(|reader| reader.report_of(case))?
            .is_none(),
        "a report exists"
    );
    notification(workflow, now).await
}

async fn upload(api: &str, secret: &str, now: Timestamp) -> anyhow::Result<Value> {
    let item = format!("selftest-{}", now.as_millis());
    let mut headers = http::HeaderMap::new();
    headers.insert(
        http::header::AUTHORIZATION,
        format!("Bearer {secret}").parse()?,
    );
    let request = Request {
        method: http::Method::POST,
        url: format!("{api}/api/v1/scans?item_id={item}")
            .parse()
            .context("reading the API's address")?,
        headers,
        body: SELFTEST_PICTURE.into(),
        reach: Reach::Operator,
        limits: EgressLimits::default(),
    };
    let answer = Egress::new()?.send(request).await.with_context(|| {
        format!("asking {api}; is the server running? start it with `seawall serve`")
    })?;
    ensure!(
        answer.status.is_success(),
        "the server answered {}",
        answer.status
    );
    Ok(serde_json::from_slice(&answer.body)?)
}

/// The server sends the message about the case; here it is only watched.
async fn notification(workflow: &Workflow, since: Timestamp) -> anyhow::Result<()> {
    if !workflow.has_webhook() {
        output::line("message   no webhook is configured; nothing to check");
        return Ok(());
    }
    for _ in 0..NOTIFICATION_LOOKS {
        let waiting = workflow
            .store()
            .read(|reader| reader.waiting_messages_since(since))?;
        if waiting == 0 {
            output::line("message   accepted by the webhook");
            return Ok(());
        }
        tokio::time::sleep(NOTIFICATION_PAUSE).await;
    }
    bail!("the webhook has not accepted the message; the server's log says why")
}

const NOTIFICATION_LOOKS: u32 = 50;
const NOTIFICATION_PAUSE: Duration = Duration::from_millis(200);
