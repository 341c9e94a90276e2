//! Entries as bytes, before they are sealed.
//!
//! Words that many entries share (owners, classes, tags, kinds) stand once a page, and an entry
//! names them by their place.

use std::collections::HashMap;

use seawall_core::{Algorithm, Hash, Quality, Redacted, Timestamp};
use seawall_exchange::feed::{
    Entry, EntryKey, EntryState, Fingerprint, Media, Opinion, StatedOpinion,
};
use serde::{Deserialize, Serialize};

use super::{HeldBack, StoredEntry, StoredPrint};
use crate::StoreError;

/// What is sealed as one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Page {
    words: Vec<String>,
    pub(super) slots: Vec<Slot>,
}

/// One content of a page.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Slot {
    key: String,
    owner: Option<u32>,
    class: Option<u32>,
    tags: Vec<u32>,
    changed_ms: Option<i64>,
    added_ms: i64,
    pub(super) prints: Vec<Print>,
    opinions: Vec<PackedOpinion>,
    /// Whether it is listed. One that is not has no hashes.
    pub(super) is_live: bool,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slot([redacted])")
    }
}

/// One hash of a content.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Print {
    media: Media,
    value: Value,
    /// Why it is held back, as [`HeldBack`] numbers it.
    pub(super) held: Option<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Value {
    Pdq([u8; 32], Option<u8>),
    Md5([u8; 16]),
    Sha1([u8; 20]),
    Sha256([u8; 32]),
    Other(u32, String),
}

#[derive(Clone, Serialize, Deserialize)]
struct PackedOpinion {
    by: u32,
    opinion: Opinion,
    reasons: Vec<u32>,
}

/// Fills a page.
#[derive(Default)]
pub(super) struct Packer {
    page: Page,
    places: HashMap<String, u32>,
}

impl Packer {
    /// Goes on with a page that holds something already.
    pub(super) fn over(page: Page) -> Self {
        let places = (0..).zip(&page.words);
        let places = places.map(|(place, word)| (word.clone(), place)).collect();
        Self { page, places }
    }

    pub(super) fn len(&self) -> usize {
        self.page.slots.len()
    }

    pub(super) fn page(self) -> Page {
        self.page
    }

    pub(super) fn push(&mut self, entry: &Entry, held: &[Option<HeldBack>], added: Timestamp) {
        let slot = self.slot(entry, held, added);
        self.page.slots.push(slot);
    }

    /// Puts an entry in the place of one with the same hashes. When it was added, and what is
    /// held back of it, stays.
    pub(super) fn replace(&mut self, at: usize, entry: &Entry) {
        let Some(before) = self.page.slots.get(at).cloned() else {
            return;
        };
        let mut slot = self.slot(entry, &[], Timestamp::from_millis(before.added_ms));
        slot.prints = before.prints;
        self.page.slots[at] = slot;
    }

    fn slot(&mut self, entry: &Entry, held: &[Option<HeldBack>], added: Timestamp) -> Slot {
        let held = held.iter().copied().chain(std::iter::repeat(None));
        let prints = entry.fingerprints.iter().zip(held);
        Slot {
            key: entry.key.as_str().to_owned(),
            owner: entry.owner.as_deref().map(|owner| self.word(owner)),
            class: entry.class.as_deref().map(|class| self.word(class)),
            tags: entry.tags.iter().map(|tag| self.word(tag)).collect(),
            changed_ms: entry.changed_at.map(Timestamp::as_millis),
            added_ms: added.as_millis(),
            prints: prints
                .map(|(print, held)| self.print(print, held))
                .collect(),
            opinions: entry
                .opinions
                .iter()
                .map(|said| self.opinion(said))
                .collect(),
            is_live: entry.state == EntryState::Active,
        }
    }

    fn print(&mut self, print: &Fingerprint, held: Option<HeldBack>) -> Print {
        let (media, value) = match print {
            Fingerprint::Hash {
                hash,
                media,
                quality,
            } => (*media, Value::of(*hash, *quality)),
            Fingerprint::Other { kind, media, value } => {
                let kind = self.word(kind);
                (*media, Value::Other(kind, value.reveal().clone()))
            }
        };
        let held = held.map(HeldBack::number);
        Print { media, value, held }
    }

    fn opinion(&mut self, said: &StatedOpinion) -> PackedOpinion {
        PackedOpinion {
            by: self.word(&said.by),
            opinion: said.opinion,
            reasons: said.reasons.iter().map(|word| self.word(word)).collect(),
        }
    }

    fn word(&mut self, word: &str) -> u32 {
        if let Some(place) = self.places.get(word) {
            return *place;
        }
        let place = u32::try_from(self.page.words.len()).expect("a page has few words");
        self.page.words.push(word.to_owned());
        self.places.insert(word.to_owned(), place);
        place
    }
}

