//! Exchanges: how far each was read, how it went, and who reads it now.

use rusqlite::{OptionalExtension, Row};
use seawall_core::{BankId, ContentId, ExchangeId, ListId, Random, Timestamp};
use seawall_exchange::feed::Checkpoint;

use crate::vault::ListKey;
use crate::{EntryScope, ListName, Reader, StoreError, Tx};

/// An exchange as it is kept. How to reach the partner stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its id.
    pub id: ExchangeId,
    /// Its name, which is that of its list.
    pub name: ListName,
    /// Its bank.
    pub bank: BankId,
    /// Its list in that bank.
    pub list: ListId,
    /// How the partner is spoken to.
    pub protocol: String,
    /// Where the next run goes on from; the beginning where there is none.
    pub checkpoint: Option<Checkpoint>,
    /// Whether the next run reads the list from its beginning and withdraws what it lacks.
    pub reconcile: bool,
    /// Whether a person stopped it.
    pub paused: bool,
    /// So many contents are missing from a list that shrank too much, which waits for a person.
    pub missing: Option<u64>,
    /// How many of those a person let go; 0 where nobody did.
    pub missing_allowed: u64,
    /// Runs in a row that failed.
    pub failures: u32,
    /// Why the last one did.
    pub fault: Option<String>,
    /// Examples of what could not be read in the last run; none quotes a value.
    pub problems: Vec<String>,
    /// When the last run began.
    pub started_at: Option<Timestamp>,
    /// When the last run ended.
    pub ended_at: Option<Timestamp>,
    /// When the last run ended that came up to the present.
    pub succeeded_at: Option<Timestamp>,
    /// When the next one is due.
    pub next_at: Timestamp,
    /// Until when whoever reads it now holds it.
    pub lease_until: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// What all its runs did.
    pub counts: RunCounts,
}

impl Exchange {
    /// Where its entries are.
    #[must_use]
    pub fn scope(&self) -> EntryScope {
        EntryScope {
            exchange: self.id,
            bank: self.bank,
            list: self.list,
        }
    }
}

/// An exchange to be made.
#[derive(Clone, Debug)]
pub struct NewExchange {
    /// Its name, which is that of its list.
    pub name: ListName,
    /// Its bank, which is sealed.
    pub bank: BankId,
    /// Its list in that bank.
    pub list: ListId,
    /// How the partner is spoken to.
    pub protocol: String,
    /// A keyed tag of which list it is.
    pub source: [u8; 16],
}

/// What runs did, in numbers of contents and entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Contents that were added.
    pub added: u64,
    /// Entries of which something other than the hashes changed.
    pub changed: u64,
    /// Contents that were withdrawn.
    pub withdrawn: u64,
    /// Entries, or parts of them, that could not be read.
    pub set_aside: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// Why it failed; `None` where it came up to the present.
    pub fault: Option<String>,
    /// What could not be read, its values painted over; kept sealed.
    pub fault_page: Option<String>,
    /// Examples of what could not be read.
    pub problems: Vec<String>,
    /// Whether the next run has to read from the beginning. Who asks for that while a run is
    /// under way gets it in any case.
    pub reconcile: bool,
    /// When the next one is due.
    pub next_at: Timestamp,
}

impl Reader<'_> {
    /// Every exchange, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn exchanges(&self) -> Result<Vec<Exchange>, StoreError> {
        let sql = format!("{SELECT_EXCHANGE} ORDER BY name");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| Ok(read_exchange(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The exchange with this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn exchange(&self, name: &ListName) -> Result<Option<Exchange>, StoreError> {
        let sql = format!("{SELECT_EXCHANGE} WHERE name = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let exchange = statement.query_row([name.as_str()], |row| Ok(read_exchange(row)));
        exchange.optional()?.transpose()
    }

    /// What exchanges are called, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn exchange_name(&self, exchange: ExchangeId) -> Result<Option<String>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name FROM exchanges WHERE id = ?1")?;
        let name = statement.query_row([exchange.0], |row| row.get(0));
        Ok(name.optional()?)
    }

    /// What could not be read in the last run, its values painted over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn fault_page(
        &self,
        key: &ListKey,
        exchange: ExchangeId,
    ) -> Result<Option<String>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT fault_page FROM exchanges WHERE id = ?1")?;
        let sealed: Option<Option<Vec<u8>>> = statement
            .query_row([exchange.0], |row| row.get(0))
            .optional()?;
        let Some(sealed) = sealed.flatten() else {
            return Ok(None);
        };
        let page = key.open(&fault_binding(exchange), &sealed)?;
        let page = String::from_utf8(page).map_err(|_| StoreError::Value {
            place: "exchanges.fault_page",
        })?;
        Ok(Some(page))
    }

    /// The highest id that was given to a content.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_content(&self) -> Result<ContentId, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'contents'",
        )?;
        Ok(ContentId(statement.query_row([], |row| row.get(0))?))
    }
}

