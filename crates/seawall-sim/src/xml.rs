//! A strict reader of small XML documents: bytes to a tree, or why not.
//!
//! It takes UTF-8, XML 1.0, elements, attributes, text and comments. It refuses document
//! types, processing instructions, entities of one's own, characters outside the range of
//! XML, and anything deep or large.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// An element with everything in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first element inside with this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first element inside with this name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }
}

/// Why a document is no XML that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

/// Reads one document.
pub(crate) fn read(bytes: &[u8]) -> Result<Element, Broken> {
    let text = std::str::from_utf8(bytes).map_err(|_| Broken("not UTF-8"))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_comments = true;
    let mut tree = Tree::default();
    loop {
        match reader.read_event().map_err(|_| Broken("not well-formed"))? {
            Event::Start(start) => tree.open(&start)?,
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.reference(&reference)?,
            Event::Decl(declaration) => tree.declaration(&declaration)?,
            Event::Comment(_) => {}
            Event::DocType(_) => return Err(Broken("a document type is refused")),
            Event::PI(_) => return Err(Broken("a processing instruction is refused")),
            Event::Empty(_) => unreachable!("the reader expands empty elements"),
            Event::Eof => return tree.finish(),
        }
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
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Broken> {
        self.elements += 1;
        if self.path.len() >= DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(Broken("too deep or too large"));
        }
        if self.root.is_some() {
            return Err(Broken("more than one root element"));
        }
        let mut element = Element {
            name: start.name().as_ref().to_owned(),
            ..Element::default()
        };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| Broken("a broken attribute"))?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|_| Broken("a broken attribute"))?;
            check_characters(&value)?;
            let name = attribute.key.as_ref().to_owned();
            element.attributes.push((name, value.into_owned()));
        }
        self.path.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Broken> {
        let element = self.path.pop().ok_or(Broken("not well-formed"))?;
        match self.path.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Broken> {
        check_characters(text)?;
        match self.path.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(Broken("text outside the root element")),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Broken> {
        let broken = Broken("a reference that stands for nothing");
        let c = match reference.resolve_char_ref().map_err(|_| broken)? {
            Some(c) => c,
            None => match reference.xml10_content().as_ref() {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "apos" => '\'',
                "quot" => '"',
                _ => return Err(broken),
            },
        };
        if self.path.is_empty() {
            return Err(Broken("text outside the root element"));
        }
        self.text(c.encode_utf8(&mut [0; 4]))
    }

    fn declaration(
        &mut self,
        declaration: &quick_xml::events::BytesDecl<'_>,
    ) -> Result<(), Broken> {
        if self.elements > 0 {
            return Err(Broken("a declaration in the middle"));
        }
        let version = declaration.version().map_err(|_| Broken("no version"))?;
        if version != "1.0" {
            return Err(Broken("a version other than 1.0"));
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
            Some(_) => Err(Broken("an encoding other than UTF-8")),
        }
    }

    fn finish(self) -> Result<Element, Broken> {
        match self.root {
            Some(root) if self.path.is_empty() => Ok(root),
            _ => Err(Broken("the document ends too early")),
        }
    }
}

fn check_characters(text: &str) -> Result<(), Broken> {
    let legal = |c: char| {
        matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
    };
    if text.chars().all(legal) {
        Ok(())
    } else {
        Err(Broken("a character that XML cannot hold"))
    }
}

const DEPTH_MAX: usize = 16;
const ELEMENTS_MAX: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree() {
        let root = read(b"<?xml version=\"1.0\"?><!-- c --><a k=\"1 &lt; 2\"><b>x&amp;&#233;<![CDATA[<]]></b><c/></a>")
            .expect("well-formed");
        assert_eq!(root.attributes, [("k".to_owned(), "1 < 2".to_owned())]);
        assert_eq!(root.text_of("b"), Some("x&é<"));
        assert_eq!(
            root.child("c"),
            Some(&Element {
                name: "c".into(),
                ..Element::default()
            })
        );
    }

    #[test]
    fn what_is_not_taken_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(17), "</a>".repeat(17));
        let refused: [&[u8]; 21] = [
            b"",
            b"text",
            b"<a>",
            b"<a></b>",
            b"</a>",
            b"<a/><b/>",
            b"<a/>text",
            b"<a/>&amp;",
            b"<a>&unknown;</a>",
            b"<a>&</a>",
            b"<a>&#0;</a>",
            b"<a>&#xFFFF;</a>",
            b"<a>\x07</a>",
            b"<a k=\"&#7;\"/>",
            b"<a k=\"1\" k=\"2\"/>",
            b"<a k=1/>",
            b"<a>\xFF</a>",
            b"<!DOCTYPE a><a/>",
            b"<?php x?><a/>",
            b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>",
            deep.as_bytes(),
        ];
        for bytes in refused {
            assert!(read(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_fall(
            bytes: Vec<u8>,
            text in "(<[ab/!?]|>|&#?[0-9a-z]{0,3};|[ab\"= ]|-->|<!--|\\]\\]>){0,30}",
        ) {
            let _ = read(&bytes);
            let _ = read(text.as_bytes());
        }
    }
}
