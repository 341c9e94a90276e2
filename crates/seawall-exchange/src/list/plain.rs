//! Lists without a header.

use seawall_core::{Algorithm, Hash};

use super::{HashList, ListRow, RejectReason, algorithm, by_length};

/// What a row without a name is taken to be.
#[derive(Clone, Copy)]
pub(super) enum Unnamed {
    /// Of the kind that most such rows of the list are.
    AsMost,
    /// Of the kind that has so many digits.
    ByLength,
}

/// Reads the lines, each with its number.
pub(super) fn parse(list: &mut HashList, lines: &[(u64, &str)], unnamed: Unnamed) {
    let rows: Vec<(u64, Row<'_>)> = lines
        .iter()
        .map(|&(line, text)| (line, Row::split(text)))
        .collect();
    let usual = usual_algorithm(rows.iter().map(|(_, row)| row));
    for (line, row) in rows {
        let own = by_length(row.digits.len());
        let kind = match unnamed {
            Unnamed::AsMost => usual,
            Unnamed::ByLength => own.or(usual),
        };
        match row.hash(kind) {
            Ok(hash) => {
                let note = row.note.filter(|note| !note.is_empty()).map(str::to_owned);
                list.add(ListRow {
                    line,
                    hash,
                    quality: None,
                    note,
                });
            }
            Err(reason) => list.reject(line, reason),
        }
    }
}

/// A line taken apart.
pub(crate) struct Row<'a> {
    kind: Kind,
    digits: &'a str,
    note: Option<&'a str>,
}

/// What a row says about the kind of its hash.
enum Kind {
    Named(Algorithm),
    Unnamed,
    Unknown,
}

impl<'a> Row<'a> {
    pub(crate) fn split(text: &'a str) -> Self {
        Self::tagged(text)
            .or_else(|| Self::sum_line(text))
            .or_else(|| Self::labelled(text))
            .or_else(|| Self::with_note(text))
            .unwrap_or(Self {
                kind: Kind::Unnamed,
                digits: text,
                note: None,
            })
    }

    /// `SHA256 (name) = HEX`
    fn tagged(text: &'a str) -> Option<Self> {
        let (head, digits) = text.rsplit_once(") = ")?;
        let (name, note) = head.split_once(" (")?;
        Some(Self {
            kind: Kind::Named(algorithm(name)?),
            digits: digits.trim(),
            note: Some(note),
        })
    }

    /// `HEX  name` or `HEX *name`
    fn sum_line(text: &'a str) -> Option<Self> {
        let (digits, name) = text.split_once(' ')?;
        let name = name.strip_prefix([' ', '*'])?;
        let kind = match digits.len() {
            32 => Algorithm::Md5,
            40 => Algorithm::Sha1,
            64 => Algorithm::Sha256,
            _ => return None,
        };
        Some(Self {
            kind: Kind::Named(kind),
            digits,
            note: Some(name.trim()),
        })
    }

    /// `ALGORITHM:HEX`, `ALGORITHM,HEX` or `ALGORITHM HEX`, and a note
    fn labelled(text: &'a str) -> Option<Self> {
        let (label, rest) = text.split_once(SEPARATORS)?;
        let known = algorithm(label);
        if known.is_none() && (text.as_bytes()[label.len()] != b':' || is_digits(label)) {
            return None;
        }
        let rest = rest.trim_start_matches(SEPARATORS);
        let (digits, note) = match rest.split_once(SEPARATORS) {
            Some((digits, note)) => (digits, Some(note.trim())),
            None => (rest, None),
        };
        Some(Self {
            kind: known.map_or(Kind::Unknown, Kind::Named),
            digits,
            note,
        })
    }

    /// `HEX,note`, `HEX note` or `note,HEX`
    fn with_note(text: &'a str) -> Option<Self> {
        let (first, rest) = text.split_once(SEPARATORS)?;
        let unnamed = |digits, note| Self {
            kind: Kind::Unnamed,
            digits,
            note: Some(note),
        };
        match text.rsplit_once(',') {
            Some((note, last)) if is_hash(last.trim()) && !is_hash(first) => {
                Some(unnamed(last.trim(), note.trim()))
            }
            _ => Some(unnamed(first, rest.trim())),
        }
    }

    /// Its hash; `usual` is the kind of rows that name none.
    pub(crate) fn hash(&self, usual: Option<Algorithm>) -> Result<Hash, RejectReason> {
        let algorithm = match self.kind {
            Kind::Named(algorithm) => algorithm,
            Kind::Unknown => return Err(RejectReason::Algorithm),
            // With no readable row at all, what is wrong with this one is best told as a PDQ.
            Kind::Unnamed => usual.unwrap_or(Algorithm::Pdq),
        };
        Ok(Hash::parse(algorithm, self.digits)?)
    }
}

/// The kind that most rows without a name have; among equals the first.
pub(crate) fn usual_algorithm<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> Option<Algorithm> {
    let kinds: Vec<Algorithm> = rows
        .filter(|row| matches!(row.kind, Kind::Unnamed) && is_digits(row.digits))
        .filter_map(|row| by_length(row.digits.len()))
        .collect();
    let count = |kind: Algorithm| kinds.iter().filter(|&&other| other == kind).count();
    let most = Algorithm::ALL.into_iter().map(count).max()?;
    kinds.iter().copied().find(|&kind| count(kind) == most)
}

fn is_hash(text: &str) -> bool {
    is_digits(text) && by_length(text.len()).is_some()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const SEPARATORS: [char; 5] = [':', ',', ';', ' ', '\t'];
