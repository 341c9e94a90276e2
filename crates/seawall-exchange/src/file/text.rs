//! From bytes of a file to lines of text, with their places.

use std::char::DecodeUtf16Error;

use serde::{Deserialize, Serialize};

use super::{FilePosition, ROW_BYTES_MAX};

/// How the text of a file is stored. A byte-order mark says so; without one it is UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

/// Turns the bytes of a file into UTF-8. What is no text becomes [`NO_TEXT`], which no UTF-8
/// holds, so that its line is found to be none.
pub(super) struct Decoder {
    encoding: Option<Encoding>,
    /// Bytes that wait for the next: of the mark at the beginning, or of a UTF-16 unit.
    held: Vec<u8>,
    high_surrogate: Option<u16>,
}

impl Decoder {
    /// A decoder at the beginning of a file, or after it where the encoding is known.
    pub(super) fn new(encoding: Option<Encoding>) -> Self {
        Self {
            encoding,
            held: Vec::new(),
            high_surrogate: None,
        }
    }

    pub(super) fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// Takes bytes; tells how many of them were a byte-order mark.
    pub(super) fn push(&mut self, bytes: &[u8], window: &mut Window) -> u64 {
        if self.encoding.is_some() {
            self.decode(bytes, window);
            return 0;
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() < MARK_BYTES_MAX {
            return 0;
        }
        self.begin(window)
    }

    /// Takes note of the end; tells what [`Self::push`] tells.
    pub(super) fn finish(&mut self, window: &mut Window) -> u64 {
        let head_bytes = match self.encoding {
            Some(_) => 0,
            None => self.begin(window),
        };
        if self.high_surrogate.take().is_some() {
            window.bytes.push(NO_TEXT);
        }
        if !self.held.is_empty() {
            window.bytes.push(NO_TEXT);
        }
        head_bytes
    }

    fn begin(&mut self, window: &mut Window) -> u64 {
        let head = std::mem::take(&mut self.held);
        let (encoding, mark_bytes) = match head.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16Le, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16Be, 2),
            _ => (Encoding::Utf8, 0),
        };
        self.encoding = Some(encoding);
        let mark = u64::try_from(mark_bytes).expect("three at most");
        window.position.offset += mark;
        self.decode(&head[mark_bytes..], window);
        mark
    }

    fn decode(&mut self, bytes: &[u8], window: &mut Window) {
        let from_bytes = match self.encoding {
            None | Some(Encoding::Utf8) => return window.bytes.extend_from_slice(bytes),
            Some(Encoding::Utf16Le) => u16::from_le_bytes,
            Some(Encoding::Utf16Be) => u16::from_be_bytes,
        };
        window.is_wide = true;
        let mut rest = bytes;
        if let (Some(&first), Some((&second, after))) = (self.held.first(), rest.split_first()) {
            self.held.clear();
            self.unit(from_bytes([first, second]), window);
            rest = after;
        }
        let (units, odd) = rest.as_chunks::<2>();
        for &unit in units {
            self.unit(from_bytes(unit), window);
        }
        self.held.extend_from_slice(odd);
    }

    fn unit(&mut self, unit: u16, window: &mut Window) {
        if let Some(high) = self.high_surrogate.take() {
            if is_low(unit) {
                return window.put(char::decode_utf16([high, unit]).next());
            }
            window.bytes.push(NO_TEXT);
        }
        if is_high(unit) {
            self.high_surrogate = Some(unit);
        } else {
            window.put(char::decode_utf16([unit]).next());
        }
    }
}

/// The part of the text that is not read yet.
pub(super) struct Window {
    bytes: Vec<u8>,
    at: usize,
    position: FilePosition,
    /// Whether a character takes two or four bytes in the file, and one to four here.
    is_wide: bool,
    /// Up to where the line that starts here was looked through without finding its end.
    searched: usize,
}

/// A line that was found.
pub(super) struct Frame {
    /// How many bytes it has, without its end.
    pub(super) length: usize,
    /// How many bytes its end has.
    end: usize,
    /// How many line ends are in it.
    lines: u64,
    /// Whether its end was found. Where not, it is a part of a line that is too long.
    pub(super) is_complete: bool,
}

/// What ends a record.
pub(super) struct Framing {
    /// The separator of a table whose quoted cells may hold line ends.
    quoting: Option<u8>,
}

impl Framing {
    pub(super) fn new(quoting: Option<u8>) -> Self {
        Self { quoting }
    }
}

impl Window {
    pub(super) fn new(position: FilePosition) -> Self {
        Self {
            bytes: Vec::new(),
            at: 0,
            position,
            is_wide: false,
            searched: 0,
        }
    }

    /// Where the unread part starts.
    pub(super) fn position(&self) -> FilePosition {
        self.position
    }

    /// The unread part.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// The next line, once its end is there, or a part of it that is already too long.
    pub(super) fn frame(&mut self, framing: &Framing, is_end: bool) -> Option<Frame> {
        let frame = match framing.quoting {
            Some(separator) => self.quoted_frame(separator, is_end),
            None => self.plain_frame(self.searched, is_end),
        };
        self.searched = match frame {
            Some(_) => 0,
            None => self.rest().len(),
        };
        frame
    }

