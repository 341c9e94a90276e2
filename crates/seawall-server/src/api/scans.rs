//! `POST /api/v1/scans`: an upload arrives.

use axum::Json;
use axum::extract::{Extension, FromRequest, Multipart, Request, State};
use bytes::Bytes;
use http::HeaderMap;
use seawall_casework::context::UploadContext;
use seawall_workflow::{ExceptionAnswer, MatchAnswer, ScanAnswer, ScanRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{ApiQuery, file_part, form_problem, is_form, read_body, text_part};
use super::file_lookups::FileBody;
use crate::guard::Caller;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScanQuery {
    /// The platform's own id of the item, 1 to 255 bytes. Needed where the body is the file.
    #[param(min_length = 1, max_length = 255)]
    item_id: Option<String>,
}

/// The form that a scan may come in.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the form; the handler reads it part by part"
)]
pub(crate) struct ScanForm {
    /// The platform's own id of the item.
    item_id: String,
    /// What the platform tells about the upload, as JSON.
    context: Option<String>,
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The answer to a scan.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScanBody {
    item_id: String,
    #[serde(flatten)]
    found: FileBody,
    /// `allow`, `hold` or `ask`. The platform decides itself.
    #[schema(value_type = String, example = "hold")]
    recommendation: seawall_workflow::Recommendation,
    /// The case, where there is a match.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    case_id: Option<seawall_core::CaseId>,
    /// Whether this item already had this case.
    repeated: bool,
}

/// One listed hash that matches.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchBody {
    /// The bank's name.
    bank: String,
    /// The content within it.
    content_id: i64,
    #[schema(value_type = String, example = "pdq")]
    algorithm: seawall_core::Algorithm,
    /// In how many bits the hashes differ; 0 for digests.
    distance: u16,
    /// The list of the bank that it came with, if with any.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<String>,
    /// The threshold that admitted it, in bits: the list's or the bank's.
    threshold: u16,
    /// Which form of the picture matched: `stored`, `upright`, `frame:12`, `page:2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    view: Option<seawall_core::View>,
    /// The quality of that form's hash, 0 to 100, for PDQ of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u8>)]
    quality: Option<seawall_core::Quality>,
    /// Who vouches for it: whoever its list names, else the bank's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// What they call its class, in their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    /// What else they say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// What speaks against it, where it is suppressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<ExceptionBody>,
}

/// An exception that speaks against a match.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExceptionBody {
    /// The exception bank's name.
    bank: String,
    /// The content within it.
    content_id: i64,
    /// Who vouches for it.
    owner: String,
    /// Why it is an exception.
    reason: String,
}

impl From<ExceptionAnswer> for ExceptionBody {
    fn from(exception: ExceptionAnswer) -> Self {
        Self {
            bank: exception.bank,
            content_id: exception.content_id,
            owner: exception.owner,
            reason: exception.reason,
        }
    }
}

impl From<MatchAnswer> for MatchBody {
    fn from(found: MatchAnswer) -> Self {
        Self {
            bank: found.bank,
            content_id: found.content_id,
            algorithm: found.algorithm,
            distance: found.distance.0,
            list: found.list,
            threshold: found.threshold.bits(),
            view: found.view,
            quality: found.quality,
            origin: found.origin,
            class: found.class,
            note: found.note,
            exception: found.exception.map(ExceptionBody::from),
        }
    }
}

impl From<ScanAnswer> for ScanBody {
    fn from(answer: ScanAnswer) -> Self {
        Self {
            item_id: answer.item_id,
            found: answer.found.into(),
            recommendation: answer.recommendation,
            case_id: answer.case_id,
            repeated: answer.repeated,
        }
    }
}

pub(super) fn bodies(found: Vec<MatchAnswer>) -> Vec<MatchBody> {
    found.into_iter().map(MatchBody::from).collect()
}

