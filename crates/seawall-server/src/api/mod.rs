//! The native API under `/api/v1`, one file a group of addresses.

mod banks;
pub(crate) mod body;
mod cases;
mod docs;
mod exchanges;
mod file_lookups;
mod health;
mod lists;
mod lookups;
mod proof;
mod scans;
mod seen;
mod stream;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use http::{Method, Uri};
use seawall_store::Scope;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::guard::{Rule, Who, authorise, rule};
use crate::hma;
use crate::openapi::Frame;
use crate::problem::Code;
use crate::state::App;

/// Every address, with its description.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Frame::openapi())
        .routes(routes!(scans::scan))
        .routes(routes!(lookups::look_up))
        .routes(routes!(file_lookups::look_up_files))
        .routes(routes!(stream::follow_matches))
        .routes(routes!(banks::list, banks::create))
        .routes(routes!(banks::show, banks::change, banks::delete))
        .routes(routes!(banks::list_contents, banks::add_content))
        .routes(routes!(banks::delete_content))
        .routes(routes!(banks::add_picture))
        .routes(routes!(banks::import))
        .routes(routes!(lists::list))
        .routes(routes!(lists::change, lists::delete))
        .routes(routes!(exchanges::list))
        .routes(routes!(exchanges::show, exchanges::remove))
        .routes(routes!(exchanges::run))
        .routes(routes!(exchanges::reconcile))
        .routes(routes!(exchanges::pause))
        .routes(routes!(exchanges::resume))
        .routes(routes!(exchanges::allow_missing))
        .routes(routes!(exchanges::list_held))
        .routes(routes!(exchanges::release))
        .routes(routes!(exchanges::page))
        .routes(routes!(cases::list))
        .routes(routes!(cases::show))
        .routes(routes!(seen::status))
        .routes(routes!(seen::look_up))
        .routes(routes!(seen::forget))
        .routes(routes!(proof::figures))
        .routes(routes!(proof::audit))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::page))
        .routes(routes!(docs::style))
}

/// The API listener's router: this interface and the one for clients of HMA.
pub(crate) fn router(app: App) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .route_layer(from_fn_with_state((app.clone(), RULES), authorise))
        .merge(hma::router(app.clone()))
        .fallback(|uri: Uri| async move { hma::no_such_address(&uri, Code::NotFound) })
        .method_not_allowed_fallback(|uri: Uri| async move {
            hma::no_such_address(&uri, Code::NotAllowed)
        })
        // Handlers set their own limits, each fit for its body.
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

/// The authorisation table of this interface. An address that is not here is closed.
pub(crate) static RULES: &[Rule] = &[
    rule(Method::POST, "/api/v1/scans", Who::Scope(Scope::Scan)),
    rule(Method::POST, "/api/v1/lookups", Who::Scope(Scope::Scan)),
    rule(
        Method::POST,
        "/api/v1/lookups/files",
        Who::Scope(Scope::Scan),
    ),
    rule(
        Method::GET,
        "/api/v1/matches/stream",
        Who::Scope(Scope::CasesRead),
    ),
    rule(Method::GET, "/api/v1/banks", Who::Scope(Scope::BanksRead)),
    rule(Method::POST, "/api/v1/banks", Who::Scope(Scope::BanksWrite)),
    rule(
        Method::GET,
        "/api/v1/banks/{name}",
        Who::Scope(Scope::BanksRead),
    ),
    rule(
        Method::PATCH,
        "/api/v1/banks/{name}",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::DELETE,
        "/api/v1/banks/{name}",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::GET,
        "/api/v1/banks/{name}/contents",
        Who::Scope(Scope::BanksRead),
    ),
    rule(
        Method::POST,
        "/api/v1/banks/{name}/contents",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::DELETE,
        "/api/v1/banks/{name}/contents/{id}",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::POST,
        "/api/v1/banks/{name}/pictures",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::POST,
        "/api/v1/banks/{name}/import",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::GET,
        "/api/v1/banks/{name}/lists",
        Who::Scope(Scope::BanksRead),
    ),
    rule(
        Method::PATCH,
        "/api/v1/banks/{name}/lists/{list}",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::DELETE,
        "/api/v1/banks/{name}/lists/{list}",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::GET,
        "/api/v1/exchanges",
        Who::Scope(Scope::BanksRead),
    ),
    rule(
        Method::GET,
        "/api/v1/exchanges/{name}",
        Who::Scope(Scope::BanksRead),
    ),
    rule(
        Method::DELETE,
        "/api/v1/exchanges/{name}",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::POST,
        "/api/v1/exchanges/{name}/run",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::POST,
        "/api/v1/exchanges/{name}/reconcile",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::POST,
        "/api/v1/exchanges/{name}/pause",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::POST,
        "/api/v1/exchanges/{name}/resume",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::POST,
        "/api/v1/exchanges/{name}/allow-missing",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::GET,
        "/api/v1/exchanges/{name}/held",
        Who::Scope(Scope::BanksRead),
    ),
    rule(
        Method::POST,
        "/api/v1/exchanges/{name}/held/{id}/release",
        Who::Scope(Scope::BanksWrite),
    ),
    rule(
        Method::GET,
        "/api/v1/exchanges/{name}/page",
        Who::Scope(Scope::BanksRead),
    ),
    rule(Method::GET, "/api/v1/cases", Who::Scope(Scope::CasesRead)),
    rule(
        Method::GET,
        "/api/v1/cases/{id}",
        Who::Scope(Scope::CasesRead),
    ),
    rule(Method::GET, "/api/v1/seen", Who::Scope(Scope::SeenRead)),
    rule(
        Method::POST,
        "/api/v1/seen/lookups",
        Who::Scope(Scope::SeenRead),
    ),
    rule(
        Method::DELETE,
        "/api/v1/seen/{item_id}",
        Who::Scope(Scope::SeenWrite),
    ),
    rule(
        Method::GET,
        "/api/v1/figures",
        Who::Scope(Scope::FiguresRead),
    ),
    rule(Method::GET, "/api/v1/audit", Who::Scope(Scope::FiguresRead)),
    rule(Method::GET, "/api/v1/openapi.json", Who::Anyone),
    rule(Method::GET, "/docs", Who::Anyone),
    rule(Method::GET, "/docs.css", Who::Anyone),
    rule(Method::GET, "/healthz", Who::Anyone),
    rule(Method::GET, "/readyz", Who::Anyone),
    rule(Method::GET, "/metrics", Who::Anyone),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::served;
    use std::collections::BTreeSet;

    #[test]
    fn every_address_stands_in_the_table_and_the_other_way_round() {
        let ruled: BTreeSet<_> = RULES
            .iter()
            .map(|rule| format!("{} {}", rule.method, rule.path))
            .collect();
        assert_eq!(served(&routes().to_openapi()), ruled);
        assert_eq!(ruled.len(), RULES.len(), "no row stands twice");
    }

    #[test]
    fn only_health_and_documentation_are_open() {
        let open: Vec<_> = RULES
            .iter()
            .filter(|rule| rule.who == Who::Anyone)
            .map(|rule| rule.path)
            .collect();
        assert_eq!(
            open,
            [
                "/api/v1/openapi.json",
                "/docs",
                "/docs.css",
                "/healthz",
                "/readyz",
                "/metrics"
            ]
        );
    }
}
