//! Reports on their way: what the ledger says comes next is done, and written down before
//! and after.
//!
//! The rules live in `seawall_casework::report::next`. Whatever moment the process dies at,
//! the next start reads the same ledger and goes on from it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use seawall_casework::audit::EventDraft;
use seawall_casework::report::{
    Call, CallEnd, CallKind, CallOutcome, Ledger, Next, NextCall, ReportDraft, ValidReport, next,
    outcome_of_answer, validate,
};
use seawall_core::{Actor, CallId, EventKind, EvidenceId, ReportId, Timestamp};
use seawall_egress::{EgressLimits, Reach, Request};
use seawall_store::{CaseKey, CaseRecord, Change, ReportRow, StoreError};
use url::Url;

use crate::multipart::form_with_file;
use crate::{Workflow, WorkflowError, draft};

/// Where reports go.
#[derive(Clone)]
pub struct Receiver {
    /// What it is called, such as `cybertipline`.
    pub name: String,
    /// The interface's base address, ending in `/`.
    pub base: Url,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
    /// Which addresses it may be at.
    pub reach: Reach,
    /// Whether it is a stand-in on this machine.
    pub stand_in: bool,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("name", &self.name)
            .field("stand_in", &self.stand_in)
            .finish_non_exhaustive()
    }
}

/// What became of the reports that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// How many were filed.
    pub filed: usize,
    /// How many now need a person.
    pub stuck: usize,
    /// When the next call is due, where a report has to wait.
    pub next_at: Option<Timestamp>,
}

/// Why a stuck report was not let go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// There is no such report, or it is not stuck.
    #[error("resuming a report: there is no stuck report with this id")]
    NotStuck,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A report with everything its calls need.
struct Parcel {
    row: ReportRow,
    record: CaseRecord,
    key: CaseKey,
    report: ValidReport,
}

/// What one look at the ledger led to.
enum Step {
    Called,
    Wait(Timestamp),
    Filed,
    Stuck,
}

impl Workflow {
    /// Sets where reports go.
    pub fn set_receiver(&self, receiver: Receiver) {
        self.receiver.store(Some(std::sync::Arc::new(receiver)));
    }

    /// Takes every open report as far as it goes now. One that cannot be read does not stop the
    /// others; it is logged and stays open.
    ///
    /// # Errors
    /// [`WorkflowError`] where the open reports cannot be listed.
    pub async fn deliver_reports(&self) -> Result<Delivered, WorkflowError> {
        let mut delivered = Delivered::default();
        let Some(receiver) = self.receiver.load_full() else {
            return Ok(delivered);
        };
        for row in self.store.read(|reader| reader.open_reports())? {
            let report = row.id;
            match self.deliver_report(&receiver, row).await {
                Ok(Step::Called) => {}
                Ok(Step::Filed) => delivered.filed += 1,
                Ok(Step::Stuck) => delivered.stuck += 1,
                Ok(Step::Wait(until)) => {
                    let earliest = delivered.next_at.map_or(until, |at| at.min(until));
                    delivered.next_at = Some(earliest);
                }
                Err(error) => tracing::error!(%report, %error, "delivering a report failed"),
            }
        }
        Ok(delivered)
    }

    async fn deliver_report(
        &self,
        receiver: &Receiver,
        row: ReportRow,
    ) -> Result<Step, WorkflowError> {
        let parcel = self.unpack(row)?;
        loop {
            match self.step(receiver, &parcel).await? {
                Step::Called => {}
                step @ (Step::Wait(_) | Step::Filed | Step::Stuck) => return Ok(step),
            }
        }
    }

    /// Lets a stuck report go on, after a person looked into it.
    ///
    /// # Errors
    /// [`ResumeError::NotStuck`].
    pub fn resume_report(&self, report: ReportId, actor: Actor) -> Result<(), ResumeError> {
        self.store.write(self.clock.now(), |tx| {
            if !tx.resume_report(report)? {
                return Err(ResumeError::NotStuck);
            }
            let event = EventDraft::new(EventKind::ReportResumed, actor).about(report);
            Ok(Change::new(()).event(event))
        })?;
        self.outgoing.notify_one();
        Ok(())
    }

