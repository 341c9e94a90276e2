//! JSON that a partner answered.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use crate::feed::FeedError;

/// Reads an answer's body as JSON of this shape.
///
/// # Errors
/// [`FeedError::Unreadable`], which tells a page of HTML and a document that ends early from
/// other faults and quotes nothing of the body.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, FeedError> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| unreadable(fault(body, &error)))
}

/// An answer that is not what the protocol says; `what` quotes nothing of it.
pub(crate) fn unreadable(what: impl Into<String>) -> FeedError {
    FeedError::Unreadable { what: what.into() }
}

/// A text, number or truth value as text; `None` for what is empty, absent, or no single value.
pub(crate) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn fault(body: &[u8], error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match body.trim_ascii_start().first() {
        None => "it is empty".to_owned(),
        Some(b'<') => "it is a page of HTML or XML where JSON belongs".to_owned(),
        Some(_) => match error.classify() {
            Category::Eof => "the JSON ends early".to_owned(),
            Category::Data => {
                format!("a field is absent or of another kind, before line {line}, column {column}")
            }
            Category::Syntax | Category::Io => {
                format!("it is not JSON from line {line}, column {column}, on")
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_words() {
        let fault = |body: &str| match read::<Vec<u8>>(body.as_bytes()) {
            Err(FeedError::Unreadable { what }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(""), "it is empty");
        assert!(fault(" <html>gateway</html>").contains("HTML"));
        assert!(fault("[1, 2").contains("ends early"));
        assert!(fault("[1, 2] and more").contains("line 1, column 8"));
        assert!(fault("[1, 300]").contains("another kind"));
        assert_eq!(read::<Vec<u8>>("\u{feff}[1]".as_bytes()), Ok(vec![1]));
    }

    #[test]
    fn a_single_value_is_text() {
        let of = |json: &str| text(&serde_json::from_str(json).expect("JSON"));
        assert_eq!(of(" \" a \""), Some("a".to_owned()));
        assert_eq!(of("1.5"), Some("1.5".to_owned()));
        assert_eq!(of("true"), Some("true".to_owned()));
        for nothing in ["null", "\" \"", "[1]", "{}"] {
            assert_eq!(of(nothing), None);
        }
    }
}
