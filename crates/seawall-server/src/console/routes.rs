//! The console's rows of the authorisation table.

use axum::routing::{MethodRouter, get, post};
use http::Method;

use super::{
    Console, assets, audit, case, decision, exchange_acts, exchanges, figures, first_link, queue,
    report, reveal, sign_in,
};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everyone who reaches the listener.
    Anyone,
    /// Whoever holds the one-time link in the path.
    LinkHolder,
    /// Everyone who is signed in.
    SignedIn,
    /// Reviewers and admins.
    Reviewer,
    /// Admins.
    Admin,
}

/// One row: a method and a path pattern, and who may use it.
pub struct RouteRule {
    /// The method.
    pub method: Method,
    /// The path pattern, in the router's notation.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
    pub(super) handler: Handler,
}

impl std::fmt::Debug for RouteRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.who)
    }
}

/// Every route of the console. The router is made from this table.
pub const ROUTES: &[RouteRule] = &[
    read("/", Who::Anyone, || get(queue::home)),
    read("/static/{name}", Who::Anyone, || get(assets::file)),
    read("/sign-in", Who::Anyone, || get(sign_in::show)),
    write("/sign-in", Who::Anyone, || post(sign_in::sign_in)),
    write("/sign-out", Who::SignedIn, || post(sign_in::sign_out)),
    read("/first/{secret}", Who::LinkHolder, || get(first_link::show)),
    write("/first/{secret}", Who::LinkHolder, || {
        post(first_link::set_password)
    }),
    read("/queue", Who::Reviewer, || get(queue::show)),
    read("/cases/{case}", Who::Reviewer, || get(case::show)),
    write("/cases/{case}/reveals", Who::Reviewer, || {
        post(reveal::record)
    }),
    read("/cases/{case}/reveals/{reveal}", Who::Reviewer, || {
        get(reveal::picture)
    }),
    write("/cases/{case}/decision", Who::Reviewer, || {
        post(decision::decide)
    }),
    write("/reports/{report}/resume", Who::Admin, || {
        post(report::resume)
    }),
    read("/exchanges", Who::SignedIn, || get(exchanges::list)),
    read("/exchanges/{exchange}", Who::SignedIn, || {
        get(exchanges::show)
    }),
    read("/exchanges/{exchange}/held", Who::Admin, || {
        get(exchanges::held)
    }),
    read("/exchanges/{exchange}/page", Who::Admin, || {
        get(exchanges::raw)
    }),
    write("/exchanges/{exchange}/run", Who::Admin, || {
        post(exchange_acts::run)
    }),
    write("/exchanges/{exchange}/reconcile", Who::Admin, || {
        post(exchange_acts::reconcile)
    }),
    write("/exchanges/{exchange}/pause", Who::Admin, || {
        post(exchange_acts::pause)
    }),
    write("/exchanges/{exchange}/resume", Who::Admin, || {
        post(exchange_acts::resume)
    }),
    write("/exchanges/{exchange}/allow-missing", Who::Admin, || {
        post(exchange_acts::allow_missing)
    }),
    write(
        "/exchanges/{exchange}/held/{content}/release",
        Who::Admin,
        || post(exchange_acts::release),
    ),
    write("/exchanges/{exchange}/remove", Who::Admin, || {
        post(exchange_acts::remove)
    }),
    read("/figures", Who::SignedIn, || get(figures::show)),
    read("/audit", Who::SignedIn, || get(audit::show)),
];

type Handler = fn() -> MethodRouter<Console>;

const fn read(path: &'static str, who: Who, handler: Handler) -> RouteRule {
    RouteRule {
        method: Method::GET,
        path,
        who,
        handler,
    }
}

const fn write(path: &'static str, who: Who, handler: Handler) -> RouteRule {
    RouteRule {
        method: Method::POST,
        path,
        who,
        handler,
    }
}
