//! Digests: found by equality alone, in arrays sorted by value.

use seawall_core::{BankId, ContentId, Hash};

/// Whose an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) bank: BankId,
    pub(super) content: ContentId,
}

/// Digests of every kind with their owners.
#[derive(Default)]
pub(super) struct Digests {
    md5: Sorted<16>,
    sha1: Sorted<20>,
    sha256: Sorted<32>,
}

impl Digests {
    /// PDQ hashes among the entries are no digests and are left out.
    pub(super) fn new(entries: &[(Hash, Owner)]) -> Self {
        Self {
            md5: Sorted::new(entries.iter().filter_map(|(hash, owner)| match hash {
                Hash::Md5(value) => Some((*value, *owner)),
                Hash::Pdq(_) | Hash::Sha1(_) | Hash::Sha256(_) => None,
            })),
            sha1: Sorted::new(entries.iter().filter_map(|(hash, owner)| match hash {
                Hash::Sha1(value) => Some((*value, *owner)),
                Hash::Pdq(_) | Hash::Md5(_) | Hash::Sha256(_) => None,
            })),
            sha256: Sorted::new(entries.iter().filter_map(|(hash, owner)| match hash {
                Hash::Sha256(value) => Some((*value, *owner)),
                Hash::Pdq(_) | Hash::Md5(_) | Hash::Sha1(_) => None,
            })),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.md5.values.len() + self.sha1.values.len() + self.sha256.values.len()
    }

    /// The owners of this digest; none for a PDQ hash.
    pub(super) fn owners(&self, hash: &Hash) -> &[Owner] {
        match hash {
            Hash::Pdq(_) => &[],
            Hash::Md5(value) => self.md5.owners(value),
            Hash::Sha1(value) => self.sha1.owners(value),
            Hash::Sha256(value) => self.sha256.owners(value),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Hash, Owner)> {
        let md5 = self
            .md5
            .iter()
            .map(|(value, owner)| (Hash::Md5(value), owner));
        let sha1 = self
            .sha1
            .iter()
            .map(|(value, owner)| (Hash::Sha1(value), owner));
        let sha256 = self.sha256.iter();
        md5.chain(sha1)
            .chain(sha256.map(|(value, owner)| (Hash::Sha256(value), owner)))
    }
}

/// Values in order. Those with the same first bits are a short stretch that an array of
/// starts gives at once; a list whose values crowd there is searched by halves.
struct Sorted<const N: usize> {
    first_bits: u32,
    starts: Vec<u32>,
    values: Vec<[u8; N]>,
    owners: Vec<Owner>,
}

impl<const N: usize> Default for Sorted<N> {
    fn default() -> Self {
        Self::new([].into_iter())
    }
}

impl<const N: usize> Sorted<N> {
    fn new(entries: impl Iterator<Item = ([u8; N], Owner)>) -> Self {
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable();
        let first_bits = (entries.len().max(1).ilog2()).saturating_sub(2).min(24);
        let mut starts = vec![0; (1 << first_bits) + 1];
        for (value, _) in &entries {
            starts[first(value, first_bits) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let (values, owners) = entries.into_iter().unzip();
        Self {
            first_bits,
            starts,
            values,
            owners,
        }
    }

    fn owners(&self, value: &[u8; N]) -> &[Owner] {
        let at = first(value, self.first_bits);
        let (start, end) = (self.starts[at] as usize, self.starts[at + 1] as usize);
        let stretch = &self.values[start..end];
        let from = stretch.partition_point(|listed| listed < value);
        let to = from + stretch[from..].partition_point(|listed| listed == value);
        &self.owners[start + from..start + to]
    }

    fn iter(&self) -> impl Iterator<Item = ([u8; N], Owner)> {
        self.values.iter().copied().zip(self.owners.iter().copied())
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

    fn owner(content: i64) -> Owner {
        Owner {
            bank: BankId(1),
            content: ContentId(content),
        }
    }

    proptest! {
        #[test]
        fn every_owner_of_a_digest_is_found(
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
            let entries: Vec<_> = entries.into_iter().map(digest).zip((0..).map(owner)).collect();
            let wanted = digest(wanted);
            let digests = Digests::new(&entries);
            let expected: Vec<_> = entries.iter().filter(|(hash, _)| *hash == wanted).map(|(_, owner)| *owner).collect();
            prop_assert_eq!(digests.owners(&wanted), expected);
            prop_assert_eq!(digests.len(), entries.len());
            let mut kept: Vec<_> = digests.iter().collect();
            kept.sort_unstable();
            let mut given = entries;
            given.sort_unstable();
            prop_assert_eq!(kept, given);
        }
    }
}
