//! Load on a server: connections that ask again as soon as they are answered.
//!
//! A program of our own, because every answer is compared with what it must be: a server that
//! answers fast and wrong must not look good. Bytes are written as they are, on connections
//! that stay open, so that the load takes as little as it can of the machine it shares with
//! the server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// A request and what must come back.
pub(crate) struct Exchange {
    /// Head and body, as they go out.
    pub(crate) request: Vec<u8>,
    /// What the body of the answer must hold; the status must be 200.
    pub(crate) expected: String,
}

impl Exchange {
    /// A `GET` of a path, with a token.
    pub(crate) fn get(path: &str, token: &str, expected: String) -> Self {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        Self {
            request: head.into_bytes(),
            expected,
        }
    }

    /// A `POST` of one file in a form, under the name `photo`.
    pub(crate) fn post_photo(path: &str, token: &str, photo: &[u8], expected: String) -> Self {
        let opening = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
             content-type: image/jpeg\r\n\r\n"
        );
        let closing = format!("\r\n--{BOUNDARY}--\r\n");
        let length = opening.len() + photo.len() + closing.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: multipart/form-data; boundary={BOUNDARY}\r\n\
             content-length: {length}\r\n\r\n"
        );
        Self {
            request: [
                head.as_bytes(),
                opening.as_bytes(),
                photo,
                closing.as_bytes(),
            ]
            .concat(),
            expected,
        }
    }
}

/// How a load was borne.
pub(crate) struct Borne {
    /// Answers in a second, of all connections.
    pub(crate) requests_per_second: f64,
    /// Half of the answers took no longer, in milliseconds.
    pub(crate) median_ms: f64,
    /// Ninety-nine in a hundred took no longer, in milliseconds.
    pub(crate) p99_ms: f64,
}

/// Sends the exchanges over so many connections, over and over, for so long.
///
/// # Errors
/// Where a connection fails or an answer is not the expected one.
pub(crate) fn bear(
    address: SocketAddr,
    exchanges: &[Exchange],
    connections: usize,
    time: Duration,
) -> Result<Borne> {
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let results: Vec<Result<Vec<u32>>> = std::thread::scope(|scope| {
        let work = |first| {
            let (exchanges, stop) = (exchanges, &stop);
            move || {
                let result = converse(address, exchanges, first, started + time, stop);
                // One wrong answer is enough: the others need not go on.
                if result.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                result
            }
        };
        let step = exchanges.len() / connections.max(1);
        let threads: Vec<_> = (0..connections)
            .map(|connection| scope.spawn(work(connection * step)))
            .collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|result| result.unwrap_or_else(|_| bail!("a connection's thread panicked")))
            .collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    let mut took_us = Vec::new();
    for result in results {
        took_us.extend(result?);
    }
    ensure!(!took_us.is_empty(), "nothing was answered");
    took_us.sort_unstable();
    let at = |share: f64| f64::from(took_us[((took_us.len() - 1) as f64 * share) as usize]) / 1e3;
    Ok(Borne {
        requests_per_second: took_us.len() as f64 / seconds,
        median_ms: at(0.5),
        p99_ms: at(0.99),
    })
}

/// One connection's exchanges, from the given one on: how long each took, in microseconds.
fn converse(
    address: SocketAddr,
    exchanges: &[Exchange],
    first: usize,
    until: Instant,
    stop: &AtomicBool,
) -> Result<Vec<u32>> {
    let mut stream = TcpStream::connect(address).context("connecting")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    let (mut took_us, mut buffer) = (Vec::new(), Vec::new());
    for exchange in exchanges.iter().cycle().skip(first) {
        let started = Instant::now();
        if started >= until || stop.load(Ordering::Relaxed) {
            break;
        }
        stream.write_all(&exchange.request).context("sending")?;
        let (status, body) = answer(&mut stream, &mut buffer)?;
        let took = started.elapsed().as_micros();
        ensure!(
            status == 200 && body.contains(&exchange.expected),
            "expected 200 and {:?}, got {status} and {body:?}",
            exchange.expected
        );
        took_us.push(u32::try_from(took).unwrap_or(u32::MAX));
    }
    Ok(took_us)
}

/// Reads one answer with a stated length.
fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(u16, String)> {
    buffer.clear();
    let mut wanted = None;
    loop {
        if let Some((head_bytes, body_bytes)) = wanted
            && buffer.len() >= head_bytes + body_bytes
        {
            let body = String::from_utf8_lossy(&buffer[head_bytes..head_bytes + body_bytes]);
            return Ok((status(buffer)?, body.into_owned()));
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).context("reading an answer")?;
        ensure!(count > 0, "the server closed the connection");
        buffer.extend_from_slice(&piece[..count]);
        if wanted.is_none() {
            wanted = lengths(buffer)?;
        }
    }
}

/// How long the head is and the body will be, once the head is whole.
fn lengths(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).context("reading a head")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    Ok(Some((
        end + 4,
        length.context("an answer without a length")?,
    )))
}

fn status(bytes: &[u8]) -> Result<u16> {
    let digits = bytes.get(9..12).context("an answer without a status")?;
    Ok(std::str::from_utf8(digits)?.parse()?)
}

const BOUNDARY: &str = "seawall-load-7d1f";

/// An answer that takes longer ends the measurement.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Answers every request of one connection with this text.
    fn server(text: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut piece = [0; 4096];
            while stream.read(&mut piece).is_ok_and(|count| count > 0) {
                let length = text.len();
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}");
                stream.write_all(answer.as_bytes()).expect("still there");
            }
        });
        address
    }

    #[test]
    fn answers_are_counted_and_a_wrong_one_is_an_error() {
        let exchange = |expected: &str| [Exchange::get("/m", "t", expected.to_owned())];
        let time = Duration::from_millis(50);
        let borne = bear(server("{\"A\":1}"), &exchange("\"A\""), 1, time).expect("all right");
        assert!(borne.requests_per_second > 0.0 && borne.p99_ms >= borne.median_ms);
        let wrong = bear(server("{}"), &exchange("\"A\""), 1, time);
        assert!(wrong.is_err_and(|error| error.to_string().contains("expected 200")));
    }

    #[test]
    fn a_length_is_read_once_the_head_is_whole() {
        assert_eq!(lengths(b"HTTP/1.1 200 OK\r\nA: b\r\n").expect("fine"), None);
        let head = b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 7\r\n\r\n{";
        assert_eq!(lengths(head).expect("fine"), Some((head.len() - 1, 7)));
        assert!(lengths(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
