//! Finds the records of a JSON document while it comes in.
//!
//! The document is never held: a small machine follows it down to the array that the layout
//! names, and cuts that array into its elements; each element is then read by `serde_json`.
//! What stands elsewhere is only passed over.

use super::record::Records;
use super::text::Window;
use super::{FileError, FilePosition, Place, ROW_BYTES_MAX, Rows, too_long};

/// A step on the way to the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// The field of this name.
    Field(String),
    /// Every element.
    Every,
}

impl Segment {
    /// The steps of a JSON pointer (RFC 6901), in which `*` stands for every element of an
    /// array.
    pub(super) fn path(pointer: &str) -> Option<Vec<Self>> {
        if pointer.is_empty() {
            return Some(Vec::new());
        }
        let steps = pointer.strip_prefix('/')?.split('/');
        Some(
            steps
                .map(|step| match step {
                    "*" => Self::Every,
                    name => Self::Field(name.replace("~1", "/").replace("~0", "~")),
                })
                .collect(),
        )
    }
}

/// Follows a document, or several behind one another.
pub(super) struct Scanner {
    records: Records,
    path: Vec<Segment>,
    /// How many arrays and objects on the path are open.
    open: usize,
    state: State,
    /// Whether the array of records was met.
    found: bool,
    /// Whether it started behind a record.
    goes_on: bool,
    /// Where the last record ended.
    last_end: Option<FilePosition>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a value on the path.
    Value,
    /// In an object on the path, before a name or its end.
    Name,
    /// In a name.
    InName(Span),
    /// Between a name and its value.
    Colon { is_wanted: bool },
    /// In an array on the path, before an element or its end.
    Element,
    /// In a value that is passed over.
    Passed(Span),
    /// In the array of records, before a record or its end.
    Record,
    /// In a record.
    InRecord {
        span: Span,
        start: FilePosition,
        is_too_long: bool,
    },
}

/// Where in a value, or in a text, the machine is.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    /// How many bytes of the window were looked at.
    bytes: usize,
    depth: usize,
    in_text: bool,
    escaped: bool,
    begun: bool,
}

impl Scanner {
    /// A machine at the beginning of a document or, where it goes on, in its array of records.
    pub(super) fn new(records: Records, path: Vec<Segment>, goes_on: bool) -> Self {
        Self {
            records,
            open: if goes_on { path.len() } else { 0 },
            path,
            state: if goes_on { State::Record } else { State::Value },
            found: goes_on,
            goes_on,
            last_end: None,
        }
    }

    /// Whether a record was read, so that the place behind the last is one to go on from.
    pub(super) fn is_inside(&self) -> bool {
        self.goes_on || self.last_end.is_some()
    }

    /// Where the last record ended.
    pub(super) fn last_end(&self) -> Option<FilePosition> {
        self.last_end
    }

