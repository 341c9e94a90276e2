//! Reading what clients send, with limits, so that every fault is in HMA's shape.

use std::borrow::Cow;

use axum::extract::{FromRequest, FromRequestParts, Multipart, Path, Request};
use bytes::Bytes;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::fault::Fault;
use super::signal::ContentType;
use crate::api::body::{file_part, form_problem, is_form, text_part};

/// The query, by name. Of a parameter that stands twice, the first counts, as in HMA; unknown
/// ones are passed over, as there.
pub(super) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    fn parse(query: &str) -> Result<Self, Fault> {
        // The library would replace what is no text.
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(Fault::bad("the query is not UTF-8"));
        }
        let pairs = form_urlencoded::parse(query.as_bytes());
        let owned = pairs.map(|(name, value)| (name.into_owned(), value.into_owned()));
        Ok(Self(owned.take(PARAMETERS_MAX).collect()))
    }

    /// A parameter; `None` where it is not there.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter that says something; `None` where it is empty or not there.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A switch; off where it is not there.
    pub(super) fn switch(&self, name: &str) -> Result<bool, Fault> {
        match self.filled(name) {
            None => Ok(false),
            Some(text) => switch_of(name, text),
        }
    }

    /// Names between commas; `None` where the parameter says nothing.
    pub(super) fn names(&self, name: &str) -> Option<Vec<&str>> {
        let names = self.filled(name)?.split(',').map(str::trim);
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        // Nothing but commas: asking no bank at all would look like finding nothing in any.
        (!names.is_empty()).then_some(names)
    }
}

/// Reads the words that HMA's clients write for true and false.
pub(super) fn switch_of(name: &str, text: &str) -> Result<bool, Fault> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["true", "t", "yes", "y", "on", "1"]) {
        Ok(true)
    } else if is(&["false", "f", "no", "n", "off", "0"]) {
        Ok(false)
    } else {
        Err(Fault::bad(format!("{name} is true or false")))
    }
}

/// The variable parts of an address.
pub(super) struct HmaPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for HmaPath<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Fault::missing("there is no such address")),
        }
    }
}

/// A JSON object of at most a megabyte. Which content type it is sent with is not asked.
pub(super) struct JsonObject(pub(super) serde_json::Map<String, serde_json::Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        let bytes = crate::api::body::read_body(request, JSON_BYTES_MAX).await?;
        // The parser's words may quote the input: they are not passed on.
        match serde_json::from_slice(&bytes) {
            Ok(serde_json::Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(Fault::bad("the body is JSON, but no object")),
            Err(_) => Err(Fault::bad("the body is not JSON")),
        }
    }
}

/// A form: one file and texts.
pub(super) struct Form {
    /// What kind of content the file is, by the name of its part.
    pub(super) content_type: ContentType,
    /// The file.
    pub(super) bytes: Bytes,
    /// The texts of the parts that are no file, by name.
    pub(super) texts: Vec<(String, String)>,
}

impl Form {
    /// Reads a form with exactly one file.
    pub(super) async fn read(request: Request, bytes_max: usize) -> Result<Self, Fault> {
        if !is_form(request.headers()) {
            return Err(no_file());
        }
        let form = Multipart::from_request(request, &()).await;
        let mut form = form.map_err(|_| Fault::bad("the form has no boundary"))?;
        let (mut file, mut texts) = (None, Vec::new());
        while let Some(field) = form.next_field().await.map_err(form_problem)? {
            let name = field.name().unwrap_or_default().to_owned();
            let kind = ContentType::parse(&name);
            if field.file_name().is_none() && kind.is_err() {
                if texts.len() >= PARAMETERS_MAX {
                    return Err(Fault::bad("the form has too many parts"));
                }
                texts.push((name, text_part(field).await?));
                continue;
            }
            let kind = kind?;
            if file.is_some() {
                return Err(Fault::bad("Only one file allowed per request"));
            }
            file = Some((kind, file_part(field, bytes_max).await?));
        }
        let (content_type, bytes) = file.ok_or_else(no_file)?;
        Ok(Self {
            content_type,
            bytes,
            texts,
        })
    }

    /// The text of a part; `None` where it is not there.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.as_str())
    }
}

fn no_file() -> Fault {
    Fault::Bad(Cow::Borrowed("Missing multipart/form-data file upload"))
}

const JSON_BYTES_MAX: usize = 1 << 20;
const PARAMETERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_parameters_counts_and_empty_ones_say_nothing() {
        let query = Query::parse("a=1&a=2&b=&c=x%2Cy%2C%20,z&d=TRUE&f=,%20,").expect("a query");
        assert_eq!(query.text("a"), Some("1"));
        assert_eq!((query.text("b"), query.filled("b")), (Some(""), None));
        assert_eq!(query.names("c"), Some(vec!["x", "y", "z"]));
        assert_eq!(query.names("b"), None);
        assert_eq!(query.names("f"), None);
        assert!(matches!(query.switch("d"), Ok(true)));
        assert!(matches!(query.switch("e"), Ok(false)));
        assert!(query.switch("a").is_ok());
        assert!(query.switch("c").is_err());
        assert!(Query::parse("a=%FF").is_err());
    }
}