impl Tx<'_> {
    /// Makes an exchange, due at once. A taken name is an error for which
    /// [`StoreError::is_duplicate`] holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_exchange(&self, new: &NewExchange) -> Result<ExchangeId, StoreError> {
        self.connection.execute(
            "INSERT INTO exchanges (name, bank_id, list_id, protocol, reconcile, paused,
                 failures, next_ms, lease_until_ms, created_ms, source)
             VALUES (?1, ?2, ?3, ?4, 0, 0, 0, ?5, 0, ?5, ?6)",
            (
                new.name.as_str(),
                new.bank.0,
                new.list.0,
                &new.protocol,
                self.at.as_millis(),
                new.source,
            ),
        )?;
        Ok(ExchangeId(self.connection.last_insert_rowid()))
    }

    /// Says which list an exchange reads. Where it is another one than before, the next run, due
    /// now, reads it from its beginning; whether it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_source(&self, exchange: ExchangeId, source: [u8; 16]) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE exchanges SET source = ?2, reconcile = 1, asked = asked + 1, next_ms = ?3
             WHERE id = ?1 AND source <> ?2",
            (exchange.0, source, self.at.as_millis()),
        )?;
        Ok(changed == 1)
    }

    /// Takes the right to read an exchange until `until`; `false` where somebody else has it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_lease(
        &self,
        exchange: ExchangeId,
        lease: [u8; 16],
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let taken = self.connection.execute(
            "UPDATE exchanges SET lease = ?2, lease_until_ms = ?3, started_ms = ?4,
                 asked_before = asked
             WHERE id = ?1 AND lease_until_ms <= ?4",
            (exchange.0, lease, until.as_millis(), self.at.as_millis()),
        )?;
        Ok(taken == 1)
    }

    /// Keeps that right until `until`; `false` where it was lost.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_lease(
        &self,
        exchange: ExchangeId,
        lease: [u8; 16],
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let kept = self.connection.execute(
            "UPDATE exchanges SET lease_until_ms = ?3 WHERE id = ?1 AND lease = ?2",
            (exchange.0, lease, until.as_millis()),
        )?;
        Ok(kept == 1)
    }

    /// Writes down what a page did, and where to go on from if it says so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn advance_exchange(
        &self,
        exchange: ExchangeId,
        counts: RunCounts,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE exchanges SET added = added + ?2, changed = changed + ?3,
                 withdrawn = withdrawn + ?4, set_aside = set_aside + ?5,
                 checkpoint = coalesce(?6, checkpoint) WHERE id = ?1",
            (
                exchange.0,
                counts.added,
                counts.changed,
                counts.withdrawn,
                counts.set_aside,
                checkpoint.map(|checkpoint| &checkpoint.0),
            ),
        )?;
        Ok(())
    }

    /// Ends a run and gives up the right to read; nothing where that was lost. Who hastened the
    /// exchange in the meantime still gets a run of their own.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_run(
        &self,
        exchange: ExchangeId,
        lease: [u8; 16],
        end: &RunEnd,
        key: &ListKey,
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        let binding = fault_binding(exchange);
        let page = end.fault_page.as_deref().map(str::as_bytes);
        let page = page.map(|page| key.seal(&binding, page, random));
        self.connection.execute(
            "UPDATE exchanges SET lease = NULL, lease_until_ms = 0, ended_ms = ?3, fault = ?4,
                 failures = CASE WHEN ?4 IS NULL THEN 0 ELSE failures + 1 END,
                 succeeded_ms = CASE WHEN ?4 IS NULL THEN ?3 ELSE succeeded_ms END,
                 reconcile = CASE WHEN ?5 THEN 1 WHEN asked > asked_before THEN reconcile ELSE 0 END,
                 fault_page = ?7, problems = ?8,
                 next_ms = CASE WHEN next_ms > started_ms AND next_ms <= ?3 THEN next_ms ELSE ?6 END
             WHERE id = ?1 AND lease = ?2",
            (
                exchange.0,
                lease,
                self.at.as_millis(),
                &end.fault,
                end.reconcile,
                end.next_at.as_millis(),
                page,
                serde_json::to_string(&end.problems)?,
            ),
        )?;
        Ok(())
    }

    /// Stops an exchange, or lets it go on; then it is due at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn pause_exchange(&self, exchange: ExchangeId, paused: bool) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE exchanges SET paused = ?2, next_ms = CASE WHEN ?2 THEN next_ms ELSE ?3 END
             WHERE id = ?1",
            (exchange.0, paused, self.at.as_millis()),
        )?;
        Ok(())
    }

    /// Makes an exchange due now; with `reconcile` from the beginning of its list.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hasten_exchange(&self, exchange: ExchangeId, reconcile: bool) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE exchanges SET next_ms = ?3, reconcile = max(reconcile, ?2), asked = asked + ?2
             WHERE id = ?1",
            (exchange.0, reconcile, self.at.as_millis()),
        )?;
        Ok(())
    }

    /// Says that so many contents are missing from the list, and wait for a person; `None` says
    /// that none are, which also ends what a person allowed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_missing(
        &self,
        exchange: ExchangeId,
        missing: Option<u64>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE exchanges SET missing = ?2,
                 missing_allowed = CASE WHEN ?2 IS NULL THEN 0 ELSE missing_allowed END
             WHERE id = ?1",
            (exchange.0, missing),
        )?;
        Ok(())
    }

    /// Lets the missing contents of an exchange go at its next whole run, which is due now, unless
    /// more are missing by then; `false` where none are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn allow_missing(&self, exchange: ExchangeId) -> Result<bool, StoreError> {
        let allowed = self.connection.execute(
            "UPDATE exchanges SET missing_allowed = missing, reconcile = 1, asked = asked + 1,
                 next_ms = ?2
             WHERE id = ?1 AND missing IS NOT NULL",
            (exchange.0, self.at.as_millis()),
        )?;
        Ok(allowed == 1)
    }

    /// Forgets an exchange with its entries and their list; how many contents were listed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete_exchange(&self, exchange: &Exchange) -> Result<u64, StoreError> {
        let contents = self.entries_listed(exchange.id)?;
        self.connection
            .execute("DELETE FROM exchanges WHERE id = ?1", [exchange.id.0])?;
        self.connection
            .execute("DELETE FROM lists WHERE id = ?1", [exchange.list.0])?;
        self.connection.execute(
            "UPDATE banks SET contents = contents - ?2 WHERE id = ?1",
            (exchange.bank.0, contents),
        )?;
        self.touch_bank(exchange.bank)?;
        Ok(contents)
    }
}

