//! Getting the content behind a URL that a caller gave.
//!
//! The caller is not trusted with where the URL leads. Every hop is the same: read the URL
//! strictly, look its name up once, check every address, connect to a checked one. No address
//! that is not fetched from is ever connected to, so that nothing can be learned about it.

mod error;
mod place;
mod policy;

pub use error::{FetchError, FetchFailure};
pub use place::URL_BYTES_MAX;
pub use policy::{FetchPolicy, Ports};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::exchange::{self, Answer};
use crate::{Egress, EgressError};
use place::Place;

/// Gets content by URL, within its policy. Cheap to clone; clones share their places.
#[derive(Clone)]
pub struct Fetcher {
    egress: Egress,
    policy: Arc<FetchPolicy>,
    places: Arc<Semaphore>,
}

/// Content that was fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The content.
    pub bytes: Bytes,
    /// What its server calls it, such as `image/jpeg`: the header `Content-Type` without
    /// parameters, in lower case. `None` where the server does not say, or not clearly. It is
    /// a claim, not a fact.
    pub media_type: Option<String>,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Fetches over `egress` what `policy` lets through.
    #[must_use]
    pub fn new(egress: Egress, policy: FetchPolicy) -> Self {
        let places = policy.at_once_max.min(Semaphore::MAX_PERMITS);
        Self {
            egress,
            policy: Arc::new(policy),
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Gets the content behind `url`: one `GET`, with redirects followed.
    ///
    /// It sends no credentials, cookies or referrer, and asks for no compression: pictures and
    /// films are compressed already, and a body that is packed once more could be small on the
    /// line and huge in memory. An answer that is packed all the same is refused.
    ///
    /// # Errors
    /// [`FetchError`], whose text may be shown to the caller and whose source may not.
    pub async fn fetch(&self, url: &str) -> Result<Fetched, FetchError> {
        if !self.policy.enabled {
            return Err(FetchError::Off);
        }
        let place = Place::read(url, &self.policy.ports).map_err(FetchError::BadUrl)?;
        let Ok(_taken) = self.places.try_acquire() else {
            return Err(FetchError::Busy);
        };
        let total = Duration::from_millis(self.policy.total_ms.into());
        timeout(total, self.follow(place))
            .await
            .map_err(|_| FetchError::Timeout)?
    }

    async fn follow(&self, mut place: Place) -> Result<Fetched, FetchError> {
        let redirects_max = self.policy.redirects_max;
        for _ in 0..=redirects_max {
            let answer = self.ask(&place).await?;
            let status = answer.head.status;
            if status == StatusCode::OK || status == StatusCode::NON_AUTHORITATIVE_INFORMATION {
                return self.take(answer).await;
            }
            if !is_redirect(status) {
                return Err(FetchFailure::Status(status.as_u16()).into());
            }
            place = place.redirected(&answer.head.headers, &self.policy.ports)?;
        }
        Err(FetchFailure::TooManyRedirects { redirects_max }.into())
    }

    /// One hop: a connection of its own, a request, the head of the answer.
    async fn ask(&self, place: &Place) -> Result<Answer, FetchError> {
        let request = exchange::frame(Method::GET, &place.url, request_headers(), Bytes::new())?;
        let connect = Duration::from_millis(self.policy.connect_ms.into());
        let deadline = Instant::now() + connect;
        let admits = |address| self.policy.admits(address);
        let stream = timeout_at(deadline, self.egress.open(&place.target, &admits, deadline))
            .await
            .map_err(|_| EgressError::ConnectTimeout)??;
        Ok(exchange::ask(stream, request).await?)
    }

    async fn take(&self, answer: Answer) -> Result<Fetched, FetchError> {
        if is_encoded(&answer.head.headers) {
            return Err(FetchFailure::Encoded.into());
        }
        Ok(Fetched {
            media_type: media_type(&answer.head.headers),
            bytes: answer.body(self.policy.bytes_max).await?,
        })
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetcher")
    }
}

fn request_headers() -> HeaderMap {
    let fixed = |name: HeaderName, value| (name, HeaderValue::from_static(value));
    HeaderMap::from_iter([
        fixed(ACCEPT, "*/*"),
        fixed(ACCEPT_ENCODING, "identity"),
        fixed(USER_AGENT, "Seawall"),
    ])
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether the body is anything but the content itself. Chunks are taken apart before.
fn is_encoded(headers: &HeaderMap) -> bool {
    let is_other = |name: HeaderName, plain: &str| {
        let mut values = headers.get_all(name).iter();
        values.any(|value| !value.as_bytes().eq_ignore_ascii_case(plain.as_bytes()))
    };
    is_other(CONTENT_ENCODING, "identity") || is_other(header::TRANSFER_ENCODING, "chunked")
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let essence = value.to_str().ok()?.split(';').next()?.trim();
    let (kind, form) = essence.split_once('/')?;
    let is_plain = essence.len() <= MEDIA_TYPE_BYTES_MAX && is_token(kind) && is_token(form);
    is_plain.then(|| essence.to_ascii_lowercase())
}

/// Source: RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// Source: RFC 6838, section 4.2: 127 characters for each half.
const MEDIA_TYPE_BYTES_MAX: usize = 255;
