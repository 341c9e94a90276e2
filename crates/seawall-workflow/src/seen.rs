//! The seen index: uploads that matched nothing, kept for the channels that policy names, and
//! held against hashes that are listed later.

mod search;

use std::collections::BTreeSet;

use seawall_casework::audit::EventDraft;
use seawall_casework::context::ChannelKind;
use seawall_core::{Actor, Algorithm, EventKind, Hash, HashReport, Threshold};
use seawall_store::{Change, FoldLimits, SeenRecord, SeenStatus, StoreError, day_of};

use crate::{ScanRequest, Workflow, WorkflowError};

pub use search::{SeenAnswer, SeenMatch, search_seen};

/// What the seen index keeps, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPolicy {
    /// Uploads of these channels are kept; none where empty. Never private ones: nothing of
    /// them is kept, whatever stands here.
    pub channels: BTreeSet<ChannelKind>,
    /// For how many days beside the one on which they came.
    pub keep_days: u32,
}

impl Default for SeenPolicy {
    fn default() -> Self {
        Self {
            channels: BTreeSet::new(),
            keep_days: 90,
        }
    }
}

impl SeenPolicy {
    fn keeps(&self, channel: ChannelKind) -> bool {
        match channel {
            ChannelKind::Private => false,
            ChannelKind::Public | ChannelKind::File | ChannelKind::Profile => {
                self.channels.contains(&channel)
            }
        }
    }
}

impl Workflow {
    /// Keeps an upload that opened no case, where policy says so: its item id, the time, and
    /// the hashes that can be matched.
    pub(crate) fn keep_seen(
        &self,
        request: &ScanRequest,
        report: &HashReport,
    ) -> Result<(), StoreError> {
        if !self.seen.keeps(request.context.channel) {
            return Ok(());
        }
        let usable = report.hashes.iter().filter(|record| record.is_usable());
        let record = SeenRecord {
            item_id: request.item_id.clone(),
            seen_at: self.clock.now(),
            channel: request.context.channel,
            hashes: usable.map(|record| (record.hash, record.view)).collect(),
        };
        self.store.keep_seen(&self.seen_key, &record, &*self.random)
    }

    /// The policy of the seen index.
    #[must_use]
    pub fn seen_policy(&self) -> &SeenPolicy {
        &self.seen
    }

    /// How much the seen index keeps.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen_status(&self) -> Result<SeenStatus, StoreError> {
        self.store.read(|reader| reader.seen_status())
    }

    /// Every seen item within `distance_max` bits of one of these PDQ hashes, or with one of
    /// these digests. The lookup is an event that tells how many hashes and items, and nothing
    /// of them. Lookups wait for each other, so that memory stays bounded.
    ///
    /// # Errors
    /// [`WorkflowError`].
    pub fn seen_matches(
        &self,
        hashes: &[Hash],
        distance_max: Threshold,
        actor: Actor,
    ) -> Result<SeenAnswer, WorkflowError> {
        let answer = {
            let _alone = self.seen_lookup.lock();
            search_seen(&self.store, &self.seen_key, hashes, distance_max)?
        };
        let pdq = hashes
            .iter()
            .filter(|hash| hash.algorithm() == Algorithm::Pdq);
        let event = EventDraft::new(EventKind::SeenLookedUp, actor)
            .with("hashes", hashes.len())
            .with("pdq", pdq.count())
            .with("distance_bits_max", distance_max.bits())
            .with("found", answer.found);
        self.store.write(self.clock.now(), |_| {
            Ok::<_, StoreError>(Change::new(()).event(event))
        })?;
        Ok(answer)
    }

    /// Deletes all that is kept of one item, at once; `false` where nothing was.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_seen(&self, item_id: &str, actor: Actor) -> Result<bool, StoreError> {
        self.store.write(self.clock.now(), |tx| {
            let forgotten = tx.forget_seen(&self.seen_key, item_id, &*self.random)?;
            let change = Change::new(forgotten);
            Ok(if forgotten {
                // Which item it was is not for the log: it is about being forgotten.
                change.event(EventDraft::new(EventKind::SeenForgotten, actor))
            } else {
                change
            })
        })
    }

    /// How many records' time is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn expired_seen(&self) -> Result<u64, StoreError> {
        let first_kept = self.first_kept_day();
        self.store.read(|reader| reader.expired_seen(first_kept))
    }

    /// Deletes every record whose time is over, batch by batch, each with its event, and returns
    /// how many those were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn expire_seen(&self, actor: Actor) -> Result<u64, StoreError> {
        let (first_kept, mut expired) = (self.first_kept_day(), 0);
        while self.expired_seen()? > 0 {
            expired += self.store.write(self.clock.now(), |tx| {
                let records = tx.expire_seen(first_kept, PAGES_A_BATCH)?;
                let change = Change::new(records);
                if records == 0 {
                    return Ok::<_, StoreError>(change);
                }
                let event = EventDraft::new(EventKind::SeenExpired, actor)
                    .with("records", records)
                    .with("keep_days", self.seen.keep_days);
                Ok(change.event(event))
            })?;
        }
        Ok(expired)
    }

    /// Folds what can be folded and deletes what is over. For the one server of a data folder,
    /// now and then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tend_seen(&self) -> Result<(), StoreError> {
        self.expire_seen(Actor::System)?;
        while self.fold_seen()? {}
        Ok(())
    }

    /// Writes what was kept since the last call as one event; nothing where nothing was.
    pub(crate) fn write_seen_tally(&self) -> Result<(), StoreError> {
        self.store.write(self.clock.now(), |tx| {
            let channels = tx.take_seen_counts()?;
            let kept: u64 = channels.iter().map(|(_, kept)| kept).sum();
            if kept == 0 {
                return Ok(Change::new(()));
            }
            let channels: serde_json::Map<_, _> = channels
                .into_iter()
                .map(|(channel, kept)| (channel, kept.into()))
                .collect();
            let event = EventDraft::new(EventKind::SeenTallied, Actor::System)
                .with("kept", kept)
                .with("channels", channels);
            Ok(Change::new(()).event(event))
        })
    }

    /// One page, if there are rows for one.
    fn fold_seen(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        self.store.write(now, |tx| {
            let (key, limits) = (&self.seen_key, FoldLimits::default());
            let Some(fold) = tx.fold_seen(key, day_of(now), limits, &*self.random)? else {
                return Ok(Change::new(false));
            };
            let event = EventDraft::new(EventKind::SeenFolded, Actor::System)
                .with("records", fold.records)
                .with("replaced", fold.replaced);
            Ok(Change::new(true).event(event))
        })
    }

    fn first_kept_day(&self) -> i64 {
        day_of(self.clock.now()) - i64::from(self.seen.keep_days)
    }
}

/// How many pages go in one transaction: some hundred megabytes where they are full.
const PAGES_A_BATCH: u32 = 8;
