//! Every row near a needle: by tables, or by looking at each row.

use seawall_simd::hamming::{self, Run};

use super::tables::{SLICES, Tables};

/// What a lookup works with; kept from one to the next, it saves memory from being asked for.
pub(super) struct Scratch {
    /// Stretches of the table looked at and of the next one.
    pub(super) runs: [Vec<Run>; 2],
    /// Where the fingerprints stand that pass, table after table.
    pub(super) positions: Vec<u32>,
    /// Where each table's positions end.
    pub(super) ends: [usize; SLICES],
    /// The rows of the positions.
    pub(super) rows: Vec<u32>,
    /// What was found: rows with their distances.
    pub(super) near: Vec<(u32, u16)>,
    /// What the tables cost this lookup so far, in fingerprints looked at.
    pub(super) work: usize,
    /// Stretches of a table that is surveyed, and the sampled positions that pass.
    pub(super) surveyed: Vec<Run>,
    pub(super) sampled: Vec<u32>,
}

impl Default for Scratch {
    /// With room for what a lookup within 31 bits among some millions needs.
    fn default() -> Self {
        Self {
            runs: [Vec::with_capacity(32), Vec::with_capacity(32)],
            positions: Vec::with_capacity(256),
            ends: [0; SLICES],
            rows: Vec::with_capacity(256),
            near: Vec::with_capacity(64),
            work: 0,
            surveyed: Vec::new(),
            sampled: Vec::new(),
        }
    }
}

impl Scratch {
    pub(super) fn clear(&mut self) {
        self.positions.clear();
        self.rows.clear();
        self.near.clear();
        self.work = 0;
    }
}

/// Hashes by row, with the tables over them where they are many.
pub(super) struct Rows {
    hashes: Vec<[u64; 4]>,
    tables: Option<Tables>,
}

impl Rows {
    /// Looks at each row where there are fewer than [`SCANNED_MAX`].
    pub(super) fn new(mut hashes: Vec<[u64; 4]>) -> Self {
        hashes.shrink_to_fit();
        let tables = (hashes.len() > SCANNED_MAX).then(|| Tables::new(&hashes));
        Self { hashes, tables }
    }

    pub(super) fn hashes(&self) -> &[[u64; 4]] {
        &self.hashes
    }

    /// Leaves in `scratch.near` every row within `distance_max` bits of the needle, each once.
    pub(super) fn search(&self, needle: &[u64; 4], distance_max: u16, scratch: &mut Scratch) {
        let by_tables = self
            .tables
            .as_ref()
            .is_some_and(|tables| tables.search(&self.hashes, needle, distance_max, scratch));
        if by_tables {
            scratch.near.sort_unstable();
            scratch.near.dedup();
            return;
        }
        scratch.clear();
        hamming::within(needle, &self.hashes, distance_max, &mut |row, distance| {
            scratch.near.push((row as u32, distance));
        });
    }
}

/// Up to this many rows, looking at each one is as fast as the tables.
pub(super) const SCANNED_MAX: usize = 4096;
