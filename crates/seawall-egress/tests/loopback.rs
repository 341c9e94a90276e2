//! Requests over real connections, on loopback.

#[path = "fetch/identity.rs"]
mod identity;

use std::error::Error;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, LOCATION, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use identity::Identity;
use seawall_egress::{Egress, EgressError, EgressLimits, Reach, Request, TlsFault, UrlFault};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[tokio::test]
async fn a_request_arrives_as_it_was_meant_and_its_answer_comes_back() {
    let server =
        Server::start(b"HTTP/1.1 201 Created\r\nX-Name: v\r\nContent-Length: 5\r\n\r\nhello");
    let server = server.await;
    let mut request = server.request(Reach::Loopback);
    request.method = Method::POST;
    request.body = Bytes::from_static(b"four");
    // A caller's opinion on framing is replaced.
    request.headers = HeaderMap::from_iter([
        (HOST, HeaderValue::from_static("elsewhere.example")),
        (CONTENT_LENGTH, HeaderValue::from_static("400")),
        (TRANSFER_ENCODING, HeaderValue::from_static("chunked")),
        (CONNECTION, HeaderValue::from_static("keep-alive")),
    ]);
    let response = egress().send(request).await.expect("an answer");

    assert_eq!(response.status, StatusCode::CREATED);
    assert_eq!(response.headers["x-name"], "v");
    assert_eq!(response.body, "hello");
    let port = server.port;
    let received = server.received().await;
    let (head, body) = received.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines: Vec<String> = head.lines().map(str::to_lowercase).collect();
    assert_eq!(lines.remove(0), "post /secret-path?secret=query http/1.1");
    lines.sort();
    let host = format!("host: 127.0.0.1:{port}");
    assert_eq!(
        lines,
        ["connection: close", "content-length: 4", host.as_str()]
    );
    assert_eq!(body, "four");
}

#[tokio::test]
async fn a_redirect_is_returned_and_not_followed() {
    let elsewhere = Server::start(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
        elsewhere.port
    );
    let server = Server::start(answer.as_bytes()).await;
    let response = egress()
        .send(server.request(Reach::Loopback))
        .await
        .expect("an answer");
    assert_eq!(response.status, StatusCode::FOUND);
    assert!(response.headers.contains_key(LOCATION));
    assert!(!elsewhere.task.is_finished());
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_its_limit_and_no_larger() {
    let by_length = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789".as_slice();
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n";
    let until_closed = b"HTTP/1.1 200 OK\r\n\r\n0123456789".as_slice();
    for answer in [by_length, chunked, until_closed] {
        for (bytes_max, fits) in [(10, true), (9, false), (0, false)] {
            let server = Server::start(answer).await;
            let mut request = server.request(Reach::Loopback);
            request.limits.response_bytes_max = bytes_max;
            match egress().send(request).await {
                Ok(response) => assert!(fits && response.body == "0123456789"),
                Err(error) => {
                    assert!(!fits && matches!(error, EgressError::AnswerTooLarge { .. }));
                    assert!(!error.certainly_not_sent());
                }
            }
        }
    }
}

#[tokio::test]
async fn a_head_without_end_is_an_error() {
    let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
    answer.extend(b"X-Filler: 0123456789\r\n".repeat(10_000));
    let server = Server::start(&answer).await;
    let error = failure(egress(), server.request(Reach::Loopback)).await;
    assert!(matches!(error, EgressError::Exchange(_)), "{error:?}");
}

#[tokio::test]
async fn a_stalled_answer_ends_at_the_time_limit() {
    for begun in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012",
    ] {
        let server = Server::start_and_stall(begun).await;
        let mut request = server.request(Reach::Loopback);
        request.limits.total_ms = 50;
        let error = failure(egress(), request).await;
        assert!(matches!(error, EgressError::Timeout), "{error:?}");
        assert!(!error.certainly_not_sent());
    }
}

#[tokio::test]
async fn a_connection_closed_after_the_request_leaves_it_open_what_happened() {
    for begun in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012",
    ] {
        let server = Server::start(begun).await;
        let error = failure(egress(), server.request(Reach::Loopback)).await;
        assert!(matches!(error, EgressError::Exchange(_)), "{error:?}");
        assert!(!error.certainly_not_sent());
    }
}

#[tokio::test]
async fn a_closed_port_is_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}/secret-path?secret=query");
    let error = failure(egress(), request(&url, Reach::Loopback)).await;
    assert!(matches!(error, EgressError::Connect(_)), "{error:?}");
    assert!(error.certainly_not_sent());
}

/// The addresses of SW-A41 among others, in every way of writing them that browsers take.
#[tokio::test]
async fn addresses_outside_of_the_reach_are_refused_before_a_connection() {
    let server = Server::start(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let port = server.port;
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "localhost",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let url = format!("https://{host}:{port}/secret-path?secret=query");
        let error = failure(egress(), request(&url, Reach::Public)).await;
        assert!(
            matches!(error, EgressError::RefusedAddress),
            "{host}: {error:?}"
        );
        assert!(error.certainly_not_sent());
    }
    for host in ["0.0.0.0", "10.0.0.1", "169.254.169.254", "[::]", "1.1.1.1"] {
        let url = format!("http://{host}:{port}/secret-path?secret=query");
        let error = failure(egress(), request(&url, Reach::Loopback)).await;
        assert!(
            matches!(error, EgressError::RefusedAddress),
            "{host}: {error:?}"
        );
    }
    assert!(!server.task.is_finished());
}

