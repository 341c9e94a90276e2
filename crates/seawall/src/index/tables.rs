//! Sixteen ways to reach a hash by 16 of its bits: multi-index hashing with a second look.
//!
//! `docs/design/match-index.md` explains it to an outsider. In short: a hash is a ring of
//! sixteen slices of 16 bits. Of two hashes no more than 31 bits apart, at least one slice
//! differs in at most one bit, and that slice and the next one together in at most three.
//! Each table sorts all rows by one slice and keeps the next 16 bits of each row beside the
//! row's number, so that a lookup reads seventeen short stretches of 16-bit values a table
//! and goes to the hashes themselves only for the few that pass.

use std::ops::Range;

use seawall_simd::hamming::{self, Run};

use super::near::Scratch;

/// The rows of a list, found by slices of their hashes.
pub(super) struct Tables {
    /// How many bits of a slice are the address in its table; the fingerprint follows on.
    address_bits: u32,
    flips: Flips,
    tables: Vec<Table>,
}

struct Table {
    /// Where each address's stretch starts, and at the end the number of rows.
    starts: Vec<u32>,
    /// The 16 bits after the address, by address.
    fingerprints: Vec<u16>,
    /// The row of each fingerprint.
    rows: Vec<RowNumber>,
}

impl Tables {
    /// The tables of these hashes, no more than [`ROWS_MAX`].
    pub(super) fn new(hashes: &[[u64; 4]]) -> Self {
        assert!(hashes.len() <= ROWS_MAX, "a row's number has three bytes");
        // Stretches of about sixteen rows fill half a cache line.
        let address_bits = (hashes.len().max(1).ilog2().saturating_sub(4)).clamp(4, SLICE_BITS);
        let mut sorter = Sorter::new(hashes, address_bits);
        Self {
            address_bits,
            flips: Flips::new(address_bits),
            tables: (0..SLICES).map(|slice| sorter.table(slice)).collect(),
        }
    }

    /// Leaves in `scratch.near` every row within `distance_max` bits of the needle, perhaps
    /// several times. `false` where that would cost more than looking at each row.
    pub(super) fn search(
        &self,
        hashes: &[[u64; 4]],
        needle: &[u64; 4],
        distance_max: u16,
        scratch: &mut Scratch,
    ) -> bool {
        let shares = Shares::of(distance_max);
        if shares.largest() > FLIPS_MAX + 1 {
            return false;
        }
        let scan = SCAN_WORK_A_ROW * hashes.len();
        let foreseen = self.foreseen_work(hashes.len(), &shares);
        let budget = Budget {
            unsurveyed: foreseen + scan / 8,
            whole: scan * 7 / 8,
        };
        foreseen <= scan / 2 && self.search_within(hashes, needle, distance_max, budget, scratch)
    }

    /// What a lookup costs where no stretch is longer than others.
    fn foreseen_work(&self, rows: usize, shares: &Shares) -> usize {
        let run = rows >> self.address_bits;
        let slices = (0..SLICES).flat_map(|slice| (0..shares.0[slice]).map(move |f| (slice, f)));
        let works = slices.map(|(slice, flips)| {
            let distance_max = shares.pair(slice) - 1 - flips;
            self.flips.of(flips).len() * (RUN_WORK + run * value_work(distance_max))
        });
        works.sum()
    }

    /// [`Tables::search`], given up where it costs more than the budget.
    fn search_within(
        &self,
        hashes: &[[u64; 4]],
        needle: &[u64; 4],
        distance_max: u16,
        budget: Budget,
        scratch: &mut Scratch,
    ) -> bool {
        scratch.clear();
        let shares = Shares::of(distance_max);
        let mut work_max = budget.unsurveyed;
        // While one table is looked at, the memory of the next two is on its way.
        for step in 0..SLICES + 2 {
            if step < SLICES {
                self.expect_starts(step, needle, &shares);
            }
            if let Some(next) = step.checked_sub(1).filter(|next| *next < SLICES) {
                let runs = &mut scratch.runs[next % 2];
                let work = self.collect_runs(next, needle, &shares, runs);
                if scratch.work + work > work_max {
                    // A crowd: what is ahead is told from samples before it is looked at.
                    let is_surveyed = work_max == budget.whole;
                    if is_surveyed
                        || self.survey(next, needle, &shares, budget.whole, scratch) > budget.whole
                    {
                        return false;
                    }
                    work_max = budget.whole;
                }
                scratch.work += work;
            }
            let now = step.checked_sub(2);
            if now.is_some_and(|now| !self.look_at_runs(now, needle, budget.whole, scratch)) {
                return false;
            }
        }
        self.verify(hashes, needle, distance_max, scratch);
        true
    }

