//! Contents as they come out of an HMA 2 database: one JSON object a line.
//!
//! The columns are those of HMA's tables `bank`, `bank_content` and `content_signal`
//! (`OpenMediaMatch/storage/postgres/database.py` in `facebook/ThreatExchange`); the query that
//! writes them stands in `docs/moving-from-hma.md`.
//!
//! ```
//! use seawall_exchange::hma_export::read_row;
//!
//! let line = r#"{"bank":"SPAM","enabled_ratio":1.0,"id":7,"disable_until_ts":1,
//!     "signals":{"video_md5":"00000000000000000000000000000007"}}"#;
//! let row = read_row(line)?;
//! assert_eq!((row.bank.as_str(), row.id, row.hashes.len()), ("SPAM", 7, 1));
//! # Ok::<(), seawall_exchange::hma_export::RowError>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;

use seawall_core::{Algorithm, Hash};
use serde::Deserialize;
use serde_json::Value;

/// One content of an HMA bank.
pub struct Row {
    /// The bank's name.
    pub bank: String,
    /// Of how many lookups the bank takes part in, 0 to 1.
    pub enabled_ratio: f64,
    /// The number that HMA's answers call `bank_content_id`.
    pub id: i64,
    /// Whether it is matched.
    pub switch: Switch,
    /// The client's own id of the content, from its metadata.
    pub external_id: Option<String>,
    /// Where the client says that the content is, or HMA got it from.
    pub uri: Option<String>,
    /// What else the client keeps, as JSON: what its metadata has under `json`.
    pub metadata: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// The signals that Seawall has.
    pub hashes: Vec<Hash>,
    /// Whether its MD5 came under the name `video_md5`.
    pub is_video: bool,
    /// The names of signals that Seawall does not have.
    pub left_out: Vec<String>,
    /// The types of signals without a value: HMA keeps an empty PDQ of a picture that is too
    /// plain to match.
    pub empty: Vec<&'static str>,
    /// The types of signals whose value is not what the type says. There are others then, or
    /// the line is no content.
    pub unreadable: Vec<&'static str>,
}

/// Whether HMA matches a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It does.
    On,
    /// It does not.
    Off,
    /// It does not until this second since 1970.
    OffUntil {
        /// The second.
        unix_seconds: i64,
    },
}

/// Values of a row do not appear in `Debug`.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Row([redacted])")
    }
}

/// Why a line is no content. Nothing of the line is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// It is not JSON, or not with these fields.
    #[error("it is not an object with bank, id and signals (column {column})")]
    Shape {
        /// Where it stops being one.
        column: usize,
    },
    /// A ratio that is not 0 to 1.
    #[error("the ratio of its bank is not 0 to 1")]
    Ratio,
    /// A signal that is not what its type says, and no other.
    #[error("its {signal} is not one")]
    Signal {
        /// The signal's type.
        signal: &'static str,
    },
    /// A time that cannot be.
    #[error("disable_until_ts is negative")]
    Switch,
}

/// Reads one line.
///
/// # Errors
/// [`RowError`].
pub fn read_row(line: &str) -> Result<Row, RowError> {
    let read: Read = serde_json::from_str(line).map_err(|error| RowError::Shape {
        column: error.column(),
    })?;
    if !(0.0..=1.0).contains(&read.enabled_ratio) {
        return Err(RowError::Ratio);
    }
    let signals = Signals::read(read.signals.iter().flatten());
    if let (true, Some(&signal)) = (signals.hashes.is_empty(), signals.unreadable.first()) {
        return Err(RowError::Signal { signal });
    }
    let kept = Metadata::read(read.metadata);
    Ok(Row {
        is_video: signals.is_video,
        switch: switch(read.disable_until_ts)?,
        external_id: kept.content_id,
        metadata: kept.json.map(|json| json.to_string()),
        uri: kept.content_uri.or(read.original_content_uri),
        bank: read.bank,
        enabled_ratio: read.enabled_ratio,
        id: read.id,
        note: read.note,
        hashes: signals.hashes,
        left_out: signals.left_out,
        empty: signals.empty,
        unreadable: signals.unreadable,
    })
}

/// The signals of a content, sorted by what they are good for.
#[derive(Default)]
struct Signals {
    hashes: Vec<Hash>,
    is_video: bool,
    left_out: Vec<String>,
    empty: Vec<&'static str>,
    unreadable: Vec<&'static str>,
}