impl Value {
    fn of(hash: Hash, quality: Option<Quality>) -> Self {
        match hash {
            Hash::Pdq(_) => {
                let bytes = hash.to_bytes();
                let bytes = bytes.try_into().expect("a PDQ hash has 32 bytes");
                Self::Pdq(bytes, quality.map(|quality| quality.0))
            }
            Hash::Md5(bytes) => Self::Md5(bytes),
            Hash::Sha1(bytes) => Self::Sha1(bytes),
            Hash::Sha256(bytes) => Self::Sha256(bytes),
        }
    }

    /// The hash that can be matched, if it is one.
    fn hash(&self) -> Option<(Hash, Option<Quality>)> {
        let of = |algorithm, bytes: &[u8]| Hash::from_bytes(algorithm, bytes);
        match self {
            Self::Pdq(bytes, quality) => Some((of(Algorithm::Pdq, bytes)?, quality.map(Quality))),
            Self::Md5(bytes) => Some((of(Algorithm::Md5, bytes)?, None)),
            Self::Sha1(bytes) => Some((of(Algorithm::Sha1, bytes)?, None)),
            Self::Sha256(bytes) => Some((of(Algorithm::Sha256, bytes)?, None)),
            Self::Other(..) => None,
        }
    }
}

impl Page {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("a page is plain values")
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        postcard::from_bytes(bytes).map_err(|_| DAMAGED)
    }

    /// One content of the page.
    pub(super) fn entry(&self, at: usize) -> Result<Option<StoredEntry>, StoreError> {
        let Some(slot) = self.slots.get(at) else {
            return Ok(None);
        };
        let word = |place: &u32| self.word(*place);
        let prints = slot.prints.iter().map(|print| self.stored(print));
        let opinions = slot.opinions.iter().map(|said| {
            Ok(StatedOpinion {
                by: word(&said.by)?,
                opinion: said.opinion,
                reasons: said.reasons.iter().map(word).collect::<Result<_, _>>()?,
            })
        });
        Ok(Some(StoredEntry {
            entry: Entry {
                key: EntryKey::new(slot.key.clone()).map_err(|_| DAMAGED)?,
                state: if slot.is_live {
                    EntryState::Active
                } else {
                    EntryState::Withdrawn
                },
                owner: slot.owner.as_ref().map(word).transpose()?,
                class: slot.class.as_ref().map(word).transpose()?,
                tags: slot.tags.iter().map(word).collect::<Result<_, _>>()?,
                changed_at: slot.changed_ms.map(Timestamp::from_millis),
                fingerprints: Vec::new(),
                opinions: opinions.collect::<Result<_, StoreError>>()?,
            },
            added_at: Timestamp::from_millis(slot.added_ms),
            prints: prints.collect::<Result<_, _>>()?,
        }))
    }

    fn stored(&self, print: &Print) -> Result<StoredPrint, StoreError> {
        let media = print.media;
        let fingerprint = match (&print.value, print.value.hash()) {
            (Value::Other(kind, value), _) => Fingerprint::Other {
                kind: self.word(*kind)?,
                media,
                value: Redacted(value.clone()),
            },
            (_, Some((hash, quality))) => Fingerprint::Hash {
                hash,
                media,
                quality,
            },
            (_, None) => return Err(DAMAGED),
        };
        let held = print
            .held
            .map(|number| HeldBack::from_number(number).ok_or(DAMAGED));
        Ok(StoredPrint {
            fingerprint,
            held: held.transpose()?,
        })
    }

    /// The kind of a hash, as counts name it, and whether it is held back.
    pub(super) fn kinds(&self, at: usize) -> Result<Vec<(String, bool)>, StoreError> {
        let prints = self.slots.get(at).map_or(&[][..], |slot| &slot.prints);
        let kind = |print: &Print| {
            let kind = match &print.value {
                Value::Pdq(..) => Algorithm::Pdq.name().to_owned(),
                Value::Md5(_) => Algorithm::Md5.name().to_owned(),
                Value::Sha1(_) => Algorithm::Sha1.name().to_owned(),
                Value::Sha256(_) => Algorithm::Sha256.name().to_owned(),
                Value::Other(kind, _) => self.word(*kind)?,
            };
            Ok((kind, print.held.is_some()))
        };
        prints.iter().map(kind).collect()
    }

    fn word(&self, place: u32) -> Result<String, StoreError> {
        let word = usize::try_from(place)
            .ok()
            .and_then(|at| self.words.get(at));
        word.cloned().ok_or(DAMAGED)
    }
}

impl Slot {
    /// The hashes that can be matched: those that are not held back.
    pub(super) fn matched(&self) -> impl Iterator<Item = (Hash, Option<Quality>)> {
        let free = self.prints.iter().filter(|print| print.held.is_none());
        free.filter_map(|print| print.value.hash())
    }

    /// Takes it off the list: its key and dates stay, its hashes go.
    pub(super) fn withdraw(&mut self) {
        self.is_live = false;
        self.prints.clear();
        self.opinions.clear();
    }
}

const DAMAGED: StoreError = StoreError::Value {
    place: "entry_pages.sealed",
};
