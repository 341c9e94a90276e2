//! The calls over HTTP.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, put};
use seawall_core::Timestamp;

use super::page::{self, Page};
use super::{
    BASE_PATH, Entry, Feedback, Fingerprint, HashSharing, NAMESPACE, Opinion, Options, REASONS,
    Value,
};
use crate::desk::{Reply, answer, content_type, is_basic, mark};
use crate::fault::{Call, Fault};
use crate::query::Parameters;
use crate::source::Row;
use crate::xml;

type StandIn = Arc<HashSharing>;
type Pairs = Query<Vec<(String, String)>>;

/// The routes of the interface.
pub(super) fn router(stand_in: StandIn) -> Router {
    let calls = Router::new()
        .route("/status", get(status))
        .route("/members", get(members))
        .route("/entries", get(entries))
        .route("/entries/{number}/fingerprints/{kind}", get(fingerprint))
        .route("/entries/{member}/{entry}/{kind}/feedback", put(feedback))
        .route("/feedback/{kind}/reasons", get(reasons));
    Router::new()
        .nest(&format!("{BASE_PATH}/v2"), calls)
        .layer(from_fn_with_state(
            Arc::clone(&stand_in),
            mark::<HashSharing>,
        ))
        .with_state(stand_in)
}

async fn status(State(stand_in): State<StandIn>, headers: HeaderMap) -> Response {
    answer(stand_in, Call::Status, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let options = &stand_in.options;
        Ok(xml(page::status(&options.username, &options.member)))
    })
    .await
}

async fn members(State(stand_in): State<StandIn>, headers: HeaderMap) -> Response {
    answer(stand_in, Call::Members, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let source = stand_in.source();
        let mut all: BTreeSet<_> = source.rows().map(|row| &row.value.member).collect();
        all.insert(&stand_in.options.member);
        Ok(xml(page::members(all.into_iter())))
    })
    .await
}

async fn entries(
    State(stand_in): State<StandIn>,
    headers: HeaderMap,
    Query(pairs): Pairs,
) -> Response {
    answer(stand_in, Call::List, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let window = Window::read(pairs).map_err(|words| refused(&words))?;
        stand_in.page(&window, fault)
    })
    .await
}

async fn fingerprint(
    State(stand_in): State<StandIn>,
    headers: HeaderMap,
    Path((number, kind)): Path<(u64, String)>,
) -> Response {
    answer(stand_in, Call::Fingerprint, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let source = stand_in.source();
        let row = source
            .rows()
            .find(|row| row.number == number && !row.withdrawn);
        let kind = Fingerprint::named(&kind);
        let value = row
            .zip(kind)
            .and_then(|(row, kind)| row.value.fingerprints.get(&kind));
        match value {
            Some(Value::Linked(bytes)) => Ok(Reply {
                status: StatusCode::OK,
                content_type: "application/octet-stream",
                body: bytes.clone().into(),
            }),
            Some(Value::Inline(_)) | None => Err(missing()),
        }
    })
    .await
}

async fn reasons(
    State(stand_in): State<StandIn>,
    headers: HeaderMap,
    Path(kind): Path<String>,
) -> Response {
    answer(stand_in, Call::Words, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let kind = Fingerprint::named(&kind).ok_or_else(missing)?;
        Ok(xml(page::reasons(kind)))
    })
    .await
}

async fn feedback(
    State(stand_in): State<StandIn>,
    headers: HeaderMap,
    Path((member, entry, kind)): Path<(u32, String, String)>,
    body: Bytes,
) -> Response {
    answer(stand_in, Call::Feedback, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        if !matches!(content_type(&headers), "application/xml" | "text/xml") {
            return Err(refused("the content type has to be application/xml"));
        }
        let opinion = opinion_in(&body).map_err(refused)?;
        let fingerprint = Fingerprint::named(&kind).ok_or_else(missing)?;
        stand_in.take(Feedback {
            entry_member: member,
            entry_id: entry,
            fingerprint,
            member: stand_in.options.member.clone(),
            opinion,
        })
    })
    .await
}

/// What a request for entries asks for.
struct Window {
    from: Timestamp,
    to: Timestamp,
    from_text: String,
    to_text: String,
    start: u64,
    size: Option<usize>,
    max: Option<u64>,
}

impl Window {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, String> {
        let given = Parameters::read(pairs, &["from", "to", "start", "size", "max"])?;
        let text = |name| {
            let text = given.text(name).map(str::to_owned);
            text.ok_or_else(|| format!("the parameter {name} is missing"))
        };
        let (from_text, to_text) = (text("from")?, text("to")?);
        let size = given.whole("size")?;
        if size.is_some_and(|size| size == 0 || size > SIZE_MAX as u64) {
            return Err(format!("size has to be from 1 to {SIZE_MAX}"));
        }
        Ok(Self {
            from: zulu(&from_text).ok_or("from has to be a time such as 2017-10-24T15:10:00Z")?,
            to: zulu(&to_text).ok_or("to has to be a time such as 2017-10-24T15:10:00Z")?,
            from_text,
            to_text,
            start: given.whole("start")?.unwrap_or(0),
            size: size.and_then(|size| usize::try_from(size).ok()),
            max: given.whole("max")?,
        })
    }

    /// The address of the page that begins at `start`, relative to the base.
    fn address(&self, start: u64, size: usize, max: u64) -> String {
        let (from, to) = (quoted(&self.from_text), quoted(&self.to_text));
        format!("/v2/entries?from={from}&to={to}&start={start}&size={size}&max={max}")
    }
}

