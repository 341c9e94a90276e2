//! Reading what callers send, with limits, so that every fault is a problem document.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use seawall_core::{Algorithm, Hash, Quality};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{Code, Problem};

/// A JSON body of at most a megabyte.
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read_body(request, JSON_BYTES_MAX).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Problem::new(Code::BadJson).detail(place_of(&error)))
    }
}

/// Query parameters.
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The library would replace what is no text, and two ids could become one.
        let query = parts.uri.query().unwrap_or_default();
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(Problem::new(Code::BadParameter).detail("the query is not UTF-8"));
        }
        Query::try_from_uri(&parts.uri)
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Problem::new(Code::BadParameter).detail(rejection.body_text()))
    }
}

/// The variable parts of an address.
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::new(Code::NotFound).detail("the address is not UTF-8")),
        }
    }
}

/// Which page of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Where the page before ended: its `next`.
    pub(crate) after: Option<i64>,
    /// How many items, 1 to 1000; 100 where not given.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<u32>,
}

/// How many items a page holds.
pub(crate) fn page_size(limit: Option<u32>) -> Result<u32, Problem> {
    match limit.unwrap_or(100) {
        limit @ 1..=1_000 => Ok(limit),
        _ => Err(Problem::new(Code::BadParameter).detail("limit is 1 to 1000")),
    }
}

/// The rows of one page, of which one more than it holds was asked for, and whether others
/// follow.
pub(crate) fn split_page<T>(mut rows: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    (rows, has_more)
}

/// A hash as it stands in JSON.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HashValue {
    /// `pdq`, `md5`, `sha1` or `sha256`.
    #[schema(value_type = String, example = "pdq", pattern = "^(pdq|md5|sha1|sha256)$")]
    pub(crate) algorithm: Algorithm,
    /// Hexadecimal, of either case.
    #[schema(pattern = "^[0-9A-Fa-f]+$", min_length = 32, max_length = 64)]
    pub(crate) value: String,
    /// 0 to 100, for PDQ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 100)]
    pub(crate) quality: Option<u8>,
}

impl HashValue {
    pub(crate) fn parse(&self) -> Result<Hash, Problem> {
        if self.quality.is_some_and(|quality| quality > 100) {
            return Err(Problem::new(Code::BadHash).detail("a quality is 0 to 100"));
        }
        Hash::parse(self.algorithm, &self.value)
            .map_err(|error| Problem::new(Code::BadHash).detail(error))
    }

    fn is_usable(&self) -> bool {
        self.quality
            .is_none_or(|quality| Quality(quality).is_usable())
    }
}

/// The hashes of one lookup that are of usable quality, each with its place among all.
///
/// # Errors
/// Where there are none or more than 1 000, or one cannot be read.
pub(super) fn usable_hashes(values: &[HashValue]) -> Result<Vec<(usize, Hash)>, Problem> {
    if !(1..=1_000).contains(&values.len()) {
        return Err(Problem::new(Code::BadParameter).detail("1 to 1000 hashes a call"));
    }
    let mut usable = Vec::new();
    for (place, value) in values.iter().enumerate() {
        let hash = value.parse()?;
        if value.is_usable() {
            usable.push((place, hash));
        }
    }
    Ok(usable)
}

/// Reads a body whole, up to a limit.
pub(crate) async fn read_body(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(request.into_body(), bytes_max)
        .await
        .map_err(|error| {
            let cause = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            if cause.contains("length limit") {
                Problem::new(Code::TooLarge).detail(format!("the limit is {bytes_max} bytes"))
            } else {
                Problem::new(Code::BadUpload).detail("the body ended before its announced length")
            }
        })
}

/// Whether a body is a form with files.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    kind.starts_with("multipart/form-data")
}

/// A text of a form, up to a limit.
pub(crate) async fn text_part(field: Field<'_>) -> Result<String, Problem> {
    let bytes = file_part(field, TEXT_BYTES_MAX).await?;
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Problem::new(Code::BadUpload).detail("a text part is not UTF-8"))
}

/// A part of a form, up to a limit.
pub(crate) async fn file_part(mut field: Field<'_>, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(form_problem)? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(
                Problem::new(Code::TooLarge).detail(format!("the limit is {bytes_max} bytes"))
            );
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// What is wrong with a form that could not be read.
pub(crate) fn form_problem(error: MultipartError) -> Problem {
    let code = if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Code::TooLarge
    } else {
        Code::BadUpload
    };
    Problem::new(code).detail("the form is cut short or malformed")
}

/// Where and why JSON was not understood. The parser's own words may quote the input, which
/// may be personal: only its place and kind are passed on.
fn place_of(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io | serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a field is missing, unknown or of the wrong kind",
    };
    format!("{kind}, at line {} column {}", error.line(), error.column())
}

const JSON_BYTES_MAX: usize = 1 << 20;
const TEXT_BYTES_MAX: usize = 64 << 10;
