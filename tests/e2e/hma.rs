//! The interface for clients of HMA, on the real binary: each row, shape and code of it.

#[path = "hma/access.rs"]
mod access;
#[path = "hma/bad_input.rs"]
mod bad_input;
#[path = "hma/banks.rs"]
mod banks;
#[path = "hma/clients.rs"]
mod clients;
#[path = "hma/contents.rs"]
mod contents;
#[path = "hma/exchanges.rs"]
mod exchanges;
#[path = "hma/faults.rs"]
mod faults;
#[path = "hma/hashing.rs"]
mod hashing;
#[path = "hma/matching.rs"]
mod matching;
#[path = "hma/moving.rs"]
mod moving;
#[path = "hma/moving_dry_run.rs"]
mod moving_dry_run;
#[path = "hma/moving_sql.rs"]
mod moving_sql;
#[path = "hma/soak.rs"]
mod soak;
#[path = "hma/status.rs"]
mod status;
mod support;
#[path = "hma/types.rs"]
mod types;
#[path = "hma/urls.rs"]
mod urls;

use serde_json::Value;
use support::{Answer, Api, Installation, Server};

/// An installation, its server, a client of HMA with every role, and one of the native
/// interface.
struct Scene {
    installation: Installation,
    server: Server,
    hma: Api,
    native: Api,
}

impl Scene {
    fn new() -> Self {
        Self::with(&[])
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
        let hma = server.api(&installation.token(&ROLES));
        let native = server.api(&installation.token(&["scan", "banks.read", "banks.write"]));
        Self {
            installation,
            server,
            hma,
            native,
        }
    }
}

const ROLES: [&str; 3] = ["hasher", "matcher", "curator"];

/// A form with these parts: name, file name if it is a file, bytes.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let file = file
            .map(|file| format!("; filename=\"{file}\""))
            .unwrap_or_default();
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// Posts a form with these parts.
#[track_caller]
fn post_form(api: &Api, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answer {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    api.send("POST", path, &[("content-type", &kind)], Some(&form(parts)))
}

/// Posts one picture.
#[track_caller]
fn post_photo(api: &Api, path: &str, picture: &[u8]) -> Answer {
    post_form(api, path, &[("photo", Some("a.png"), picture)])
}

const BOUNDARY: &str = "seam-7d1b2c";

/// The `message` of a failure with this status, which has HMA's shape.
#[track_caller]
fn message(answer: Answer, status: u16) -> String {
    let body = answer.expect(status).json();
    let message = body["message"].as_str();
    message.expect("a failure has a message").to_owned()
}

/// 256 bits, half of them ones, with so many of them turned.
fn pdq(turned: usize) -> String {
    let nibble = |place: usize| {
        let ones = turned.saturating_sub(place * 4).min(4);
        format!("{:x}", 0xA ^ ((1 << ones) - 1))
    };
    (0..64).map(nibble).collect()
}

/// The keys of an object, in order.
#[track_caller]
fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
