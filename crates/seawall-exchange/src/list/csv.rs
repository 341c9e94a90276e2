//! Lists with a header that names their columns.

use seawall_core::{Algorithm, Hash, Quality};

use super::{HashList, ListRow, RejectReason, algorithm, by_length, plain_name};

/// What each column holds.
pub(crate) struct Header {
    separator: char,
    columns: Vec<Column>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    /// Hashes of any kind.
    Value,
    /// Hashes of one kind.
    Of(Algorithm),
    /// The kind of the row's hash.
    Algorithm,
    Quality,
    Note,
    Other,
}

impl Header {
    /// A header, where this line is one: it names a column of hashes and holds none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let separator = [',', ';', '\t']
            .into_iter()
            .max_by_key(|&separator| text.matches(separator).count())?;
        let cells = cells(text, separator).ok()?;
        let columns: Vec<Column> = cells.iter().map(|cell| Column::named(cell)).collect();
        let has_hashes = columns
            .iter()
            .any(|column| matches!(column, Column::Value | Column::Of(_)));
        let holds_one = cells
            .iter()
            .any(|cell| cell.len() >= 32 && cell.bytes().all(|byte| byte.is_ascii_hexdigit()));
        (has_hashes && !holds_one).then_some(Self { separator, columns })
    }
}

impl Column {
    fn named(name: &str) -> Self {
        if let Some(algorithm) = algorithm(name) {
            return Self::Of(algorithm);
        }
        match plain_name(name).as_str() {
            "hash" | "hashvalue" | "value" | "signal" | "signalvalue" | "digest" => Self::Value,
            "algorithm" | "type" | "hashtype" | "signaltype" | "hashalgorithm" => Self::Algorithm,
            "quality" | "pdqquality" => Self::Quality,
            "note" | "notes" | "comment" | "name" | "file" | "filename" | "label" => Self::Note,
            _ => Self::Other,
        }
    }
}

/// Reads the lines below the header, each with its number.
pub(super) fn parse(list: &mut HashList, header: &Header, lines: &[(u64, &str)]) {
    for &(line, text) in lines {
        match Row::read(header, text) {
            Ok(row) => row.add_to(list, line),
            Err(reason) => list.reject(line, reason),
        }
    }
}

/// A line below the header.
pub(crate) struct Row {
    pub(crate) hashes: Vec<Result<Hash, RejectReason>>,
    pub(crate) quality: Option<Quality>,
    note: Option<String>,
}

impl Row {
    pub(crate) fn read(header: &Header, text: &str) -> Result<Self, RejectReason> {
        let cells = cells(text, header.separator)?;
        let filled = || {
            let pairs = header.columns.iter().copied().zip(&cells);
            pairs.filter(|(_, cell)| !cell.is_empty())
        };
        let first = |wanted: Column| filled().find(|&(column, _)| column == wanted);
        let named = first(Column::Algorithm)
            .map(|(_, name)| algorithm(name).ok_or(RejectReason::Algorithm))
            .transpose()?;
        let hashes: Vec<_> = filled()
            .filter_map(|(column, cell)| match column {
                Column::Of(algorithm) => {
                    Some(Ok(Hash::parse(algorithm, cell)).and_then(|hash| Ok(hash?)))
                }
                Column::Value => Some(value(cell, named)),
                Column::Algorithm | Column::Quality | Column::Note | Column::Other => None,
            })
            .collect();
        if hashes.is_empty() {
            return Err(RejectReason::Missing);
        }
        let quality = first(Column::Quality).and_then(|(_, cell)| cell.parse().ok());
        Ok(Self {
            hashes,
            quality: quality.map(Quality),
            note: first(Column::Note).map(|(_, cell)| cell.clone()),
        })
    }

    fn add_to(self, list: &mut HashList, line: u64) {
        for hash in self.hashes {
            match hash {
                Ok(hash) => {
                    let (quality, note) = (self.quality, self.note.clone());
                    list.add(ListRow {
                        line,
                        hash,
                        quality,
                        note,
                    });
                }
                Err(reason) => list.reject(line, reason),
            }
        }
    }
}

/// A hash of the kind that the row names, that the cell names, or that its length says.
fn value(cell: &str, named: Option<Algorithm>) -> Result<Hash, RejectReason> {
    let (label, digits) = match cell.split_once(':') {
        Some((label, digits)) => {
            let algorithm = algorithm(label).ok_or(RejectReason::Algorithm)?;
            (Some(algorithm), digits.trim())
        }
        None => (None, cell),
    };
    let digit_count = digits.chars().count();
    let algorithm = named
        .or(label)
        .or(by_length(digit_count))
        .ok_or(RejectReason::Length {
            digits: digit_count,
        })?;
    Ok(Hash::parse(algorithm, digits)?)
}

/// The cells of one line, quotation marks taken off (RFC 4180).
///
/// A quoted cell ends on its line. The format would let it go on, but then one stray
/// quotation mark would swallow the rest of the list without a word.
fn cells(text: &str, separator: char) -> Result<Vec<String>, RejectReason> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let cell = cells.last_mut().expect("there is one from the start");
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => quoted = true,
            _ if character == separator && !quoted => cells.push(String::new()),
            _ => cell.push(character),
        }
    }
    if quoted {
        return Err(RejectReason::Quote);
    }
    Ok(cells.iter().map(|cell| cell.trim().to_owned()).collect())
}
