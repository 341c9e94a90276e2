//! How long lookups take on this machine, after their answers were checked.
//!
//! `cargo run --release -p seawall --example time_index -- --size 1000000 --queries 2000 --seed 1`
//!
//! The list is made of random hashes with exactly 128 ones, as those of ordinary pictures
//! have. Half of the queries are listed hashes with 0 to 31 random bits flipped, the others
//! are strangers. With `--crowded N`, N of the sixteen slices are zero in every row and query.
//! With `--compactions N`, the index is changed and put in order so many times at the end, and
//! the memory that it takes is told before and after. Prints one JSON object.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use seawall::index::{BankIndex, BankSettings, Entry, Index, Scope};
use seawall::rows::within;
use seawall_core::{BankId, BankRole, ContentId, Hash, PdqHash, Threshold};

fn main() -> Result<(), String> {
    let options = Options::read()?;
    let banks = (0..options.banks).map(|bank| Arc::new(a_bank(bank, &options)));
    let banks = banks.collect();
    let queries = queries(&options);

    let started = Instant::now();
    let index = Index::new(banks);
    let build_seconds = started.elapsed().as_secs_f64();

    let (expected, found) = check(&index, &queries, &options);
    let (one_by_one, one_by_one_cpu) = median_us(options.queries, || {
        for query in &queries {
            black_box(index.lookup(query, Some(options.distance_max)));
        }
    });
    let scope = Scope {
        distance_max: Some(options.distance_max),
        banks: None,
    };
    let (batch, batch_cpu) = median_us(options.queries, || {
        black_box(index.lookup_many(&queries, &scope));
    });
    let (on_two, _) = median_us(options.queries, || {
        black_box(index.lookup_many_on(2, &queries, &scope));
    });
    let (eights, eights_cpu) = median_us(queries.chunks_exact(8).len(), || {
        for eight in queries.chunks_exact(8) {
            black_box(index.lookup_many(eight, &scope));
        }
    });
    let addition = addition_us(&index, &options);
    let (scan, scan_cpu) = scan_us(&queries, &options);
    let resident = resident_mb();
    let soaked = soaked_mb(&index, &options);
    let (stored_mb, write_seconds, read_seconds) = snapshot_seconds(&index);
    let object = format!(
        "{{\"size\": {}, \"banks\": {}, \"distance_max\": {}, \"queries\": {}, \
         \"pairs_expected\": {expected}, \"pairs_found\": {found}, \"recall\": {}, \
         \"microseconds_per_query\": {one_by_one:.2}, \"microseconds_per_query_batch\": {batch:.2}, \
         \"processor_microseconds_per_query\": {one_by_one_cpu:.2}, \
         \"processor_microseconds_per_query_batch\": {batch_cpu:.2}, \
         \"microseconds_per_query_two_threads\": {on_two:.2}, \
         \"microseconds_per_addition\": {addition:.2}, \
         \"microseconds_per_eight\": {eights:.2}, \
         \"processor_microseconds_per_eight\": {eights_cpu:.2}, \
         \"microseconds_per_scan\": {scan:.2}, \"processor_microseconds_per_scan\": {scan_cpu:.2}, \
         \"snapshot_mb\": {stored_mb}, \"snapshot_write_seconds\": {write_seconds:.2}, \
         \"snapshot_read_seconds\": {read_seconds:.2}, \
         \"build_seconds\": {build_seconds:.2}, \"resident_mb\": {resident}, \
         \"resident_mb_after_compactions\": {soaked}}}",
        options.size,
        options.banks,
        options.distance_max.bits(),
        options.queries,
        if found == expected {
            1.0
        } else {
            found as f64 / expected as f64
        },
    );
    #[allow(clippy::print_stdout)]
    {
        println!("{object}");
    }
    (found == expected)
        .then_some(())
        .ok_or("pairs are missing".to_owned())
}

struct Options {
    size: usize,
    queries: usize,
    seed: u64,
    banks: usize,
    distance_max: Threshold,
    checked: usize,
    crowded: usize,
    compactions: usize,
}

