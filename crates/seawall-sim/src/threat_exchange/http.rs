//! The calls over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use seawall_core::Timestamp;
use serde_json::{Value, json};

use super::wire::named;
use super::{
    BASE_PATH, Descriptor, Indicator, Reaction, Received, Status, TOMBSTONE_MS, ThreatExchange,
    fields, wire,
};
use crate::desk::{Reply, answer, mark};
use crate::fault::{Call, Fault};
use crate::query::Parameters;
use crate::source::Row;

type StandIn = Arc<ThreatExchange>;
type Pairs = Vec<(String, String)>;

/// The routes of the interface. The published client ends addresses with a slash, which the
/// real one takes as well.
pub(super) fn router(stand_in: StandIn) -> Router {
    let calls = Router::new()
        .route("/{group}/threat_updates", get(updates))
        .route("/{group}/threat_updates/", get(updates))
        .route("/threat_descriptors", post(submit))
        .route("/threat_descriptors/", post(submit))
        .route("/{descriptor}", post(react))
        .route("/{descriptor}/", post(react));
    let marked = from_fn_with_state(Arc::clone(&stand_in), mark::<ThreatExchange>);
    Router::new()
        .nest(BASE_PATH, calls)
        .layer(marked)
        .with_state(stand_in)
}

async fn updates(
    State(stand_in): State<StandIn>,
    Path(group): Path<u64>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Query(pairs): Query<Pairs>,
) -> Response {
    answer(stand_in, Call::List, move |stand_in, fault| {
        stand_in.admit(&pairs, fault)?;
        if group != stand_in.options.privacy_group {
            return Err(error(100, "Unsupported get request: no such privacy group"));
        }
        let asked = Asked::read(pairs).map_err(|words| error(100, &words))?;
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let base = format!(
            "http://{}{BASE_PATH}/{group}/threat_updates?",
            host.unwrap_or("localhost")
        );
        stand_in.page(&asked, &base, &query.unwrap_or_default(), fault)
    })
    .await
}

async fn submit(
    State(stand_in): State<StandIn>,
    Query(pairs): Query<Pairs>,
    body: Bytes,
) -> Response {
    answer(stand_in, Call::Submit, move |stand_in, fault| {
        let given = stand_in.sent(pairs, &body, fault, &DESCRIPTOR)?;
        stand_in.take_descriptor(&given)
    })
    .await
}

async fn react(
    State(stand_in): State<StandIn>,
    Path(descriptor): Path<u64>,
    Query(pairs): Query<Pairs>,
    body: Bytes,
) -> Response {
    answer(stand_in, Call::Feedback, move |stand_in, fault| {
        let known = ["access_token", "reactions", "reactions_to_remove"];
        let given = stand_in.sent(pairs, &body, fault, &known)?;
        let (text, is_removal) = match (given.text("reactions"), given.text("reactions_to_remove"))
        {
            (Some(text), None) => (text, false),
            (None, Some(text)) => (text, true),
            (Some(_), Some(_)) | (None, None) => return Err(error(100, "Give one reaction")),
        };
        let reaction = named(&Reaction::ALL, text);
        let reaction = reaction.ok_or_else(|| error(100, "No such reaction"))?;
        stand_in.take_reaction(descriptor, reaction, is_removal)
    })
    .await
}

/// What a request for updates asks for.
struct Asked {
    start: Option<Timestamp>,
    stop: Option<Timestamp>,
    limit: usize,
    fields: Vec<fields::Field>,
    types: Option<Vec<String>>,
    after: Option<(Timestamp, u64)>,
}

