//! `/api/v1/seen`: what matched nothing when it came, held against hashes listed since.

use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use seawall_core::{Algorithm, Hash, Threshold, Timestamp, View};
use seawall_workflow::SeenMatch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{ApiJson, ApiPath, HashValue, usable_hashes};
use crate::guard::Caller;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

/// What the seen index keeps.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenBody {
    /// The channels whose uploads are kept; none where the seen index is off.
    channels: Vec<&'static str>,
    /// For how many days.
    keep_days: u32,
    /// Records kept. An item that came again may count twice until it is put in order.
    records: u64,
}

/// Hashes to hold against what was seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenLookup {
    /// 1 to 1000 hashes.
    #[schema(min_items = 1, max_items = 1000)]
    hashes: Vec<HashValue>,
    /// Largest PDQ distance that matches, 0 to 64 bits; 31 where not given.
    #[schema(maximum = 64)]
    distance_max: Option<u16>,
}

/// What was seen.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenLookupBody {
    /// How many items match.
    found: u64,
    /// How many of the hashes were not looked up, their quality being too low.
    unmatchable: usize,
    /// Each item that matches, once, nearest first; of more than 10000 the nearest.
    items: Vec<SeenItemBody>,
}

/// A seen item that matches.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenItemBody {
    /// The platform's own id of the item.
    item_id: String,
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// Where it appeared.
    channel: &'static str,
    /// Which of the hashes asked about is nearest to it, counted from 0.
    hash: usize,
    #[schema(value_type = String, example = "pdq")]
    algorithm: Algorithm,
    /// In how many bits they differ; 0 for digests.
    distance: u16,
    /// Which form of the picture matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    view: Option<View>,
}

/// Show what the seen index keeps
#[utoipa::path(get, path = "/api/v1/seen", tag = "seen", responses((status = 200, body = SeenBody)))]
pub(crate) async fn status(State(app): State<App>) -> Result<Json<SeenBody>, Problem> {
    let status = app.blocking(|workflow| workflow.seen_status()).await?;
    let policy = app.workflow.seen_policy();
    Ok(Json(SeenBody {
        channels: policy
            .channels
            .iter()
            .map(|channel| channel.name())
            .collect(),
        keep_days: policy.keep_days,
        records: status.rows + status.paged,
    }))
}

/// Hold hashes against what was seen
///
/// For hashes that were listed after an upload came: every item that matches is found. Opens no
/// case. The lookup is an event, without the hashes.
#[utoipa::path(
    post, path = "/api/v1/seen/lookups", tag = "seen",
    request_body = SeenLookup,
    responses(
        (status = 200, body = SeenLookupBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn look_up(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiJson(lookup): ApiJson<SeenLookup>,
) -> Result<Json<SeenLookupBody>, Problem> {
    let usable = usable_hashes(&lookup.hashes)?;
    let distance_max = distance(lookup.distance_max)?;
    let unmatchable = lookup.hashes.len() - usable.len();
    let (places, hashes): (Vec<usize>, Vec<Hash>) = usable.into_iter().unzip();
    let answer = app
        .blocking(move |workflow| workflow.seen_matches(&hashes, distance_max, caller.actor()))
        .await?;
    Ok(Json(SeenLookupBody {
        found: answer.found,
        unmatchable,
        items: answer
            .matches
            .into_iter()
            .map(|found| item(found, &places))
            .collect(),
    }))
}

/// Forget an item
///
/// All that the seen index keeps of it is gone when the answer is sent. Cases stay.
#[utoipa::path(
    delete, path = "/api/v1/seen/{item_id}", tag = "seen", params(("item_id" = String, Path)),
    responses(
        (status = 204),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn forget(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(item_id): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    let forgotten = app
        .blocking(move |workflow| workflow.forget_seen(&item_id, caller.actor()))
        .await?;
    if forgotten {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(Code::NotFound).detail("nothing is kept of this item"))
    }
}

fn item(found: SeenMatch, places: &[usize]) -> SeenItemBody {
    SeenItemBody {
        item_id: found.item_id,
        seen_at: found.seen_at,
        channel: found.channel.name(),
        hash: places[found.query],
        algorithm: found.algorithm,
        distance: found.distance.0,
        view: found.view,
    }
}

fn distance(bits: Option<u16>) -> Result<Threshold, Problem> {
    let bits = bits.unwrap_or(Threshold::DEFAULT.bits());
    Threshold::new(bits)
        .filter(|threshold| threshold.bits() <= DISTANCE_BITS_MAX)
        .ok_or(Problem::new(Code::BadParameter).detail("distance_max is 0 to 64 bits"))
}

/// Farther apart, unrelated pictures would match in numbers.
const DISTANCE_BITS_MAX: u16 = 64;
