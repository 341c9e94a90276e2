//! Where in a page the entries stand, and what their fields mean.

use std::collections::BTreeMap;

use seawall_core::{Algorithm, Quality, Redacted, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::description::{DescriptionError, Encoding, Place, TimeFormat, rule};
use crate::feed::{Entry, EntryKey, EntryState, FeedError, Fingerprint, Media, Page, SetAside};
use crate::json;

/// The entries of a page: `[entries]`. Places in it are places in one entry, but for `at`.
/// Words are compared without regard to the case of ASCII letters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryFields {
    /// Where in a page the array of entries stands.
    pub at: Place,
    /// What an entry is known by. Several places are joined by colons; together they have to
    /// stay the same when the entry changes.
    pub key: Vec<Place>,
    /// Who vouches for it.
    #[serde(default)]
    pub owner: Option<Place>,
    /// What the partner calls its class.
    #[serde(default)]
    pub class: Option<Place>,
    /// What else the partner says: each place is a word or an array of words.
    #[serde(default)]
    pub tags: Vec<Place>,
    /// When it last changed.
    #[serde(default)]
    pub changed_at: Option<TimeField>,
    /// Whether it is still on the list. Where nothing is said, every entry is.
    #[serde(default)]
    pub state: Option<StateField>,
    /// Its hashes: one `[[entries.hashes]]` for each field that holds some.
    pub hashes: Vec<HashFields>,
}

/// A time in an entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeField {
    /// Where it stands.
    pub at: Place,
    /// How it is written.
    pub format: TimeFormat,
}

/// Whether an entry is still on the list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateField {
    /// Where it stands.
    pub at: Place,
    /// The words that mean that it was withdrawn.
    #[serde(default)]
    pub withdrawn: Vec<String>,
    /// Whether anything that stands there means so, such as the date of the withdrawal.
    #[serde(default)]
    pub withdrawn_when_present: bool,
    /// The words that mean that it is on the list. Where nothing is said, every other word does;
    /// where something is, an entry with a word that is neither is set aside.
    #[serde(default)]
    pub active: Vec<String>,
}

/// Hashes in an entry: `[[entries.hashes]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HashFields {
    /// Where the value stands, or an array of values.
    pub value: Place,
    /// What kind it is: `pdq`, `md5`, `sha1` or `sha256`.
    #[serde(default)]
    pub kind: Option<Algorithm>,
    /// In place of `kind`: the name of a kind that Seawall does not match. The value is kept as
    /// it comes.
    #[serde(default)]
    pub other_kind: Option<String>,
    /// In place of `kind`: where the entry says what kind it is.
    #[serde(default)]
    pub kind_at: Option<Place>,
    /// With `kind_at`: the partner's words for the kinds that Seawall matches. A value of
    /// another kind is kept as it comes.
    #[serde(default)]
    pub kinds: BTreeMap<String, Algorithm>,
    /// How the value is written: `hex`, `base64` or `base32`; `hex` where nothing is said.
    #[serde(default)]
    pub encoding: Encoding,
    /// What the hash was made of: `image`, `video` or `unknown`.
    #[serde(default)]
    pub media: Option<Media>,
    /// In place of `media`: where the entry says what it was made of.
    #[serde(default)]
    pub media_at: Option<Place>,
    /// With `media_at`: the partner's words for pictures.
    #[serde(default)]
    pub images: Vec<String>,
    /// With `media_at`: the partner's words for videos.
    #[serde(default)]
    pub videos: Vec<String>,
    /// For PDQ: where the quality stands, 0 to 100.
    #[serde(default)]
    pub quality: Option<Place>,
}

impl EntryFields {
    pub(super) fn check(&self) -> Result<(), DescriptionError> {
        let places = (1..=8).contains(&self.key.len());
        rule(places, "entries", "key has one to eight places")?;
        rule(
            !self.hashes.is_empty(),
            "entries",
            "there is no [[entries.hashes]]",
        )?;
        if let Some(state) = &self.state {
            let is_said = !state.withdrawn.is_empty() || state.withdrawn_when_present;
            let text = "state says in withdrawn which words mean so, or withdrawn_when_present";
            rule(is_said, "entries", text)?;
        }
        self.hashes.iter().try_for_each(HashFields::check)
    }

    /// The entries of a page, without a checkpoint.
    ///
    /// # Errors
    /// [`FeedError::Unreadable`] where no array stands where the entries belong. An entry that
    /// cannot be read is set aside.
    pub(super) fn read(&self, document: &Value) -> Result<Page, FeedError> {
        let entries = self.at.find(document).and_then(Value::as_array);
        let missing = || json::unreadable("no array of entries stands where one belongs");
        let mut page = Page::default();
        for (place, value) in (1..).zip(entries.ok_or_else(missing)?) {
            self.read_entry(place, value, &mut page);
        }
        Ok(page)
    }

    fn read_entry(&self, place: usize, value: &Value, page: &mut Page) {
        let mut set_aside = |key: Option<&EntryKey>, reason: &str| {
            page.set_aside.push(SetAside {
                place,
                key: key.cloned(),
                reason: reason.to_owned(),
            });
        };
        let Some(key) = self.read_key(value) else {
            return set_aside(None, "it has no key of 1 to 256 visible ASCII characters");
        };
        let state = self.state.as_ref().map(|state| state.read(value));
        let Some(state) = state.unwrap_or(Some(EntryState::Active)) else {
            return set_aside(Some(&key), "the word for its state is not known");
        };
        let mut fingerprints = Vec::new();
        if state == EntryState::Active {
            for fields in &self.hashes {
                if let Err(reason) = fields.read(value, &mut fingerprints) {
                    set_aside(Some(&key), reason);
                }
            }
            if fingerprints.is_empty() {
                return set_aside(Some(&key), "it has no hash that can be read");
            }
        }
        let changed_at = self.changed_at.as_ref().map(|field| field.read(value));
        if changed_at == Some(None) {
            set_aside(
                Some(&key),
                "the time of its change cannot be read; it counts without",
            );
        }
        let word = |place: &Place| place.find(value).and_then(json::text);
        page.entries.push(Entry {
            key,
            state,
            owner: self.owner.as_ref().and_then(word),
            class: self.class.as_ref().and_then(word),
            tags: self
                .tags
                .iter()
                .flat_map(|place| words(place, value))
                .collect(),
            changed_at: changed_at.flatten(),
            fingerprints,
            opinions: Vec::new(),
        });
    }

