//! How much may come, how long it may take, and what counts as content.

use std::sync::Arc;

use seawall_egress::{Addresses, Egress, FetchError, FetchFailure, FetchPolicy, Fetcher, Resolver};

use crate::double::{Act, Names, Web, content, failure, fetch, fetcher, policy};

fn small(bytes_max: usize) -> FetchPolicy {
    FetchPolicy {
        bytes_max,
        ..policy()
    }
}

fn hasty() -> FetchPolicy {
    FetchPolicy {
        total_ms: 60,
        ..policy()
    }
}

#[tokio::test]
async fn content_may_be_as_large_as_its_limit_and_no_larger() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                   6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n";
    let until_closed = "HTTP/1.1 200 OK\r\n\r\n0123456789";
    for answer in [
        content("0123456789"),
        Act::say(chunked),
        Act::say(until_closed),
    ] {
        for (bytes_max, fits) in [(10, true), (9, false), (0, false)] {
            let web = Web::start([("/", answer.clone())]).await;
            match fetch(&web.url("127.0.0.1", "/"), small(bytes_max)).await {
                Ok(fetched) => assert!(fits && fetched.bytes == "0123456789"),
                Err(FetchError::TooLarge { bytes_max: told }) => {
                    assert!(!fits && told == bytes_max)
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

/// Its body never comes, so that only the head can have told.
#[tokio::test]
async fn what_says_that_it_is_too_large_is_believed() {
    for length in ["11", "104857601", "18446744073709550000"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let web = Web::start([("/", Act::stall(&head))]).await;
        let error = failure(&web.url("127.0.0.1", "/"), small(10)).await;
        assert!(
            matches!(error, FetchError::TooLarge { bytes_max: 10 }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn what_never_ends_is_left_once_it_is_too_large() {
    let chunk = format!("3E8\r\n{}\r\n", "x".repeat(1_000));
    for act in [
        Act::say_on(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            &chunk,
        ),
        Act::say_on(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "1\r\nx\r\n",
        ),
        Act::say_on("HTTP/1.1 200 OK\r\n\r\n", &chunk),
    ] {
        let web = Web::start([("/", act)]).await;
        let error = failure(&web.url("127.0.0.1", "/"), small(100_000)).await;
        assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_left_at_the_deadline() {
    for begun in [
        "",
        "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012",
    ] {
        let web = Web::start([("/", Act::stall(begun))]).await;
        let error = failure(&web.url("127.0.0.1", "/"), hasty()).await;
        assert!(matches!(error, FetchError::Timeout), "{begun:?}: {error:?}");
    }
    // Interim answers without end never become one.
    let interim = Act::say_on("", "HTTP/1.1 103 Early Hints\r\n\r\n");
    let web = Web::start([("/", interim)]).await;
    let error = failure(&web.url("127.0.0.1", "/"), hasty()).await;
    assert!(matches!(error, FetchError::Timeout), "{error:?}");
}

/// One deadline for all hops: a redirect does not start it anew.
#[tokio::test]
async fn redirects_without_end_end_at_the_deadline() {
    let patient = FetchPolicy {
        redirects_max: u32::MAX,
        total_ms: 300,
        ..policy()
    };
    let web = Web::start([("/", Act::redirect("/"))]).await;
    let error = failure(&web.url("127.0.0.1", "/"), patient).await;
    assert!(matches!(error, FetchError::Timeout), "{error:?}");
    assert!(web.requests().len() > 1);
}

#[derive(Debug)]
struct NeverAnswers;

impl Resolver for NeverAnswers {
    fn look_up<'a>(&'a self, _: &'a str) -> Addresses<'a> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn lookup_and_handshake_have_a_deadline_of_their_own() {
    let brief = FetchPolicy {
        connect_ms: 60,
        total_ms: 3_600_000,
        ..policy()
    };
    let egress = Egress::with_roots([]).expect("the settings hold");
    let egress = egress.with_resolver(Arc::new(NeverAnswers));
    let result = Fetcher::new(egress, brief.clone())
        .fetch("http://a.test/")
        .await;
    assert!(matches!(result, Err(FetchError::Timeout)));

    // Takes the connection and says nothing, so that no handshake comes about.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("bound").port();
    let identity = crate::double::Identity::of("a.test");
    let egress = Egress::with_roots([identity.certificate.clone()]).expect("the settings hold");
    let url = format!("https://127.0.0.1:{port}/");
    let result = Fetcher::new(egress, brief).fetch(&url).await;
    assert!(matches!(result, Err(FetchError::Timeout)), "{result:?}");
}

#[tokio::test]
async fn a_packed_body_is_refused_and_a_plain_one_is_not() {
    for (header, packed) in [
        ("Content-Encoding: gzip", true),
        ("Content-Encoding: x-gzip", true),
        ("Content-Encoding: deflate", true),
        ("Content-Encoding: br", true),
        ("Content-Encoding: zstd", true),
        ("Content-Encoding: identity, gzip", true),
        ("Content-Encoding: identity\r\nContent-Encoding: gzip", true),
        ("Content-Encoding:", true),
        ("Content-Encoding: identity", false),
        ("content-encoding: Identity", false),
        ("X-Content-Encoding: gzip", false),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: 5\r\n\r\nhello");
        let web = Web::start([("/", Act::say(head))]).await;
        match fetch(&web.url("127.0.0.1", "/"), policy()).await {
            Ok(fetched) => assert!(!packed && fetched.bytes == "hello", "{header}"),
            Err(FetchError::Failed(FetchFailure::Encoded)) => assert!(packed, "{header}"),
            Err(other) => panic!("{header}: {other:?}"),
        }
    }
    for coding in ["gzip", "gzip, chunked", "chunked, gzip"] {
        let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n");
        let web = Web::start([("/", Act::say(head))]).await;
        let error = failure(&web.url("127.0.0.1", "/"), policy()).await;
        assert_eq!(error.code(), "fetch_failed", "{coding}");
    }
}

#[tokio::test]
async fn content_comes_with_a_status_that_says_so_and_no_other() {
    for status in [
        200, 201, 202, 203, 204, 205, 206, 226, 400, 401, 403, 404, 407, 410, 418, 429, 451, 500,
        502, 503, 599,
    ] {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\nhello");
        let web = Web::start([("/", Act::say(head))]).await;
        match fetch(&web.url("127.0.0.1", "/"), policy()).await {
            Ok(fetched) => {
                assert!(
                    [200, 203].contains(&status) && fetched.bytes == "hello",
                    "{status}"
                );
            }
            Err(FetchError::Failed(FetchFailure::Status(found))) => assert_eq!(found, status),
            Err(other) => panic!("{status}: {other:?}"),
        }
    }
}

/// "Could not read" is never "clean": half a picture is no picture, and noise is none.
#[tokio::test]
async fn an_answer_that_is_cut_short_or_out_of_form_is_no_content() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(200));
    let large = format!(
        "HTTP/1.1 200 OK\r\n{}\r\n",
        "X-Filler: 0123456789\r\n".repeat(10_000)
    );
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(200_000));
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n0123",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: y\r\n\r\n",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "<html>hello</html>",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        &many,
        &large,
        &long,
    ] {
        let web = Web::start([("/", Act::say(answer))]).await;
        let error = failure(&web.url("127.0.0.1", "/"), policy()).await;
        let start: String = answer.chars().take(80).collect();
        assert_eq!(error.code(), "fetch_failed", "{start}");
    }
}

#[tokio::test]
async fn the_media_type_is_what_the_server_clearly_says() {
    for (headers, media_type) in [
        ("Content-Type: image/png", Some("image/png")),
        ("Content-Type: Image/JPEG; charset=x", Some("image/jpeg")),
        ("content-type:  video/mp4 ;a=b;c", Some("video/mp4")),
        ("Content-Type: image/svg+xml", Some("image/svg+xml")),
        ("X: y", None),
        ("Content-Type:", None),
        ("Content-Type: image", None),
        ("Content-Type: image/", None),
        ("Content-Type: /png", None),
        ("Content-Type: image/png/x", None),
        ("Content-Type: image/p ng", None),
        ("Content-Type: image/png, image/gif", None),
        ("Content-Type: image/png\r\nContent-Type: text/html", None),
        ("Content-Type: image/\u{fc}", None),
        ("Content-Type: <b>/x", None),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\nContent-Length: 5\r\n\r\nhello");
        let web = Web::start([("/", Act::say(head))]).await;
        let fetched = fetch(&web.url("127.0.0.1", "/"), policy()).await;
        let fetched = fetched.expect("content");
        assert_eq!(fetched.media_type.as_deref(), media_type, "{headers}");
        assert!(!format!("{fetched:?}").contains("hello"));
    }
}

#[tokio::test]
async fn those_beyond_the_places_are_turned_away_and_a_place_comes_free_again() {
    let web = Web::start([("/slow", Act::stall("")), ("/", content("there"))]).await;
    let one = FetchPolicy {
        at_once_max: 1,
        ..policy()
    };
    let fetcher = fetcher(&Names::of(&[]), one);
    let (slow, url) = (web.url("127.0.0.1", "/slow"), web.url("127.0.0.1", "/"));
    let held = fetcher.clone();
    let first = tokio::spawn(async move { held.fetch(&slow).await });
    web.arrived().await;
    let second = fetcher.fetch(&url).await;
    assert!(matches!(second, Err(FetchError::Busy)));
    assert_eq!(web.requests().len(), 1);

    first.abort();
    let aborted = first.await.expect_err("it was ended");
    assert!(aborted.is_cancelled());
    let third = fetcher.fetch(&url).await;
    assert_eq!(third.expect("content").bytes, "there");
}
