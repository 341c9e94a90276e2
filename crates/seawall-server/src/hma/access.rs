//! Who may call: a token with a role's scope, or a client in a network that the operator trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use seawall_core::Actor;
use seawall_store::{Scope, Token};

use super::fault::Fault;
use crate::access_log::AskedBy;
use crate::guard::{Rule, Who, bearer_secret, find_caller, who_may};
use crate::problem::Problem;
use crate::quota::CallerKey;
use crate::state::{App, Face};

/// The program that calls.
#[derive(Clone, Debug)]
pub(super) enum Client {
    /// With a token.
    Token(Arc<Token>),
    /// Without one, from this address.
    Network(Arc<Face>, SocketAddr),
}

impl Client {
    /// Who it is, for events.
    pub(super) fn actor(&self) -> Actor {
        match self {
            Self::Token(token) => Actor::Token(token.id),
            Self::Network(..) => Actor::Network,
        }
    }

    fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Token(token) => token.scopes.contains(&scope),
            Self::Network(face, peer) => face.trust.trusts(peer.ip(), scope),
        }
    }

    fn admit(&self, app: &App) -> Result<(), Problem> {
        match self {
            Self::Token(token) => app.admit(CallerKey::Token(token.id), Some(&token.name)),
            Self::Network(_, peer) => app.admit(CallerKey::Address(peer.ip()), None),
        }
    }

    /// Nothing, if the client may act in this role as well.
    pub(super) fn needs(&self, scope: Scope) -> Result<(), Fault> {
        match self.may(scope) {
            true => Ok(()),
            false => Err(Fault::MissingRole(scope)),
        }
    }
}

/// Lets a request through if the table says so. An address without a row is closed.
pub(super) async fn authorise(
    State((app, rules)): State<(App, &'static [Rule])>,
    mut request: Request,
    next: Next,
) -> Response {
    let scope = match who_may(rules, &request) {
        Some(Who::Anyone) => return next.run(request).await,
        Some(Who::Scope(scope)) => scope,
        None => return Fault::missing("there is no such address").into_response(),
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| *peer);
    let client = match find_client(&app, request.headers(), peer).await {
        Ok(client) => client,
        Err(fault) => return fault.into_response(),
    };
    if let Err(fault) = client.needs(scope) {
        return fault.into_response();
    }
    if let Err(problem) = client.admit(&app) {
        return Fault::from(problem).into_response();
    }
    let asked_by = match &client {
        Client::Token(token) => Some(AskedBy(token.id)),
        Client::Network(..) => None,
    };
    request.extensions_mut().insert(client);
    let mut response = next.run(request).await;
    if let Some(asked_by) = asked_by {
        response.extensions_mut().insert(asked_by);
    }
    response
}

async fn find_client(
    app: &App,
    headers: &HeaderMap,
    peer: Option<SocketAddr>,
) -> Result<Client, Fault> {
    // Whoever sends a token means it: a bad one is not forgiven for the network it comes from.
    if headers.contains_key(header::AUTHORIZATION) {
        // Clients of HMA ask often: one that was known a moment ago is not looked up again.
        let known = bearer_secret(headers).and_then(|secret| app.workflow.known_token(secret));
        let token = match known {
            Some(token) => token,
            None => find_caller(app, headers).await?.0,
        };
        return Ok(Client::Token(token));
    }
    match peer {
        Some(peer) if app.face.trust.is_near(peer.ip()) => {
            Ok(Client::Network(Arc::clone(&app.face), peer))
        }
        Some(_) | None => Err(Fault::Unauthenticated),
    }
}
