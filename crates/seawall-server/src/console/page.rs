//! What every page has: the frame around it.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use seawall_store::Role;

use super::assets;
use super::session::Visitor;
use super::texts::Texts;
use crate::App;

/// The frame of a page.
pub(super) struct Page {
    /// The texts.
    pub(super) t: &'static Texts,
    /// The page's name, for its heading and the window.
    pub(super) title: String,
    /// The provider's name.
    pub(super) provider: String,
    /// Whether reports go to a stand-in.
    pub(super) drill: bool,
    /// What programs in trusted networks may act as without a token, if as anything.
    pub(super) trusted: Option<String>,
    /// Who reads it, if anyone is signed in.
    pub(super) viewer: Option<Viewer>,
    /// Which part of the console this is.
    pub(super) part: Part,
}

/// The person a page is made for.
pub(super) struct Viewer {
    pub(super) name: String,
    pub(super) role: String,
    pub(super) csrf: String,
    pub(super) reviews: bool,
    pub(super) is_admin: bool,
}

/// A part of the console, for the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Queue,
    Exchanges,
    Figures,
    Audit,
    Other,
}

impl Page {
    pub(super) fn new(app: &App, title: String, visitor: Option<&Visitor>) -> Self {
        let t = Texts::english();
        Self {
            t,
            title,
            provider: app.face.provider.clone(),
            drill: app.face.drill,
            trusted: app.face.trust.roles_text(),
            viewer: visitor.map(|visitor| Viewer::new(t, visitor)),
            part: Part::Other,
        }
    }

    pub(super) fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// Whether this page belongs to the part of this name.
    pub(super) fn is(&self, part: &str) -> bool {
        self.part.name() == part
    }

    pub(super) fn trust_ribbon(&self, roles: &str) -> String {
        self.t.fill("trust-ribbon", [("roles", roles.into())])
    }

    pub(super) fn style(&self) -> String {
        assets::style()
    }

    pub(super) fn script(&self) -> String {
        assets::script()
    }

    pub(super) fn mark(&self) -> String {
        assets::mark()
    }
}

impl Viewer {
    fn new(t: &Texts, visitor: &Visitor) -> Self {
        let role = visitor.user.role;
        Self {
            name: visitor.user.name.clone(),
            role: t.of("role", role.name()),
            csrf: visitor.session.csrf.clone(),
            reviews: role.reviews(),
            is_admin: role == Role::Admin,
        }
    }
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Exchanges => "exchanges",
            Self::Figures => "figures",
            Self::Audit => "audit",
            Self::Other => "other",
        }
    }
}

/// A page as an answer.
pub(super) fn html(template: &impl Template) -> Response {
    html_with(StatusCode::OK, template)
}

/// A page as an answer with this status.
pub(super) fn html_with(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a console page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