impl Signals {
    fn read<'a>(signals: impl Iterator<Item = (&'a String, &'a Value)>) -> Self {
        let mut read = Self::default();
        for (name, value) in signals {
            let Some(&(signal, algorithm)) = SIGNALS.iter().find(|(known, _)| known == name) else {
                read.left_out.push(name.clone());
                continue;
            };
            let is_empty = value.is_null() || value.as_str() == Some("");
            let hash = value.as_str().map(|text| Hash::parse(algorithm, text));
            match hash {
                Some(Ok(hash)) => {
                    read.hashes.push(hash);
                    read.is_video |= signal == "video_md5";
                }
                Some(Err(_)) | None if is_empty => read.empty.push(signal),
                Some(Err(_)) | None => read.unreadable.push(signal),
            }
        }
        read
    }
}

/// HMA writes 1 for on and 0 for off into the place of a time.
fn switch(disable_until_ts: i64) -> Result<Switch, RowError> {
    match disable_until_ts {
        0 => Ok(Switch::Off),
        1 => Ok(Switch::On),
        unix_seconds if unix_seconds > 1 => Ok(Switch::OffUntil { unix_seconds }),
        _ => Err(RowError::Switch),
    }
}

#[derive(Deserialize)]
struct Read {
    bank: String,
    #[serde(default = "all")]
    enabled_ratio: f64,
    id: i64,
    #[serde(default = "on")]
    disable_until_ts: i64,
    #[serde(default)]
    original_content_uri: Option<String>,
    #[serde(default)]
    metadata: Option<Value>,
    #[serde(default)]
    note: Option<String>,
    /// Null where HMA has the content and no signal of it.
    signals: Option<BTreeMap<String, Value>>,
}

/// What a client keeps beside a content, taken apart as the interface for clients of HMA does.
#[derive(Default)]
struct Metadata {
    content_id: Option<String>,
    content_uri: Option<String>,
    json: Option<Value>,
}

impl Metadata {
    fn read(metadata: Option<Value>) -> Self {
        let mut rest = match metadata {
            None => return Self::default(),
            Some(Value::Object(rest)) => rest,
            Some(other) => {
                return Self {
                    json: Some(other),
                    ..Self::default()
                };
            }
        };
        let [content_id, content_uri] = ["content_id", "content_uri"].map(|key| {
            let value = rest.get(key)?;
            let (is_plain, text) = (!value.is_array() && !value.is_object(), text(value));
            // What is no text stays with the rest.
            if is_plain {
                rest.remove(key);
            }
            text
        });
        let json = match (rest.len(), rest.get("json")) {
            (1, Some(_)) => rest.remove("json"),
            (..) => (!rest.is_empty()).then_some(Value::Object(rest)),
        };
        Self {
            content_id,
            content_uri,
            json: json.filter(|json| !json.is_null()),
        }
    }
}

/// Ids are often numbers.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn all() -> f64 {
    1.0
}

fn on() -> i64 {
    1
}

