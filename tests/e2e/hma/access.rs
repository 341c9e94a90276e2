//! Who may call: roles, the exempt addresses, and networks that are trusted.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Http, eventually};
use crate::{ROLES, Scene, message, pdq, post_photo};

/// The role that each address needs, written down once more, apart from the server's table.
const NEEDED: [(&str, &str, Option<&str>); 38] = [
    ("GET", "/c/banks", Some("curator")),
    ("POST", "/c/banks", Some("curator")),
    ("GET", "/c/bank/{bank_name}", Some("curator")),
    ("PUT", "/c/bank/{bank_name}", Some("curator")),
    ("DELETE", "/c/bank/{bank_name}", Some("curator")),
    ("POST", "/c/bank/{bank_name}/content", Some("curator")),
    ("POST", "/c/bank/{bank_name}/signal", Some("curator")),
    (
        "GET",
        "/c/bank/{bank_name}/content/{content_id}",
        Some("curator"),
    ),
    (
        "PUT",
        "/c/bank/{bank_name}/content/{content_id}",
        Some("curator"),
    ),
    (
        "DELETE",
        "/c/bank/{bank_name}/content/{content_id}",
        Some("curator"),
    ),
    ("GET", "/c/exchanges/apis", Some("curator")),
    ("GET", "/c/exchanges/api/{api_name}", Some("curator")),
    ("POST", "/c/exchanges/api/{api_name}", Some("curator")),
    ("GET", "/c/exchanges/api/{api_name}/schema", Some("curator")),
    ("GET", "/c/exchanges", Some("curator")),
    ("POST", "/c/exchanges", Some("curator")),
    ("GET", "/c/exchange/{exchange_name}", Some("curator")),
    ("PUT", "/c/exchange/{exchange_name}", Some("curator")),
    ("DELETE", "/c/exchange/{exchange_name}", Some("curator")),
    ("GET", "/c/exchange/{exchange_name}/status", Some("curator")),
    ("GET", "/c/signal_type", Some("curator")),
    ("GET", "/c/signal_type/index", Some("curator")),
    ("PUT", "/c/signal_type/{signal_type_name}", Some("curator")),
    ("GET", "/c/content_type", Some("curator")),
    ("GET", "/h/hash", Some("hasher")),
    ("POST", "/h/hash", Some("hasher")),
    ("GET", "/m/lookup", Some("matcher")),
    ("POST", "/m/lookup", Some("matcher")),
    ("GET", "/m/raw_lookup", Some("matcher")),
    ("POST", "/m/compare", Some("matcher")),
    ("GET", "/m/index/status", Some("matcher")),
    ("GET", "/", None),
    ("GET", "/status", None),
    ("GET", "/status/live", None),
    ("GET", "/site-map", None),
    ("GET", "/openapi/openapi.json", None),
    ("GET", "/openapi/", None),
    ("GET", "/openapi/swagger", None),
];