impl HashSharing {
    fn admit(&self, headers: &HeaderMap, fault: Fault) -> Result<(), Reply> {
        let Options {
            username, password, ..
        } = &self.options;
        if fault != Fault::ExpiredToken && is_basic(headers, username, password) {
            return Ok(());
        }
        let status = StatusCode::UNAUTHORIZED;
        Err(Reply::new(status, TEXT, "Not authorised (stand-in)".into()))
    }

    fn page(&self, window: &Window, fault: Fault) -> Result<Reply, Reply> {
        if window.from > self.desk.now() {
            return Err(refused("from lies in the future; times are in UTC"));
        }
        if window.from > window.to {
            return Err(refused("from has to be before to"));
        }
        let source = self.source();
        let is_in = |row: &&Row<Entry>| row.stamp > window.from && row.stamp <= window.to;
        let mut rows: Vec<(u64, &Row<Entry>)> = source
            .rows()
            .filter(is_in)
            .map(|row| (place(row.number), row))
            .collect();
        rows.sort_by_key(|(place, _)| *place);
        let newest = rows.last().map_or(0, |(place, _)| *place);
        let max = window.max.unwrap_or(newest);
        rows.retain(|(place, _)| (window.start..=max).contains(place));
        let usual = self.page_size.load(Ordering::SeqCst);
        let size = fault.page_size(window.size.unwrap_or(usual));
        let next = if fault == Fault::RepeatedCursor {
            rows.first().map(|_| window.start)
        } else {
            rows.get(size).map(|(place, _)| *place)
        };
        rows.truncate(size);
        let mut rows: Vec<Row<Entry>> = rows.into_iter().map(|(_, row)| row.clone()).collect();
        if fault == Fault::OutOfOrder {
            rows.sort_by_key(|row| std::cmp::Reverse(row.order()));
        }
        let page = Page {
            rows,
            feedback: &self.received(),
            next: next.map(|start| window.address(start, size, max)),
            fault,
        };
        Ok(xml(page.xml()))
    }

    /// Keeps feedback on an entry that is there and has that fingerprint.
    fn take(&self, feedback: Feedback) -> Result<Reply, Reply> {
        let key = (feedback.entry_member, feedback.entry_id.clone());
        let source = self.source();
        let row = source.row(&key).filter(|row| !row.withdrawn);
        let row = row.ok_or_else(missing)?;
        if !row.value.fingerprints.contains_key(&feedback.fingerprint) {
            return Err(missing());
        }
        self.received().push(feedback);
        Ok(xml(page::document("submissionResult", "")))
    }
}

/// Reads a submission with the strict reader.
fn opinion_in(body: &[u8]) -> Result<Opinion, &'static str> {
    let root = xml::read(body).map_err(|xml::Broken(why)| why)?;
    let namespace = ("xmlns".to_owned(), NAMESPACE.to_owned());
    if root.name != "feedbackSubmission" || root.attributes != [namespace] {
        return Err("the root has to be feedbackSubmission in the interface's namespace");
    }
    let [said] = root.children.as_slice() else {
        return Err("feedbackSubmission has to hold affirmative or negative");
    };
    match (said.name.as_str(), said.children.as_slice()) {
        ("affirmative", []) => Ok(Opinion::Affirmative),
        ("negative", [ids]) if ids.name == "reasonIds" => negative(ids),
        _ => Err("affirmative is empty, negative holds reasonIds"),
    }
}

fn negative(ids: &xml::Element) -> Result<Opinion, &'static str> {
    let mut guids = BTreeSet::new();
    for id in &ids.children {
        let guid = id.text.trim();
        if id.name != "guid" || !REASONS.iter().any(|(known, _)| *known == guid) {
            return Err("reasonIds holds guid elements with ids of the list of reasons");
        }
        guids.insert(guid.to_owned());
    }
    if guids.is_empty() {
        return Err("negative feedback needs a reason");
    }
    Ok(Opinion::Negative(guids))
}

/// Where an entry stands among all: never in the order of time, and the same for ever. The
/// odd factor makes it a permutation.
fn place(number: u64) -> u64 {
    1 + number.wrapping_mul(0x9E37_79B1) % (1 << 24)
}

/// A time as the interface wants it: UTC with a Z, whole seconds or milliseconds.
fn zulu(text: &str) -> Option<Timestamp> {
    let shape: Vec<u8> = text
        .bytes()
        .map(|byte| if byte.is_ascii_digit() { b'9' } else { byte })
        .collect();
    let known: [&[u8]; 2] = [b"9999-99-99T99:99:99Z", b"9999-99-99T99:99:99.999Z"];
    text.parse().ok().filter(|_| known.contains(&&*shape))
}

/// As it stands in the value of a parameter.
fn quoted(time: &str) -> String {
    time.replace(':', "%3A")
}

fn xml(body: String) -> Reply {
    Reply::new(StatusCode::OK, "application/xml;charset=UTF-8", body)
}

fn refused(words: &str) -> Reply {
    Reply::new(StatusCode::BAD_REQUEST, TEXT, format!("{words} (stand-in)"))
}

fn missing() -> Reply {
    let words = "There is no such thing (stand-in)";
    Reply::new(StatusCode::NOT_FOUND, TEXT, words.into())
}

const TEXT: &str = "text/plain; charset=utf-8";
const SIZE_MAX: usize = 10_000;
