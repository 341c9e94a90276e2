//! Redirects: followed a few times, each one checked like the first URL.

use std::sync::Arc;

use seawall_egress::{
    Egress, FetchError, FetchFailure, FetchPolicy, Fetcher, Ports, Resolver, UrlFault,
};

use crate::double::{Act, Identity, Names, Web, assert_discreet, content, failure, fetch, policy};

#[tokio::test]
async fn relative_and_absolute_locations_are_followed() {
    for (location, path) in [
        ("/b", "/b"),
        ("b", "/a/b"),
        ("./b?x=1&y=%2F", "/a/b?x=1&y=%2F"),
        ("../b", "/b"),
        ("../../../b", "/b"),
        ("?q", "/a/x?q"),
        ("/b#part", "/b"),
        ("/b c", "/b%20c"),
        ("/\u{fc}", "/%C3%BC"),
    ] {
        let web = Web::start([("/a/x", Act::redirect(location)), (path, content("there"))]).await;
        let fetched = fetch(&web.url("127.0.0.1", "/a/x"), policy()).await;
        assert_eq!(fetched.expect("content").bytes, "there", "{location}");
    }
    let there = Web::start([("/b", content("there"))]).await;
    for location in [
        format!("http://127.0.0.1:{}/b", there.port),
        format!("//127.0.0.1:{}/b", there.port),
        format!("HTTP://2130706433:{}/b", there.port),
    ] {
        let web = Web::start([("/", Act::redirect(&location))]).await;
        let fetched = fetch(&web.url("127.0.0.1", "/"), policy()).await;
        assert_eq!(fetched.expect("content").bytes, "there", "{location}");
    }
}