#[tokio::test]
async fn urls_that_may_not_be_used_are_refused() {
    for (url, expected) in [
        ("http://public.example/secret-path", UrlFault::NotEncrypted),
        ("ftp://public.example/secret-path", UrlFault::Scheme),
        (
            "https://secret@public.example/secret-path",
            UrlFault::UserInfo,
        ),
    ] {
        let error = failure(egress(), request(url, Reach::Public)).await;
        assert!(
            matches!(error, EgressError::Url(fault) if fault == expected),
            "{error:?}"
        );
        assert!(error.certainly_not_sent());
    }
}

#[tokio::test]
async fn an_encrypted_host_has_to_prove_its_name() {
    let good = Identity::of("localhost");
    let other = Identity::of("other.example");
    let trusts = |identity: &Identity| {
        Egress::with_roots([identity.certificate.clone()]).expect("the settings hold")
    };
    let cases = [
        (&good, trusts(&good), None),
        (&good, trusts(&other), Some(TlsFault::UnknownIssuer)),
        (&other, trusts(&other), Some(TlsFault::WrongName)),
        (&good, egress(), Some(TlsFault::NoRoots)),
    ];
    for (identity, egress, expected) in cases {
        let server = Server::start_encrypted(identity).await;
        let url = format!("https://localhost:{}/secret-path?secret=query", server.port);
        match (egress.send(request(&url, Reach::Operator)).await, expected) {
            (Ok(response), None) => assert_eq!(response.body, "hello"),
            (Err(error), Some(expected)) => {
                assert!(
                    matches!(error, EgressError::Tls(fault) if fault == expected),
                    "{error:?}"
                );
                assert!(error.certainly_not_sent());
                assert_discreet(&error);
            }
            (result, expected) => panic!("{result:?} instead of {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_host_that_does_not_speak_tls_is_certainly_not_sent() {
    let identity = Identity::of("localhost");
    let egress = || Egress::with_roots([identity.certificate.clone()]).expect("the settings hold");

    let server = Server::accept(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        read_request(&mut stream).await
    });
    let server = server.await;
    let url = format!("https://localhost:{}/secret-path?secret=query", server.port);
    let error = failure(egress(), request(&url, Reach::Operator)).await;
    assert!(matches!(error, EgressError::Tls(_)), "{error:?}");

    let silent = Server::start_and_stall(b"").await;
    let url = format!("https://localhost:{}/secret-path?secret=query", silent.port);
    let mut request = request(&url, Reach::Operator);
    request.limits.connect_ms = 50;
    let error = failure(egress(), request).await;
    assert!(matches!(error, EgressError::ConnectTimeout), "{error:?}");
    assert!(error.certainly_not_sent());
}

#[test]
fn the_roots_of_this_machine_can_be_loaded() {
    assert!(Egress::new().is_ok());
}

#[test]
fn debug_output_shows_neither_url_nor_headers_nor_body() {
    let mut request = request(
        "https://secret.example/secret-path?secret=query",
        Reach::Public,
    );
    request.body = Bytes::from_static(b"secret");
    request
        .headers
        .insert("x-secret", HeaderValue::from_static("secret"));
    assert!(!format!("{request:?}").contains("secret"));
}

fn egress() -> Egress {
    Egress::with_roots([]).expect("the settings hold")
}

fn request(url: &str, reach: Reach) -> Request {
    Request {
        method: Method::GET,
        url: url.parse().expect("a URL"),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        reach,
        limits: EgressLimits::default(),
    }
}

async fn failure(egress: Egress, request: Request) -> EgressError {
    let error = egress.send(request).await.expect_err("the request fails");
    assert_discreet(&error);
    error
}

/// Errors reach logs: no text in the chain may say where the request went.
fn assert_discreet(error: &EgressError) {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        let text = format!("{error} {error:?}");
        for word in ["secret", "127.0.0.1", "::1", "localhost", "example"] {
            assert!(!text.contains(word), "{text}");
        }
        cause = error.source();
    }
}

/// A server for one connection: reads a request, writes what it was told to, closes.
struct Server {
    port: u16,
    task: JoinHandle<String>,
}

impl Server {
    async fn start(answer: &[u8]) -> Self {
        let answer = answer.to_vec();
        Self::accept(|stream| converse(stream, answer)).await
    }

    /// Writes only the beginning and keeps the connection open.
    async fn start_and_stall(answer: &[u8]) -> Self {
        let answer = answer.to_vec();
        Self::accept(async move |mut stream: TcpStream| {
            read_request(&mut stream).await;
            let _ = stream.write_all(&answer).await;
            std::future::pending().await
        })
        .await
    }

    async fn start_encrypted(identity: &Identity) -> Self {
        let acceptor = identity.acceptor();
        Self::accept(async move |stream| match acceptor.accept(stream).await {
            Ok(stream) => {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
                converse(stream, answer.to_vec()).await
            }
            Err(_) => String::new(),
        })
        .await
    }

    async fn accept<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = String> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let task = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a connection");
            serve(stream).await
        });
        Self { port, task }
    }

    fn request(&self, reach: Reach) -> Request {
        let url = format!(
            "http://127.0.0.1:{}/secret-path?secret=query#fragment",
            self.port
        );
        request(&url, reach)
    }

    async fn received(self) -> String {
        self.task.await.expect("the server does not panic")
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Vec<u8>) -> String {
    let request = read_request(&mut stream).await;
    // The other side may have seen enough and be gone.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
    request
}

/// Head and body of a request, as text; what came, where it was cut short.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        bytes.push(byte);
        if is_whole(&String::from_utf8_lossy(&bytes)) {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return false;
    };
    let lines = head.lines().map(str::to_lowercase);
    let length = lines
        .filter_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .next();
    body.len() >= length.unwrap_or(0)
}
