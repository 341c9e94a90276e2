//! The built-in test: a harmless picture and a bank that holds nothing but its hashes, as
//! EICAR is to virus scanners. A match opens a case marked as a test, which can never be
//! reported and counts in no figure.

use seawall::Budget;
use seawall::hash::report;
use seawall_casework::audit::EventDraft;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, BankName, BankRole, EventKind, Limits, Threshold, ViewOptions};
use seawall_store::{Change, NewBank, NewContent, StoreError, StoredHash};

use crate::{Workflow, WorkflowError};

/// The name of the built-in test bank.
pub const SELFTEST_BANK: &str = "SEAWALL_SELFTEST";

/// The built-in test picture: a generated pattern, as PNG.
pub const SELFTEST_PICTURE: &[u8] = include_bytes!("../../../vectors/selftest.png");

impl Workflow {
    /// Makes the built-in test bank, if it is not there.
    ///
    /// # Errors
    /// [`WorkflowError`].
    pub fn ensure_selftest_bank(&self) -> Result<(), WorkflowError> {
        let name: BankName = SELFTEST_BANK
            .parse()
            .expect("the constant follows the rule");
        if self.store.read(|reader| reader.bank(&name))?.is_some() {
            return Ok(());
        }
        let new = NewBank {
            sealed: false,
            name,
            threshold: Threshold::DEFAULT,
            enabled: true,
            purpose: CasePurpose::Test,
            role: BankRole::Known,
            owner: None,
        };
        let content = NewContent {
            class: None,
            list: None,
            note: Some("built-in test picture".into()),
            hashes: hashes(),
        };
        self.store.write(self.clock.now(), |tx| {
            let bank = tx.insert_bank(&new)?;
            tx.insert_content(bank, &content)?;
            let event = EventDraft::new(EventKind::BankCreated, Actor::System).about(bank);
            Ok::<_, StoreError>(Change::new(()).event(event.with("test", true)))
        })?;
        Ok(self.index.refresh(&self.store)?)
    }

    /// Records that the built-in test was run, and how it ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_selftest(&self, passed: bool) -> Result<(), StoreError> {
        let event = EventDraft::new(EventKind::SelftestRun, Actor::Operator);
        self.store.write(self.clock.now(), |_| {
            Ok(Change::new(()).event(event.with("passed", passed).with("test", true)))
        })
    }
}

/// The picture is our own, so it is hashed in this process.
fn hashes() -> Vec<StoredHash> {
    let budget = Budget {
        limits: &Limits::default(),
        expired: &|| false,
        views: ViewOptions::default(),
    };
    let stored = |record: &seawall_core::HashRecord| StoredHash {
        hash: record.hash,
        quality: record.quality,
    };
    report(SELFTEST_PICTURE, &budget)
        .hashes
        .iter()
        .map(stored)
        .collect()
}