/// The types of signal that there is an algorithm for. HMA itself knows the first two.
const SIGNALS: [(&str, Algorithm); 5] = [
    ("pdq", Algorithm::Pdq),
    ("video_md5", Algorithm::Md5),
    ("md5", Algorithm::Md5),
    ("sha1", Algorithm::Sha1),
    ("sha256", Algorithm::Sha256),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FULL: &str = r#"{"bank":"A_BANK","enabled_ratio":0.25,"id":12,"disable_until_ts":1893456000,
        "original_content_uri":"https://media.example/12","note":"a remark",
        "metadata":{"content_id":"post-12","content_uri":"https://kept.example/12","json":{"a":1}},
        "signals":{"pdq":"F8F8F0CCE0F4E84D0E370A22028F67F0B36E2ED596623E1D33E6339C4E9C9B22",
                   "video_md5":"d41d8cd98f00b204e9800998ecf8427e","vpdq":"x"}}"#;

    #[test]
    fn every_field_of_a_content_is_read() {
        let row = read_row(FULL).expect("a row");
        assert_eq!(
            (row.bank.as_str(), row.id, row.enabled_ratio),
            ("A_BANK", 12, 0.25)
        );
        assert_eq!(
            row.switch,
            Switch::OffUntil {
                unix_seconds: 1_893_456_000
            }
        );
        assert_eq!(row.external_id.as_deref(), Some("post-12"));
        assert_eq!(row.uri.as_deref(), Some("https://kept.example/12"));
        assert_eq!(row.note.as_deref(), Some("a remark"));
        assert_eq!(row.metadata.as_deref(), Some(r#"{"a":1}"#));
        let algorithms: Vec<_> = row.hashes.iter().map(Hash::algorithm).collect();
        assert_eq!(algorithms, [Algorithm::Pdq, Algorithm::Md5]);
        assert!(row.is_video);
        assert_eq!(row.left_out, ["vpdq"]);
    }

    #[test]
    fn metadata_of_every_shape_is_kept() {
        for (metadata, id, json) in [
            ("null", None, None),
            ("{}", None, None),
            (r#"{"content_id":7,"content_uri":null}"#, Some("7"), None),
            (r#"{"content_id":"","json":null}"#, None, None),
            (r#"{"content_id":"a","json":[1]}"#, Some("a"), Some("[1]")),
            (
                r#"{"content_id":["a"],"b":1}"#,
                None,
                Some(r#"{"b":1,"content_id":["a"]}"#),
            ),
            ("[1]", None, Some("[1]")),
        ] {
            let row = read_row(&format!(
                r#"{{"bank":"B","id":1,"signals":{{}},"metadata":{metadata}}}"#
            ));
            let row = row.expect("a row");
            let found = (row.external_id.as_deref(), row.metadata.as_deref());
            assert_eq!(found, (id, json), "{metadata}");
            assert_eq!(row.uri, None);
        }
    }

    #[test]
    fn one_bad_signal_costs_itself_alone() {
        let row = read_row(
            r#"{"bank":"B","id":1,"signals":{"pdq":"","video_md5":"d41d8cd98f00b204e9800998ecf8427e"}}"#,
        );
        let row = row.expect("a row");
        assert_eq!((row.hashes.len(), row.is_video), (1, true));
        assert_eq!((row.empty, row.unreadable), (vec!["pdq"], vec![]));
        let row = read_row(
            r#"{"bank":"B","id":1,"signals":{"pdq":7,"sha1":null,"vpdq":7,"md5":"d41d8cd98f00b204e9800998ecf8427e"}}"#,
        );
        let row = row.expect("a row");
        assert_eq!((row.hashes.len(), row.is_video), (1, false));
        assert_eq!((row.empty, row.unreadable), (vec!["sha1"], vec!["pdq"]));
        assert_eq!(row.left_out, ["vpdq"]);
        let row = read_row(r#"{"bank":"B","id":1,"signals":{"pdq":""}}"#).expect("a row");
        assert!(row.hashes.is_empty() && row.empty == ["pdq"]);
    }

    #[test]
    fn what_an_older_version_does_not_have_may_be_null_or_absent() {
        let row = read_row(
            r#"{"bank":"B","id":1,"signals":{},"note":null,"metadata":null,"original_content_uri":null}"#,
        );
        let row = row.expect("a row");
        assert_eq!((row.switch, row.enabled_ratio), (Switch::On, 1.0));
        assert!(row.hashes.is_empty() && row.external_id.is_none() && row.note.is_none());
    }

    #[test]
    fn what_cannot_be_is_an_error_that_says_what() {
        for (line, error) in [
            ("", RowError::Shape { column: 0 }),
            ("[1]", RowError::Shape { column: 3 }),
            (
                r#"{"bank":"B","id":1,"signals":{},"enabled_ratio":7}"#,
                RowError::Ratio,
            ),
            (
                r#"{"bank":"B","id":1,"signals":{},"disable_until_ts":-1}"#,
                RowError::Switch,
            ),
            (
                r#"{"bank":"B","id":1,"signals":{"pdq":"f8"}}"#,
                RowError::Signal { signal: "pdq" },
            ),
        ] {
            let read = read_row(line).map(|_| ());
            match (&read, &error) {
                (Err(RowError::Shape { .. }), RowError::Shape { .. }) => {}
                _ => assert_eq!(read, Err(error), "{line}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic_and_no_error_quotes_it(line in "\\PC{0,80}", cut in 0_usize..400) {
            let cut = &FULL[..cut.min(FULL.len())];
            for text in [line.as_str(), cut] {
                if let Err(error) = read_row(text) {
                    prop_assert!(!error.to_string().contains("post-12"));
                }
            }
        }
    }
}
