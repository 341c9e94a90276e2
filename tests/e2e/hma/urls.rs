//! Files by their address, from a server on loopback that the configuration lets be fetched from.

use std::io::{Read, Write};
use std::net::TcpListener;

use seawall_testkit::{picture, png};
use serde_json::json;

use crate::{Scene, message};

/// Serves this file as `image/png` under `/a.png`, as `application/json` under `/plain`, as
/// `video/mp4` under `/a.mp4`, and 404 elsewhere; for as long as the process lives.
pub(crate) fn media_server(file: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let kind = match head.split(' ').nth(1) {
                Some("/a.png") => "image/png",
                Some("/a.mp4") => "video/mp4",
                Some("/plain") => "application/json",
                _ => {
                    drop(stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"));
                    continue;
                }
            };
            let length = file.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            drop(stream.write_all(head.as_bytes()));
            drop(stream.write_all(&file));
        }
    });
    format!("http%3A%2F%2F{}%3A{}", address.ip(), address.port())
}

/// A server that may fetch from this machine.
pub(crate) fn open_scene() -> Scene {
    Scene::with(&[
        ("SEAWALL__FETCH__ALLOW_NETWORKS", "[\"127.0.0.0/8\"]"),
        ("SEAWALL__FETCH__PORTS", "any"),
    ])
}

#[test]
fn a_file_is_fetched_hashed_looked_up_and_kept_by_its_address() {
    let scene = open_scene();
    scene.native.bank("A_BANK");
    let file = png(&picture(320, 240, 7));
    let base = media_server(file.clone());
    let (pdq, md5) = (
        scene.installation.hash_of(&file, "pdq"),
        scene.installation.hash_of(&file, "md5"),
    );
    let get = |path: &str| scene.hma.get(path).expect(200).json();
    assert_eq!(
        get(&format!("/h/hash?url={base}%2Fa.png")),
        json!({ "pdq": pdq })
    );
    assert_eq!(
        get(&format!("/h/hash?url={base}%2Fa.mp4")),
        json!({ "video_md5": md5 })
    );
    let said = format!("/h/hash?url={base}%2Fplain&content_type=photo&types=md5,pdq");
    assert_eq!(get(&said), json!({ "md5": md5, "pdq": pdq }));

    let content = format!("/c/bank/A_BANK/content?url={base}%2Fa.png&content_type=photo");
    let added = scene
        .hma
        .send("POST", &content, &[], Some(b""))
        .expect(200)
        .json();
    assert_eq!(added["signals"], json!({ "pdq": pdq }));
    let body = json!({ "metadata": { "content_id": "x-7" }, "note": "by address" });
    let kept = scene.hma.post(&content, &body).expect(200).json();
    let shown = format!(
        "/c/bank/A_BANK/content/{}?include_metadata=true",
        kept["id"]
    );
    let shown = get(&shown);
    assert_eq!(
        (&shown["note"], &shown["metadata"]["content_id"]),
        (&json!("by address"), &json!("x-7"))
    );

    let id = |id: &serde_json::Value| json!({ "bank_content_id": id, "distance": "0" });
    let found = json!({ "A_BANK": [id(&added["id"]), id(&kept["id"])] });
    let lookup = format!("/m/lookup?url={base}%2Fa.png");
    assert_eq!(get(&lookup), json!({ "pdq": found }));
    // The level of the signal type disappears where one is named.
    assert_eq!(get(&format!("{lookup}&signal_type=pdq")), found);
}

#[test]
fn what_cannot_be_fetched_has_a_fixed_text_and_code() {
    let scene = open_scene();
    let base = media_server(png(&picture(64, 64, 1)));
    let code = |path: &str, status: u16| {
        let answer = scene
            .hma
            .get(&format!("/h/hash?url={path}"))
            .expect(status)
            .json();
        assert!(answer["message"].is_string());
        answer["code"].clone()
    };
    assert_eq!(code(&format!("{base}%2Fnothing"), 502), "fetch_failed");
    assert_eq!(code("http%3A%2F%2F127.0.0.1%3A1%2F", 502), "fetch_failed");
    assert_eq!(code("http%3A%2F%2F10.0.0.1%2F", 400), "address_refused");
    assert_eq!(code("ftp%3A%2F%2Fexample.org%2F", 400), "bad_url");
    let kind = scene.hma.get(&format!("/h/hash?url={base}%2Fplain"));
    assert!(message(kind, 400).contains("content_type"));
    // Nothing on this machine is reached unless it is let.
    let closed = Scene::with(&[("SEAWALL__FETCH__PORTS", "any")]);
    let answer = closed
        .hma
        .get(&format!("/m/lookup?url={base}%2Fa.png"))
        .expect(400)
        .json();
    assert_eq!(answer["code"], "address_refused");
    let off = Scene::with(&[("SEAWALL__FETCH__ENABLED", "false")]);
    let answer = off
        .hma
        .get(&format!("/h/hash?url={base}%2Fa.png"))
        .expect(403)
        .json();
    assert_eq!(answer["code"], "fetch_off");
}
