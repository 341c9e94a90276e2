//! `/c/exchanges` and `/c/exchange/{exchange_name}`: the exchanges of this server in HMA's
//! shapes. They are set up in the configuration file alone; what would set one up here is
//! answered with 409 and where to do it.

use axum::Json;
use axum::extract::{Extension, State};
use seawall_core::Timestamp;
use seawall_store::ListName;
use seawall_workflow::{ExchangeError, ExchangeStatus, Workflow};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::Client;
use super::banks::enabled_of;
use super::exchange_kinds::{SchemaBody, name_of, name_of_stored, named};
use super::fault::{Fault, FaultBody};
use super::input::{HmaPath, JsonObject};
use super::signal::shown;
use crate::config::Protocol;
use crate::problem::{Code, Problem};
use crate::state::App;

/// Whether a kind of exchange takes credentials, and has them. Spelled as HMA does.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiBody {
    supports_authentification: bool,
    /// Whether an exchange of this kind is in the configuration: none is without its credentials.
    has_set_authentification: bool,
}

/// An exchange.
#[derive(Serialize, ToSchema)]
pub(super) struct ExchangeBody {
    name: String,
    /// Its kind.
    api: String,
    /// Whether its list is read from time to time.
    enabled: bool,
    /// The bank that its list is in.
    bank: String,
    /// Whether it is in the configuration of this server. One that is not keeps what it listed.
    configured: bool,
}

impl From<ExchangeStatus> for ExchangeBody {
    fn from(status: ExchangeStatus) -> Self {
        Self {
            name: status.exchange.name.to_string(),
            api: name_of_stored(&status.exchange.protocol).to_owned(),
            enabled: status.is_on(),
            bank: status.bank.to_string(),
            configured: status.configured,
        }
    }
}

/// How fetching from an exchange goes. Times are in seconds since 1970.
#[derive(Serialize, ToSchema)]
pub(super) struct FetchStatusBody {
    /// Up to when its list was read, where its kind tells.
    checkpoint_ts: Option<i64>,
    /// How many contents it lists.
    fetched_items: u64,
    last_fetch_complete_ts: Option<i64>,
    last_fetch_succeeded: Option<bool>,
    /// When the run began that is under way.
    running_fetch_start_ts: Option<i64>,
    /// Whether nothing failed at its last run, nothing waits for a person, and the next run is
    /// not due yet.
    up_to_date: bool,
}

impl FetchStatusBody {
    fn new(status: &ExchangeStatus, now: Timestamp) -> Self {
        let exchange = &status.exchange;
        let seconds = |at: Option<Timestamp>| at.map(|at| at.as_millis().div_euclid(1000));
        let checkpoint = exchange.checkpoint.as_ref();
        let running = exchange.started_at.filter(|_| status.is_running(now));
        Self {
            checkpoint_ts: seconds(checkpoint.and_then(|checkpoint| checkpoint.reached_at())),
            fetched_items: status.contents,
            last_fetch_complete_ts: seconds(exchange.ended_at),
            last_fetch_succeeded: exchange.ended_at.map(|_| exchange.fault.is_none()),
            running_fetch_start_ts: seconds(running),
            up_to_date: status.is_up_to_date(now),
        }
    }
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

/// What to change.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; the handler reads it key by key"
)]
pub(super) struct ExchangePatch {
    /// Whether its list is read from time to time.
    #[schema(value_type = serde_json::Value, required = false)]
    enabled: Option<bool>,
}

/// A message that something was done.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedExchangeBody {
    message: &'static str,
}

/// List the kinds of exchange
#[utoipa::path(
    operation_id = "exchange_apis",
    get, path = "/c/exchanges/apis", tag = "exchanges",
    responses((status = 200, body = Vec<String>), (status = 401, body = FaultBody), (status = 403, body = FaultBody))
)]
pub(super) async fn apis() -> Json<Vec<&'static str>> {
    let mut names = Protocol::ALL.map(name_of);
    names.sort_unstable();
    Json(names.to_vec())
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
pub(super) async fn api(
    State(app): State<App>,
    HmaPath(name): HmaPath<String>,
) -> Result<Json<ApiBody>, Fault> {
    let kind = known_kind(&name)?;
    let statuses = app.blocking(Workflow::exchange_statuses).await?;
    let is_of_kind = |status: &ExchangeStatus| status.exchange.protocol == kind.name();
    let mut of_kind = statuses.iter().filter(|status| is_of_kind(status));
    Ok(Json(ApiBody {
        supports_authentification: true,
        has_set_authentification: of_kind.any(|status| status.configured),
    }))
}

/// Set or clear the credentials of a kind of exchange
///
/// Refused with 409: credentials are set in the configuration file alone, for each exchange.
#[utoipa::path(
    operation_id = "exchange_set_api",
    post, path = "/c/exchanges/api/{api_name}", tag = "exchanges", params(("api_name" = String, Path)),
    request_body(content = Object, example = json!({ "credential_json": {} })),
    responses(
        (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody), (status = 409, body = FaultBody),
    )
)]
pub(super) async fn set_api(
    HmaPath(name): HmaPath<String>,
    JsonObject(input): JsonObject,
) -> Result<Json<ApiBody>, Fault> {
    known_kind(&name)?;
    let credentials = input.get("credential_json");
    if !credentials.is_some_and(serde_json::Value::is_object) {
        return Err(Fault::bad("Field `credential_json` must be object"));
    }
    Err(in_file(
        "credentials are set in the configuration file alone: under `secrets` of the section \
         [exchange.NAME] of each exchange, from a file or the environment",
    ))
}

