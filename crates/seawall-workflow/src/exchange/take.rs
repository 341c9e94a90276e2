//! Pages of a partner's list on their way into the bank.

use seawall_casework::audit::EventDraft;
use seawall_core::{Actor, ContentId, EventKind};
use seawall_exchange::feed::{Checkpoint, Fingerprint, Page};
use seawall_exchange::intake;
use seawall_store::{Applied, Change, Exchange, HeldBack, RunCounts};

use super::ExchangeError;
use crate::Workflow;
use crate::live::{Deletion, Snapshot};

/// The right to write what an exchange lists.
#[derive(Clone, Copy)]
pub(super) struct Lease(pub(super) [u8; 16]);

impl Workflow {
    /// Takes a page over, with the checkpoint that it ends at if there is one, and keeps the
    /// lease. What it lists matches before this returns, and what it withdraws does not.
    pub(super) fn take_page(
        &self,
        exchange: &Exchange,
        lease: Lease,
        page: &Page,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Applied, ExchangeError> {
        let snapshot = self.index.load();
        let judge = |print: &Fingerprint| judge(&snapshot, print);
        let (now, scope) = (self.clock.now(), exchange.scope());
        let applied = self.store.write(now, |tx| {
            let until = now.plus_millis(LEASE_MS);
            if !tx.keep_lease(exchange.id, lease.0, until)? {
                return Err(ExchangeError::Leased);
            }
            let (key, entries) = (&self.list_key, &page.entries);
            let applied = tx.apply_entries(key, scope, entries, &judge, &*self.random)?;
            let counts = RunCounts {
                set_aside: page.set_aside.len() as u64,
                ..counts(&applied)
            };
            tx.advance_exchange(exchange.id, counts, checkpoint)?;
            let event = taken(exchange, &applied)
                .with("entries", page.entries.len())
                .with("set_aside", page.set_aside.len());
            Ok(Change::new(applied).event(event))
        })?;
        self.follow(exchange, &applied)?;
        Ok(applied)
    }

    /// Takes these contents off the list that a whole run no longer gave, and writes down where
    /// to go on from.
    pub(super) fn withdraw_missing(
        &self,
        exchange: &Exchange,
        lease: Lease,
        missing: &[ContentId],
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Applied, ExchangeError> {
        let (now, scope) = (self.clock.now(), exchange.scope());
        let applied = self.store.write(now, |tx| {
            if !tx.keep_lease(exchange.id, lease.0, now.plus_millis(LEASE_MS))? {
                return Err(ExchangeError::Leased);
            }
            let applied = tx.withdraw_entries(&self.list_key, scope, missing, &*self.random)?;
            tx.advance_exchange(exchange.id, counts(&applied), checkpoint)?;
            tx.set_missing(exchange.id, None)?;
            let event = taken(exchange, &applied).with("missing", missing.len());
            Ok(Change::new(applied).event(event))
        })?;
        self.follow(exchange, &applied)?;
        Ok(applied)
    }

    fn follow(&self, exchange: &Exchange, applied: &Applied) -> Result<(), ExchangeError> {
        if applied.added + applied.withdrawn > 0 {
            let deletion = Deletion::of(exchange.bank, applied);
            self.index.refresh_without(&self.store, &deletion)?;
        }
        Ok(())
    }
}

fn counts(applied: &Applied) -> RunCounts {
    RunCounts {
        added: applied.added,
        changed: applied.changed,
        withdrawn: applied.withdrawn,
        set_aside: 0,
    }
}

fn taken(exchange: &Exchange, applied: &Applied) -> EventDraft {
    EventDraft::new(EventKind::EntriesTaken, Actor::System)
        .about(exchange.id)
        .with("added", applied.added)
        .with("changed", applied.changed)
        .with("withdrawn", applied.withdrawn)
        .with("unchanged", applied.unchanged)
        .with("older", applied.older)
        .with("held", applied.held)
}

/// Why a hash is held back until a person lets it go.
fn judge(banks: &Snapshot, print: &Fingerprint) -> Option<HeldBack> {
    let Fingerprint::Hash { hash, .. } = print else {
        return None;
    };
    let by_value = intake::check(print).map(HeldBack::Value);
    by_value.or_else(|| banks.index.exception(hash).map(|_| HeldBack::Benign))
}

/// A process that dies holds an exchange for no longer than this.
pub(super) const LEASE_MS: i64 = 5 * 60 * 1000;
