//! A report on its case's page, and `POST /reports/{report}/resume`: an admin lets a stuck one
//! go on.

use axum::extract::{Path, State};
use axum::response::Redirect;
use seawall_casework::report::{Receipt, StuckReason};
use seawall_core::{Actor, ReportId};
use seawall_store::{ReportRow, ReportState};
use seawall_workflow::{Receiver, ResumeError, WorkflowError};

use super::block;
use super::body::Posted;
use super::case_view::Fact;
use super::fault::Fault;
use super::session::Admin;
use super::texts::Texts;
use super::words::{Moment, visible};
use crate::App;

/// The report and where it is.
pub(super) struct ReportView {
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) stand_in: Option<String>,
    pub(super) facts: Vec<Fact>,
    pub(super) finished: Option<Moment>,
}

/// `POST /reports/{report}/resume`
pub(super) async fn resume(
    State(app): State<App>,
    Path(report): Path<String>,
    posted: Posted<Admin>,
) -> Result<Redirect, Fault> {
    let report: ReportId = report.parse().map_err(|_| Fault::NotFound)?;
    let Admin(visitor) = posted.by;
    let (workflow, actor) = (app.workflow.clone(), Actor::User(visitor.user.id));
    let resume = move || -> Result<_, Fault> {
        workflow.resume_report(report, actor).map_err(fault)?;
        let row = workflow
            .store()
            .read(|reader| reader.report(report))
            .map_err(WorkflowError::from)?;
        Ok(row.map(|row| row.case))
    };
    let case = block(resume).await?.ok_or(Fault::NotFound)?;
    Ok(Redirect::to(&format!("/cases/{case}")))
}

fn fault(error: ResumeError) -> Fault {
    match error {
        ResumeError::NotStuck => Fault::NotStuck,
        ResumeError::Store(error) => error.into(),
        _ => Fault::Form,
    }
}

impl ReportView {
    pub(super) fn new(
        t: &Texts,
        row: &ReportRow,
        calls: usize,
        receiver: Option<&Receiver>,
    ) -> Self {
        let is_stand_in =
            receiver.is_some_and(|receiver| receiver.stand_in && receiver.name == row.target);
        let calls = Fact {
            name: t.text("report-calls"),
            value: calls.to_string(),
        };
        let target = receiver_name(t, &row.target);
        let target = target.as_str();
        let (state, title, text, mut facts, finished) = match &row.state {
            ReportState::Open => {
                let title = t.fill("report-open", [("target", target.into())]);
                ("open", title, t.text("report-open-text"), Vec::new(), None)
            }
            ReportState::Filed(receipt) => {
                let title = t.fill("report-filed", [("target", target.into())]);
                let finished = Some(Moment::new(t, receipt.finished_at));
                (
                    "filed",
                    title,
                    t.text("report-filed-text"),
                    receipt_facts(t, receipt),
                    finished,
                )
            }
            ReportState::Stuck(reason) => {
                let title = t.fill("report-stuck", [("target", target.into())]);
                ("stuck", title, stuck_words(t, reason), Vec::new(), None)
            }
        };
        facts.push(calls);
        let stand_in = is_stand_in.then(|| t.text("report-stand-in"));
        Self {
            id: row.id.to_string(),
            state,
            title,
            text,
            stand_in,
            facts,
            finished,
        }
    }
}

/// What a receiver is called on pages.
pub(super) fn receiver_name(t: &Texts, name: &str) -> String {
    t.known("receiver", name).unwrap_or_else(|| name.to_owned())
}

fn receipt_facts(t: &Texts, receipt: &Receipt) -> Vec<Fact> {
    vec![
        Fact {
            name: t.text("receipt-number"),
            value: receipt.report_id.to_string(),
        },
        Fact {
            name: t.text("receipt-files"),
            value: visible(&receipt.file_ids.join(", ")),
        },
    ]
}

fn stuck_words(t: &Texts, reason: &StuckReason) -> String {
    match reason {
        StuckReason::Refused { call, code } => {
            let args = [
                ("call", t.of("call", call.name()).into()),
                ("code", (*code).into()),
            ];
            t.fill("stuck-refused", args)
        }
        StuckReason::Unreachable => t.text("stuck-unreachable"),
        StuckReason::TooManyRestarts => t.text("stuck-restarts"),
        StuckReason::FilesAltered => t.text("stuck-altered"),
        StuckReason::FinishUncertain { report_id } => t.fill(
            "stuck-uncertain",
            [("number", report_id.to_string().into())],
        ),
        StuckReason::FinishedUnasked { report_id } => {
            t.fill("stuck-unasked", [("number", report_id.to_string().into())])
        }
    }
}
