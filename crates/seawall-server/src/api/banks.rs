//! Banks and what is in them.

use axum::Json;
use axum::extract::{Extension, Request, State};
use http::StatusCode;
use seawall_core::{BankName, BankRole, ContentId, Outcome, Quality, Reason, Threshold, Timestamp};
use seawall_store::{Bank, BankChange, ContentRow, ListName, NewContent, Scope, StoredHash};
use seawall_workflow::{BankError, BankRequest, Workflow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{
    ApiJson, ApiPath, ApiQuery, HashValue, PageQuery, page_size, read_body, split_page,
};
use crate::guard::Caller;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

/// A bank.
#[derive(Serialize, ToSchema)]
pub(crate) struct BankBody {
    id: i64,
    name: String,
    /// `known`, or `exception`: what is near its hashes is no reason for a case.
    #[schema(value_type = String, example = "known")]
    role: BankRole,
    /// Who vouches for it. Every exception bank has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// Largest PDQ distance that matches, in bits.
    threshold: u16,
    enabled: bool,
    /// Whether this is the built-in test bank.
    test: bool,
    /// Whether its contents are what exchanges list: they are kept sealed, and change with the
    /// partners' lists alone.
    sealed: bool,
    /// How many contents it holds.
    contents: u64,
    /// How many of its PDQ hashes are of too low a quality to be matched. They are kept.
    low_quality: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl BankBody {
    fn read(workflow: &Workflow, bank: Bank) -> Result<Self, BankError> {
        let low_quality = workflow
            .store()
            .read(|reader| reader.low_quality_hashes(bank.id))?;
        Ok(Self {
            id: bank.id.0,
            name: bank.name.to_string(),
            role: bank.role,
            owner: bank.owner,
            threshold: bank.threshold.bits(),
            enabled: bank.enabled,
            test: bank.purpose == seawall_casework::case::CasePurpose::Test,
            sealed: bank.sealed,
            contents: bank.contents,
            low_quality,
            created_at: bank.created_at,
        })
    }
}

/// All banks.
#[derive(Serialize, ToSchema)]
pub(crate) struct BanksBody {
    items: Vec<BankBody>,
}

/// A bank to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BankInput {
    /// Upper-case letters, digits and underscores, not starting with a digit.
    #[schema(pattern = "^[A-Z_][A-Z0-9_]*$", max_length = 255)]
    name: String,
    /// 0 to 256 bits, 0 to 31 for exceptions; where not given 31, and 0 for exceptions.
    #[schema(maximum = 256)]
    threshold: Option<u16>,
    /// `true` where not given.
    enabled: Option<bool>,
    /// `known` where not given, or `exception`.
    #[schema(value_type = Option<String>, pattern = "^(known|exception)$")]
    role: Option<BankRole>,
    /// Who vouches for it, at most 255 characters. An exception bank needs one.
    #[schema(min_length = 1, max_length = 255)]
    owner: Option<String>,
}

/// What to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BankPatch {
    /// 0 to 256 bits; 0 to 31 in an exception bank.
    #[schema(maximum = 256)]
    threshold: Option<u16>,
    enabled: Option<bool>,
}

/// A content.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContentBody {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// What its owner calls its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    hashes: Vec<HashValue>,
}

impl From<ContentRow> for ContentBody {
    fn from(content: ContentRow) -> Self {
        Self {
            id: content.id.0,
            note: content.note,
            class: content.class,
            created_at: content.created_at,
            hashes: content.hashes.iter().map(hash_value).collect(),
        }
    }
}

/// A page of contents.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContentsBody {
    items: Vec<ContentBody>,
    /// Give it as `after` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// A content to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentInput {
    /// At most 255 characters.
    #[schema(max_length = 255)]
    note: Option<String>,
    /// What its owner calls its class, at most 255 characters.
    class: Option<String>,
    /// 1 to 100 hashes.
    #[schema(min_items = 1, max_items = 100)]
    hashes: Vec<HashValue>,
}