impl Options {
    fn read() -> Result<Self, String> {
        let mut options = Self {
            size: 1_000_000,
            queries: 2000,
            seed: 1,
            banks: 1,
            distance_max: Threshold::DEFAULT,
            checked: 100,
            crowded: 0,
            compactions: 0,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().and_then(|value| value.parse::<u64>().ok());
            let value = value.ok_or(format!("{name} needs a number"))?;
            match name.as_str() {
                "--size" => options.size = value as usize,
                "--queries" => options.queries = value as usize,
                "--seed" => options.seed = value,
                "--banks" => options.banks = value as usize,
                "--crowded" => options.crowded = value as usize,
                "--compactions" => options.compactions = value as usize,
                "--checked" => options.checked = value as usize,
                "--max-distance" => {
                    let threshold = u16::try_from(value).ok().and_then(Threshold::new);
                    options.distance_max = threshold.ok_or("a distance is at most 256")?;
                }
                _ => return Err(format!("{name} is no option")),
            }
        }
        Ok(options)
    }
}

fn a_bank(bank: usize, options: &Options) -> BankIndex {
    let settings = BankSettings {
        bank: BankId(bank as i64),
        name: format!("BANK_{bank}"),
        threshold: Threshold::DEFAULT,
        enabled: true,
        role: BankRole::Known,
        lists: Vec::new(),
    };
    let rows = (bank * options.size / options.banks)..((bank + 1) * options.size / options.banks);
    let entries = rows.map(|row| Entry {
        content: ContentId(row as i64),
        list: None,
        hash: Hash::Pdq(PdqHash(listed(options, row))),
    });
    BankIndex::new(settings, entries)
}

/// Half of them copies, the others strangers.
fn queries(options: &Options) -> Vec<Hash> {
    let mut random = SplitMix(options.seed);
    let sources: Vec<_> = (0..options.queries / 2)
        .map(|_| listed(options, random.below(options.size)))
        .collect();
    let copies = sources.into_iter().map(|listed| {
        let flips = random.below(32);
        flip(listed, flips, &mut random)
    });
    let mut queries: Vec<_> = copies.map(|words| Hash::Pdq(PdqHash(words))).collect();
    while queries.len() < options.queries {
        let words = crowded(hash(!options.seed, queries.len()), options.crowded);
        queries.push(Hash::Pdq(PdqHash(words)));
    }
    queries
}

fn listed(options: &Options, row: usize) -> [u64; 4] {
    crowded(hash(options.seed, row), options.crowded)
}

fn crowded(mut words: [u64; 4], slices: usize) -> [u64; 4] {
    for slice in 0..slices.min(16) {
        words[slice / 4] &= !(0xFFFF << (slice % 4 * 16));
    }
    words
}

/// The same for the same numbers: a list need not be kept to be known.
fn hash(seed: u64, row: usize) -> [u64; 4] {
    let mut random = SplitMix(seed ^ (row as u64).wrapping_mul(0xD134_2543_DE82_EF95));
    let mut words = [random.next(), random.next(), random.next(), random.next()];
    let mut ones: u32 = words.iter().map(|word| word.count_ones()).sum();
    while ones != 128 {
        let bit = random.below(256);
        let is_one = words[bit / 64] >> (bit % 64) & 1 == 1;
        if is_one == (ones > 128) {
            words[bit / 64] ^= 1 << (bit % 64);
            ones = if is_one { ones - 1 } else { ones + 1 };
        }
    }
    words
}

fn flip(mut words: [u64; 4], count: usize, random: &mut SplitMix) -> [u64; 4] {
    let mut flipped = [0_u64; 4];
    let mut left = count;
    while left > 0 {
        let bit = random.below(256);
        if flipped[bit / 64] >> (bit % 64) & 1 == 0 {
            flipped[bit / 64] |= 1 << (bit % 64);
            left -= 1;
        }
    }
    words
        .iter_mut()
        .zip(flipped)
        .for_each(|(word, flips)| *word ^= flips);
    words
}