    /// What a lookup will have cost after the tables from `first` on, the candidates told from
    /// samples of the long stretches; which blocks are sampled depends on the needle, so that no
    /// order of the rows hides a crowd from every needle. Ends where it is more than `enough`.
    fn survey(
        &self,
        first: usize,
        needle: &[u64; 4],
        shares: &Shares,
        enough: usize,
        scratch: &mut Scratch,
    ) -> usize {
        let Scratch {
            surveyed: runs,
            sampled,
            work: spent,
            ..
        } = scratch;
        let mut work = *spent;
        for (slice, table) in self.tables.iter().enumerate().skip(first) {
            work += self.collect_runs(slice, needle, shares, runs);
            *spent += RUN_WORK * runs.len();
            if work > enough {
                break;
            }
            let fingerprint = fingerprint(needle, slice, self.address_bits);
            for run in runs.iter() {
                let step = sample_step(run);
                let first = needle[slice % 4] as usize % step;
                sampled.clear();
                for block in blocks(run).skip(first).step_by(step) {
                    *spent += RUN_WORK;
                    hamming::within_runs(fingerprint, &table.fingerprints, &[block], sampled);
                }
                work += sampled.len() * step * CANDIDATE_WORK;
            }
        }
        work
    }

    /// Asks for the starts that [`Tables::collect_runs`] will read, a cache line at a time.
    fn expect_starts(&self, slice: usize, needle: &[u64; 4], shares: &Shares) {
        let address = address(needle, slice, self.address_bits);
        let flips = (0..shares.0[slice]).flat_map(|flips| self.flips.of(flips));
        for flip in flips.filter(|flip| **flip % STARTS_A_LINE == 0) {
            hamming::prefetch(&self.tables[slice].starts, address ^ usize::from(*flip));
        }
    }

    /// The stretches of one table in which a near row can be, and how much work that is.
    fn collect_runs(
        &self,
        slice: usize,
        needle: &[u64; 4],
        shares: &Shares,
        runs: &mut Vec<Run>,
    ) -> usize {
        runs.clear();
        let table = &self.tables[slice];
        let address = address(needle, slice, self.address_bits);
        let mut work = 0;
        for flips in 0..shares.0[slice] {
            let distance_max = shares.pair(slice) - 1 - flips;
            for &flip in self.flips.of(flips) {
                let at = address ^ usize::from(flip);
                let (start, end) = (table.starts[at], table.starts[at + 1]);
                work += RUN_WORK + (end - start) as usize * value_work(distance_max);
                runs.push(Run {
                    start,
                    end,
                    distance_max,
                });
                expect_run(&table.fingerprints, start as usize..end as usize);
            }
        }
        work
    }

    /// Gathers the candidates of one table; `false` as soon as they and what was looked at come
    /// to more than `work_max` in all.
    fn look_at_runs(
        &self,
        slice: usize,
        needle: &[u64; 4],
        work_max: usize,
        scratch: &mut Scratch,
    ) -> bool {
        let table = &self.tables[slice];
        let fingerprint = fingerprint(needle, slice, self.address_bits);
        let (runs, positions) = (&scratch.runs[slice % 2], &mut scratch.positions);
        let before = positions.len();
        let candidates_max = work_max.saturating_sub(scratch.work) / CANDIDATE_WORK;
        let crowded = |run: &Run| run.end - run.start > PIECE_VALUES;
        if !runs.iter().any(crowded) {
            hamming::within_runs(fingerprint, &table.fingerprints, runs, positions);
        } else {
            // In a crowd nearly all may pass: that shows soon, and need not be seen to the end.
            for piece in runs.iter().flat_map(|run| cut(*run, PIECE_VALUES as usize)) {
                hamming::within_runs(fingerprint, &table.fingerprints, &[piece], positions);
                if positions.len() > candidates_max {
                    return false;
                }
            }
        }
        for &position in positions[before..].iter().take(CANDIDATES_AHEAD) {
            hamming::prefetch(&table.rows, position as usize);
        }
        scratch.ends[slice] = positions.len();
        positions.len() <= candidates_max
    }

