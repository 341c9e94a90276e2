//! `/c/signal_type` and `/c/content_type`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::Client;
use super::banks::ratio_value;
use super::fault::{Fault, FaultBody};
use super::input::{HmaPath, JsonObject, Query};
use super::signal::{ContentType, SignalType, shown};
use crate::state::App;

/// A kind of signal.
#[derive(Serialize, ToSchema)]
pub(super) struct SignalTypeBody {
    /// 0 where it is switched off.
    enabled_ratio: f64,
    name: &'static str,
}

/// What to change of a kind of signal.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; the handler reads it key by key"
)]
pub(super) struct SignalTypePatch {
    /// 0 to 1; 0 switches it off.
    #[schema(minimum = 0, maximum = 1)]
    enabled_ratio: f64,
}

/// A kind of content.
#[derive(Serialize, ToSchema)]
pub(super) struct ContentTypeBody {
    enabled: bool,
    name: &'static str,
}

/// How the index stands to the database, for one kind of signal.
#[derive(Serialize, ToSchema)]
pub(super) struct IndexAgeBody {
    db_size: u64,
    index_size: u64,
    index_out_of_date: bool,
    newest_db_item: i64,
    index_built_to: i64,
}

/// List the kinds of signal
#[utoipa::path(
    operation_id = "type_signal_types",
    get, path = "/c/signal_type", tag = "curation",
    responses((status = 200, body = Vec<SignalTypeBody>), (status = 401, body = FaultBody), (status = 403, body = FaultBody))
)]
pub(super) async fn signal_types(State(app): State<App>) -> Json<Vec<SignalTypeBody>> {
    let bodies = SignalType::ALL.map(|kind| SignalTypeBody {
        enabled_ratio: app.workflow.signal_ratio(kind.name()).value(),
        name: kind.name(),
    });
    Json(bodies.into())
}

/// Switch a kind of signal
///
/// For this interface alone: scans and the native interface go on as before.
#[utoipa::path(
    operation_id = "type_change_signal_type",
    put, path = "/c/signal_type/{signal_type_name}", tag = "curation",
    params(("signal_type_name" = String, Path)), request_body = SignalTypePatch,
    responses(
        (status = 200, body = SignalTypeBody), (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody),
    )
)]
pub(super) async fn change_signal_type(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath(name): HmaPath<String>,
    JsonObject(patch): JsonObject,
) -> Result<Json<SignalTypeBody>, Fault> {
    let kind = SignalType::ALL.into_iter().find(|kind| kind.name() == name);
    let missing = || Fault::missing(format!("No such SignalType '{}'", shown(&name)));
    let kind = kind.ok_or_else(missing)?;
    let ratio = patch.get("enabled_ratio");
    let ratio = ratio_value(ratio.ok_or(Fault::bad("enabled_ratio is required"))?)?;
    app.blocking(move |workflow| workflow.set_signal_ratio(kind.name(), ratio, client.actor()))
        .await?;
    Ok(Json(SignalTypeBody {
        enabled_ratio: ratio.value(),
        name: kind.name(),
    }))
}

/// How the index stands to the database
///
/// It is never behind: changes are in it before they are answered.
#[utoipa::path(
    operation_id = "type_index",
    get, path = "/c/signal_type/index", tag = "curation",
    params(("signal_type" = Option<String>, Query, description = "Only this one")),
    responses(
        (status = 200, body = BTreeMap<String, IndexAgeBody>), (status = 400, body = FaultBody),
        (status = 401, body = FaultBody), (status = 403, body = FaultBody),
    )
)]
pub(super) async fn index(
    State(app): State<App>,
    query: Query,
) -> Result<Json<BTreeMap<&'static str, IndexAgeBody>>, Fault> {
    let only = query
        .filled("signal_type")
        .map(SignalType::parse)
        .transpose()?;
    let kinds = SignalType::ALL.into_iter();
    let kinds = kinds.filter(move |kind| only.is_none_or(|only| only == *kind));
    let held = app.blocking(|workflow| workflow.hashes_held()).await?;
    let bodies = kinds.map(|kind| {
        let size = held.of(kind.algorithm());
        let newest = held.newest_s().filter(|_| size > 0).unwrap_or(-1);
        let body = IndexAgeBody {
            db_size: size,
            index_size: size,
            index_out_of_date: false,
            newest_db_item: newest,
            index_built_to: newest,
        };
        (kind.name(), body)
    });
    Ok(Json(bodies.collect()))
}

/// List the kinds of content
#[utoipa::path(
    operation_id = "type_content_types",
    get, path = "/c/content_type", tag = "curation",
    responses((status = 200, body = Vec<ContentTypeBody>), (status = 401, body = FaultBody), (status = 403, body = FaultBody))
)]
pub(super) async fn content_types() -> Json<Vec<ContentTypeBody>> {
    let bodies = ContentType::ALL.map(|kind| ContentTypeBody {
        enabled: true,
        name: kind.name(),
    });
    Json(bodies.into())
}
