//! Holds what is kept against the audit log: every case, look, decision, report and receipt
//! has its event, and every such event its row.
//!
//! The chain alone proves the log. This proves that nobody took a case or a decision out of
//! the database, or put one in, beside the log.

use std::collections::BTreeSet;

use seawall_casework::audit::{EventBody, SealedEvent};
use seawall_core::EventKind;
use serde_json::Value;

use crate::{Reader, StoreError};

/// A row without its event, or an event without its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub id: String,
    /// Whether the log knows it: then the row is missing. Else the event is.
    pub is_logged: bool,
}

impl std::fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            table,
            id,
            is_logged,
        } = self;
        if *is_logged {
            write!(f, "{table}: {id} is in the log and not in the database")
        } else {
            write!(f, "{table}: {id} is in the database and not in the log")
        }
    }
}

/// A table whose rows each have an event.
struct Recorded {
    table: &'static str,
    column: &'static str,
    kind: EventKind,
    /// The detail that names the row; the event's subject where there is none.
    detail: Option<&'static str>,
}

impl Reader<'_> {
    /// Every row without its event and every event without its row; none where all is well.
    ///
    /// # Errors
    /// [`StoreError`] where the log or a table cannot be read.
    pub fn discrepancies(&self) -> Result<Vec<Discrepancy>, StoreError> {
        let mut logged: Vec<BTreeSet<String>> = RECORDED.iter().map(|_| BTreeSet::new()).collect();
        let mut outcome = Ok(());
        self.each_event(|mut events| outcome = collect(&mut events, &mut logged))?;
        outcome?;
        let mut found = Vec::new();
        for (recorded, logged) in RECORDED.iter().zip(&logged) {
            let kept = self.ids(recorded)?;
            let discrepancy = |is_logged| {
                move |id: &String| Discrepancy {
                    table: recorded.table,
                    id: id.clone(),
                    is_logged,
                }
            };
            found.extend(logged.difference(&kept).map(discrepancy(true)));
            found.extend(kept.difference(logged).map(discrepancy(false)));
        }
        Ok(found)
    }

    fn ids(&self, recorded: &Recorded) -> Result<BTreeSet<String>, StoreError> {
        let sql = format!("SELECT {} FROM {}", recorded.column, recorded.table);
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn collect(
    events: &mut dyn Iterator<Item = Result<SealedEvent, StoreError>>,
    logged: &mut [BTreeSet<String>],
) -> Result<(), StoreError> {
    for event in events {
        let event = event?.read()?;
        for (recorded, ids) in RECORDED.iter().zip(logged.iter_mut()) {
            if recorded.kind == event.kind {
                ids.extend(named(&event, recorded));
            }
        }
    }
    Ok(())
}

fn named(event: &EventBody, recorded: &Recorded) -> Option<String> {
    match recorded.detail {
        Some(name) => event
            .detail
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned),
        None => event.subject.clone(),
    }
}

const RECORDED: [Recorded; 5] = [
    Recorded {
        table: "cases",
        column: "id",
        kind: EventKind::CaseOpened,
        detail: None,
    },
    Recorded {
        table: "reveals",
        column: "id",
        kind: EventKind::CaseRevealed,
        detail: Some("reveal"),
    },
    Recorded {
        table: "decisions",
        column: "id",
        kind: EventKind::CaseDecided,
        detail: Some("decision"),
    },
    Recorded {
        table: "reports",
        column: "id",
        kind: EventKind::ReportDrafted,
        detail: None,
    },
    Recorded {
        table: "receipts",
        column: "report_id",
        kind: EventKind::ReportFiled,
        detail: None,
    },
];
