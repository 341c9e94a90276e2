//! The reports that a stand-in holds, and what each call does to them.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use seawall_core::Timestamp;

use super::journal::{Change, Entry, Journal};
use super::reply::{Answer, Refusal, code};
use super::schema;
use super::{FileRecord, ReportRecord, ReportState};
use crate::xml;

/// Every report, and the journal that remembers them.
pub(super) struct Book {
    reports: BTreeMap<u64, Report>,
    journal: Option<Journal>,
}

struct Report {
    state: State,
    payload: String,
    opened_at: Timestamp,
    changed_at: Timestamp,
    files: Vec<FileRecord>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unfinished,
    Finished,
    Retracted,
}

/// What was uploaded: never the bytes themselves.
pub(super) struct Uploaded {
    pub(super) md5: String,
    pub(super) bytes: u64,
}

type Outcome = Result<Answer, Refusal>;

impl Book {
    /// The book after these changes.
    pub(super) fn replay(entries: Vec<Entry>, journal: Option<Journal>) -> Self {
        let mut book = Self {
            reports: BTreeMap::new(),
            journal,
        };
        for entry in entries {
            book.apply(entry);
        }
        book
    }

    pub(super) fn records(&self, now: Timestamp) -> Vec<ReportRecord> {
        let record = |(id, report): (&u64, &Report)| ReportRecord {
            report_id: *id,
            state: report.state_at(now),
            payload: report.payload.clone(),
            opened_at: report.opened_at,
            changed_at: report.changed_at,
            files: report.files.clone(),
        };
        self.reports.iter().map(record).collect()
    }

    /// Opens a report. The same text twice is two reports.
    pub(super) fn submit(&mut self, body: &[u8], now: Timestamp) -> Outcome {
        let root = xml::read(body).map_err(broken)?;
        schema::check_report(&root, now).map_err(invalid)?;
        if self.reports.len() >= REPORTS_MAX {
            return Err(Refusal::new(code::SAVE_FAILED, "Too many reports"));
        }
        let last = self
            .reports
            .last_key_value()
            .map_or(REPORT_ID_BASE, |(id, _)| *id);
        let report_id = last + 1;
        let payload = String::from_utf8_lossy(body).into_owned();
        self.change(now, report_id, Change::Opened { payload })?;
        Ok(Answer::about(report_id))
    }

    /// Takes note of a file.
    pub(super) fn upload(&mut self, report_id: u64, file: Uploaded, now: Timestamp) -> Outcome {
        let report = self.open_report(report_id, now)?;
        let file_id = file_id(report_id, report.files.len());
        let md5 = file.md5;
        let change = Change::Uploaded {
            file_id: file_id.clone(),
            md5: md5.clone(),
            bytes: file.bytes,
        };
        self.change(now, report_id, change)?;
        Ok(Answer {
            file_id: Some(file_id),
            md5: Some(md5),
            ..Answer::about(report_id)
        })
    }

    /// Takes a description of a file; a later one replaces it.
    pub(super) fn file_info(&mut self, body: &[u8], now: Timestamp) -> Outcome {
        let root = xml::read(body).map_err(broken)?;
        schema::check_file_details(&root, now).map_err(invalid)?;
        let report_id = root.text_of("reportId").and_then(|text| text.parse().ok());
        let report_id = report_id.ok_or_else(no_such_report)?;
        let file_id = root.text_of("fileId").unwrap_or_default().to_owned();
        let report = self.open_report(report_id, now)?;
        if !report.files.iter().any(|file| file.file_id == file_id) {
            return Err(Refusal::new(code::NO_SUCH_FILE, "File does not exist"));
        }
        let details = String::from_utf8_lossy(body).into_owned();
        self.change(now, report_id, Change::Described { file_id, details })?;
        Ok(Answer::about(report_id))
    }

    /// Files a report. It cannot be taken back.
    pub(super) fn finish(&mut self, report_id: u64, now: Timestamp) -> Outcome {
        let report = self.open_report(report_id, now)?;
        if report.files.iter().any(blocks_finish) {
            let words = "A supplemental file carries a classification or potentialMeme";
            return Err(Refusal::new(code::VALIDATION_FAILED, words));
        }
        let files = report
            .files
            .iter()
            .map(|file| file.file_id.clone())
            .collect();
        self.change(now, report_id, Change::Finished)?;
        Ok(Answer {
            finished: Some(files),
            ..Answer::about(report_id)
        })
    }

