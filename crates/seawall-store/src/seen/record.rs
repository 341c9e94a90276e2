//! A seen item as bytes, before they are sealed.
//!
//! An entry is the item's id, the time, the channel, how many hashes of each kind follow, and
//! the views of the PDQ hashes. A row is an entry and its hashes; a page keeps all entries in
//! one part and the hashes of each kind in another, in the same order, so that a search reads
//! plain rows of one length.

use std::fmt;

use seawall_casework::context::ChannelKind;
use seawall_core::{Algorithm, Hash, Timestamp, View};

/// An upload that matched nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenRecord {
    /// The platform's own id of the item.
    pub item_id: String,
    /// When it came.
    pub seen_at: Timestamp,
    /// Where it appeared.
    pub channel: ChannelKind,
    /// Its hashes, PDQ first, each with the form of the picture that it is of.
    pub hashes: Vec<(Hash, Option<View>)>,
}

impl fmt::Debug for SeenRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeenRecord([redacted])")
    }
}

/// What is known of a seen item beside the values of its hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenEntry {
    /// The platform's own id of the item.
    pub item_id: String,
    /// When it came.
    pub seen_at: Timestamp,
    /// Where it appeared.
    pub channel: ChannelKind,
    /// The form of each of its PDQ hashes.
    pub views: Vec<Option<View>>,
    /// How many hashes it has of each kind, in the order of [`Algorithm::ALL`].
    pub hashes: [u16; 4],
}

impl fmt::Debug for SeenEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeenEntry([redacted])")
    }
}

/// Walks the entries of a page without copying those that nobody asks for.
pub struct SeenEntries<'a> {
    rest: &'a [u8],
}

/// An entry where it lies.
#[derive(Clone, Copy)]
pub(crate) struct RawEntry<'a> {
    item_id: &'a [u8],
    seen_ms: i64,
    channel: u8,
    pub(crate) hashes: [u16; 4],
    views: &'a [u8],
}

impl<'a> SeenEntries<'a> {
    /// The entries of an opened part of this kind.
    #[must_use]
    pub fn new(part: &'a [u8]) -> Self {
        Self { rest: part }
    }

    /// How many hashes the next entry has of each kind, and the entry itself where `wanted`
    /// says so of them; `None` after the last one, or where the bytes are not entries.
    pub fn next_if(
        &mut self,
        wanted: impl FnOnce([u16; 4]) -> bool,
    ) -> Option<([u16; 4], Option<SeenEntry>)> {
        let raw = RawEntry::read(&mut self.rest)?;
        let entry = if wanted(raw.hashes) {
            Some(raw.entry()?)
        } else {
            None
        };
        Some((raw.hashes, entry))
    }
}

impl<'a> RawEntry<'a> {
    pub(crate) fn read(bytes: &mut &'a [u8]) -> Option<Self> {
        let [length] = *take(bytes, 1)? else {
            return None;
        };
        let item_id = take(bytes, usize::from(length))?;
        let seen_ms = i64::from_le_bytes(take(bytes, 8)?.try_into().ok()?);
        let [channel] = *take(bytes, 1)? else {
            return None;
        };
        let mut hashes = [0_u16; 4];
        for count in &mut hashes {
            *count = u16::from_le_bytes(take(bytes, 2)?.try_into().ok()?);
        }
        let views = *bytes;
        for _ in 0..hashes[0] {
            let [length] = *take(bytes, 1)? else {
                return None;
            };
            take(bytes, usize::from(length))?;
        }
        Some(Self {
            item_id,
            seen_ms,
            channel,
            hashes,
            views: &views[..views.len() - bytes.len()],
        })
    }

    pub(crate) fn entry(self) -> Option<SeenEntry> {
        let (mut views, mut rest) = (Vec::new(), self.views);
        while let Some((length, after)) = rest.split_first() {
            let (text, after) = after.split_at(usize::from(*length));
            let text = std::str::from_utf8(text).ok()?;
            views.push(match text {
                "" => None,
                text => Some(text.parse().ok()?),
            });
            rest = after;
        }
        Some(SeenEntry {
            item_id: std::str::from_utf8(self.item_id).ok()?.to_owned(),
            seen_at: Timestamp::from_millis(self.seen_ms),
            channel: *ChannelKind::ALL.get(usize::from(self.channel))?,
            views,
            hashes: self.hashes,
        })
    }
}

