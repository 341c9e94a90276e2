//! What callers are told about matches: of a hash, of a file, of an upload alike.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use seawall::index::{Hit, Suppressor};
use seawall::scan::Match;
use seawall_core::{Algorithm, Distance, HashReport, Outcome, Quality, Reason, Threshold, View};
use seawall_store::{ExceptionRow, MatchRow, StoreError};
use serde::Serialize;

use crate::Workflow;
use crate::live::Snapshot;

/// What became of one kind of hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalOutcome {
    /// It matches at least one listed hash.
    Matched,
    /// It was looked up and matches none.
    NoMatch,
    /// It could not be looked up: there is none of usable quality.
    Unmatchable,
}

/// One kind of hash and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Signal {
    /// Which kind.
    pub algorithm: Algorithm,
    /// What became of it.
    pub outcome: SignalOutcome,
    /// The best quality among its views, for PDQ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// One listed hash that the upload matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatchAnswer {
    /// The bank's name.
    pub bank: String,
    /// The content within it.
    pub content_id: i64,
    /// Which kind of hash.
    pub algorithm: Algorithm,
    /// The list of the bank that it came with, if with any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// In how many bits they differ; 0 for digests.
    pub distance: Distance,
    /// The threshold that admitted it, in bits: the list's or the bank's.
    pub threshold: Threshold,
    /// Which form of the picture matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// The quality of that form's hash, for PDQ of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Who vouches for it: whoever its list names, else the bank's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// What they call its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What else they say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What speaks against it, where it is suppressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<ExceptionAnswer>,
}

/// An exception that speaks against a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExceptionAnswer {
    /// The exception bank's name.
    pub bank: String,
    /// The content within it.
    pub content_id: i64,
    /// Who vouches for it.
    pub owner: String,
    /// Why it is an exception.
    pub reason: String,
}

/// What a file is and what it matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileLookup {
    /// Told from the content.
    pub media_type: String,
    /// What became of the file.
    pub outcome: Outcome,
    /// Why, where the outcome is not `hashed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What a careful reader should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What became of each kind of hash.
    pub signals: Vec<Signal>,
    /// Every listed hash that matches, nearest first.
    pub matches: Vec<MatchAnswer>,
    /// Those that exceptions speak against.
    pub suppressed: Vec<MatchAnswer>,
}

impl FileLookup {
    /// What is told of a file with these matches.
    pub(crate) fn new(report: &HashReport, rows: &[MatchRow]) -> Self {
        let (suppressed, matches): (Vec<_>, Vec<_>) = rows
            .iter()
            .map(MatchAnswer::from)
            .partition(|answer| answer.exception.is_some());
        Self {
            media_type: report.media_type.to_string(),
            outcome: report.outcome,
            reason: report.reason,
            notes: report.notes.clone(),
            signals: Algorithm::ALL
                .map(|algorithm| signal(algorithm, report, &matches))
                .to_vec(),
            matches,
            suppressed,
        }
    }
}

impl Workflow {
    /// Reads what is said of the contents of these rows, and why exceptions are exceptions.
    pub(crate) fn with_words(
        &self,
        banks: &Snapshot,
        mut rows: Vec<MatchRow>,
    ) -> Result<Vec<MatchRow>, StoreError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        // Mostly one exception speaks against all of them.
        let mut reasons = BTreeMap::new();
        self.store.read(|reader| {
            for row in &mut rows {
                let bank = banks.banks.get(&row.bank);
                if bank.is_some_and(|bank| bank.sealed) {
                    if let Some((_, stored)) = reader.entry_of(&self.list_key, row.content)? {
                        let entry = stored.entry;
                        row.note = (!entry.tags.is_empty()).then(|| entry.tags.join(", "));
                        (row.origin, row.class) = (entry.owner, entry.class);
                    }
                } else {
                    (row.note, row.class) = reader.content_words(row.content)?;
                }
                let owner = || bank.and_then(|bank| bank.owner.clone());
                row.origin = row.origin.take().or_else(owner);
                if let Some(exception) = &mut row.exception {
                    let reason = match reasons.entry(exception.content) {
                        Entry::Occupied(reason) => reason.into_mut(),
                        Entry::Vacant(place) => {
                            let (note, _) = reader.content_words(exception.content)?;
                            place.insert(note.unwrap_or_default())
                        }
                    };
                    exception.reason.clone_from(reason);
                }
            }
            Ok(rows)
        })
    }
}

impl Snapshot {
    /// A listed hash with what its bank is called and how it matches.
    pub(crate) fn row(&self, hit: &Hit, view: Option<View>, quality: Option<Quality>) -> MatchRow {
        let bank = self.banks.get(&hit.bank);
        MatchRow {
            bank: hit.bank,
            bank_name: bank.map(|bank| bank.name.to_string()).unwrap_or_default(),
            content: hit.content,
            algorithm: hit.hash.algorithm(),
            list: hit.list.and_then(|list| self.lists.get(&list)).cloned(),
            distance: hit.distance,
            threshold: hit.threshold,
            view,
            quality,
            origin: None,
            class: None,
            note: None,
            exception: hit.suppressed_by.map(|by| self.exception(by)),
        }
    }

    /// What speaks against a hit, its reason still to be read.
    fn exception(&self, by: Suppressor) -> ExceptionRow {
        let bank = self.banks.get(&by.bank);
        ExceptionRow {
            bank: by.bank,
            bank_name: bank.map(|bank| bank.name.to_string()).unwrap_or_default(),
            content: by.content,
            owner: bank.and_then(|bank| bank.owner.clone()).unwrap_or_default(),
            reason: String::new(),
        }
    }
}

/// What was found, with what its banks are called.
pub(crate) fn match_rows(found: &[Match], report: &HashReport, banks: &Snapshot) -> Vec<MatchRow> {
    let quality = |found: &Match| {
        let mut records = report.hashes.iter();
        let of_view = records.find(|record| record.view == found.view);
        of_view.and_then(|record| record.quality)
    };
    let row = |found: &Match| banks.row(&found.hit, found.view, quality(found));
    let mut rows: Vec<MatchRow> = found.iter().map(row).collect();
    rows.sort_by_key(MatchRow::rank);
    rows
}

impl From<&MatchRow> for MatchAnswer {
    fn from(row: &MatchRow) -> Self {
        Self {
            bank: row.bank_name.clone(),
            content_id: row.content.0,
            algorithm: row.algorithm,
            list: row.list.clone(),
            distance: row.distance,
            threshold: row.threshold,
            view: row.view,
            quality: row.quality,
            origin: row.origin.clone(),
            class: row.class.clone(),
            note: row.note.clone(),
            exception: row.exception.as_ref().map(|exception| ExceptionAnswer {
                bank: exception.bank_name.clone(),
                content_id: exception.content.0,
                owner: exception.owner.clone(),
                reason: exception.reason.clone(),
            }),
        }
    }
}

fn signal(algorithm: Algorithm, report: &HashReport, matches: &[MatchAnswer]) -> Signal {
    let of_kind = || {
        report
            .hashes
            .iter()
            .filter(|record| record.hash.algorithm() == algorithm)
    };
    let outcome = if matches.iter().any(|found| found.algorithm == algorithm) {
        SignalOutcome::Matched
    } else if of_kind().any(seawall_core::HashRecord::is_usable) {
        SignalOutcome::NoMatch
    } else {
        SignalOutcome::Unmatchable
    };
    Signal {
        algorithm,
        outcome,
        quality: of_kind().filter_map(|record| record.quality).max(),
    }
}