    fn verify(
        &self,
        hashes: &[[u64; 4]],
        needle: &[u64; 4],
        distance_max: u16,
        scratch: &mut Scratch,
    ) {
        let mut start = 0;
        for (table, &end) in self.tables.iter().zip(&scratch.ends) {
            for &position in &scratch.positions[start..end] {
                let row = table.rows[position as usize].row();
                hamming::prefetch(hashes, row as usize);
                scratch.rows.push(row);
            }
            start = end;
        }
        scratch.work += scratch.rows.len() * CANDIDATE_WORK;
        let (rows, near) = (&scratch.rows, &mut scratch.near);
        hamming::within_rows(needle, hashes, rows, distance_max, near);
    }
}

/// The most rows that tables number.
pub(super) const ROWS_MAX: usize = 1 << 24;

/// Slices of a hash, and tables.
pub(super) const SLICES: usize = 16;

const SLICE_BITS: u32 = 16;

/// The most bits of an address that a lookup flips: enough for 79 bits of distance.
const FLIPS_MAX: u16 = 4;

/// What looking at a fingerprint costs, the candidates included that come of it: of random ones,
/// so many in 65 536 are within each distance.
fn value_work(distance_max: u16) -> usize {
    let within = [1, 17, 137, 697, 2_517, 6_885, 14_893, 26_333];
    let within = within.get(usize::from(distance_max)).unwrap_or(&65_536);
    1 + within * CANDIDATE_WORK / 65_536
}

/// What a candidate costs, in fingerprints looked at: two fetches from anywhere in memory.
const CANDIDATE_WORK: usize = 256;

/// What beginning a stretch costs, in fingerprints looked at: also two fetches, but many of
/// them at once.
const RUN_WORK: usize = 128;

/// What a row costs where all are looked at one after the other, in fingerprints looked at.
const SCAN_WORK_A_ROW: usize = 8;

/// What a lookup may spend before it is given up, in fingerprints looked at.
#[derive(Clone, Copy)]
struct Budget {
    /// As long as no crowd shows: what is spent before it does is lost.
    unsurveyed: usize,
    /// What is worth spending where a survey says that it will do.
    whole: usize,
}

/// Of a stretch in a crowd, one block in so many is looked at to tell its candidates, or fewer:
const SAMPLE_STEP_MIN: usize = 16;

/// each is somewhere else in memory, and so many of one stretch tell enough.
const SAMPLES_MAX: usize = 64;

/// The length of such a block.
const SAMPLE_VALUES: usize = 64;

/// How much of a stretch is asked for before it is looked at; the processor sees the rest coming.
const LINES_AHEAD: usize = 8;

/// A longer stretch than this is looked at in pieces. The stretches of a full part are sixty
/// times shorter where its hashes are not crowded.
const PIECE_VALUES: u32 = 1 << 14;

/// A table that gives more candidates than this has them one after the other anyway.
const CANDIDATES_AHEAD: usize = 256;

/// 64 bytes of starts.
const STARTS_A_LINE: u16 = 16;

/// 64 bytes of 16-bit values.
const VALUES_A_LINE: usize = 32;

const _: () = assert!(SLICES * SLICE_BITS as usize == 256);

/// Asks for the first lines of a stretch, and for none that it does not reach into.
fn expect_run(fingerprints: &[u16], run: Range<usize>) {
    let end = run.end.min(run.start + LINES_AHEAD * VALUES_A_LINE);
    for position in run.step_by(VALUES_A_LINE).take(LINES_AHEAD) {
        hamming::prefetch(fingerprints, position);
    }
    hamming::prefetch(fingerprints, end.saturating_sub(1));
}

/// A stretch in short ones.
fn cut(run: Run, values: usize) -> impl Iterator<Item = Run> {
    let Run {
        start,
        end,
        distance_max,
    } = run;
    (start..end).step_by(values).map(move |start| Run {
        start,
        end: end.min(start.saturating_add(values as u32)),
        distance_max,
    })
}

/// A stretch in blocks to sample; none where it is too short to be a crowd.
fn blocks(run: &Run) -> impl Iterator<Item = Run> {
    let is_long = (run.end - run.start) as usize >= 2 * SAMPLE_VALUES * SAMPLE_STEP_MIN;
    let end = if is_long { run.end } else { run.start };
    cut(Run { end, ..*run }, SAMPLE_VALUES)
}

/// One block of a stretch in so many is looked at.
fn sample_step(run: &Run) -> usize {
    let blocks = (run.end - run.start) as usize / SAMPLE_VALUES;
    (blocks / SAMPLES_MAX).max(SAMPLE_STEP_MIN)
}

