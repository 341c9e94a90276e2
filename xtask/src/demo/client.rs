//! The native interface as a caller sees it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::Value;

/// Longer than any call of the demo takes.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// Speaks to one listener, with a bearer token where there is one.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body, as it was sent.
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON where the status is the expected one.
    ///
    /// # Errors
    /// Where it is another, with the body, or the body is no JSON.
    pub(crate) fn expect_status(self, status: u16) -> Result<Value> {
        if self.status != status {
            bail!(
                "expected status {status}, got {}: {}",
                self.status,
                self.text.trim()
            );
        }
        serde_json::from_str(&self.text).or_else(|_| Ok(Value::String(self.text)))
    }
}

impl Client {
    /// A client of the listener at `base`.
    pub(crate) fn new(base: &str, token: Option<&str>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(CALL_LIMIT))
            .max_redirects(0)
            .proxy(None)
            .build();
        let agent = ureq::Agent::new_with_config(config);
        Self {
            agent,
            base: base.trim_end_matches('/').to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// Asks for a path.
    ///
    /// # Errors
    /// Where no answer comes back; a refusal is an answer.
    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        read(request.call(), path)
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer> {
        let body = serde_json::to_vec(body).context("writing a request as JSON")?;
        self.post_bytes(path, "application/json", &body)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post_bytes(&self, path: &str, media_type: &str, body: &[u8]) -> Result<Answer> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        read(request.header("content-type", media_type).send(body), path)
    }
}

type Response = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

fn read(response: Response, path: &str) -> Result<Answer> {
    let mut response = response.with_context(|| format!("calling {path}"))?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string();
    Ok(Answer {
        status,
        text: text.with_context(|| format!("reading the answer of {path}"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_status_than_expected_is_an_error_with_the_body() {
        let answer = || Answer {
            status: 409,
            text: "{\"code\":\"taken\"}".to_owned(),
        };
        let error = answer()
            .expect_status(200)
            .expect_err("409 is not 200")
            .to_string();
        assert!(error.contains("409") && error.contains("taken"), "{error}");
        assert_eq!(
            answer().expect_status(409).expect("as expected")["code"],
            "taken"
        );
    }
}