impl Asked {
    fn read(pairs: Pairs) -> Result<Self, String> {
        let known = [
            "access_token",
            "start_time",
            "stop_time",
            "limit",
            "fields",
            "types",
            "after",
        ];
        let given = Parameters::read(pairs, &known)?;
        let time = |name| match given.whole(name)? {
            Some(seconds) if seconds > SECONDS_MAX => Err(format!("{name} has to be in seconds")),
            Some(seconds) => Ok(Some(Timestamp::from_millis((seconds * 1000).cast_signed()))),
            None => Ok(None),
        };
        let limit = given.whole("limit")?.unwrap_or(LIMIT);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(format!("limit has to be from 1 to {LIMIT_MAX}"));
        }
        let fields = fields::read(given.text("fields").unwrap_or(wire::DEFAULT));
        let fields = fields.ok_or("Syntax error in fields")?;
        wire::check(&fields)?;
        let types = given.text("types");
        let after = given
            .text("after")
            .map(|text| cursor(text).ok_or("Invalid cursor"));
        Ok(Self {
            start: time("start_time")?,
            stop: time("stop_time")?,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            fields,
            types: types.map(|types| types.split(',').map(str::to_owned).collect()),
            after: after.transpose()?,
        })
    }

    fn wants(&self, row: &Row<Indicator>, now: Timestamp) -> bool {
        let types = self.types.as_ref();
        self.start.is_none_or(|start| row.stamp >= start)
            && self.stop.is_none_or(|stop| row.stamp < stop)
            && types.is_none_or(|types| types.contains(&row.value.kind))
            && !(row.withdrawn && now.millis_since(row.stamp) > TOMBSTONE_MS)
    }
}

impl ThreatExchange {
    fn admit(&self, pairs: &[(String, String)], fault: Fault) -> Result<(), Reply> {
        if fault == Fault::ExpiredToken {
            return Err(error(
                190,
                "Error validating access token: Session has expired",
            ));
        }
        let token = pairs.iter().find(|(name, _)| name == "access_token");
        match token {
            Some((_, token)) if *token == self.options.access_token => Ok(()),
            Some(_) => Err(error(190, "Invalid OAuth access token")),
            None => Err(error(104, "An access token is required")),
        }
    }

    fn page(&self, asked: &Asked, base: &str, query: &str, fault: Fault) -> Result<Reply, Reply> {
        let now = self.desk.now();
        if asked.start.is_some_and(|start| start > now) {
            return Err(error(100, "start_time lies in the future"));
        }
        let source = self.source();
        let mut rows: Vec<_> = source.rows().filter(|row| asked.wants(row, now)).collect();
        rows.sort_by_key(|row| row.order());
        if let Some(last) = asked.after {
            rows.retain(|row| row.order() > last);
        }
        let size = fault.page_size(asked.limit);
        let has_more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().map(|row| cursor_text(row.order()));
        let fields = &asked.fields;
        let mut data: Vec<Value> = rows
            .iter()
            .map(|row| wire::update(row, fields, fault))
            .collect();
        if fault == Fault::OutOfOrder {
            data.reverse();
        }
        data.extend(wire::strangers(fault, now.as_millis()));
        let mut body = json!({ "data": data });
        if let Some(last) = last {
            body["paging"] = json!({ "cursors": { "before": "MA==", "after": last } });
            if fault == Fault::RepeatedCursor {
                body["paging"]["next"] = json!(format!("{base}{query}"));
            } else if has_more {
                body["paging"]["next"] = json!(format!("{base}{}", with_after(query, &last)));
            }
        }
        Ok(Reply::json(StatusCode::OK, &body))
    }

    /// What was sent, in the address or as a form.
    fn sent(
        &self,
        mut pairs: Pairs,
        body: &[u8],
        fault: Fault,
        known: &[&str],
    ) -> Result<Parameters, Reply> {
        let form = form(body).ok_or_else(|| error(100, "The body is no form"))?;
        pairs.extend(form);
        self.admit(&pairs, fault)?;
        Parameters::read(pairs, known).map_err(|words| error(100, &words))
    }

