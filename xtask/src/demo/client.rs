//! HTTP as a caller of the interface and as a browser before the console use it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;

/// Longer than any call of the demo takes.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// More than any answer of the demo holds.
const ANSWER_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Speaks to one listener, with headers that go with every request.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
    headers: ureq::http::HeaderMap,
}

impl Answer {
    /// The value of a header, where it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer itself where the status is the expected one.
    ///
    /// # Errors
    /// Where it is another, with the start of the body.
    pub(crate) fn expect_status(self, status: u16) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let text: String = self.text().trim().chars().take(300).collect();
        bail!("expected status {status}, got {}: {text}", self.status)
    }

    /// The body as a value.
    ///
    /// # Errors
    /// Where it is no JSON of this form.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).context("reading an answer as JSON")
    }
}

impl Client {
    /// A client of the listener at `base`.
    pub(crate) fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(CALL_LIMIT))
            .max_redirects(0)
            .proxy(None)
            .build();
        Self {
            agent: ureq::Agent::new_with_config(config),
            base: base.trim_end_matches('/').to_owned(),
            headers: Vec::new(),
        }
    }

    /// The same with a header on every request.
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Asks for a path.
    ///
    /// # Errors
    /// Where no answer comes back; a refusal is an answer.
    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        read(request.call()).with_context(|| format!("asking for {path}"))
    }

    /// Sends bytes, with further headers.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body)).with_context(|| format!("sending to {path}"))
    }

    /// Deletes what is at a path.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn delete(&self, path: &str) -> Result<Answer> {
        let mut request = self.agent.delete(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        read(request.call()).with_context(|| format!("deleting {path}"))
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post_json(&self, path: &str, body: &serde_json::Value) -> Result<Answer> {
        let body = body.to_string();
        self.post(
            path,
            &[("content-type", "application/json")],
            body.as_bytes(),
        )
    }

    /// Sends fields as a form does. Values are plain words: nothing is escaped here.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.post(path, &headers, pairs.join("&").as_bytes())
    }
}

fn read(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer> {
    let mut response = response?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_vec()?;
    Ok(Answer {
        status,
        body,
        headers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_status_than_expected_is_an_error_with_the_body() {
        let answer = || Answer {
            status: 409,
            body: b"{\"code\":\"taken\"}".to_vec(),
            headers: ureq::http::HeaderMap::new(),
        };
        let error = answer()
            .expect_status(200)
            .expect_err("409 is not 200")
            .to_string();
        assert!(error.contains("409") && error.contains("taken"), "{error}");
        let value: serde_json::Value = answer().json().expect("is JSON");
        assert_eq!(value["code"], "taken");
    }
}
