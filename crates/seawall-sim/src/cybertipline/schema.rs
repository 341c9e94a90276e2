//! Holds a tree against the interface's schema: 4100, with the place, where it differs.

use seawall_core::Timestamp;

use super::words::{FILE_DETAILS, REPORT};
use crate::xml::Element;

/// What an element holds.
pub(super) struct Kind {
    pub(super) content: Content,
    pub(super) attributes: &'static [Attribute],
}

/// The content of an element.
pub(super) enum Content {
    /// Text alone.
    Text(Text),
    /// Elements in exactly this order.
    Sequence(&'static [Item]),
    /// Exactly one of these elements.
    Choice(&'static [Item]),
    /// Each of these at most once, in any order.
    AnyOrder(&'static [Item]),
    /// Nothing.
    Empty,
}

/// One element within another.
pub(super) struct Item {
    pub(super) name: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) kind: &'static Kind,
}

/// One attribute.
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) text: Text,
}

/// What a text may be.
pub(super) enum Text {
    /// Anything.
    Any,
    /// At most this many characters.
    Chars(usize),
    /// One of a list.
    OneOf(&'static [&'static str]),
    /// `true`, `false`, `1` or `0`.
    Boolean,
    /// Fixed to true: empty, `true` or `1`.
    True,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A number.
    Decimal,
    /// A date.
    Date,
    /// A date and time.
    DateTime,
    /// A date and time that is not later than now.
    PastDateTime,
    /// Two capital letters, or nothing. The list of countries and states is not kept here.
    TwoLetters,
    /// `+` and one to three digits.
    CallingCode,
    /// Digits.
    Digits,
}

/// Where and why a document is not valid. It names elements, never values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    pub(super) path: String,
    pub(super) why: &'static str,
}

/// Checks the body of a submit.
pub(super) fn check_report(root: &Element, now: Timestamp) -> Result<(), Invalid> {
    check_root(root, "report", &REPORT, now)
}

/// Checks the body of a file description.
pub(super) fn check_file_details(root: &Element, now: Timestamp) -> Result<(), Invalid> {
    check_root(root, "fileDetails", &FILE_DETAILS, now)?;
    if root.child("potentialMeme").is_some() && root.child("fileAnnotations").is_some() {
        return Err(Invalid {
            path: "fileDetails/fileAnnotations".into(),
            why: "it excludes potentialMeme",
        });
    }
    Ok(())
}

/// Whether a valid description makes the finish of its report fail: a supplemental file
/// must carry neither a classification nor the mark of a meme.
pub(super) fn blocks_finish(details: &Element) -> bool {
    let annotated = details.child("fileAnnotations");
    let meme = details.child("potentialMeme").is_some()
        || annotated.is_some_and(|marks| marks.child("potentialMeme").is_some());
    details.text_of("fileRelevance") == Some("Supplemental Reported")
        && (meme || details.child("industryClassification").is_some())
}

fn check_root(root: &Element, name: &str, kind: &Kind, now: Timestamp) -> Result<(), Invalid> {
    let check = Check { now };
    if root.name != name {
        return Err(Invalid {
            path: name.into(),
            why: "another root element",
        });
    }
    let own = root
        .attributes
        .iter()
        .find(|(name, _)| !name.starts_with("xmlns") && !name.starts_with("xsi:"));
    if own.is_some() {
        return Err(Invalid {
            path: name.into(),
            why: "an attribute that is not known",
        });
    }
    check.content(root, kind, name)
}

struct Check {
    now: Timestamp,
}

impl Check {
    fn element(&self, element: &Element, kind: &Kind, path: &str) -> Result<(), Invalid> {
        self.attributes(element, kind, path)?;
        self.content(element, kind, path)
    }

    fn attributes(&self, element: &Element, kind: &Kind, path: &str) -> Result<(), Invalid> {
        let fail = |why| fail(path, why);
        for (name, value) in &element.attributes {
            let rule = kind.attributes.iter().find(|rule| rule.name == name);
            let Some(rule) = rule else {
                return fail("an attribute that is not known");
            };
            if !self.admits(&rule.text, value) {
                return fail("an attribute's value");
            }
        }
        let given = |rule: &Attribute| element.attributes.iter().any(|(name, _)| name == rule.name);
        match kind
            .attributes
            .iter()
            .find(|rule| rule.required && !given(rule))
        {
            Some(_) => fail("an attribute is missing"),
            None => Ok(()),
        }
    }

