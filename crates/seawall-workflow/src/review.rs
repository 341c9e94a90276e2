//! A person looks at a case, as little as possible, and decides it once.

use std::sync::Arc;

use seawall::preview::PreviewStyle;
use seawall_casework::audit::{EventBody, EventDraft};
use seawall_casework::case::{CasePurpose, CaseState, DecideError, Decision, Finding};
use seawall_casework::context::UploadContext;
use seawall_casework::report::Problem;
use seawall_core::{
    Actor, CaseId, DecisionId, EventKind, MessageId, Reason, ReportId, RevealId, UserId,
};
use seawall_store::{
    CaseKey, CaseRecord, Change, NewMessage, NewReport, ReportRow, Reveal, RevealMode, StoreError,
    Tx,
};

use crate::ingest::CONTEXT;
use crate::{Workflow, WorkflowError, draft};

/// Everything a reviewer may read about a case. It holds no picture.
#[derive(Debug)]
pub struct CaseFile {
    /// The case with its matches and the record of who looked.
    pub record: CaseRecord,
    /// What the platform told.
    pub context: UploadContext,
    /// The report, where the decision asked for one.
    pub report: Option<ReportRow>,
    /// How many calls were made for it so far.
    pub calls: usize,
    /// What happened to the case, oldest first.
    pub events: Vec<EventBody>,
}

/// Why a picture was not shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevealError {
    /// There is no such case.
    #[error("showing a picture: there is no such case")]
    NoCase,
    /// There is nothing that can be drawn.
    #[error("showing a picture: {}", .0.sentence())]
    NotDrawn(Reason),
    /// Nobody's input.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

impl From<StoreError> for RevealError {
    fn from(error: StoreError) -> Self {
        Self::Workflow(error.into())
    }
}

/// Why a decision was not taken. The case is then as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecideFault {
    /// There is no such case.
    #[error("deciding a case: there is no such case")]
    NoCase,
    /// The rules of a case; among them: somebody was first.
    #[error(transparent)]
    Rule(#[from] DecideError),
    /// A report is asked for, but no receiver is configured.
    #[error(
        "deciding a case: no receiver for reports is configured; set one, or decide without a report"
    )]
    NoReceiver,
    /// The report would be refused by its receiver.
    #[error("deciding a case: the report cannot be filed yet")]
    Draft(Vec<Problem>),
    /// Nobody's input.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

impl From<StoreError> for DecideFault {
    fn from(error: StoreError) -> Self {
        Self::Workflow(error.into())
    }
}

impl Workflow {
    /// Reads a case with its context. `None` where there is no such case.
    ///
    /// # Errors
    /// [`WorkflowError`].
    pub fn case_file(&self, id: CaseId) -> Result<Option<CaseFile>, WorkflowError> {
        let found = self.store.read(|reader| {
            let Some(record) = reader.case(id)? else {
                return Ok(None);
            };
            let report = reader.report_of(id)?;
            let calls = match &report {
                Some(row) => reader.calls(row.id)?.len(),
                None => 0,
            };
            let events = reader.events_about(&id.to_string())?;
            Ok::<_, StoreError>(Some((record, report, calls, events)))
        })?;
        let Some((record, report, calls, events)) = found else {
            return Ok(None);
        };
        let key = self.case_key(&record)?;
        let context = self.open_context(&record, &key)?;
        Ok(Some(CaseFile {
            record,
            context,
            report,
            calls,
            events,
        }))
    }

    /// Records that a person is about to look. The picture is drawn only after this.
    ///
    /// # Errors
    /// [`RevealError::NoCase`].
    pub fn record_reveal(
        &self,
        case: CaseId,
        user: UserId,
        mode: RevealMode,
    ) -> Result<Reveal, RevealError> {
        let now = self.clock.now();
        self.store.write(now, |tx| {
            let record = tx.case(case)?.ok_or(RevealError::NoCase)?;
            let id = RevealId::new(now, &*self.random);
            let reveal = Reveal {
                id,
                evidence: record.evidence.id,
                user,
                mode,
                at: now,
                shown_at: None,
            };
            tx.insert_reveal(case, &reveal)?;
            let event = EventDraft::new(EventKind::CaseRevealed, Actor::User(user));
            let event = reveal_event(event, &record, &reveal);
            Ok(Change::new(reveal).event(event))
        })
    }

    /// Draws the picture of a recorded reveal, in memory, as PNG, and records that it was
    /// handed over. It is drawn in a decoder process, since the bytes are as hostile now as
    /// when they came. What cannot be drawn was not shown, and the record says so.
    ///
    /// # Errors
    /// [`RevealError`].
    pub async fn draw_reveal(
        self: &Arc<Self>,
        case: CaseId,
        reveal: RevealId,
    ) -> Result<Vec<u8>, RevealError> {
        let workflow = Arc::clone(self);
        let (reveal, content) =
            tokio::task::spawn_blocking(move || workflow.unseal_reveal(case, reveal))
                .await
                .map_err(WorkflowError::from)??;
        let png = self.workers.preview(content, style(reveal.mode)).await;
        let png = png.map_err(RevealError::NotDrawn)?;
        let workflow = Arc::clone(self);
        tokio::task::spawn_blocking(move || workflow.record_shown(case, reveal))
            .await
            .map_err(WorkflowError::from)??;
        Ok(png)
    }

    fn unseal_reveal(
        &self,
        case: CaseId,
        reveal: RevealId,
    ) -> Result<(Reveal, bytes::Bytes), RevealError> {
        let record = self
            .store
            .read(|reader| reader.case(case))?
            .ok_or(RevealError::NoCase)?;
        let known = record.reveals.iter().find(|known| known.id == reveal);
        let reveal = *known.ok_or(RevealError::NoCase)?;
        let key = self.case_key(&record)?;
        let content = self
            .vault
            .get(reveal.evidence, &key)
            .map_err(WorkflowError::from)?;
        Ok((reveal, bytes::Bytes::from(content.to_vec())))
    }

