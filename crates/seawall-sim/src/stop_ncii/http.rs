//! The calls over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use seawall_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{BASE_PATH, Record, StopNcii, lock, wire};
use crate::desk::{Reply, answer, content_type, mark};
use crate::fault::{Call, Fault};
use crate::query::Parameters;
use crate::source::Row;

type StandIn = Arc<StopNcii>;

/// The routes of the interface.
pub(super) fn router(stand_in: StandIn) -> Router {
    let calls = Router::new()
        .route("/FetchHashes", get(fetch))
        .route("/SubmitFeedback", post(submit_feedback))
        .route("/SubmitHashes", post(submit_hashes));
    Router::new()
        .nest(BASE_PATH, calls)
        .layer(from_fn_with_state(Arc::clone(&stand_in), mark::<StopNcii>))
        .with_state(stand_in)
}

async fn fetch(
    State(stand_in): State<StandIn>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    answer(stand_in, Call::List, move |stand_in, fault| {
        stand_in.admit(&headers, &stand_in.options.fetch_key)?;
        let asked = Asked::read(pairs).map_err(|words| refused(&words))?;
        stand_in.page(&asked, fault)
    })
    .await
}

async fn submit_feedback(
    State(stand_in): State<StandIn>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(stand_in, Call::Feedback, move |stand_in, fault| {
        stand_in.admit_post(&headers, &stand_in.options.feedback_key, fault)?;
        let feedback = wire::feedback_in(&body, &stand_in.options.source).map_err(refused)?;
        let source = stand_in.source();
        let is_there = |value: &str| source.rows().any(|row| row.value.value == value);
        if !feedback.iter().all(|item| is_there(&item.value)) {
            return Err(refused("feedback about a hash that is on no record"));
        }
        let count = feedback.len();
        lock(&stand_in.received).extend(feedback);
        Ok(accepted(count))
    })
    .await
}

async fn submit_hashes(
    State(stand_in): State<StandIn>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(stand_in, Call::Submit, move |stand_in, fault| {
        stand_in.admit_post(&headers, &stand_in.options.submit_key, fault)?;
        let now_s = stand_in.desk.now().as_millis().max(0).unsigned_abs() / 1000;
        let source = &stand_in.options.source;
        let records = wire::records_in(&body, source, now_s).map_err(refused)?;
        for record in &records {
            stand_in.put(record.clone());
        }
        let count = records.len();
        lock(&stand_in.submitted).extend(records);
        Ok(accepted(count))
    })
    .await
}

/// What a request for records asks for.
struct Asked {
    start_s: u64,
    size: usize,
    token: Option<Token>,
}

/// What a page token remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Token {
    /// The last record of the page before: its time and its change; nothing on a page that
    /// names itself first.
    after: Option<(i64, u64)>,
    set_s: i64,
    made_ms: i64,
}

impl Asked {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, String> {
        let known = ["startTimestamp", "pageSize", "nextPageToken"];
        let given = Parameters::read(pairs, &known)?;
        let start_s = given.required("startTimestamp")?;
        if start_s > START_S_MAX {
            return Err("startTimestamp has to be in seconds".into());
        }
        let size = given.whole("pageSize")?.unwrap_or(PAGE_SIZE);
        if size == 0 || size > PAGE_SIZE_MAX {
            return Err(format!("pageSize has to be from 1 to {PAGE_SIZE_MAX}"));
        }
        let token = given.text("nextPageToken");
        let token = token.map(|text| Token::read(text).ok_or("nextPageToken is none of ours"));
        Ok(Self {
            start_s,
            size: usize::try_from(size).unwrap_or(usize::MAX),
            token: token.transpose()?,
        })
    }
}

impl Token {
    fn read(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    fn text(self) -> Value {
        let text = json!(self).to_string();
        BASE64_STANDARD.encode(text).into()
    }
}

impl StopNcii {
    fn admit(&self, headers: &HeaderMap, function_key: &str) -> Result<(), Reply> {
        let has = |name: &str, key: &str| headers.get(name).is_some_and(|value| value == key);
        let words = if !has("Ocp-Apim-Subscription-Key", &self.options.subscription_key) {
            "Access denied due to missing or invalid subscription key (stand-in)"
        } else if !has("x-functions-key", function_key) {
            "The function key is missing or invalid (stand-in)"
        } else {
            return Ok(());
        };
        Err(unauthorised(words))
    }

