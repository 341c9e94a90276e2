//! `/m`: signals and files against the banks. Nothing here opens a case.
//!
//! A lookup of a signal is answered from memory, on the thread that took the request: it is what
//! clients call most, and most often.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use seawall_core::Hash;
use seawall_store::Scope;
use seawall_workflow::{BankMatches, SignalQuery};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::access::Client;
use super::fault::{Fault, FaultBody};
use super::hashing::{FileForm, Hashed, hash_fetched, hash_fetched_as, hash_form};
use super::input::{JsonObject, Query};
use super::signal::SignalType;
use crate::state::App;

/// The contents of banks that match, in HMA's shape: lists by the bank's name.
struct Banks {
    kind: SignalType,
    found: Vec<BankMatches>,
}

impl Serialize for Banks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.found.len()))?;
        for bank in &self.found {
            let contents = bank.contents.iter().map(|(content, distance)| Match {
                bank_content_id: content.0,
                distance: self.kind.distance_text(distance.0),
            });
            map.serialize_entry(&bank.bank, &contents.collect::<Vec<_>>())?;
        }
        map.end()
    }
}

/// One content that matches.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Match {
    /// The content within its bank.
    bank_content_id: i64,
    /// In how many bits they differ, as text; `-` where they can only be equal.
    distance: String,
}

/// How a lookup was asked for, beside what is looked up.
struct Asked<'a> {
    banks: Option<Vec<&'a str>>,
    bypass: bool,
    seed: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn read(query: &'a Query) -> Result<Self, Fault> {
        Ok(Self {
            banks: query.names("banks"),
            bypass: query.switch("bypass_coinflip")?,
            seed: query.filled("seed"),
        })
    }

    fn find(&self, app: &App, kind: SignalType, hashes: &[Hash]) -> Banks {
        let query = SignalQuery {
            banks: self.banks.as_deref(),
            bypass: self.bypass,
            seed: self.seed,
        };
        Banks {
            kind,
            found: app.workflow.look_up_signals(hashes, &query),
        }
    }

    /// What each kind of signal of a file matches.
    fn find_file(&self, app: &App, hashed: &Hashed) -> BTreeMap<&'static str, Banks> {
        let kinds = hashed.types.iter();
        let found = kinds.map(|&kind| {
            let hashes = kind.hashes_of(&hashed.report);
            (kind.name(), self.find(app, kind, &hashes))
        });
        found.collect()
    }
}

/// Look a signal up, or a file by its address
///
/// With `signal` and `signal_type`, the answer lists by bank what matches. With `url`, there is
/// a level above it, keyed by signal type; with `url` and `signal_type` there is not. A lookup
/// by address needs the role hasher too.
#[utoipa::path(
    get, path = "/m/lookup", tag = "matching",
    params(
        ("signal" = Option<String>, Query, description = "The hash, in hexadecimal digits"),
        ("signal_type" = Option<String>, Query, description = "pdq, video_md5, md5, sha1 or sha256"),
        ("url" = Option<String>, Query, description = "Where the file is: http or https"),
        ("content_type" = Option<String>, Query, description = "photo or video, for a file by its address"),
        ("types" = Option<String>, Query, description = "Signal types, between commas, for a file by its address"),
        ("banks" = Option<String>, Query, description = "Only these banks, between commas"),
        ("bypass_coinflip" = Option<bool>, Query, description = "Banks that are switched off or sampled as well"),
        ("seed" = Option<String>, Query, description = "What the sampling of banks goes by; the signal where not given"),
    ),
    responses(
        (status = 200, description = "Contents by bank, below the signal type where a file was looked up", body = Object),
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 413, body = FaultBody), (status = 422, body = FaultBody), (status = 502, body = FaultBody), (status = 503, body = FaultBody), (status = 504, body = FaultBody),
    )
)]
pub(super) async fn look_up(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    query: Query,
) -> Result<Response, Fault> {
    if query.filled("url").is_some() {
        client.needs(Scope::Hasher)?;
        return look_up_url(&app, &query).await;
    }
    let (kind, hash) = signal_of(&app, &query)?;
    let banks = Asked::read(&query)?.find(&app, kind, &[hash]);
    json_answer(&banks)
}

async fn look_up_url(app: &App, query: &Query) -> Result<Response, Fault> {
    let asked = Asked::read(query)?;
    let one = query
        .filled("signal_type")
        .map(SignalType::parse)
        .transpose()?;
    match one {
        None => {
            let hashed = hash_fetched(app, query).await?;
            Ok(hashed.answer(Json(asked.find_file(app, &hashed))))
        }
        Some(kind) => {
            kind.check_enabled(app)?;
            let hashed = hash_fetched_as(app, query, kind).await?;
            let hashes = kind.hashes_of(&hashed.report);
            Ok(hashed.answer(Json(asked.find(app, kind, &hashes))))
        }
    }
}

/// Look a file up
///
/// The form has one file, whose part is called by its content type. Needs the roles matcher and
/// hasher. A file whose picture has too little detail is answered with no matches and the header
/// `seawall-outcome: unmatchable`.
#[utoipa::path(
    post, path = "/m/lookup", tag = "matching",
    params(
        ("types" = Option<String>, Query, description = "Signal types, between commas"),
        ("banks" = Option<String>, Query, description = "Only these banks, between commas"),
        ("bypass_coinflip" = Option<bool>, Query, description = "Banks that are switched off or sampled as well"),
        ("seed" = Option<String>, Query, description = "What the sampling of banks goes by; the signal where not given"),
    ),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Contents by bank, by signal type", body = BTreeMap<String, BTreeMap<String, Vec<Match>>>),
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
        (status = 413, body = FaultBody), (status = 422, body = FaultBody),
    )
)]
pub(super) async fn look_up_file(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    query: Query,
    request: Request,
) -> Result<Response, Fault> {
    client.needs(Scope::Hasher)?;
    let asked = Asked::read(&query)?;
    let hashed = hash_form(&app, &query, request).await?;
    Ok(hashed.answer(Json(asked.find_file(&app, &hashed))))
}

