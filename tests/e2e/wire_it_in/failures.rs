//! What the snippets do where Seawall gives no answer.

use crate::snippet::{Place, Snippet};
use crate::stub::{Reply, Stub, nobody, silence};

const OPEN: [&str; 2] = ["publish ITEM (no answer)", "check later ITEM (no answer)"];
const CLOSED: [&str; 2] = ["hold ITEM (no answer)", "check later ITEM (no answer)"];

/// Checks both names, and that no name is `closed`.
#[track_caller]
fn check(snippet: &Snippet, url: &str) {
    let place = Place::at(url);
    snippet.check(&place.on_failure("open"), "item-1", b"x", &OPEN);
    snippet.check(&place.on_failure("closed"), "item-1", b"x", &CLOSED);
}

#[test]
fn where_nobody_listens_the_name_decides() {
    let url = format!("http://{}", nobody());
    for snippet in Snippet::all() {
        check(&snippet, &url);
        snippet.check(&Place::at(&url), "item-1", b"x", &CLOSED);
    }
}

#[test]
fn where_seawall_fails_the_name_decides() {
    for status in [500, 429] {
        let stub = Stub::start(&[Reply::new(status, r#"{"recommendation":"allow"}"#)]);
        for snippet in Snippet::all() {
            check(&snippet, &stub.url());
        }
    }
}

#[test]
fn what_is_not_seawalls_answer_is_none() {
    for body in ["<html>sign in</html>", "{}", "", "[1]"] {
        let stub = Stub::start(&[Reply::new(200, body)]);
        for snippet in Snippet::all() {
            check(&snippet, &stub.url());
        }
    }
}

#[test]
fn where_nothing_is_said_the_name_decides() {
    let (_listener, address) = silence();
    for snippet in Snippet::hasty() {
        check(&snippet, &format!("http://{address}"));
    }
}

#[test]
fn a_busy_server_is_asked_again() {
    let allow = Reply::new(200, r#"{"recommendation":"allow"}"#);
    for snippet in Snippet::all() {
        let stub = Stub::start(&[Reply::later("0"), Reply::later("1"), allow]);
        let (url, does) = (stub.url(), ["publish ITEM (allow)"]);
        snippet.check(&Place::at(&url), "item-1", b"upload", &does);
        let requests = stub.rest();
        assert_eq!(requests.len(), 3, "{}", snippet.file);
        for request in requests {
            assert_eq!(request.path, "/api/v1/scans?item_id=item-1");
            assert_eq!(request.header("authorization"), Some("Bearer none"));
            assert_eq!(request.body, "upload");
        }
    }
}

#[test]
fn a_server_that_stays_busy_is_asked_three_times_and_then_the_name_decides() {
    for snippet in Snippet::all() {
        let stub = Stub::start(&[Reply::later("0")]);
        check(&snippet, &stub.url());
        assert_eq!(stub.rest().len(), 6, "{}", snippet.file);
    }
}

/// An uploader does not wait for a minute, nor for a date.
#[test]
fn a_server_that_is_busy_for_long_is_not_waited_for() {
    for late in ["60", "Wed, 21 Oct 2026 07:28:00 GMT", "-1"] {
        for snippet in Snippet::all() {
            let stub = Stub::start(&[Reply::later(late)]);
            let url = stub.url();
            let place = Place::at(&url).on_failure("open");
            snippet.check(&place, "item-1", b"x", &OPEN);
            if late == "60" {
                assert_eq!(stub.rest().len(), 1, "{}", snippet.file);
            }
        }
    }
}

#[test]
fn a_name_that_is_none_is_refused() {
    for snippet in Snippet::all() {
        let place = Place::at("http://127.0.0.1:1").on_failure("opne");
        let run = snippet.run(&place, "item-1", b"x");
        assert_ne!(run.code, 0, "{}", snippet.file);
        assert_eq!(run.stdout, "", "{}", snippet.file);
        assert!(
            run.stderr.contains("ON_FAILURE is open or closed"),
            "{}",
            run.stderr
        );
    }
}