    /// Withdraws a report that was not finished.
    pub(super) fn retract(&mut self, report_id: u64, now: Timestamp) -> Outcome {
        self.open_report(report_id, now)?;
        self.change(now, report_id, Change::Retracted)?;
        Ok(Answer::about(report_id))
    }

    fn open_report(&self, report_id: u64, now: Timestamp) -> Result<&Report, Refusal> {
        let report = self.reports.get(&report_id).ok_or_else(no_such_report)?;
        match report.state_at(now) {
            ReportState::Open => Ok(report),
            ReportState::Expired => Err(no_such_report()),
            ReportState::Retracted => Err(Refusal::new(
                code::ALREADY_RETRACTED,
                "Report has already been retracted",
            )),
            ReportState::Finished => Err(Refusal::new(
                code::ALREADY_FINISHED,
                "Report has already been finished",
            )),
        }
    }

    /// Remembers a change, then makes it.
    fn change(&mut self, at: Timestamp, report_id: u64, change: Change) -> Result<(), Refusal> {
        let entry = Entry {
            at,
            report_id,
            change,
        };
        if let Some(journal) = &mut self.journal
            && journal.append(&entry).is_err()
        {
            return Err(Refusal::new(code::SAVE_FAILED, "Save failed"));
        }
        self.apply(entry);
        Ok(())
    }

    fn apply(&mut self, entry: Entry) {
        let Entry {
            at,
            report_id,
            change,
        } = entry;
        if let Change::Opened { payload } = change {
            self.reports.insert(report_id, Report::new(payload, at));
        } else if let Some(report) = self.reports.get_mut(&report_id) {
            report.changed_at = at;
            report.apply(change);
        }
    }
}

impl Report {
    fn new(payload: String, at: Timestamp) -> Self {
        Self {
            state: State::Unfinished,
            payload,
            opened_at: at,
            changed_at: at,
            files: Vec::new(),
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Opened { payload } => self.payload = payload,
            Change::Uploaded {
                file_id,
                md5,
                bytes,
            } => self.files.push(FileRecord {
                file_id,
                md5,
                bytes,
                details: None,
            }),
            Change::Described { file_id, details } => {
                for file in self.files.iter_mut().filter(|file| file.file_id == file_id) {
                    file.details = Some(details.clone());
                }
            }
            Change::Finished => self.state = State::Finished,
            Change::Retracted => self.state = State::Retracted,
        }
    }

    fn state_at(&self, now: Timestamp) -> ReportState {
        let after_opening = self.opened_at.plus_millis(OPEN_MS_MAX);
        let after_change = self.changed_at.plus_millis(UNCHANGED_MS_MAX);
        match self.state {
            State::Finished => ReportState::Finished,
            State::Retracted => ReportState::Retracted,
            State::Unfinished if now >= after_opening.max(after_change) => ReportState::Expired,
            State::Unfinished => ReportState::Open,
        }
    }
}

fn blocks_finish(file: &FileRecord) -> bool {
    let details = file.details.as_deref().map(str::as_bytes);
    let read = details.and_then(|details| xml::read(details).ok());
    read.is_some_and(|details| schema::blocks_finish(&details))
}

/// An opaque id of 32 digits, the same for the same place, so that a drill can be replayed.
fn file_id(report_id: u64, place: usize) -> String {
    let seed = format!("seawall stand-in file {report_id} {place}");
    hex(&Md5::digest(seed.as_bytes()))
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn no_such_report() -> Refusal {
    Refusal::new(code::NO_SUCH_REPORT, "Report does not exist")
}

fn broken(xml::Broken(why): xml::Broken) -> Refusal {
    Refusal::new(code::MALFORMED_XML, format!("Malformed XML: {why}"))
}

fn invalid(invalid: schema::Invalid) -> Refusal {
    let words = format!("Validation failed at {}: {}", invalid.path, invalid.why);
    Refusal::new(code::VALIDATION_FAILED, words)
}

/// Report numbers do not fit into 32 bits.
const REPORT_ID_BASE: u64 = 5_000_000_000;
const REPORTS_MAX: usize = 100_000;
const OPEN_MS_MAX: i64 = 24 * 60 * 60 * 1000;
const UNCHANGED_MS_MAX: i64 = 60 * 60 * 1000;

const _: () = assert!(REPORT_ID_BASE > u32::MAX as u64);
