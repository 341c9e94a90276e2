//! Where in a JSON document something stands.

use serde::Deserialize;
use serde_json::Value;

/// A JSON pointer (RFC 6901), such as `/results/0/id`; the empty one is the document itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Place(String);

/// A text that is no JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place in JSON is empty or starts with a slash, such as /results/id")]
pub struct PlaceError;

impl Place {
    /// What stands there; `None` for nothing and for `null`.
    #[must_use]
    pub fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        document.pointer(&self.0).filter(|value| !value.is_null())
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        let is_pointer = text.is_empty() || text.starts_with('/');
        let mut rest = text.split('~').skip(1);
        if is_pointer && rest.all(|after| after.starts_with(['0', '1'])) {
            Ok(Self(text))
        } else {
            Err(PlaceError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document and the pointers of RFC 6901, section 5.
    #[test]
    fn a_place_is_a_json_pointer() {
        let document = serde_json::json!({
            "foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, "nothing": null
        });
        let at = |text: &str| {
            let place = Place::try_from(text.to_owned()).expect("a pointer");
            place.find(&document).cloned()
        };
        assert_eq!(at(""), Some(document.clone()));
        assert_eq!(at("/foo/0"), Some("bar".into()));
        assert_eq!(at("/"), Some(0.into()));
        assert_eq!(at("/a~1b"), Some(1.into()));
        assert_eq!(at("/m~0n"), Some(8.into()));
        assert_eq!(at("/nothing"), None);
        assert_eq!(at("/foo/2"), None);
        for text in ["foo", "/a~b", "/a~"] {
            assert_eq!(Place::try_from(text.to_owned()), Err(PlaceError), "{text}");
        }
    }
}
