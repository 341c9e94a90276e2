//! What partners list: entries of exchanges, sealed, in banks of their own.
//!
//! An entry that is listed is one content. It keeps the content's id while its hashes stay the
//! same, and gets a new one when they change; what was withdrawn is remembered by its tag, so
//! that an older record that comes late does not bring it back.

mod batch;
mod page;

use rusqlite::OptionalExtension;
use seawall_core::{BankId, ContentId, ExchangeId, ListId, Random, Timestamp};
use seawall_exchange::feed::{Entry, EntryKey, Fingerprint};
use seawall_exchange::intake::QuarantineReason;

use crate::vault::ListKey;
use crate::{BankHash, ContentRow, Reader, StoreError, StoredHash, Tx};

use batch::{Batch, Edit, Edits};
use page::Page;

/// Why a hash of a list is held back until a person lets it go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldBack {
    /// Its value says nothing about any one file.
    Value(QuarantineReason),
    /// The operator's own exceptions speak against it.
    Benign,
}

impl HeldBack {
    /// The name used in interfaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Value(reason) => reason.name(),
            Self::Benign => "benign",
        }
    }

    /// How it is written in the database: add, never change.
    fn number(self) -> u8 {
        match self {
            Self::Benign => 0,
            Self::Value(QuarantineReason::AllZeros) => 1,
            Self::Value(QuarantineReason::AllOnes) => 2,
            Self::Value(QuarantineReason::NearlyBlank) => 3,
            Self::Value(QuarantineReason::Pattern) => 4,
            Self::Value(QuarantineReason::Nothing) => 5,
            Self::Value(QuarantineReason::LowQuality) => 6,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        let values = QuarantineReason::ALL.map(Self::Value);
        let mut all = values.into_iter().chain([Self::Benign]);
        all.find(|held| held.number() == number)
    }
}

/// An entry as it is kept. Its hashes stand in `prints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// What its owner said, without the hashes.
    pub entry: Entry,
    /// When it was taken over.
    pub added_at: Timestamp,
    /// Its hashes.
    pub prints: Vec<StoredPrint>,
}

/// A hash of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPrint {
    /// The hash.
    pub fingerprint: Fingerprint,
    /// Why it is held back, if it is.
    pub held: Option<HeldBack>,
}

/// Where entries come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryScope {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Its bank.
    pub bank: BankId,
    /// Its list in that bank.
    pub list: ListId,
}

/// What a batch of entries did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Contents that are listed now and were not before.
    pub added: u64,
    /// Entries of which something other than the hashes changed, and be it their time.
    pub changed: u64,
    /// Contents that are not listed any more.
    pub withdrawn: u64,
    /// Entries that were known as they are.
    pub unchanged: u64,
    /// Entries that are older than what is known of them; left alone.
    pub older: u64,
    /// Hashes that are held back, of those that came.
    pub held: u64,
    /// What it made the bank's revision; 0 where nothing of the bank changed.
    pub revision: i64,
    /// The contents that are not listed any more, in order.
    pub gone: Vec<ContentId>,
    /// Every content that the batch spoke of and that is listed.
    pub listed: Vec<ContentId>,
}

/// Says why a hash is to be held back.
pub type Judge<'a> = &'a dyn Fn(&Fingerprint) -> Option<HeldBack>;

