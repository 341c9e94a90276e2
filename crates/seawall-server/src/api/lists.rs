//! `/api/v1/banks/{name}/lists`: what came into a bank from one source, with a threshold and a
//! switch of its own.

use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use seawall_core::{Threshold, Timestamp};
use seawall_store::{List, ListChange, ListName};
use seawall_workflow::BankError;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::banks::{known_name, threshold};
use super::body::{ApiJson, ApiPath};
use crate::guard::Caller;
use crate::problem::{Problem, ProblemBody};
use crate::state::App;

/// A list of a bank.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListBody {
    name: String,
    /// Largest PDQ distance that matches, in bits; `null` takes the bank's.
    threshold: Option<u16>,
    /// Whether it is matched. It is not where its bank is not.
    enabled: bool,
    /// How many contents came with it.
    contents: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<List> for ListBody {
    fn from(list: List) -> Self {
        Self {
            name: list.name.to_string(),
            threshold: list.threshold.map(Threshold::bits),
            enabled: list.enabled,
            contents: list.contents,
            created_at: list.created_at,
        }
    }
}

/// All lists of a bank.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListsBody {
    items: Vec<ListBody>,
}

/// What to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPatch {
    /// 0 to 256 bits, 0 to 31 in an exception bank; `null` takes the bank's again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u16>, maximum = 256)]
    threshold: Option<Option<u16>>,
    enabled: Option<bool>,
}

/// List the lists of a bank
///
/// A list is made by an import that names it.
#[utoipa::path(
    get, path = "/api/v1/banks/{name}/lists", tag = "banks", params(("name" = String, Path)),
    responses(
        (status = 200, body = ListsBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<ListsBody>, Problem> {
    let name = known_name(&name)?;
    let lists = app.blocking(move |workflow| workflow.lists(&name)).await?;
    Ok(Json(ListsBody {
        items: lists.into_iter().map(ListBody::from).collect(),
    }))
}

/// Change a list
///
/// Takes effect before the answer is sent.
#[utoipa::path(
    patch, path = "/api/v1/banks/{name}/lists/{list}", tag = "banks",
    params(("name" = String, Path), ("list" = String, Path)),
    request_body = ListPatch,
    responses(
        (status = 200, body = ListBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath((name, list)): ApiPath<(String, String)>,
    ApiJson(patch): ApiJson<ListPatch>,
) -> Result<Json<ListBody>, Problem> {
    let (name, list) = (known_name(&name)?, known_list(&list)?);
    let own = match patch.threshold {
        None => None,
        Some(None) => Some(None),
        Some(Some(bits)) => Some(Some(threshold(bits)?)),
    };
    let change = ListChange {
        threshold: own,
        enabled: patch.enabled,
    };
    let changed = app
        .blocking(move |workflow| workflow.change_list(&name, &list, change, caller.actor()))
        .await?;
    Ok(Json(changed.into()))
}

/// Withdraw a list
///
/// Its contents are deleted and stop matching before the answer is sent. Cases stay.
#[utoipa::path(
    delete, path = "/api/v1/banks/{name}/lists/{list}", tag = "banks",
    params(("name" = String, Path), ("list" = String, Path)),
    responses(
        (status = 204),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath((name, list)): ApiPath<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (name, list) = (known_name(&name)?, known_list(&list)?);
    app.blocking(move |workflow| workflow.delete_list(&name, &list, caller.actor()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A name in an address: one that cannot be a list's is simply not found.
fn known_list(text: &str) -> Result<ListName, Problem> {
    text.parse().map_err(|_| BankError::NoList.into())
}

/// Tells a `null` from a key that is not there.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u16>>, D::Error> {
    Option::deserialize(value).map(Some)
}