    fn record_shown(&self, case: CaseId, reveal: Reveal) -> Result<(), RevealError> {
        let now = self.clock.now();
        self.store.write(now, |tx| {
            let record = tx.case(case)?.ok_or(RevealError::NoCase)?;
            tx.show_reveal(reveal.id)?;
            let event = EventDraft::new(EventKind::CaseShown, Actor::User(reveal.user));
            Ok(Change::new(()).event(reveal_event(event, &record, &reveal)))
        })
    }

    /// Takes a decision. Where it asks for a report, the report exists when this returns.
    ///
    /// # Errors
    /// [`DecideFault`].
    pub fn decide(
        &self,
        case: CaseId,
        reviewer: UserId,
        finding: Finding,
    ) -> Result<Decision, DecideFault> {
        let now = self.clock.now();
        let decided = self.store.write(now, |tx| {
            let record = tx.case(case)?.ok_or(DecideFault::NoCase)?;
            let id = DecisionId::new(now, &*self.random);
            let (_, decision, event) =
                record
                    .case
                    .clone()
                    .decide(id, reviewer, now, finding.clone())?;
            tx.insert_decision(case, &decision)?;
            let mut change = Change::new(decision.clone()).event(event);
            if decision.finding.report {
                change = change.event(self.draft_report(tx, &record, &decision)?);
            }
            if self.webhook.is_some() {
                tx.insert_message(&self.decided_message(&record, &decision))?;
            }
            Ok(change)
        });
        match decided {
            Err(DecideFault::Workflow(WorkflowError::Store(error))) if error.is_duplicate() => {
                Err(self.first_decision(case)?)
            }
            other => {
                self.outgoing.notify_one();
                other
            }
        }
    }

    /// The decision that stands, as the fault of the one that lost the race.
    fn first_decision(&self, case: CaseId) -> Result<DecideFault, DecideFault> {
        let record = self
            .store
            .read(|reader| reader.case(case))?
            .ok_or(DecideFault::NoCase)?;
        match record.case.state {
            CaseState::Decided(first) => Ok(DecideError::AlreadyDecided(Box::new(first)).into()),
            CaseState::Open => Err(DecideFault::NoCase),
        }
    }

    fn draft_report(
        &self,
        tx: &Tx<'_>,
        record: &CaseRecord,
        decision: &Decision,
    ) -> Result<EventDraft, DecideFault> {
        let receiver = self.receiver.load_full().ok_or(DecideFault::NoReceiver)?;
        let reporter = self.reporter.as_ref().ok_or(DecideFault::NoReceiver)?;
        let key = self.case_key(record)?;
        let context = self.open_context(record, &key)?;
        let draft = draft::draft(record, &context, decision, reporter, self.clock.now());
        let valid = seawall_casework::report::validate(draft, self.clock.now())
            .map_err(DecideFault::Draft)?;
        let text = serde_json::to_vec(valid.draft()).map_err(WorkflowError::Sealed)?;
        let id = ReportId::new(self.clock.now(), &*self.random);
        tx.insert_report(&NewReport {
            id,
            case: record.case.id,
            decision: decision.id,
            target: &receiver.name,
            draft_sealed: &key.seal(draft::DRAFT, &text, &*self.random),
        })?;
        Ok(
            EventDraft::new(EventKind::ReportDrafted, Actor::User(decision.reviewer))
                .about(id)
                .with("case", record.case.id.to_string())
                .with("target", receiver.name.as_str())
                .with("viewed_in_full", record.was_fully_viewed()),
        )
    }

    fn decided_message(&self, record: &CaseRecord, decision: &Decision) -> NewMessage {
        let body = serde_json::json!({
            "kind": "case.decided",
            "case_id": record.case.id,
            "item_id": record.upload.item_id,
            "at": decision.at,
            "verdict": decision.finding.verdict,
            "manifestation": decision.finding.manifestation,
            "report": decision.finding.report,
        });
        NewMessage {
            id: MessageId::new(decision.at, &*self.random),
            kind: "case.decided",
            body: body.to_string(),
        }
    }

    pub(crate) fn case_key(&self, record: &CaseRecord) -> Result<CaseKey, WorkflowError> {
        Ok(self
            .master_key
            .unwrap_case_key(record.case.id, &record.key)?)
    }

    fn open_context(
        &self,
        record: &CaseRecord,
        key: &CaseKey,
    ) -> Result<UploadContext, WorkflowError> {
        let text = key.open(CONTEXT, &record.context_sealed)?;
        serde_json::from_slice(&text).map_err(WorkflowError::Sealed)
    }
}

fn reveal_event(event: EventDraft, record: &CaseRecord, reveal: &Reveal) -> EventDraft {
    event
        .about(record.case.id)
        .with("reveal", reveal.id.to_string())
        .with("mode", reveal.mode.name())
        .with("test", record.case.purpose == CasePurpose::Test)
}

fn style(mode: RevealMode) -> PreviewStyle {
    match mode {
        RevealMode::Blurred => PreviewStyle {
            side_px_max: 320,
            blur: true,
            greyscale: true,
        },
        RevealMode::Grey => PreviewStyle {
            side_px_max: 320,
            blur: false,
            greyscale: true,
        },
        RevealMode::Full => PreviewStyle {
            side_px_max: 2_048,
            blur: false,
            greyscale: false,
        },
    }
}