/// Scan an upload
///
/// The body is the file itself (any content type) with `item_id` in the query and the context as
/// JSON in the header `Seawall-Context`, or a form (`multipart/form-data`) with the parts
/// `item_id`, `context` and `file`. The same item id with the same file gets the same case.
/// Where the upload matches, its bytes are sealed and a case is open before the answer is sent;
/// where it does not, nothing of it is kept but its hashes in the seen index, where the
/// configuration names its channel.
#[utoipa::path(
    post, path = "/api/v1/scans", tag = "scans", params(ScanQuery),
    request_body(content((ScanForm = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    responses(
        (status = 200, body = ScanBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn scan(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiQuery(query): ApiQuery<ScanQuery>,
    request: Request,
) -> Result<Json<ScanBody>, Problem> {
    let upload = read_upload(request, query, app.face.upload_bytes_max).await?;
    let _place = app.lanes.decoder().await?;
    let started = std::time::Instant::now();
    let Upload {
        item_id,
        context,
        bytes,
    } = upload;
    let answer = app
        .workflow
        .scan(ScanRequest {
            item_id,
            bytes,
            context,
            actor: caller.actor(),
        })
        .await?;
    let matched = answer.case_id.is_some();
    app.metrics.count_scan(
        answer.found.outcome.name(),
        matched,
        started.elapsed().as_secs_f64(),
    );
    Ok(Json(answer.into()))
}

struct Upload {
    item_id: String,
    context: UploadContext,
    bytes: Bytes,
}

async fn read_upload(
    request: Request,
    query: ScanQuery,
    bytes_max: usize,
) -> Result<Upload, Problem> {
    if is_form(request.headers()) {
        return read_form(request, query, bytes_max).await;
    }
    let item_id = query.item_id.ok_or_else(no_item_id)?;
    let context = context_header(request.headers())?;
    let bytes = read_body(request, bytes_max).await?;
    Ok(Upload {
        item_id,
        context,
        bytes,
    })
}

async fn read_form(
    request: Request,
    query: ScanQuery,
    bytes_max: usize,
) -> Result<Upload, Problem> {
    let mut context = context_header(request.headers())?;
    let mut item_id = query.item_id;
    let mut file: Option<Bytes> = None;
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| Problem::new(Code::BadUpload).detail(rejection.body_text()))?;
    while let Some(field) = form.next_field().await.map_err(form_problem)? {
        match field.name() {
            Some("item_id") => item_id = Some(text_part(field).await?),
            Some("context") => context = parse_context(text_part(field).await?.as_bytes())?,
            Some("file") if file.is_none() => {
                let name = field.file_name().map(str::to_owned);
                file = Some(file_part(field, bytes_max).await?);
                if context.file_name.is_none() {
                    context.file_name = name.map(seawall_core::Redacted);
                }
            }
            Some("file") => return Err(Problem::new(Code::BadUpload).detail("one file a scan")),
            _ => {
                return Err(
                    Problem::new(Code::BadUpload).detail("the parts are item_id, context and file")
                );
            }
        }
    }
    let bytes =
        file.ok_or_else(|| Problem::new(Code::BadUpload).detail("the part file is missing"))?;
    Ok(Upload {
        item_id: item_id.ok_or_else(no_item_id)?,
        context,
        bytes,
    })
}

fn context_header(headers: &HeaderMap) -> Result<UploadContext, Problem> {
    match headers.get(CONTEXT_HEADER) {
        Some(value) => parse_context(value.as_bytes()),
        None => Ok(UploadContext::default()),
    }
}

/// The parser's words may quote personal values: they are not passed on.
fn parse_context(text: &[u8]) -> Result<UploadContext, Problem> {
    serde_json::from_slice(text).map_err(|error| {
        let detail = format!(
            "not understood at line {} column {}",
            error.line(),
            error.column()
        );
        Problem::new(Code::BadContext).detail(detail)
    })
}

fn no_item_id() -> Problem {
    Problem::new(Code::BadItemId).detail("the item_id is missing")
}

const CONTEXT_HEADER: &str = "seawall-context";
