//! What every request passes before a handler sees it: the Host header, the authorisation
//! table, the time limit.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use seawall_core::Actor;
use seawall_store::{Scope, Token};

use crate::access_log::AskedBy;
use crate::problem::{Code, Problem};
use crate::quota::CallerKey;
use crate::state::{App, Face};

/// Who may call an address of the API listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Anyone who reaches the listener.
    Anyone,
    /// A token with this scope.
    Scope(Scope),
}

/// One row of the authorisation table.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) who: Who,
}

/// One row.
pub(crate) const fn rule(method: Method, path: &'static str, who: Who) -> Rule {
    Rule { method, path, who }
}

/// Who may send this request; nobody where it has no row.
pub(crate) fn who_may(rules: &[Rule], request: &Request) -> Option<Who> {
    // HEAD is GET without the body, as the router serves it.
    let method = match request.method() {
        &Method::HEAD => &Method::GET,
        other => other,
    };
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let mut rules = rules.iter();
    let rule = rules.find(|rule| rule.method == *method && rule.path == path)?;
    Some(rule.who)
}

/// The program that calls, once its token was found valid.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Arc<Token>);

impl Caller {
    pub(crate) fn actor(&self) -> Actor {
        Actor::Token(self.0.id)
    }

    /// Nothing, if the token has this scope.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.0.scopes.contains(&scope) {
            return Ok(());
        }
        let detail = format!("the token needs the scope {}", scope.name());
        Err(Problem::new(Code::Forbidden).detail(detail))
    }
}

/// Lets a request through if the table says so. An address without a row is closed.
pub(crate) async fn authorise(
    State((app, rules)): State<(App, &'static [Rule])>,
    mut request: Request,
    next: Next,
) -> Response {
    let scope = match who_may(rules, &request) {
        Some(Who::Anyone) => return next.run(request).await,
        Some(Who::Scope(scope)) => scope,
        None => return Problem::new(Code::Forbidden).into_response(),
    };
    let caller = find_caller(&app, request.headers()).await;
    match caller.and_then(|caller| caller.needs(scope).map(|()| caller)) {
        Err(problem) => problem.into_response(),
        Ok(caller) => {
            let token = Arc::clone(&caller.0);
            if let Err(problem) = app.admit(CallerKey::Token(token.id), Some(&token.name)) {
                return problem.into_response();
            }
            request.extensions_mut().insert(caller);
            let mut response = next.run(request).await;
            response.extensions_mut().insert(AskedBy(token.id));
            response
        }
    }
}

/// The program whose token a request carries. The database is asked each time, so that a token
/// stops working at once wherever it was revoked.
pub(crate) async fn find_caller(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let secret = bearer_secret(headers).ok_or(Problem::new(Code::Unauthorized))?;
    let (workflow, secret) = (Arc::clone(&app.workflow), secret.to_owned());
    let token = tokio::task::spawn_blocking(move || workflow.token(&secret))
        .await
        .map_err(|error| Problem::internal(&error))??;
    token.map(Caller).ok_or(Problem::new(Code::Unauthorized))
}

/// The secret of the bearer token that a request carries.
pub(crate) fn bearer_secret(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(secret.trim())
}

/// Refuses requests that address this server by a name it does not have: a page elsewhere
/// must not reach a loopback listener through a name that was pointed at it.
pub(crate) async fn check_host(
    State(face): State<Arc<Face>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .or_else(|| request.uri().host())
        .map(host_name);
    match host {
        Some(host) if is_own(&host, &face) => next.run(request).await,
        _ => Problem::new(Code::Misdirected)
            .detail("the operator names the hosts that are answered under listen.hosts")
            .into_response(),
    }
}

/// Ends requests that take too long.
pub(crate) async fn limit_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(Code::TooSlow).into_response(),
    }
}

/// Counts answers by status.
pub(crate) async fn count(
    State((app, listener)): State<(App, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    app.metrics
        .count_answer(listener, response.status().as_u16());
    response
}

/// Headers that every answer of the API and public listeners carries.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

fn host_name(host: &str) -> String {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.to_ascii_lowercase()
}

fn is_own(name: &str, face: &Face) -> bool {
    matches!(name, "localhost" | "127.0.0.1" | "::1")
        || face
            .hosts
            .iter()
            .any(|host| host.eq_ignore_ascii_case(name))
}

const REQUEST_TIME: Duration = Duration::from_secs(120);

const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Every method and path that a document describes, for holding it against a table.
#[cfg(test)]
pub(crate) fn served(document: &utoipa::openapi::OpenApi) -> std::collections::BTreeSet<String> {
    let mut served = std::collections::BTreeSet::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PATCH", &item.patch),
            ("PUT", &item.put),
            ("DELETE", &item.delete),
        ] {
            if operation.is_some() {
                served.insert(format!("{method} {path}"));
            }
        }
    }
    served
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_are_answered() {
        let face = Face {
            drill: false,
            resting: Vec::new(),
            secure_cookies: false,
            provider: String::new(),
            hosts: vec!["Seawall.Example".into()],
            upload_bytes_max: 1,
            trust: crate::config::Hma::default(),
        };
        for own in [
            "localhost",
            "127.0.0.1:8480",
            "[::1]:8480",
            "LOCALHOST:1",
            "seawall.example:443",
        ] {
            assert!(is_own(&host_name(own), &face), "{own}");
        }
        for other in [
            "evil.example",
            "127.0.0.1.evil.example",
            "",
            "[::2]:1",
            "10.0.0.1",
        ] {
            assert!(!is_own(&host_name(other), &face), "{other}");
        }
    }
}
