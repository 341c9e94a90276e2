//! Who may call what: every address of the description, with every scope and with none.

use serde_json::Value;

use crate::support::{Api, Http, raw, status_of};
use crate::{SCOPES, Scene};

/// The scope that each address needs, written down once more, apart from the server's table.
const NEEDED: [(&str, &str, Option<&str>); 41] = [
    ("POST", "/api/v1/scans", Some("scan")),
    ("POST", "/api/v1/lookups", Some("scan")),
    ("POST", "/api/v1/lookups/files", Some("scan")),
    ("GET", "/api/v1/banks", Some("banks.read")),
    ("POST", "/api/v1/banks", Some("banks.write")),
    ("GET", "/api/v1/banks/{name}", Some("banks.read")),
    ("PATCH", "/api/v1/banks/{name}", Some("banks.write")),
    ("DELETE", "/api/v1/banks/{name}", Some("banks.write")),
    ("GET", "/api/v1/banks/{name}/contents", Some("banks.read")),
    ("POST", "/api/v1/banks/{name}/contents", Some("banks.write")),
    (
        "DELETE",
        "/api/v1/banks/{name}/contents/{id}",
        Some("banks.write"),
    ),
    ("POST", "/api/v1/banks/{name}/pictures", Some("banks.write")),
    ("POST", "/api/v1/banks/{name}/import", Some("banks.write")),
    ("GET", "/api/v1/banks/{name}/lists", Some("banks.read")),
    (
        "PATCH",
        "/api/v1/banks/{name}/lists/{list}",
        Some("banks.write"),
    ),
    (
        "DELETE",
        "/api/v1/banks/{name}/lists/{list}",
        Some("banks.write"),
    ),
    ("GET", "/api/v1/exchanges", Some("banks.read")),
    ("DELETE", "/api/v1/exchanges/{name}", Some("banks.write")),
    ("GET", "/api/v1/exchanges/{name}", Some("banks.read")),
    ("POST", "/api/v1/exchanges/{name}/run", Some("banks.write")),
    (
        "POST",
        "/api/v1/exchanges/{name}/reconcile",
        Some("banks.write"),
    ),
    (
        "POST",
        "/api/v1/exchanges/{name}/pause",
        Some("banks.write"),
    ),
    (
        "POST",
        "/api/v1/exchanges/{name}/resume",
        Some("banks.write"),
    ),
    (
        "POST",
        "/api/v1/exchanges/{name}/allow-missing",
        Some("banks.write"),
    ),
    ("GET", "/api/v1/exchanges/{name}/held", Some("banks.read")),
    (
        "POST",
        "/api/v1/exchanges/{name}/held/{id}/release",
        Some("banks.write"),
    ),
    ("GET", "/api/v1/exchanges/{name}/page", Some("banks.read")),
    ("GET", STREAM, Some("cases.read")),
    ("GET", "/api/v1/cases", Some("cases.read")),
    ("GET", "/api/v1/cases/{id}", Some("cases.read")),
    ("GET", "/api/v1/seen", Some("seen.read")),
    ("POST", "/api/v1/seen/lookups", Some("seen.read")),
    ("DELETE", "/api/v1/seen/{item_id}", Some("seen.write")),
    ("GET", "/api/v1/figures", Some("figures.read")),
    ("GET", "/api/v1/audit", Some("figures.read")),
    ("GET", "/api/v1/openapi.json", None),
    ("GET", "/docs", None),
    ("GET", "/docs.css", None),
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
    ("GET", "/metrics", None),
];

/// The body of its answer has no end.
const STREAM: &str = "/api/v1/matches/stream";

/// Every method and path that the server describes.
fn described(http: &Http) -> Vec<(String, String)> {
    let document = http.get("/api/v1/openapi.json").expect(200).json();
    let paths = document["paths"].as_object().expect("a list of paths");
    let methods = |(path, item): (&String, &Value)| {
        let item = item.as_object().expect("a path's methods");
        let methods = item.keys().filter(|key| METHODS.contains(&key.as_str()));
        methods
            .map(|method| (method.to_uppercase(), path.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

const METHODS: [&str; 8] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace",
];

/// The path of something that is not there.
fn filled(path: &str) -> String {
    path.replace("{name}", "NOBODY")
        .replace("{id}", "7")
        .replace("{item_id}", "nothing")
        .replace("{list}", "none")
}

fn needed(method: &str, path: &str) -> Option<&'static str> {
    let row = NEEDED.iter().find(|row| (row.0, row.1) == (method, path));
    row.unwrap_or_else(|| panic!("{method} {path} is not in this test's table"))
        .2
}

/// A body where the method takes one, none else.
fn body_of(method: &str) -> Option<&'static [u8]> {
    matches!(method, "POST" | "PATCH").then_some(b"{}")
}

#[test]
fn every_described_address_is_in_the_table_and_the_other_way_round() {
    let scene = Scene::new();
    let mut described = described(&scene.server.http("api"));
    described.sort();
    let mut known: Vec<_> = NEEDED
        .iter()
        .map(|row| (row.0.to_owned(), row.1.to_owned()))
        .collect();
    known.sort();
    assert_eq!(described, known);
}

#[test]
fn without_a_token_only_what_is_open_answers() {
    let scene = Scene::new();
    let http = scene.server.http("api");
    for (method, path) in described(&http) {
        let answer = http.send(&method, &filled(&path), &[], body_of(&method));
        if needed(&method, &path).is_none() {
            answer.expect(200);
            continue;
        }
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer"),
            "{method} {path}"
        );
        answer.problem(401, "unauthorized");
    }
}

