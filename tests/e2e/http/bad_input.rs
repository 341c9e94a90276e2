//! Nothing that a caller sends is answered with a fault of the server's: every refusal is a
//! problem document with a code, and the server goes on.

use std::io::{Read, Write};
use std::net::TcpStream;

use seawall_testkit::{picture, png};
use serde_json::json;

use crate::Scene;
use crate::form::{self, KIND};
use crate::support::{Answer, raw, raw_cut, status_of};

const CONTEXT: &str = "seawall-context";

/// Every refusal has a status of the 400s, is a problem document and has a code.
#[track_caller]
fn refused(answer: Answer, status: u16, code: &str, what: &str) {
    assert_eq!(
        answer.status,
        status,
        "{what}: {}",
        String::from_utf8_lossy(&answer.bytes)
    );
    let body = answer.problem(status, code);
    let kind = format!("urn:seawall:problem:{code}");
    assert_eq!(
        (&body["type"], body["title"].is_string()),
        (&json!(kind), true),
        "{what}: {body}"
    );
}

const BANKS: &str = "/api/v1/banks";
const BANK: &str = "/api/v1/banks/DEMO";
const CONTENTS: &str = "/api/v1/banks/DEMO/contents";
const LOOKUPS: &str = "/api/v1/lookups";

/// Bodies that are no JSON, or not the JSON that is asked for.
const BAD_JSON: [(&str, &str); 24] = [
    (BANKS, ""),
    (BANKS, "{"),
    (BANKS, "nonsense"),
    (BANKS, "[]"),
    (BANKS, "null"),
    (BANKS, "{}"),
    (BANKS, r#"{"name":7}"#),
    (BANKS, r#"{"name":null}"#),
    (BANKS, r#"{"name":"A","colour":1}"#),
    (BANKS, r#"{"name":"A","name":"B"}"#),
    (BANKS, r#"{"name":"A"} {"name":"B"}"#),
    (BANKS, r#"{"name":"A","threshold":-1}"#),
    (BANKS, r#"{"name":"A","threshold":1.5}"#),
    (BANKS, r#"{"name":"A","threshold":65536}"#),
    (BANKS, r#"{"name":"A","enabled":"yes"}"#),
    (BANKS, r#"{"name":"\ud800"}"#),
    (BANKS, "{\"name\":\"A\u{0}\"}"),
    (CONTENTS, r#"{"hashes":{}}"#),
    (CONTENTS, r#"{"note":1,"hashes":[]}"#),
    (CONTENTS, r#"{"hashes":[{"algorithm":"crc","value":"12"}]}"#),
    (
        CONTENTS,
        r#"{"hashes":[{"algorithm":"pdq","value":"12","quality":256}]}"#,
    ),
    (LOOKUPS, r#"{"hashes":[{"value":"12"}]}"#),
    (LOOKUPS, r#"{"hashes":[{"algorithm":"md5","value":12}]}"#),
    (LOOKUPS, r#"{"hashes":"all"}"#),
];

/// JSON of the right form whose values cannot be.
const BAD_VALUES: [(&str, &str, &str); 12] = [
    (BANKS, r#"{"name":"A","threshold":257}"#, "bad_parameter"),
    (BANKS, r#"{"name":""}"#, "bad_name"),
    (BANKS, r#"{"name":"lower"}"#, "bad_name"),
    (BANKS, r#"{"name":"1ST"}"#, "bad_name"),
    (BANKS, r#"{"name":"A B"}"#, "bad_name"),
    (BANKS, r#"{"name":"A\u0000"}"#, "bad_name"),
    (BANKS, r#"{"name":"ÄRGER"}"#, "bad_name"),
    (CONTENTS, r#"{"hashes":[]}"#, "bad_hash"),
    (
        CONTENTS,
        r#"{"hashes":[{"algorithm":"pdq","value":"12"}]}"#,
        "bad_hash",
    ),
    (
        CONTENTS,
        r#"{"hashes":[{"algorithm":"md5","value":"ääääääääääääääää"}]}"#,
        "bad_hash",
    ),
    (
        LOOKUPS,
        r#"{"hashes":[{"algorithm":"md5","value":""}]}"#,
        "bad_hash",
    ),
    (
        LOOKUPS,
        r#"{"hashes":[{"algorithm":"md5","value":"12","quality":101}]}"#,
        "bad_hash",
    ),
];

#[test]
fn json_that_is_not_what_is_expected_is_refused() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    for (path, body) in BAD_JSON {
        refused(api.upload(path, body.as_bytes()), 400, "bad_json", body);
    }
    for (path, body, code) in BAD_VALUES {
        refused(api.upload(path, body.as_bytes()), 400, code, body);
    }
    let deep = "[".repeat(100_000);
    refused(
        api.upload(BANKS, deep.as_bytes()),
        400,
        "bad_json",
        "a deep list",
    );
    let too_far = json!({ "threshold": 257 });
    refused(
        api.patch(BANK, &too_far),
        400,
        "bad_parameter",
        "threshold 257",
    );
    let renamed = json!({ "name": "OTHER" });
    refused(api.patch(BANK, &renamed), 400, "bad_json", "another name");
    let hash = json!({ "algorithm": "pdq", "value": "5".repeat(64) });
    let many = json!({ "hashes": vec![hash.clone(); 101] });
    refused(api.post(CONTENTS, &many), 400, "bad_hash", "101 hashes");
    let note = json!({ "note": "x".repeat(256), "hashes": [hash] });
    refused(
        api.post(CONTENTS, &note),
        400,
        "bad_parameter",
        "a long note",
    );
    assert_eq!(api.get(BANK).expect(200).json()["contents"], 0);
}

#[test]
fn parameters_that_cannot_be_are_refused() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let contents = "/api/v1/banks/DEMO/contents";
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=99999999999999999999",
        "after=x",
        "after=99999999999999999999",
        "after=1&after=2",
        "colour=1",
        "after=%FF",
    ] {
        refused(
            api.get(&format!("{contents}?{query}")),
            400,
            "bad_parameter",
            query,
        );
    }
    // A cursor before the beginning is the beginning.
    for after in ["-1", "-9223372036854775808", "9223372036854775807"] {
        api.get(&format!("{contents}?after={after}")).expect(200);
    }
    for query in [
        "state=lost",
        "state=",
        "after=x",
        "after=-1",
        "limit=0",
        "limit=1001",
        "limit=-1",
        "colour=1",
        "state=open&state=all",
    ] {
        refused(
            api.get(&format!("/api/v1/cases?{query}")),
            400,
            "bad_parameter",
            query,
        );
    }
}

#[test]
fn what_cannot_be_asked_of_an_exchange_is_refused() {
    let Scene { api, .. } = &Scene::new();
    let long = "x".repeat(65);
    for name in [
        "nobody",
        "-x",
        "%00",
        "..%2F..%2Fetc",
        "%C3%84",
        "A%20B",
        &long,
    ] {
        let exchange = format!("/api/v1/exchanges/{name}");
        for path in ["", "/held", "/page"] {
            let path = format!("{exchange}{path}");
            refused(api.get(&path), 404, "not_found", &path);
        }
        for act in [
            "run",
            "reconcile",
            "pause",
            "resume",
            "allow-missing",
            "held/7/release",
        ] {
            let path = format!("{exchange}/{act}");
            // There is nothing to say in a body: whatever stands there, this is what is wrong.
            for body in ["", "{", "[7]"] {
                refused(api.upload(&path, body.as_bytes()), 404, "not_found", &path);
            }
            refused(api.get(&path), 405, "method_not_allowed", &path);
        }
        refused(api.delete(&exchange), 404, "not_found", &exchange);
    }
    for id in ["x", "-1", "1.5", "99999999999999999999", "%00"] {
        let path = format!("/api/v1/exchanges/nobody/held/{id}/release");
        refused(api.upload(&path, b""), 404, "not_found", id);
    }
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=x",
        "after=1&after=2",
        "all=1",
        "after=%FF",
    ] {
        let path = format!("/api/v1/exchanges/nobody/held?{query}");
        refused(api.get(&path), 400, "bad_parameter", query);
    }
    for query in [
        "dry_run=maybe",
        "dry_run=",
        "dry_run=1",
        "force=true",
        "dry_run=true&dry_run=true",
    ] {
        let path = format!("/api/v1/exchanges/nobody?{query}");
        refused(api.delete(&path), 400, "bad_parameter", query);
    }
}

#[test]
fn paths_to_what_cannot_be_are_not_found() {
    let Scene { api, .. } = &Scene::new();
    api.bank("DEMO");
    let contents = "/api/v1/banks/DEMO/contents";
    for path in [
        "/api/v1/banks/lower",
        "/api/v1/banks/%00",
        "/api/v1/banks/..%2F..%2Fetc%2Fpasswd",
        "/api/v1/banks/%C3%84",
        "/api/v1/banks/%F0%9F%A6%80/contents",
        "/api/v1/banks/A%20B",
        "/api/v1/cases/-1",
        "/api/v1/cases/%E2%80%AE",
        "/api/v1/cases/1%27%20OR%201%3D1",
    ] {
        refused(api.get(path), 404, "not_found", path);
    }
    for id in [
        "-1",
        "0",
        "x",
        "99999999999999999999",
        "1.5",
        "%00",
        "9223372036854775807",
    ] {
        refused(
            api.delete(&format!("{contents}/{id}")),
            404,
            "not_found",
            id,
        );
    }
}

#[test]
fn a_path_that_is_no_text_is_refused_as_a_problem() {
    let Scene { api, .. } = &Scene::new();
    for path in [
        "/api/v1/banks/%FF",
        "/api/v1/cases/%C3%28",
        "/api/v1/banks/%FF/contents",
    ] {
        let answer = api.get(path);
        assert!(
            [400, 404].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{path}"
        );
        assert!(answer.json()["code"].is_string(), "{path}");
    }
}

#[test]
fn a_context_that_is_not_right_is_refused_without_repeating_it() {
    let Scene { api, .. } = &Scene::new();
    let original = png(&picture(64, 64, 1));
    let long = |field: &str, length: usize| json!({ field: "x".repeat(length) }).to_string();
    for context in [
        "",
        "{",
        "7",
        "[7]",
        "nonsense",
        r#""text""#,
        r#"{"colour":"secret-5519"}"#,
        r#"{"uploaded_at":"2026-01-31T09:30:00"}"#,
        r#"{"uploaded_at":"2026-01-31"}"#,
        r#"{"uploaded_at":"secret-5519"}"#,
        r#"{"uploaded_at":1769851800}"#,
        r#"{"uploaded_at":"2026-02-30T09:30:00Z"}"#,
        r#"{"port":0}"#,
        r#"{"port":65536}"#,
        r#"{"port":-1}"#,
        r#"{"port":"80"}"#,
        r#"{"ip":"secret-5519"}"#,
        r#"{"ip":"192.0.2"}"#,
        r#"{"ip":"192.0.2.1:80"}"#,
        r#"{"channel":"secret-5519"}"#,
        r#"{"channel":"Public"}"#,
        r#"{"event":"secret-5519"}"#,
        r#"{"jurisdictions":["de"]}"#,
        r#"{"jurisdictions":["DEU"]}"#,
        r#"{"jurisdictions":"DE"}"#,
        r#"{"jurisdictions":["ÄÖ"]}"#,
        r#"{"uploader_id":7}"#,
        r#"{"uploader_id":"a","uploader_id":"b"}"#,
        &long("uploader_id", 256),
        &long("screen_name", 256),
        &long("url", 2_084),
        &long("file_name", 2_057),
        &json!({ "jurisdictions": vec!["DE"; 33] }).to_string(),
    ] {
        let headers = [(CONTEXT, context)];
        let answer = api.send("POST", "/api/v1/scans?item_id=1", &headers, Some(&original));
        assert!(!answer.text().contains("5519"), "{}", answer.text());
        refused(answer, 400, "bad_context", context);
    }
    // In a form it is the same.
    let parts: [form::Part<'_>; 3] = [
        ("item_id", None, b"1"),
        ("context", None, br#"{"port":0}"#),
        ("file", None, &original),
    ];
    let answer = api.send("POST", "/api/v1/scans", &[KIND], Some(&form::body(&parts)));
    refused(answer, 400, "bad_context", "in a form");
    assert_eq!(
        api.get("/api/v1/cases?state=all").expect(200).json()["items"],
        json!([])
    );
}

fn scan_form(scene: &Scene, kind: &str, body: &[u8]) -> Answer {
    let headers = [("content-type", kind)];
    scene
        .api
        .send("POST", "/api/v1/scans", &headers, Some(body))
}

#[test]
fn a_form_that_is_broken_is_refused() {
    let scene = Scene::new();
    let whole = form::body(&[("item_id", None, b"1"), ("file", Some("a.txt"), b"a text")]);
    for (kind, body) in [
        ("multipart/form-data", &whole[..]),
        ("multipart/form-data; boundary=", &whole),
        ("multipart/form-data; boundary=other", &whole),
        (KIND.1, &whole[..whole.len() / 2]),
        (KIND.1, &whole[..20]),
        (KIND.1, b""),
        (KIND.1, b"nonsense"),
    ] {
        refused(scan_form(&scene, kind, body), 400, "bad_upload", kind);
    }
    scan_form(&scene, KIND.1, &whole).expect(200);
}

#[test]
fn a_form_with_other_parts_than_asked_for_is_refused() {
    let scene = Scene::new();
    let file: form::Part<'_> = ("file", Some("a.txt"), b"a text");
    let item: form::Part<'_> = ("item_id", None, b"1");
    let large = vec![b'x'; (64 << 10) + 1];
    for (what, parts, status, code) in [
        ("no file", &[item][..], 400, "bad_upload"),
        ("no item", &[file], 400, "bad_item_id"),
        (
            "an empty item",
            &[("item_id", None, b""), file],
            400,
            "bad_item_id",
        ),
        ("two files", &[item, file, file], 400, "bad_upload"),
        (
            "another part",
            &[item, file, ("colour", None, b"1")],
            400,
            "bad_upload",
        ),
        (
            "a part without a name",
            &[item, file, ("", None, b"1")],
            400,
            "bad_upload",
        ),
        (
            "an item that is no text",
            &[("item_id", None, b"\xFF"), file],
            400,
            "bad_upload",
        ),
        (
            "a long item",
            &[("item_id", None, &large), file],
            413,
            "too_large",
        ),
        (
            "a long context",
            &[item, ("context", None, &large), file],
            413,
            "too_large",
        ),
    ] {
        let answer = scan_form(&scene, KIND.1, &form::body(parts));
        refused(answer, status, code, what);
    }
}

#[test]
fn what_is_larger_than_the_limit_is_refused() {
    let scene = Scene::with(&[("SEAWALL__DECODE__LIMITS__BYTES_MAX", "100000")]);
    let api = &scene.api;
    api.bank("DEMO");
    let (at, beyond) = (vec![b'x'; 100_000], vec![b'x'; 100_001]);
    let scan = |body: &[u8]| api.upload("/api/v1/scans?item_id=1", body);
    assert_eq!(scan(&at).status, 200);
    refused(scan(&beyond), 413, "too_large", "a raw body");
    let form = |bytes: &[u8]| form::body(&[("item_id", None, b"2"), ("file", Some("a"), bytes)]);
    let scan_form = |body: &[u8]| api.send("POST", "/api/v1/scans", &[KIND], Some(body));
    assert_eq!(scan_form(&form(&at)).status, 200);
    refused(scan_form(&form(&beyond)), 413, "too_large", "a form");
    refused(
        api.upload("/api/v1/banks/DEMO/pictures", &beyond),
        413,
        "too_large",
        "a picture",
    );
    let megabyte = vec![b' '; (1 << 20) + 1];
    for path in [
        "/api/v1/banks",
        "/api/v1/lookups",
        "/api/v1/banks/DEMO/contents",
    ] {
        refused(api.upload(path, &megabyte), 413, "too_large", path);
    }
    assert_eq!(
        api.upload("/api/v1/banks/DEMO/import", &megabyte).status,
        200,
        "lists are longer"
    );
}

/// A request by hand, with credentials.
fn request(scene: &Scene, head: &str, body: &[u8]) -> Vec<u8> {
    let secret = scene.installation.token(&["scan", "banks.write"]);
    let rest = format!("host: localhost\r\nauthorization: Bearer {secret}\r\nconnection: close");
    let mut bytes = format!("{head}\r\n{rest}\r\n\r\n").into_bytes();
    bytes.extend(body);
    bytes
}

/// The status of the answer to a request by hand whose sender goes away after it.
fn status_when_cut(scene: &Scene, head: &str, body: &[u8]) -> u16 {
    let bytes = request(scene, head, body);
    status_of(&raw_cut(scene.server.address("api"), &bytes))
}

#[test]
fn requests_that_are_cut_or_malformed_are_refused() {
    let scene = Scene::new();
    let scan = "POST /api/v1/scans?item_id=1 HTTP/1.1";
    for (head, body, expected) in [
        (
            format!("{scan}\r\ncontent-length: 100"),
            &b"ten bytes."[..],
            400,
        ),
        (
            format!("{scan}\r\ntransfer-encoding: chunked"),
            b"zz\r\nnonsense",
            400,
        ),
        (
            format!("{scan}\r\ntransfer-encoding: chunked"),
            b"5\r\nabcde\r\n",
            400,
        ),
        (format!("{scan}\r\ncontent-length: x"), b"", 400),
        (
            format!("{scan}\r\ncontent-length: 1\r\ncontent-length: 2"),
            b"ab",
            400,
        ),
        (
            "POST /api/v1/banks HTTP/1.1\r\ncontent-length: 100".to_owned(),
            b"{",
            400,
        ),
        ("NONSENSE".to_owned(), b"", 400),
        ("GET /healthz HTTP/9.9".to_owned(), b"", 400),
    ] {
        assert_eq!(status_when_cut(&scene, &head, body), expected, "{head}");
    }
    let long = format!("GET /{} HTTP/1.1", "x".repeat(70_000));
    assert!((400..500).contains(&status_when_cut(&scene, &long, b"")));
    let many = format!("GET /healthz HTTP/1.1{}", "\r\nx: y".repeat(200));
    assert!((400..500).contains(&status_when_cut(&scene, &many, b"")));
    for bytes in [
        &b""[..],
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\0\0\0\0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = raw_cut(scene.server.address("api"), bytes);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    scene.server.http("api").get("/readyz").expect(200);
}

/// Most programs send a body whole before they read an answer.
#[test]
fn a_refusal_reaches_a_sender_that_sends_everything_first() {
    let scene = Scene::with(&[("SEAWALL__DECODE__LIMITS__BYTES_MAX", "100000")]);
    let body = vec![b'x'; 10_000_000];
    let head = "POST /api/v1/scans?item_id=1 HTTP/1.1\r\ncontent-length: 10000000";
    let address = scene.server.address("api").replace("http://", "");
    let mut stream = TcpStream::connect(address).expect("the listener takes connections");
    let sent = stream.write_all(&request(&scene, head, &body));
    sent.expect("the body is taken, if only to be thrown away");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert_eq!(status_of(&answer), 413);
}

#[test]
fn a_chunked_body_is_taken() {
    let scene = Scene::new();
    let head = "POST /api/v1/scans?item_id=1 HTTP/1.1\r\ntransfer-encoding: chunked";
    let bytes = request(&scene, head, b"3\r\nabc\r\n0\r\n\r\n");
    let answer = raw(scene.server.address("api"), &bytes);
    assert_eq!(status_of(&answer), 200, "{answer}");
}

#[test]
fn a_context_header_that_is_no_text_is_refused() {
    let scene = Scene::new();
    let head = "POST /api/v1/scans?item_id=1 HTTP/1.1\r\ncontent-length: 3\r\nseawall-context: ";
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend(b"{\"uploader_id\":\"\xFF\"}\r\n");
    bytes.extend(request(&scene, "x: y", b"abc"));
    let answer = raw(scene.server.address("api"), &bytes);
    assert_eq!(status_of(&answer), 400, "{answer}");
    assert!(answer.contains("bad_context"), "{answer}");
}
