//! The interface of HMA, so that its clients work unchanged: `/h` hashes, `/m` matches, `/c`
//! keeps banks, `/status` and `/site-map` tell how things are.
//!
//! It stands on the same banks and the same index as the native API. `docs/hma.md` lists every
//! difference from HMA with its reason.

mod access;
mod banks;
mod contents;
mod details;
mod exchange_kinds;
mod exchanges;
mod fault;
mod fetch;
mod hashing;
mod input;
mod matching;
mod signal;
mod status;
mod types;

use axum::Router;
use axum::middleware::from_fn_with_state;
use http::{Method, Uri};
use seawall_store::Scope;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::guard::{Rule, Who, rule};
use crate::openapi::Bearer;
use crate::problem::{Code, Problem};
use crate::state::App;

pub(crate) use status::document_text;

/// Every address, with its description.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Frame::openapi())
        .routes(routes!(hashing::hash_url, hashing::hash_file))
        .routes(routes!(matching::look_up, matching::look_up_file))
        .routes(routes!(matching::look_up_raw))
        .routes(routes!(matching::compare))
        .routes(routes!(matching::index_status))
        .routes(routes!(banks::list, banks::create))
        .routes(routes!(banks::show, banks::change, banks::delete))
        .routes(routes!(contents::add_file))
        .routes(routes!(contents::add_signals))
        .routes(routes!(contents::show, contents::change, contents::delete))
        .routes(routes!(exchanges::apis))
        .routes(routes!(exchanges::api, exchanges::set_api))
        .routes(routes!(exchanges::api_schema))
        .routes(routes!(exchanges::list, exchanges::create))
        .routes(routes!(
            exchanges::show,
            exchanges::change,
            exchanges::delete
        ))
        .routes(routes!(exchanges::status))
        .routes(routes!(types::signal_types))
        .routes(routes!(types::index))
        .routes(routes!(types::change_signal_type))
        .routes(routes!(types::content_types))
        .routes(routes!(status::root))
        .routes(routes!(status::status))
        .routes(routes!(status::live))
        .routes(routes!(status::site_map))
        .routes(routes!(status::openapi))
        .routes(routes!(status::openapi_index))
        .routes(routes!(status::openapi_page))
}

/// The routes behind their authorisation.
pub(crate) fn router(app: App) -> Router<App> {
    let (router, _) = routes().split_for_parts();
    router.route_layer(from_fn_with_state((app, RULES), access::authorise))
}

/// The answer for an address that there is not, in the shape of the interface it would be in.
pub(crate) fn no_such_address(uri: &Uri, code: Code) -> axum::response::Response {
    worded(uri, Problem::new(code))
}

/// A problem in the shape of the interface that the address is of.
pub(crate) fn worded(uri: &Uri, problem: Problem) -> axum::response::Response {
    use axum::response::IntoResponse;
    let is_hma = ["/h/", "/m/", "/c/"]
        .iter()
        .any(|start| uri.path().starts_with(start));
    match is_hma {
        true => fault::Fault::from(problem).into_response(),
        false => problem.into_response(),
    }
}

/// The authorisation table of this interface. An address that is not here is closed.
pub(crate) static RULES: &[Rule] = &[
    rule(Method::GET, "/m/lookup", Who::Scope(Scope::Matcher)),
    rule(Method::POST, "/m/lookup", Who::Scope(Scope::Matcher)),
    rule(Method::GET, "/m/raw_lookup", Who::Scope(Scope::Matcher)),
    rule(Method::POST, "/m/compare", Who::Scope(Scope::Matcher)),
    rule(Method::GET, "/m/index/status", Who::Scope(Scope::Matcher)),
    rule(Method::GET, "/h/hash", Who::Scope(Scope::Hasher)),
    rule(Method::POST, "/h/hash", Who::Scope(Scope::Hasher)),
    rule(Method::GET, "/c/banks", Who::Scope(Scope::Curator)),
    rule(Method::POST, "/c/banks", Who::Scope(Scope::Curator)),
    rule(
        Method::GET,
        "/c/bank/{bank_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::PUT,
        "/c/bank/{bank_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::DELETE,
        "/c/bank/{bank_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::POST,
        "/c/bank/{bank_name}/content",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::POST,
        "/c/bank/{bank_name}/signal",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::GET,
        "/c/bank/{bank_name}/content/{content_id}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::PUT,
        "/c/bank/{bank_name}/content/{content_id}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::DELETE,
        "/c/bank/{bank_name}/content/{content_id}",
        Who::Scope(Scope::Curator),
    ),
    rule(Method::GET, "/c/exchanges/apis", Who::Scope(Scope::Curator)),
    rule(
        Method::GET,
        "/c/exchanges/api/{api_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::POST,
        "/c/exchanges/api/{api_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::GET,
        "/c/exchanges/api/{api_name}/schema",
        Who::Scope(Scope::Curator),
    ),
    rule(Method::GET, "/c/exchanges", Who::Scope(Scope::Curator)),
    rule(Method::POST, "/c/exchanges", Who::Scope(Scope::Curator)),
    rule(
        Method::GET,
        "/c/exchange/{exchange_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::PUT,
        "/c/exchange/{exchange_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::DELETE,
        "/c/exchange/{exchange_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::GET,
        "/c/exchange/{exchange_name}/status",
        Who::Scope(Scope::Curator),
    ),
    rule(Method::GET, "/c/signal_type", Who::Scope(Scope::Curator)),
    rule(
        Method::GET,
        "/c/signal_type/index",
        Who::Scope(Scope::Curator),
    ),
    rule(
        Method::PUT,
        "/c/signal_type/{signal_type_name}",
        Who::Scope(Scope::Curator),
    ),
    rule(Method::GET, "/c/content_type", Who::Scope(Scope::Curator)),
    rule(Method::GET, "/", Who::Anyone),
    rule(Method::GET, "/status", Who::Anyone),
    rule(Method::GET, "/status/live", Who::Anyone),
    rule(Method::GET, "/site-map", Who::Anyone),
    rule(Method::GET, "/openapi/openapi.json", Who::Anyone),
    rule(Method::GET, "/openapi/", Who::Anyone),
    rule(Method::GET, "/openapi/swagger", Who::Anyone),
];

/// What the document says beside its paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Open Media Match API",
        description = "The interface of HMA as Seawall serves it. Answers are for the platform \
            alone: a match, a distance or a bank's name is never shown to the uploader. \
            Errors are `{\"message\": …}`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Frame;

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
    fn what_is_open_tells_nothing_of_banks() {
        let open = RULES.iter().filter(|rule| rule.who == Who::Anyone);
        let open: Vec<_> = open.map(|rule| rule.path).collect();
        assert_eq!(
            open,
            [
                "/",
                "/status",
                "/status/live",
                "/site-map",
                "/openapi/openapi.json",
                "/openapi/",
                "/openapi/swagger"
            ]
        );
    }
}
