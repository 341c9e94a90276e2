//! The calls over HTTP.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use seawall_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Entry, TOKEN_MS, Tat};
use crate::desk::{Reply, answer, content_type, mark};
use crate::fault::{Call, Fault};
use crate::query::Parameters;
use crate::source::Row;

type StandIn = Arc<Tat>;

/// The routes of the interface.
pub(super) fn router(stand_in: StandIn) -> Router {
    Router::new()
        .route("/token-auth/tcap/", post(token))
        .route("/api/hash-list/v2/all", get(list))
        .layer(from_fn_with_state(Arc::clone(&stand_in), mark::<Tat>))
        .with_state(stand_in)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    username: String,
    password: String,
    #[serde(rename = "resend")]
    _resend: Option<Value>,
}

async fn token(State(stand_in): State<StandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let given = match content_type(&headers) {
        "application/json" => serde_json::from_slice(&body).ok(),
        "application/x-www-form-urlencoded" => form(body).await,
        _ => None,
    };
    answer(stand_in, Call::Token, move |stand_in, _| {
        let given: Credentials = given.ok_or_else(|| refused("the body is not understood"))?;
        let options = &stand_in.options;
        if given.username != options.username || given.password != options.password {
            return Err(refused("Unable to log in with provided credentials."));
        }
        let mut tokens = stand_in.issued();
        let token = format!("stand-in-token-{}", tokens.len());
        tokens.insert(token.clone(), stand_in.desk.now());
        let body = json!({ "user": { "username": given.username }, "token": token });
        Ok(Reply::json(StatusCode::OK, &body))
    })
    .await
}

async fn form(body: Bytes) -> Option<Credentials> {
    use axum::extract::FromRequest as _;
    let request = axum::http::Request::post("/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into());
    let form = Form::from_request(request.ok()?, &()).await;
    form.ok().map(|Form(credentials)| credentials)
}

async fn list(
    State(stand_in): State<StandIn>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    answer(stand_in, Call::List, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let asked = Asked::read(pairs).map_err(|words| refused(&words))?;
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let base = format!(
            "http://{}/api/hash-list/v2/all",
            host.unwrap_or("localhost")
        );
        Ok(stand_in.page(&asked, &base, fault))
    })
    .await
}

/// What a request for entries asks for.
struct Asked {
    after: Option<(Timestamp, u64)>,
    after_text: String,
    is_descending: bool,
    limit: usize,
    offset: usize,
}

impl Asked {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, String> {
        let given = Parameters::read(pairs, &["after", "order", "limit", "offset"])?;
        let after_text = given.text("after").unwrap_or_default();
        let after = if after_text.is_empty() {
            None
        } else {
            Some(place(after_text).ok_or("after has to be a checkpoint")?)
        };
        let limit = given.whole("limit")?.unwrap_or(LIMIT);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(format!("limit has to be from 1 to {LIMIT_MAX}"));
        }
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Self {
            after,
            after_text: after_text.to_owned(),
            is_descending: match given.text("order") {
                Some("asc") | None => false,
                Some("desc") => true,
                Some(_) => return Err("order has to be asc or desc".into()),
            },
            limit: size(limit),
            offset: size(given.whole("offset")?.unwrap_or(0)),
        })
    }

    fn address(&self, base: &str, limit: usize, offset: usize) -> String {
        let order = if self.is_descending { "desc" } else { "asc" };
        let after = self.after_text.replace(',', "%2C");
        format!("{base}?limit={limit}&offset={offset}&order={order}&after={after}")
    }
}