    fn take_descriptor(&self, given: &Parameters) -> Result<Reply, Reply> {
        let text = |name: &str| {
            let text = given.text(name).filter(|text| !text.is_empty());
            text.ok_or_else(|| error(100, &format!("The parameter {name} is required")))
        };
        for name in [
            "description",
            "share_level",
            "privacy_type",
            "privacy_members",
        ] {
            text(name)?;
        }
        let (kind, value) = (text("type")?.to_owned(), text("indicator")?.to_owned());
        let status = named(&Status::ALL, text("status")?);
        let status = status.ok_or_else(|| error(100, "No such status"))?;
        let tags = given.text("tags").unwrap_or_default().split(',');
        let key = (kind.clone(), value.clone());
        let (mut descriptors, changes) = {
            let source = self.source();
            let row = source.row(&key).filter(|row| !row.withdrawn);
            let held = row.map_or(Vec::new(), |row| row.value.descriptors.clone());
            (held, self.received().len() as u64)
        };
        let owner = self.app_id();
        let own = descriptors.iter().position(|held| held.owner == owner);
        let id = own.map_or(DESCRIPTOR_ID_BASE + changes, |place| descriptors[place].id);
        descriptors.retain(|held| held.owner != owner);
        descriptors.push(Descriptor {
            id,
            owner,
            status,
            tags: tags
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
            reactions: BTreeMap::new(),
        });
        self.put(Indicator {
            kind,
            value,
            descriptors,
        });
        let kept = DESCRIPTOR.iter().skip(1);
        let kept = kept.filter_map(|name| Some(((*name).to_owned(), given.text(name)?.to_owned())));
        self.received().push(Received::Descriptor(kept.collect()));
        let body = json!({ "success": true, "id": id.to_string() });
        Ok(Reply::json(StatusCode::OK, &body))
    }

    fn take_reaction(
        &self,
        descriptor: u64,
        reaction: Reaction,
        is_removal: bool,
    ) -> Result<Reply, Reply> {
        let held = self.entries().into_iter().find_map(|mut indicator| {
            let mut all = indicator.descriptors.iter_mut();
            let found = all.find(|held| held.id == descriptor)?;
            let apps = found.reactions.entry(reaction).or_default();
            if is_removal {
                apps.remove(&self.app_id());
            } else {
                apps.insert(self.app_id());
            }
            found.reactions.retain(|_, apps| !apps.is_empty());
            Some(indicator)
        });
        let held = held.ok_or_else(|| error(100, "Unsupported post request: no such object"))?;
        self.put(held);
        self.received().push(Received::Reaction {
            descriptor,
            reaction,
            is_removal,
        });
        Ok(Reply::json(StatusCode::OK, &json!({ "success": true })))
    }
}

/// The same parameters, from behind this place.
fn with_after(query: &str, cursor: &str) -> String {
    let mut parts: Vec<&str> = query
        .split('&')
        .filter(|part| !part.is_empty() && !part.starts_with("after="))
        .collect();
    let after = format!("after={cursor}");
    parts.push(&after);
    parts.join("&")
}

fn cursor_text((stamp, change): (Timestamp, u64)) -> String {
    format!("{}-{change}", stamp.as_millis())
}

fn cursor(text: &str) -> Option<(Timestamp, u64)> {
    let (ms, change) = text.split_once('-')?;
    let ms = Timestamp::from_millis(ms.parse().ok()?);
    Some((ms, change.parse().ok()?))
}

/// The fields of a form; `None` where it is none.
fn form(body: &[u8]) -> Option<Pairs> {
    let text = std::str::from_utf8(body).ok()?;
    let query = format!("/?{text}").parse().ok()?;
    let Query(pairs) = Query::<Pairs>::try_from_uri(&query).ok()?;
    Some(pairs)
}

/// An error as the Graph interface writes it.
fn error(code: u32, words: &str) -> Reply {
    let message = format!("{words} (stand-in)");
    let body = json!({ "error": { "message": message, "type": "OAuthException", "code": code,
                                  "fbtrace_id": "stand-in" } });
    Reply::json(StatusCode::BAD_REQUEST, &body)
}

/// What may be said of a descriptor; the token first.
const DESCRIPTOR: [&str; 12] = [
    "access_token",
    "indicator",
    "type",
    "description",
    "share_level",
    "status",
    "privacy_type",
    "privacy_members",
    "tags",
    "confidence",
    "severity",
    "review_status",
];
const LIMIT: u64 = 25;
const LIMIT_MAX: u64 = 1000;
const DESCRIPTOR_ID_BASE: u64 = 9_000_000_000;
/// The end of the year 9999.
const SECONDS_MAX: u64 = 253_402_300_799;
