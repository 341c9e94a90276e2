//! How a partner is told who asks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use seawall_core::Redacted;
use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{Address, DescriptionError, Place, Secrets};
use crate::feed::{FeedError, Method, PartnerAnswer, PartnerRequest};
use crate::json;

/// How a partner is told who asks: `kind` in `[authentication]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Authentication {
    /// Not at all: `kind = "none"`.
    None {},
    /// A user name and a password in each request (RFC 7617): `kind = "basic"`.
    Basic {
        /// The name of the secret that is the user name; `user` where nothing is said.
        #[serde(default = "user")]
        user: String,
        /// The name of the secret that is the password; `password` where nothing is said.
        #[serde(default = "password")]
        password: String,
    },
    /// A token in each request (RFC 6750): `kind = "bearer"`.
    Bearer {
        /// The name of the secret that is the token; `token` where nothing is said.
        #[serde(default = "token")]
        token: String,
    },
    /// Headers of the partner's own: `kind = "headers"`.
    Headers {
        /// The name of the secret for each header.
        headers: BTreeMap<String, String>,
    },
    /// Credentials that are first exchanged for a token: `kind = "token_exchange"`.
    TokenExchange(TokenExchange),
}

/// Credentials that are posted once for a token, which is then sent as a Bearer token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenExchange {
    /// Where they are posted to, below the partner's address.
    pub path: String,
    /// How they are written; a form where nothing is said.
    #[serde(default)]
    pub body: BodyEncoding,
    /// The name of the secret for each field of the body.
    pub secrets: BTreeMap<String, String>,
    /// Fields of the body that are no secrets.
    #[serde(default)]
    pub fixed: BTreeMap<String, String>,
    /// Where in the answer the token stands.
    pub token: Place,
}

/// How fields are written in the body of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyEncoding {
    /// As a form.
    #[default]
    Form,
    /// As a JSON object of texts.
    Json,
}

impl Authentication {
    /// The names of the secrets that it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::None {} => Vec::new(),
            Self::Basic { user, password } => vec![user, password],
            Self::Bearer { token } => vec![token],
            Self::Headers { headers } => headers.values().map(String::as_str).collect(),
            Self::TokenExchange(exchange) => {
                exchange.secrets.values().map(String::as_str).collect()
            }
        }
    }
}

/// The way in to a partner: headers that are always the same, or a token that has to be fetched
/// and may run out.
#[derive(Clone)]
pub(crate) struct Access {
    headers: Vec<Header>,
    exchange: Option<Exchange>,
}

type Header = (Cow<'static, str>, Redacted<String>);

#[derive(Clone)]
struct Exchange {
    request: PartnerRequest,
    place: Place,
    token: Token,
}

#[derive(Clone)]
enum Token {
    Absent,
    /// It was not yet used.
    Fresh(Redacted<String>),
    /// The partner took it at least once.
    Taken(Redacted<String>),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access([redacted])")
    }
}

impl Access {
    /// Prepares the way in.
    ///
    /// # Errors
    /// [`DescriptionError`] where a secret is missing, a header cannot be one, or a path leads
    /// away from the address.
    pub(crate) fn new(
        authentication: &Authentication,
        address: &Address,
        secrets: &Secrets,
    ) -> Result<Self, DescriptionError> {
        let headers = match authentication {
            Authentication::None {} => Vec::new(),
            Authentication::Basic { user, password } => {
                let (user, password) = (secrets.named(user)?, secrets.named(password)?);
                let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
                vec![authorization("Basic", &pair)]
            }
            Authentication::Bearer { token } => {
                vec![authorization("Bearer", secrets.named(token)?)]
            }
            Authentication::Headers { headers } => headers
                .iter()
                .map(|(name, secret)| {
                    let value = Redacted(secrets.named(secret)?.to_owned());
                    Ok((header_name(name)?.into(), value))
                })
                .collect::<Result<_, DescriptionError>>()?,
            Authentication::TokenExchange(_) => Vec::new(),
        };
        let exchange = match authentication {
            Authentication::TokenExchange(exchange) => Some(Exchange {
                request: exchange.request(address, secrets)?,
                place: exchange.token.clone(),
                token: Token::Absent,
            }),
            Authentication::None {}
            | Authentication::Basic { .. }
            | Authentication::Bearer { .. }
            | Authentication::Headers { .. } => None,
        };
        Ok(Self { headers, exchange })
    }

    /// The request for a token, where one is needed first.
    pub(crate) fn request(&self) -> Option<PartnerRequest> {
        let exchange = self.exchange.as_ref()?;
        matches!(exchange.token, Token::Absent).then(|| exchange.request.clone())
    }

