//! Accepts connections, bounded in number, in how long they may take over a request's head, and
//! in how long they may leave an answer unread.
//!
//! A caller that connects and says nothing, or its head a byte a second, holds some kilobytes
//! for half a minute at most, and its place only until somebody else needs it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::Service as _;

use crate::config::Load;
use crate::lingering::{Lingering, Unread};
use crate::patient::Patient;
use crate::places::{Bell, Places};

/// Serves until `stop` resolves, then lets running requests end.
pub(crate) async fn serve(
    socket: TcpListener,
    router: Router,
    load: Load,
    stop: impl Future<Output = ()>,
) {
    let places = Places::new(&load);
    let pause = Duration::from_millis(load.answer_pause_ms);
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = socket.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    rest_after(&error, &places).await;
                    continue;
                }
            },
        };
        // Who finds no place sees the connection close.
        let Some(place) = places.take(peer.ip()) else {
            continue;
        };
        let connection = connection(stream, peer, place.bell(), pause, router.clone());
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            tokio::select! {
                // Its end is the caller's affair: there is nobody to tell.
                _ = watched => {}
                () = place.given_up() => {}
            }
        });
    }
    drop(socket);
    graceful.shutdown().await;
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    bell: Bell,
    pause: Duration,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    // Answers are written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let unread = Unread::default();
    let stream = Patient::new(Lingering::new(stream, unread.clone()), pause);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = unread.watch(request);
        request.extensions_mut().insert(ConnectInfo(peer));
        let carried = bell.ring(&mut request);
        let answer = router.clone().call(request);
        async move { answer.await.map(|answer| carried.until_taken(answer)) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service)
}

/// A connection that ended before it was accepted costs nothing; out of files or memory, the
/// next attempt would fail as well, unless others end.
async fn rest_after(error: &std::io::Error, places: &Places) {
    use std::io::ErrorKind;
    if matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    ) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    places.make_room();
    tokio::time::sleep(REST).await;
}