    fn read_key(&self, value: &Value) -> Option<EntryKey> {
        let part = |place: &Place| place.find(value).and_then(json::text);
        let parts: Vec<String> = self.key.iter().map(part).collect::<Option<_>>()?;
        EntryKey::new(parts.join(":")).ok()
    }
}

impl TimeField {
    fn read(&self, value: &Value) -> Option<Timestamp> {
        self.format.read(&json::text(self.at.find(value)?)?)
    }
}

impl StateField {
    /// The state; `None` for a word that is not known.
    fn read(&self, value: &Value) -> Option<EntryState> {
        let found = self.at.find(value);
        let word = found.and_then(json::text);
        let is_one_of = |words: &[String]| {
            let word = word.as_deref().unwrap_or_default();
            words.iter().any(|known| known.eq_ignore_ascii_case(word))
        };
        let is_present = word.as_deref().is_some_and(|word| word != "false");
        if is_one_of(&self.withdrawn) || (self.withdrawn_when_present && is_present) {
            Some(EntryState::Withdrawn)
        } else if self.active.is_empty() || is_one_of(&self.active) {
            Some(EntryState::Active)
        } else {
            None
        }
    }
}

impl HashFields {
    fn check(&self) -> Result<(), DescriptionError> {
        let section = "entries.hashes";
        let kinds = [
            self.kind.is_some(),
            self.other_kind.is_some(),
            self.kind_at.is_some(),
        ];
        let count = kinds.into_iter().filter(|&is_said| is_said).count();
        rule(
            count == 1,
            section,
            "there is one of kind, other_kind and kind_at",
        )?;
        let has_words = self.kinds.is_empty() || self.kind_at.is_some();
        rule(has_words, section, "kinds goes with kind_at")?;
        let is_once = self.media.is_none() || self.media_at.is_none();
        rule(is_once, section, "there is one of media and media_at")?;
        let has_place =
            self.media_at.is_some() || (self.images.is_empty() && self.videos.is_empty());
        rule(has_place, section, "images and videos go with media_at")
    }

    /// Adds what the field holds, which may be nothing.
    fn read(&self, entry: &Value, into: &mut Vec<Fingerprint>) -> Result<(), &'static str> {
        let values = words(&self.value, entry);
        if values.is_empty() {
            return Ok(());
        }
        let kind = self.read_kind(entry)?;
        let media = self.read_media(entry);
        let quality = self
            .quality
            .as_ref()
            .and_then(|place| quality(place, entry));
        let mut is_bad = false;
        for value in values {
            match &kind {
                Kind::Matched(algorithm) => match self.encoding.read(*algorithm, &value) {
                    Some(hash) => into.push(Fingerprint::Hash {
                        hash,
                        media,
                        quality: quality.filter(|_| *algorithm == Algorithm::Pdq),
                    }),
                    None => is_bad = true,
                },
                Kind::Other(kind) => into.push(Fingerprint::Other {
                    kind: kind.clone(),
                    media,
                    value: Redacted(value),
                }),
            }
        }
        if is_bad {
            Err("a value is no hash of its kind")
        } else {
            Ok(())
        }
    }

    fn read_kind(&self, entry: &Value) -> Result<Kind, &'static str> {
        if let Some(algorithm) = self.kind {
            return Ok(Kind::Matched(algorithm));
        }
        if let Some(kind) = &self.other_kind {
            return Ok(Kind::Other(kind.clone()));
        }
        let word = self
            .kind_at
            .as_ref()
            .and_then(|place| place.find(entry))
            .and_then(json::text);
        let word = word.ok_or("nothing says what kind its hash is")?;
        let mut known = self.kinds.iter();
        let known = known.find(|(name, _)| name.eq_ignore_ascii_case(&word));
        Ok(known.map_or(Kind::Other(word), |(_, &algorithm)| {
            Kind::Matched(algorithm)
        }))
    }

    fn read_media(&self, entry: &Value) -> Media {
        let place = self.media_at.as_ref();
        let Some(word) = place
            .and_then(|place| place.find(entry))
            .and_then(json::text)
        else {
            return self.media.unwrap_or(Media::Unknown);
        };
        let is_one_of =
            |words: &[String]| words.iter().any(|known| known.eq_ignore_ascii_case(&word));
        if is_one_of(&self.images) {
            Media::Image
        } else if is_one_of(&self.videos) {
            Media::Video
        } else {
            Media::Unknown
        }
    }
}

enum Kind {
    Matched(Algorithm),
    Other(String),
}

fn quality(place: &Place, entry: &Value) -> Option<Quality> {
    let number: u8 = json::text(place.find(entry)?)?.parse().ok()?;
    (number <= 100).then_some(Quality(number))
}

/// The word that stands at a place, or the words of the array that does.
fn words(place: &Place, value: &Value) -> Vec<String> {
    match place.find(value) {
        Some(Value::Array(values)) => values.iter().filter_map(json::text).collect(),
        Some(value) => json::text(value).into_iter().collect(),
        None => Vec::new(),
    }
}