    /// The headers of every other request.
    pub(crate) fn headers(&self) -> Vec<Header> {
        let token = self.exchange.as_ref().map(|exchange| &exchange.token);
        match token {
            Some(Token::Fresh(token) | Token::Taken(token)) => {
                vec![authorization("Bearer", token.reveal())]
            }
            Some(Token::Absent) | None => self.headers.clone(),
        }
    }

    /// The body of an answer, or `None` where it was about the token: the token came, or ran out
    /// and has to be asked for again, once.
    ///
    /// # Errors
    /// [`FeedError`], as [`PartnerAnswer::granted`] tells it.
    pub(crate) fn granted<'a>(
        &mut self,
        answer: &PartnerAnswer<'a>,
        missing: &str,
    ) -> Result<Option<&'a [u8]>, FeedError> {
        let Some(exchange) = &mut self.exchange else {
            return answer.granted(missing).map(Some);
        };
        match &exchange.token {
            Token::Absent => {
                exchange.token = Token::Fresh(exchange.read_token(answer)?);
                Ok(None)
            }
            Token::Taken(_) if answer.status == 401 => {
                exchange.token = Token::Absent;
                Ok(None)
            }
            Token::Fresh(token) | Token::Taken(token) => {
                let body = answer.granted(missing)?;
                exchange.token = Token::Taken(token.clone());
                Ok(Some(body))
            }
        }
    }
}

impl Exchange {
    fn read_token(&self, answer: &PartnerAnswer<'_>) -> Result<Redacted<String>, FeedError> {
        let missing = "the credentials that are exchanged for a token are wrong";
        if answer.status == 400 {
            // What some services answer to a wrong password.
            return Err(FeedError::Denied {
                status: answer.status,
                missing: missing.to_owned(),
            });
        }
        let document: Value = json::read(answer.granted(missing)?)?;
        let token = self.place.find(&document).and_then(Value::as_str);
        let fits = |token: &&str| {
            let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
            is_visible && (1..=TOKEN_BYTES_MAX).contains(&token.len())
        };
        let token = token.filter(fits);
        let token = token.ok_or_else(|| json::unreadable("no token stands where one belongs"))?;
        Ok(Redacted(token.to_owned()))
    }
}

impl TokenExchange {
    fn request(
        &self,
        address: &Address,
        secrets: &Secrets,
    ) -> Result<PartnerRequest, DescriptionError> {
        let mut fields: BTreeMap<&str, &str> = BTreeMap::new();
        for (field, secret) in &self.secrets {
            fields.insert(field, secrets.named(secret)?);
        }
        fields.extend(self.fixed.iter().map(|(field, text)| (&**field, &**text)));
        let body = match self.body {
            BodyEncoding::Form => form(&fields),
            BodyEncoding::Json => ("application/json", serde_json::json!(fields).to_string()),
        };
        let url: Url = address.below(&self.path)?;
        Ok(PartnerRequest {
            method: Method::Post,
            url: Redacted(url),
            headers: vec![accept_json()],
            body: Some((body.0, Redacted(body.1.into_bytes()))),
        })
    }
}

/// The header that asks for JSON.
pub(crate) fn accept_json() -> Header {
    ("accept".into(), Redacted("application/json".to_owned()))
}

fn form(fields: &BTreeMap<&str, &str>) -> (&'static str, String) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    ("application/x-www-form-urlencoded", form.finish())
}

fn authorization(scheme: &str, value: &str) -> Header {
    let value = Redacted(format!("{scheme} {value}"));
    ("authorization".into(), value)
}

/// A header's name in lower case.
fn header_name(name: &str) -> Result<String, DescriptionError> {
    let is_token_char =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let lower = name.to_ascii_lowercase();
    let is_framing = ["host", "content-length", "transfer-encoding", "connection"];
    if lower.is_empty() || !lower.bytes().all(is_token_char) || is_framing.contains(&&*lower) {
        return Err(DescriptionError::Header);
    }
    Ok(lower)
}

fn user() -> String {
    "user".to_owned()
}

fn password() -> String {
    "password".to_owned()
}

fn token() -> String {
    "token".to_owned()
}

