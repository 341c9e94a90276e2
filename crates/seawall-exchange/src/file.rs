//! Files of partners: bytes in, [entries](Entry) out.
//!
//! A [`Layout`] says how a file is written: one of the [presets](Preset), or a mapping in TOML
//! that names the columns of a table (CSV, TSV) or the fields of JSON records. A [`FileReader`]
//! takes the bytes in pieces of any size and gives rows with their line and their place, so that
//! a list of any length takes constant memory and an interrupted import goes on from a
//! [`FileCheckpoint`].
//!
//! One bad row never stops a file: it is named by its line and the rest is read. What makes the
//! file as a whole another than its layout says (a missing column, a document that ends early)
//! is a [`FileError`]: a list read so far is then not the whole list.
//!
//! The reader judges no value: what has to wait for a person is for
//! [`intake::check`](crate::intake::check).
//!
//! ```
//! use seawall_exchange::file::{FileReader, Layout, RowRead};
//!
//! let layout = Layout::from_toml(r#"
//!     format = "csv"
//!     id = "Ref"
//!     removed = "Removed"
//!     [[hash]]
//!     kind = "md5"
//!     value = "MD5"
//! "#)?;
//! let mut reader = FileReader::new(layout);
//! let mut rows = Vec::new();
//! reader.push(b"Ref,MD5,Removed\r\n17,5D41402ABC4B2A76B971", &mut rows)?;
//! reader.push(b"9D911017C592,\r\n", &mut rows)?;
//! reader.finish(&mut rows)?;
//! let RowRead::Entry(entry) = &rows[0].read else { panic!() };
//! assert_eq!((rows[0].start.line, entry.key.as_str()), (2, "17"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod json;
mod layout;
mod mapping;
mod plain;
mod record;
mod table;
mod text;
mod value;

use serde::{Deserialize, Serialize};

use crate::feed::{Entry, EntryKey};
use crate::list::RejectReason;

pub use layout::{Layout, LayoutError, Preset, PresetError};
pub use text::Encoding;

use json::Scanner;
use layout::Form;
use plain::{ListBody, TypedBody};
use record::Read;
use table::{LinesBody, TableBody};
use text::{Decoder, Framing, Window};

/// What a place in the file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Where it starts.
    pub start: FilePosition,
    /// Where the next one starts. Rows that come from one record have this in common.
    pub next: FilePosition,
    /// What it is.
    pub read: RowRead,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FilePosition {
    /// The line, counted from 1.
    pub line: u64,
    /// Bytes from the beginning of the file as it is stored.
    pub offset: u64,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowRead {
    /// An entry.
    Entry(Entry),
    /// A part of a record that could not be read, while the rest of it is an entry before this.
    SetAside {
        /// The key of the entry.
        key: EntryKey,
        /// What could not be read.
        reason: RowError,
    },
    /// A record that could not be read. Its entry, if there was one before, stands as it stood:
    /// a rejected row takes nothing off a list.
    Rejected {
        /// Its key, where that could be read.
        key: Option<EntryKey>,
        /// Why.
        reason: RowError,
    },
}

/// Why a record, or a part of one, could not be read. It names columns, and quotes no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// A hash of a plain list.
    #[error(transparent)]
    Row(#[from] RejectReason),
    /// A hash of a record.
    #[error("{column}: {reason}")]
    Hash {
        /// The column or field it stands in.
        column: String,
        /// Why it is none.
        reason: RejectReason,
    },
    /// A hash that was to be base64.
    #[error("{column}: it is not base64 of {bytes} bytes")]
    Base64 {
        /// The column or field it stands in.
        column: String,
        /// How many bytes such a hash has.
        bytes: usize,
    },
    /// A time.
    #[error("{column}: the time cannot be read")]
    Time {
        /// The column or field it stands in.
        column: String,
    },
    /// A quality.
    #[error("{column}: the quality is no number from 0 to 100")]
    Quality {
        /// The column or field it stands in.
        column: String,
    },
    /// A state that the layout knows neither as active nor as withdrawn.
    #[error("{column}: the layout knows this state neither as active nor as withdrawn")]
    State {
        /// The column or field it stands in.
        column: String,
    },
    /// A row that has more cells than its header, and not only empty ones.
    #[error("the row has more cells than the header")]
    Cells,
    /// A record of StopNCII.
    #[error("{what}")]
    StopNcii {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A record that is no JSON.
    #[error("the record is no JSON (column {column})")]
    Json {
        /// Where in the record it stops being JSON.
        column: usize,
    },
    /// A record that is longer than any record is.
    #[error("the record is longer than {bytes_max} bytes")]
    Length {
        /// The longest.
        bytes_max: usize,
    },
}

/// Why the file as a whole is not what its layout says. It quotes nothing of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The header has no such column.
    #[error("the header has no column \"{name}\", which the layout names")]
    NoColumn {
        /// As the layout names it.
        name: String,
    },
    /// The header has the column twice.
    #[error("the header has the column \"{name}\" twice")]
    ColumnTwice {
        /// As the layout names it.
        name: String,
    },
    /// There is no header: the file is empty, or its first line is no row of a table.
    #[error("the file has no header")]
    NoHeader,
    /// The file is no JSON document.
    #[error("line {line}: this is no JSON")]
    NoJson {
        /// Where it stops being one.
        line: u64,
    },
    /// What `records` names is no array.
    #[error("line {line}: what `records` of the layout names is no array")]
    NoArray {
        /// Where it is.
        line: u64,
    },
    /// The document has nothing where `records` points.
    #[error("the document has no array where `records` of the layout points")]
    NoRecords,
    /// The document ends before its end.
    #[error("the document ends before its end, at line {line}")]
    CutShort {
        /// The last line.
        line: u64,
    },
    /// A checkpoint of a file with another layout.
    #[error("the checkpoint is of another layout")]
    Checkpoint,
}

/// Where to go on in a file. It holds no value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCheckpoint {
    /// From where to give the reader bytes.
    pub position: FilePosition,
    encoding: Option<Encoding>,
    header: Option<String>,
    kind: Option<seawall_core::Algorithm>,
}

