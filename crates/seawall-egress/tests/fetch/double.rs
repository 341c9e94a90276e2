//! Web servers, names and certificates that do what a test says.

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::future::pending;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

pub(crate) use crate::identity::Identity;
use seawall_egress::{
    Addresses, Egress, FetchError, FetchPolicy, Fetched, Fetcher, Ports, Resolver,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What a server does once it has read a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Writes this and closes.
    Say(Vec<u8>),
    /// Writes this and keeps the connection open.
    SayAndStall(Vec<u8>),
    /// Writes the first once and the second until the other side has gone.
    SayOn(Vec<u8>, Vec<u8>),
}

impl Act {
    pub(crate) fn say(text: impl Into<String>) -> Self {
        Self::Say(text.into().into_bytes())
    }

    pub(crate) fn stall(text: &str) -> Self {
        Self::SayAndStall(text.as_bytes().to_vec())
    }

    pub(crate) fn say_on(head: &str, more: &str) -> Self {
        Self::SayOn(head.as_bytes().to_vec(), more.as_bytes().to_vec())
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::say(format!(
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nSet-Cookie: a=b\r\n\
             Content-Length: 0\r\n\r\n"
        ))
    }
}

/// A whole answer with this body.
pub(crate) fn content(body: &str) -> Act {
    let length = body.len();
    Act::say(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

/// A web server; each path has its act, and every other path is not found.
pub(crate) struct Web {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    arrived: Arc<Notify>,
}

impl Web {
    pub(crate) async fn start(acts: impl IntoIterator<Item = (&'static str, Act)>) -> Self {
        Self::start_at("127.0.0.1", 0, acts, None).await
    }

    pub(crate) async fn start_at(
        address: &str,
        port: u16,
        acts: impl IntoIterator<Item = (&'static str, Act)>,
        identity: Option<&Identity>,
    ) -> Self {
        let listener = TcpListener::bind((address, port))
            .await
            .expect("a free port");
        let web = Self {
            port: listener.local_addr().expect("bound").port(),
            requests: Arc::default(),
            arrived: Arc::default(),
        };
        let acts: HashMap<_, _> = acts.into_iter().collect();
        let acceptor = identity.map(Identity::acceptor);
        let (requests, arrived) = (Arc::clone(&web.requests), Arc::clone(&web.arrived));
        let serve = Arc::new(move |request: String| {
            let path = request.split(' ').nth(1).unwrap_or_default();
            let not_found = || Act::say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            let act = acts.get(path).cloned().unwrap_or_else(not_found);
            requests.lock().expect("no panic").push(request);
            arrived.notify_one();
            act
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (serve, acceptor) = (Arc::clone(&serve), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => converse(stream, &*serve).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                converse(stream, &*serve).await;
                            }
                        }
                    }
                });
            }
        });
        web
    }

    /// An address of this server under `host`.
    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }

    /// The heads of the requests that came, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }

    /// Waits until a request has come.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    serve: &(dyn Fn(String) -> Act + Sync),
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    // The other side may have seen enough and be gone: no write has to succeed.
    match serve(String::from_utf8_lossy(&head).into_owned()) {
        Act::Say(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::SayAndStall(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            pending().await
        }
        Act::SayOn(bytes, more) => {
            let _ = stream.write_all(&bytes).await;
            while stream.write_all(&more).await.is_ok() {}
        }
    }
}

/// Names whose answers change: each lookup takes the next. Where none is left, a name does
/// not exist.
#[derive(Debug, Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    pub(crate) fn of(answers: &[(&str, &[&str])]) -> Arc<Self> {
        let names = Self::default();
        for (name, addresses) in answers {
            let addresses = addresses.iter().map(|a| a.parse().expect("an address"));
            let mut known = names.answers.lock().expect("no panic");
            let of_name = known.entry((*name).to_owned()).or_default();
            of_name.push_back(addresses.collect());
        }
        Arc::new(names)
    }

    /// What was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

impl Resolver for Names {
    fn look_up<'a>(&'a self, name: &'a str) -> Addresses<'a> {
        self.asked.lock().expect("no panic").push(name.to_owned());
        let mut answers = self.answers.lock().expect("no panic");
        let next = answers.get_mut(name).and_then(VecDeque::pop_front);
        let answer = next.ok_or_else(|| io::ErrorKind::NotFound.into());
        Box::pin(async { answer })
    }
}

/// Every port, no network but `127.0.0.1`, and little time.
pub(crate) fn policy() -> FetchPolicy {
    FetchPolicy {
        ports: Ports::Any,
        allow_networks: vec!["127.0.0.1".parse().expect("a network")],
        ..FetchPolicy::default()
    }
}

pub(crate) fn fetcher(names: &Arc<Names>, policy: FetchPolicy) -> Fetcher {
    let egress = Egress::with_roots([]).expect("the settings hold");
    let names: Arc<dyn Resolver> = Arc::clone(names) as _;
    Fetcher::new(egress.with_resolver(names), policy)
}

/// Fetches from literal addresses, under `policy`.
pub(crate) async fn fetch(url: &str, policy: FetchPolicy) -> Result<Fetched, FetchError> {
    let result = fetcher(&Names::of(&[]), policy).fetch(url).await;
    if let Err(error) = &result {
        assert_discreet(error);
    }
    result
}

pub(crate) async fn failure(url: &str, policy: FetchPolicy) -> FetchError {
    fetch(url, policy).await.expect_err("the fetch fails")
}

/// Errors reach logs: no text in the chain may say where the request went.
pub(crate) fn assert_discreet(error: &FetchError) {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        let text = format!("{error} {error:?}");
        for word in ["127.0.0", "::1", "localhost", ".test", "secret"] {
            assert!(!text.contains(word), "{text}");
        }
        cause = error.source();
    }
}
