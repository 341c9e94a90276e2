//! XML text that any XML 1.0 reader takes, and a writer for elements in order.

use std::fmt::{self, Write as _};

/// Text within the character range of XML 1.0.
///
/// A character outside it (most control characters, U+FFFE, U+FFFF) cannot be written in
/// XML at all, not even escaped: one such character makes the whole report unreadable for
/// the receiver. It is replaced by U+FFFD, so that a reader sees that something stood there.
/// `Display` writes the text with markup escaped.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct XmlText(String);

impl XmlText {
    /// The text, with characters that XML cannot hold replaced one by one.
    pub(super) fn new(text: &str) -> Self {
        let keep = |c: char| if is_xml_char(c) { c } else { REPLACEMENT };
        Self(text.chars().map(keep).collect())
    }
}

impl fmt::Display for XmlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // A reader would turn a bare carriage return into a line feed.
                '\r' => f.write_str("&#13;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Whether XML 1.0 can hold this character (its production `Char`).
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Writes one document, element by element, indented by two spaces.
pub(super) struct XmlWriter {
    out: String,
    depth: usize,
}

impl XmlWriter {
    /// A document with this root; `content` writes what is inside.
    pub(super) fn document(root: &'static str, content: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut writer = Self {
            out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"),
            depth: 0,
        };
        writer.element(root, content);
        writer.out.into_bytes()
    }

    /// An element with elements inside.
    pub(super) fn element(&mut self, name: &'static str, content: impl FnOnce(&mut Self)) {
        self.line(&format!("<{name}>"));
        self.depth += 1;
        content(self);
        self.depth -= 1;
        self.line(&format!("</{name}>"));
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &'static str) {
        self.line(&format!("<{name}/>"));
    }

    /// An element with text.
    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.line(&format!("<{name}>{}</{name}>", XmlText::new(value)));
    }

    /// An element with text and one attribute.
    pub(super) fn text_with(&mut self, name: &'static str, key: &str, is: &str, value: &str) {
        let (is, value) = (XmlText::new(is), XmlText::new(value));
        self.line(&format!("<{name} {key}=\"{is}\">{value}</{name}>"));
    }

    /// An element with text, left out where the value is absent or blank.
    pub(super) fn text_if(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            self.text(name, value);
        }
    }

    /// An element with anything that has a text form, left out where it is absent.
    pub(super) fn value_if<T: fmt::Display>(&mut self, name: &'static str, value: Option<T>) {
        if let Some(value) = value {
            self.text(name, &value.to_string());
        }
    }

    fn line(&mut self, text: &str) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
        self.out.push_str(text);
        self.out.push('\n');
    }
}

/// Stands where a character was that XML cannot hold.
const REPLACEMENT: char = '\u{FFFD}';

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_that_xml_cannot_hold_are_replaced_one_by_one() {
        let text = XmlText::new("a\u{7}b\u{0}c\u{1b}[1m\u{FFFE}\u{FFFF}\t\n\u{85}\u{1F600}");
        assert_eq!(
            text.to_string(),
            "a\u{FFFD}b\u{FFFD}c\u{FFFD}[1m\u{FFFD}\u{FFFD}\t\n\u{85}\u{1F600}"
        );
    }

    #[test]
    fn markup_and_carriage_returns_are_escaped() {
        let text = XmlText::new("<a href=\"x\">&amp;\r</a>").to_string();
        assert_eq!(text, "&lt;a href=&quot;x&quot;&gt;&amp;amp;&#13;&lt;/a&gt;");
    }

    proptest! {
        #[test]
        fn a_reader_gets_back_what_xml_can_hold(text: String) {
            let shown = XmlText::new(&text).to_string();
            prop_assert!(shown.chars().all(is_xml_char));
            let back = quick_xml::escape::unescape(&shown).expect("well-formed");
            let expected: String =
                text.chars().map(|c| if is_xml_char(c) { c } else { REPLACEMENT }).collect();
            prop_assert_eq!(back, expected);
        }
    }
}
