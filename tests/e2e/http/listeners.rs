//! Three listeners, each with its own routes; the names they answer to; what they send along.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::Scene;
use crate::support::{raw, status_of};

const LISTENERS: [&str; 3] = ["console", "api", "public"];

#[test]
fn no_route_answers_on_another_listener() {
    let scene = Scene::new();
    let console = [
        "/sign-in",
        "/queue",
        "/figures",
        "/audit",
        "/cases/1",
        "/first/x",
        "/static/console.css",
    ];
    let api = [
        "/api/v1/banks",
        "/api/v1/cases",
        "/api/v1/openapi.json",
        "/metrics",
        "/docs",
        "/readyz",
    ];
    for (paths, strangers) in [
        (&console[..], ["api", "public"]),
        (&api[..], ["console", "public"]),
    ] {
        for path in paths {
            for listener in strangers {
                let http = scene.server.http(listener);
                assert_eq!(http.get(path).status, 404, "{path} on {listener}");
                let posted = http.send("POST", path, &[], Some(b""));
                assert!(
                    [404, 405].contains(&posted.status),
                    "POST {path} on {listener}"
                );
            }
        }
    }
    let home = scene.server.http("public").get("/").expect(200);
    assert!(
        home.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    assert_eq!(home.header("set-cookie"), None);
    scene.server.http("public").get("/healthz").expect(200);
}

#[test]
fn the_console_asks_who_it_is() {
    let scene = Scene::new();
    let http = scene.server.http("console");
    for path in [
        "/queue",
        "/figures",
        "/audit",
        "/cases/00000000-0000-0000-0000-000000000000",
    ] {
        let answer = http.get(path).expect(303);
        assert_eq!(answer.header("location"), Some("/sign-in"), "{path}");
    }
    // A bearer token is no session.
    let secret = scene.installation.token(&["cases.read"]);
    let authorization = format!("Bearer {secret}");
    http.send("GET", "/queue", &[("authorization", &authorization)], None)
        .expect(303);
}

#[test]
fn only_own_names_are_answered() {
    let scene = Scene::with(&[("SEAWALL__LISTEN__HOSTS", r#"["seawall.example"]"#)]);
    for listener in LISTENERS {
        let address = scene.server.address(listener);
        let status = |host: &str| {
            let path = if listener == "console" {
                "/sign-in"
            } else {
                "/healthz"
            };
            let answer = raw(
                address,
                format!("GET {path} HTTP/1.1\r\n{host}connection: close\r\n\r\n").as_bytes(),
            );
            status_of(&answer)
        };
        for own in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1",
            "127.0.0.1:1",
            "[::1]:9",
            "seawall.example",
            "Seawall.Example:443",
        ] {
            assert_eq!(
                status(&format!("Host: {own}\r\n")),
                200,
                "{own} on {listener}"
            );
        }
        for other in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "",
            "seawall.example.evil",
            "\u{e4}",
        ] {
            let status = status(&format!("Host: {other}\r\n"));
            assert!(
                [421, 400].contains(&status),
                "{other} on {listener}: {status}"
            );
        }
        let status = status("");
        assert!(
            [421, 400].contains(&status),
            "no name on {listener}: {status}"
        );
    }
    scene
        .server
        .http("api")
        .send("GET", "/healthz", &[("host", "evil.example")], None)
        .problem(421, "misdirected");
}

#[test]
fn every_answer_is_sent_with_protecting_headers() {
    let scene = Scene::new();
    for (listener, path) in [
        ("api", "/healthz"),
        ("api", "/docs"),
        ("api", "/api/v1/banks"),
        ("api", "/nowhere"),
        ("public", "/"),
        ("public", "/nowhere"),
        ("console", "/sign-in"),
        ("console", "/nowhere"),
        ("console", "/queue"),
    ] {
        let answer = scene.server.http(listener).get(path);
        let header = |name| answer.header(name).unwrap_or_default();
        assert_eq!(
            header("x-content-type-options"),
            "nosniff",
            "{listener} {path}"
        );
        assert_eq!(
            header("referrer-policy"),
            "no-referrer",
            "{listener} {path}"
        );
        assert!(
            header("cache-control").contains("no-store"),
            "{listener} {path}"
        );
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'"),
            "{listener} {path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe-") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{listener} {path}"
        );
        assert_eq!(answer.header("server"), None, "{listener} {path}");
    }
}

#[test]
fn the_description_is_the_one_in_the_repository() {
    let scene = Scene::new();
    let served = scene
        .server
        .http("api")
        .get("/api/v1/openapi.json")
        .expect(200);
    assert_eq!(served.header("content-type"), Some("application/json"));
    let committed: Value = serde_json::from_str(COMMITTED).expect("the file is JSON");
    assert_eq!(served.json(), committed, "run `cargo xtask gen`");
    assert!(
        committed["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3."))
    );
}

const COMMITTED: &str = include_str!("../../../schemas/openapi.json");

#[test]
fn the_page_about_the_description_names_every_address() {
    let scene = Scene::new();
    let http = scene.server.http("api");
    let page = http.get("/docs").expect(200);
    let document = http.get("/api/v1/openapi.json").expect(200).json();
    for path in document["paths"]
        .as_object()
        .expect("a list of paths")
        .keys()
    {
        assert!(page.text().contains(path.as_str()), "{path}");
    }
    assert!(!page.text().contains("<script"), "it needs no script");
    let style = http.get("/docs.css").expect(200);
    assert!(
        style
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/css"))
    );
}

#[test]
fn health_is_told_without_a_token() {
    let scene = Scene::new();
    let http = scene.server.http("api");
    assert_eq!(http.get("/healthz").expect(200).text(), "ok");
    assert_eq!(http.get("/readyz").expect(200).text(), "ready");
}

/// A request that has begun is answered although the server was asked to end, and a connection
/// that waits for nothing holds nobody up.
#[test]
fn a_stop_lets_what_has_begun_end() {
    let scene = Scene::new();
    let secret = scene.installation.token(&["scan"]);
    let address = scene.server.address("api").replace("http://", "");
    let idle = TcpStream::connect(&address).expect("the listener takes connections");
    let mut begun = TcpStream::connect(&address).expect("the listener takes connections");
    let head = "POST /api/v1/scans?item_id=1 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 6\r\nexpect: 100-continue";
    let request = format!("{head}\r\nauthorization: Bearer {secret}\r\n\r\n");
    begun.write_all(request.as_bytes()).expect("sent");
    // The server asks for the body: it has begun to serve this request.
    let mut asked = [0; 25];
    begun.read_exact(&mut asked).expect("an interim answer");
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    let stopping = std::thread::spawn(move || scene.server.stop());
    begun.write_all(b"a text").expect("sent");
    let mut answer = String::new();
    begun
        .read_to_string(&mut answer)
        .expect("an answer, and the end");
    assert_eq!(status_of(&answer), 200, "{answer}");
    assert!(stopping.join().expect("it ends").success());
    drop(idle);
}
