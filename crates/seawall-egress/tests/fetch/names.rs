//! Where names and addresses lead: nowhere inside, and nothing is learned about the inside.

use std::io;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use seawall_egress::{FetchError, FetchPolicy, Ports, UrlFault};

use crate::double::{Act, Names, Web, content, failure, fetch, fetcher, policy};

/// The addresses and the redirect of SW-A41, as they stand there. `public.test` is at an
/// address of its own that is allowed for this test.
#[tokio::test]
async fn a41_nothing_inside_is_fetched_and_no_redirect_leads_there() {
    for (url, is_bad) in [
        ("http://127.0.0.1/x.png", false),
        ("http://localhost/x.png", false),
        ("http://169.254.169.254/latest/meta-data/", false),
        ("http://10.0.0.1/", false),
        ("file:///etc/hostname", true),
        ("gopher://example.org/", true),
        ("http://[::1]/", false),
    ] {
        let names = Names::of(&[("localhost", &["127.0.0.1"])]);
        let result = fetcher(&names, FetchPolicy::default()).fetch(url).await;
        match result.expect_err("refused") {
            FetchError::AddressRefused => assert!(!is_bad, "{url}"),
            FetchError::BadUrl(fault) => assert!(is_bad && fault == UrlFault::Scheme, "{url}"),
            other => panic!("{url}: {other:?}"),
        }
    }

    let away = Act::redirect("http://127.0.0.1:9/x.png");
    let web = Web::start_at("127.0.0.9", 0, [("/x.png", away)], None).await;
    let names = Names::of(&[("public.test", &["127.0.0.9"])]);
    let policy = FetchPolicy {
        ports: Ports::Any,
        allow_networks: vec!["127.0.0.9".parse().expect("a network")],
        ..FetchPolicy::default()
    };
    let url = web.url("public.test", "/x.png");
    let refused = fetcher(&names, policy).fetch(&url).await;
    assert!(matches!(refused, Err(FetchError::AddressRefused)));
    assert_eq!(web.requests().len(), 1);
}

