//! `/h`: files become hashes.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use seawall_core::{HashReport, Outcome, Reason};

use super::fault::{Fault, FaultBody};
use super::fetch::fetch;
use super::input::{Form, Query};
use super::signal::{ContentType, SignalType};
use crate::state::App;

/// A file of a client, hashed.
pub(super) struct Hashed {
    /// The kinds of signal that were asked for, of which each has a hash or cannot have one.
    pub(super) types: Vec<SignalType>,
    /// Everything that was found out.
    pub(super) report: HashReport,
}

impl Hashed {
    /// The one value of each kind; empty where there is none of usable quality.
    pub(super) fn values(&self) -> BTreeMap<&'static str, String> {
        let values = self
            .types
            .iter()
            .map(|kind| (kind.name(), kind.value_of(&self.report)));
        values.collect()
    }

    /// An answer, with headers that say how much of the file it rests on.
    pub(super) fn answer(&self, body: impl IntoResponse) -> Response {
        let mut response = body.into_response();
        tell_outcome(
            response.headers_mut(),
            self.report.outcome,
            self.report.reason,
        );
        response
    }
}

/// Says in an answer's headers what became of the file that it is about, and why.
pub(super) fn tell_outcome(headers: &mut HeaderMap, outcome: Outcome, reason: Option<Reason>) {
    headers.insert(OUTCOME_HEADER, HeaderValue::from_static(outcome.name()));
    if let Some(reason) = reason {
        headers.insert(REASON_HEADER, HeaderValue::from_static(reason.name()));
    }
}

/// Hash a file by its address
#[utoipa::path(
    get, path = "/h/hash", tag = "hashing",
    params(
        ("url" = String, Query, description = "Where the file is: http or https"),
        ("content_type" = Option<String>, Query, description = "photo or video; told from the answer's media type where not given"),
        ("types" = Option<String>, Query, description = "Signal types, between commas; pdq of a photo and video_md5 of a video where not given"),
    ),
    responses(
        (status = 200, description = "The signals by type; empty where the quality is too low", body = BTreeMap<String, String>),
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 413, body = FaultBody), (status = 422, body = FaultBody), (status = 502, body = FaultBody), (status = 503, body = FaultBody), (status = 504, body = FaultBody),
    )
)]
pub(super) async fn hash_url(State(app): State<App>, query: Query) -> Result<Response, Fault> {
    let hashed = hash_fetched(&app, &query).await?;
    Ok(hashed.answer(Json(hashed.values())))
}

/// Hash a file
///
/// The form has one file, whose part is called by its content type: `photo` or `video`.
#[utoipa::path(
    post, path = "/h/hash", tag = "hashing",
    params(
        ("types" = Option<String>, Query, description = "Signal types, between commas; pdq of a photo and video_md5 of a video where not given"),
    ),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The signals by type; empty where the quality is too low", body = BTreeMap<String, String>),
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 413, body = FaultBody), (status = 422, body = FaultBody),
    )
)]
pub(super) async fn hash_file(
    State(app): State<App>,
    query: Query,
    request: Request,
) -> Result<Response, Fault> {
    let hashed = hash_form(&app, &query, request).await?;
    Ok(hashed.answer(Json(hashed.values())))
}

/// A form with one file.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the form; handlers read it part by part"
)]
pub(super) struct FileForm {
    /// A picture.
    #[schema(value_type = Option<String>, format = Binary)]
    photo: Option<Vec<u8>>,
    /// A video.
    #[schema(value_type = Option<String>, format = Binary)]
    video: Option<Vec<u8>>,
}

/// Hashes the file that the query's `url` names, for the kinds of signal that the query asks for.
pub(super) async fn hash_fetched(app: &App, query: &Query) -> Result<Hashed, Fault> {
    let fetched = fetch(app, query).await?;
    let types = wanted_types(app, query, fetched.content_type)?;
    hash_bytes(app, types, fetched.bytes).await
}

/// Hashes the file that the query's `url` names, for this kind of signal, whatever the query
/// says of kinds.
pub(super) async fn hash_fetched_as(
    app: &App,
    query: &Query,
    kind: SignalType,
) -> Result<Hashed, Fault> {
    let fetched = fetch(app, query).await?;
    hash_bytes(app, vec![kind], fetched.bytes).await
}

/// Hashes the file of a form.
pub(super) async fn hash_form(app: &App, query: &Query, request: Request) -> Result<Hashed, Fault> {
    let form = Form::read(request, app.face.upload_bytes_max).await?;
    let types = wanted_types(app, query, form.content_type)?;
    hash_bytes(app, types, form.bytes).await
}

/// The kinds of signal that the query asks for, of a content of this kind.
pub(super) fn wanted_types(
    app: &App,
    query: &Query,
    content_type: ContentType,
) -> Result<Vec<SignalType>, Fault> {
    content_type.signal_types(app, query.text("types"))
}

/// Hashes a file, so that each of these kinds has a hash or is known to have none.
pub(super) async fn hash_bytes(
    app: &App,
    types: Vec<SignalType>,
    bytes: Bytes,
) -> Result<Hashed, Fault> {
    if bytes.is_empty() {
        return Err(Fault::Unreadable(Outcome::Refused, Reason::Empty));
    }
    let _place = app.lanes.decoder().await?;
    let report = app.workflow.hash_picture(bytes).await;
    let report = report.map_err(crate::problem::Problem::from)?;
    if types.contains(&SignalType::Pdq) {
        // Digests are there whatever the file is. What PDQ needs is a picture that was decoded.
        if report.outcome == Outcome::Refused {
            let reason = report.reason.unwrap_or(Reason::Unreadable);
            return Err(Fault::Unreadable(Outcome::Refused, reason));
        }
    }
    Ok(Hashed { types, report })
}

/// `hashed`, `unmatchable`, `partial` or `refused`: what became of the file.
const OUTCOME_HEADER: &str = "seawall-outcome";
/// Why, where it was not `hashed`.
const REASON_HEADER: &str = "seawall-reason";
