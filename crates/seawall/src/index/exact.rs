//! Digests: found by equality alone, in arrays sorted by value.

use seawall_core::{BankId, ContentId, Hash, ListId};

/// Whose an entry is: what is withdrawn as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) bank: BankId,
    pub(super) content: ContentId,
}

/// Where an entry came from: what has settings as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    pub(super) bank: BankId,
    pub(super) list: Option<ListId>,
}

/// Digests of every kind with their contents.
#[derive(Default)]
pub(super) struct Digests {
    /// In order, each once.
    pub(super) sources: Vec<Source>,
    md5: Sorted<16>,
    sha1: Sorted<20>,
    sha256: Sorted<32>,
}

impl Digests {
    /// PDQ hashes among the entries are no digests and are left out.
    pub(super) fn new(entries: &[(Hash, Source, ContentId)]) -> Self {
        let mut sources: Vec<Source> = Vec::new();
        for (_, source, _) in entries {
            // Entries of one source come together.
            if sources.last() != Some(source) {
                sources.push(*source);
            }
        }
        sources.sort_unstable();
        sources.dedup();
        let place = |source: &Source| sources.partition_point(|listed| listed < source) as u32;
        Self {
            md5: Sorted::new(
                entries
                    .iter()
                    .filter_map(|(hash, source, content)| match hash {
                        Hash::Md5(value) => Some((*value, place(source), *content)),
                        Hash::Pdq(_) | Hash::Sha1(_) | Hash::Sha256(_) => None,
                    }),
            ),
            sha1: Sorted::new(
                entries
                    .iter()
                    .filter_map(|(hash, source, content)| match hash {
                        Hash::Sha1(value) => Some((*value, place(source), *content)),
                        Hash::Pdq(_) | Hash::Md5(_) | Hash::Sha256(_) => None,
                    }),
            ),
            sha256: Sorted::new(
                entries
                    .iter()
                    .filter_map(|(hash, source, content)| match hash {
                        Hash::Sha256(value) => Some((*value, place(source), *content)),
                        Hash::Pdq(_) | Hash::Md5(_) | Hash::Sha1(_) => None,
                    }),
            ),
            sources,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.md5.values.len() + self.sha1.values.len() + self.sha256.values.len()
    }

    /// The entries with this digest; none for a PDQ hash.
    pub(super) fn equal(&self, hash: &Hash) -> impl Iterator<Item = (Source, ContentId)> {
        let (sources, contents): (&[u32], &[ContentId]) = match hash {
            Hash::Pdq(_) => (&[], &[]),
            Hash::Md5(value) => self.md5.equal(value),
            Hash::Sha1(value) => self.sha1.equal(value),
            Hash::Sha256(value) => self.sha256.equal(value),
        };
        let sources = sources.iter().map(|at| self.sources[*at as usize]);
        sources.zip(contents.iter().copied())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Hash, Source, ContentId)> {
        let md5 = self.md5.iter();
        let sha1 = self.sha1.iter();
        let sha256 = self.sha256.iter();
        md5.map(|(value, at, content)| (Hash::Md5(value), at, content))
            .chain(sha1.map(|(value, at, content)| (Hash::Sha1(value), at, content)))
            .chain(sha256.map(|(value, at, content)| (Hash::Sha256(value), at, content)))
            .map(|(hash, at, content)| (hash, self.sources[at as usize], content))
    }
}

/// Values in order. Those with the same first bits are a short stretch that an array of
/// starts gives at once; a list whose values crowd there is searched by halves.
struct Sorted<const N: usize> {
    first_bits: u32,
    starts: Vec<u32>,
    values: Vec<[u8; N]>,
    /// The place of each value's source among the sources.
    sources: Vec<u32>,
    contents: Vec<ContentId>,
}

impl<const N: usize> Default for Sorted<N> {
    fn default() -> Self {
        Self::new([].into_iter())
    }
}

impl<const N: usize> Sorted<N> {
    fn new(entries: impl Iterator<Item = ([u8; N], u32, ContentId)>) -> Self {
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable();
        let first_bits = (entries.len().max(1).ilog2()).saturating_sub(2).min(24);
        let mut starts = vec![0; (1 << first_bits) + 1];
        for (value, ..) in &entries {
            starts[first(value, first_bits) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self {
            first_bits,
            starts,
            values: entries.iter().map(|(value, ..)| *value).collect(),
            sources: entries.iter().map(|(_, source, _)| *source).collect(),
            contents: entries.iter().map(|(.., content)| *content).collect(),
        }
    }

    fn equal(&self, value: &[u8; N]) -> (&[u32], &[ContentId]) {
        let at = first(value, self.first_bits);
        let (start, end) = (self.starts[at] as usize, self.starts[at + 1] as usize);
        let stretch = &self.values[start..end];
        let from = stretch.partition_point(|listed| listed < value);
        let to = from + stretch[from..].partition_point(|listed| listed == value);
        let found = start + from..start + to;
        (&self.sources[found.clone()], &self.contents[found])
    }

    fn iter(&self) -> impl Iterator<Item = ([u8; N], u32, ContentId)> {
        let values = self.values.iter().zip(&self.sources).zip(&self.contents);
        values.map(|((value, source), content)| (*value, *source, *content))
    }
}

/// A value's first bits, as a number.
fn first<const N: usize>(value: &[u8; N], bits: u32) -> usize {
    let [a, b, c, d] = *value.first_chunk().expect("every digest is longer");
    (u64::from(u32::from_be_bytes([a, b, c, d])) >> (32 - bits)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(number: i64) -> Source {
        Source {
            bank: BankId(number / 3),
            list: (number % 3 > 0).then_some(ListId(number)),
        }
    }

    proptest! {
        #[test]
        fn every_entry_of_a_digest_is_found(
            entries in prop::collection::vec((0_u8..4, 0_u8..3, any::<bool>()), 0..200),
            wanted in (0_u8..4, 0_u8..3, any::<bool>()),
        ) {
            let digest = |(first, last, sha): (u8, u8, bool)| if sha {
                let mut value = [0; 20];
                (value[0], value[19]) = (first << 6, last);
                Hash::Sha1(value)
            } else {
                let mut value = [0; 16];
                (value[0], value[15]) = (first << 6, last);
                Hash::Md5(value)
            };
            let entries: Vec<_> = entries.into_iter().zip(0..).map(|(entry, at)| {
                (digest(entry), source(at * 7 % 11), ContentId(at))
            }).collect();
            let wanted = digest(wanted);
            let digests = Digests::new(&entries);
            let equal = entries.iter().filter(|(hash, ..)| *hash == wanted);
            let mut expected: Vec<_> = equal.map(|(_, source, content)| (*source, *content)).collect();
            expected.sort_unstable();
            prop_assert_eq!(digests.equal(&wanted).collect::<Vec<_>>(), expected);
            prop_assert_eq!(digests.len(), entries.len());
            let mut kept: Vec<_> = digests.iter().collect();
            kept.sort_unstable();
            let mut given = entries;
            given.sort_unstable();
            prop_assert_eq!(kept, given);
        }
    }
}
