//! `/c/bank/{bank_name}/content` and `/c/bank/{bank_name}/signal`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use seawall_core::{Algorithm, BankName, ContentId, Hash, HashReport, Quality, Reason, Timestamp};
use seawall_store::{ContentDetails, ContentSwitch, NewContent, StoredHash};
use seawall_workflow::{ContentEdit, KeptContent};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::access::Client;
use super::banks::{BankBody, known_name};
use super::details::{Beside, BesideInput, note_of};
use super::fault::{Fault, FaultBody};
use super::hashing::{Hashed, hash_bytes, hash_fetched, wanted_types};
use super::input::{Form, HmaPath, JsonObject, Query};
use super::signal::SignalType;
use crate::api::body::is_form;
use crate::state::App;

/// A content that was added.
#[derive(Serialize, ToSchema)]
pub(super) struct AddedBody {
    /// Its id; that of the first one where the client's own id was posted before.
    id: i64,
    /// Its signals by type.
    signals: BTreeMap<&'static str, String>,
}

/// A content in HMA's shape.
#[derive(Serialize, ToSchema)]
pub(super) struct ContentBody {
    id: i64,
    /// 1 where it is matched, 0 where it is not; else until when it is not, in seconds since 1970.
    disable_until_ts: i64,
    /// Always null: addresses are kept in `metadata` alone, where the client puts them.
    #[schema(value_type = Option<String>)]
    original_media_uri: Option<String>,
    bank: BankBody,
    /// Its signals by type, with `include_signals`.
    #[serde(skip_serializing_if = "Option::is_none")]
    signals: Option<BTreeMap<&'static str, String>>,
    /// What the client keeps beside it, with `include_metadata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<MetadataBody>,
    /// A remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// What a client keeps beside a content.
#[derive(Serialize, ToSchema)]
pub(super) struct MetadataBody {
    content_id: Option<String>,
    content_uri: Option<String>,
    #[schema(value_type = Option<Object>)]
    json: Option<Value>,
    /// What an exchange said about it: nothing. What partners list is in sealed banks, whose
    /// contents are shown to nobody here.
    #[schema(value_type = Option<Object>)]
    collab: Option<Value>,
}

/// What to change.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; the handler reads it key by key"
)]
pub(super) struct ContentPatch {
    /// 1 to match it, 0 not to, or until when not to, in seconds since 1970, at most five years
    /// ahead.
    #[schema(minimum = 0)]
    disable_until_ts: Option<i64>,
    /// A remark, at most 255 characters.
    #[schema(max_length = 255)]
    note: Option<String>,
}

/// A form with one file and what is kept beside it.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the form; the handler reads it part by part"
)]
pub(super) struct ContentForm {
    /// A picture.
    #[schema(value_type = Option<String>, format = Binary)]
    photo: Option<Vec<u8>>,
    /// A video.
    #[schema(value_type = Option<String>, format = Binary)]
    video: Option<Vec<u8>>,
    /// JSON: content_id, content_uri, json, or whatever the client wants to keep.
    metadata: Option<String>,
    /// A remark, at most 255 characters.
    note: Option<String>,
}

/// How many there were to delete.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedBody {
    deleted: u8,
}

impl ContentBody {
    fn of(kept: KeptContent, query: &Query) -> Result<Self, Fault> {
        let with_signals = query.switch("include_signals")?;
        let with_metadata = query.switch("include_metadata")?;
        Ok(Self {
            id: kept.row.id.0,
            disable_until_ts: switch_ts(kept.switch),
            original_media_uri: None,
            bank: BankBody::from(&kept.bank),
            signals: with_signals.then(|| signals_of(&kept)),
            metadata: with_metadata.then(|| MetadataBody {
                content_id: kept.details.external_id.clone(),
                content_uri: kept.details.uri.clone(),
                json: kept
                    .details
                    .metadata
                    .as_deref()
                    .and_then(|text| serde_json::from_str(text).ok()),
                collab: None,
            }),
            note: kept.row.note,
        })
    }
}