/// Reads a file from its beginning or from a checkpoint.
pub struct FileReader {
    decoder: Decoder,
    window: Window,
    body: Body,
    /// Where the last complete record ended.
    mark: FilePosition,
    /// Whether a record that is too long is being passed over.
    skipping: Option<FilePosition>,
}

enum Body {
    Lines(Box<dyn LineReader + Send>, Framing),
    Json(Box<Scanner>),
}

/// Makes rows of the lines of a file.
trait LineReader {
    /// Takes a line without its end.
    fn line(&mut self, place: Place, line: &[u8], out: &mut Rows<'_>) -> Result<(), FileError>;

    /// Takes note of a line that cannot be read.
    fn reject(&mut self, place: Place, reason: RowError, out: &mut Rows<'_>) {
        out.reject(place, None, reason);
    }

    /// Takes note that there are no more lines.
    fn end(&mut self, out: &mut Rows<'_>) -> Result<(), FileError>;

    /// What has to be known to go on after any line; `None` while that is not settled.
    fn settled(&self) -> Option<Settled>;
}

/// What the beginning of a file says about the rest.
#[derive(Clone, Default)]
struct Settled {
    header: Option<String>,
    kind: Option<seawall_core::Algorithm>,
}

#[derive(Clone, Copy)]
struct Place {
    start: FilePosition,
    next: FilePosition,
}

/// Where rows go.
struct Rows<'a>(&'a mut Vec<FileRow>);

impl FileReader {
    /// A reader at the beginning of a file.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        let body = Body::new(layout.into_form());
        Self::at(body, None, FilePosition { line: 1, offset: 0 })
    }

    /// A reader at a checkpoint: give it the bytes from [`FileCheckpoint::position`] on. Whether
    /// the file is still the same one is for the caller to know.
    ///
    /// # Errors
    /// [`FileError::Checkpoint`] where it was made with another layout.
    pub fn resume(layout: Layout, checkpoint: &FileCheckpoint) -> Result<Self, FileError> {
        let settled = Settled {
            header: checkpoint.header.clone(),
            kind: checkpoint.kind,
        };
        let Some(encoding) = checkpoint.encoding else {
            return Ok(Self::new(layout));
        };
        let body = Body::resume(layout.into_form(), settled)?;
        Ok(Self::at(body, Some(encoding), checkpoint.position))
    }

    fn at(body: Body, encoding: Option<Encoding>, position: FilePosition) -> Self {
        Self {
            decoder: Decoder::new(encoding),
            window: Window::new(position),
            body,
            mark: position,
            skipping: None,
        }
    }

