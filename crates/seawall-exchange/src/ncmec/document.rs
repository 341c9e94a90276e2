//! The partner's XML: bytes to a tree of the elements that belong to the protocol.
//!
//! A document type is refused, and with it every entity that a document could define. Elements of
//! other namespaces lose their names, so that nothing takes them for the protocol's own.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::{NsReader, XmlVersion};

use crate::feed::FeedError;

/// An element with everything in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its local name; empty where it is of a foreign namespace.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Whether it has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The first element inside with this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name))
    }

    /// Its text, without the space around it; `None` where nothing is left.
    pub(super) fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The text of the first element inside with this name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)?.text()
    }

    /// The value of an attribute, without the space around it.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let (_, value) = attributes.find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }
}

/// Reads one document whose root has one of these names.
///
/// # Errors
/// [`FeedError::Unreadable`] where it is no well-formed XML, declares a document type, is deeper
/// or larger than any answer, or has another root.
pub(super) fn read(bytes: &[u8], roots: &[&str]) -> Result<Element, FeedError> {
    let root = read_any(bytes)?;
    if roots.contains(&root.name.as_str()) {
        Ok(root)
    } else {
        Err(super::unreadable(
            "it is another document than the call answers with",
        ))
    }
}

/// Reads one document of the protocol, whatever its root is called.
///
/// # Errors
/// As [`read`], where it is in another namespace.
pub(super) fn read_any(bytes: &[u8]) -> Result<Element, FeedError> {
    parse(bytes).map_err(super::unreadable)
}

/// The namespace of every element of the protocol.
pub(super) const NAMESPACE: &str = "https://hashsharing.ncmec.org/hashsharing/v2";

fn parse(bytes: &[u8]) -> Result<Element, &'static str> {
    if bytes.len() > BYTES_MAX {
        return Err("it is larger than any page");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|_| NOT_WELL_FORMED)?;
        match event {
            Event::Start(start) => tree.open(&start, is_own(&namespace))?,
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.reference(&reference)?,
            Event::DocType(_) => return Err("it declares a document type"),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Empty(_) => unreachable!("the reader expands empty elements"),
            Event::Eof => return tree.finish(),
        }
    }
}

/// Elements without any namespace are taken for the protocol's: the partner's older answers have
/// none, and the published client never looked.
fn is_own(namespace: &ResolveResult<'_>) -> bool {
    match namespace {
        ResolveResult::Bound(Namespace(name)) => *name == NAMESPACE,
        ResolveResult::Unbound => true,
        ResolveResult::Unknown(_) => false,
    }
}

/// The tree while it grows: the elements from the root to the one that is open.
#[derive(Default)]
struct Tree {
    path: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>, is_own: bool) -> Result<(), &'static str> {
        self.elements += 1;
        if self.path.len() >= DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err("it is deeper or larger than any page");
        }
        if self.root.is_some() {
            return Err("it has more than one root");
        }
        let mut element = Element::default();
        if is_own {
            start.local_name().as_ref().clone_into(&mut element.name);
        }
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| NOT_WELL_FORMED)?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|_| NOT_WELL_FORMED)?;
            let name = attribute.key.as_ref().to_owned();
            element.attributes.push((name, value.into_owned()));
        }
        self.path.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), &'static str> {
        let element = self.path.pop().ok_or(NOT_WELL_FORMED)?;
        match self.path.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), &'static str> {
        match self.path.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(NOT_WELL_FORMED),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), &'static str> {
        let c = match reference.resolve_char_ref().map_err(|_| NOT_WELL_FORMED)? {
            Some(c) => c,
            None => match reference.xml10_content().as_ref() {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "apos" => '\'',
                "quot" => '"',
                _ => return Err("it refers to an entity of its own"),
            },
        };
        self.text(c.encode_utf8(&mut [0; 4]))
    }

    fn finish(self) -> Result<Element, &'static str> {
        let root = self.root.filter(|_| self.path.is_empty());
        let root = root.ok_or("it ends too early")?;
        if root.name.is_empty() {
            return Err("it is of another namespace than Hash Sharing version 2");
        }
        Ok(root)
    }
}

const NOT_WELL_FORMED: &str = "it is not well-formed XML";
const DEPTH_MAX: usize = 32;
/// A page of the partner's holds a thousand entries of some twenty elements each.
const ELEMENTS_MAX: usize = 500_000;
const BYTES_MAX: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree_of_its_own_elements() {
        let text = format!(
            "\u{FEFF}<?xml version=\"1.0\"?><!-- c --><n:a xmlns:n=\"{NAMESPACE}\" k=' 1 &lt; 2 '>\
             <n:b> x&amp;&#233;<![CDATA[<]]> </n:b><c/><x:d xmlns:x=\"urn:other\">y</x:d><b/></n:a>"
        );
        let root = read(text.as_bytes(), &["a"]).expect("well-formed");
        assert_eq!(root.attribute("k"), Some("1 < 2"));
        assert_eq!(root.text_of("b"), Some("x&é<"));
        let names: Vec<&str> = root.children.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["b", "c", "", "b"]);
        assert_eq!(root.text_of("c"), None);
    }

    #[test]
    fn what_is_no_document_of_the_protocol_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(33), "</a>".repeat(33));
        let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX));
        let refused: [&[u8]; 17] = [
            b"",
            b"text",
            b"<a>",
            b"<a></b>",
            b"</a>",
            b"<a/><a/>",
            b"<a/>text",
            b"<a/>&amp;",
            b"<a>&unknown;</a>",
            b"<a k=1/>",
            b"<a>\xFF</a>",
            b"<b/>",
            b"<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
            b"<a xmlns=\"https://hashsharing.ncmec.org/hashsharing/v1\"/>",
            b"<!DOCTYPE html><html><body>gateway</body></html>",
            deep.as_bytes(),
            wide.as_bytes(),
        ];
        for bytes in refused {
            let answer = read(bytes, &["a"]);
            let start = &bytes[..bytes.len().min(40)];
            assert!(
                matches!(answer, Err(FeedError::Unreadable { .. })),
                "{}",
                String::from_utf8_lossy(start)
            );
        }
    }
}
