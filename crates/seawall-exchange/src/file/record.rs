//! From a record, whatever it is written in, to an entry.

use std::borrow::Cow;
use std::collections::HashMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use seawall_core::{Hash, Quality, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::RowError;
use super::value::{self, Kind, Times, Writing};
use crate::feed::{Entry, EntryKey, EntryState, Fingerprint, Media};
use crate::list::RejectReason;
use crate::stop_ncii::RecordRead;

/// What a layout says of a record, its fields being named by `F`: texts where the layout names
/// them, numbers of columns where a header was read.
#[derive(Clone, Debug)]
pub(super) struct Plan<F> {
    pub(super) hashes: Vec<HashPlan<F>>,
    pub(super) id: Option<Named<F>>,
    pub(super) class: Option<Named<F>>,
    pub(super) owner: Option<Named<F>>,
    pub(super) media: Option<Named<F>>,
    pub(super) added: Option<Named<F>>,
    pub(super) changed: Option<Named<F>>,
    pub(super) removed: Option<Named<F>>,
    pub(super) status: Option<StatusPlan<F>>,
    pub(super) tags: Vec<Named<F>>,
    pub(super) tag_separator: Option<char>,
    pub(super) times: Times,
    /// Own words for kinds, in lower case.
    pub(super) kinds: HashMap<String, Kind>,
    /// Whether an id stands in several rows, each with another hash.
    pub(super) id_repeats: bool,
}

/// A hash, or each of several.
#[derive(Clone, Debug)]
pub(super) struct HashPlan<F> {
    /// The array whose elements are read, the other fields being theirs.
    pub(super) each: Option<Named<F>>,
    pub(super) value: Named<F>,
    pub(super) kind: KindPlan<F>,
    pub(super) media: Option<Media>,
    pub(super) quality: Option<Named<F>>,
    pub(super) writing: Writing,
}

#[derive(Clone, Debug)]
pub(super) enum KindPlan<F> {
    Is(Kind),
    In(Named<F>),
}

/// The words, in lower case, that say whether an entry is on the list.
#[derive(Clone, Debug)]
pub(super) struct StatusPlan<F> {
    pub(super) field: Named<F>,
    pub(super) withdrawn: Vec<String>,
    /// None where every other word means that it is.
    pub(super) active: Vec<String>,
}

/// A field with its name, for whoever is told about it.
#[derive(Clone, Debug)]
pub(super) struct Named<F> {
    pub(super) name: String,
    pub(super) field: F,
}

/// A record whose fields are named by `F`.
pub(super) trait Record<F>: Sized {
    /// The text of a field, without blanks around it; `None` where it is empty or absent.
    fn text<'a>(&'a self, field: &F) -> Option<Cow<'a, str>>;

    /// The texts of a field that may hold several.
    fn texts<'a>(&'a self, field: &F) -> Vec<Cow<'a, str>>;

    /// The records of a field that holds several.
    fn records(&self, field: &F) -> Vec<Self>;
}

/// What a record gave.
pub(super) enum Read {
    Entry {
        entry: Entry,
        aside: Vec<RowError>,
    },
    Rejected {
        key: Option<EntryKey>,
        reason: RowError,
    },
}

/// How records of JSON are read.
#[derive(Clone, Debug)]
pub(super) enum Records {
    /// By pointers.
    Planned(Box<Plan<String>>),
    /// As StopNCII's feed reads them.
    StopNcii,
}

impl Records {
    /// Reads a record.
    pub(super) fn read(&self, bytes: &[u8]) -> Read {
        let record: Value = match serde_json::from_slice(bytes) {
            Ok(record) => record,
            Err(error) => {
                let column = error.column();
                let reason = RowError::Json { column };
                return Read::Rejected { key: None, reason };
            }
        };
        match self {
            Self::Planned(plan) => plan.read(&&record),
            Self::StopNcii => read_stop_ncii(record),
        }
    }
}