/// A slice and the one after it on the ring.
fn slice_pair(hash: &[u64; 4], slice: usize) -> u32 {
    let bits = |slice: usize| (hash[slice / 4] >> (slice % 4 * 16)) as u32 & 0xFFFF;
    bits(slice) << SLICE_BITS | bits((slice + 1) % SLICES)
}

fn address(hash: &[u64; 4], slice: usize, address_bits: u32) -> usize {
    (slice_pair(hash, slice) >> (2 * SLICE_BITS - address_bits)) as usize
}

fn fingerprint(hash: &[u64; 4], slice: usize, address_bits: u32) -> u16 {
    (slice_pair(hash, slice) >> (SLICE_BITS - address_bits)) as u16
}

/// How the distance is shared out: where no slice `s` has fewer than `share[s]` differing
/// bits, the whole has more than `distance_max`. So of two hashes within it, some slice has
/// fewer; and for some slice, each stretch of slices that begins there has fewer than the
/// stretch's shares together (the cycle lemma; Qin and Xiao 2018 call it the pigeonring).
struct Shares([u16; SLICES]);

impl Shares {
    fn of(distance_max: u16) -> Self {
        let (each, more) = ((distance_max + 1) / 16, (distance_max + 1) % 16);
        let mut shares = [each; SLICES];
        shares[..usize::from(more)].fill(each + 1);
        Self(shares)
    }

    fn largest(&self) -> u16 {
        self.0[0]
    }

    fn pair(&self, slice: usize) -> u16 {
        self.0[slice] + self.0[(slice + 1) % SLICES]
    }
}

/// Every pattern of up to [`FLIPS_MAX`] set bits among those of an address, fewest first.
struct Flips {
    patterns: Vec<u16>,
    /// Where the patterns of each number of bits end.
    ends: [usize; FLIPS_MAX as usize + 1],
}

impl Flips {
    fn new(address_bits: u32) -> Self {
        let (mut patterns, mut ends) = (Vec::new(), [0; FLIPS_MAX as usize + 1]);
        for (bits, end) in (0..).zip(&mut ends) {
            let all = 0..=u16::MAX >> (SLICE_BITS - address_bits);
            patterns.extend(all.filter(|pattern| pattern.count_ones() == bits));
            *end = patterns.len();
        }
        Self { patterns, ends }
    }

    fn of(&self, bits: u16) -> &[u16] {
        let bits = usize::from(bits);
        let start = bits.checked_sub(1).map_or(0, |fewer| self.ends[fewer]);
        &self.patterns[start..self.ends[bits]]
    }
}

/// The number of a row in three bytes.
#[derive(Clone, Copy, Default)]
struct RowNumber([u8; 3]);

impl RowNumber {
    fn new(row: u32) -> Self {
        let [a, b, c, _] = row.to_le_bytes();
        Self([a, b, c])
    }

    fn row(self) -> u32 {
        let [a, b, c] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }
}

/// Sorts rows by a slice in two passes, each over few enough places to stay in the cache.
struct Sorter<'a> {
    hashes: &'a [[u64; 4]],
    address_bits: u32,
    /// How many rows have each value of a slice's upper bits, slice by slice.
    coarse: Vec<[u32; COARSE]>,
    /// The rows of one table by the upper bits of their address.
    staged: Vec<Staged>,
}

#[derive(Clone, Copy, Default)]
struct Staged {
    row: u32,
    address: u16,
    fingerprint: u16,
}

const COARSE: usize = 256;

impl<'a> Sorter<'a> {
    fn new(hashes: &'a [[u64; 4]], address_bits: u32) -> Self {
        let mut coarse = vec![[0; COARSE]; SLICES];
        for hash in hashes {
            for (slice, counts) in coarse.iter_mut().enumerate() {
                counts[coarse_part(address(hash, slice, address_bits), address_bits)] += 1;
            }
        }
        Self {
            hashes,
            address_bits,
            coarse,
            staged: vec![Staged::default(); hashes.len()],
        }
    }

    fn table(&mut self, slice: usize) -> Table {
        let mut next = [0; COARSE];
        let mut sum = 0;
        for (next, count) in next.iter_mut().zip(&self.coarse[slice]) {
            *next = sum;
            sum += *count as usize;
        }
        for (row, hash) in (0..).zip(self.hashes) {
            let address = address(hash, slice, self.address_bits);
            let place = &mut next[coarse_part(address, self.address_bits)];
            self.staged[*place] = Staged {
                row,
                address: address as u16,
                fingerprint: fingerprint(hash, slice, self.address_bits),
            };
            *place += 1;
        }
        self.second_pass(&next)
    }

