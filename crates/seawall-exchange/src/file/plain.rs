//! Plain lists, a line at a time.

use seawall_core::Algorithm;

use super::record::{Read, hash_text, key_of};
use super::value::{self, Kind, Writing};
use super::{FileError, LineReader, Place, RowError, Rows, Settled};
use crate::feed::{Entry, EntryState, Fingerprint, Media};
use crate::list::RejectReason;
use crate::list::csv::{Header, Row as TableRow};
use crate::list::plain::{Row, usual_algorithm};

/// Reads what [`list::parse`](crate::list::parse) reads.
pub(super) struct ListBody {
    state: ListState,
}

enum ListState {
    /// No line with text was met.
    Start {
        kind: Option<Algorithm>,
    },
    /// Rows that wait until it is known which kind those that name none are.
    /// With them wait those that cannot be read, so that rows come in their order.
    Undecided {
        held: Vec<(Place, Result<String, RowError>)>,
        held_bytes: usize,
    },
    Rows {
        kind: Algorithm,
    },
    /// Rows below a header.
    Table {
        header: Header,
        line: String,
    },
}

impl ListBody {
    pub(super) fn new(kind: Option<Algorithm>, settled: Option<Settled>) -> Self {
        let header = settled.as_ref().and_then(|settled| settled.header.clone());
        let known = settled.and_then(|settled| settled.kind);
        let state = match (header, known) {
            (Some(line), _) => match Header::read(&line) {
                Some(header) => ListState::Table { header, line },
                None => ListState::Start { kind },
            },
            (None, Some(kind)) => ListState::Rows { kind },
            (None, None) => ListState::Start { kind },
        };
        Self { state }
    }

    /// Settles the kind of the rows that were held, and gives them.
    fn decide(&mut self, out: &mut Rows<'_>) {
        let ListState::Undecided { held, .. } = &mut self.state else {
            return;
        };
        let held = std::mem::take(held);
        let rows: Vec<(Place, Result<Row<'_>, &RowError>)> = held
            .iter()
            .map(|(place, text)| (*place, text.as_deref().map(Row::split)))
            .collect();
        let usual = usual_algorithm(rows.iter().filter_map(|(_, row)| row.as_ref().ok()));
        // With no readable row at all, what is wrong with each is best told as a PDQ.
        let kind = usual.unwrap_or(Algorithm::Pdq);
        for (place, row) in rows {
            match row {
                Ok(row) => give_row(place, &row, kind, out),
                Err(reason) => out.reject(place, None, reason.clone()),
            }
        }
        self.state = ListState::Rows { kind };
    }
}

impl LineReader for ListBody {
    fn line(&mut self, place: Place, line: &[u8], out: &mut Rows<'_>) -> Result<(), FileError> {
        let text = match std::str::from_utf8(line).map(str::trim) {
            Ok(text) if text.is_empty() || text.starts_with('#') => return Ok(()),
            Ok(text) => text,
            Err(_) => {
                self.reject(place, RejectReason::NotText.into(), out);
                return Ok(());
            }
        };
        if let ListState::Start { kind } = self.state {
            let header = Header::read(text);
            self.state = match (header, kind) {
                (Some(header), _) => {
                    let line = text.to_owned();
                    self.state = ListState::Table { header, line };
                    return Ok(());
                }
                (None, Some(kind)) => ListState::Rows { kind },
                (None, None) => ListState::Undecided {
                    held: Vec::new(),
                    held_bytes: 0,
                },
            };
        }
        match &mut self.state {
            ListState::Start { .. } => {}
            ListState::Undecided { held, held_bytes } => {
                held.push((place, Ok(text.to_owned())));
                *held_bytes += text.len();
                if held.len() >= ROWS_HELD || *held_bytes >= BYTES_HELD {
                    self.decide(out);
                }
            }
            ListState::Rows { kind } => give_row(place, &Row::split(text), *kind, out),
            ListState::Table { header, .. } => out.give(place, read_table_row(header, text)),
        }
        Ok(())
    }

    fn reject(&mut self, place: Place, reason: RowError, out: &mut Rows<'_>) {
        match &mut self.state {
            ListState::Undecided { held, .. } => held.push((place, Err(reason))),
            ListState::Start { .. } | ListState::Rows { .. } | ListState::Table { .. } => {
                out.reject(place, None, reason);
            }
        }
    }