    fn content(&self, element: &Element, kind: &Kind, path: &str) -> Result<(), Invalid> {
        let children = element.children.as_slice();
        if let Content::Text(text) = &kind.content {
            return match children {
                [] if self.admits(text, &element.text) => Ok(()),
                [] => fail(path, "its value"),
                [_, ..] => fail(path, "an element in text"),
            };
        }
        if !element.text.trim().is_empty() {
            return fail(path, "text between elements");
        }
        match &kind.content {
            Content::Sequence(items) => self.sequence(element, items, path),
            Content::Choice(_) if children.len() != 1 => fail(path, "it has to hold one element"),
            Content::Choice(items) | Content::AnyOrder(items) => {
                self.any_order(children, items, path)
            }
            Content::Empty if !children.is_empty() => fail(path, "it has to be empty"),
            Content::Text(_) | Content::Empty => Ok(()),
        }
    }

    fn sequence(&self, element: &Element, items: &[Item], path: &str) -> Result<(), Invalid> {
        let mut children = element.children.iter().peekable();
        for item in items {
            let inner = format!("{path}/{}", item.name);
            let mut found = 0;
            while let Some(child) = children.next_if(|child| child.name == item.name) {
                found += 1;
                if found > item.most {
                    return fail(&inner, "it stands too often");
                }
                self.element(child, item.kind, &inner)?;
            }
            if found < item.least {
                return fail(&inner, "it is missing or out of order");
            }
        }
        match children.next() {
            // The name is the sender's text, so it is not repeated.
            Some(_) => fail(path, "an element that is not known or out of order"),
            None => Ok(()),
        }
    }

    fn any_order(&self, children: &[Element], items: &[Item], path: &str) -> Result<(), Invalid> {
        for (index, child) in children.iter().enumerate() {
            let Some(item) = items.iter().find(|item| item.name == child.name) else {
                return fail(path, "an element that is not known");
            };
            let inner = format!("{path}/{}", item.name);
            if children[..index]
                .iter()
                .any(|before| before.name == child.name)
            {
                return fail(&inner, "it stands too often");
            }
            self.element(child, item.kind, &inner)?;
        }
        Ok(())
    }

    fn admits(&self, rule: &Text, text: &str) -> bool {
        let trimmed = text.trim();
        match rule {
            Text::Any => true,
            Text::Chars(most) => text.chars().count() <= *most,
            Text::OneOf(values) => values.contains(&text),
            Text::Boolean => matches!(trimmed, "true" | "false" | "1" | "0"),
            Text::True => matches!(trimmed, "" | "true" | "1"),
            Text::Whole(least, most) => trimmed
                .parse::<i64>()
                .is_ok_and(|number| (*least..=*most).contains(&number)),
            Text::Decimal => trimmed.parse::<f64>().is_ok_and(f64::is_finite),
            Text::Date => date_time(&format!("{trimmed}T00:00:00Z")).is_some(),
            Text::DateTime => date_time(trimmed).is_some(),
            Text::PastDateTime => date_time(trimmed).is_some_and(|time| time <= self.now),
            Text::TwoLetters => {
                text.is_empty() || (text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()))
            }
            Text::CallingCode => text.strip_prefix('+').is_some_and(|digits| {
                (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
            }),
            Text::Digits => !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()),
        }
    }
}

/// A time in the form of XML Schema. One without a zone is taken as UTC.
fn date_time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 19
        && bytes[10] == b'T'
        && bytes[..10].iter().enumerate().all(|(at, b)| match at {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        })
        && bytes[11..]
            .iter()
            .all(|b| matches!(b, b'0'..=b'9' | b':' | b'.' | b'+' | b'-' | b'Z'));
    if !shaped {
        return None;
    }
    let zoned = text.ends_with('Z') || text[19..].contains(['+', '-']);
    let text = if zoned {
        text.to_owned()
    } else {
        format!("{text}Z")
    };
    text.parse().ok()
}

fn fail<T>(path: &str, why: &'static str) -> Result<T, Invalid> {
    let path = path.to_owned();
    Err(Invalid { path, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_xml_schema() {
        let good = [
            "2026-11-25T21:30:00Z",
            "2026-11-25T21:30:00.123Z",
            "2026-11-25T21:30:00+01:00",
            "2026-11-25T21:30:00",
            "2026-11-25T21:30:00-05:00",
        ];
        for text in good {
            assert!(date_time(text).is_some(), "{text}");
        }
        let bad = [
            "",
            "2026-11-25",
            "2026-11-25 21:30:00Z",
            "2026-11-25t21:30:00Z",
            "2026-13-25T21:30:00Z",
            "2026-11-25T21:30Z",
            "2026-11-25T21:30:00[UTC]",
        ];
        for text in bad {
            assert!(date_time(text).is_none(), "{text}");
        }
    }
}
