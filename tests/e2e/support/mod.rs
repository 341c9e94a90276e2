//! What the end-to-end tests share: an installation in a folder of its own, a server on free
//! ports, and clients for its listeners. Everything stays on loopback.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses its own part of this module"
)]

mod console;
mod http;
mod installation;
mod partner;
mod server;
pub(crate) mod sim;
mod stand_in;
mod webdriver;
mod webhook;

pub(crate) use console::{Console, csrf};
pub(crate) use http::{Answer, Api, Http, raw, raw_cut, status_of};
pub(crate) use installation::{Installation, Run, seawall};
pub(crate) use partner::Partner;
pub(crate) use server::Server;
pub(crate) use sim::Sim;
pub(crate) use stand_in::StandIn;
pub(crate) use webdriver::{Browser, key};
pub(crate) use webhook::{Delivery, WebhookReceiver};

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest time that anything here is waited for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Asks until `look` finds something, for at most `limit`. For what another process does on
/// its own time; every look is a question to it, so nothing has to sleep.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::yield_now();
    }
}

/// A file of the reference's test data, as its path under `SEAWALL_REFERENCE_DATA`; `None`,
/// said aloud, where the data is not there.
pub(crate) fn reference(path: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("SEAWALL_REFERENCE_DATA") else {
        eprintln!("skipped: SEAWALL_REFERENCE_DATA is not set");
        return None;
    };
    Some(PathBuf::from(folder).join(path))
}

/// Whether what a test needs is there. Where it is not, that is said and the test skipped; but
/// under `cargo xtask test`, which installs it (`SEAWALL_TESTS_SKIP` is then what it could not
/// install), the test fails.
#[track_caller]
pub(crate) fn is_there(name: &str, is_there: bool) -> bool {
    if is_there {
        return true;
    }
    if let Ok(absent) = std::env::var("SEAWALL_TESTS_SKIP") {
        let may_be_absent = absent.split(',').any(|absent| absent == name);
        assert!(may_be_absent, "`{name}` is not installed, and was to be");
    }
    eprintln!("skipped: `{name}` is not installed");
    false
}