fn read_stop_ncii(record: Value) -> Read {
    let RecordRead { entry, mut aside } = RecordRead::of(record);
    let reason = |what| RowError::StopNcii { what };
    match entry {
        Some(entry) => Read::Entry {
            entry,
            aside: aside.into_iter().map(|(_, what)| reason(what)).collect(),
        },
        None => match aside.pop() {
            Some((key, what)) => Read::Rejected {
                key,
                reason: reason(what),
            },
            None => Read::Rejected {
                key: None,
                reason: RowError::Row(RejectReason::Missing),
            },
        },
    }
}

impl<F> Plan<F> {
    /// Reads a record.
    pub(super) fn read(&self, record: &impl Record<F>) -> Read {
        let mut aside = Vec::new();
        let mut fingerprints = Vec::new();
        for plan in &self.hashes {
            self.read_hashes(plan, record, &mut fingerprints, &mut aside);
        }
        let owner = self.text(record, self.owner.as_ref());
        let id = self.text(record, self.id.as_ref());
        let key = self.key(id.as_deref(), owner.as_deref(), fingerprints.first());
        let (state, times) = match self.state(record) {
            Ok(found) => found,
            Err(reason) => return Read::Rejected { key, reason },
        };
        let has_what_it_needs = state == EntryState::Withdrawn || !fingerprints.is_empty();
        let Some(key) = key.filter(|_| has_what_it_needs) else {
            let key = self.key(id.as_deref(), owner.as_deref(), None);
            let reason = aside.into_iter().next();
            let reason = reason.unwrap_or(RowError::Row(RejectReason::Missing));
            return Read::Rejected { key, reason };
        };
        if state == EntryState::Withdrawn {
            fingerprints.clear();
        }
        let changed_at = self.changed_at(record, times, &mut aside);
        let entry = Entry {
            key,
            state,
            owner: owner.map(Cow::into_owned),
            class: self.text(record, self.class.as_ref()).map(Cow::into_owned),
            tags: self.tags(record),
            changed_at,
            fingerprints,
            opinions: Vec::new(),
        };
        Read::Entry { entry, aside }
    }

