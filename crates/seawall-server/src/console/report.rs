//! `POST /reports/{report}/resume`: an admin lets a stuck report go on.

use axum::extract::{Path, State};
use axum::response::Redirect;
use seawall_core::{Actor, ReportId};
use seawall_workflow::{ResumeError, WorkflowError};

use super::block;
use super::body::Posted;
use super::fault::Fault;
use super::session::Admin;
use crate::App;

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
