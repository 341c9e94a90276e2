//! What a client keeps beside a content: `metadata` and `note`, by query, form or JSON.

use axum::extract::{FromRequest, Request};
use seawall_store::ContentDetails;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::fault::Fault;
use super::input::{Form, JsonObject, Query};

/// What came with a content.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) details: ContentDetails,
    pub(super) note: Option<String>,
}

/// What may come with a content as JSON.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; it is read key by key")]
pub(super) struct BesideInput {
    /// content_id, content_uri, json, or whatever the client wants to keep.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// A remark, at most 255 characters.
    note: Option<String>,
}

impl Beside {
    /// Takes what the query says.
    pub(super) fn take_query(&mut self, query: &Query) -> Result<(), Fault> {
        self.take_texts(query.filled("metadata"), query.filled("note"))
    }

    /// Takes what a form says.
    pub(super) fn take_form(&mut self, form: &Form) -> Result<(), Fault> {
        let filled = |name| form.text(name).filter(|text| !text.is_empty());
        self.take_texts(filled("metadata"), filled("note"))
    }

    /// Takes what a body says, if there is one.
    pub(super) async fn take_body(&mut self, request: Request) -> Result<(), Fault> {
        use axum::body::HttpBody;
        if request.body().is_end_stream() {
            return Ok(());
        }
        let JsonObject(mut body) = JsonObject::from_request(request, &()).await?;
        self.take_object(&mut body)
    }

    /// Takes it out of an object.
    pub(super) fn take_object(&mut self, body: &mut Map<String, Value>) -> Result<(), Fault> {
        if let Some(metadata) = body.remove("metadata") {
            self.take_metadata(metadata)?;
        }
        if let Some(note) = body.remove("note") {
            self.note = note_of(&note)?;
        }
        Ok(())
    }

    fn take_texts(&mut self, metadata: Option<&str>, note: Option<&str>) -> Result<(), Fault> {
        if let Some(text) = metadata {
            let parsed = serde_json::from_str(text);
            // The parser's words may quote the input: they are not passed on.
            self.take_metadata(parsed.map_err(|_| Fault::bad("metadata is not JSON"))?)?;
        }
        if let Some(text) = note {
            self.note = note_of(&Value::from(text))?;
        }
        Ok(())
    }

    fn take_metadata(&mut self, metadata: Value) -> Result<(), Fault> {
        let free = match metadata {
            Value::Null => None,
            Value::Object(mut known) => {
                let id = known.remove("content_id");
                self.details.external_id = short_text("content_id", id, EXTERNAL_ID_MAX)?;
                let uri = known.remove("content_uri");
                self.details.uri = short_text("content_uri", uri, URI_MAX)?;
                free_part(known)
            }
            other => Some(other),
        };
        self.details.metadata = free.map(|free| free.to_string());
        match &self.details.metadata {
            Some(text) if text.len() > METADATA_BYTES_MAX => {
                Err(Fault::bad("metadata is at most 65536 bytes"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// What a client wants to keep: the value of `json`, or, where there are keys that HMA does not
/// know, all of them.
fn free_part(mut rest: Map<String, Value>) -> Option<Value> {
    if rest.len() <= 1
        && let Some(json) = rest.remove("json")
    {
        return Some(json).filter(|json| !json.is_null());
    }
    (!rest.is_empty()).then_some(Value::Object(rest))
}

/// A remark; none where it is null or empty.
pub(super) fn note_of(value: &Value) -> Result<Option<String>, Fault> {
    short_text("note", Some(value.clone()), NOTE_MAX)
}

fn short_text(
    name: &str,
    value: Option<Value>,
    characters_max: usize,
) -> Result<Option<String>, Fault> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        // Ids are often numbers.
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(Fault::bad(format!("{name} is a text")));
        }
    };
    if text.chars().count() > characters_max {
        return Err(Fault::bad(format!(
            "{name} is at most {characters_max} characters"
        )));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

const NOTE_MAX: usize = 255;
const EXTERNAL_ID_MAX: usize = 255;
const URI_MAX: usize = 2_048;
const METADATA_BYTES_MAX: usize = 64 << 10;