    fn text<'a, R: Record<F>>(
        &self,
        record: &'a R,
        named: Option<&Named<F>>,
    ) -> Option<Cow<'a, str>> {
        record.text(&named?.field)
    }

    fn read_hashes<R: Record<F>>(
        &self,
        plan: &HashPlan<F>,
        record: &R,
        fingerprints: &mut Vec<Fingerprint>,
        aside: &mut Vec<RowError>,
    ) {
        let media = self.text(record, self.media.as_ref());
        let media = plan.media.or(media.map(|text| value::media(&text)));
        let mut read = |record: &R| match self.read_hash(plan, record, media, aside) {
            Ok(Some(fingerprint)) => fingerprints.push(fingerprint),
            Ok(None) => {}
            Err(reason) => aside.push(reason),
        };
        match &plan.each {
            None => read(record),
            Some(each) => record.records(&each.field).iter().for_each(read),
        }
    }

    fn read_hash(
        &self,
        plan: &HashPlan<F>,
        record: &impl Record<F>,
        stated: Option<Media>,
        aside: &mut Vec<RowError>,
    ) -> Result<Option<Fingerprint>, RowError> {
        let Some(text) = record.text(&plan.value.field) else {
            return Ok(None);
        };
        let column = plan.value.name.as_str();
        let kind = match &plan.kind {
            KindPlan::Is(kind) => Cow::Borrowed(kind),
            KindPlan::In(named) => {
                let word = record.text(&named.field).ok_or_else(|| RowError::Hash {
                    column: named.name.clone(),
                    reason: RejectReason::Algorithm,
                })?;
                self.kind(&word)
            }
        };
        let quality = plan.quality.as_ref().and_then(|named| {
            // A quality that cannot be read is told, and takes no hash off the list.
            quality(record, named).unwrap_or_else(|reason| {
                aside.push(reason);
                None
            })
        });
        let mut read = value::fingerprint(&kind, plan.writing, &text, quality, column)?;
        if let Some(stated) = stated.filter(|&stated| stated != Media::Unknown) {
            match &mut read {
                Fingerprint::Hash { media, .. } | Fingerprint::Other { media, .. } => {
                    *media = stated;
                }
            }
        }
        Ok(Some(read))
    }

    fn kind(&self, word: &str) -> Cow<'_, Kind> {
        if !self.kinds.is_empty()
            && let Some(kind) = self.kinds.get(&word.to_lowercase())
        {
            return Cow::Borrowed(kind);
        }
        Cow::Owned(Kind::named(word))
    }

    /// Whether it is on the list, and since when it is not.
    fn state(&self, record: &impl Record<F>) -> Result<(EntryState, Option<Timestamp>), RowError> {
        let removed_at = match &self.removed {
            Some(removed) => self.time(record, removed)?,
            None => None,
        };
        let is_withdrawn = match &self.status {
            Some(status) => status.is_withdrawn(record)?,
            None => false,
        };
        let state = if is_withdrawn || removed_at.is_some() {
            EntryState::Withdrawn
        } else {
            EntryState::Active
        };
        Ok((state, removed_at))
    }

    /// The latest of the times that the record tells. One that cannot be read leaves the entry
    /// as it is.
    fn changed_at(
        &self,
        record: &impl Record<F>,
        removed_at: Option<Timestamp>,
        aside: &mut Vec<RowError>,
    ) -> Option<Timestamp> {
        let mut latest = removed_at;
        for named in [&self.added, &self.changed].into_iter().flatten() {
            match self.time(record, named) {
                Ok(time) => latest = latest.max(time),
                Err(reason) => aside.push(reason),
            }
        }
        latest
    }

    fn time(
        &self,
        record: &impl Record<F>,
        named: &Named<F>,
    ) -> Result<Option<Timestamp>, RowError> {
        let text = record.text(&named.field).unwrap_or_default();
        if value::is_no_time(&text) {
            return Ok(None);
        }
        let time = self.times.read(&text).ok_or_else(|| RowError::Time {
            column: named.name.clone(),
        })?;
        Ok(Some(time))
    }

    fn tags(&self, record: &impl Record<F>) -> Vec<String> {
        let mut tags = Vec::new();
        for named in &self.tags {
            for text in record.texts(&named.field) {
                match self.tag_separator {
                    Some(separator) => tags.extend(
                        text.split(separator)
                            .map(str::trim)
                            .filter(|tag| !tag.is_empty())
                            .map(str::to_owned),
                    ),
                    None => tags.push(text.into_owned()),
                }
            }
        }
        tags
    }

    /// What the entry is known by: its id, or else its first hash with its owner, since two
    /// owners of one hash are two facts.
    fn key(
        &self,
        id: Option<&str>,
        owner: Option<&str>,
        first: Option<&Fingerprint>,
    ) -> Option<EntryKey> {
        let hash = || first.map(hash_text);
        let text = match (id, owner) {
            (Some(id), _) if self.id_repeats => format!("{id}/{}", hash()?),
            (Some(id), _) => id.to_owned(),
            (None, Some(owner)) => format!("{owner}/{}", hash()?),
            (None, None) => hash()?,
        };
        Some(key_of(text))
    }
}

impl<F> StatusPlan<F> {
    fn is_withdrawn(&self, record: &impl Record<F>) -> Result<bool, RowError> {
        let word = record.text(&self.field.field).unwrap_or_default();
        let word = word.to_lowercase();
        if self.withdrawn.contains(&word) {
            return Ok(true);
        }
        if self.active.is_empty() || self.active.contains(&word) {
            return Ok(false);
        }
        Err(RowError::State {
            column: self.field.name.clone(),
        })
    }
}

impl<F> Named<F> {
    /// The same with another form of its field.
    pub(super) fn map<G, E>(
        &self,
        field: &mut impl FnMut(&Self) -> Result<G, E>,
    ) -> Result<Named<G>, E> {
        Ok(Named {
            name: self.name.clone(),
            field: field(self)?,
        })
    }
}