    /// Waits until a case, a decision or a report gives the delivering task something to do.
    pub async fn outgoing(&self) {
        self.outgoing.notified().await;
    }

    fn unpack(&self, row: ReportRow) -> Result<Parcel, WorkflowError> {
        let record = self.store.read(|reader| reader.case(row.case))?;
        let record = record.ok_or(StoreError::Value {
            place: "reports.case_id",
        })?;
        let key = self.case_key(&record)?;
        let text = key.open(draft::DRAFT, &row.draft_sealed)?;
        let draft: ReportDraft = serde_json::from_slice(&text).map_err(WorkflowError::Sealed)?;
        // It was valid when it was drafted, even if the clock has been set back since.
        let report = validate(draft, self.clock.now().max(row.drafted_at)).map_err(|_| {
            StoreError::Value {
                place: "reports.draft_sealed",
            }
        })?;
        Ok(Parcel {
            row,
            record,
            key,
            report,
        })
    }

    async fn step(&self, receiver: &Receiver, parcel: &Parcel) -> Result<Step, WorkflowError> {
        let report = parcel.row.id;
        let calls = self.store.read(|reader| reader.calls(report))?;
        let files: Vec<EvidenceId> = parcel
            .report
            .draft()
            .files
            .iter()
            .map(|file| file.key)
            .collect();
        let ledger = Ledger {
            files: &files,
            calls: &calls,
            forgiven: parcel.row.forgiven,
        };
        match next(ledger, self.clock.now()) {
            Next::Call(call) => {
                self.call(receiver, parcel, call).await?;
                Ok(Step::Called)
            }
            Next::WaitUntil(until) => Ok(Step::Wait(until)),
            Next::Filed(receipt) => {
                let event = EventDraft::new(EventKind::ReportFiled, Actor::System)
                    .about(report)
                    .with("case", parcel.row.case.to_string())
                    .with("remote_report", receipt.report_id)
                    .with("files", receipt.file_ids.len());
                self.store
                    .write(self.clock.now(), |tx| {
                        tx.file_report(report, &receipt)?;
                        Ok::<_, StoreError>(Change::new(Step::Filed).event(event))
                    })
                    .map_err(WorkflowError::from)
            }
            Next::NeedsPerson(reason) => {
                let event = EventDraft::new(EventKind::ReportStuck, Actor::System)
                    .about(report)
                    .with("reason", serde_json::json!(reason));
                self.store
                    .write(self.clock.now(), |tx| {
                        tx.stick_report(report, &reason)?;
                        Ok::<_, StoreError>(Change::new(Step::Stuck).event(event))
                    })
                    .map_err(WorkflowError::from)
            }
        }
    }

    /// One call: its row, then the call, then what became of it.
    async fn call(
        &self,
        receiver: &Receiver,
        parcel: &Parcel,
        planned: NextCall,
    ) -> Result<(), WorkflowError> {
        let report = parcel.row.id;
        let request = self.request(receiver, parcel, &planned)?;
        let started_at = self.clock.now();
        let call = Call {
            id: CallId::new(started_at, &*self.random),
            kind: planned.kind,
            remote_report_id: planned.remote_report_id,
            file: planned.file,
            remote_file_id: planned.remote_file_id,
            started_at,
            ended: None,
        };
        let event = EventDraft::new(EventKind::ReportCallStarted, Actor::System)
            .about(report)
            .with("call", call.id.to_string())
            .with("kind", call.kind.name());
        self.store.write(started_at, |tx| {
            tx.start_call(report, &call)?;
            Ok::<_, StoreError>(Change::new(()).event(event))
        })?;
        let outcome = self.send(request, &call, parcel).await;
        let at = self.clock.now();
        let event = EventDraft::new(EventKind::ReportCallEnded, Actor::System)
            .about(report)
            .with("call", call.id.to_string())
            .with("outcome", outcome_name(&outcome));
        self.store.write(at, |tx| {
            tx.end_call(call.id, CallEnd { at, outcome })?;
            Ok::<_, StoreError>(Change::new(()).event(event))
        })?;
        Ok(())
    }