/// An added content.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedBody {
    id: i64,
    hashes: Vec<HashValue>,
    /// Of a picture: `hashed`, or `partial` where it is damaged and the hashes are of what could
    /// be read of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "hashed")]
    outcome: Option<Outcome>,
    /// Why it is not `hashed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "damaged")]
    reason: Option<Reason>,
}

/// What an import did.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportBody {
    /// Rows that became contents.
    added: usize,
    /// Rows whose hash the bank held already.
    known: usize,
    /// Rows that could not be read; the rest was loaded.
    rejected: Vec<RowBody>,
    /// Rows that are hashes but match too much to be used.
    set_aside: Vec<RowBody>,
}

/// A row of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct RowBody {
    /// Its line, counted from 1.
    line: u64,
    reason: String,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoteQuery {
    /// A remark, at most 255 characters.
    #[param(max_length = 255)]
    note: Option<String>,
    /// What its owner calls its class, at most 255 characters.
    class: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// The list of the bank that the rows go into; made where there is none. 1 to 64 letters,
    /// digits, points, hyphens and underscores.
    #[param(pattern = "^[A-Za-z0-9._-]+$", max_length = 64)]
    list: Option<String>,
}

/// List the banks
#[utoipa::path(get, path = "/api/v1/banks", tag = "banks", responses((status = 200, body = BanksBody)))]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<BanksBody>, Problem> {
    let items = app
        .blocking(|workflow| {
            let banks = workflow.store().read(|reader| reader.banks())?.into_iter();
            banks
                .map(|bank| BankBody::read(workflow, bank))
                .collect::<Result<_, BankError>>()
        })
        .await?;
    Ok(Json(BanksBody { items }))
}

