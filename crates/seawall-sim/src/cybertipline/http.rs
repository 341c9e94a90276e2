//! The calls over HTTP: credentials, bodies, faults, headers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use http_body_util::{Full, Limited};
use md5::{Digest, Md5};

use super::book::{Uploaded, hex};
use super::reply::{Answer, Refusal, code};
use super::{BASE_PATH, Call, CyberTipline, Fault, Phase, STAND_IN_HEADER};

type StandIn = Arc<CyberTipline>;

/// The routes of the interface.
pub(super) fn router(stand_in: StandIn) -> Router {
    let xml = || DefaultBodyLimit::max(XML_BYTES_MAX);
    let form = || DefaultBodyLimit::max(FORM_BYTES_MAX);
    let file = DefaultBodyLimit::max(UPLOAD_BYTES_MAX);
    let calls = Router::new()
        .route("/status", get(status))
        .route("/xsd", get(schema))
        .route("/submit", post(submit).layer(xml()))
        .route("/upload", post(upload).layer(file))
        .route("/fileinfo", post(file_info).layer(xml()))
        .route("/finish", post(finish).layer(form()))
        .route("/retract", post(retract).layer(form()))
        .layer(from_fn_with_state(Arc::clone(&stand_in), admit))
        .with_state(stand_in);
    Router::new().nest(BASE_PATH, calls)
}

/// Checks the credentials before a body is read, and marks every answer.
async fn admit(State(stand_in): State<StandIn>, request: Request, next: Next) -> Response {
    let mut response = if stand_in.knows(request.headers()) {
        next.run(request).await
    } else {
        unauthorised()
    };
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static(STAND_IN_HEADER),
        HeaderValue::from_static("cybertipline"),
    );
    if let Ok(value) = HeaderValue::from_str(&stand_in.request_id()) {
        headers.insert(HeaderName::from_static("request-id"), value);
    }
    response
}

async fn status(State(stand_in): State<StandIn>) -> Response {
    let words = format!("Remote user: {}", stand_in.options.username);
    answer(stand_in, Call::Status, move |_| Ok(Answer::says(&words))).await
}

async fn schema(State(stand_in): State<StandIn>) -> Response {
    let refusal = Refusal::new(
        code::RESOURCE_NOT_FOUND,
        "The stand-in ships no schema file",
    );
    answer(stand_in, Call::Schema, move |_| Err(refusal)).await
}

async fn submit(State(stand_in): State<StandIn>, headers: HeaderMap, body: Bytes) -> Response {
    answer(stand_in, Call::Submit, move |stand_in| {
        check_xml_type(&headers)?;
        stand_in.book().submit(&body, stand_in.clock.now())
    })
    .await
}

async fn upload(State(stand_in): State<StandIn>, parts: Multipart) -> Response {
    let received = receive(parts).await;
    answer(stand_in, Call::Upload, move |stand_in| {
        let (report_id, file) = received?;
        stand_in
            .book()
            .upload(report_id, file, stand_in.clock.now())
    })
    .await
}

async fn file_info(State(stand_in): State<StandIn>, headers: HeaderMap, body: Bytes) -> Response {
    answer(stand_in, Call::FileInfo, move |stand_in| {
        check_xml_type(&headers)?;
        stand_in.book().file_info(&body, stand_in.clock.now())
    })
    .await
}

async fn finish(State(stand_in): State<StandIn>, request: Request) -> Response {
    let id = form_id(request).await;
    answer(stand_in, Call::Finish, move |stand_in| {
        stand_in.book().finish(id?, stand_in.clock.now())
    })
    .await
}

async fn retract(State(stand_in): State<StandIn>, request: Request) -> Response {
    let id = form_id(request).await;
    answer(stand_in, Call::Retract, move |stand_in| {
        stand_in.book().retract(id?, stand_in.clock.now())
    })
    .await
}