    fn plain_frame(&self, searched: usize, is_end: bool) -> Option<Frame> {
        let rest = self.rest();
        // A CR at the end of what was searched may have been held back for its LF.
        let from = searched.saturating_sub(1);
        match memchr::memchr2(b'\n', b'\r', &rest[from..]) {
            Some(found) => {
                line_end(rest, from + found, is_end).map(|end| Frame::whole(from + found, end, 1))
            }
            None => unended(rest, is_end),
        }
    }

    /// A record whose quoted cells may hold line ends. Where a cell is not closed within the
    /// bytes that a record can have, its first line alone is taken, which then is rejected, and
    /// the line after it is the next: a stray mark must not swallow what follows.
    fn quoted_frame(&self, separator: u8, is_end: bool) -> Option<Frame> {
        let rest = self.rest();
        let (mut quoted, mut lines) = (false, 0);
        // Whether a mark here opens a cell: where one starts, and right after one that seemed to
        // close it, for two marks stand for one.
        let mut may_open = true;
        let mut at = 0;
        while at < rest.len().min(ROW_BYTES_MAX) {
            let was_quoted = quoted;
            match rest[at] {
                b'"' if quoted || may_open => quoted = !quoted,
                b'\n' | b'\r' => {
                    let end = line_end(rest, at, is_end)?;
                    lines += 1;
                    if !quoted {
                        return Some(Frame::whole(at, end, lines));
                    }
                    at += end - 1;
                }
                _ => {}
            }
            may_open = rest[at] == separator || (was_quoted && rest[at] == b'"');
            at += 1;
        }
        if !is_end && rest.len() < ROW_BYTES_MAX {
            return None;
        }
        self.plain_frame(0, is_end)
    }

    /// The line of a frame.
    pub(super) fn line(&self, frame: &Frame) -> &[u8] {
        &self.rest()[..frame.length]
    }

    pub(super) fn position_after(&self, frame: &Frame) -> FilePosition {
        FilePosition {
            line: self.position.line + frame.lines,
            offset: self.position.offset + self.stored(frame.length + frame.end),
        }
    }

    /// Goes past a frame, to where it ends.
    pub(super) fn advance(&mut self, frame: &Frame, next: FilePosition) {
        self.at += frame.length + frame.end;
        self.position = next;
    }

    /// Goes `bytes` ahead, counting lines by their LF.
    pub(super) fn skip(&mut self, bytes: usize) {
        let lines = memchr::memchr_iter(b'\n', &self.rest()[..bytes]).count();
        self.position.line += u64::try_from(lines).expect("fits in 64 bits");
        self.position.offset += self.stored(bytes);
        self.at += bytes;
    }

    fn put(&mut self, decoded: Option<Result<char, DecodeUtf16Error>>) {
        match decoded {
            Some(Ok(character)) => {
                let mut utf8 = [0; 4];
                let text = character.encode_utf8(&mut utf8);
                self.bytes.extend_from_slice(text.as_bytes());
            }
            Some(Err(_)) | None => self.bytes.push(NO_TEXT),
        }
    }

    /// Forgets what was read.
    pub(super) fn compact(&mut self) {
        self.bytes.drain(..self.at);
        self.at = 0;
    }

    /// How many bytes of the file the next `bytes` bytes of text are.
    fn stored(&self, bytes: usize) -> u64 {
        let stored = if self.is_wide {
            let text = &self.rest()[..bytes];
            text.iter().map(|&byte| wide_bytes(byte)).sum()
        } else {
            bytes
        };
        u64::try_from(stored).expect("fits in 64 bits")
    }
}

impl Frame {
    fn whole(length: usize, end: usize, lines: u64) -> Self {
        Self {
            length,
            end,
            lines,
            is_complete: true,
        }
    }
}

/// How many bytes the line end at `at` has; `None` where that is not known yet.
fn line_end(rest: &[u8], at: usize, is_end: bool) -> Option<usize> {
    match (rest[at], rest.get(at + 1)) {
        (b'\r', Some(b'\n')) => Some(2),
        (b'\r', None) if !is_end => None,
        _ => Some(1),
    }
}

/// What follows the last line end: a line at the end of the file, a part of one where it is too
/// long, and otherwise nothing yet.
fn unended(rest: &[u8], is_end: bool) -> Option<Frame> {
    let is_too_long = rest.len() > ROW_BYTES_MAX;
    if rest.is_empty() || (!is_end && !is_too_long) {
        return None;
    }
    Some(Frame {
        length: rest.len(),
        end: 0,
        lines: 0,
        is_complete: is_end,
    })
}

/// How many bytes of UTF-16 a character has that starts with this byte in UTF-8; 0 for the
/// bytes after the first.
fn wide_bytes(byte: u8) -> usize {
    match byte {
        0x80..0xC0 => 0,
        NO_TEXT => 2,
        0xF0.. => 4,
        _ => 2,
    }
}

fn is_high(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}

fn is_low(unit: u16) -> bool {
    (0xDC00..0xE000).contains(&unit)
}

/// Stands for what is no text. No UTF-8 holds it.
const NO_TEXT: u8 = 0xFF;

const MARK_BYTES_MAX: usize = 3;
