//! Who asks. A handler that takes one of these types cannot be reached by anyone else.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use seawall_store::{Role, Session, User};
use seawall_workflow::{SignedIn, WorkflowError};

use super::fault::Fault;
use super::tickets::Asker;
use super::{Console, block};
use crate::App;

/// Somebody who is signed in.
pub(super) struct Visitor {
    pub(super) session: Session,
    pub(super) user: User,
}

/// Somebody who works on cases.
pub(super) struct Reviewer(pub(super) Visitor);

/// Somebody who runs the place.
pub(super) struct Admin(pub(super) Visitor);

/// A handle that a form can be sent with.
pub(super) trait Signed: Send {
    /// The session.
    fn session(&self) -> &Session;
}

impl Visitor {
    /// This visitor, asking for a picture of `case`.
    pub(super) fn asks_for(&self, case: seawall_core::CaseId, app: &App) -> Asker {
        Asker {
            session: self.session.secret_hash,
            case,
            now: app.workflow.clock().now(),
        }
    }

    /// Where this visitor starts.
    pub(super) fn home(&self) -> &'static str {
        home_of(self.user.role)
    }
}

/// Where somebody of this role starts.
pub(super) fn home_of(role: Role) -> &'static str {
    if role.reviews() { "/queue" } else { "/figures" }
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Fault> {
        let secret = cookie(&parts.headers).ok_or(Fault::SignInFirst)?.to_owned();
        let workflow = console.app.workflow.clone();
        let found = block(move || workflow.session(&secret).map_err(WorkflowError::from)).await?;
        let (session, user) = found.ok_or(Fault::SignInFirst)?;
        Ok(Self { session, user })
    }
}

impl FromRequestParts<Console> for Reviewer {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Fault> {
        let visitor = Visitor::from_request_parts(parts, console).await?;
        if visitor.user.role.reviews() {
            Ok(Self(visitor))
        } else {
            Err(Fault::NotYours)
        }
    }
}

impl FromRequestParts<Console> for Admin {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Fault> {
        let visitor = Visitor::from_request_parts(parts, console).await?;
        if visitor.user.role == Role::Admin {
            Ok(Self(visitor))
        } else {
            Err(Fault::NotYours)
        }
    }
}

impl Signed for Visitor {
    fn session(&self) -> &Session {
        &self.session
    }
}

impl Signed for Reviewer {
    fn session(&self) -> &Session {
        &self.0.session
    }
}

impl Signed for Admin {
    fn session(&self) -> &Session {
        &self.0.session
    }
}

/// The header that opens a session in the browser. It ends with the browser, or when the
/// server says so.
pub(super) fn set_cookie(app: &App, signed_in: &SignedIn) -> HeaderValue {
    let secure = if app.face.secure_cookies {
        "; Secure"
    } else {
        ""
    };
    let secret = signed_in.secret.expose();
    let text = format!("{COOKIE}={secret}; HttpOnly; SameSite=Strict; Path=/{secure}");
    let mut value = HeaderValue::from_str(&text).expect("a secret is URL-safe text");
    value.set_sensitive(true);
    value
}

/// The header that ends it.
pub(super) fn clear_cookie(app: &App) -> HeaderValue {
    let secure = if app.face.secure_cookies {
        "; Secure"
    } else {
        ""
    };
    let text = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0{secure}");
    HeaderValue::from_str(&text).expect("constant text")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && !value.is_empty())
        .map(|(_, value)| value)
}

const COOKIE: &str = "seawall_session";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=b; seawall_session_old=x"),
        );
        assert_eq!(cookie(&headers), None);
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("c=d;seawall_session=Secret-_1"),
        );
        assert_eq!(cookie(&headers), Some("Secret-_1"));
    }
}
