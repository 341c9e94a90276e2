//! Reports, the ledger of calls, and receipts.

use rusqlite::Row;
use seawall_casework::report::{Call, CallEnd, Receipt, StuckReason};
use seawall_core::{CallId, CaseId, DecisionId, ReportId, Timestamp};

use crate::case::read_id;
use crate::{Reader, StoreError, Tx};

/// Where a report is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportState {
    /// On its way.
    Open,
    /// The receiver confirmed it.
    Filed(Receipt),
    /// It needs a person.
    Stuck(StuckReason),
}

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// Its id.
    pub id: ReportId,
    /// The case it belongs to.
    pub case: CaseId,
    /// The decision that asked for it.
    pub decision: DecisionId,
    /// Where it goes: the name of a configured receiver.
    pub target: String,
    /// When the decision asked for it.
    pub drafted_at: Timestamp,
    /// Where it is in its life.
    pub state: ReportState,
    /// The draft, sealed with the case key.
    pub draft_sealed: Vec<u8>,
    /// How many calls stood in the ledger when a person last let it go on.
    pub forgiven: usize,
}

/// A report to be written.
#[derive(Debug)]
pub struct NewReport<'a> {
    /// Its id.
    pub id: ReportId,
    /// The case it belongs to.
    pub case: CaseId,
    /// The decision that asks for it.
    pub decision: DecisionId,
    /// Where it goes: the name of a configured receiver.
    pub target: &'a str,
    /// The draft, sealed with the case key.
    pub draft_sealed: &'a [u8],
}

impl Reader<'_> {
    /// Reports that are on their way, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_reports(&self) -> Result<Vec<ReportRow>, StoreError> {
        self.reports_where("WHERE state = 'open' ORDER BY drafted_ms, rowid", [])
    }

    /// The report of a case.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn report_of(&self, case: CaseId) -> Result<Option<ReportRow>, StoreError> {
        Ok(self
            .reports_where("WHERE case_id = ?1", [case.to_string()])?
            .pop())
    }

    /// The report with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn report(&self, id: ReportId) -> Result<Option<ReportRow>, StoreError> {
        Ok(self.reports_where("WHERE id = ?1", [id.to_string()])?.pop())
    }

    /// Every report, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reports(&self, limit: u32) -> Result<Vec<ReportRow>, StoreError> {
        self.reports_where("ORDER BY drafted_ms DESC, rowid DESC LIMIT ?1", [limit])
    }

    /// The calls of a report, in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn calls(&self, report: ReportId) -> Result<Vec<Call>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT call FROM report_calls WHERE report_id = ?1 ORDER BY position",
        )?;
        let rows = statement.query_map([report.to_string()], |row| row.get::<_, String>(0))?;
        rows.map(|call| Ok(serde_json::from_str(&call?)?)).collect()
    }

    fn reports_where(
        &self,
        rest: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<ReportRow>, StoreError> {
        let sql = format!(
            "SELECT reports.*, (SELECT receipt FROM receipts WHERE report_id = reports.id) AS receipt
             FROM reports {rest}"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params, |row| Ok(read_report(row)))?;
        rows.map(|row| row?).collect()
    }
}

impl Tx<'_> {
    /// Writes a report. A second one for the same case or decision is an error for which
    /// [`StoreError::is_duplicate`] holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_report(&self, report: &NewReport<'_>) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO reports (id, case_id, decision_id, target, state, drafted_ms, draft_sealed)
             VALUES (?1, ?2, ?3, ?4, 'open', ?5, ?6)",
            (
                report.id.to_string(),
                report.case.to_string(),
                report.decision.to_string(),
                report.target,
                self.at.as_millis(),
                report.draft_sealed,
            ),
        )?;
        Ok(())
    }

    /// Writes the row of a call that is about to be made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn start_call(&self, report: ReportId, call: &Call) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO report_calls (id, report_id, position, call)
             SELECT ?1, ?2, coalesce(max(position), 0) + 1, ?3 FROM report_calls
             WHERE report_id = ?2",
            (
                call.id.to_string(),
                report.to_string(),
                serde_json::to_string(call)?,
            ),
        )?;
        Ok(())
    }

    /// Writes what became of a call.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_call(&self, id: CallId, end: CallEnd) -> Result<(), StoreError> {
        let text: String = self.connection.query_row(
            "SELECT call FROM report_calls WHERE id = ?1",
            [id.to_string()],
            |row| row.get(0),
        )?;
        let mut call: Call = serde_json::from_str(&text)?;
        call.ended = Some(end);
        self.connection.execute(
            "UPDATE report_calls SET call = ?2 WHERE id = ?1",
            (id.to_string(), serde_json::to_string(&call)?),
        )?;
        Ok(())
    }

    /// Marks a report as filed and keeps its receipt.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn file_report(&self, report: ReportId, receipt: &Receipt) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO receipts (report_id, filed_ms, receipt) VALUES (?1, ?2, ?3)",
            (
                report.to_string(),
                self.at.as_millis(),
                serde_json::to_string(receipt)?,
            ),
        )?;
        self.connection.execute(
            "UPDATE reports SET state = 'filed', stuck_reason = NULL WHERE id = ?1",
            [report.to_string()],
        )?;
        Ok(())
    }

    /// Marks a report as needing a person.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn stick_report(&self, report: ReportId, reason: &StuckReason) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE reports SET state = 'stuck', stuck_reason = ?2 WHERE id = ?1",
            (report.to_string(), serde_json::to_string(reason)?),
        )?;
        Ok(())
    }

    /// Lets a stuck report go on; `false` where it is not stuck.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn resume_report(&self, report: ReportId) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE reports SET state = 'open', stuck_reason = NULL,
                 forgiven = (SELECT count(*) FROM report_calls WHERE report_id = ?1)
             WHERE id = ?1 AND state = 'stuck'",
            [report.to_string()],
        )?;
        Ok(changed > 0)
    }
}

fn read_report(row: &Row<'_>) -> Result<ReportRow, StoreError> {
    Ok(ReportRow {
        id: read_id(&row.get::<_, String>("id")?, "reports.id")?,
        case: read_id(&row.get::<_, String>("case_id")?, "reports.case_id")?,
        decision: read_id(&row.get::<_, String>("decision_id")?, "reports.decision_id")?,
        target: row.get("target")?,
        drafted_at: Timestamp::from_millis(row.get("drafted_ms")?),
        state: read_state(row)?,
        draft_sealed: row.get("draft_sealed")?,
        forgiven: row.get("forgiven")?,
    })
}

fn read_state(row: &Row<'_>) -> Result<ReportState, StoreError> {
    let text = |column: &str| -> Result<String, StoreError> {
        row.get::<_, Option<String>>(column)?
            .ok_or(StoreError::Value {
                place: "reports.state",
            })
    };
    match row.get::<_, String>("state")?.as_str() {
        "open" => Ok(ReportState::Open),
        "filed" => Ok(ReportState::Filed(serde_json::from_str(&text("receipt")?)?)),
        "stuck" => Ok(ReportState::Stuck(serde_json::from_str(&text(
            "stuck_reason",
        )?)?)),
        _ => Err(StoreError::Value {
            place: "reports.state",
        }),
    }
}

impl ReportRow {
    /// The receipt, once the receiver confirmed the report.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.state {
            ReportState::Filed(receipt) => Some(receipt),
            ReportState::Open | ReportState::Stuck(_) => None,
        }
    }
}