fn read_exchange(row: &Row<'_>) -> Result<Exchange, StoreError> {
    let name: String = row.get("name")?;
    let checkpoint: Option<String> = row.get("checkpoint")?;
    let time = |name| -> Result<Option<Timestamp>, StoreError> {
        let ms: Option<i64> = row.get(name)?;
        Ok(ms.map(Timestamp::from_millis))
    };
    Ok(Exchange {
        id: ExchangeId(row.get("id")?),
        name: name.parse().map_err(|_| StoreError::Value {
            place: "exchanges.name",
        })?,
        bank: BankId(row.get("bank_id")?),
        list: ListId(row.get("list_id")?),
        protocol: row.get("protocol")?,
        checkpoint: checkpoint.map(Checkpoint),
        reconcile: row.get("reconcile")?,
        paused: row.get("paused")?,
        missing: row.get("missing")?,
        missing_allowed: row.get("missing_allowed")?,
        failures: row.get("failures")?,
        fault: row.get("fault")?,
        problems: serde_json::from_str(&row.get::<_, String>("problems")?)?,
        started_at: time("started_ms")?,
        ended_at: time("ended_ms")?,
        succeeded_at: time("succeeded_ms")?,
        next_at: Timestamp::from_millis(row.get("next_ms")?),
        lease_until: Timestamp::from_millis(row.get("lease_until_ms")?),
        created_at: Timestamp::from_millis(row.get("created_ms")?),
        counts: RunCounts {
            added: row.get("added")?,
            changed: row.get("changed")?,
            withdrawn: row.get("withdrawn")?,
            set_aside: row.get("set_aside")?,
        },
    })
}

/// What a page is sealed for.
fn fault_binding(exchange: ExchangeId) -> Vec<u8> {
    format!("exchange {exchange} fault").into_bytes()
}

const SELECT_EXCHANGE: &str = "SELECT * FROM exchanges";
