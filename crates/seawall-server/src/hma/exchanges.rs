//! `/c/exchanges` and `/c/exchange/{exchange_name}`. This version has no kinds of exchange, and so
//! no exchanges; the answers say so in HMA's shapes.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::{Fault, FaultBody};
use super::input::{HmaPath, JsonObject};
use super::signal::shown;

/// Whether a kind of exchange takes credentials, and has them. Spelled as HMA does.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiBody {
    supports_authentification: bool,
    has_set_authentification: bool,
}

/// How fetching from an exchange goes.
#[derive(Serialize, ToSchema)]
pub(super) struct FetchStatusBody {
    checkpoint_ts: Option<i64>,
    fetched_items: u64,
    last_fetch_complete_ts: Option<i64>,
    last_fetch_succeeded: Option<bool>,
    running_fetch_start_ts: Option<i64>,
    up_to_date: bool,
}

/// An exchange to be made.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; the handler reads it key by key"
)]
pub(super) struct ExchangeInput {
    /// The exchange's name, and its bank's.
    bank: String,
    /// The kind of exchange.
    api: String,
    /// Its configuration.
    #[schema(value_type = Option<Object>)]
    api_json: Option<serde_json::Value>,
}

/// List the kinds of exchange
#[utoipa::path(
    operation_id = "exchange_apis",
    get, path = "/c/exchanges/apis", tag = "exchanges",
    responses((status = 200, body = Vec<String>), (status = 401, body = FaultBody), (status = 403, body = FaultBody))
)]
pub(super) async fn apis() -> Json<[&'static str; 0]> {
    Json([])
}

/// Show a kind of exchange
#[utoipa::path(
    operation_id = "exchange_api",
    get, path = "/c/exchanges/api/{api_name}", tag = "exchanges", params(("api_name" = String, Path)),
    responses(
        (status = 200, body = ApiBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 404, body = FaultBody),
    )
)]
pub(super) async fn api(HmaPath(name): HmaPath<String>) -> Result<Json<ApiBody>, Fault> {
    Err(no_api(&name))
}

/// Set or clear the credentials of a kind of exchange
#[utoipa::path(
    operation_id = "exchange_set_api",
    post, path = "/c/exchanges/api/{api_name}", tag = "exchanges", params(("api_name" = String, Path)),
    request_body(content = Object, example = json!({ "credential_json": {} })),
    responses(
        (status = 200, body = ApiBody), (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody),
    )
)]
pub(super) async fn set_api(
    HmaPath(name): HmaPath<String>,
    JsonObject(_): JsonObject,
) -> Result<Json<ApiBody>, Fault> {
    Err(no_api(&name))
}

/// Show what the configuration of a kind of exchange has to hold
#[utoipa::path(
    operation_id = "exchange_api_schema",
    get, path = "/c/exchanges/api/{api_name}/schema", tag = "exchanges", params(("api_name" = String, Path)),
    responses(
        (status = 200, body = Object), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 404, body = FaultBody),
    )
)]
pub(super) async fn api_schema(HmaPath(name): HmaPath<String>) -> Result<Json<()>, Fault> {
    Err(no_api(&name))
}

/// List the exchanges
#[utoipa::path(
    operation_id = "exchange_list",
    get, path = "/c/exchanges", tag = "exchanges",
    responses((status = 200, body = Vec<String>), (status = 401, body = FaultBody), (status = 403, body = FaultBody))
)]
pub(super) async fn list() -> Json<[&'static str; 0]> {
    Json([])
}

/// Make an exchange
#[utoipa::path(
    operation_id = "exchange_create",
    post, path = "/c/exchanges", tag = "exchanges", request_body = ExchangeInput,
    responses((status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody))
)]
pub(super) async fn create(JsonObject(input): JsonObject) -> Result<Json<()>, Fault> {
    let text = |key: &str| input.get(key).and_then(serde_json::Value::as_str);
    let bank = text("bank").ok_or(Fault::bad("Field `bank` is required"))?;
    if bank.parse::<seawall_core::BankName>().is_err() {
        return Err(Fault::bad(
            "Field `bank` has upper-case letters, digits and underscores, and starts with no digit",
        ));
    }
    let api = text("api").ok_or(Fault::bad("Field `api` is required"))?;
    let is_object = |value: &serde_json::Value| value.is_object();
    if !input.get("api_json").is_none_or(is_object) {
        return Err(Fault::bad("Field `api_json` must be object"));
    }
    Err(Fault::bad(format!(
        "No such exchange type '{}': this version has none",
        shown(api)
    )))
}

/// Show an exchange
#[utoipa::path(
    operation_id = "exchange_show",
    get, path = "/c/exchange/{exchange_name}", tag = "exchanges", params(("exchange_name" = String, Path)),
    responses((status = 401, body = FaultBody), (status = 403, body = FaultBody), (status = 404, body = FaultBody))
)]
pub(super) async fn show(HmaPath(name): HmaPath<String>) -> Result<Json<()>, Fault> {
    Err(no_exchange(&name))
}

/// Show how fetching from an exchange goes
#[utoipa::path(
    operation_id = "exchange_status",
    get, path = "/c/exchange/{exchange_name}/status", tag = "exchanges", params(("exchange_name" = String, Path)),
    responses(
        (status = 200, body = FetchStatusBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 404, body = FaultBody),
    )
)]
pub(super) async fn status(HmaPath(name): HmaPath<String>) -> Result<Json<FetchStatusBody>, Fault> {
    Err(no_exchange(&name))
}

/// Switch an exchange
#[utoipa::path(
    operation_id = "exchange_change",
    put, path = "/c/exchange/{exchange_name}", tag = "exchanges", params(("exchange_name" = String, Path)),
    request_body(content = Object, example = json!({ "enabled": true })),
    responses(
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 404, body = FaultBody),
    )
)]
pub(super) async fn change(
    HmaPath(name): HmaPath<String>,
    JsonObject(_): JsonObject,
) -> Result<Json<()>, Fault> {
    Err(no_exchange(&name))
}

/// Delete an exchange
#[utoipa::path(
    operation_id = "exchange_delete",
    delete, path = "/c/exchange/{exchange_name}", tag = "exchanges", params(("exchange_name" = String, Path)),
    responses((status = 401, body = FaultBody), (status = 403, body = FaultBody), (status = 404, body = FaultBody))
)]
pub(super) async fn delete(HmaPath(name): HmaPath<String>) -> Result<Json<()>, Fault> {
    Err(no_exchange(&name))
}

fn no_api(name: &str) -> Fault {
    Fault::missing(format!("no such Exchange API '{}'", shown(name)))
}

fn no_exchange(name: &str) -> Fault {
    Fault::missing(format!("Exchange '{}' not found", shown(name)))
}