    fn admit_post(&self, headers: &HeaderMap, key: &str, fault: Fault) -> Result<(), Reply> {
        self.admit(headers, key)?;
        if fault == Fault::ExpiredToken {
            return Err(unauthorised("The function key was revoked (stand-in)"));
        }
        if content_type(headers) == "application/json" {
            Ok(())
        } else {
            Err(refused("the content type has to be application/json"))
        }
    }

    fn page(&self, asked: &Asked, fault: Fault) -> Result<Reply, Reply> {
        let now = self.desk.now();
        if asked.token.is_none() && fault == Fault::ExpiredToken {
            return Err(unauthorised("The function key was revoked (stand-in)"));
        }
        if let Some(token) = asked.token
            && (fault == Fault::ExpiredToken
                || now.millis_since(Timestamp::from_millis(token.made_ms)) > TOKEN_MS)
        {
            return Err(refused("nextPageToken is too old; start again"));
        }
        let start = Timestamp::from_millis((asked.start_s * 1000).cast_signed());
        let source = self.source();
        let mut rows: Vec<&Row<Record>> = source.rows().filter(|row| row.stamp >= start).collect();
        rows.sort_by_key(|row| row.order());
        let newest_s = rows.last().map(|row| seconds(row.stamp));
        let set_s = match asked.token {
            Some(token) => token.set_s,
            None => newest_s.unwrap_or(asked.start_s.cast_signed()),
        };
        if let Some((ms, change)) = asked.token.and_then(|token| token.after) {
            let last = (Timestamp::from_millis(ms), change);
            rows.retain(|row| row.order() > last);
        }
        let size = fault.page_size(asked.size);
        let has_more = rows.len() > size || fault == Fault::RepeatedCursor;
        rows.truncate(size);
        let after = match rows.last() {
            _ if fault == Fault::RepeatedCursor => asked.token.and_then(|token| token.after),
            Some(row) => Some((row.stamp.as_millis(), row.change)),
            None => asked.token.and_then(|token| token.after),
        };
        let made_ms = match asked.token {
            Some(token) if fault == Fault::RepeatedCursor => token.made_ms,
            Some(_) | None => now.as_millis(),
        };
        let token = Token {
            after,
            set_s,
            made_ms,
        };
        Ok(told(&rows, has_more, token, fault))
    }
}

fn told(rows: &[&Row<Record>], has_more: bool, token: Token, fault: Fault) -> Reply {
    let mut records: Vec<Value> = rows.iter().map(|row| wire::record(row, fault)).collect();
    if fault == Fault::OutOfOrder {
        records.reverse();
    }
    records.extend(wire::strangers(fault, token.set_s));
    let next = if records.is_empty() {
        Value::Null
    } else {
        token.text()
    };
    let set = if fault == Fault::FractionalSeconds {
        json!(token.set_s as f64)
    } else {
        json!(token.set_s)
    };
    let body = json!({
        "count": records.len(),
        "nextPageToken": next,
        "nextSetTimestamp": set,
        "hasMoreRecords": has_more,
        "hashRecords": records,
    });
    Reply::json(StatusCode::OK, &body)
}

fn seconds(time: Timestamp) -> i64 {
    time.as_millis().div_euclid(1000)
}

fn accepted(count: usize) -> Reply {
    let words = "Accepted (stand-in)";
    Reply::json(StatusCode::OK, &json!({ "message": words, "count": count }))
}

fn unauthorised(words: &str) -> Reply {
    let body = json!({ "statusCode": 401, "message": words });
    Reply::json(StatusCode::UNAUTHORIZED, &body)
}

fn refused(words: &str) -> Reply {
    let body = json!({ "statusCode": 400, "message": format!("{words} (stand-in)") });
    Reply::json(StatusCode::BAD_REQUEST, &body)
}

const PAGE_SIZE: u64 = 800;
const PAGE_SIZE_MAX: u64 = 1000;
const TOKEN_MS: i64 = 60 * 60 * 1000;
/// The end of the year 9999.
const START_S_MAX: u64 = 253_402_300_799;
