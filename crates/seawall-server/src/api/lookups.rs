//! `POST /api/v1/lookups`: hashes against the banks, without a case.

use axum::Json;
use axum::extract::State;
use seawall_workflow::LookupAnswer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{ApiJson, HashValue};
use super::scans::{MatchBody, bodies};
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

/// Hashes to look up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lookup {
    /// 1 to 1000 hashes.
    hashes: Vec<HashValue>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookupBody {
    /// One a hash, in the order asked.
    results: Vec<LookupResult>,
}

/// What one hash matches.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookupResult {
    #[serde(flatten)]
    query: HashValue,
    /// `matched`, `no_match`, or `unmatchable` where its quality is too low.
    outcome: &'static str,
    matches: Vec<MatchBody>,
    /// Those that exceptions speak against.
    suppressed: Vec<MatchBody>,
}

/// Look hashes up
///
/// Opens no case and keeps nothing.
#[utoipa::path(
    post, path = "/api/v1/lookups", tag = "scans",
    request_body = Lookup,
    responses(
        (status = 200, body = LookupBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn look_up(
    State(app): State<App>,
    ApiJson(lookup): ApiJson<Lookup>,
) -> Result<Json<LookupBody>, Problem> {
    if !(1..=1_000).contains(&lookup.hashes.len()) {
        return Err(Problem::new(Code::BadParameter).detail("1 to 1000 hashes a call"));
    }
    let results = lookup
        .hashes
        .into_iter()
        .map(|query| look_up_one(&app, query));
    Ok(Json(LookupBody {
        results: results.collect::<Result<_, _>>()?,
    }))
}

fn look_up_one(app: &App, query: HashValue) -> Result<LookupResult, Problem> {
    let hash = query.parse()?;
    let usable = query
        .quality
        .is_none_or(|quality| seawall_core::Quality(quality).is_usable());
    let answer = match usable {
        true => app.workflow.look_up(&hash)?,
        false => LookupAnswer::default(),
    };
    let outcome = match (usable, answer.matches.is_empty()) {
        (false, _) => "unmatchable",
        (true, true) => "no_match",
        (true, false) => "matched",
    };
    Ok(LookupResult {
        query,
        outcome,
        matches: bodies(answer.matches),
        suppressed: bodies(answer.suppressed),
    })
}