    /// Reads on as far as the bytes go.
    pub(super) fn scan(
        &mut self,
        window: &mut Window,
        out: &mut Rows<'_>,
    ) -> Result<(), FileError> {
        loop {
            let goes_on = match self.state {
                State::InName(span) => self.in_name(span, window)?,
                State::Passed(span) => self.in_passed(span, window),
                State::InRecord { .. } => self.in_record(window, out),
                State::Value
                | State::Name
                | State::Colon { .. }
                | State::Element
                | State::Record => self.between(window)?,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// Takes note of the end of the file, at this line.
    pub(super) fn end(&self, line: u64) -> Result<(), FileError> {
        match (self.state, self.open, self.found) {
            (State::Value, 0, true) => Ok(()),
            (State::Value, 0, false) => Err(FileError::NoRecords),
            _ => Err(FileError::CutShort { line }),
        }
    }

    /// Takes one byte that is no part of a value.
    fn between(&mut self, window: &mut Window) -> Result<bool, FileError> {
        let rest = window.rest();
        let Some(blanks) = rest.iter().position(|byte| !b" \t\r\n".contains(byte)) else {
            window.skip(rest.len());
            return Ok(false);
        };
        let byte = rest[blanks];
        window.skip(blanks);
        let line = window.position().line;
        let mut takes_byte = true;
        self.state = match (self.state, byte) {
            (State::Record | State::Element | State::Name, b',') => self.state,
            (State::Record, b']') => self.close(),
            (State::Element, b']') | (State::Name, b'}') => {
                self.open -= 1;
                self.close()
            }
            (State::Record, b'}' | b':') => return Err(FileError::NoJson { line }),
            (State::Record, _) => {
                takes_byte = false;
                State::InRecord {
                    span: Span::default(),
                    start: window.position(),
                    is_too_long: false,
                }
            }
            (State::Name, b'"') => {
                takes_byte = false;
                State::InName(Span::default())
            }
            (State::Colon { is_wanted: true }, b':') => State::Value,
            (State::Colon { is_wanted: false }, b':') => State::Passed(Span::default()),
            (State::Value | State::Element, _) => {
                let (state, takes) = self.value(byte, line)?;
                takes_byte = takes;
                state
            }
            _ => return Err(FileError::NoJson { line }),
        };
        window.skip(usize::from(takes_byte));
        Ok(true)
    }

    /// What the beginning of a value on the path leads to, and whether its first byte is taken.
    fn value(&mut self, byte: u8, line: u64) -> Result<(State, bool), FileError> {
        let opens = matches!(byte, b'{' | b'[');
        if !opens && self.open == 0 {
            return Err(FileError::NoJson { line });
        }
        match (self.path.get(self.open), byte) {
            (None, b'[') => {
                self.found = true;
                Ok((State::Record, true))
            }
            // A page without records may say so.
            (None, b'n') => {
                self.found = true;
                Ok((State::Passed(Span::default()), false))
            }
            (None, _) => Err(FileError::NoArray { line }),
            (Some(Segment::Field(_)), b'{') => {
                self.open += 1;
                Ok((State::Name, true))
            }
            (Some(Segment::Every), b'[') => {
                self.open += 1;
                Ok((State::Element, true))
            }
            (Some(_), b']' | b'}' | b',' | b':') => Err(FileError::NoJson { line }),
            (Some(_), _) => Ok((State::Passed(Span::default()), false)),
        }
    }

    /// The state behind a value on the path.
    fn close(&self) -> State {
        match self.open.checked_sub(1).map(|last| &self.path[last]) {
            None => State::Value,
            Some(Segment::Field(_)) => State::Name,
            Some(Segment::Every) => State::Element,
        }
    }

    fn in_name(&mut self, mut span: Span, window: &mut Window) -> Result<bool, FileError> {
        let line = window.position().line;
        if !span.is_over(window.rest()) {
            if span.bytes > ROW_BYTES_MAX {
                return Err(FileError::NoJson { line });
            }
            self.state = State::InName(span);
            return Ok(false);
        }
        let name: Result<String, _> = serde_json::from_slice(&window.rest()[..span.bytes]);
        let name = name.map_err(|_| FileError::NoJson { line })?;
        let wanted = self.open.checked_sub(1).map(|last| &self.path[last]);
        let is_wanted = wanted == Some(&Segment::Field(name));
        window.skip(span.bytes);
        self.state = State::Colon { is_wanted };
        Ok(true)
    }

    fn in_passed(&mut self, mut span: Span, window: &mut Window) -> bool {
        let is_over = span.is_over(window.rest());
        window.skip(span.bytes);
        span.bytes = 0;
        self.state = if is_over {
            self.close()
        } else {
            State::Passed(span)
        };
        is_over
    }

    fn in_record(&mut self, window: &mut Window, out: &mut Rows<'_>) -> bool {
        let State::InRecord {
            mut span,
            start,
            mut is_too_long,
        } = self.state
        else {
            return false;
        };
        let is_over = span.is_over(window.rest());
        is_too_long |= span.bytes > ROW_BYTES_MAX;
        let read = (is_over && !is_too_long).then(|| {
            let record = &window.rest()[..span.bytes];
            self.records.read(record)
        });
        if is_over || is_too_long {
            window.skip(span.bytes);
            span.bytes = 0;
        }
        if !is_over {
            self.state = State::InRecord {
                span,
                start,
                is_too_long,
            };
            return false;
        }
        let next = window.position();
        let place = Place { start, next };
        match read {
            Some(read) => out.give(place, read),
            None => out.reject(place, None, too_long()),
        }
        self.last_end = Some(next);
        self.state = State::Record;
        true
    }
}

impl Span {
    /// Looks at what was not looked at yet, up to the end of the value; tells whether that is
    /// there. A value that is neither text nor array nor object ends before what follows it.
    fn is_over(&mut self, rest: &[u8]) -> bool {
        while let Some(&byte) = rest.get(self.bytes) {
            if self.in_text {
                self.in_text = self.escaped || byte != b'"';
                self.escaped = !self.escaped && byte == b'\\';
                self.bytes += 1;
                if !self.in_text && self.depth == 0 {
                    return true;
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.bytes += 1;
                        return true;
                    }
                }
                b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'
                    if self.depth == 0 && self.begun =>
                {
                    return true;
                }
                _ => {}
            }
            self.begun |= !byte.is_ascii_whitespace();
            self.bytes += 1;
        }
        false
    }
}
