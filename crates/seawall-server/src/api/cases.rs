//! Cases, to be followed by the platform. No picture and no personal context.

use axum::Json;
use axum::extract::State;
use seawall_casework::case::{Case, CasePurpose, CaseState, Decision};
use seawall_core::{CaseId, Timestamp};
use seawall_store::{
    CaseFilter, CaseRecord, CaseRow, MatchRow, ReportRow, ReportState, StoreError,
};
use seawall_workflow::MatchAnswer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{ApiPath, ApiQuery, page_size, split_page};
use super::scans::MatchBody;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CasesQuery {
    /// `open`, `decided` or `all`; `open` where not given.
    #[param(pattern = "^(open|decided|all)$")]
    state: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// How many items, 1 to 1000; 100 where not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A page of cases.
#[derive(Serialize, ToSchema)]
pub(crate) struct CasesBody {
    items: Vec<CaseItem>,
    /// Give it as `after` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A case in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaseItem {
    id: String,
    item_id: String,
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// `public`, `private`, `file` or `profile`.
    channel: &'static str,
    /// Whether it comes from the built-in test.
    test: bool,
    /// `open` or `decided`.
    state: &'static str,
    /// The banks that it matched.
    banks: Vec<String>,
    /// The smallest distance, in bits.
    nearest: u16,
}

/// A case.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaseBody {
    id: String,
    item_id: String,
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    channel: &'static str,
    test: bool,
    state: &'static str,
    media_type: String,
    outcome: String,
    matches: Vec<MatchBody>,
    /// What it matched beside that, and exceptions speak against.
    suppressed: Vec<MatchBody>,
    /// How often somebody looked.
    reveals: usize,
    /// Whether anyone looked at the whole picture.
    viewed_in_full: bool,
    decision: Option<DecisionBody>,
    report: Option<ReportBody>,
}

/// A decision.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionBody {
    /// `confirmed` or `not_confirmed`.
    verdict: &'static str,
    /// What it is about, `M01` to `M14`.
    manifestation: Option<&'static str>,
    /// Who decided, by id.
    reviewer: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whether a report was asked for.
    report: bool,
}

/// A report.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportBody {
    id: String,
    /// `open`, `filed` or `stuck`.
    state: &'static str,
    /// Where it goes.
    target: String,
    /// How many calls were made for it.
    calls: usize,
    /// What shows that it was filed: `{"report_id","file_ids","finished_at"}`.
    #[schema(value_type = Option<Object>)]
    receipt: Option<serde_json::Value>,
    /// Why it needs a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    stuck_reason: Option<serde_json::Value>,
}

/// List cases
///
/// Oldest first.
#[utoipa::path(
    get, path = "/api/v1/cases", tag = "cases", params(CasesQuery),
    responses(
        (status = 200, body = CasesBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<CasesQuery>,
) -> Result<Json<CasesBody>, Problem> {
    let filter = case_filter(query.state.as_deref())?;
    let limit = page_size(query.limit)?;
    let bad_cursor = || Problem::new(Code::BadParameter).detail("after is the next of a page");
    let after = query
        .after
        .map(|id| id.parse::<CaseId>().map_err(|_| bad_cursor()))
        .transpose()?;
    let rows = app
        .blocking(move |workflow| {
            workflow
                .store()
                .read(|reader| reader.cases(filter, after, limit + 1))
        })
        .await?;
    let (rows, has_more) = split_page(rows, limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| row.case.id.to_string());
    Ok(Json(CasesBody {
        items: rows.into_iter().map(case_item).collect(),
        next,
    }))
}

/// Show a case
///
/// With its matches, its decision and its report. Never a picture.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}", tag = "cases", params(("id" = String, Path)),
    responses(
        (status = 200, body = CaseBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<CaseBody>, Problem> {
    let id: CaseId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let found = app
        .blocking(move |workflow| {
            workflow.store().read(|reader| {
                let Some(record) = reader.case(id)? else {
                    return Ok(None);
                };
                let report = reader.report_of(id)?;
                let calls = report
                    .as_ref()
                    .map(|row| reader.calls(row.id))
                    .transpose()?;
                Ok::<_, StoreError>(Some((record, report, calls.map_or(0, |calls| calls.len()))))
            })
        })
        .await?;
    let (record, report, calls) = found.ok_or(Problem::new(Code::NotFound))?;
    Ok(Json(case_body(record, report, calls)))
}

fn case_filter(state: Option<&str>) -> Result<CaseFilter, Problem> {
    match state.unwrap_or("open") {
        "open" => Ok(CaseFilter::Open),
        "decided" => Ok(CaseFilter::Decided),
        "all" => Ok(CaseFilter::All),
        _ => Err(Problem::new(Code::BadParameter).detail("state is open, decided or all")),
    }
}

fn case_item(row: CaseRow) -> CaseItem {
    CaseItem {
        id: row.case.id.to_string(),
        opened_at: row.case.opened_at,
        channel: row.case.channel.name(),
        test: row.is_test(),
        state: state_name(&row.case),
        item_id: row.item_id,
        banks: row.banks,
        nearest: row.nearest.0,
    }
}

fn case_body(record: CaseRecord, report: Option<ReportRow>, calls: usize) -> CaseBody {
    let decision = match &record.case.state {
        CaseState::Open => None,
        CaseState::Decided(decision) => Some(decision_body(decision)),
    };
    CaseBody {
        id: record.case.id.to_string(),
        opened_at: record.case.opened_at,
        channel: record.case.channel.name(),
        test: record.case.purpose == CasePurpose::Test,
        state: state_name(&record.case),
        matches: record.matches.iter().map(case_match).collect(),
        suppressed: record.suppressed.iter().map(case_match).collect(),
        reveals: record.reveals.len(),
        viewed_in_full: record.was_fully_viewed(),
        item_id: record.upload.item_id,
        media_type: record.upload.media_type,
        outcome: record.upload.outcome,
        decision,
        report: report.map(|row| report_body(&row, calls)),
    }
}

/// As it was when the case was opened.
fn case_match(found: &MatchRow) -> MatchBody {
    MatchAnswer::from(found).into()
}

fn decision_body(decision: &Decision) -> DecisionBody {
    DecisionBody {
        verdict: decision.finding.verdict.name(),
        manifestation: decision
            .finding
            .manifestation
            .map(|manifestation| manifestation.code()),
        reviewer: decision.reviewer.to_string(),
        at: decision.at,
        report: decision.finding.report,
    }
}

fn report_body(row: &ReportRow, calls: usize) -> ReportBody {
    let json = |value: serde_json::Result<serde_json::Value>| value.ok();
    let (state, receipt, stuck_reason) = match &row.state {
        ReportState::Open => ("open", None, None),
        ReportState::Filed(receipt) => ("filed", json(serde_json::to_value(receipt)), None),
        ReportState::Stuck(reason) => ("stuck", None, json(serde_json::to_value(reason))),
    };
    ReportBody {
        id: row.id.to_string(),
        state,
        target: row.target.clone(),
        calls,
        receipt,
        stuck_reason,
    }
}

fn state_name(case: &Case) -> &'static str {
    match case.state {
        CaseState::Open => "open",
        CaseState::Decided(_) => "decided",
    }
}
