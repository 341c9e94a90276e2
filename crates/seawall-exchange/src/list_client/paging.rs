//! How the pages of a list follow each other.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::description::{Place, query_of_link};
use crate::feed::FeedError;
use crate::json;

/// How the pages of a list follow each other: `kind` in `[paging]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    /// There is one page: `kind = "none"`.
    None {},
    /// Each page tells the cursor that the next one is asked with: `kind = "cursor"`. A page
    /// without one is the last, and so is an empty page that repeats the cursor it was asked
    /// with.
    Cursor {
        /// The query parameter that takes it.
        parameter: String,
        /// What the parameter says on the first page; it is left out where nothing is said.
        #[serde(default)]
        first: Option<String>,
        /// Where in a page the next cursor stands.
        cursor: Place,
        /// Where a page says whether another follows. Absent, `null`, `false`, 0 and empty say
        /// no; everything else says yes. Where nothing is said, a cursor alone says yes.
        #[serde(default)]
        more: Option<Place>,
    },
    /// Each page links to the next: `kind = "next_link"`. A page without a link is the last.
    /// Links are followed at the list's own address alone.
    NextLink {
        /// Where in a page the link stands.
        link: Place,
    },
    /// Pages are numbered: `kind = "page_number"`.
    PageNumber {
        /// The query parameter that takes the number.
        parameter: String,
        /// The first page's number; 1 where nothing is said.
        #[serde(default = "one")]
        first: u64,
        /// Where a page says whether another follows, as with a cursor. Where nothing is said,
        /// the first empty page is the last.
        #[serde(default)]
        more: Option<Place>,
    },
}

/// Which page comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    First,
    Cursor(String),
    Link(Vec<(String, String)>),
    Number(u64),
    End,
}

/// A page as far as it tells where to go on.
pub(super) struct Seen<'a> {
    pub(super) document: &'a Value,
    pub(super) body: &'a [u8],
    /// Whether it has no entry, not even one that could not be read.
    pub(super) is_empty: bool,
}

/// What follows a page.
pub(super) struct Next {
    pub(super) position: Position,
    /// The cursor that the page told, whether or not another page follows.
    pub(super) cursor: Option<String>,
    /// What is the same where a partner gives one page again and again.
    fingerprint: u64,
}

impl Next {
    fn end(cursor: Option<String>) -> Self {
        Self {
            position: Position::End,
            cursor,
            fingerprint: 0,
        }
    }

    /// What names the place, to tell a circle by. Numbers never repeat, so a numbered page is
    /// told by its bytes.
    pub(super) fn place(&self) -> Option<String> {
        match &self.position {
            Position::First | Position::End => None,
            Position::Cursor(cursor) => Some(cursor.clone()),
            Position::Link(_) | Position::Number(_) => Some(format!("{:016x}", self.fingerprint)),
        }
    }
}

impl Paging {
    /// What names the page in the query; `None` past the end.
    pub(super) fn parameter(&self, position: &Position) -> Option<Option<(String, String)>> {
        let pair = |name: &String, value: &String| Some((name.clone(), value.clone()));
        Some(match (self, position) {
            (_, Position::End) => return None,
            (
                Self::Cursor {
                    parameter, first, ..
                },
                Position::First,
            ) => first.as_ref().and_then(|first| pair(parameter, first)),
            (Self::Cursor { parameter, .. }, Position::Cursor(cursor)) => pair(parameter, cursor),
            (
                Self::PageNumber {
                    parameter, first, ..
                },
                Position::First,
            ) => pair(parameter, &first.to_string()),
            (Self::PageNumber { parameter, .. }, Position::Number(number)) => {
                pair(parameter, &number.to_string())
            }
            (
                Self::None {}
                | Self::Cursor { .. }
                | Self::NextLink { .. }
                | Self::PageNumber { .. },
                Position::First | Position::Cursor(_) | Position::Link(_) | Position::Number(_),
            ) => None,
        })
    }

    /// What follows a page.
    ///
    /// # Errors
    /// [`FeedError::Unreadable`] where the page says that there is more and not where, or links
    /// to another address.
    pub(super) fn after(
        &self,
        position: &Position,
        seen: &Seen<'_>,
        url: &Url,
    ) -> Result<Next, FeedError> {
        let is_more = |more: &Option<Place>| more.as_ref().map(|more| is_said(more, seen.document));
        match self {
            Self::None {} => Ok(Next::end(None)),
            Self::Cursor { cursor, more, .. } => {
                let cursor = cursor.find(seen.document).and_then(json::text);
                after_cursor(cursor, position, is_more(more), seen.is_empty)
            }
            Self::NextLink { link } => match link.find(seen.document).and_then(json::text) {
                Some(link) => Ok(Next {
                    position: Position::Link(query_of_link(url, &link)?),
                    cursor: None,
                    fingerprint: fingerprint(link.as_bytes()),
                }),
                None => Ok(Next::end(None)),
            },
            Self::PageNumber { first, more, .. } => {
                let number = match position {
                    Position::Number(number) => *number,
                    Position::First | Position::Cursor(_) | Position::Link(_) | Position::End => {
                        *first
                    }
                };
                let is_end = !is_more(more).unwrap_or(!seen.is_empty);
                Ok(match number.checked_add(1) {
                    Some(number) if !is_end => Next {
                        position: Position::Number(number),
                        cursor: None,
                        fingerprint: fingerprint(seen.body),
                    },
                    Some(_) | None => Next::end(None),
                })
            }
        }
    }
}

fn after_cursor(
    cursor: Option<String>,
    position: &Position,
    is_more: Option<bool>,
    is_empty: bool,
) -> Result<Next, FeedError> {
    let Some(cursor) = cursor else {
        return match is_more {
            Some(true) => Err(json::unreadable(
                "a page says that there is more and not where to go on",
            )),
            Some(false) | None => Ok(Next::end(None)),
        };
    };
    if cursor.len() > CURSOR_BYTES_MAX {
        return Err(json::unreadable("the cursor of the next page is too long"));
    }
    let is_asked = *position == Position::Cursor(cursor.clone());
    if is_more.unwrap_or(!(is_asked && is_empty)) {
        Ok(Next {
            position: Position::Cursor(cursor.clone()),
            cursor: Some(cursor),
            fingerprint: 0,
        })
    } else {
        Ok(Next::end(Some(cursor)))
    }
}

/// Whether a page says yes at a place.
fn is_said(place: &Place, document: &Value) -> bool {
    match place.find(document) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(truth)) => *truth,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !matches!(text.trim(), "" | "0" | "false" | "False"),
        Some(Value::Array(values)) => !values.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
    }
}

fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn one() -> u64 {
    1
}

const CURSOR_BYTES_MAX: usize = 4 * 1024;
