//! HTTP: the native API, the console for reviewers, and the public listener.
//!
//! Three listeners with their own origins: no console route answers on another one, and the
//! Host header is checked. A handler extracts, authorises, calls one use-case of
//! `seawall-workflow` and maps the result; it decides nothing itself.

pub mod config;
pub mod console;

mod access_log;
mod api;
mod exchange_metrics;
mod guard;
mod hma;
mod lanes;
mod lingering;
mod listener;
mod metrics;
mod openapi;
mod patient;
mod places;
mod problem;
mod public;
mod quota;
mod serve;
mod stale;
mod state;

pub use openapi::{hma_openapi_json, openapi_json};
pub use serve::{Listening, ServeError, Server};
pub use state::{App, Face};
