//! HTTP clients that take every answer as an answer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::Value;
use ureq::http::{Method, Request};

use super::DEADLINE;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Its body.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// A header's first value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("the body is text")
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("the body is JSON")
    }

    /// This answer, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self
    }

    /// Checks that this is a problem document with this status and code, and gives it.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        let answer = self.expect(status);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        let body = answer.json();
        assert_eq!(
            (&body["status"], &body["code"]),
            (&status.into(), &code.into()),
            "{body}"
        );
        body
    }
}

/// A client for one listener. It follows no redirects and keeps no cookies.
pub(crate) struct Http {
    base: String,
    agent: ureq::Agent,
}

impl Http {
    /// A client for the listener at `base`.
    pub(crate) fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            // A listener may close after an answer: a connection is never used twice.
            .max_idle_connections(0)
            .timeout_global(Some(DEADLINE))
            .build();
        Self {
            base: base.to_owned(),
            agent: config.new_agent(),
        }
    }

    /// The address of a path on this listener.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Sends a request; without a body where `body` is none.
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let sent = self.try_send(method, path, headers, body);
        sent.expect("the listener answers")
    }

    /// As [`Http::send`]; `None` where no whole answer comes, as from a server that is killed.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Option<Answer> {
        let method: Method = method.parse().expect("a method");
        let mut request = Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match body {
            Some(body) => self.agent.run(request.body(body).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        answer(sent.ok()?)
    }

    /// Gets a page.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Option<Answer> {
    let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    };
    let headers = response.headers().iter().map(header).collect();
    Some(Answer {
        status: response.status().as_u16(),
        headers,
        bytes: response.body_mut().read_to_vec().ok()?,
    })
}

/// A client for the API with a bearer token.
pub(crate) struct Api {
    /// The listener.
    pub(crate) http: Http,
    authorization: String,
}

impl Api {
    /// A client for the API at `base`.
    pub(crate) fn new(base: &str, secret: &str) -> Self {
        Self {
            http: Http::new(base),
            authorization: format!("Bearer {secret}"),
        }
    }

    /// Sends a request with the token.
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let mut all = vec![("authorization", self.authorization.as_str())];
        all.extend_from_slice(headers);
        self.http.send(method, path, &all, body)
    }

    /// As [`Api::send`]; `None` where no whole answer comes.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Option<Answer> {
        let mut all = vec![("authorization", self.authorization.as_str())];
        all.extend_from_slice(headers);
        self.http.try_send(method, path, &all, body)
    }

    /// Gets.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// Deletes.
    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }

    /// Posts JSON.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, JSON, Some(body.to_string().as_bytes()))
    }

    /// Patches with JSON.
    #[track_caller]
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, JSON, Some(body.to_string().as_bytes()))
    }

    /// Posts bytes.
    #[track_caller]
    pub(crate) fn upload(&self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", path, BYTES, Some(body))
    }

    /// Scans an upload without context.
    #[track_caller]
    pub(crate) fn scan(&self, item_id: &str, body: &[u8]) -> Answer {
        self.upload(&format!("/api/v1/scans?item_id={item_id}"), body)
    }

    /// Scans an upload with context.
    #[track_caller]
    pub(crate) fn scan_with(&self, item_id: &str, context: &Value, body: &[u8]) -> Answer {
        let context = context.to_string();
        let headers = [BYTES[0], ("seawall-context", context.as_str())];
        let path = format!("/api/v1/scans?item_id={item_id}");
        self.send("POST", &path, &headers, Some(body))
    }

    /// Makes a bank.
    #[track_caller]
    pub(crate) fn bank(&self, name: &str) -> Value {
        let made = self.post("/api/v1/banks", &serde_json::json!({ "name": name }));
        made.expect(201).json()
    }

    /// Adds a picture to a bank, and gives the content's id.
    #[track_caller]
    pub(crate) fn add_picture(&self, bank: &str, picture: &[u8]) -> i64 {
        let added = self.upload(&format!("/api/v1/banks/{bank}/pictures"), picture);
        added.expect(201).json()["id"].as_i64().expect("an id")
    }
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const BYTES: &[(&str, &str)] = &[("content-type", "application/octet-stream")];

/// Sends bytes that need not be HTTP to a listener (`http://127.0.0.1:PORT`), and gives
/// everything that comes back until the listener closes: a whole request has to ask for that
/// with `connection: close`.
#[track_caller]
pub(crate) fn raw(base: &str, bytes: &[u8]) -> String {
    exchange(base, bytes, false)
}

/// The same, where the sender goes away after these bytes.
#[track_caller]
pub(crate) fn raw_cut(base: &str, bytes: &[u8]) -> String {
    exchange(base, bytes, true)
}

fn exchange(base: &str, bytes: &[u8], cut: bool) -> String {
    let address = base.strip_prefix("http://").expect("a listener's address");
    let mut stream = TcpStream::connect(address).expect("the listener takes connections");
    stream
        .set_read_timeout(Some(DEADLINE))
        .expect("a socket has time limits");
    // The listener may close while it is being sent to: its answer is what counts.
    drop(stream.write_all(bytes));
    if cut {
        drop(stream.shutdown(Shutdown::Write));
    }
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer that came by [`raw`] or [`raw_cut`].
#[track_caller]
pub(crate) fn status_of(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).map(str::parse);
    let Some(Ok(status)) = status else {
        panic!("no answer: {answer:?}")
    };
    status
}