impl Reader<'_> {
    /// The hashes of a sealed bank's contents that came after the content `after`, by content:
    /// those that can be matched and are not held back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entry_hashes_after(
        &self,
        key: &ListKey,
        bank: BankId,
        after: ContentId,
    ) -> Result<Vec<BankHash>, StoreError> {
        let mut hashes = Vec::new();
        self.each_page(key, bank, after, |first, list, page| {
            let slots = (first.0..).map(ContentId).zip(&page.slots);
            for (content, slot) in slots.filter(|(content, _)| *content > after) {
                hashes.extend(slot.matched().map(|(hash, quality)| BankHash {
                    content,
                    list: Some(list),
                    stored: StoredHash { hash, quality },
                }));
            }
            Ok(true)
        })?;
        Ok(hashes)
    }

    /// The ids of a sealed bank's contents, of those after `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entry_ids(
        &self,
        key: &ListKey,
        bank: BankId,
        after: ContentId,
    ) -> Result<Vec<ContentId>, StoreError> {
        let mut ids = Vec::new();
        self.each_page(key, bank, after, |first, _, page| {
            let slots = (first.0..).map(ContentId).zip(&page.slots);
            let listed = slots.filter(|(id, slot)| *id > after && slot.is_live);
            ids.extend(listed.map(|(id, _)| id));
            Ok(true)
        })?;
        Ok(ids)
    }

    /// How many contents of a sealed bank came after `after` and are listed, and the last id
    /// that was given to any of its contents. `after` is such a last id, or 0.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entries_since(
        &self,
        bank: BankId,
        after: ContentId,
    ) -> Result<(u64, Option<ContentId>), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(live), 0), max(last_id) FROM entry_pages
             WHERE bank_id = ?1 AND first_id > ?2",
        )?;
        Ok(statement.query_row((bank.0, after.0), |row| {
            let last: Option<i64> = row.get(1)?;
            Ok((row.get(0)?, last.map(ContentId)))
        })?)
    }

    /// One page of a sealed bank's contents, after the content `after`. What its owner calls an
    /// entry's class is not its remark.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entry_contents(
        &self,
        key: &ListKey,
        bank: BankId,
        after: ContentId,
        limit: u32,
    ) -> Result<Vec<ContentRow>, StoreError> {
        let (mut rows, limit) = (Vec::new(), limit as usize);
        self.each_page(key, bank, after, |first, _, page| {
            for (at, id) in (0..page.slots.len()).zip(first.0..) {
                if rows.len() < limit && id > after.0 && page.slots[at].is_live {
                    let stored = page.entry(at)?.ok_or(ABSENT)?;
                    let hashes = page.slots[at].matched();
                    rows.push(ContentRow {
                        id: ContentId(id),
                        note: None,
                        class: stored.entry.class,
                        created_at: stored.added_at,
                        hashes: hashes
                            .map(|(hash, quality)| StoredHash { hash, quality })
                            .collect(),
                    });
                }
            }
            Ok(rows.len() < limit)
        })?;
        Ok(rows)
    }

    /// The entry of a content, and the exchange that it came from; `None` where the content is
    /// no entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entry_of(
        &self,
        key: &ListKey,
        content: ContentId,
    ) -> Result<Option<(ExchangeId, StoredEntry)>, StoreError> {
        let Some(page) = self.page_of(key, content)? else {
            return Ok(None);
        };
        let entry = page.page.entry(page.place(content))?;
        Ok(entry.map(|entry| (page.exchange, entry)))
    }

    /// The content that an exchange lists under this key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entry_content(
        &self,
        key: &ListKey,
        exchange: ExchangeId,
        name: &EntryKey,
    ) -> Result<Option<ContentId>, StoreError> {
        let known = self.known(exchange, &key.tag(exchange, name.as_str()))?;
        Ok(known.and_then(|known| known.content))
    }

    /// The contents of an exchange with hashes that are held back, after the content `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn held_entries(
        &self,
        key: &ListKey,
        exchange: ExchangeId,
        after: ContentId,
        limit: u32,
    ) -> Result<Vec<(ContentId, StoredEntry)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT content_id FROM entries
             WHERE exchange_id = ?1 AND held = 1 AND content_id > ?2
             ORDER BY content_id LIMIT ?3",
        )?;
        let ids = statement.query_map((exchange.0, after.0, limit), |row| row.get(0))?;
        let mut held = Vec::new();
        for id in ids {
            let content = ContentId(id?);
            if let Some((_, entry)) = self.entry_of(key, content)? {
                held.push((content, entry));
            }
        }
        Ok(held)
    }

    /// How many hashes of each kind an exchange lists, and how many of those are held back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entry_kinds(&self, exchange: ExchangeId) -> Result<Vec<(String, u64, u64)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, hashes, held FROM entry_kinds
             WHERE exchange_id = ?1 AND hashes > 0 ORDER BY kind",
        )?;
        let rows = statement.query_map([exchange.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many contents an exchange lists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entries_listed(&self, exchange: ExchangeId) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(live), 0) FROM entry_pages WHERE exchange_id = ?1",
        )?;
        Ok(statement.query_row([exchange.0], |row| row.get(0))?)
    }

    /// The contents of an exchange that are listed, came no later than `until`, and of which
    /// `is_seen` does not hold.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entries_unseen(
        &self,
        exchange: ExchangeId,
        until: ContentId,
        is_seen: impl Fn(ContentId) -> bool,
    ) -> Result<Vec<ContentId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT content_id FROM entries WHERE exchange_id = ?1 AND content_id <= ?2",
        )?;
        let ids = statement.query_map((exchange.0, until.0), |row| row.get(0))?;
        let mut unseen = Vec::new();
        for id in ids {
            let content = ContentId(id?);
            if !is_seen(content) {
                unseen.push(content);
            }
        }
        unseen.sort_unstable();
        Ok(unseen)
    }

    /// Calls `each` with the pages of a bank that end after `after`, while it says to go on.
    fn each_page(
        &self,
        key: &ListKey,
        bank: BankId,
        after: ContentId,
        mut each: impl FnMut(ContentId, ListId, Page) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT first_id, exchange_id, list_id, sealed FROM entry_pages
             JOIN exchanges ON exchanges.id = exchange_id
             WHERE entry_pages.bank_id = ?1 AND last_id > ?2 ORDER BY last_id",
        )?;
        let mut rows = statement.query((bank.0, after.0))?;
        while let Some(row) = rows.next()? {
            let first = row.get(0)?;
            let sealed: Vec<u8> = row.get(3)?;
            let page = open(key, ExchangeId(row.get(1)?), first, &sealed)?;
            if !each(ContentId(first), ListId(row.get(2)?), page)? {
                break;
            }
        }
        Ok(())
    }

    fn page_of(&self, key: &ListKey, content: ContentId) -> Result<Option<OpenPage>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT first_id, exchange_id, sealed FROM entry_pages
             WHERE first_id <= ?1 ORDER BY first_id DESC LIMIT 1",
        )?;
        let row = statement.query_row([content.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
        });
        let Some((first, exchange, sealed)) = row.optional()? else {
            return Ok(None);
        };
        let exchange = ExchangeId(exchange);
        let page = open(key, exchange, first, &sealed)?;
        let holds = content.0 < first + page.slots.len() as i64;
        Ok(holds.then_some(OpenPage {
            first,
            exchange,
            page,
        }))
    }

    fn known(&self, exchange: ExchangeId, tag: &[u8]) -> Result<Option<Known>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT content_id, digest, changed_ms FROM entries WHERE exchange_id = ?1 AND tag = ?2",
        )?;
        let row = statement.query_row((exchange.0, tag), |row| {
            let content: Option<i64> = row.get(0)?;
            Ok(Known {
                content: content.map(ContentId),
                digest: row.get(1)?,
                changed_ms: row.get(2)?,
            })
        });
        Ok(row.optional()?)
    }
}