/// Add a content by its file
///
/// The file comes as a form or is fetched from `url`. Its usable hashes of the types asked for are
/// kept, the file is not. A damaged file is kept as far as it could be read, which the header
/// `seawall-outcome` says (`partial`). A client's own id (`content_id`) that the bank knows already gets the
/// first content's id again.
#[utoipa::path(
    operation_id = "content_add_file",
    post, path = "/c/bank/{bank_name}/content", tag = "curation",
    params(
        ("bank_name" = String, Path),
        ("url" = Option<String>, Query, description = "Where the file is: http or https"),
        ("content_type" = Option<String>, Query, description = "photo or video, for a file by its address"),
        ("types" = Option<String>, Query, description = "Signal types, between commas"),
        ("metadata" = Option<String>, Query, description = "JSON: content_id, content_uri, json, or whatever the client wants to keep"),
        ("note" = Option<String>, Query, description = "A remark, at most 255 characters"),
    ),
    request_body(content((ContentForm = "multipart/form-data"), (BesideInput = "application/json"))),
    responses(
        (status = 200, body = AddedBody), (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody), (status = 409, body = FaultBody),
        (status = 413, body = FaultBody), (status = 422, body = FaultBody), (status = 502, body = FaultBody), (status = 503, body = FaultBody), (status = 504, body = FaultBody),
    )
)]
pub(super) async fn add_file(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath(name): HmaPath<String>,
    query: Query,
    request: Request,
) -> Result<Response, Fault> {
    let name = known_bank(&app, &name).await?;
    let mut beside = Beside::default();
    beside.take_query(&query)?;
    let hashed = if query.filled("url").is_some() {
        beside.take_body(request).await?;
        hash_fetched(&app, &query).await?
    } else if is_form(request.headers()) {
        let form = Form::read(request, app.face.upload_bytes_max).await?;
        beside.take_form(&form)?;
        let types = wanted_types(&app, &query, form.content_type)?;
        hash_bytes(&app, types, form.bytes).await?
    } else {
        return Err(Fault::bad(
            "Neither `url` nor multipart file upload was received",
        ));
    };
    let (hashes, shown_pdq) = kept_hashes(&hashed);
    if hashes.is_empty() {
        let (outcome, reason) = (hashed.report.outcome, hashed.report.reason);
        let reason = reason.unwrap_or(Reason::LowQuality);
        return Err(Fault::Unreadable(outcome, reason));
    }
    let details = ContentDetails {
        is_video: hashed.types.contains(&SignalType::VideoMd5),
        shown_pdq,
        ..beside.details
    };
    let added = add(&app, client, name, hashes, beside.note, details).await?;
    // What was kept of a damaged file rests on a part of it: whoever keeps the bank has to know.
    Ok(hashed.answer(added))
}

/// Add a content by its signals
#[utoipa::path(
    operation_id = "content_add_signals",
    post, path = "/c/bank/{bank_name}/signal", tag = "curation", params(("bank_name" = String, Path)),
    request_body(content = Object, description = "A signal by type, and note, metadata", example = json!({ "pdq": "…" })),
    responses(
        (status = 200, body = AddedBody), (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody), (status = 409, body = FaultBody),
    )
)]
pub(super) async fn add_signals(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath(name): HmaPath<String>,
    query: Query,
    JsonObject(mut body): JsonObject,
) -> Result<Json<AddedBody>, Fault> {
    let name = known_bank(&app, &name).await?;
    let mut beside = Beside::default();
    beside.take_query(&query)?;
    beside.take_object(&mut body)?;
    let (hashes, kinds) = posted_signals(&body)?;
    let details = ContentDetails {
        is_video: kinds.contains(&SignalType::VideoMd5),
        ..beside.details
    };
    add(&app, client, name, hashes, beside.note, details).await
}

