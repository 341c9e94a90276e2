//! `/`, `/status`, `/status/live`, `/site-map` and the description.

use std::collections::BTreeSet;

use crate::{Scene, keys};

#[test]
fn the_three_exempt_addresses_and_the_description_answer_without_a_token() {
    let scene = Scene::new();
    let http = scene.server.http("api");
    let root = http.get("/").expect(302);
    assert_eq!(root.header("location"), Some("/status"));
    for path in ["/status", "/status/live"] {
        let answer = http.get(path).expect(200);
        assert_eq!(answer.text(), "I-AM-ALIVE");
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/html"), "{kind}");
    }
    for path in ["/openapi/", "/openapi/swagger"] {
        let answer = http.get(path).expect(302);
        assert_eq!(answer.header("location"), Some("/openapi/openapi.json"));
    }

    let map = http.get("/site-map").expect(200).json();
    let map: Vec<&str> = map
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|path| path.as_str())
        .collect();
    assert!(map.is_sorted());
    let document = http.get("/openapi/openapi.json").expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "Open Media Match API");
    let described: BTreeSet<String> = keys(&document["paths"])
        .into_iter()
        .map(|path| path.replace('{', "<").replace('}', ">"))
        .collect();
    let mapped: BTreeSet<String> = map.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(mapped, described);
}

#[test]
fn the_description_knows_the_query_and_the_forms_of_posts() {
    let scene = Scene::new();
    let document = scene
        .server
        .http("api")
        .get("/openapi/openapi.json")
        .expect(200)
        .json();
    for path in ["/m/lookup", "/h/hash"] {
        let post = &document["paths"][path]["post"];
        let names: Vec<_> = post["parameters"]
            .as_array()
            .expect("parameters")
            .iter()
            .map(|parameter| &parameter["name"])
            .collect();
        assert!(names.iter().any(|name| *name == "types"), "{path}");
        assert!(
            post["requestBody"]["content"]["multipart/form-data"].is_object(),
            "{path}"
        );
    }
    let ids = document["paths"].as_object().expect("paths").values();
    let ids = ids.flat_map(|item| item.as_object().expect("methods").values());
    let ids: Vec<_> = ids
        .map(|method| method["operationId"].to_string())
        .collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    let committed = include_str!("../../../schemas/hma-openapi.json");
    let committed: serde_json::Value = serde_json::from_str(committed).expect("JSON");
    assert!(document == committed, "run `cargo xtask gen`");
}
