//! `POST /api/v1/lookups`: hashes against the banks, without a case.

use axum::Json;
use axum::extract::State;
use seawall_core::{BankName, Hash};
use seawall_workflow::{BankError, LookupAnswer, Workflow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::banks::known_name;
use super::body::{ApiJson, HashValue, usable_hashes};
use super::scans::{MatchBody, bodies};
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

/// Hashes to look up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lookup {
    /// 1 to 1000 hashes.
    #[schema(min_items = 1, max_items = 1000)]
    hashes: Vec<HashValue>,
    /// Only these banks, 1 to 100 names; all where not given.
    #[schema(min_items = 1, max_items = 100)]
    banks: Option<Vec<String>>,
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
    /// Nearest first; of more than 100 the nearest.
    matches: Vec<MatchBody>,
    /// How many listed hashes match, those not listed here among them.
    matches_found: usize,
    /// Those that exceptions speak against; of more than 100 the nearest.
    suppressed: Vec<MatchBody>,
    /// How many exceptions speak against, those not listed here among them.
    suppressed_found: usize,
}

/// Look hashes up
///
/// Opens no case and keeps nothing. The nearest 100 matches of each hash are listed;
/// `matches_found` counts all.
#[utoipa::path(
    post, path = "/api/v1/lookups", tag = "scans",
    request_body = Lookup,
    responses(
        (status = 200, body = LookupBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "One of the banks is not there", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn look_up(
    State(app): State<App>,
    ApiJson(lookup): ApiJson<Lookup>,
) -> Result<Json<LookupBody>, Problem> {
    let usable = usable_hashes(&lookup.hashes)?;
    let banks = lookup.banks.map(named_banks).transpose()?;
    let results = app
        .blocking(move |workflow| results(workflow, lookup.hashes, usable, banks))
        .await?;
    Ok(Json(LookupBody { results }))
}

/// Those of usable quality are looked up together.
fn results(
    workflow: &Workflow,
    queries: Vec<HashValue>,
    usable: Vec<(usize, Hash)>,
    banks: Option<Vec<BankName>>,
) -> Result<Vec<LookupResult>, BankError> {
    let (places, hashes): (Vec<usize>, Vec<Hash>) = usable.into_iter().unzip();
    let answers = match banks {
        None => workflow.look_up_many(&hashes)?,
        Some(banks) => workflow.look_up_many_in(&hashes, &banks)?,
    };
    let mut answers = places.into_iter().zip(answers).peekable();
    let results = queries.into_iter().enumerate().map(|(place, query)| {
        let answer = answers.next_if(|(at, _)| *at == place);
        result(query, answer.map(|(_, answer)| answer))
    });
    Ok(results.collect())
}

pub(super) fn named_banks(names: Vec<String>) -> Result<Vec<BankName>, Problem> {
    if !(1..=100).contains(&names.len()) {
        return Err(Problem::new(Code::BadParameter).detail("banks is 1 to 100 names"));
    }
    names.iter().map(|name| known_name(name)).collect()
}

fn result(query: HashValue, answer: Option<LookupAnswer>) -> LookupResult {
    let outcome = match &answer {
        None => "unmatchable",
        Some(answer) if answer.matches.is_empty() => "no_match",
        Some(_) => "matched",
    };
    let answer = answer.unwrap_or_default();
    LookupResult {
        query,
        outcome,
        matches: bodies(answer.matches),
        matches_found: answer.matches_found,
        suppressed: bodies(answer.suppressed),
        suppressed_found: answer.suppressed_found,
    }
}
