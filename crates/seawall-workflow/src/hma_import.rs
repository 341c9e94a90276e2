//! Contents of an HMA database, taken over.

use seawall_casework::audit::EventDraft;
use seawall_core::{Actor, BankName, EventKind};
use seawall_store::{Change, ContentDetails, ContentSwitch, NewContent};

use crate::banks::{check_reason, open_bank};
use crate::curation::{Kept, insert_kept};
use crate::{BankError, Workflow};

/// A content that is to be taken over.
#[derive(Clone, Debug)]
pub struct ForeignContent {
    /// Its hashes and remark.
    pub content: NewContent,
    /// What a client keeps beside it; with an id, by which it is known the next time.
    pub details: ContentDetails,
    /// Whether it is matched.
    pub switch: ContentSwitch,
}

/// What became of contents that were to be taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// How many were added.
    pub added: usize,
    /// How many the bank had already, by their ids.
    pub known: usize,
}

impl Workflow {
    /// Adds contents to a bank, or says what would be added (`dry_run`). All of them or none: one
    /// transaction, one event.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn take_over(
        &self,
        name: &BankName,
        contents: &[ForeignContent],
        actor: Actor,
        dry_run: bool,
    ) -> Result<TakenOver, BankError> {
        if dry_run {
            return self.would_take_over(name, contents);
        }
        let taken = self.store.write(self.clock.now(), |tx| {
            let bank = open_bank(tx, name)?;
            let mut taken = TakenOver::default();
            for foreign in contents {
                check_reason(&bank, foreign.content.note.as_deref())?;
                let kept = insert_kept(tx, bank.id, &foreign.content, &foreign.details)?;
                let Kept::Added(content) = kept else {
                    taken.known += 1;
                    continue;
                };
                if foreign.switch != ContentSwitch::On {
                    tx.switch_content(bank.id, content, foreign.switch)?;
                }
                taken.added += 1;
            }
            let event = EventDraft::new(EventKind::ContentsAdded, actor)
                .about(bank.id)
                .with("added", taken.added)
                .with("known", taken.known);
            Ok::<_, BankError>(Change::new(taken).event(event))
        })?;
        self.index.refresh(&self.store)?;
        Ok(taken)
    }

    fn would_take_over(
        &self,
        name: &BankName,
        contents: &[ForeignContent],
    ) -> Result<TakenOver, BankError> {
        self.store.read(|reader| {
            let bank = reader.bank(name)?;
            let mut taken = TakenOver::default();
            for foreign in contents {
                let id = foreign.details.external_id.as_deref();
                let known = match (&bank, id) {
                    (Some(bank), Some(id)) => reader.content_by_external_id(bank.id, id)?,
                    _ => None,
                };
                match known {
                    Some(_) => taken.known += 1,
                    None => taken.added += 1,
                }
            }
            Ok(taken)
        })
    }
}
