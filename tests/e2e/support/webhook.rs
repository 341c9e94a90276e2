//! A tiny platform on loopback that takes signed messages.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::DEADLINE;

/// A message as it arrived.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// `Seawall-Signature`.
    pub(crate) signature: String,
    /// `Seawall-Message`.
    pub(crate) message: String,
    /// The body.
    pub(crate) body: String,
}

impl Delivery {
    /// Whether the signature is right under this secret: HMAC-SHA-256 of `SECONDS.BODY`.
    #[track_caller]
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let (time, hex) = self.signature.split_once(",v1=").expect("two parts");
        let seconds = time.strip_prefix("t=").expect("the time comes first");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
        mac.update(format!("{seconds}.{}", self.body).as_bytes());
        let right: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        right == hex
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// Takes messages and answers each with the next of the given statuses, the last one for ever.
pub(crate) struct WebhookReceiver {
    address: SocketAddr,
    deliveries: Receiver<Delivery>,
}

impl WebhookReceiver {
    /// Starts one.
    pub(crate) fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (sender, deliveries) = channel();
        std::thread::spawn(move || {
            let last = statuses.last().copied().unwrap_or(204);
            let mut statuses = statuses.iter().copied();
            for stream in listener.incoming().map_while(Result::ok) {
                // A connection that breaks is the sender's affair; it comes again.
                drop(take(stream, statuses.next().unwrap_or(last), &sender));
            }
        });
        Self {
            address,
            deliveries,
        }
    }

    /// The address to configure.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next message.
    #[track_caller]
    pub(crate) fn next(&self) -> Delivery {
        self.deliveries
            .recv_timeout(DEADLINE)
            .expect("a message arrives")
    }

    /// The messages that have arrived and were not taken yet.
    pub(crate) fn rest(&self) -> Vec<Delivery> {
        self.deliveries.try_iter().collect()
    }
}

fn take(stream: TcpStream, status: u16, sender: &Sender<Delivery>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut headers, mut line) = (Vec::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let header = |name: &str| {
        let found = headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    // The message counts once it is answered: a test that sees it may rely on that.
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes())?;
    let delivery = Delivery {
        signature: header("seawall-signature"),
        message: header("seawall-message"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    // The test may be over.
    drop(sender.send(delivery));
    Ok(())
}