    /// `ends` says where each coarse part of the staged rows ends.
    fn second_pass(&self, ends: &[usize; COARSE]) -> Table {
        let addresses = 1 << self.address_bits;
        let mut table = Table {
            starts: vec![0; addresses + 1],
            fingerprints: vec![0; self.staged.len()],
            rows: vec![RowNumber::default(); self.staged.len()],
        };
        let fine_bits = self.address_bits.saturating_sub(8);
        let mut next = [0_u32; COARSE];
        let mut start = 0;
        for (part, &end) in ends.iter().enumerate().take(addresses >> fine_bits) {
            let staged = &self.staged[start..end];
            let fine = |staged: &Staged| usize::from(staged.address) & ((1 << fine_bits) - 1);
            next.fill(0);
            staged.iter().for_each(|staged| next[fine(staged)] += 1);
            let mut sum = start as u32;
            for (offset, next) in next[..1 << fine_bits].iter_mut().enumerate() {
                table.starts[(part << fine_bits) + offset] = sum;
                (*next, sum) = (sum, sum + *next);
            }
            for row in staged {
                let place = &mut next[fine(row)];
                table.fingerprints[*place as usize] = row.fingerprint;
                table.rows[*place as usize] = RowNumber::new(row.row);
                *place += 1;
            }
            start = end;
        }
        table.starts[addresses] = self.staged.len() as u32;
        table
    }
}