/// How many pairs of a sample of the queries brute force finds, and how many of them the
/// index does.
fn check(index: &Index, queries: &[Hash], options: &Options) -> (usize, usize) {
    let step = (queries.len() / options.checked.max(1)).max(1);
    let (mut expected, mut found) = (0, 0);
    let sample: Vec<&Hash> = queries.iter().step_by(step).collect();
    let mut near: Vec<Vec<i64>> = vec![Vec::new(); sample.len()];
    for row in 0..options.size {
        let listed = PdqHash(listed(options, row));
        for (query, near) in sample.iter().zip(&mut near) {
            let Hash::Pdq(needle) = query else { continue };
            if options.distance_max.admits(needle.distance(listed)) {
                near.push(row as i64);
            }
        }
    }
    for (query, near) in sample.iter().zip(&near) {
        let hits = index.lookup(query, Some(options.distance_max));
        expected += near.len();
        found += hits
            .iter()
            .filter(|hit| near.contains(&hit.content.0))
            .count();
        assert!(hits.len() <= near.len(), "a hit that is none");
    }
    (expected, found)
}

/// A thousand changes as a server makes them: a copy, one entry more, a lookup that finds it.
fn addition_us(index: &Index, options: &Options) -> f64 {
    let mut current = index.clone();
    let started = Instant::now();
    for row in options.size..options.size + 1000 {
        let mut next = current.clone();
        let entry = Entry {
            content: ContentId(row as i64),
            list: None,
            hash: Hash::Pdq(PdqHash(hash(options.seed, row))),
        };
        next.add(BankId(0), [entry])
            .expect("the first bank is there");
        assert!(!next.lookup(&entry.hash, None).is_empty(), "not visible");
        current = next;
    }
    started.elapsed().as_secs_f64() * 1e6 / 1000.0
}

/// Looking at each row, for comparison: what an index must never be much slower than.
fn scan_us(queries: &[Hash], options: &Options) -> (f64, f64) {
    let rows: Vec<_> = (0..options.size).map(|row| listed(options, row)).collect();
    let queries: Vec<&Hash> = queries.iter().take(50).collect();
    median_us(queries.len(), || {
        for query in &queries {
            let Hash::Pdq(needle) = query else { continue };
            let mut found = 0;
            within(*needle, &rows, options.distance_max, &mut |_, _| found += 1);
            black_box(found);
        }
    })
}

/// Memory after many compactions, each with a part of the entries exchanged.
fn soaked_mb(index: &Index, options: &Options) -> u64 {
    let (mut current, mut next) = (index.clone(), options.size as i64);
    let exchanged = (options.size / 100).max(1) as i64;
    for round in 0..options.compactions as i64 {
        let entries = (next..next + exchanged).map(|row| Entry {
            content: ContentId(row),
            list: None,
            hash: Hash::Pdq(PdqHash(listed(options, row as usize))),
        });
        current
            .add(BankId(0), entries)
            .expect("the first bank is there");
        next += exchanged;
        for content in round * exchanged..(round + 1) * exchanged {
            current.withdraw(BankId(0), ContentId(content));
        }
        current.compact();
    }
    resident_mb()
}

/// Megabytes, and seconds to write and to read them, in memory.
fn snapshot_seconds(index: &Index) -> (usize, f64, f64) {
    let (started, mut bytes) = (Instant::now(), Vec::new());
    let written = index.write_snapshot(&mut bytes);
    written.expect("memory takes everything");
    let write_seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let read = Index::read_snapshot(&mut &bytes[..]).expect("it was just written");
    let read_seconds = started.elapsed().as_secs_f64();
    assert_eq!(
        read.size().entries,
        index.size().entries,
        "entries are lost"
    );
    (bytes.len() >> 20, write_seconds, read_seconds)
}

/// Medians of seven runs, per query: by the clock, and of the processor's time, which other
/// programs on the machine do not lengthen as much.
fn median_us(queries: usize, mut run: impl FnMut()) -> (f64, f64) {
    let (mut clock, mut processor) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let (started, used) = (Instant::now(), processor_ns());
        run();
        clock.push(started.elapsed().as_secs_f64() * 1e6 / queries as f64);
        processor.push((processor_ns() - used) as f64 / 1e3 / queries as f64);
    }
    clock.sort_by(f64::total_cmp);
    processor.sort_by(f64::total_cmp);
    (clock[3], processor[3])
}

/// What Linux says this thread has used; 0 elsewhere.
fn processor_ns() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let used = status.split_whitespace().next();
    used.and_then(|used| used.parse().ok()).unwrap_or(0)
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.unwrap_or(0) / 1024
}

struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}