/// Look a signal up, whichever bank it is in
///
/// Contents that are switched off or deleted are not among the matches.
#[utoipa::path(
    get, path = "/m/raw_lookup", tag = "matching",
    params(
        ("signal" = String, Query, description = "The hash, in hexadecimal digits"),
        ("signal_type" = String, Query, description = "pdq, video_md5, md5, sha1 or sha256"),
        ("banks" = Option<String>, Query, description = "Only these banks, between commas"),
        ("include_distance" = Option<bool>, Query, description = "Say how far each match is"),
    ),
    responses(
        (status = 200, description = "`matches`: ids, or with `include_distance` objects", body = Object),
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
    )
)]
pub(super) async fn look_up_raw(State(app): State<App>, query: Query) -> Result<Response, Fault> {
    let (kind, hash) = signal_of(&app, &query)?;
    let with_distance = query.switch("include_distance")?;
    let asked = Asked {
        banks: query.names("banks"),
        // HMA does not ask here whether a bank is switched on.
        bypass: true,
        seed: None,
    };
    let banks = asked.find(&app, kind, &[hash]).found;
    let mut contents: Vec<_> = banks.into_iter().flat_map(|bank| bank.contents).collect();
    contents.sort_by_key(|(content, distance)| (*distance, *content));
    let matches = contents
        .into_iter()
        .map(|(content, distance)| match with_distance {
            false => json!(content.0),
            true => json!({
                "bank_content_id": content.0,
                "distance": kind.distance_text(distance.0),
            }),
        });
    json_answer(&json!({ "matches": matches.collect::<Vec<_>>() }))
}

/// Two signals of each type.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; the handler reads it type by type"
)]
#[schema(example = json!({ "pdq": [
    "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
    "3333333333333333333333333333333333333333333333333333333333333333",
] }))]
struct CompareInput {
    #[schema(min_items = 2, max_items = 2)]
    pdq: Option<Vec<String>>,
    #[schema(min_items = 2, max_items = 2)]
    video_md5: Option<Vec<String>>,
}

/// Compare two signals
#[utoipa::path(
    post, path = "/m/compare", tag = "matching",
    request_body(content = CompareInput),
    responses(
        (status = 200, description = "By type: whether they match, and how far they are", body = Object),
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
    )
)]
pub(super) async fn compare(JsonObject(pairs): JsonObject) -> Result<Json<Value>, Fault> {
    let mut compared = serde_json::Map::new();
    for (name, pair) in &pairs {
        let kind = SignalType::parse(name)?;
        let pair = pair.as_array().map(Vec::as_slice);
        let Some([Value::String(a), Value::String(b)]) = pair else {
            return Err(Fault::bad("give two signals of each type, in a list"));
        };
        let answer = match (kind.signal(a)?, kind.signal(b)?) {
            (Hash::Pdq(a), Hash::Pdq(b)) => {
                let distance = a.distance(b);
                let matches = seawall_core::Threshold::DEFAULT.admits(distance);
                json!([matches, { "distance": distance.0 }])
            }
            (a, b) => json!([a == b, { "distance": "-" }]),
        };
        compared.insert(name.clone(), answer);
    }
    Ok(Json(Value::Object(compared)))
}

/// What the index holds
#[utoipa::path(
    get, path = "/m/index/status", tag = "matching",
    params(("signal_type" = Option<String>, Query, description = "Only this one")),
    responses(
        (status = 200, body = BTreeMap<String, IndexStatus>),
        (status = 400, body = FaultBody), (status = 401, body = FaultBody), (status = 403, body = FaultBody),
    )
)]
pub(super) async fn index_status(
    State(app): State<App>,
    query: Query,
) -> Result<Json<BTreeMap<&'static str, IndexStatus>>, Fault> {
    let only = query
        .filled("signal_type")
        .map(SignalType::parse)
        .transpose()?;
    let kinds = SignalType::ALL
        .into_iter()
        .filter(move |kind| only.is_none_or(|only| only == *kind));
    let held = app.blocking(|workflow| workflow.hashes_held()).await?;
    let status = |kind: SignalType| {
        let size = held.of(kind.algorithm());
        let status = IndexStatus {
            present: true,
            built_to: held.newest_s().filter(|_| size > 0).unwrap_or(-1),
            size,
        };
        (kind.name(), status)
    };
    Ok(Json(kinds.map(status).collect()))
}

/// What the index holds of one kind of signal.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct IndexStatus {
    /// Always: the index is in memory before the server listens.
    present: bool,
    /// When the newest content was added, in seconds since 1970; -1 where there is none.
    built_to: i64,
    /// How many hashes there are.
    size: u64,
}

fn signal_of(app: &App, query: &Query) -> Result<(SignalType, Hash), Fault> {
    let neither = "give signal and signal_type, or url";
    let signal = query.text("signal").ok_or(Fault::bad(neither))?;
    let kind = query
        .text("signal_type")
        .ok_or(Fault::bad("signal_type is required"))?;
    let kind = SignalType::parse(kind)?;
    kind.check_enabled(app)?;
    Ok((kind, kind.signal(signal)?))
}

fn json_answer(body: &impl Serialize) -> Result<Response, Fault> {
    let text = serde_json::to_vec(body);
    let text = text.map_err(|error| crate::problem::Problem::internal(&error))?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], text).into_response())
}
