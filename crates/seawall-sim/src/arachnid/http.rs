//! The calls over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use seawall_core::PdqHash;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::{Arachnid, Asked, DISTANCE_BITS_MAX, Known, NO_KNOWN_MATCH};
use crate::desk::{Reply, answer, content_type, is_basic, mark};
use crate::fault::{Call, Fault};

type StandIn = Arc<Arachnid>;

/// The routes of the interface.
pub(super) fn router(stand_in: StandIn) -> Router {
    Router::new()
        .route(
            "/v1/media/",
            post(media).layer(DefaultBodyLimit::max(MEDIA_BYTES_MAX)),
        )
        .route("/v1/url/", post(url))
        .route("/v1/pdq/", post(pdq))
        .layer(from_fn_with_state(Arc::clone(&stand_in), mark::<Arachnid>))
        .with_state(stand_in)
}

async fn media(State(stand_in): State<StandIn>, headers: HeaderMap, body: Bytes) -> Response {
    answer(stand_in, Call::Check, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let kind = content_type(&headers);
        if !kind.starts_with("image/") && !kind.starts_with("video/") {
            return Err(refused(
                "the content type has to be that of a picture or clip",
            ));
        }
        if body.is_empty() {
            return Err(refused("the body is empty"));
        }
        let sha256: [u8; 32] = Sha256::digest(&body).into();
        let sha1: [u8; 20] = Sha1::digest(&body).into();
        stand_in.kept().push(Asked::Media(sha256));
        let found = stand_in.find(|known| known.sha256 == sha256);
        Ok(scanned(body.len(), sha1, sha256, found.as_ref(), fault))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UrlBody {
    url: String,
}

async fn url(State(stand_in): State<StandIn>, headers: HeaderMap, body: Bytes) -> Response {
    answer(stand_in, Call::Check, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let UrlBody { url } = json_in(&headers, &body)?;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(refused("url has to be an address of the web"));
        }
        stand_in.kept().push(Asked::Url(url.clone()));
        let found = stand_in.find(|known| known.urls.contains(&url));
        let (sha1, sha256) = match &found {
            Some(known) => (known.sha1, known.sha256),
            None => (Sha1::digest(&url).into(), Sha256::digest(&url).into()),
        };
        Ok(scanned(url.len(), sha1, sha256, found.as_ref(), fault))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PdqBody {
    hashes: Vec<String>,
}

async fn pdq(State(stand_in): State<StandIn>, headers: HeaderMap, body: Bytes) -> Response {
    answer(stand_in, Call::Check, move |stand_in, fault| {
        stand_in.admit(&headers, fault)?;
        let PdqBody { hashes } = json_in(&headers, &body)?;
        if hashes.is_empty() || hashes.len() > HASHES_MAX {
            return Err(refused("hashes has to hold 1 to 1000 values"));
        }
        let read: Option<Vec<PdqHash>> = hashes.iter().map(|text| pdq_in(text)).collect();
        let read = read.ok_or_else(|| refused("each hash has to be 32 bytes in base64"))?;
        stand_in.kept().push(Asked::Pdq(read.clone()));
        let told = hashes.into_iter().zip(read);
        let told: Map<String, Value> = told
            .map(|(text, hash)| (text, stand_in.near(hash, fault)))
            .collect();
        let body = json!({ "scanned_hashes": told });
        Ok(Reply::json(StatusCode::OK, &body))
    })
    .await
}

impl Arachnid {
    fn admit(&self, headers: &HeaderMap, fault: Fault) -> Result<(), Reply> {
        let (username, password) = (&self.options.username, &self.options.password);
        if fault != Fault::ExpiredToken && is_basic(headers, username, password) {
            return Ok(());
        }
        let body = json!({ "detail": "Invalid username/password (stand-in)" });
        Err(Reply::json(StatusCode::UNAUTHORIZED, &body))
    }

    fn find(&self, is_it: impl Fn(&Known) -> bool) -> Option<Known> {
        let source = self.source();
        source.entries().find(|known| is_it(known)).cloned()
    }

    /// What is said of one PDQ value: the class of the nearest on the list.
    fn near(&self, hash: PdqHash, fault: Fault) -> Value {
        let source = self.source();
        let mut near: Vec<(u16, &Known)> = source
            .entries()
            .filter_map(|known| Some((known.pdq?.distance(hash).0, known)))
            .filter(|(bits, _)| *bits <= DISTANCE_BITS_MAX)
            .collect();
        near.sort_by_key(|(bits, known)| (*bits, known.sha256));
        let Some((_, nearest)) = near.first() else {
            return json!({ "classification": NO_KNOWN_MATCH, "match_type": null,
                           "near_match_details": none(fault) });
        };
        let details = near.iter().map(|(_, known)| {
            json!({
                "sha1_base32": base32(&known.sha1),
                "sha256_hex": hex(&known.sha256),
                "classification": class(known, fault),
                "timestamp": 0,
            })
        });
        json!({
            "classification": class(nearest, fault),
            "match_type": match_type("near", fault),
            "near_match_details": details.collect::<Value>(),
        })
    }
}

fn scanned(
    size: usize,
    sha1: [u8; 20],
    sha256: [u8; 32],
    found: Option<&Known>,
    fault: Fault,
) -> Reply {
    let classification = found.map_or(NO_KNOWN_MATCH.to_owned(), |known| class(known, fault));
    let body = json!({
        "size_bytes": size,
        "sha1_base32": base32(&sha1),
        "sha256_hex": hex(&sha256),
        "classification": classification,
        "match_type": found.map(|_| match_type("exact", fault)),
        "near_match_details": none(fault),
    });
    Reply::json(StatusCode::OK, &body)
}

fn class(known: &Known, fault: Fault) -> String {
    if fault == Fault::UnknownWords {
        "a-new-class".to_owned()
    } else {
        known.classification.clone()
    }
}

fn match_type(usual: &'static str, fault: Fault) -> &'static str {
    if fault == Fault::UnknownWords {
        "a-new-way"
    } else {
        usual
    }
}

fn none(fault: Fault) -> Value {
    if fault == Fault::EmptyValues {
        Value::Null
    } else {
        json!([])
    }
}

fn json_in<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Reply> {
    if content_type(headers) != "application/json" {
        return Err(refused("the content type has to be application/json"));
    }
    let read = serde_json::from_slice(body);
    read.map_err(|_| refused("the body is no JSON of this call, or has an unknown member"))
}

fn pdq_in(text: &str) -> Option<PdqHash> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(PdqHash::from_bytes(bytes.try_into().ok()?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// RFC 4648, section 6. Twenty bytes need no padding.
fn base32(bytes: &[u8; 20]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |place: usize| bytes[place / 8] >> (7 - place % 8) & 1;
    let letter = |group: usize| {
        let value = (0..5).fold(0, |value, place| value << 1 | bit(group * 5 + place));
        char::from(LETTERS[usize::from(value)])
    };
    (0..32).map(letter).collect()
}

fn refused(words: &str) -> Reply {
    let body = json!({ "detail": format!("{words} (stand-in)") });
    Reply::json(StatusCode::BAD_REQUEST, &body)
}

const MEDIA_BYTES_MAX: usize = 64 << 20;
const HASHES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_the_standard() {
        // The vector "fooba" of the standard, four times: five bytes are eight letters.
        let bytes = *b"foobafoobafoobafooba";
        assert_eq!(base32(&bytes), "MZXW6YTBMZXW6YTBMZXW6YTBMZXW6YTB");
    }
}