#[tokio::test]
async fn five_statuses_redirect_and_no_other() {
    for status in [300, 301, 302, 303, 304, 305, 306, 307, 308] {
        let head = format!("HTTP/1.1 {status} X\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
        let web = Web::start([("/a", Act::say(head)), ("/b", content("there"))]).await;
        let result = fetch(&web.url("127.0.0.1", "/a"), policy()).await;
        match [301, 302, 303, 307, 308].contains(&status) {
            true => assert_eq!(result.expect("content").bytes, "there"),
            false => assert!(
                matches!(result, Err(FetchError::Failed(FetchFailure::Status(s))) if s == status)
            ),
        }
    }
}

/// What a server hands out is not carried along, and what it learned is not passed on.
#[tokio::test]
async fn every_hop_is_asked_for_the_content_and_told_nothing_else() {
    let there = Web::start([("/b?c=d", content("there"))]).await;
    let location = there.url("127.0.0.1", "/b?c=d#part");
    let web = Web::start([("/a?secret=1", Act::redirect(&location))]).await;
    let url = web.url("127.0.0.1", "/a?secret=1#part");
    fetch(&url, policy()).await.expect("content");
    for (web, path) in [(&web, "/a?secret=1"), (&there, "/b?c=d")] {
        let requests = web.requests();
        let [request] = &requests[..] else {
            panic!("{} requests", requests.len());
        };
        let mut lines: Vec<String> = request.trim_end().lines().map(str::to_lowercase).collect();
        assert_eq!(lines.remove(0), format!("get {path} http/1.1"));
        lines.sort();
        let host = format!("host: 127.0.0.1:{}", web.port);
        let expected = [
            "accept-encoding: identity",
            "accept: */*",
            "connection: close",
            &host,
            "user-agent: seawall",
        ];
        assert_eq!(lines, expected);
    }
}

#[tokio::test]
async fn redirects_end_after_five() {
    let hops = ["/0", "/1", "/2", "/3", "/4", "/5", "/6"];
    let acts = hops.windows(2).map(|two| (two[0], Act::redirect(two[1])));
    let web = Web::start(acts.chain([("/6", content("there"))])).await;
    let five = fetch(&web.url("127.0.0.1", "/1"), policy()).await;
    assert_eq!(five.expect("content").bytes, "there");
    let six = failure(&web.url("127.0.0.1", "/0"), policy()).await;
    let FetchError::Failed(FetchFailure::TooManyRedirects { redirects_max: 5 }) = six else {
        panic!("{six:?}");
    };
    let none = FetchPolicy {
        redirects_max: 0,
        ..policy()
    };
    let one = failure(&web.url("127.0.0.1", "/5"), none).await;
    assert_eq!(one.code(), "fetch_failed");

    for location in ["/", "", "?", "#x"] {
        let web = Web::start([("/", Act::redirect(location)), ("/?", Act::redirect("?"))]).await;
        let error = failure(&web.url("127.0.0.1", "/"), policy()).await;
        assert_eq!(error.code(), "fetch_failed");
        assert_eq!(web.requests().len(), 6, "{location:?}");
    }
}

#[tokio::test]
async fn a_redirect_that_leads_inside_is_refused_before_a_connection() {
    let inside = Web::start_at("127.0.0.2", 0, [("/", content("inside"))], None).await;
    let port = inside.port;
    for host in [
        "127.0.0.2",
        "127.2",
        "2130706434",
        "0x7f.2",
        "0177.0.0.2",
        "127.0.0.2.",
        "[::ffff:127.0.0.2]",
        "[::1]",
        "0",
        "10.0.0.1",
        "169.254.169.254",
    ] {
        for location in [
            format!("http://{host}:{port}/"),
            format!("//{host}:{port}/"),
        ] {
            let first = [
                ("/1", Act::redirect("/2")),
                ("/2", Act::redirect(&location)),
            ];
            let web = Web::start(first).await;
            let error = failure(&web.url("127.0.0.1", "/1"), policy()).await;
            assert!(
                matches!(error, FetchError::AddressRefused),
                "{location}: {error:?}"
            );
            assert_eq!(web.requests().len(), 2);
        }
    }
    assert_eq!(inside.requests().len(), 0);
}

#[tokio::test]
async fn a_location_that_is_no_url_to_fetch_leads_nowhere() {
    use UrlFault::{Host, Length, Port, Scheme, UserInfo};
    let long = format!("/{}", "a".repeat(8_180));
    for (location, fault) in [
        ("file:///etc/hostname", Some(Scheme)),
        ("gopher://127.0.0.1/", Some(Scheme)),
        ("data:,x", Some(Scheme)),
        ("javascript:1", Some(Scheme)),
        ("http://user@127.0.0.1/", Some(UserInfo)),
        ("//:secret@127.0.0.1/", Some(UserInfo)),
        ("http://127.0.0.1:1/", Some(Port)),
        ("//a!b.test/", Some(Host)),
        ("//a..test/", Some(Host)),
        ("http://[::1", None),
        ("http://127.0.0.256/", None),
        (&long, Some(Length)),
    ] {
        let web = Web::start([("/", Act::redirect(location))]).await;
        let policy = FetchPolicy {
            ports: Ports::Only(vec![80, web.port]),
            ..policy()
        };
        let error = failure(&web.url("127.0.0.1", "/"), policy).await;
        match error {
            FetchError::Failed(FetchFailure::Redirect(found)) => {
                assert_eq!(found, fault, "{location}");
            }
            other => panic!("{location}: {other:?}"),
        }
    }
    for head in [
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".as_slice(),
        b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\xff\r\n\r\n",
    ] {
        let web = Web::start([("/", Act::Say(head.to_vec()))]).await;
        let error = failure(&web.url("127.0.0.1", "/"), policy()).await;
        let nowhere = matches!(error, FetchError::Failed(FetchFailure::Redirect(None)));
        assert!(nowhere, "{error:?}");
    }
}

/// A fetcher that trusts `identity` and finds every name of it at `127.0.0.1`.
fn trusting(identity: &Identity) -> Fetcher {
    let names = [("secure.test", &["127.0.0.1"][..]); 2];
    let names: Arc<dyn Resolver> = Names::of(&names);
    let egress = Egress::with_roots([identity.certificate.clone()]).expect("the settings hold");
    Fetcher::new(egress.with_resolver(names), policy())
}

#[tokio::test]
async fn a_host_that_proved_its_name_cannot_send_on_to_one_that_does_not() {
    let identity = Identity::of("secure.test");
    let plain = Web::start([("/", content("plain"))]).await;
    let down = [
        ("/down", Act::redirect(&plain.url("127.0.0.1", "/"))),
        ("/over", Act::redirect("/there")),
        ("/there", content("encrypted")),
    ];
    let web = Web::start_at("127.0.0.1", 0, down, Some(&identity)).await;
    let url = |path| format!("https://secure.test:{}{path}", web.port);

    let over = trusting(&identity).fetch(&url("/over")).await;
    assert_eq!(over.expect("content").bytes, "encrypted");
    let down = trusting(&identity).fetch(&url("/down")).await;
    let error = down.expect_err("refused");
    assert!(
        matches!(error, FetchError::Failed(FetchFailure::Downgrade)),
        "{error:?}"
    );
    assert_discreet(&error);
    assert_eq!(plain.requests().len(), 0);

    let up = Web::start([("/up", Act::redirect(&url("/there")))]).await;
    let up = trusting(&identity).fetch(&up.url("127.0.0.1", "/up")).await;
    assert_eq!(up.expect("content").bytes, "encrypted");
}

#[tokio::test]
async fn a_redirect_has_to_prove_its_name_like_the_first_url() {
    let identity = Identity::of("other.test");
    let web = Web::start_at("127.0.0.1", 0, [("/", content("x"))], Some(&identity)).await;
    let there = format!("https://secure.test:{}/", web.port);
    let first = Web::start([("/", Act::redirect(&there))]).await;
    for url in [there, first.url("127.0.0.1", "/")] {
        let error = trusting(&identity).fetch(&url).await;
        assert_eq!(error.expect_err("refused").code(), "fetch_failed");
    }
    assert_eq!(web.requests().len(), 0);
}
