//! A batch of entries: what each of them changes, looked up first and carried out together.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use seawall_core::{ContentId, Random, Timestamp};
use seawall_exchange::feed::{Entry, EntryState, Fingerprint};
use sha2::Sha256;

use super::page::{Packer, Page};
use super::{Applied, EntryScope, HeldBack, Judge, Known, binding};
use crate::vault::ListKey;
use crate::{StoreError, Tx};

/// One entry of a batch, and what becomes of it.
pub(super) struct Plan<'a> {
    tag: [u8; 16],
    digest: [u8; 16],
    entry: &'a Entry,
    /// Its place among what came.
    at: usize,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    /// Nothing; the content that it is.
    Leave,
    /// It becomes a content, in place of another where its hashes changed.
    Add {
        before: Option<ContentId>,
    },
    /// Its hashes are as they were.
    Change(ContentId),
    Withdraw(ContentId),
    /// It is known as withdrawn from now on; it was not listed.
    Remember,
}

/// What happens to contents in the pages that hold them.
pub(super) type Edits<'a> = BTreeMap<ContentId, Edit<'a>>;

pub(super) enum Edit<'a> {
    Withdraw,
    Replace(&'a Entry),
}

pub(super) struct Batch<'a> {
    tx: &'a Tx<'a>,
    key: &'a ListKey,
    scope: EntryScope,
    judge: Judge<'a>,
    random: &'a dyn Random,
    applied: Applied,
    /// By how much the counts of each kind change: hashes, and those held back.
    kinds: BTreeMap<String, (i64, i64)>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        tx: &'a Tx<'a>,
        key: &'a ListKey,
        scope: EntryScope,
        judge: Judge<'a>,
        random: &'a dyn Random,
    ) -> Self {
        Self {
            tx,
            key,
            scope,
            judge,
            random,
            applied: Applied::default(),
            kinds: BTreeMap::new(),
        }
    }
    /// Looks up what is known, in the order of the tags, as they lie.
    pub(super) fn plan<'e>(&mut self, entries: &'e [Entry]) -> Result<Vec<Plan<'e>>, StoreError> {
        let mut plans: Vec<Plan<'e>> = (0..)
            .zip(entries)
            .map(|(at, entry)| Plan {
                tag: self.key.tag(self.scope.exchange, entry.key.as_str()),
                digest: digests(self.key, entry),
                entry,
                at,
                step: Step::Leave,
            })
            .collect();
        plans.sort_by_key(|plan| (plan.tag, plan.entry.changed_at, plan.at));
        let received = plans.len();
        // The last of those with one key stays.
        plans.reverse();
        plans.dedup_by_key(|plan| plan.tag);
        plans.reverse();
        self.applied.older += (received - plans.len()) as u64;
        for plan in &mut plans {
            let known = self.tx.known(self.scope.exchange, &plan.tag)?;
            plan.step = self.step(plan, known);
        }
        Ok(plans)
    }

    fn step(&mut self, plan: &Plan<'_>, known: Option<Known>) -> Step {
        let changed_ms = plan.entry.changed_at.map(Timestamp::as_millis);
        let Some(known) = known else {
            return match plan.entry.state {
                EntryState::Active => Step::Add { before: None },
                EntryState::Withdrawn => Step::Remember,
            };
        };
        if let (Some(now), Some(before)) = (changed_ms, known.changed_ms)
            && now < before
        {
            self.applied.older += 1;
            self.applied.listed.extend(known.content);
            return Step::Leave;
        }
        match (plan.entry.state, known.content) {
            (EntryState::Withdrawn, Some(content)) => Step::Withdraw(content),
            (EntryState::Withdrawn, None) if known.changed_ms == changed_ms => {
                self.applied.unchanged += 1;
                Step::Leave
            }
            (EntryState::Withdrawn, None) => Step::Remember,
            (EntryState::Active, None) => Step::Add { before: None },
            (EntryState::Active, Some(content)) => {
                if known.digest == plan.digest && known.changed_ms == changed_ms {
                    self.applied.unchanged += 1;
                    self.applied.listed.push(content);
                    Step::Leave
                } else if known.digest.get(..8) == plan.digest.get(..8) {
                    self.applied.changed += 1;
                    self.applied.listed.push(content);
                    Step::Change(content)
                } else {
                    Step::Add {
                        before: Some(content),
                    }
                }
            }
        }
    }

    pub(super) fn carry_out(&mut self, plans: &[Plan<'_>]) -> Result<(), StoreError> {
        let mut edits = Edits::new();
        for plan in plans {
            match plan.step {
                Step::Leave | Step::Remember | Step::Add { before: None } => {}
                Step::Add {
                    before: Some(content),
                }
                | Step::Withdraw(content) => {
                    edits.insert(content, Edit::Withdraw);
                }
                Step::Change(content) => {
                    edits.insert(content, Edit::Replace(plan.entry));
                }
            }
        }
        self.edit_pages(&edits)?;
        let added = self.add(plans)?;
        self.write_known(plans, &added)
    }

    /// Makes contents of what is new, in the order in which it came; their ids, by the entry's
    /// place among what came, and whether any of their hashes are held back.
    fn add(
        &mut self,
        plans: &[Plan<'_>],
    ) -> Result<BTreeMap<usize, (ContentId, bool)>, StoreError> {
        let is_new = |plan: &&Plan<'_>| matches!(plan.step, Step::Add { .. });
        let mut new: Vec<&Plan<'_>> = plans.iter().filter(is_new).collect();
        new.sort_by_key(|plan| plan.at);
        let mut added = BTreeMap::new();
        for chunk in new.chunks(PAGE_ENTRIES_MAX) {
            let first = self.tx.new_content_ids(chunk.len())?;
            let mut packer = Packer::default();
            for (plan, id) in chunk.iter().zip(first..) {
                let prints = plan.entry.fingerprints.iter();
                let held: Vec<Option<HeldBack>> = prints.map(self.judge).collect();
                let held_back = held.iter().flatten().count();
                self.applied.held += held_back as u64;
                packer.push(plan.entry, &held, self.tx.at);
                added.insert(plan.at, (ContentId(id), held_back > 0));
                self.applied.listed.push(ContentId(id));
            }
            self.applied.added += chunk.len() as u64;
            let page = packer.page();
            for at in 0..page.slots.len() {
                self.count(&page, at, 1)?;
            }
            self.write_page(first, &page)?;
        }
        Ok(added)
    }

    fn write_page(&self, first: i64, page: &Page) -> Result<(), StoreError> {
        let live = page.slots.iter().filter(|slot| slot.is_live).count();
        let (exchange, last) = (self.scope.exchange, first + page.slots.len() as i64 - 1);
        let binding = binding(exchange, first);
        let sealed = self.key.seal(&binding, &page.to_bytes(), self.random);
        self.tx
            .connection
            .prepare_cached(
                "INSERT INTO entry_pages
                     (first_id, last_id, bank_id, exchange_id, live, created_ms, sealed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (first_id) DO UPDATE SET live = excluded.live, sealed = excluded.sealed",
            )?
            .execute((
                first,
                last,
                self.scope.bank.0,
                exchange.0,
                live,
                self.tx.at.as_millis(),
                sealed,
            ))?;
        Ok(())
    }

    /// Edits contents where they lie; the keys of those that were withdrawn.
    pub(super) fn edit_pages(&mut self, edits: &Edits<'_>) -> Result<Vec<String>, StoreError> {
        let (mut keys, mut rest) = (Vec::new(), edits.iter().peekable());
        while let Some((content, _)) = rest.peek() {
            let content = **content;
            let Some(open) = self.tx.page_of(self.key, content)? else {
                rest.next();
                continue;
            };
            let end = ContentId(open.first + open.page.slots.len() as i64);
            let (first, mut packer) = (open.first, Packer::over(open.page));
            while let Some((content, edit)) = rest.next_if(|(content, _)| **content < end) {
                let at = usize::try_from(content.0 - first).expect("it is in the page");
                match edit {
                    Edit::Replace(entry) => packer.replace(at, entry),
                    Edit::Withdraw => {
                        let mut page = packer.page();
                        if page.slots[at].is_live {
                            self.count(&page, at, -1)?;
                            keys.extend(page.entry(at)?.map(|stored| stored.key_text()));
                            page.slots[at].withdraw();
                            self.applied.withdrawn += 1;
                            self.applied.gone.push(*content);
                        }
                        packer = Packer::over(page);
                    }
                }
            }
            debug_assert!(packer.len() > 0, "a page has contents");
            self.write_page(first, &packer.page())?;
        }
        Ok(keys)
    }

    fn count(&mut self, page: &Page, at: usize, sign: i64) -> Result<(), StoreError> {
        for (kind, is_held) in page.kinds(at)? {
            let (hashes, held) = self.kinds.entry(kind).or_default();
            *hashes += sign;
            *held += sign * i64::from(is_held);
        }
        Ok(())
    }

    fn write_known(
        &self,
        plans: &[Plan<'_>],
        added: &BTreeMap<usize, (ContentId, bool)>,
    ) -> Result<(), StoreError> {
        let mut insert = self.tx.connection.prepare_cached(
            "INSERT INTO entries (exchange_id, tag, content_id, digest, changed_ms, held)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (exchange_id, tag) DO UPDATE SET content_id = excluded.content_id,
                 digest = excluded.digest, changed_ms = excluded.changed_ms, held = excluded.held",
        )?;
        let mut update = self.tx.connection.prepare_cached(
            "UPDATE entries SET digest = ?3, changed_ms = ?4 WHERE exchange_id = ?1 AND tag = ?2",
        )?;
        for plan in plans {
            let changed_ms = plan.entry.changed_at.map(Timestamp::as_millis);
            let exchange = self.scope.exchange.0;
            match plan.step {
                Step::Leave => {}
                Step::Change(_) => {
                    update.execute((exchange, plan.tag, plan.digest, changed_ms))?;
                }
                Step::Withdraw(_) | Step::Remember => {
                    let nothing: Option<i64> = None;
                    insert.execute((exchange, plan.tag, nothing, [], changed_ms, false))?;
                }
                Step::Add { .. } => {
                    let (content, held) = added[&plan.at];
                    let row = (exchange, plan.tag, content.0, plan.digest, changed_ms, held);
                    insert.execute(row)?;
                }
            }
        }
        Ok(())
    }

    /// Brings the counts up to date, and the bank's revision where its contents changed.
    pub(super) fn finish(mut self) -> Result<Applied, StoreError> {
        let (connection, scope) = (self.tx.connection, self.scope);
        let applied = &mut self.applied;
        applied.gone.sort_unstable();
        let more = applied.added as i64 - applied.withdrawn as i64;
        if applied.added + applied.withdrawn + applied.changed == 0 {
            return Ok(self.applied);
        }
        let banks = "UPDATE banks SET contents = contents + ?2 WHERE id = ?1";
        connection.execute(banks, (scope.bank.0, more))?;
        let lists = "UPDATE lists SET contents = contents + ?2 WHERE id = ?1";
        connection.execute(lists, (scope.list.0, more))?;
        let mut statement = connection.prepare_cached(
            "INSERT INTO entry_kinds (exchange_id, kind, hashes, held) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (exchange_id, kind) DO UPDATE
             SET hashes = hashes + excluded.hashes, held = held + excluded.held",
        )?;
        for (kind, (hashes, held)) in &self.kinds {
            statement.execute((scope.exchange.0, kind, hashes, held))?;
        }
        self.applied.revision = self.tx.touch_bank(scope.bank)?;
        Ok(self.applied)
    }
}

/// A digest of the hashes of an entry, and one of the rest of it beside its key and time.
fn digests(key: &ListKey, entry: &Entry) -> [u8; 16] {
    let prints = key.short(|mac| {
        for print in &entry.fingerprints {
            feed_print(mac, print);
        }
    });
    let rest = key.short(|mac| {
        feed(mac, entry.owner.as_deref());
        feed(mac, entry.class.as_deref());
        for tag in &entry.tags {
            feed(mac, Some(tag));
        }
        for said in &entry.opinions {
            feed(mac, None);
            feed(mac, Some(&said.by));
            mac.update(&[said.opinion as u8]);
            for reason in &said.reasons {
                feed(mac, Some(reason));
            }
        }
    });
    let mut both = [0; 16];
    both[..8].copy_from_slice(&prints[..8]);
    both[8..].copy_from_slice(&rest[..8]);
    both
}

fn feed_print(mac: &mut Hmac<Sha256>, print: &Fingerprint) {
    match print {
        Fingerprint::Hash {
            hash,
            media,
            quality,
        } => {
            let quality = quality.map_or(u8::MAX, |quality| quality.0);
            mac.update(&[hash.algorithm() as u8, *media as u8, quality]);
            mac.update(&hash.to_bytes());
        }
        Fingerprint::Other { kind, media, value } => {
            mac.update(&[u8::MAX, *media as u8]);
            feed(mac, Some(kind));
            feed(mac, Some(value.reveal()));
        }
    }
}

/// A text and where it ends, so that no two entries give the same bytes.
fn feed(mac: &mut Hmac<Sha256>, text: Option<&str>) {
    let length = text.map_or(u32::MAX, |text| text.len() as u32);
    mac.update(&length.to_le_bytes());
    mac.update(text.unwrap_or_default().as_bytes());
}

/// A page of so many entries is opened in a millisecond.
const PAGE_ENTRIES_MAX: usize = 2048;
