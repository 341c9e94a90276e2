//! One request out, one bounded answer in, over an open connection.

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use url::Position;

use crate::connect::Stream;
use crate::{EgressError, Request, Response};

/// A request in HTTP's form.
pub(crate) type Prepared = http::Request<Full<Bytes>>;

/// Brings a request into HTTP's form, before any connection is opened.
pub(crate) fn prepare(request: &Request) -> Result<Prepared, EgressError> {
    let url = &request.url;
    let mut prepared = http::Request::builder()
        .method(request.method.clone())
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .body(Full::new(request.body.clone()))
        .map_err(|_| EgressError::Form)?;
    let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort])
        .map_err(|_| EgressError::Form)?;
    let headers = prepared.headers_mut();
    *headers = request.headers.clone();
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
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(EgressError::Exchange)?;
    // The set ends the connection's task when this function is left, in whatever way.
    let mut driver = JoinSet::new();
    driver.spawn(connection);

    let answer = sender
        .send_request(request)
        .await
        .map_err(EgressError::Exchange)?;
    let (head, body) = answer.into_parts();
    Ok(Response {
        status: head.status,
        headers: head.headers,
        body: read(body, bytes_max).await?,
    })
}

async fn read(mut body: Incoming, bytes_max: usize) -> Result<Bytes, EgressError> {
    let too_large = || EgressError::AnswerTooLarge { bytes_max };
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
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
