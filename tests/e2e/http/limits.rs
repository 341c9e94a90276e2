//! How much is taken on: counts of callers, memory for bodies, ids of requests, the log.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::support::{DEADLINE, Installation, Server, eventually};

fn server(installation: &Installation, environment: &[(&str, &str)]) -> Server {
    let mut command = Server::command(installation, &["--drill"]);
    command.envs(environment.iter().copied());
    Server::spawn(&mut command, installation.path("server.log"))
}

#[test]
fn a_token_that_asks_too_often_is_told_when_to_come_again_and_no_other_is() {
    let installation = Installation::new();
    let server = server(&installation, &[("SEAWALL__CALLERS__PER_DAY", "3")]);
    let (first, second) = (
        server.api(&installation.token(&["banks.read", "matcher"])),
        server.api(&installation.token(&["banks.read"])),
    );
    for _ in 0..3 {
        first.get("/api/v1/banks").expect(200);
    }
    let refused = first.get("/api/v1/banks");
    let seconds = refused.header("retry-after").map(str::parse::<u32>);
    assert!(matches!(seconds, Some(Ok(1..=86_400))), "{refused:?}");
    refused.problem(429, "too_many_requests");
    let refused = first.get("/m/index/status").expect(429);
    assert!(refused.header("retry-after").is_some() && refused.json()["message"].is_string());
    second.get("/api/v1/banks").expect(200);
    first.get("/healthz").expect(200);
}

#[test]
fn while_uploads_fill_their_memory_lookups_and_health_are_answered() {
    let installation = Installation::new();
    let environment = [
        ("SEAWALL__DECODE__LIMITS__BYTES_MAX", "1000000"),
        ("SEAWALL__LOAD__UPLOAD_MEMORY_BYTES", "2100000"),
        ("SEAWALL__LOAD__BODY_PAUSE_MS", "60000"),
    ];
    let server = server(&installation, &environment);
    let secret = installation.token(&["scan", "matcher", "hasher", "banks.write"]);
    let api = server.api(&secret);
    api.bank("DEMO");
    // Two callers begin to send a megabyte each, and stop short of its end.
    let address = server.address("api").trim_start_matches("http://");
    let begin = |item: usize| begin_upload(address, &secret, item);
    let mut slow = [begin(0), begin(1)];
    let body = vec![0; 900_000];
    let mut refusals = 0;
    let busy = eventually("memory is taken", DEADLINE, || {
        let answer = api.scan("late", &body);
        // Whoever came while this one was in was refused itself, and begins anew.
        for (item, stream) in slow.iter_mut().enumerate() {
            if is_answered(stream) {
                *stream = begin(item);
            }
        }
        // Once may be because all three came together; what they had is then free again.
        refusals = if answer.status == 503 {
            refusals + 1
        } else {
            0
        };
        (refusals == 3).then_some(answer)
    });
    assert_eq!(busy.header("retry-after"), Some("1"));
    busy.problem(503, "busy");
    // It is told so at once, also where it pauses.
    let mut pausing = begin_upload(address, &secret, 9);
    let time = Some(Duration::from_secs(5));
    pausing.set_read_timeout(time).expect("a socket");
    let mut answer = [0; 12];
    pausing.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 503");
    let look_up = json!({ "hashes": [{ "algorithm": "md5", "value": "0".repeat(32) }] });
    api.post("/api/v1/lookups", &look_up).expect(200);
    // By address, and not by what a caller calls its body.
    let plain = [("content-type", "application/x-www-form-urlencoded")];
    let text = look_up.to_string();
    api.send("POST", "/api/v1/lookups", &plain, Some(text.as_bytes()))
        .expect(200);
    let json = [("content-type", "application/json")];
    api.send("POST", "/api/v1/banks/DEMO/import", &json, Some(&body))
        .problem(503, "busy");
    let signal = "0f".repeat(32);
    api.get(&format!("/m/lookup?signal={signal}&signal_type=pdq"))
        .expect(200);
    api.get("/readyz").expect(200);
    // Who sends on is answered, and what it took is free again.
    for mut stream in slow {
        stream.set_nonblocking(false).expect("a socket");
        stream.write_all(&[0]).expect("a connection");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    api.scan("late", &body).expect(200);
}

/// Sends a megabyte but for its last byte.
fn begin_upload(address: &str, secret: &str, item: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a server");
    let head = format!(
        "POST /api/v1/scans?item_id=slow-{item} HTTP/1.1\r\nhost: localhost\r\n\
         authorization: Bearer {secret}\r\ncontent-type: application/octet-stream\r\n\
         content-length: 1000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a connection");
    stream.write_all(&vec![0; 999_999]).expect("a connection");
    stream
}

fn is_answered(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    stream.peek(&mut [0]).is_ok()
}

/// As somebody would who wants nobody else to be heard: from one address, many times as many
/// connections as it may have.
#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let installation = Installation::new();
    let environment = [
        ("SEAWALL__LOAD__CONNECTIONS", "16"),
        ("SEAWALL__LOAD__CONNECTIONS_PER_ADDRESS", "16"),
    ];
    let server = server(&installation, &environment);
    let api = server.api(&installation.token(&["matcher"]));
    let address = server.address("api").trim_start_matches("http://");
    let silent: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(address).expect("a server"))
        .collect();
    api.get("/m/index/status").expect(200);
    for path in ["/status/live", "/healthz", "/readyz"] {
        server.http("api").get(path).expect(200);
    }
    drop(silent);
}

#[test]
fn a_request_keeps_its_id_and_the_log_has_it_without_names_and_hashes() {
    let installation = Installation::new();
    let server = server(&installation, &[("SEAWALL__LOG__ACCESS", "all")]);
    let api = server.api(&installation.token(&["matcher", "banks.read"]));
    let signal = "0f".repeat(32);
    let path = format!("/m/lookup?signal={signal}&signal_type=pdq");
    let answer = api
        .send("GET", &path, &[("x-request-id", "mine-1")], None)
        .expect(200);
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    let other = api.get("/api/v1/banks/SOMEBODYS");
    assert!(other.header("x-request-id").is_some_and(|id| id.len() > 16));
    let log = server.log();
    assert!(
        log.contains("mine-1") && log.contains("/api/v1/banks/{name}"),
        "{log}"
    );
    assert!(
        !log.contains(&signal) && !log.contains("SOMEBODYS"),
        "{log}"
    );
}