impl<F> Plan<F> {
    /// The same with another form of its fields.
    ///
    /// # Errors
    /// Those of `field`.
    pub(super) fn map<G, E>(
        &self,
        mut field: impl FnMut(&Named<F>) -> Result<G, E>,
    ) -> Result<Plan<G>, E> {
        let f = &mut field;
        let mut map =
            |named: &Option<Named<F>>| named.as_ref().map(|named| named.map(f)).transpose();
        let (id, class, owner) = (map(&self.id)?, map(&self.class)?, map(&self.owner)?);
        let (media, added) = (map(&self.media)?, map(&self.added)?);
        let (changed, removed) = (map(&self.changed)?, map(&self.removed)?);
        Ok(Plan {
            hashes: self
                .hashes
                .iter()
                .map(|hash| hash.map(f))
                .collect::<Result<_, E>>()?,
            status: self
                .status
                .as_ref()
                .map(|status| status.map(f))
                .transpose()?,
            tags: self
                .tags
                .iter()
                .map(|tag| tag.map(f))
                .collect::<Result<_, E>>()?,
            id,
            class,
            owner,
            media,
            added,
            changed,
            removed,
            tag_separator: self.tag_separator,
            times: self.times.clone(),
            kinds: self.kinds.clone(),
            id_repeats: self.id_repeats,
        })
    }
}

impl<F> HashPlan<F> {
    fn map<G, E>(
        &self,
        field: &mut impl FnMut(&Named<F>) -> Result<G, E>,
    ) -> Result<HashPlan<G>, E> {
        let kind = match &self.kind {
            KindPlan::Is(kind) => KindPlan::Is(kind.clone()),
            KindPlan::In(named) => KindPlan::In(named.map(field)?),
        };
        Ok(HashPlan {
            each: self.each.as_ref().map(|each| each.map(field)).transpose()?,
            value: self.value.map(field)?,
            kind,
            media: self.media,
            quality: self
                .quality
                .as_ref()
                .map(|named| named.map(field))
                .transpose()?,
            writing: self.writing,
        })
    }
}

impl<F> StatusPlan<F> {
    fn map<G, E>(
        &self,
        field: &mut impl FnMut(&Named<F>) -> Result<G, E>,
    ) -> Result<StatusPlan<G>, E> {
        Ok(StatusPlan {
            field: self.field.map(field)?,
            withdrawn: self.withdrawn.clone(),
            active: self.active.clone(),
        })
    }
}

fn quality<F>(record: &impl Record<F>, named: &Named<F>) -> Result<Option<Quality>, RowError> {
    let Some(text) = record.text(&named.field) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(quality @ 0..=100) => Ok(Some(Quality(quality))),
        _ => Err(RowError::Quality {
            column: named.name.clone(),
        }),
    }
}

/// A hash with its kind, as a part of a key.
pub(super) fn hash_text(fingerprint: &Fingerprint) -> String {
    match fingerprint {
        Fingerprint::Hash { hash, .. } => format!("{}:{hash}", hash.algorithm()),
        Fingerprint::Other { kind, value, .. } => format!("{kind}:{}", value.reveal()),
    }
}

/// A key for any text but the empty one: itself where it can be one, with what is no visible
/// ASCII percent-encoded where it cannot, and its SHA-256 where that is too long.
pub(super) fn key_of(text: String) -> EntryKey {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%';
    let text = if text.bytes().all(is_plain) {
        text
    } else {
        utf8_percent_encode(&text, NOT_VISIBLE).to_string()
    };
    let length = text.len();
    if let Ok(key) = EntryKey::new(text.as_str()) {
        return key;
    }
    debug_assert!(length > 0, "no key is made of nothing");
    let digest = Hash::Sha256(Sha256::digest(text.as_bytes()).into());
    EntryKey::new(format!("sha256-of-key:{digest}")).expect("visible ASCII of less than 256 bytes")
}

/// What is no visible ASCII, and what the encoding itself is written with.
const NOT_VISIBLE: &AsciiSet = &CONTROLS.add(b' ').add(b'%');
