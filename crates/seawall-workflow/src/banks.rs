//! Banks and what is in them. A change takes effect before the call returns.

use seawall_casework::audit::EventDraft;
use seawall_casework::case::CasePurpose;
use seawall_core::{Actor, BankName, ContentId, EventKind, Threshold};
use seawall_exchange::list::HashList;
use seawall_store::{Bank, BankChange, Change, NewBank, NewContent, StoreError, StoredHash, Tx};

use crate::{Workflow, WorkflowError};

/// Why a bank was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BankError {
    /// The name is taken.
    #[error("making a bank: there is one of this name already")]
    Exists,
    /// There is no such bank.
    #[error("finding a bank: there is none of this name")]
    NoBank,
    /// The bank has no such content.
    #[error("finding a content: this bank has none with this id")]
    NoContent,
    /// The built-in test bank stays as it is.
    #[error("changing a bank: the built-in test bank stays as it is")]
    BuiltIn,
    /// A content needs a hash.
    #[error("adding a content: it has no hash that can be kept")]
    NoHash,
    /// Nobody's input.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

impl From<StoreError> for BankError {
    fn from(error: StoreError) -> Self {
        Self::Workflow(error.into())
    }
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Rows that became contents.
    pub added: usize,
    /// Rows whose hash the bank held already.
    pub known: usize,
}

impl Workflow {
    /// Makes a bank.
    ///
    /// # Errors
    /// [`BankError::Exists`].
    pub fn create_bank(
        &self,
        name: &BankName,
        threshold: Threshold,
        enabled: bool,
        actor: Actor,
    ) -> Result<Bank, BankError> {
        let new = NewBank {
            name: name.clone(),
            threshold,
            enabled,
            purpose: CasePurpose::Live,
        };
        let made = self.store.write(self.clock.now(), |tx| {
            let id = tx.insert_bank(&new)?;
            let event = EventDraft::new(EventKind::BankCreated, actor)
                .about(id)
                .with("threshold_bits", threshold.bits())
                .with("enabled", enabled);
            Ok::<_, StoreError>(Change::new(()).event(event))
        });
        match made {
            Err(error) if error.is_duplicate() => return Err(BankError::Exists),
            other => other?,
        }
        self.index.refresh(&self.store)?;
        self.bank(name)
    }

    /// The bank with this name.
    ///
    /// # Errors
    /// [`BankError::NoBank`].
    pub fn bank(&self, name: &BankName) -> Result<Bank, BankError> {
        self.store
            .read(|reader| reader.bank(name)?.ok_or(BankError::NoBank))
    }

    /// Changes a bank's settings.
    ///
    /// # Errors
    /// [`BankError::NoBank`], or [`BankError::BuiltIn`].
    pub fn change_bank(
        &self,
        name: &BankName,
        change: BankChange,
        actor: Actor,
    ) -> Result<Bank, BankError> {
        self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            tx.update_bank(bank.id, change)?;
            let mut event = EventDraft::new(EventKind::BankChanged, actor).about(bank.id);
            if let Some(threshold) = change.threshold {
                event = event.with("threshold_bits", threshold.bits());
            }
            if let Some(enabled) = change.enabled {
                event = event.with("enabled", enabled);
            }
            Ok::<_, BankError>(Change::new(()).event(event))
        })?;
        self.index.refresh(&self.store)?;
        self.bank(name)
    }

    /// Deletes a bank with everything in it. Cases that it opened stay.
    ///
    /// # Errors
    /// [`BankError::NoBank`], or [`BankError::BuiltIn`].
    pub fn delete_bank(&self, name: &BankName, actor: Actor) -> Result<(), BankError> {
        self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            tx.delete_bank(bank.id)?;
            let event = EventDraft::new(EventKind::BankDeleted, actor).about(bank.id);
            Ok::<_, BankError>(Change::new(()).event(event.with("contents", bank.contents)))
        })?;
        Ok(self.index.refresh(&self.store)?)
    }

    /// Adds one content.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn add_content(
        &self,
        name: &BankName,
        content: &NewContent,
        actor: Actor,
    ) -> Result<ContentId, BankError> {
        if content.hashes.is_empty() {
            return Err(BankError::NoHash);
        }
        let id = self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            let id = tx.insert_content(bank.id, content)?;
            let event = EventDraft::new(EventKind::ContentsAdded, actor)
                .about(bank.id)
                .with("added", 1)
                .with("first", id.0);
            Ok::<_, BankError>(Change::new(id).event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(id)
    }

    /// Adds every row of a list whose hash the bank does not hold yet, as one batch.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn import_list(
        &self,
        name: &BankName,
        list: &HashList,
        actor: Actor,
    ) -> Result<Imported, BankError> {
        let imported = self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            let mut imported = Imported { added: 0, known: 0 };
            for row in &list.rows {
                if tx.bank_holds(bank.id, &row.hash)? {
                    imported.known += 1;
                    continue;
                }
                let hashes = vec![StoredHash {
                    hash: row.hash,
                    quality: row.quality,
                }];
                tx.insert_content(
                    bank.id,
                    &NewContent {
                        note: row.note.clone(),
                        hashes,
                    },
                )?;
                imported.added += 1;
            }
            let change = Change::new(imported);
            let event = EventDraft::new(EventKind::ContentsAdded, actor)
                .about(bank.id)
                .with("added", imported.added)
                .with("known", imported.known)
                .with("rejected", list.rejected.len());
            Ok::<_, BankError>(change.event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(imported)
    }

    /// Deletes one content. It stops matching before this returns.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn delete_content(
        &self,
        name: &BankName,
        content: ContentId,
        actor: Actor,
    ) -> Result<(), BankError> {
        let bank = self.store.write(self.clock.now(), |tx| {
            let bank = own_bank(tx, name)?;
            if !tx.delete_content(bank.id, content)? {
                return Err(BankError::NoContent);
            }
            let event = EventDraft::new(EventKind::ContentDeleted, actor).about(bank.id);
            Ok(Change::new(bank.id).event(event.with("content", content.0)))
        })?;
        Ok(self.index.refresh_without(&self.store, bank, content)?)
    }

    /// Takes over what another process (the command line) changed in the banks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn refresh_banks(&self) -> Result<(), StoreError> {
        self.index.refresh(&self.store)
    }
}

fn own_bank(tx: &Tx<'_>, name: &BankName) -> Result<Bank, BankError> {
    let bank = tx.bank(name)?.ok_or(BankError::NoBank)?;
    match bank.purpose {
        CasePurpose::Live => Ok(bank),
        CasePurpose::Test => Err(BankError::BuiltIn),
    }
}
