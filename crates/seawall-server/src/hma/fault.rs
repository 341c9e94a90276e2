//! Failures in HMA's shape: `{"message": "..."}`. The table below is the only place where this
//! interface chooses a status for one.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use seawall_core::{Outcome, Reason};
use seawall_store::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use super::hashing::tell_outcome;
use crate::problem::{Code, Problem};

/// A failure as a client of HMA sees it.
#[derive(Debug)]
pub(super) enum Fault {
    /// What was asked makes no sense.
    Bad(Cow<'static, str>),
    /// There is no such thing.
    Missing(Cow<'static, str>),
    /// Neither a valid token nor a trusted network.
    Unauthenticated,
    /// The client may not act in this role.
    MissingRole(Scope),
    /// A bank's name is taken. HMA says so with 403.
    BankExists,
    /// Nothing could be made of the file, or not what was asked: what became of it, and why.
    Unreadable(Outcome, Reason),
    /// What went wrong below this interface.
    Native(Problem),
}

/// The body of a failure.
#[derive(Serialize, ToSchema)]
pub(super) struct FaultBody {
    /// What was wrong, for people.
    message: String,
    /// What was wrong, for programs, where it is not plain from the status. Codes are stable.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

impl Fault {
    pub(super) fn bad(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Bad(message.into())
    }

    pub(super) fn missing(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Missing(message.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::MissingRole(_) | Self::BankExists => StatusCode::FORBIDDEN,
            Self::Unreadable(_, reason) => match reason {
                Reason::TooManyBytes | Reason::TooManyPixels | Reason::TooMuchMemory => {
                    StatusCode::PAYLOAD_TOO_LARGE
                }
                Reason::Empty
                | Reason::Unreadable
                | Reason::NotAPicture
                | Reason::UnsupportedFormat
                | Reason::TooSlow
                | Reason::Damaged
                | Reason::DecoderFailed
                | Reason::TooSmall
                | Reason::LowQuality => StatusCode::UNPROCESSABLE_ENTITY,
            },
            Self::Native(problem) => problem.code.status(),
        }
    }

    fn body(&self) -> FaultBody {
        let plain = |message: Cow<'static, str>| FaultBody {
            message: message.into_owned(),
            code: None,
        };
        match self {
            Self::Bad(message) | Self::Missing(message) => plain(message.clone()),
            Self::Unauthenticated => plain("Authentication required".into()),
            Self::MissingRole(scope) => {
                plain(format!("missing role: the client needs the role {}", scope.name()).into())
            }
            Self::BankExists => plain("Bank already exists".into()),
            Self::Unreadable(_, reason) => FaultBody {
                message: reason.sentence().to_owned(),
                code: Some(reason.name()),
            },
            Self::Native(problem) => {
                let title = problem.code.title().to_owned();
                FaultBody {
                    message: problem.detail.clone().unwrap_or(title),
                    code: Some(problem.code.name()),
                }
            }
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = self.body();
        let mut response = (self.status(), Json(body)).into_response();
        match self {
            // It may say when to come again.
            Self::Native(problem) => {
                let native = problem.into_response();
                if let Some(later) = native.headers().get(header::RETRY_AFTER) {
                    let headers = response.headers_mut();
                    headers.insert(header::RETRY_AFTER, later.clone());
                }
            }
            Self::Unauthenticated => {
                let bearer = HeaderValue::from_static("Bearer");
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, bearer);
            }
            Self::Unreadable(outcome, reason) => {
                tell_outcome(response.headers_mut(), outcome, Some(reason));
            }
            Self::Bad(_) | Self::Missing(_) | Self::MissingRole(_) | Self::BankExists => {}
        }
        response
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        if problem.code == Code::Unauthorized {
            Self::Unauthenticated
        } else if problem.code == Code::BankExists {
            Self::BankExists
        } else {
            Self::Native(problem)
        }
    }
}