    /// Takes the next bytes, and adds the rows that are complete to `out`.
    ///
    /// # Errors
    /// [`FileError`] where the file is not what its layout says. The rows before that are given;
    /// the reader is then of no further use.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<FileRow>) -> Result<(), FileError> {
        let head_bytes = self.decoder.push(bytes, &mut self.window);
        self.mark.offset += head_bytes;
        let done = self.read(out, false);
        self.window.compact();
        done
    }

    /// Takes note that the file is at its end, and adds the last rows to `out`.
    ///
    /// # Errors
    /// [`FileError`], as for [`Self::push`], and where the file ends too early.
    pub fn finish(&mut self, out: &mut Vec<FileRow>) -> Result<(), FileError> {
        let head_bytes = self.decoder.finish(&mut self.window);
        self.mark.offset += head_bytes;
        self.read(out, true)?;
        match &mut self.body {
            Body::Lines(lines, _) => lines.end(&mut Rows(out)),
            Body::Json(scanner) => scanner.end(self.window.position().line),
        }
    }

    /// Where to go on after every row that was given.
    #[must_use]
    pub fn checkpoint(&self) -> FileCheckpoint {
        self.checkpoint_at(self.mark)
    }

    /// Where to go on after this row, once it and all before it were given, and the others of
    /// its record.
    #[must_use]
    pub fn checkpoint_after(&self, row: &FileRow) -> FileCheckpoint {
        self.checkpoint_at(row.next)
    }

    fn checkpoint_at(&self, position: FilePosition) -> FileCheckpoint {
        let settled = match &self.body {
            Body::Lines(lines, _) => lines.settled(),
            Body::Json(scanner) => scanner.is_inside().then(Settled::default),
        };
        match (settled, self.decoder.encoding()) {
            (Some(settled), Some(encoding)) => FileCheckpoint {
                position,
                encoding: Some(encoding),
                header: settled.header,
                kind: settled.kind,
            },
            _ => FileCheckpoint {
                position: FilePosition { line: 1, offset: 0 },
                encoding: None,
                header: None,
                kind: None,
            },
        }
    }

    fn read(&mut self, out: &mut Vec<FileRow>, is_end: bool) -> Result<(), FileError> {
        match &mut self.body {
            Body::Json(scanner) => {
                let read = scanner.scan(&mut self.window, &mut Rows(out));
                if let Some(end) = scanner.last_end() {
                    self.mark = end;
                }
                read
            }
            Body::Lines(..) => self.read_lines(out, is_end),
        }
    }

    fn read_lines(&mut self, out: &mut Vec<FileRow>, is_end: bool) -> Result<(), FileError> {
        let Body::Lines(lines, framing) = &mut self.body else {
            return Ok(());
        };
        while let Some(frame) = self.window.frame(framing, is_end) {
            let start = self.skipping.unwrap_or(self.window.position());
            let next = self.window.position_after(&frame);
            let place = Place { start, next };
            if !frame.is_complete {
                self.skipping = Some(start);
            } else if self.skipping.take().is_some() || frame.length > ROW_BYTES_MAX {
                lines.reject(place, too_long(), &mut Rows(out));
            } else {
                lines.line(place, self.window.line(&frame), &mut Rows(out))?;
            }
            self.window.advance(&frame, next);
            if frame.is_complete {
                self.mark = next;
            }
        }
        Ok(())
    }
}

impl Body {
    fn new(form: Form) -> Self {
        Self::make(form, None).unwrap_or_else(|_| unreachable!("only a checkpoint is refused"))
    }

    fn resume(form: Form, settled: Settled) -> Result<Self, FileError> {
        Self::make(form, Some(settled))
    }

    fn make(form: Form, settled: Option<Settled>) -> Result<Self, FileError> {
        let lines: Box<dyn LineReader + Send> = match form {
            Form::List { kind } => Box::new(ListBody::new(kind, settled)),
            Form::Typed { kind } => Box::new(TypedBody::new(kind)),
            Form::Lines(records) => Box::new(LinesBody::new(records)),
            Form::Table(table) => {
                let framing = Framing::new(table.multiline.then_some(table.separator));
                let body = TableBody::new(*table, settled)?;
                return Ok(Self::Lines(Box::new(body), framing));
            }
            Form::Json { records, path } => {
                let scanner = Scanner::new(records, path, settled.is_some());
                return Ok(Self::Json(Box::new(scanner)));
            }
        };
        Ok(Self::Lines(lines, Framing::new(None)))
    }
}

impl Rows<'_> {
    /// Gives what was read of one record: its entry, and what of it was set aside; or why there
    /// is none.
    fn give(&mut self, place: Place, read: Read) {
        match read {
            Read::Entry { entry, aside } => {
                let key = (!aside.is_empty()).then(|| entry.key.clone());
                self.add(place, RowRead::Entry(entry));
                for (reason, key) in aside.into_iter().zip(key.iter().cycle()) {
                    let key = key.clone();
                    self.add(place, RowRead::SetAside { key, reason });
                }
            }
            Read::Rejected { key, reason } => self.reject(place, key, reason),
        }
    }

    fn reject(&mut self, place: Place, key: Option<EntryKey>, reason: RowError) {
        self.add(place, RowRead::Rejected { key, reason });
    }

    fn add(&mut self, place: Place, read: RowRead) {
        self.0.push(FileRow {
            start: place.start,
            next: place.next,
            read,
        });
    }
}

fn too_long() -> RowError {
    RowError::Length {
        bytes_max: ROW_BYTES_MAX,
    }
}

/// The longest record that is read. Records of known lists take some hundred bytes, those of
/// forensic exports some thousand.
const ROW_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests;
