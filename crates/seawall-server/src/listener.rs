//! Accepts connections, bounded in number and in how long they may take over a request's head.
//!
//! A caller that connects and says nothing, or its head a byte a second, holds a place and some
//! kilobytes for half a minute at most.

use std::net::SocketAddr;
use std::sync::Arc;
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
use tokio::sync::Semaphore;
use tower::Service as _;

use crate::lingering::{Lingering, Unread};

/// Serves until `stop` resolves, then lets running requests end.
pub(crate) async fn serve(socket: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        // Whoever finds no place waits in the system's queue.
        let place = tokio::select! {
            () = &mut stop => break,
            place = Arc::clone(&places).acquire_owned() => place.expect("it is never closed"),
        };
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = socket.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    rest_after(&error).await;
                    continue;
                }
            },
        };
        let connection = connection(stream, peer, router.clone());
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // Its end is the caller's affair: there is nobody to tell.
            let _ = watched.await;
            drop(place);
        });
    }
    drop(socket);
    graceful.shutdown().await;
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    // Answers are written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let unread = Unread::default();
    let stream = Lingering::new(stream, unread.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = unread.watch(request);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service)
}

/// A connection that ended before it was accepted costs nothing; out of files or memory, the
/// next attempt would fail as well.
async fn rest_after(error: &std::io::Error) {
    use std::io::ErrorKind;
    if matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    ) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    tokio::time::sleep(REST).await;
}

/// How many connections of one listener are open at once.
const CONNECTIONS_MAX: usize = 4096;
/// How long a caller may take over the head of a request, the pause before it included.
const HEAD_TIME: Duration = Duration::from_secs(30);
const REST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use http::StatusCode;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    async fn server() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        start(Router::new().route("/", get(peer))).await
    }

    async fn start(router: Router) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(socket, router, async {
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
        let (address, stop, _) = start(router).await;
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
