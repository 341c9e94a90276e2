//! The console: where people look at cases, as little as possible, and decide them.
//!
//! Server-rendered pages that work without scripts. Every page is sent with a policy that
//! allows nothing but this origin, and with `no-store`. What a person reads comes from the
//! catalogue in `locales/`; what a platform sent is shown as text and as nothing else.

mod assets;
mod audit;
mod body;
mod case;
mod case_view;
mod decision;
mod evidence;
mod exchange_acts;
mod exchange_view;
mod exchanges;
mod fault;
mod figures;
mod first_link;
mod headers;
mod page;
mod queue;
mod report;
mod reveal;
mod routes;
mod session;
mod sign_in;
mod texts;
mod tickets;
mod words;

#[cfg(test)]
mod exchange_tests;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::{from_fn, map_response_with_state};

use crate::App;
pub use routes::{ROUTES, RouteRule, Who};

/// The console's pages, over `app`.
///
/// The router is made from [`ROUTES`]: what is not in the authorisation table does not exist.
pub fn router(app: App) -> axum::Router {
    let console = Console {
        app,
        tickets: Arc::default(),
    };
    let routes = ROUTES.iter().fold(axum::Router::new(), |router, rule| {
        router.route(rule.path, (rule.handler)())
    });
    routes
        .fallback(async || fault::Fault::NotFound)
        .method_not_allowed_fallback(async || fault::Fault::NotAllowed)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn(headers::refuse_foreign_posts))
        .layer(map_response_with_state(console.clone(), fault::dress))
        .layer(axum::middleware::map_response(headers::protect))
        .with_state(console)
}

/// What the console's handlers share.
#[derive(Clone)]
struct Console {
    app: App,
    /// Pictures that may be fetched once.
    tickets: Arc<tickets::Tickets>,
}

impl FromRef<Console> for App {
    fn from_ref(console: &Console) -> Self {
        console.app.clone()
    }
}

/// Runs a use-case that waits for the disk, apart from the threads that serve requests.
async fn block<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<seawall_workflow::WorkflowError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(seawall_workflow::WorkflowError::Thread(error).into()),
    }
}

/// The longest form of the console is far below this.
const FORM_BYTES_MAX: usize = 64 * 1024;