impl Tx<'_> {
    /// Takes over a batch of entries, each of which replaces what is known under its key. Of
    /// several with one key the last counts, of two with different times the later one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn apply_entries(
        &self,
        key: &ListKey,
        scope: EntryScope,
        entries: &[Entry],
        judge: Judge<'_>,
        random: &dyn Random,
    ) -> Result<Applied, StoreError> {
        let mut batch = Batch::new(self, key, scope, judge, random);
        let plans = batch.plan(entries)?;
        batch.carry_out(&plans)?;
        batch.finish()
    }

    /// Takes these contents of an exchange off their list.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn withdraw_entries(
        &self,
        key: &ListKey,
        scope: EntryScope,
        contents: &[ContentId],
        random: &dyn Random,
    ) -> Result<Applied, StoreError> {
        let mut batch = Batch::new(self, key, scope, &|_| None, random);
        let mut edits = Edits::new();
        for content in contents {
            edits.entry(*content).or_insert(Edit::Withdraw);
        }
        let withdrawn = batch.edit_pages(&edits)?;
        for entry_key in withdrawn {
            self.connection
                .prepare_cached(
                    "UPDATE entries SET content_id = NULL, held = 0, digest = x''
                     WHERE exchange_id = ?1 AND tag = ?2",
                )?
                .execute((scope.exchange.0, key.tag(scope.exchange, &entry_key)))?;
        }
        batch.finish()
    }

    /// Lets the hashes of a content go that were held back: the content gets a new id, so that
    /// every index takes it in. `None` where nothing of it is held back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn release_entry(
        &self,
        key: &ListKey,
        scope: EntryScope,
        content: ContentId,
        random: &dyn Random,
    ) -> Result<Option<Applied>, StoreError> {
        let Some((exchange, stored)) = self.entry_of(key, content)? else {
            return Ok(None);
        };
        let is_held = stored.prints.iter().any(|print| print.held.is_some());
        if exchange != scope.exchange || !is_held {
            return Ok(None);
        }
        let prints = stored.prints.into_iter().map(|print| print.fingerprint);
        let entry = Entry {
            fingerprints: prints.collect(),
            ..stored.entry
        };
        let withdrawn = self.withdraw_entries(key, scope, &[content], random)?;
        let mut applied = self.apply_entries(key, scope, &[entry], &|_| None, random)?;
        applied.gone = withdrawn.gone;
        Ok(Some(applied))
    }

    /// Ids for so many contents, in a row; the first of them.
    fn new_content_ids(&self, count: usize) -> Result<i64, StoreError> {
        self.connection.execute(
            "INSERT INTO sqlite_sequence (name, seq)
             SELECT 'contents', 0 WHERE NOT EXISTS
                 (SELECT 1 FROM sqlite_sequence WHERE name = 'contents')",
            [],
        )?;
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(
            "UPDATE sqlite_sequence SET seq = seq + ?1 WHERE name = 'contents' RETURNING seq",
        )?;
        let last: i64 = statement.query_row([count], |row| row.get(0))?;
        Ok(last - count + 1)
    }
}

/// What is known of an entry.
struct Known {
    content: Option<ContentId>,
    digest: Vec<u8>,
    changed_ms: Option<i64>,
}

struct OpenPage {
    first: i64,
    exchange: ExchangeId,
    page: Page,
}

impl OpenPage {
    fn place(&self, content: ContentId) -> usize {
        usize::try_from(content.0 - self.first).expect("the page holds the content")
    }
}

impl StoredEntry {
    fn key_text(&self) -> String {
        self.entry.key.as_str().to_owned()
    }
}

fn open(
    key: &ListKey,
    exchange: ExchangeId,
    first: i64,
    sealed: &[u8],
) -> Result<Page, StoreError> {
    Page::read(&key.open(&binding(exchange, first), sealed)?)
}

/// What a page is sealed for: its place.
fn binding(exchange: ExchangeId, first: i64) -> [u8; 16] {
    let mut binding = [0; 16];
    binding[..8].copy_from_slice(&exchange.0.to_le_bytes());
    binding[8..].copy_from_slice(&first.to_le_bytes());
    binding
}

const ABSENT: StoreError = StoreError::Value {
    place: "entry_pages.live",
};