const TOKEN_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use seawall_core::Timestamp;

    use super::*;
    use crate::description::read_toml;

    fn access(toml: &str) -> Result<Access, DescriptionError> {
        let authentication: Authentication = read_toml(toml.as_bytes())?;
        let address = Address::new("https://partner.example/".parse().expect("a URL"))?;
        let secrets = [
            ("user", "Aladdin"),
            ("password", "open sesame"),
            ("token", "mF_9.B5f-4.1JqM"),
            ("broken", "line\nbreak"),
            ("empty", ""),
        ];
        Access::new(&authentication, &address, &Secrets::from_iter(secrets))
    }

    fn answer(status: u16, body: &[u8]) -> PartnerAnswer<'_> {
        PartnerAnswer {
            status,
            retry_after: None,
            body,
            now: Timestamp::from_millis(0),
        }
    }

    fn headers(access: &Access) -> Vec<(String, String)> {
        let open = |(name, value): Header| (name.into_owned(), value.reveal().clone());
        access.headers().into_iter().map(open).collect()
    }

    /// The values of the examples in RFC 7617, section 2, and RFC 6750, section 2.1.
    #[test]
    fn credentials_go_into_headers() {
        let of = |toml: &str| headers(&access(toml).expect("a description"));
        let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(of("kind = 'none'"), []);
        let basic = pair("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(of("kind = 'basic'"), basic);
        let bearer = pair("authorization", "Bearer mF_9.B5f-4.1JqM");
        assert_eq!(of("kind = 'bearer'"), bearer);
        let own = of("kind = 'headers'\nheaders = { X-Api-Key = 'token' }");
        assert_eq!(own, pair("x-api-key", "mF_9.B5f-4.1JqM"));
    }

    #[test]
    fn what_cannot_be_sent_is_told_before_anything_is() {
        let of = |toml: &str| access(toml).expect_err("a fault").to_string();
        assert!(of("kind = 'bearer'\ntoken = 'key'").contains("\"key\""));
        assert!(of("kind = 'bearer'\ntoken = 'empty'").contains("not set"));
        let broken = of("kind = 'bearer'\ntoken = 'broken'");
        assert!(broken.contains("cannot be sent") && !broken.contains("line\n"));
        for name in ["Host", "a b", "", "content-length", "a:b"] {
            let toml = format!("kind = 'headers'\nheaders = {{ '{name}' = 'token' }}");
            assert_eq!(of(&toml), DescriptionError::Header.to_string(), "{name}");
        }
        for toml in [
            "kind = 'none'\nuser = 'x'",
            "kind = 'basic'\nother = 'x'",
            "kind = 'x'",
        ] {
            assert!(of(toml).contains("reading a description"), "{toml}");
        }
    }

    const EXCHANGE: &str = "kind = 'token_exchange'\npath = 'sign-in/'\n\
        secrets = { name = 'user', pass = 'password' }\nfixed = { resend = 'False' }\n\
        token = '/auth/token'";

    #[test]
    fn a_token_is_fetched_first_and_once_more_when_it_runs_out() {
        let mut access = access(EXCHANGE).expect("a description");
        let request = access.request().expect("a request for a token");
        assert_eq!(request.method, Method::Post);
        assert_eq!(
            request.url.reveal().as_str(),
            "https://partner.example/sign-in/"
        );
        let (kind, body) = request.body.expect("a body");
        assert_eq!(kind, "application/x-www-form-urlencoded");
        assert_eq!(body.reveal(), b"name=Aladdin&pass=open+sesame&resend=False");

        let token = answer(200, br#"{"auth": {"token": "abc"}}"#);
        assert_eq!(access.granted(&token, "x"), Ok(None));
        assert_eq!(access.request(), None);
        assert_eq!(headers(&access)[0].1, "Bearer abc");
        assert_eq!(
            access.granted(&answer(200, b"page"), "x"),
            Ok(Some(&b"page"[..]))
        );

        assert_eq!(
            access.granted(&answer(401, b""), "x"),
            Ok(None),
            "it ran out"
        );
        assert!(access.request().is_some());
        assert_eq!(access.granted(&token, "x"), Ok(None));
        let denied = access.granted(&answer(401, b""), "the right to read");
        let missing = "the right to read".to_owned();
        assert_eq!(
            denied,
            Err(FeedError::Denied {
                status: 401,
                missing
            })
        );
    }

    #[test]
    fn an_answer_without_a_token_is_told() {
        for (status, body) in [(400, "{}"), (401, "{}"), (403, "{}")] {
            let mut access = access(EXCHANGE).expect("a description");
            let denied = access.granted(&answer(status, body.as_bytes()), "x");
            assert!(
                matches!(denied, Err(FeedError::Denied { .. })),
                "{denied:?}"
            );
        }
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"auth": {"token": ""}}"#,
            r#"{"auth": {"token": "a b"}}"#,
        ] {
            let mut access = access(EXCHANGE).expect("a description");
            let unreadable = access.granted(&answer(200, body.as_bytes()), "x");
            assert!(
                matches!(unreadable, Err(FeedError::Unreadable { .. })),
                "{body}"
            );
            assert!(access.request().is_some(), "asked again, it asks the same");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let access = access("kind = 'bearer'").expect("a description");
        let secrets = Secrets::from_iter([("token", "s3cret")]);
        let shown = format!("{access:?} {secrets:?}");
        assert!(
            !shown.contains("mF_9") && !shown.contains("s3cret"),
            "{shown}"
        );
    }
}