#[test]
fn a_token_opens_what_its_scope_is_for_and_nothing_else() {
    let scene = Scene::new();
    let http = scene.server.http("api");
    let apis: Vec<(&str, Api)> = SCOPES
        .iter()
        .map(|&scope| (scope, scene.server.api(&scene.installation.token(&[scope]))))
        .collect();
    for (method, path) in described(&http) {
        let Some(scope) = needed(&method, &path) else {
            continue;
        };
        for (held, api) in &apis {
            // HEAD is GET without the body.
            let is_endless = path == STREAM && *held == scope;
            let method = if is_endless { "HEAD" } else { &method };
            let answer = api.send(method, &filled(&path), &[], body_of(method));
            if *held == scope {
                let refused = [401, 403].contains(&answer.status) || answer.status >= 500;
                assert!(!refused, "{method} {path} with {held}: {}", answer.status);
            } else {
                let problem = answer.problem(403, "forbidden");
                let detail = problem["detail"].as_str().unwrap_or_default();
                assert!(
                    detail.ends_with(scope),
                    "{method} {path} with {held}: {detail}"
                );
            }
        }
    }
}

#[test]
fn what_is_no_bearer_token_is_refused() {
    let scene = Scene::new();
    let secret = scene.installation.token(&["banks.read"]);
    let get = |authorization: &str| {
        let rest =
            format!("host: localhost\r\nauthorization: {authorization}\r\nconnection: close");
        let request = format!("GET /api/v1/banks HTTP/1.1\r\n{rest}\r\n\r\n");
        status_of(&raw(scene.server.address("api"), request.as_bytes()))
    };
    for accepted in [
        format!("Bearer {secret}"),
        format!("bearer {secret}"),
        format!("BEARER  {secret} "),
    ] {
        assert_eq!(get(&accepted), 200);
    }
    let shorter = &secret[..secret.len() - 1];
    for refused in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Basic YTpi",
        &secret,
        &format!("Token {secret}"),
        &format!("Bearer {shorter}"),
        &format!("Bearer {secret}A"),
        &format!("Bearer {}", secret.to_lowercase()),
        "Bearer ' OR 1=1 --",
        "Bearer \u{e4}",
    ] {
        assert_eq!(get(refused), 401, "{refused}");
    }
    let http = scene.server.http("api");
    // A secret in the address is no credential: addresses are logged by proxies.
    http.get(&format!("/api/v1/banks?access_token={secret}"))
        .problem(401, "unauthorized");
    let cookie = format!("seawall_session={secret}");
    http.send("GET", "/api/v1/banks", &[("cookie", &cookie)], None)
        .problem(401, "unauthorized");
}

#[test]
fn other_methods_and_other_addresses_are_closed() {
    let scene = Scene::new();
    for method in ["PUT", "DELETE", "PATCH"] {
        let body = (method != "DELETE").then_some(&b"{}"[..]);
        let answer = scene.api.send(method, "/api/v1/scans", &[], body);
        answer.problem(405, "method_not_allowed");
    }
    for path in [
        "/api",
        "/api/v1",
        "/api/v2/banks",
        "/api/v1/banks/",
        "/api/v1/users",
        "/index.html",
    ] {
        scene.api.get(path).problem(404, "not_found");
    }
}

#[test]
fn head_is_answered_as_get_without_a_body() {
    let scene = Scene::new();
    let http = scene.server.http("api");
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = http.send("HEAD", path, &[], None).expect(200);
        assert!(answer.bytes.is_empty(), "{path}");
    }
    http.send("HEAD", "/api/v1/banks", &[], None).expect(401);
    scene
        .api
        .send("HEAD", "/api/v1/banks", &[], None)
        .expect(200);
    let other = scene.server.api(&scene.installation.token(&["scan"]));
    other.send("HEAD", "/api/v1/banks", &[], None).expect(403);
}