/// How long a caller may take over the head of a request, the pause before it included.
const HEAD_TIME: Duration = Duration::from_secs(30);
const REST: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Wording;
    use crate::places::turn_away;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::response::IntoResponse as _;
    use axum::routing::{get, post};
    use futures_util::StreamExt as _;
    use http::StatusCode;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    async fn server() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        start(Router::new().route("/", get(peer)), Load::default()).await
    }

    async fn start(
        router: Router,
        load: Load,
    ) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(socket, router, load, async {
            // Dropped or sent: both say stop.
            let _ = stopped.await;
        }));
        (address, stop, served)
    }

    async fn ask(stream: &mut TcpStream) -> String {
        let asked = stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
        asked.await.expect("a connection");
        let mut answer = [0; 1024];
        let count = stream.read(&mut answer).await.expect("an answer");
        String::from_utf8_lossy(&answer[..count]).into_owned()
    }

    // The clock of these tests stands still while there is anything to do, and jumps to the
    // next deadline where there is not.

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_ends_the_connection_and_nobody_elses() {
        let (address, _stop, _served) = server().await;
        let mut silent = TcpStream::connect(address).await.expect("a server");
        let mut slow = TcpStream::connect(address).await.expect("a server");
        slow.write_all(b"GET / HTTP/1.1\r\nhost")
            .await
            .expect("a connection");
        let (mut nothing, mut answer) = (Vec::new(), Vec::new());
        silent.read_to_end(&mut nothing).await.expect("is closed");
        slow.read_to_end(&mut answer).await.expect("is closed");
        assert!(nothing.is_empty() && !answer.starts_with(b"HTTP/1.1 200"));
        let mut other = TcpStream::connect(address).await.expect("a server");
        assert!(ask(&mut other).await.starts_with("HTTP/1.1 200"));
    }

    /// A server that refuses what is posted without reading it, and a connection to it on which
    /// a megabyte is announced.
    async fn refused() -> (TcpStream, oneshot::Sender<()>) {
        let router = Router::new().route("/", post(|| async { StatusCode::SERVICE_UNAVAILABLE }));
        let (address, stop, _) = start(router, Load::default()).await;
        let mut stream = TcpStream::connect(address).await.expect("a server");
        let head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n";
        stream.write_all(head).await.expect("a connection");
        (stream, stop)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_does_not_wait_for_a_body_that_nobody_reads() {
        let begun = tokio::time::Instant::now();
        let (mut stream, _stop) = refused().await;
        stream.write_all(&[0; 1000]).await.expect("a connection");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        assert!(answer.starts_with(b"HTTP/1.1 503"));
        assert!(begun.elapsed() < Duration::from_secs(1), "{begun:?}");
    }

    #[tokio::test]
    async fn an_answer_reaches_who_sends_everything_before_reading() {
        for _ in 0..20 {
            let (mut stream, _stop) = refused().await;
            let sent = stream.write_all(&vec![0; 1_000_000]).await;
            sent.expect("it is read to its end");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("no reset");
            assert!(answer.starts_with(b"HTTP/1.1 503"));
        }
    }

    fn narrow() -> Load {
        Load {
            connections: 4,
            connections_per_address: 4,
            ..Load::default()
        }
    }

    #[tokio::test]
    async fn the_silent_make_room_for_who_comes() {
        let (address, _stop, _served) = start(health_and_waiting(), narrow()).await;
        let mut silent = Vec::new();
        for _ in 0..40 {
            silent.push(TcpStream::connect(address).await.expect("a server"));
        }
        let mut other = TcpStream::connect(address).await.expect("a server");
        assert!(
            get_answer(&mut other, "/")
                .await
                .starts_with("HTTP/1.1 200")
        );
        // Those who came first are gone.
        for stream in &mut silent[..30] {
            assert!(matches!(stream.read(&mut [0; 8]).await, Ok(0) | Err(_)));
        }
    }

    #[tokio::test]
    async fn health_is_told_where_every_place_carries_a_request() {
        let (address, _stop, _served) = start(health_and_waiting(), narrow()).await;
        let mut waiting = Vec::new();
        for _ in 0..4 {
            let mut stream = TcpStream::connect(address).await.expect("a server");
            let head = b"GET /waiting HTTP/1.1\r\nhost: localhost\r\n\r\n";
            stream.write_all(head).await.expect("a connection");
            // Its handler says that it runs.
            assert_eq!(stream.read(&mut [0; 1]).await.expect("a head"), 1);
            waiting.push(stream);
        }
        let mut other = TcpStream::connect(address).await.expect("a server");
        let refused = get_answer(&mut other, "/").await;
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        assert!(refused.contains("retry-after: 1") && refused.contains("connection: close"));
        for path in ["/healthz", "/status/live"] {
            let mut other = TcpStream::connect(address).await.expect("a server");
            assert!(
                get_answer(&mut other, path)
                    .await
                    .starts_with("HTTP/1.1 200")
            );
        }
        drop(waiting.pop());
        // The place is free as soon as the server has seen that its caller is gone.
        loop {
            let mut other = TcpStream::connect(address).await.expect("a server");
            if get_answer(&mut other, "/")
                .await
                .starts_with("HTTP/1.1 200")
            {
                break;
            }
        }
    }

    /// Answers at `/` and where health is told, and has an answer without an end at `/waiting`.
    fn health_and_waiting() -> Router {
        let wording: Wording = |_, problem| problem.into_response();
        let waiting = || async {
            let first = futures_util::stream::iter([Ok::<_, std::io::Error>("a")]);
            Body::from_stream(first.chain(futures_util::stream::pending()))
        };
        Router::new()
            .route("/", get(|| async {}))
            .route("/healthz", get(|| async {}))
            .route("/status/live", get(|| async {}))
            .route("/waiting", get(waiting))
            .layer(from_fn_with_state(wording, turn_away))
    }

    async fn get_answer(stream: &mut TcpStream, path: &str) -> String {
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream
            .write_all(head.as_bytes())
            .await
            .expect("a connection");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_and_does_not_read_is_given_up() {
        let router = Router::new().route("/", get(|| async { vec![0; 64 << 10] }));
        let (address, _stop, _served) = start(router, Load::default()).await;
        let mut stream = TcpStream::connect(address).await.expect("a server");
        // Answers pile up until the server reads no more, and then until it has waited enough.
        let asking = async {
            loop {
                let head = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
                if stream.write_all(head).await.is_err() {
                    break;
                }
            }
        };
        let time = Duration::from_millis(10 * Load::default().answer_pause_ms);
        let ended = tokio::time::timeout(time, asking).await;
        assert!(ended.is_ok(), "it is never given up");
    }

    #[tokio::test]
    async fn the_peer_is_known_and_open_connections_end_when_the_server_does() {
        let (address, stop, served) = server().await;
        let mut stream = TcpStream::connect(address).await.expect("a server");
        let own = stream.local_addr().expect("connected").to_string();
        assert!(ask(&mut stream).await.ends_with(&own));
        stop.send(()).expect("it listens");
        served.await.expect("it ends");
        assert_eq!(stream.read(&mut [0; 8]).await.expect("is closed"), 0);
        assert!(TcpStream::connect(address).await.is_err());
    }
}
