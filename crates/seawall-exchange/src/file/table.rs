//! Records of a table, and of JSON lines.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::Value;

use super::layout::Table;
use super::mapping::column_number;
use super::record::{Plan, Record, Records};
use super::{FileError, LineReader, Place, RowError, Rows, Settled};
use crate::list::RejectReason;

/// Reads CSV and TSV.
pub(super) struct TableBody {
    table: Table,
    /// The plan by numbers, once the header was read.
    plan: Option<Plan<usize>>,
    header: Option<String>,
    columns: usize,
    cells: Cells,
}

impl TableBody {
    pub(super) fn new(table: Table, settled: Option<Settled>) -> Result<Self, FileError> {
        let mut body = Self {
            cells: Cells::new(table.separator),
            plan: None,
            header: None,
            columns: usize::MAX,
            table,
        };
        if !body.table.header {
            let plan = body.table.plan.map(column_number);
            body.plan = Some(plan.map_err(|_| FileError::Checkpoint)?);
        }
        let Some(settled) = settled else {
            return Ok(body);
        };
        body.table.skip_lines = 0;
        match (body.table.header, &settled.header) {
            (false, None) => {}
            (true, Some(header)) => body.read_header(header)?,
            (true, None) | (false, Some(_)) => return Err(FileError::Checkpoint),
        }
        Ok(body)
    }

    fn read_header(&mut self, line: &str) -> Result<(), FileError> {
        if !self.cells.read(line.as_bytes()) {
            return Err(FileError::NoHeader);
        }
        let names: Vec<&str> = (0..self.cells.len())
            .map(|index| self.cells.cell(index))
            .collect();
        let plan = self.table.plan.map(|named| column(&names, &named.field))?;
        self.plan = Some(plan);
        self.columns = self.cells.len();
        self.header = Some(line.to_owned());
        Ok(())
    }
}

impl LineReader for TableBody {
    fn line(&mut self, place: Place, line: &[u8], out: &mut Rows<'_>) -> Result<(), FileError> {
        if self.table.skip_lines > 0 {
            self.table.skip_lines -= 1;
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let text = std::str::from_utf8(line);
        let Some(plan) = &self.plan else {
            return self.read_header(text.map_err(|_| FileError::NoHeader)?);
        };
        let read = match text {
            Err(_) => Err(RejectReason::NotText.into()),
            Ok(_) if !self.cells.read(line) => Err(RejectReason::Quote.into()),
            Ok(_) if self.cells.has_more_than(self.columns) => Err(RowError::Cells),
            Ok(_) => Ok(plan.read(&self.cells)),
        };
        match read {
            Ok(read) => out.give(place, read),
            Err(reason) => out.reject(place, None, reason),
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Rows<'_>) -> Result<(), FileError> {
        match self.plan {
            Some(_) => Ok(()),
            None => Err(FileError::NoHeader),
        }
    }

    fn settled(&self) -> Option<Settled> {
        self.plan.as_ref().map(|_| Settled {
            header: self.header.clone(),
            kind: None,
        })
    }
}

/// The column with this name; where none has it exactly, the one that has it in another case.
fn column(names: &[&str], name: &str) -> Result<usize, FileError> {
    let single = |matches: &dyn Fn(&str) -> bool| {
        let mut found = (0..names.len()).filter(|&index| matches(names[index]));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(FileError::ColumnTwice {
                name: name.to_owned(),
            }),
            (found, _) => Ok(found),
        }
    };
    let wanted = name.trim();
    if let Some(exact) = single(&|other| other == wanted)? {
        return Ok(exact);
    }
    let lower = wanted.to_lowercase();
    single(&|other| other.to_lowercase() == lower)?.ok_or_else(|| FileError::NoColumn {
        name: name.to_owned(),
    })
}

/// The cells of one row.
struct Cells {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    fn new(separator: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(separator).build(),
            text: Vec::new(),
            ends: vec![0; 64],
            count: 0,
        }
    }

    /// Takes a row apart; tells whether every quotation mark in it is closed.
    fn read(&mut self, row: &[u8]) -> bool {
        self.reader.reset();
        if self.text.len() <= row.len() {
            self.text.resize(row.len() + 1, 0);
        }
        let (mut read, mut written, mut cells) = (0, 0, 0);
        let mut end: &[u8] = b"";
        loop {
            let rest = if end.is_empty() { &row[read..] } else { end };
            let (result, took, wrote, ended) =
                self.reader
                    .read_record(rest, &mut self.text[written..], &mut self.ends[cells..]);
            (written, cells) = (written + wrote, cells + ended);
            if end.is_empty() {
                read += took;
            }
            match result {
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                // The row is at its end; where a mark is open, it swallows the line end too.
                ReadRecordResult::InputEmpty if end.is_empty() => end = b"\n",
                ReadRecordResult::InputEmpty => return false,
                ReadRecordResult::Record | ReadRecordResult::End => {
                    self.count = cells;
                    return true;
                }
            }
        }
    }

    fn len(&self) -> usize {
        self.count
    }

    /// Whether a cell beyond the columns says something.
    fn has_more_than(&self, columns: usize) -> bool {
        (columns..self.count).any(|index| !self.cell(index).is_empty())
    }

    fn cell(&self, index: usize) -> &str {
        if index >= self.count {
            return "";
        }
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        let bytes = self.text[start..self.ends[index]].trim_ascii();
        // Rows are held to be text before they are taken apart, at ASCII characters.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Record<usize> for Cells {
    fn text<'a>(&'a self, &index: &usize) -> Option<Cow<'a, str>> {
        let cell = self.cell(index);
        (!cell.is_empty()).then_some(Cow::Borrowed(cell))
    }

    fn texts<'a>(&'a self, index: &usize) -> Vec<Cow<'a, str>> {
        self.text(index).into_iter().collect()
    }

    fn records(&self, _: &usize) -> Vec<Self> {
        Vec::new()
    }
}

/// Reads a JSON record a line.
pub(super) struct LinesBody {
    records: Records,
}

impl LinesBody {
    pub(super) fn new(records: Records) -> Self {
        Self { records }
    }
}

impl LineReader for LinesBody {
    fn line(&mut self, place: Place, line: &[u8], out: &mut Rows<'_>) -> Result<(), FileError> {
        if !line.trim_ascii().is_empty() {
            out.give(place, self.records.read(line));
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

impl Record<String> for &Value {
    fn text<'a>(&'a self, pointer: &String) -> Option<Cow<'a, str>> {
        text(self.pointer(pointer)?)
    }

    fn texts<'a>(&'a self, pointer: &String) -> Vec<Cow<'a, str>> {
        match self.pointer(pointer) {
            Some(Value::Array(values)) => values.iter().filter_map(text).collect(),
            other => other.and_then(text).into_iter().collect(),
        }
    }

    fn records(&self, pointer: &String) -> Vec<Self> {
        match self.pointer(pointer) {
            Some(Value::Array(values)) => values.iter().collect(),
            _ => Vec::new(),
        }
    }
}

fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then_some(Cow::Borrowed(text))
        }
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(is_true) => Some(Cow::Borrowed(if *is_true { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