/// Make a bank
#[utoipa::path(
    post, path = "/api/v1/banks", tag = "banks", request_body = BankInput,
    responses(
        (status = 201, body = BankBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiJson(input): ApiJson<BankInput>,
) -> Result<(StatusCode, Json<BankBody>), Problem> {
    let name = bank_name(&input.name).map_err(|error| Problem::new(Code::BadName).detail(error))?;
    let request = BankRequest {
        name,
        threshold: input.threshold.map(threshold).transpose()?,
        enabled: input.enabled.unwrap_or(true),
        role: input.role.unwrap_or(BankRole::Known),
        owner: input.owner,
    };
    let bank = app
        .blocking(move |workflow| {
            let bank = workflow.create_bank_as(&request, caller.actor())?;
            BankBody::read(workflow, bank)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(bank)))
}

/// Show a bank
#[utoipa::path(
    get, path = "/api/v1/banks/{name}", tag = "banks", params(("name" = String, Path)),
    responses(
        (status = 200, body = BankBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<BankBody>, Problem> {
    let name = known_name(&name)?;
    let bank = app
        .blocking(move |workflow| BankBody::read(workflow, workflow.bank(&name)?))
        .await?;
    Ok(Json(bank))
}

/// Change a bank
///
/// Takes effect before the answer is sent.
#[utoipa::path(
    patch, path = "/api/v1/banks/{name}", tag = "banks", params(("name" = String, Path)),
    request_body = BankPatch,
    responses(
        (status = 200, body = BankBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
    ApiJson(patch): ApiJson<BankPatch>,
) -> Result<Json<BankBody>, Problem> {
    let name = known_name(&name)?;
    let threshold = patch.threshold.map(threshold).transpose()?;
    let change = BankChange {
        threshold,
        enabled: patch.enabled,
        ..BankChange::default()
    };
    let bank = app
        .blocking(move |workflow| {
            let bank = workflow.change_bank(&name, change, caller.actor())?;
            BankBody::read(workflow, bank)
        })
        .await?;
    Ok(Json(bank))
}

/// Delete a bank
///
/// With everything in it. Cases that it opened stay.
#[utoipa::path(
    delete, path = "/api/v1/banks/{name}", tag = "banks", params(("name" = String, Path)),
    responses(
        (status = 204),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    let name = known_name(&name)?;
    app.blocking(move |workflow| workflow.delete_bank(&name, caller.actor()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List a bank's contents
///
/// Of a sealed bank that hands out what partners listed: the token needs the scope
/// `banks.export` too, and each page is an event.
#[utoipa::path(
    get, path = "/api/v1/banks/{name}/contents", tag = "banks",
    params(("name" = String, Path), PageQuery),
    responses(
        (status = 200, body = ContentsBody),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_contents(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(page): ApiQuery<PageQuery>,
) -> Result<Json<ContentsBody>, Problem> {
    let name = known_name(&name)?;
    let limit = page_size(page.limit)?;
    let after = ContentId(page.after.unwrap_or_default());
    let page = app.blocking(move |workflow| {
        let is_export = workflow.bank(&name)?.sealed;
        if is_export {
            caller.needs(Scope::BanksExport)?;
        }
        let page = split_page(workflow.contents(&name, after, limit + 1)?, limit);
        if is_export && !page.0.is_empty() {
            workflow.note_export(&name, page.0.len() as u64, caller.actor())?;
        }
        Ok::<_, Problem>(page)
    });
    let (rows, has_more) = page.await?;
    let next = rows.last().filter(|_| has_more).map(|row| row.id.0);
    Ok(Json(ContentsBody {
        items: rows.into_iter().map(ContentBody::from).collect(),
        next,
    }))
}

/// Add a content by its hashes
#[utoipa::path(
    post, path = "/api/v1/banks/{name}/contents", tag = "banks", params(("name" = String, Path)),
    request_body = ContentInput,
    responses(
        (status = 201, body = AddedBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_content(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
    ApiJson(input): ApiJson<ContentInput>,
) -> Result<(StatusCode, Json<AddedBody>), Problem> {
    let name = known_name(&name)?;
    if !(1..=100).contains(&input.hashes.len()) {
        return Err(Problem::new(Code::BadHash).detail("a content has 1 to 100 hashes"));
    }
    let stored = |value: &HashValue| {
        Ok(StoredHash {
            hash: value.parse()?,
            quality: value.quality.map(Quality),
        })
    };
    let hashes = input
        .hashes
        .iter()
        .map(stored)
        .collect::<Result<Vec<_>, Problem>>()?;
    let content = NewContent {
        class: words(input.class, "class")?,
        list: None,
        note: words(input.note, "note")?,
        hashes,
    };
    let added = add(&app, caller, name, content).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Add a content by its picture
///
/// The body is the picture. It is hashed in a decoder process and not kept. A damaged one is
/// added as far as it could be read, and the answer says so.
#[utoipa::path(
    post, path = "/api/v1/banks/{name}/pictures", tag = "banks",
    params(("name" = String, Path), NoteQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = AddedBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_picture(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(query): ApiQuery<NoteQuery>,
    request: Request,
) -> Result<(StatusCode, Json<AddedBody>), Problem> {
    let name = known_name(&name)?;
    let note = words(query.note, "note")?;
    let class = words(query.class, "class")?;
    let bytes = read_body(request, app.face.upload_bytes_max).await?;
    let _place = app.lanes.decoder().await?;
    let report = app.workflow.hash_picture(bytes).await?;
    let perceptual = report
        .hashes
        .iter()
        .any(|record| record.view.is_some() && record.is_usable());
    if !perceptual {
        let reason = report
            .reason
            .map_or("no usable hash", |reason| reason.sentence());
        return Err(Problem::new(Code::NoHash).detail(reason));
    }
    let stored = report.hashes.iter().filter(|record| record.is_usable());
    let hashes = stored.map(|record| StoredHash {
        hash: record.hash,
        quality: record.quality,
    });
    let content = NewContent {
        class,
        list: None,
        note,
        hashes: hashes.collect(),
    };
    let mut added = add(&app, caller, name, content).await?;
    (added.outcome, added.reason) = (Some(report.outcome), report.reason);
    Ok((StatusCode::CREATED, Json(added)))
}

/// Delete a content
///
/// It stops matching before the answer is sent.
#[utoipa::path(
    delete, path = "/api/v1/banks/{name}/contents/{id}", tag = "banks",
    params(("name" = String, Path), ("id" = i64, Path)),
    responses(
        (status = 204),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_content(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath((name, id)): ApiPath<(String, String)>,
) -> Result<StatusCode, Problem> {
    let name = known_name(&name)?;
    let id: ContentId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    app.blocking(move |workflow| workflow.delete_content(&name, id, caller.actor()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Import a list
///
/// The body is a list of hashes, as text or CSV. Rows that cannot be read are named, the rest
/// is loaded, in one batch. In an exception bank every row needs a note, its reason.
#[utoipa::path(
    post, path = "/api/v1/banks/{name}/import", tag = "banks",
    params(("name" = String, Path), ImportQuery),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, body = ImportBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn import(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(query): ApiQuery<ImportQuery>,
    request: Request,
) -> Result<Json<ImportBody>, Problem> {
    let name = known_name(&name)?;
    let into = query.list.as_deref().map(str::parse::<ListName>);
    let into = into
        .transpose()
        .map_err(|error| Problem::new(Code::BadName).detail(error))?;
    let bytes = read_body(request, LIST_BYTES_MAX).await?;
    let body = app
        .blocking(move |workflow| {
            let list = seawall_workflow::parse_list(&bytes);
            let imported = workflow.import_list(&name, into.as_ref(), &list, caller.actor())?;
            let (rejected, set_aside) = (list.rejected.iter(), list.set_aside.iter());
            Ok::<_, BankError>(ImportBody {
                added: imported.added,
                known: imported.known,
                rejected: rejected.map(|row| row_body(row.line, row.reason)).collect(),
                set_aside: set_aside
                    .map(|row| row_body(row.line, row.reason))
                    .collect(),
            })
        })
        .await?;
    Ok(Json(body))
}

async fn add(
    app: &App,
    caller: Caller,
    name: BankName,
    content: NewContent,
) -> Result<AddedBody, Problem> {
    let hashes = content.hashes.iter().map(hash_value).collect();
    let id = app
        .blocking(move |workflow| workflow.add_content(&name, &content, caller.actor()))
        .await?;
    Ok(AddedBody {
        id: id.0,
        hashes,
        outcome: None,
        reason: None,
    })
}

fn hash_value(stored: &StoredHash) -> HashValue {
    HashValue {
        algorithm: stored.hash.algorithm(),
        value: stored.hash.to_string(),
        quality: stored.quality.map(|quality| quality.0),
    }
}

fn row_body(line: u64, reason: impl std::fmt::Display) -> RowBody {
    RowBody {
        line,
        reason: reason.to_string(),
    }
}

fn bank_name(text: &str) -> Result<BankName, seawall_core::BankNameError> {
    text.parse()
}

/// A name in an address: one that cannot be a bank's is simply not found.
pub(super) fn known_name(text: &str) -> Result<BankName, Problem> {
    bank_name(text).map_err(|_| BankError::NoBank.into())
}

pub(super) fn threshold(bits: u16) -> Result<Threshold, Problem> {
    Threshold::new(bits)
        .ok_or(Problem::new(Code::BadParameter).detail("a threshold is 0 to 256 bits"))
}

/// A note or a class.
fn words(words: Option<String>, what: &str) -> Result<Option<String>, Problem> {
    match words {
        Some(words) if words.chars().count() > 255 => {
            let problem = Problem::new(Code::BadParameter);
            Err(problem.detail(format!("a {what} is at most 255 characters")))
        }
        other => Ok(other),
    }
}

const LIST_BYTES_MAX: usize = 256 << 20;