/// Show what the configuration of a kind of exchange has to hold
#[utoipa::path(
    operation_id = "exchange_api_schema",
    get, path = "/c/exchanges/api/{api_name}/schema", tag = "exchanges", params(("api_name" = String, Path)),
    responses(
        (status = 200, body = SchemaBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 404, body = FaultBody),
    )
)]
pub(super) async fn api_schema(HmaPath(name): HmaPath<String>) -> Result<Json<SchemaBody>, Fault> {
    Ok(Json(SchemaBody::of(known_kind(&name)?)))
}

/// List the exchanges
#[utoipa::path(
    operation_id = "exchange_list",
    get, path = "/c/exchanges", tag = "exchanges",
    responses((status = 200, body = Vec<String>), (status = 401, body = FaultBody), (status = 403, body = FaultBody))
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<String>>, Fault> {
    let statuses = app.blocking(Workflow::exchange_statuses).await?;
    let names = statuses
        .iter()
        .map(|status| status.exchange.name.to_string());
    Ok(Json(names.collect()))
}

/// Make an exchange
///
/// Refused with 409: exchanges are set up in the configuration file alone.
#[utoipa::path(
    operation_id = "exchange_create",
    post, path = "/c/exchanges", tag = "exchanges", request_body = ExchangeInput,
    responses(
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 409, body = FaultBody),
    )
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
    let Some(kind) = named(api) else {
        let text = format!("No such exchange type '{}'", shown(api));
        return Err(Fault::bad(text));
    };
    Err(in_file(&format!(
        "exchanges are set up in the configuration file alone: write a section [exchange.{0}] with \
         protocol = \"{1}\" and bank = \"{0}\", and start the server again",
        shown(bank),
        kind.name()
    )))
}

/// Show an exchange
#[utoipa::path(
    operation_id = "exchange_show",
    get, path = "/c/exchange/{exchange_name}", tag = "exchanges", params(("exchange_name" = String, Path)),
    responses(
        (status = 200, body = ExchangeBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 404, body = FaultBody),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    HmaPath(name): HmaPath<String>,
) -> Result<Json<ExchangeBody>, Fault> {
    let (_, status) = find(&app, &name).await?;
    Ok(Json(status.into()))
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
pub(super) async fn status(
    State(app): State<App>,
    HmaPath(name): HmaPath<String>,
) -> Result<Json<FetchStatusBody>, Fault> {
    let (_, status) = find(&app, &name).await?;
    let now = app.workflow.clock().now();
    Ok(Json(FetchStatusBody::new(&status, now)))
}

/// Switch an exchange
///
/// One that is switched off keeps what it listed, which goes on matching.
#[utoipa::path(
    operation_id = "exchange_change",
    put, path = "/c/exchange/{exchange_name}", tag = "exchanges", params(("exchange_name" = String, Path)),
    request_body = ExchangePatch,
    responses(
        (status = 200, body = ExchangeBody), (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody), (status = 409, body = FaultBody),
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath(text): HmaPath<String>,
    JsonObject(patch): JsonObject,
) -> Result<Json<ExchangeBody>, Fault> {
    let (name, status) = find(&app, &text).await?;
    let Some(enabled) = enabled_of(&patch)? else {
        return Ok(Json(status.into()));
    };
    if enabled && !status.configured {
        return Err(Problem::from(ExchangeError::NotConfigured).into());
    }
    let changed = app.blocking(move |workflow| {
        workflow.pause_exchange(&name, !enabled, client.actor())?;
        workflow.exchange_status(&name)
    });
    Ok(Json(changed.await?.into()))
}

/// Delete an exchange
///
/// With everything that it lists, which stops matching before the answer is sent. Refused with
/// 409 while it is in the configuration: it would come back.
#[utoipa::path(
    operation_id = "exchange_delete",
    delete, path = "/c/exchange/{exchange_name}", tag = "exchanges", params(("exchange_name" = String, Path)),
    responses(
        (status = 200, body = DeletedExchangeBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 404, body = FaultBody), (status = 409, body = FaultBody),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath(name): HmaPath<String>,
) -> Result<Json<DeletedExchangeBody>, Fault> {
    let (name, _) = find(&app, &name).await?;
    app.blocking(move |workflow| workflow.remove_exchange(&name, client.actor()))
        .await?;
    Ok(Json(DeletedExchangeBody {
        message: "Exchange deleted",
    }))
}

/// The exchange of this name.
async fn find(app: &App, text: &str) -> Result<(ListName, ExchangeStatus), Fault> {
    let none = || Fault::missing(format!("Exchange '{}' not found", shown(text)));
    let name: ListName = text.parse().map_err(|_| none())?;
    let known = name.clone();
    let found = app.blocking(move |workflow| match workflow.exchange_status(&known) {
        Ok(status) => Ok(Some(status)),
        Err(ExchangeError::NoExchange) => Ok(None),
        Err(other) => Err(other),
    });
    let status = found.await?.ok_or_else(none)?;
    Ok((name, status))
}

fn known_kind(name: &str) -> Result<Protocol, Fault> {
    let none = || Fault::missing(format!("no such Exchange API '{}'", shown(name)));
    named(name).ok_or_else(none)
}

fn in_file(text: &str) -> Fault {
    Fault::Native(Problem::new(Code::ConfiguredInFile).detail(text))
}