impl Tat {
    fn admit(&self, headers: &HeaderMap, fault: Fault) -> Result<(), Reply> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let mut issued = self.issued();
        if let (Fault::ExpiredToken, Some(token)) = (fault, token)
            && let Some(at) = issued.get_mut(token)
        {
            *at = Timestamp::from_millis(0);
        }
        let at = token.and_then(|token| issued.get(token));
        match at {
            Some(at) if self.desk.now().millis_since(*at) <= TOKEN_MS => Ok(()),
            Some(_) => Err(unauthorised("Signature has expired.")),
            None => Err(unauthorised(
                "Authentication credentials were not provided.",
            )),
        }
    }

    fn page(&self, asked: &Asked, base: &str, fault: Fault) -> Reply {
        let source = self.source();
        let order = |row: &Row<Entry>| (row.stamp, row.number);
        let mut rows: Vec<&Row<Entry>> = source
            .rows()
            .filter(|row| asked.after.is_none_or(|after| order(row) > after))
            .collect();
        rows.sort_by_key(|row| order(row));
        if asked.is_descending {
            rows.reverse();
        }
        let count = rows.len();
        let limit = fault.page_size(asked.limit);
        rows.drain(..asked.offset.min(count));
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let mut checkpoint = rows.last().map_or(String::new(), |row| checkpoint(row));
        let mut next = has_more.then(|| asked.address(base, limit, asked.offset + limit));
        if fault == Fault::RepeatedCursor {
            next = Some(asked.address(base, limit, asked.offset));
            checkpoint.clone_from(&asked.after_text);
        }
        let previous = (asked.offset > 0)
            .then(|| asked.address(base, limit, asked.offset.saturating_sub(limit)));
        let mut results: Vec<Value> = rows.iter().map(|row| told(row, fault)).collect();
        if fault == Fault::OutOfOrder {
            results.reverse();
        }
        results.extend(strangers(fault));
        let body = json!({ "count": count, "next": next, "previous": previous,
                           "checkpoint": checkpoint, "results": results });
        Reply::json(StatusCode::OK, &body)
    }
}

fn told(row: &Row<Entry>, fault: Fault) -> Value {
    let entry = &row.value;
    let ms = row.stamp.as_millis();
    // Fractions are what it always writes: the odd form is a whole number here.
    let updated = if fault == Fault::FractionalSeconds {
        json!(ms.div_euclid(1000))
    } else {
        json!(ms as f64 / 1000.0)
    };
    json!({
        "id": row.number,
        "hash_digest": entry.digest,
        "algorithm": entry.algorithm,
        "ideology": entry.ideology,
        "file_type": entry.file_type,
        "deleted": row.withdrawn,
        "updated_on": updated,
        "created_on": row.stamp.to_string().replace('T', " ").replace('.', ",").replace('Z', ""),
    })
}

/// Entries that stand on no list, to be told beside the true ones.
fn strangers(fault: Fault) -> Vec<Value> {
    let one = |digest: &str, algorithm: &str, ideology: &str| {
        json!({ "id": 900_000, "hash_digest": digest, "algorithm": algorithm,
                "ideology": ideology, "file_type": "new", "deleted": false, "updated_on": 1.5,
                "created_on": "2025-03-03 23:05:22,587" })
    };
    if fault == Fault::UnknownWords {
        vec![one("00ff", "NEWPRINT", "undecided")]
    } else if fault == Fault::EmptyValues {
        vec![one("", "PDQ", "islamist"), one("", "MD5", "far-right")]
    } else {
        Vec::new()
    }
}

fn checkpoint(row: &Row<Entry>) -> String {
    let ms = row.stamp.as_millis();
    let (seconds, rest) = (ms.div_euclid(1000), ms.rem_euclid(1000));
    format!("{seconds}.{rest:03}000,{}", row.number)
}

/// Reads a checkpoint.
fn place(text: &str) -> Option<(Timestamp, u64)> {
    let (time, number) = text.split_once(',')?;
    let (seconds, micros) = time.split_once('.').unwrap_or((time, "000000"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if micros.len() != 6 || !digits(seconds) || !digits(micros) || !digits(number) {
        return None;
    }
    let ms = seconds.parse::<i64>().ok()?.checked_mul(1000)? + micros[..3].parse::<i64>().ok()?;
    Some((Timestamp::from_millis(ms), number.parse().ok()?))
}

fn unauthorised(words: &str) -> Reply {
    let body = json!({ "detail": format!("{words} (stand-in)") });
    Reply::json(StatusCode::UNAUTHORIZED, &body)
}

fn refused(words: &str) -> Reply {
    let body = json!({ "error": format!("{words} (stand-in)") });
    Reply::json(StatusCode::BAD_REQUEST, &body)
}

const LIMIT: u64 = 1000;
const LIMIT_MAX: u64 = 10_000;