    async fn send(&self, request: Request, call: &Call, parcel: &Parcel) -> CallOutcome {
        let [md5, ..] = &parcel.record.evidence.digests;
        match self.egress.send(request).await {
            Ok(answer) => {
                let sent_md5 = (call.kind == CallKind::Upload).then(|| md5.to_string());
                outcome_of_answer(
                    call.kind,
                    answer.status.as_u16(),
                    &answer.body,
                    sent_md5.as_deref(),
                )
            }
            Err(error) => {
                tracing::warn!(call = call.kind.name(), %error, "a call to a receiver failed");
                if error.certainly_not_sent() {
                    CallOutcome::NotSent
                } else {
                    CallOutcome::Unknown
                }
            }
        }
    }

    fn request(
        &self,
        receiver: &Receiver,
        parcel: &Parcel,
        planned: &NextCall,
    ) -> Result<Request, WorkflowError> {
        let (content_type, body) = self.body(parcel, planned)?;
        let credentials = STANDARD.encode(format!("{}:{}", receiver.username, receiver.password));
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, value: &str| {
            let value = HeaderValue::from_str(value);
            headers.insert(
                name,
                value.expect("base64 and content types are visible ASCII"),
            );
        };
        set(header::AUTHORIZATION, &format!("Basic {credentials}"));
        set(header::CONTENT_TYPE, &content_type);
        let url = receiver.base.join(planned.kind.name());
        Ok(Request {
            method: Method::POST,
            url: url.expect("the name of a call is a plain path segment"),
            headers,
            body,
            reach: receiver.reach,
            limits: EgressLimits::default(),
        })
    }

    fn body(&self, parcel: &Parcel, planned: &NextCall) -> Result<(String, Bytes), WorkflowError> {
        let remote = planned.remote_report_id.unwrap_or_default();
        Ok(match planned.kind {
            CallKind::Submit => (XML.to_owned(), parcel.report.submit_xml().into()),
            CallKind::Upload => {
                let evidence = &parcel.record.evidence;
                let content = self.vault.get(evidence.id, &parcel.key)?;
                let name = format!("evidence-{}", evidence.id);
                form_with_file(
                    ("id", &remote.to_string()),
                    (&name, &content),
                    &*self.random,
                )
            }
            CallKind::FileInfo => {
                let place = parcel
                    .report
                    .draft()
                    .files
                    .iter()
                    .position(|file| Some(file.key) == planned.file);
                let file_id = planned.remote_file_id.as_deref().unwrap_or_default();
                let place = place.ok_or(StoreError::Value {
                    place: "report_calls.call",
                })?;
                (
                    XML.to_owned(),
                    parcel
                        .report
                        .file_details_xml(place, remote, file_id)
                        .into(),
                )
            }
            CallKind::Finish | CallKind::Retract => (
                "application/x-www-form-urlencoded".to_owned(),
                format!("id={remote}").into(),
            ),
        })
    }
}

fn outcome_name(outcome: &CallOutcome) -> String {
    match outcome {
        CallOutcome::Accepted { .. } => "accepted".to_owned(),
        CallOutcome::Altered => "altered".to_owned(),
        CallOutcome::Refused { code } => format!("refused {code}"),
        CallOutcome::NotSent => "not sent".to_owned(),
        CallOutcome::Unknown => "unknown".to_owned(),
    }
}

const XML: &str = "text/xml; charset=utf-8";
