//! What a person is told where a request was not served.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use seawall_store::StoreError;
use seawall_workflow::WorkflowError;

use super::Console;
use super::page::{Page, html_with};
use super::texts::{Texts, key_of};

/// Why a request was not served.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody is signed in.
    SignInFirst,
    /// This role does not see this page.
    NotYours,
    /// The form is not from this session.
    Stale,
    /// The form was sent by another site.
    Foreign,
    /// There is no such page or thing.
    NotFound,
    /// The page does not take this method.
    NotAllowed,
    /// The picture was fetched before, or its minute is over.
    Gone,
    /// The one-time link was used or has ended.
    LinkEnded,
    /// The form is longer than any of ours.
    TooLarge,
    /// The form holds something that no page of ours offers.
    Form,
    /// The report is not stuck (any more).
    NotStuck,
    /// What the page showed is no longer so.
    Changed,
    /// The exchange is in the configuration, and would come back.
    StillConfigured,
    /// The picture could not be drawn.
    NotDrawn,
    /// Our own failure.
    Internal(WorkflowError),
}

impl Fault {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignInFirst => StatusCode::SEE_OTHER,
            Self::NotYours | Self::Stale | Self::Foreign => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Gone | Self::LinkEnded => StatusCode::GONE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Form => StatusCode::BAD_REQUEST,
            Self::NotStuck | Self::Changed | Self::StillConfigured => StatusCode::CONFLICT,
            Self::NotDrawn => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::SignInFirst => "sign_in_first",
            Self::NotYours => "not_yours",
            Self::Stale => "stale",
            Self::Foreign => "foreign",
            Self::NotFound => "not_found",
            Self::NotAllowed => "not_allowed",
            Self::Gone => "gone",
            Self::LinkEnded => "link_ended",
            Self::TooLarge => "too_large",
            Self::Form => "form",
            Self::NotStuck => "not_stuck",
            Self::Changed => "changed",
            Self::StillConfigured => "still_configured",
            Self::NotDrawn => "not_drawn",
            Self::Internal(_) => "internal",
        }
    }

    /// The names of those that have a page.
    #[cfg(test)]
    pub(super) const NAMES: [&str; 14] = [
        "not_yours",
        "stale",
        "foreign",
        "not_found",
        "not_allowed",
        "gone",
        "link_ended",
        "too_large",
        "form",
        "not_stuck",
        "changed",
        "still_configured",
        "not_drawn",
        "internal",
    ];
}

impl From<WorkflowError> for Fault {
    fn from(error: WorkflowError) -> Self {
        Self::Internal(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.into())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match &self {
            Self::SignInFirst => return Redirect::to("/sign-in").into_response(),
            Self::Internal(error) => {
                tracing::error!(%error, cause = source(error), "a console page failed")
            }
            Self::NotYours
            | Self::Stale
            | Self::Foreign
            | Self::NotFound
            | Self::NotAllowed
            | Self::Gone
            | Self::LinkEnded
            | Self::TooLarge
            | Self::Form
            | Self::NotStuck
            | Self::Changed
            | Self::StillConfigured
            | Self::NotDrawn => {}
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Told(self.name()));
        response
    }
}

/// Which fault a response stands for, until [`dress`] gives it its page.
#[derive(Clone, Copy)]
struct Told(&'static str);

/// Gives a fault its page.
pub(super) async fn dress(State(console): State<Console>, response: Response) -> Response {
    let Some(Told(name)) = response.extensions().get::<Told>().copied() else {
        return response;
    };
    let t = Texts::english();
    let page = FaultPage {
        page: Page::new(&console.app, t.of("fault", name), None),
        text: t.text(&key_of("fault-text", name)),
    };
    html_with(response.status(), &page)
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    page: Page,
    text: String,
}

fn source(error: &WorkflowError) -> String {
    let mut text = String::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&cause.to_string());
        text.push_str("; ");
        next = cause.source();
    }
    text
}
