//! Problem documents (RFC 9457) with stable codes. The table below is the only place where an
//! HTTP status is chosen for a failure.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use seawall_core::{CaseId, causes};
use seawall_workflow::{BankError, ExchangeError, FetchError, ScanError, WorkflowError};
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! problem_codes {
    ($($variant:ident $status:ident $code:literal $title:literal),+ $(,)?) => {
        /// What went wrong, for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $(#[doc = $title] $variant),+ }

        impl Code {
            /// Every code, for the documentation.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

problem_codes! {
    AddressRefused BAD_REQUEST "address_refused" "The URL leads to where this server does not fetch from",
    AuditBroken CONFLICT "audit_broken" "The audit log, or what is kept beside it, does not hold",
    BadContext BAD_REQUEST "bad_context" "The context of the upload is not right",
    BadHash BAD_REQUEST "bad_hash" "A hash is not right",
    BadItemId BAD_REQUEST "bad_item_id" "The item id is not right",
    BadJson BAD_REQUEST "bad_json" "The body is not the JSON that is expected",
    BadName BAD_REQUEST "bad_name" "A name is not right",
    BadParameter BAD_REQUEST "bad_parameter" "A parameter is not right",
    BadUpload BAD_REQUEST "bad_upload" "The upload could not be read",
    BadUrl BAD_REQUEST "bad_url" "The URL is not one that can be fetched",
    BankExists CONFLICT "bank_exists" "There is a bank of this name already",
    BankSealed CONFLICT "bank_sealed" "The bank's contents are what exchanges list",
    Busy SERVICE_UNAVAILABLE "busy" "The server has as much to do as it takes on; try again shortly",
    BuiltIn CONFLICT "built_in" "The built-in test bank stays as it is",
    ConfiguredInFile CONFLICT "configured_in_file" "This is set up in the configuration file alone",
    ExchangeOff CONFLICT "exchange_not_configured" "The exchange is not in the configuration of this server",
    ExchangePaused CONFLICT "exchange_paused" "The exchange is paused",
    ExchangeRunning CONFLICT "exchange_running" "The exchange is being read",
    FetchBusy SERVICE_UNAVAILABLE "fetch_busy" "Too many URLs are being fetched",
    FetchFailed BAD_GATEWAY "fetch_failed" "The URL could not be fetched",
    FetchOff FORBIDDEN "fetch_off" "Fetching by URL is turned off",
    FetchTimeout GATEWAY_TIMEOUT "fetch_timeout" "The URL could not be fetched in time",
    FetchTooLarge PAYLOAD_TOO_LARGE "fetch_too_large" "The content behind the URL is larger than the limit",
    Forbidden FORBIDDEN "forbidden" "The token does not have the scope that this needs",
    Internal INTERNAL_SERVER_ERROR "internal" "The server failed; its log says why",
    ItemReused CONFLICT "item_id_reused" "This item id was used before for another file",
    Misdirected MISDIRECTED_REQUEST "misdirected" "This server does not answer to that host name",
    NoHash UNPROCESSABLE_ENTITY "no_hash" "Nothing was found that could be kept in a bank",
    NotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "This address does not take that method",
    NotFound NOT_FOUND "not_found" "There is no such thing",
    NotReady SERVICE_UNAVAILABLE "not_ready" "The server is not ready",
    NothingMissing CONFLICT "nothing_missing" "Nothing is missing from the exchange's list",
    TooLarge PAYLOAD_TOO_LARGE "too_large" "The body is larger than the limit",
    TooMany TOO_MANY_REQUESTS "too_many_requests" "This caller asked more often than it may",
    TooSlow REQUEST_TIMEOUT "too_slow" "The request took too long",
    Unauthorized UNAUTHORIZED "unauthorized" "A valid bearer token is needed",
    UnsupportedMedia UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body has a content type that is not taken here",
}

/// A failure as the caller sees it.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: Option<String>,
    pub(crate) case: Option<CaseId>,
    /// When it is worth while to try again.
    pub(crate) retry_seconds: Option<u64>,
}

/// The body of a problem document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// An address that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The kind of problem, for programs. Codes are stable.
    code: &'static str,
    /// What was wrong this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The case that is in the way, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    case_id: Option<CaseId>,
}

impl Problem {
    pub(crate) fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            case: None,
            retry_seconds: matches!(code, Code::Busy | Code::FetchBusy).then_some(1),
        }
    }

    /// The caller asked too often, and may ask again after so many seconds.
    pub(crate) fn too_many(retry_seconds: u64) -> Self {
        Self {
            retry_seconds: Some(retry_seconds),
            ..Self::new(Code::TooMany)
        }
    }

    pub(crate) fn detail(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// A failure of the server itself: the cause goes to the log, not to the caller.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(cause = causes(error), "a request failed");
        Self::new(Code::Internal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let body = ProblemBody {
            kind: format!("urn:seawall:problem:{}", self.code.name()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code.name(),
            detail: self.detail,
            case_id: self.case,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<ScanError> for Problem {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::ItemId => Self::new(Code::BadItemId).detail(error),
            ScanError::ItemReused { case } => Self {
                case: Some(case),
                ..Self::new(Code::ItemReused)
            },
            ScanError::Context(error) => Self::new(Code::BadContext).detail(error),
            ScanError::Workflow(error) => error.into(),
            // A kind of error that this version does not know is the server's fault, not the caller's.
            other => Self::internal(&other),
        }
    }
}

impl From<BankError> for Problem {
    fn from(error: BankError) -> Self {
        match error {
            BankError::Exists => Self::new(Code::BankExists),
            BankError::NoBank | BankError::NoContent | BankError::NoList => {
                Self::new(Code::NotFound).detail(error)
            }
            BankError::NoOwner | BankError::NoReason | BankError::ExceptionTooWide => {
                Self::new(Code::BadParameter).detail(error)
            }
            BankError::BuiltIn => Self::new(Code::BuiltIn),
            BankError::Sealed | BankError::Filled => Self::new(Code::BankSealed).detail(error),
            BankError::NoHash => Self::new(Code::NoHash).detail(error),
            BankError::Workflow(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        let code = match &error {
            ExchangeError::NoExchange | ExchangeError::NothingHeld => Code::NotFound,
            ExchangeError::NotConfigured | ExchangeError::Resting => Code::ExchangeOff,
            ExchangeError::Configured => Code::ConfiguredInFile,
            ExchangeError::Paused => Code::ExchangePaused,
            ExchangeError::Leased => Code::ExchangeRunning,
            ExchangeError::BankNotSealed { .. } | ExchangeError::OtherBefore { .. } => {
                Code::BankExists
            }
            ExchangeError::NothingMissing => Code::NothingMissing,
            // The server's own failures, and kinds of error that this version does not know.
            other => return Self::internal(other),
        };
        Self::new(code).detail(error)
    }
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        let code = match &error {
            FetchError::Off => Code::FetchOff,
            FetchError::BadUrl(_) => Code::BadUrl,
            FetchError::AddressRefused => Code::AddressRefused,
            FetchError::Busy => Code::FetchBusy,
            FetchError::Failed(failure) => {
                // The caller is told no more than that it failed, the operator why.
                tracing::info!(cause = causes(failure), "a URL could not be fetched");
                Code::FetchFailed
            }
            FetchError::Timeout => Code::FetchTimeout,
            FetchError::TooLarge { .. } => Code::FetchTooLarge,
            other => return Self::internal(other),
        };
        Self::new(code).detail(error)
    }
}

impl From<WorkflowError> for Problem {
    fn from(error: WorkflowError) -> Self {
        Self::internal(&error)
    }
}

impl From<seawall_store::StoreError> for Problem {
    fn from(error: seawall_store::StoreError) -> Self {
        Self::internal(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_workflow::{FetchFailure, UrlFault};

    #[test]
    fn codes_are_unique() {
        let names: std::collections::BTreeSet<_> =
            Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn what_a_caller_asks_of_an_exchange_in_vain_is_no_failure_of_the_server() {
        for (error, status, code) in [
            (ExchangeError::NoExchange, 404, "not_found"),
            (ExchangeError::NothingHeld, 404, "not_found"),
            (ExchangeError::NotConfigured, 409, "exchange_not_configured"),
            (ExchangeError::Configured, 409, "configured_in_file"),
            (ExchangeError::Paused, 409, "exchange_paused"),
            (ExchangeError::Leased, 409, "exchange_running"),
            (ExchangeError::Resting, 409, "exchange_not_configured"),
            (ExchangeError::NothingMissing, 409, "nothing_missing"),
        ] {
            let problem = Problem::from(error);
            let found = (problem.code.status().as_u16(), problem.code.name());
            assert_eq!(found, (status, code));
            assert!(problem.detail.is_some(), "{code}");
        }
    }

    /// Whatever went wrong at the other side: one status, one text. The cause is not in it.
    #[test]
    fn a_caller_learns_of_a_failed_fetch_only_its_kind() {
        let failures = [
            FetchFailure::Status(401),
            FetchFailure::Status(503),
            FetchFailure::TooManyRedirects { redirects_max: 5 },
            FetchFailure::Redirect(Some(UrlFault::Port)),
            FetchFailure::Encoded,
            FetchFailure::Downgrade,
        ];
        for failure in failures {
            let problem = Problem::from(FetchError::Failed(failure));
            assert_eq!(problem.code.status(), StatusCode::BAD_GATEWAY);
            assert_eq!(problem.code, Code::FetchFailed);
            assert_eq!(
                problem.detail.as_deref(),
                Some("the URL could not be fetched")
            );
        }
    }

    #[test]
    fn the_code_of_a_failed_fetch_is_that_of_its_problem() {
        for (error, status) in [
            (FetchError::Off, 403),
            (FetchError::BadUrl(UrlFault::Scheme), 400),
            (FetchError::AddressRefused, 400),
            (FetchError::Busy, 503),
            (FetchError::Failed(FetchFailure::Encoded), 502),
            (FetchError::Timeout, 504),
            (FetchError::TooLarge { bytes_max: 7 }, 413),
        ] {
            let code = error.code();
            let problem = Problem::from(error);
            assert_eq!(
                (problem.code.name(), problem.code.status().as_u16()),
                (code, status)
            );
        }
    }
}
