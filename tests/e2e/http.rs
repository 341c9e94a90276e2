//! The native API, and what the three listeners answer, on the real binary.

#[path = "http/authorisation.rs"]
mod authorisation;
#[path = "http/bad_input.rs"]
mod bad_input;
#[path = "http/banks.rs"]
mod banks;
#[path = "http/cases.rs"]
mod cases;
#[path = "http/exceptions.rs"]
mod exceptions;
#[path = "http/exchanges.rs"]
mod exchanges;
#[path = "http/files.rs"]
mod files;
#[path = "http/form.rs"]
mod form;
#[path = "http/kept.rs"]
mod kept;
#[path = "http/limits.rs"]
mod limits;
#[path = "http/listeners.rs"]
mod listeners;
#[path = "http/lists.rs"]
mod lists;
#[path = "http/scans.rs"]
mod scans;
#[path = "http/seen.rs"]
mod seen;
mod support;

use serde_json::Value;
use support::{Api, Installation, Server};

/// An installation, its server, and a client that may do everything.
struct Scene {
    installation: Installation,
    server: Server,
    api: Api,
}

impl Scene {
    fn new() -> Self {
        let installation = Installation::new();
        let server = installation.serve();
        Self::of(installation, server)
    }

    /// With the environment saying something about the configuration.
    fn with(environment: &[(&str, &str)]) -> Self {
        let installation = Installation::new();
        let mut command = Server::command(&installation, &["--drill"]);
        command.envs(environment.iter().copied());
        let server = Server::spawn(&mut command, installation.path("server.log"));
        Self::of(installation, server)
    }

    fn of(installation: Installation, server: Server) -> Self {
        let api = server.api(&installation.token(&SCOPES));
        Self {
            installation,
            server,
            api,
        }
    }
}

/// Every scope that there is.
const SCOPES: [&str; 8] = [
    "scan",
    "banks.read",
    "banks.write",
    "banks.export",
    "cases.read",
    "figures.read",
    "seen.read",
    "seen.write",
];

/// The keys of an object, in order.
#[track_caller]
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// The members of an object with these names, in this order.
fn pick<const N: usize>(value: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| value[name].clone())
}

#[test]
fn a_server_listens_answers_and_drains() {
    let scene = Scene::new();
    assert_eq!(
        scene.server.http("api").get("/healthz").expect(200).text(),
        "ok"
    );
    assert!(scene.server.stop().success());
}