fn described(http: &Http) -> Vec<(String, String)> {
    let document = http.get("/openapi/openapi.json").expect(200).json();
    let paths = document["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let methods = item.as_object().expect("methods").keys();
        let methods =
            methods.filter(|key| ["get", "post", "put", "delete", "patch"].contains(&key.as_str()));
        methods
            .map(|method| (method.to_uppercase(), path.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

/// The path of something that is not there.
fn filled(path: &str) -> String {
    path.replace("{bank_name}", "NOBODY")
        .replace("{content_id}", "7")
        .replace("{exchange_name}", "NOBODY")
        .replace("{api_name}", "none")
        .replace("{signal_type_name}", "pdq")
}

#[test]
fn each_address_opens_for_its_role_and_for_no_other() {
    let scene = Scene::new();
    let http = scene.server.http("api");
    let mut described = described(&http);
    described.sort();
    let known = NEEDED
        .iter()
        .map(|row| (row.0.to_owned(), row.1.to_owned()));
    let mut known: Vec<_> = known.collect();
    known.sort();
    assert_eq!(described, known);

    let apis = ROLES.map(|role| (role, scene.server.api(&scene.installation.token(&[role]))));
    for (method, path, needed) in NEEDED {
        let body = matches!(method, "POST" | "PUT").then_some(&b"{}"[..]);
        let open = http.send(method, &filled(path), &[], body);
        let Some(needed) = needed else {
            assert!(matches!(open.status, 200 | 302), "{method} {path}");
            continue;
        };
        assert_eq!(
            open.header("www-authenticate"),
            Some("Bearer"),
            "{method} {path}"
        );
        assert_eq!(message(open, 401), "Authentication required");
        for (role, api) in &apis {
            let answer = api.send(method, &filled(path), &[], body);
            if *role == needed && path != "/m/lookup" {
                let refused = [401, 403].contains(&answer.status) || answer.status >= 500;
                assert!(!refused, "{method} {path} as {role}: {}", answer.status);
            } else if *role != needed {
                assert!(
                    message(answer, 403).contains("missing role"),
                    "{method} {path}"
                );
            }
        }
    }
    // The scopes of the native interface are no roles.
    assert!(message(scene.native.get("/m/index/status"), 403).contains("missing role"));
}

#[test]
fn a_lookup_that_hashes_first_needs_the_role_hasher_too() {
    let scene = Scene::new();
    let matcher = scene.server.api(&scene.installation.token(&["matcher"]));
    let signal = format!("/m/lookup?signal_type=pdq&signal={}", pdq(0));
    matcher.get(&signal).expect(200);
    let url = "/m/lookup?url=http%3A%2F%2Fexample.org%2Fa.jpg";
    assert!(message(matcher.get(url), 403).contains("missing role"));
    assert!(message(post_photo(&matcher, "/m/lookup", b"x"), 403).contains("missing role"));
}

#[test]
fn a_revoked_token_stops_within_a_second_and_a_guess_never_works() {
    let scene = Scene::new();
    let made = scene.installation.run([
        "token", "create", "--name", "short", "--scope", "matcher", "--json",
    ]);
    let made = made.exits(0).json();
    let text = |key: &str| made[key].as_str().expect("a text").to_owned();
    let api = scene.server.api(&text("secret"));
    let path = "/m/index/status";
    for _ in 0..3 {
        api.get(path).expect(200);
    }
    scene
        .installation
        .run(["token", "revoke", &text("id")])
        .exits(0);
    eventually("the token stops", Duration::from_secs(1), || {
        (api.get(path).status == 401).then_some(())
    });
    assert_eq!(
        message(scene.server.api("guess").get(path), 401),
        "Authentication required"
    );
}

#[test]
fn a_trusted_network_is_let_in_for_its_roles_alone_and_loudly() {
    let scene = Scene::with(&[
        ("SEAWALL__HMA__TRUST", "[\"hasher\", \"matcher\"]"),
        ("SEAWALL__HMA__TRUSTED_NETWORKS", "[\"127.0.0.0/8\"]"),
    ]);
    let http = scene.server.http("api");
    let lookup = format!("/m/lookup?signal_type=pdq&signal={}", pdq(0));
    http.get(&lookup).expect(200);
    assert!(message(http.get("/h/hash"), 400).contains("url"));
    // A token that is bad is refused wherever it comes from, and the native interface trusts
    // nobody.
    let bad = scene.server.api("guess").get(&lookup);
    assert_eq!(message(bad, 401), "Authentication required");
    http.get("/api/v1/banks").problem(401, "unauthorized");
    assert!(scene.server.log().contains("WITHOUT A TOKEN"));
    let page = scene.server.http("console").get("/sign-in").expect(200);
    assert!(
        page.text()
            .contains("programs in trusted networks may act as hasher, matcher")
    );
}

#[test]
fn a_network_is_told_by_the_connection_and_not_by_what_a_header_says() {
    let scene = Scene::with(&[
        ("SEAWALL__HMA__TRUST", "[\"matcher\"]"),
        ("SEAWALL__HMA__TRUSTED_NETWORKS", "[\"10.0.0.0/8\"]"),
    ]);
    let claims = [
        ("x-forwarded-for", "10.0.0.7"),
        ("forwarded", "for=10.0.0.7"),
        ("x-real-ip", "10.0.0.7"),
    ];
    let http = scene.server.http("api");
    let answer = http.send("GET", "/m/index/status", &claims, None);
    assert_eq!(message(answer, 401), "Authentication required");
}

#[test]
fn trust_is_off_and_says_nothing_unless_it_is_asked_for() {
    let scene = Scene::new();
    assert!(!scene.server.log().contains("WITHOUT A TOKEN"));
    let page = scene.server.http("console").get("/sign-in").expect(200);
    assert!(!page.text().contains("trusted networks"));
    for half in [
        ("SEAWALL__HMA__TRUST", "[\"matcher\"]"),
        ("SEAWALL__HMA__TRUSTED_NETWORKS", "[\"10.0.0.0/8\"]"),
    ] {
        let mut command = scene.installation.command(["config", "check"]);
        let run = crate::support::Run::of(command.env(half.0, half.1));
        assert_ne!(run.code, 0, "{half:?}");
    }
}
