//! `POST /api/v1/lookups/files`: files against the banks, without a case.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Multipart, Request, State};
use bytes::Bytes;
use seawall_core::BankName;
use seawall_workflow::{FileLookup, Signal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{ApiQuery, file_part, form_problem};
use super::lookups::named_banks;
use super::scans::{MatchBody, bodies};
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilesQuery {
    /// Only these banks, 1 to 100 names between commas; all where not given.
    banks: Option<String>,
}

/// The form that files come in.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the form; the handler reads it part by part"
)]
pub(crate) struct FilesForm {
    /// 1 to 64 files, each in a part of this name.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilesBody {
    /// One a file, in the order sent.
    results: Vec<FileBody>,
}

/// What one file is and what it matches.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileBody {
    /// Told from the content.
    media_type: String,
    /// `hashed`, `unmatchable`, `partial` or `refused`. "Could not read" is never "clean".
    #[schema(value_type = String, example = "hashed")]
    outcome: seawall_core::Outcome,
    /// Why, where the outcome is not `hashed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "low_quality")]
    reason: Option<seawall_core::Reason>,
    /// What a careful reader should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// What became of each kind of hash: `{"algorithm","outcome","quality"?}`, where the outcome
    /// is `matched`, `no_match` or `unmatchable`.
    #[schema(value_type = Vec<Object>)]
    signals: Vec<Signal>,
    /// Nearest first.
    matches: Vec<MatchBody>,
    /// Those that exceptions speak against.
    suppressed: Vec<MatchBody>,
}

impl From<FileLookup> for FileBody {
    fn from(found: FileLookup) -> Self {
        Self {
            media_type: found.media_type,
            outcome: found.outcome,
            reason: found.reason,
            notes: found.notes,
            signals: found.signals,
            matches: bodies(found.matches),
            suppressed: bodies(found.suppressed),
        }
    }
}

/// Look files up
///
/// 1 to 64 files in one form. Opens no case and keeps nothing: what is found here is not yet
/// sealed or reported, which a scan would see to.
#[utoipa::path(
    post, path = "/api/v1/lookups/files", tag = "scans", params(FilesQuery),
    request_body(content = FilesForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = FilesBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "One of the banks is not there", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn look_up_files(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<FilesQuery>,
    request: Request,
) -> Result<Json<FilesBody>, Problem> {
    let banks = query.banks.map(|names| {
        let names = names.split(',').map(|name| name.trim().to_owned());
        named_banks(names.collect())
    });
    let banks: Option<Arc<[BankName]>> = banks.transpose()?.map(Into::into);
    let files = read_files(request, app.face.upload_bytes_max).await?;
    // One place for all of them: a call with many files must not fill the queue.
    let _place = app.lanes.decoder().await?;
    let mut waiting = VecDeque::from(files);
    let (mut running, mut results) = (VecDeque::new(), Vec::new());
    while !waiting.is_empty() || !running.is_empty() {
        while running.len() < FILES_AT_ONCE
            && let Some(bytes) = waiting.pop_front()
        {
            let (workflow, banks) = (Arc::clone(&app.workflow), banks.clone());
            let lookup = async move { workflow.look_up_file(bytes, banks.as_deref()).await };
            running.push_back(tokio::spawn(lookup));
        }
        if let Some(first) = running.pop_front() {
            let found = first.await.map_err(|error| Problem::internal(&error))??;
            results.push(found.into());
        }
    }
    Ok(Json(FilesBody { results }))
}

async fn read_files(request: Request, bytes_max: usize) -> Result<Vec<Bytes>, Problem> {
    let bad = |detail: &str| Problem::new(Code::BadUpload).detail(detail);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| bad(&rejection.body_text()))?;
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(form_problem)? {
        if field.name() != Some("file") {
            return Err(bad("every part is called file"));
        }
        if files.len() == FILES_MAX {
            return Err(bad("at most 64 files a call"));
        }
        files.push(file_part(field, bytes_max).await?);
    }
    match files.is_empty() {
        true => Err(bad("the part file is missing")),
        false => Ok(files),
    }
}

const FILES_MAX: usize = 64;
/// As many as keep the decoders of a small machine busy.
const FILES_AT_ONCE: usize = 4;