fn coarse_part(address: usize, address_bits: u32) -> usize {
    address >> address_bits.saturating_sub(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flipped(mut hash: [u64; 4], bits: impl IntoIterator<Item = u8>) -> [u64; 4] {
        for bit in bits {
            hash[usize::from(bit) / 64] ^= 1 << (bit % 64);
        }
        hash
    }

    /// Rows that no lookup of a test comes near, so that the tables are not given up.
    fn strangers(count: usize) -> Vec<[u64; 4]> {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut word = || {
            state = state.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(1);
            (state ^ state >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) ^ state >> 17
        };
        (0..count)
            .map(|_| [word(), word(), word(), word()])
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_tables_find_what_looking_at_each_row_finds(
            needle: [u64; 4],
            near in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..75), 0..200),
            fill in 0_usize..40_000,
        ) {
            let mut hashes = strangers(fill);
            hashes.extend(near.into_iter().map(|bits| flipped(needle, bits)));
            let tables = Tables::new(&hashes);
            let mut scratch = Scratch::default();
            for distance_max in 0..=64 {
                let mut expected = Vec::new();
                hamming::within_scalar(&needle, &hashes, distance_max, &mut |row, distance| {
                    expected.push((row as u32, distance));
                });
                if tables.search(&hashes, &needle, distance_max, &mut scratch) {
                    scratch.near.sort_unstable();
                    scratch.near.dedup();
                    prop_assert_eq!(&scratch.near, &expected, "within {}", distance_max);
                }
            }
        }
    }

    /// The hardest copies: each slice differs in as many bits as its share, but for one, which
    /// has one fewer, or which has still fewer and the next one as many more.
    #[test]
    fn evenly_spread_copies_are_found_by_the_tables_up_to_79_bits() {
        let mut hashes = strangers((1 << 16) + 80);
        let needles = hashes.split_off(1 << 16);
        let needle = |distance_max: u16| needles[usize::from(distance_max)];
        let mut planted = Vec::new();
        for distance_max in 0..=79 {
            let shares = Shares::of(distance_max).0;
            let hardest =
                (0..SLICES).flat_map(|fewer| (0..shares[fewer]).map(move |moved| (fewer, moved)));
            for (fewer, moved) in hardest {
                let bits = (0..SLICES).flat_map(|slice| {
                    let less = if slice == fewer { 1 + moved } else { 0 };
                    let more = if slice == (fewer + 1) % SLICES {
                        moved
                    } else {
                        0
                    };
                    let flips = usize::from(shares[slice] + more - less);
                    (0..flips).map(move |k| slice * 16 + (slice * 5 + fewer * 3 + k * 7) % 16)
                });
                let copy = flipped(needle(distance_max), bits.map(|bit| bit as u8));
                let row = planted.len() * 7;
                hashes[row] = copy;
                planted.push((distance_max, row as u32));
            }
        }
        let tables = Tables::new(&hashes);
        let mut scratch = Scratch::default();
        for distance_max in 0..=79 {
            let needle = needle(distance_max);
            let all = Budget {
                unsurveyed: usize::MAX,
                whole: usize::MAX,
            };
            assert!(tables.search_within(&hashes, &needle, distance_max, all, &mut scratch));
            for (_, row) in planted.iter().filter(|(of, _)| *of == distance_max) {
                let found = scratch.near.contains(&(*row, distance_max));
                assert!(found, "row {row} at {distance_max}");
            }
        }
        assert!(!tables.search(&hashes, &hashes[5], 80, &mut scratch));
    }

    #[test]
    fn crowded_stretches_are_left_to_the_scan() {
        let mut scratch = Scratch::default();
        let equal = vec![[7; 4]; 20_000];
        assert!(!Tables::new(&equal).search(&equal, &[7; 4], 31, &mut scratch));
        // The first slice says nothing, and only there the hash looked up is near.
        let same_slice: Vec<_> = strangers(20_000)
            .into_iter()
            .map(|[a, b, c, d]| [a & !0xFFFF_FFFF, b, c, d])
            .collect();
        let tables = Tables::new(&same_slice);
        assert!(!tables.search(&same_slice, &[0; 4], 31, &mut scratch));
        assert!(tables.search(&same_slice, &[u64::MAX; 4], 31, &mut scratch));
    }

    /// Lists that somebody crowded, with a hash to look up in each.
    fn crowded_lists(rows: usize) -> Vec<(String, [u64; 4], Vec<[u64; 4]>)> {
        let needle = [0x0123_4567_89AB_CDEF, !0, 0, 0xFEDC_BA98_7654_3210];
        let mut lists = Vec::new();
        for slices in 0..=SLICES {
            let mut hashes = strangers(rows);
            for hash in &mut hashes {
                for slice in 0..slices {
                    let mask = 0xFFFF << (slice % 4 * 16);
                    hash[slice / 4] = hash[slice / 4] & !mask | needle[slice / 4] & mask;
                }
            }
            lists.push((format!("{slices} slices equal"), needle, hashes));
        }
        for (share, flips) in [(2, 20), (2, 40), (5, 33), (50, 33), (500, 40), (5000, 31)] {
            let mut hashes = strangers(rows);
            for row in (0..rows).step_by(share) {
                let bits = (0..flips).map(|k| (k * 37 + row * 11) as u8);
                hashes[row] = flipped(needle, bits);
            }
            let name = format!("one in {share} is {flips} bits away");
            lists.push((name, needle, hashes));
        }
        for (slice, share) in (0..SLICES)
            .flat_map(|slice| [(slice, 40), (slice, 2)])
            .step_by(3)
        {
            let mut hashes = strangers(rows);
            for hash in hashes.iter_mut().step_by(share) {
                let mask = 0xFFFF << (slice % 4 * 16);
                hash[slice / 4] = hash[slice / 4] & !mask | needle[slice / 4] & mask;
            }
            let name = format!("one in {share} agrees in slice {slice}");
            lists.push((name, needle, hashes));
        }
        lists
    }

    /// Counted in the fingerprints that the same time would look at; `seawall bench match
    /// --crowded` holds the time itself against a scan's.
    #[test]
    fn a_crowd_costs_no_more_than_a_scan_and_an_eighth() {
        let mut scratch = Scratch::default();
        let (mut found, mut given_up) = (0, 0);
        for (name, needle, hashes) in crowded_lists(120_000) {
            let tables = Tables::new(&hashes);
            let scan = SCAN_WORK_A_ROW * hashes.len();
            let foreseen = tables.foreseen_work(hashes.len(), &Shares::of(31));
            assert!(foreseen < scan / 8, "{foreseen} of {scan}");
            if tables.search(&hashes, &needle, 31, &mut scratch) {
                found += 1;
                assert!(
                    scratch.work <= scan * 7 / 8,
                    "{name}: {} of {scan}",
                    scratch.work
                );
            } else {
                given_up += 1;
                let lost_max = scan / 8 + 2 * foreseen;
                assert!(
                    scratch.work <= lost_max,
                    "{name}: {} of {scan}",
                    scratch.work
                );
            }
        }
        assert!(
            found > 5 && given_up > 10,
            "{found} found, {given_up} given up"
        );
    }

    #[test]
    fn shares_add_up_to_one_more_than_the_distance() {
        for distance_max in 0..=256 {
            let shares = Shares::of(distance_max);
            assert_eq!(shares.0.iter().sum::<u16>(), distance_max + 1);
            assert_eq!(shares.0.iter().max(), Some(&shares.largest()));
        }
    }
}