/// Asks the hook, acts, asks the hook again, answers. All of it runs where it may block:
/// the journal waits for the disk, and a hook may wait for a test.
async fn answer(
    stand_in: StandIn,
    call: Call,
    act: impl FnOnce(&CyberTipline) -> Result<Answer, Refusal> + Send + 'static,
) -> Response {
    let work = tokio::task::spawn_blocking(move || {
        let fault_at = |phase| {
            stand_in
                .hook()
                .map_or(Fault::None, |hook| hook(call, phase))
        };
        let before = fault_at(Phase::BeforeAct);
        if before != Fault::None {
            return (before, Answer::says("Nothing was done"));
        }
        let answer = act(&stand_in).unwrap_or_else(Answer::from);
        (fault_at(Phase::AfterAct), answer)
    });
    match work.await {
        Ok((fault, answer)) => respond(fault, answer),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn respond(fault: Fault, answer: Answer) -> Response {
    match fault {
        Fault::None => xml(answer.xml().into()),
        Fault::DropConnection => xml(broken_body()),
        Fault::Status500 => {
            let page = "<html><body>Internal error (stand-in)</body></html>";
            (StatusCode::INTERNAL_SERVER_ERROR, page).into_response()
        }
        Fault::Status401 => unauthorised(),
        Fault::TruncatedXml => {
            let mut half = answer.xml();
            half.truncate(half.len() / 2);
            xml(half.into())
        }
        Fault::UnknownCode => {
            let refusal = Refusal::new(code::UNLISTED, "A code that is on no list");
            xml(Answer::from(refusal).xml().into())
        }
    }
}

fn xml(body: Body) -> Response {
    let kind = HeaderValue::from_static("text/xml;charset=UTF-8");
    ([(CONTENT_TYPE, kind)], body).into_response()
}

/// A body that promises more than it holds before it fails: the server can only end the
/// connection, and the caller never has a whole answer.
fn broken_body() -> Body {
    Body::new(Limited::new(Full::new(Bytes::from_static(b"<?")), 1))
}

/// The real one sends no body with this.
fn unauthorised() -> Response {
    let realm = HeaderValue::from_static("Basic realm=\"stand-in\"");
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, realm)]).into_response()
}

impl CyberTipline {
    fn knows(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|value| base64::prelude::BASE64_STANDARD.decode(value).ok());
        let expected = format!("{}:{}", self.options.username, self.options.password);
        given.is_some_and(|given| given == expected.as_bytes())
    }
}

fn check_xml_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = content_type(headers);
    if matches!(kind, "text/xml" | "application/xml") {
        Ok(())
    } else {
        Err(invalid_request("The content type has to be text/xml"))
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let value = value.unwrap_or_default();
    value.split_once(';').map_or(value, |(kind, _)| kind).trim()
}

/// Reads an upload, counting and hashing its bytes as they pass.
async fn receive(mut parts: Multipart) -> Result<(u64, Uploaded), Refusal> {
    let mut report_id = None;
    let mut file = None;
    let broken = |_| invalid_request("The multipart body is broken");
    while let Some(mut part) = parts.next_field().await.map_err(broken)? {
        match part.name() {
            Some("id") => report_id = Some(parse_id(&part.text().await.map_err(broken)?)?),
            Some("file") => {
                let mut digest = Md5::new();
                let mut bytes = 0;
                while let Some(chunk) = part.chunk().await.map_err(broken)? {
                    digest.update(&chunk);
                    bytes += chunk.len() as u64;
                }
                let md5 = hex(&digest.finalize());
                file = Some(Uploaded { md5, bytes });
            }
            _ => return Err(invalid_request("A part that is not known")),
        }
    }
    let report_id = report_id.ok_or_else(|| invalid_request("The part id is missing"))?;
    let file = file.ok_or_else(|| invalid_request("The part file is missing"))?;
    Ok((report_id, file))
}

/// The report number of a form, in either of the two encodings of forms.
async fn form_id(request: Request) -> Result<u64, Refusal> {
    if content_type(request.headers()) == "multipart/form-data" {
        let broken = |_| invalid_request("The multipart body is broken");
        let parts = Multipart::from_request(request, &()).await;
        let mut parts = parts.map_err(|_| invalid_request("The multipart body is broken"))?;
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            if part.name() == Some("id") {
                return parse_id(&part.text().await.map_err(broken)?);
            }
        }
        return Err(invalid_request("The part id is missing"));
    }
    let form = axum::Form::<Vec<(String, String)>>::from_request(request, &()).await;
    let axum::Form(fields) = form.map_err(|_| invalid_request("The form is broken"))?;
    let id = fields.iter().find(|(name, _)| name == "id");
    let (_, id) = id.ok_or_else(|| invalid_request("The field id is missing"))?;
    parse_id(id)
}

fn parse_id(text: &str) -> Result<u64, Refusal> {
    let id = text.trim().parse();
    id.map_err(|_| invalid_request("The id is no number"))
}

fn invalid_request(words: &str) -> Refusal {
    Refusal::new(code::INVALID_REQUEST, words)
}

const XML_BYTES_MAX: usize = 1 << 20;
const FORM_BYTES_MAX: usize = 16 << 10;
const UPLOAD_BYTES_MAX: usize = 512 << 20;
