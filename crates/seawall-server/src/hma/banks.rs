//! `/c/banks` and `/c/bank/{bank_name}`.

use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use seawall_core::BankName;
use seawall_store::{Bank, Ratio};
use seawall_workflow::{BankEdit, BankError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::access::Client;
use super::fault::{Fault, FaultBody};
use super::input::{HmaPath, JsonObject, switch_of};
use super::signal::shown;
use crate::state::App;

/// A bank in HMA's shape.
#[derive(Serialize, ToSchema)]
pub(super) struct BankBody {
    /// Of how many lookups it takes part in, 0 to 1; 0 where it is switched off.
    matching_enabled_ratio: f64,
    name: String,
}

impl From<&Bank> for BankBody {
    fn from(bank: &Bank) -> Self {
        let ratio = if bank.enabled {
            bank.ratio
        } else {
            Ratio::NONE
        };
        Self {
            matching_enabled_ratio: ratio.value(),
            name: bank.name.to_string(),
        }
    }
}

/// A bank to be made.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; the handler reads it key by key"
)]
pub(super) struct BankInput {
    /// Upper-case letters, digits and underscores, not starting with a digit.
    #[schema(pattern = "^[A-Z_][A-Z0-9_]*$", max_length = 255)]
    name: String,
    /// 0 to 1; 1 where nothing is given. A number or its text.
    #[schema(value_type = f64, required = false, minimum = 0, maximum = 1)]
    enabled_ratio: Option<f64>,
    /// 0 or 1 in other words: true or false, a number or its text.
    #[schema(value_type = serde_json::Value, required = false)]
    enabled: Option<bool>,
}

/// What to change.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; the handler reads it key by key"
)]
pub(super) struct BankPatch {
    /// A new name.
    #[schema(pattern = "^[A-Z_][A-Z0-9_]*$", max_length = 255)]
    name: Option<String>,
    /// 0 to 1.
    #[schema(value_type = f64, required = false, minimum = 0, maximum = 1)]
    enabled_ratio: Option<f64>,
    /// 0 or 1 in other words: true or false, a number or its text.
    #[schema(value_type = serde_json::Value, required = false)]
    enabled: Option<bool>,
}

/// A message that something was done.
#[derive(Serialize, ToSchema)]
pub(super) struct DoneBody {
    message: &'static str,
}

impl DoneBody {
    pub(super) const DONE: Self = Self { message: "Done" };
}

/// List the banks
#[utoipa::path(
    operation_id = "bank_list",
    get, path = "/c/banks", tag = "curation",
    responses((status = 200, body = Vec<BankBody>), (status = 401, body = FaultBody), (status = 403, body = FaultBody))
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<BankBody>>, Fault> {
    let banks = app.blocking(|workflow| workflow.store().read(|reader| reader.banks()));
    let banks = banks.await?;
    Ok(Json(banks.iter().map(BankBody::from).collect()))
}

/// Make a bank
///
/// A name that is taken is answered with 403, as in HMA.
#[utoipa::path(
    operation_id = "bank_create",
    post, path = "/c/banks", tag = "curation", request_body = BankInput,
    responses(
        (status = 201, body = BankBody), (status = 400, body = FaultBody),
        (status = 401, body = FaultBody), (status = 403, body = FaultBody),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    JsonObject(input): JsonObject,
) -> Result<(StatusCode, Json<BankBody>), Fault> {
    let name = input.get("name").ok_or(Fault::bad("name is required"))?;
    let name = new_name(name)?;
    let ratio = ratio_of(&input)?.unwrap_or(Ratio::ALL);
    let bank = app
        .blocking(move |workflow| workflow.create_sampled_bank(&name, ratio, client.actor()))
        .await?;
    Ok((StatusCode::CREATED, Json(BankBody::from(&bank))))
}

/// Show a bank
#[utoipa::path(
    operation_id = "bank_show",
    get, path = "/c/bank/{bank_name}", tag = "curation", params(("bank_name" = String, Path)),
    responses(
        (status = 200, body = BankBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    HmaPath(name): HmaPath<String>,
) -> Result<Json<BankBody>, Fault> {
    let name = known_name(&name)?;
    let bank = app.blocking(move |workflow| workflow.bank(&name)).await?;
    Ok(Json(BankBody::from(&bank)))
}

/// Change a bank
#[utoipa::path(
    operation_id = "bank_change",
    put, path = "/c/bank/{bank_name}", tag = "curation", params(("bank_name" = String, Path)),
    request_body = BankPatch,
    responses(
        (status = 200, body = BankBody), (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody), (status = 409, body = FaultBody),
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath(name): HmaPath<String>,
    JsonObject(patch): JsonObject,
) -> Result<Json<BankBody>, Fault> {
    let name = known_name(&name)?;
    let edit = BankEdit {
        name: patch.get("name").map(new_name).transpose()?,
        ratio: ratio_of(&patch)?,
    };
    let bank = app
        .blocking(move |workflow| workflow.edit_bank(&name, &edit, client.actor()))
        .await?;
    Ok(Json(BankBody::from(&bank)))
}

/// Delete a bank
///
/// With everything in it. A bank that is not there is deleted already.
#[utoipa::path(
    operation_id = "bank_delete",
    delete, path = "/c/bank/{bank_name}", tag = "curation", params(("bank_name" = String, Path)),
    responses(
        (status = 200, body = DoneBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 409, body = FaultBody),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath(name): HmaPath<String>,
) -> Result<Json<DoneBody>, Fault> {
    let Ok(name) = name.parse::<BankName>() else {
        return Ok(Json(DoneBody::DONE));
    };
    app.blocking(
        move |workflow| match workflow.delete_bank(&name, client.actor()) {
            Err(BankError::NoBank) => Ok(()),
            other => other,
        },
    )
    .await?;
    Ok(Json(DoneBody::DONE))
}

/// A name in an address: one that cannot be a bank's is simply not found.
pub(super) fn known_name(text: &str) -> Result<BankName, Fault> {
    text.parse()
        .map_err(|_| Fault::missing(format!("bank '{}' not found", shown(text))))
}

fn new_name(value: &Value) -> Result<BankName, Fault> {
    let name = value.as_str().and_then(|name| name.parse().ok());
    name.ok_or(Fault::bad(
        "a bank's name has upper-case letters, digits and underscores, and starts with no digit",
    ))
}

/// The ratio that a body asks for: `enabled_ratio`, or else what `enabled` says. Both have to be
/// what they should be.
fn ratio_of(body: &Map<String, Value>) -> Result<Option<Ratio>, Fault> {
    let enabled = enabled_of(body)?;
    let ratio = body.get("enabled_ratio").map(ratio_value).transpose()?;
    let of_switch = |enabled| if enabled { Ratio::ALL } else { Ratio::NONE };
    Ok(ratio.or(enabled.map(of_switch)))
}

/// What a body says under `enabled`, in the words that HMA's clients write.
pub(super) fn enabled_of(body: &Map<String, Value>) -> Result<Option<bool>, Fault> {
    Ok(match body.get("enabled") {
        None => None,
        Some(Value::Bool(enabled)) => Some(*enabled),
        Some(Value::String(text)) => Some(switch_of("enabled", text)?),
        Some(Value::Number(number)) => Some(switch_of("enabled", &number.to_string())?),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => {
            return Err(Fault::bad("enabled is true or false"));
        }
    })
}

/// A ratio as a number or its text.
pub(super) fn ratio_value(value: &Value) -> Result<Ratio, Fault> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number
        .and_then(Ratio::new)
        .ok_or(Fault::bad("enabled_ratio is a number from 0 to 1"))
}