impl SeenRecord {
    /// Writes the entry of this record behind `bytes`.
    ///
    /// An item's id has at most 255 bytes and an upload a few hundred hashes at most: the
    /// layers above see to it. More would be cut off.
    pub(crate) fn write_entry(&self, bytes: &mut Vec<u8>) {
        let id = self.item_id.as_bytes();
        let length = u8::try_from(id.len()).unwrap_or(u8::MAX);
        bytes.push(length);
        bytes.extend_from_slice(&id[..usize::from(length)]);
        bytes.extend_from_slice(&self.seen_at.as_millis().to_le_bytes());
        let place = ChannelKind::ALL
            .iter()
            .position(|kind| *kind == self.channel);
        bytes.push(place.map_or(u8::MAX, |place| place as u8));
        for algorithm in Algorithm::ALL {
            let count = u16::try_from(self.of(algorithm).count()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        for (_, view) in self.of(Algorithm::Pdq) {
            let text = view.map(|view| view.to_string()).unwrap_or_default();
            bytes.push(u8::try_from(text.len()).unwrap_or(0));
            bytes.extend_from_slice(text.as_bytes());
        }
    }

    /// Writes the values of one kind behind `bytes`.
    pub(crate) fn write_values(&self, algorithm: Algorithm, bytes: &mut Vec<u8>) {
        for (hash, _) in self.of(algorithm) {
            bytes.extend_from_slice(&hash.to_bytes());
        }
    }

    /// The record as a row.
    pub(crate) fn to_row(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        self.write_entry(&mut bytes);
        for algorithm in Algorithm::ALL {
            self.write_values(algorithm, &mut bytes);
        }
        bytes
    }

    /// Reads what [`SeenRecord::to_row`] wrote.
    pub(crate) fn from_row(mut bytes: &[u8]) -> Option<Self> {
        let entry = RawEntry::read(&mut bytes)?.entry()?;
        let mut values = [bytes; 4];
        for (place, algorithm) in Algorithm::ALL.into_iter().enumerate() {
            let length = usize::from(entry.hashes[place]) * algorithm.bytes();
            values[place] = take(&mut bytes, length)?;
        }
        let record = Self::put_together(entry, &mut values)?;
        bytes.is_empty().then_some(record)
    }

    /// Takes an entry's values off the front of the parts that hold them.
    pub(crate) fn put_together(entry: SeenEntry, values: &mut [&[u8]; 4]) -> Option<Self> {
        let mut hashes = Vec::new();
        let mut views = entry.views.into_iter();
        for (place, algorithm) in Algorithm::ALL.into_iter().enumerate() {
            for _ in 0..entry.hashes[place] {
                let value = take(&mut values[place], algorithm.bytes())?;
                let view = match algorithm {
                    Algorithm::Pdq => views.next()?,
                    Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 => None,
                };
                hashes.push((Hash::from_bytes(algorithm, value)?, view));
            }
        }
        Some(Self {
            item_id: entry.item_id,
            seen_at: entry.seen_at,
            channel: entry.channel,
            hashes,
        })
    }

    fn of(&self, algorithm: Algorithm) -> impl Iterator<Item = &(Hash, Option<View>)> {
        let of_kind = move |(hash, _): &&(Hash, Option<View>)| hash.algorithm() == algorithm;
        self.hashes.iter().filter(of_kind)
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(front)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seawall_core::PdqHash;

    fn record() -> impl Strategy<Value = SeenRecord> {
        let view = prop::option::of(prop::sample::select(vec![
            View::STORED,
            View::UPRIGHT,
            View::frame(12),
        ]));
        (
            "[a-zäß/0-9]{1,40}",
            0..4_000_000_000_000_i64,
            prop::sample::select(ChannelKind::ALL.to_vec()),
            prop::collection::vec((any::<[u64; 4]>(), view), 0..5),
            prop::option::of(any::<[u8; 16]>()),
            prop::option::of(any::<[u8; 32]>()),
        )
            .prop_map(|(item_id, at, channel, pdq, md5, sha256)| {
                let pdq = pdq
                    .into_iter()
                    .map(|(words, view)| (Hash::Pdq(PdqHash(words)), view));
                let digests = [md5.map(Hash::Md5), sha256.map(Hash::Sha256)];
                let digests = digests.into_iter().flatten().map(|hash| (hash, None));
                SeenRecord {
                    item_id,
                    seen_at: Timestamp::from_millis(at),
                    channel,
                    hashes: pdq.chain(digests).collect(),
                }
            })
    }

    proptest! {
        #[test]
        fn a_row_comes_back_as_it_was(record in record()) {
            prop_assert_eq!(SeenRecord::from_row(&record.to_row()), Some(record));
        }

        #[test]
        fn a_row_cut_short_or_made_longer_is_no_row(record in record(), cut: prop::sample::Index) {
            let row = record.to_row();
            prop_assert_eq!(SeenRecord::from_row(&row[..cut.index(row.len())]), None);
            prop_assert_eq!(SeenRecord::from_row(&[&row[..], &[0]].concat()), None);
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes: Vec<u8>) {
            let _ = SeenRecord::from_row(&bytes);
            let mut entries = SeenEntries::new(&bytes);
            while entries.next_if(|_| true).is_some() {}
        }
    }
}
