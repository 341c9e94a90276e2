//! What is true at a partner: entries, when each last changed, and which were withdrawn.

use std::collections::BTreeMap;

use seawall_core::Timestamp;

/// Entries under their keys. What was withdrawn stays as a tombstone.
pub(crate) struct Source<K, V> {
    rows: BTreeMap<K, Row<V>>,
    changes: u64,
}

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct Row<V> {
    pub(crate) value: V,
    pub(crate) withdrawn: bool,
    /// When it last changed, by the service's clock.
    pub(crate) stamp: Timestamp,
    /// Stays for ever: the how manieth entry it is, counted from 0.
    pub(crate) number: u64,
    /// The how manieth change of the source its last one was: no two rows share it.
    pub(crate) change: u64,
}

impl<V> Row<V> {
    /// The order in which changes are told, with nothing in two places.
    pub(crate) fn order(&self) -> (Timestamp, u64) {
        (self.stamp, self.change)
    }
}

impl<K: Ord, V> Source<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            changes: 0,
        }
    }

    /// Adds an entry or puts another in its place.
    pub(crate) fn put(&mut self, key: K, value: V, stamp: Timestamp) {
        let count = self.rows.len() as u64;
        let number = self.rows.get(&key).map_or(count, |row| row.number);
        let row = Row {
            value,
            withdrawn: false,
            stamp,
            number,
            change: self.changes,
        };
        self.changes += 1;
        self.rows.insert(key, row);
    }

    /// Leaves a tombstone; `false` where there is nothing to withdraw.
    pub(crate) fn withdraw(&mut self, key: &K, stamp: Timestamp) -> bool {
        match self.rows.get_mut(key) {
            Some(row) if !row.withdrawn => {
                row.withdrawn = true;
                row.stamp = stamp;
                row.change = self.changes;
                self.changes += 1;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Every row, tombstones among them.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row<V>> {
        self.rows.values()
    }

    /// The row under a key.
    pub(crate) fn row(&self, key: &K) -> Option<&Row<V>> {
        self.rows.get(key)
    }

    /// The entries that were not withdrawn, by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &V> {
        let live = self.rows.values().filter(|row| !row.withdrawn);
        live.map(|row| &row.value)
    }

    /// When anything last changed.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.rows.values().map(|row| row.stamp).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_row_keeps_its_number_and_takes_a_new_change() {
        let mut source = Source::new();
        source.put("a", 1, at(10));
        source.put("b", 2, at(10));
        source.put("a", 3, at(20));
        let row = source.row(&"a").expect("put");
        assert_eq!((row.number, row.change, row.stamp), (0, 2, at(20)));
        assert_eq!(source.newest(), Some(at(20)));
    }

    #[test]
    fn what_is_withdrawn_stays_as_a_tombstone_until_it_is_put_again() {
        let mut source = Source::new();
        source.put("a", 1, at(10));
        assert!(source.withdraw(&"a", at(20)));
        assert!(!source.withdraw(&"a", at(30)), "withdrawn already");
        assert!(!source.withdraw(&"b", at(30)), "never put");
        assert_eq!((source.rows().count(), source.entries().count()), (1, 0));
        assert_eq!(source.row(&"a").map(Row::order), Some((at(20), 1)));
        source.put("a", 1, at(40));
        assert_eq!(source.entries().count(), 1);
    }
}