/// A port inside that is open, one that is closed, an address where nothing is, a name that
/// leads inside: one text, one code, and no connection.
#[tokio::test]
async fn of_what_is_inside_nothing_is_learned() {
    let open = TcpListener::bind("127.0.0.2:0").expect("a free port");
    open.set_nonblocking(true).expect("set");
    let open_port = open.local_addr().expect("bound").port();
    let closed = TcpListener::bind("127.0.0.2:0").expect("a free port");
    let closed_port = closed.local_addr().expect("bound").port();
    drop(closed);
    let mut texts = Vec::new();
    for url in [
        format!("http://127.0.0.2:{open_port}/"),
        format!("https://127.0.0.2:{open_port}/"),
        format!("http://127.0.0.2:{closed_port}/"),
        "http://10.255.255.1/".to_owned(),
        format!("http://inside.test:{open_port}/"),
        format!("http://inside.test:{closed_port}/"),
    ] {
        let names = Names::of(&[("inside.test", &["127.0.0.2"])]);
        let error = fetcher(&names, policy()).fetch(&url).await;
        let error = error.expect_err("refused");
        texts.push((error.to_string(), error.code(), format!("{error:?}")));
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let accepted = open.accept().map_err(|error| error.kind());
    assert_eq!(accepted.err(), Some(io::ErrorKind::WouldBlock));
}

/// What fails outside fails alike, too.
#[tokio::test]
async fn of_what_failed_a_caller_learns_no_more_than_that() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let closed_port = closed.local_addr().expect("bound").port();
    drop(closed);
    let web = Web::start([
        ("/reset", Act::say("")),
        ("/noise", Act::say("SSH-2.0-x\r\n")),
    ])
    .await;
    let port = web.port;
    for url in [
        format!("http://127.0.0.1:{closed_port}/"),
        format!("http://127.0.0.1:{port}/none"),
        format!("http://127.0.0.1:{port}/reset"),
        format!("http://127.0.0.1:{port}/noise"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://nowhere.test:{port}/"),
    ] {
        let error = failure(&url, policy()).await;
        assert_eq!(error.to_string(), "the URL could not be fetched", "{url}");
        assert_eq!(error.code(), "fetch_failed");
    }
}

/// The first answer is the one that was checked, and the one that is connected to.
#[tokio::test]
async fn a_name_that_changes_its_answer_is_asked_once() {
    let outside = Web::start([("/", content("outside"))]).await;
    let inside = Web::start_at("127.0.0.2", outside.port, [("/", content("inside"))], None).await;
    let names = Names::of(&[
        ("rebinds.test", &["127.0.0.1"]),
        ("rebinds.test", &["127.0.0.2"]),
    ]);
    let url = outside.url("rebinds.test", "/");
    let fetched = fetcher(&names, policy()).fetch(&url).await;
    assert_eq!(fetched.expect("content").bytes, "outside");
    assert_eq!(names.asked(), ["rebinds.test"]);
    assert_eq!(inside.requests().len(), 0);
}

/// A redirect to the same name is another lookup, and another check.
#[tokio::test]
async fn a_name_that_changes_its_answer_before_a_redirect_is_refused() {
    let outside = Web::start([("/", Act::redirect("/again"))]).await;
    let again = [("/again", content("inside"))];
    let inside = Web::start_at("127.0.0.2", outside.port, again, None).await;
    let names = Names::of(&[
        ("rebinds.test", &["127.0.0.1"]),
        ("rebinds.test", &["127.0.0.2"]),
    ]);
    let url = outside.url("rebinds.test", "/");
    let refused = fetcher(&names, policy()).fetch(&url).await;
    assert!(matches!(refused, Err(FetchError::AddressRefused)));
    assert_eq!(names.asked().len(), 2);
    assert_eq!((outside.requests().len(), inside.requests().len()), (1, 0));
}

#[tokio::test]
async fn one_address_inside_refuses_the_name() {
    let web = Web::start([("/", content("outside"))]).await;
    for addresses in [
        &["127.0.0.1", "127.0.0.2"][..],
        &["127.0.0.2", "127.0.0.1"],
        &["127.0.0.1", "::ffff:127.0.0.2"],
        &["127.0.0.1", "64:ff9b::10.0.0.1"],
        &["127.0.0.1", "fe80::1"],
        &["0.0.0.0"],
        &["::"],
    ] {
        let names = Names::of(&[("mixed.test", addresses)]);
        let url = web.url("mixed.test", "/");
        let refused = fetcher(&names, policy()).fetch(&url).await;
        assert!(
            matches!(refused, Err(FetchError::AddressRefused)),
            "{addresses:?}"
        );
    }
    assert_eq!(web.requests().len(), 0);
}

#[tokio::test]
async fn an_address_that_takes_no_connection_gives_way_to_the_next() {
    let web = Web::start([("/", content("second"))]).await;
    let names = Names::of(&[("two.test", &["127.0.0.3", "127.0.0.1"])]);
    let mut policy = policy();
    policy
        .allow_networks
        .push("127.0.0.3".parse().expect("a network"));
    let fetched = fetcher(&names, policy)
        .fetch(&web.url("two.test", "/"))
        .await;
    assert_eq!(fetched.expect("content").bytes, "second");
}

#[tokio::test]
async fn denied_networks_and_ports_that_are_not_named_are_refused_before_a_connection() {
    let web = Web::start([("/", content("there"))]).await;
    let url = web.url("127.0.0.1", "/");
    assert_eq!(fetch(&url, policy()).await.expect("content").bytes, "there");
    let denied = FetchPolicy {
        deny_networks: vec!["127.0.0.0/8".parse().expect("a network")],
        ..policy()
    };
    assert!(matches!(
        failure(&url, denied).await,
        FetchError::AddressRefused
    ));
    let usual = FetchPolicy {
        ports: Ports::default(),
        ..policy()
    };
    assert!(matches!(
        failure(&url, usual).await,
        FetchError::BadUrl(UrlFault::Port)
    ));
    assert_eq!(web.requests().len(), 1);
}

/// A proxy would look names up itself and dial for us. The other test runs again in a process
/// whose environment names one that takes no connection.
#[test]
fn proxies_that_the_environment_names_are_not_used() {
    let own = std::env::current_exe().expect("this program");
    let proxies = ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"];
    let run = Command::new(own)
        .args([
            "--exact",
            "names::a_name_that_changes_its_answer_is_asked_once",
        ])
        .envs(proxies.map(|name| (name, "http://127.0.0.1:9")))
        .output();
    let run = run.expect("it starts");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
async fn nothing_is_fetched_where_fetching_is_off() {
    let web = Web::start([("/", content("there"))]).await;
    let off = FetchPolicy {
        enabled: false,
        ..policy()
    };
    let names = Names::of(&[("public.test", &["127.0.0.1"])]);
    let refused = fetcher(&names, off)
        .fetch(&web.url("public.test", "/"))
        .await;
    assert!(matches!(refused, Err(FetchError::Off)));
    assert_eq!((names.asked().len(), web.requests().len()), (0, 0));
}

#[tokio::test]
async fn names_are_told_as_they_are_looked_up() {
    let web = Web::start([("/", content("there"))]).await;
    for (host, asked) in [
        ("Public.TEST", "public.test"),
        ("public.test.", "public.test."),
        ("b\u{fc}cher.test", "xn--bcher-kva.test"),
        ("under_score.test", "under_score.test"),
    ] {
        let names = Names::of(&[(asked, &["127.0.0.1"])]);
        let names = Arc::clone(&names);
        let fetched = fetcher(&names, policy()).fetch(&web.url(host, "/")).await;
        assert!(fetched.is_ok(), "{host}: {fetched:?}");
        assert_eq!(names.asked(), [asked]);
    }
}