/// Show a content
#[utoipa::path(
    operation_id = "content_show",
    get, path = "/c/bank/{bank_name}/content/{content_id}", tag = "curation",
    params(
        ("bank_name" = String, Path), ("content_id" = i64, Path),
        ("include_signals" = Option<bool>, Query), ("include_metadata" = Option<bool>, Query),
    ),
    responses(
        (status = 200, body = ContentBody), (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    HmaPath((name, id)): HmaPath<(String, String)>,
    query: Query,
) -> Result<Json<ContentBody>, Fault> {
    let (name, id) = (known_name(&name)?, known_id(&id)?);
    let kept = app.blocking(move |workflow| workflow.kept_content(&name, id));
    Ok(Json(ContentBody::of(kept.await?, &query)?))
}

/// Switch a content, or change its remark
///
/// It stops matching, or matches again, before the answer is sent. The answer has the shape of the
/// content.
#[utoipa::path(
    operation_id = "content_change",
    put, path = "/c/bank/{bank_name}/content/{content_id}", tag = "curation",
    params(("bank_name" = String, Path), ("content_id" = i64, Path)), request_body = ContentPatch,
    responses(
        (status = 200, body = ContentBody), (status = 400, body = FaultBody), (status = 401, body = FaultBody),
        (status = 403, body = FaultBody), (status = 404, body = FaultBody), (status = 409, body = FaultBody),
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath((name, id)): HmaPath<(String, String)>,
    query: Query,
    JsonObject(patch): JsonObject,
) -> Result<Json<ContentBody>, Fault> {
    let (name, id) = (known_name(&name)?, known_id(&id)?);
    let now = app.workflow.clock().now();
    let switch = patch.get("disable_until_ts");
    let edit = ContentEdit {
        switch: switch.map(|value| content_switch(value, now)).transpose()?,
        note: patch.get("note").map(note_of).transpose()?,
    };
    let kept =
        app.blocking(move |workflow| workflow.edit_content(&name, id, &edit, client.actor()));
    Ok(Json(ContentBody::of(kept.await?, &query)?))
}

/// Delete a content
///
/// It stops matching before the answer is sent. One that no bank has is answered with 0; one of
/// another bank with 404.
#[utoipa::path(
    operation_id = "content_delete",
    delete, path = "/c/bank/{bank_name}/content/{content_id}", tag = "curation",
    params(("bank_name" = String, Path), ("content_id" = i64, Path)),
    responses(
        (status = 200, body = DeletedBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 404, body = FaultBody), (status = 409, body = FaultBody),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    HmaPath((name, id)): HmaPath<(String, String)>,
) -> Result<Json<DeletedBody>, Fault> {
    let (name, id) = (known_name(&name)?, known_id(&id)?);
    let deleted = app
        .blocking(move |workflow| workflow.delete_content_if_there(&name, id, client.actor()))
        .await?;
    Ok(Json(DeletedBody {
        deleted: u8::from(deleted),
    }))
}

async fn add(
    app: &App,
    client: Client,
    name: BankName,
    hashes: Vec<StoredHash>,
    note: Option<String>,
    details: ContentDetails,
) -> Result<Json<AddedBody>, Fault> {
    let content = NewContent {
        class: None,
        list: None,
        note,
        hashes,
    };
    let added = app.blocking(move |workflow| {
        let id = workflow.add_kept_content(&name, &content, &details, client.actor())?;
        workflow.kept_content(&name, id)
    });
    let kept = added.await?;
    Ok(Json(AddedBody {
        id: kept.row.id.0,
        signals: signals_of(&kept),
    }))
}

async fn known_bank(app: &App, name: &str) -> Result<BankName, Fault> {
    let name = known_name(name)?;
    let known = name.clone();
    app.blocking(move |workflow| workflow.bank(&known)).await?;
    Ok(name)
}

fn known_id(text: &str) -> Result<ContentId, Fault> {
    text.parse()
        .map_err(|_| Fault::missing("content not found"))
}

/// The hashes of a file that are kept, and the PDQ among them that clients are shown.
fn kept_hashes(hashed: &Hashed) -> (Vec<StoredHash>, Option<Hash>) {
    let Hashed { types, report } = hashed;
    let hashes = types.iter().flat_map(|kind| kind.hashes_of(report));
    let stored = hashes.map(|hash| StoredHash {
        hash,
        quality: quality_of(report, &hash),
    });
    let shown = types
        .contains(&SignalType::Pdq)
        .then(|| SignalType::Pdq.value_of(report));
    let shown = shown.and_then(|value| Hash::parse(Algorithm::Pdq, &value).ok());
    (stored.collect(), shown)
}

fn quality_of(report: &HashReport, hash: &Hash) -> Option<Quality> {
    let records = report.hashes.iter().filter(|record| record.hash == *hash);
    records.filter_map(|record| record.quality).max()
}

/// The signals of a body, by type.
fn posted_signals(body: &Map<String, Value>) -> Result<(Vec<StoredHash>, Vec<SignalType>), Fault> {
    let (mut hashes, mut kinds) = (Vec::new(), Vec::new());
    for (name, value) in body {
        let kind = SignalType::parse(name)?;
        let text = value.as_str().ok_or(Fault::bad("a signal is a text"))?;
        let hash = kind.signal(text)?;
        if kinds
            .iter()
            .any(|known: &SignalType| known.algorithm() == kind.algorithm())
        {
            return Err(Fault::bad(
                "md5 and video_md5 are two names of one: give either",
            ));
        }
        kinds.push(kind);
        hashes.push(StoredHash {
            hash,
            quality: None,
        });
    }
    match hashes.is_empty() {
        true => Err(Fault::bad("No signals given")),
        false => Ok((hashes, kinds)),
    }
}

/// A content's signals by the names that they came under; one of each.
fn signals_of(kept: &KeptContent) -> BTreeMap<&'static str, String> {
    let mut signals = BTreeMap::new();
    for stored in &kept.row.hashes {
        let name = match stored.hash.algorithm() {
            Algorithm::Pdq => SignalType::Pdq,
            Algorithm::Md5 if kept.details.is_video => SignalType::VideoMd5,
            Algorithm::Md5 => SignalType::Md5,
            Algorithm::Sha1 => SignalType::Sha1,
            Algorithm::Sha256 => SignalType::Sha256,
        };
        signals
            .entry(name.name())
            .or_insert_with(|| stored.hash.to_string());
    }
    if let Some(shown) = kept.details.shown_pdq {
        signals.insert(SignalType::Pdq.name(), shown.to_string());
    }
    signals
}

fn switch_ts(switch: ContentSwitch) -> i64 {
    match switch {
        ContentSwitch::On => 1,
        ContentSwitch::Off => 0,
        ContentSwitch::OffUntil(end) => end.as_millis().div_euclid(1_000),
    }
}

/// What a `disable_until_ts` asks for.
fn content_switch(value: &Value, now: Timestamp) -> Result<ContentSwitch, Fault> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    let last = now.plus_millis(SWITCHED_OFF_MS_MAX).as_millis() / 1_000;
    match seconds {
        Some(0) => Ok(ContentSwitch::Off),
        Some(1) => Ok(ContentSwitch::On),
        Some(end) if (2..=last).contains(&end) => {
            Ok(ContentSwitch::OffUntil(Timestamp::from_millis(end * 1_000)))
        }
        Some(_) | None => Err(Fault::bad(
            "disable_until_ts is 1, 0, or seconds since 1970, at most five years ahead",
        )),
    }
}

const SWITCHED_OFF_MS_MAX: i64 = 5 * 365 * 24 * 3_600_000;