    fn end(&mut self, out: &mut Rows<'_>) -> Result<(), FileError> {
        self.decide(out);
        Ok(())
    }

    fn settled(&self) -> Option<Settled> {
        match &self.state {
            ListState::Undecided { .. } => None,
            ListState::Start { .. } => Some(Settled::default()),
            ListState::Rows { kind } => Some(Settled {
                header: None,
                kind: Some(*kind),
            }),
            ListState::Table { line, .. } => Some(Settled {
                header: Some(line.clone()),
                kind: None,
            }),
        }
    }
}

fn give_row(place: Place, row: &Row<'_>, kind: Algorithm, out: &mut Rows<'_>) {
    let read = match row.hash(Some(kind)) {
        Ok(hash) => {
            let media = match hash.algorithm() {
                Algorithm::Pdq => Media::Image,
                Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 => Media::Unknown,
            };
            let quality = None;
            entry(
                vec![Fingerprint::Hash {
                    hash,
                    media,
                    quality,
                }],
                Vec::new(),
            )
        }
        Err(reason) => rejected(reason.into()),
    };
    out.give(place, read);
}

fn read_table_row(header: &Header, text: &str) -> Read {
    let row = match TableRow::read(header, text) {
        Ok(row) => row,
        Err(reason) => return rejected(reason.into()),
    };
    let (mut fingerprints, mut aside) = (Vec::new(), Vec::new());
    for hash in row.hashes {
        match hash {
            Ok(hash) => {
                let is_pdq = hash.algorithm() == Algorithm::Pdq;
                fingerprints.push(Fingerprint::Hash {
                    hash,
                    media: if is_pdq { Media::Image } else { Media::Unknown },
                    quality: row.quality.filter(|_| is_pdq),
                });
            }
            Err(reason) => aside.push(RowError::Row(reason)),
        }
    }
    entry(fingerprints, aside)
}

/// Reads a kind and a value a line, or a value of one kind.
pub(super) struct TypedBody {
    kind: Option<Kind>,
}

impl TypedBody {
    pub(super) fn new(kind: Option<Kind>) -> Self {
        Self { kind }
    }

    fn read(&self, text: &str) -> Read {
        let named = match &self.kind {
            Some(kind) => Some((kind.clone(), text)),
            None => text
                .split_once(' ')
                .map(|(kind, value)| (Kind::named(kind), value.trim())),
        };
        let Some((kind, value)) = named else {
            return rejected(RejectReason::Missing.into());
        };
        match value::fingerprint(&kind, Writing::Hex, value, None, "signal") {
            Ok(fingerprint) => entry(vec![fingerprint], Vec::new()),
            Err(reason) => rejected(reason),
        }
    }
}

impl LineReader for TypedBody {
    fn line(&mut self, place: Place, line: &[u8], out: &mut Rows<'_>) -> Result<(), FileError> {
        match std::str::from_utf8(line).map(str::trim) {
            Ok("") => {}
            Ok(text) => out.give(place, self.read(text)),
            Err(_) => out.reject(place, None, RejectReason::NotText.into()),
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Rows<'_>) -> Result<(), FileError> {
        Ok(())
    }

    fn settled(&self) -> Option<Settled> {
        Some(Settled::default())
    }
}

/// An entry that is known by its first hash.
fn entry(fingerprints: Vec<Fingerprint>, aside: Vec<RowError>) -> Read {
    let Some(first) = fingerprints.first() else {
        let reason = aside.into_iter().next();
        return rejected(reason.unwrap_or(RejectReason::Missing.into()));
    };
    let entry = Entry {
        key: key_of(hash_text(first)),
        state: EntryState::Active,
        owner: None,
        class: None,
        tags: Vec::new(),
        changed_at: None,
        fingerprints,
        opinions: Vec::new(),
    };
    Read::Entry { entry, aside }
}

fn rejected(reason: RowError) -> Read {
    Read::Rejected { key: None, reason }
}

/// How many rows are held until it is settled which kind those that name none are.
const ROWS_HELD: usize = 1000;

/// How many bytes they take at most.
const BYTES_HELD: usize = 1 << 22;
