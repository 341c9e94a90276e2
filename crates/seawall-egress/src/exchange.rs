//! One request out, one bounded answer in, over an open connection.

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use url::{Position, Url};

use crate::connect::Stream;
use crate::{EgressError, Request, Response};

/// A request in HTTP's form.
pub(crate) type Prepared = http::Request<Full<Bytes>>;

/// Brings a request into HTTP's form, before any connection is opened.
pub(crate) fn prepare(request: &Request) -> Result<Prepared, EgressError> {
    let (method, headers) = (request.method.clone(), request.headers.clone());
    frame(method, &request.url, headers, request.body.clone())
}

/// The same from its parts; headers that frame the message are replaced.
pub(crate) fn frame(
    method: Method,
    url: &Url,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Prepared, EgressError> {
    let mut prepared = http::Request::builder()
        .method(method)
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .body(Full::new(body))
        .map_err(|_| EgressError::Form)?;
    let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort])
        .map_err(|_| EgressError::Form)?;
    *prepared.headers_mut() = headers;
    let headers = prepared.headers_mut();
    // The length comes from the body alone: a second opinion on framing is how requests
    // are smuggled.
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    headers.insert(HOST, host);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(prepared)
}

/// Sends the request and reads the answer, at most `bytes_max` bytes of body.
pub(crate) async fn run(
    stream: Stream,
    request: Prepared,
    bytes_max: usize,
) -> Result<Response, EgressError> {
    let Answer {
        head,
        body,
        _driver,
    } = ask(stream, request).await?;
    Ok(Response {
        status: head.status,
        headers: head.headers,
        body: read(body, bytes_max).await?,
    })
}

/// The head of an answer; its body has yet to come.
pub(crate) struct Answer {
    /// Status and headers.
    pub(crate) head: response::Parts,
    body: Incoming,
    /// Drives the connection, and ends with this value.
    _driver: JoinSet<hyper::Result<()>>,
}

impl Answer {
    /// Reads the body, at most `bytes_max` bytes.
    pub(crate) async fn body(self, bytes_max: usize) -> Result<Bytes, EgressError> {
        read(self.body, bytes_max).await
    }
}

/// Sends the request and reads the head of the answer.
pub(crate) async fn ask(stream: Stream, request: Prepared) -> Result<Answer, EgressError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(EgressError::Exchange)?;
    // The set ends the connection's task when it is dropped, in whatever way.
    let mut driver = JoinSet::new();
    driver.spawn(connection);

    let answer = sender
        .send_request(request)
        .await
        .map_err(EgressError::Exchange)?;
    let (head, body) = answer.into_parts();
    Ok(Answer {
        head,
        body,
        _driver: driver,
    })
}

async fn read(mut body: Incoming, bytes_max: usize) -> Result<Bytes, EgressError> {
    let too_large = || EgressError::AnswerTooLarge { bytes_max };
    // What is declared is judged before it is read.
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > bytes_max {
        return Err(too_large());
    }
    let mut whole = BytesMut::with_capacity(declared);
    while let Some(frame) = body.frame().await {
        // Trailers are not part of what a caller sees.
        let Ok(data) = frame.map_err(EgressError::Exchange)?.into_data() else {
            continue;
        };
        if data.len() > bytes_max - whole.len() {
            return Err(too_large());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// Status line and headers of an answer may take this many bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;
