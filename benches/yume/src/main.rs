//! yume-pdq's scan: `bench-yume FOLDER STRIDE DISTANCE`, on what Seawall saved.
//!
//! Speaks as the peers in Python do: one JSON object when its answer is there, then, for each
//! number on standard input, so many rounds and their mean. Needles go eight at a time, which
//! is what the matcher is made for.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::time::Instant;

use yume_pdq::GenericArray;
use yume_pdq::alignment::Align8;
use yume_pdq::generic_array::typenum::{U1, U8, U32, U2048};
use yume_pdq::matching::{CpuMatcher, PDQMatcher};

type Hash = GenericArray<u8, U32>;
type Block = Align8<GenericArray<Hash, U2048>>;
type Matcher = CpuMatcher<U2048, U1>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, stride, distance] = &arguments[..] else {
        panic!("usage: bench-yume FOLDER STRIDE DISTANCE");
    };
    let stride: usize = stride.parse().expect("a stride");
    let distance: u8 = distance.parse().expect("a distance");
    let read = |name: &str| std::fs::read(format!("{folder}/{name}")).expect("Seawall saved it");
    let hashes = |bytes: &[u8]| -> Vec<Hash> {
        let rows = bytes.chunks_exact(32);
        rows.map(|row| *GenericArray::from_slice(row)).collect()
    };
    let blocks = blocks(&read("list.bin"));
    let asked = hashes(&read("queries.bin"));
    let chosen: Vec<usize> = (0..asked.len()).step_by(stride).collect();
    let needles: Vec<Hash> = chosen.iter().map(|&number| asked[number]).collect();
    let expected: BTreeSet<(usize, usize)> = pairs(&read("pairs.bin"))
        .filter(|(query, _)| query % stride == 0)
        .collect();
    let found: BTreeSet<(usize, usize)> = search(&blocks, &needles, distance)
        .into_iter()
        .map(|(needle, row)| (chosen[needle], row))
        .collect();
    println!(
        "{{\"queries\": {}, \"pairs_expected\": {}, \"pairs_found\": {}, \
         \"pairs_unexpected\": {}, \"kernel\": \"{}\"}}",
        needles.len(),
        expected.len(),
        found.intersection(&expected).count(),
        found.difference(&expected).count(),
        Matcher::ident(),
    );
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input can be read");
        let times: u32 = line.parse().expect("a number");
        let started = Instant::now();
        for _ in 0..times {
            std::hint::black_box(search(&blocks, &needles, distance));
        }
        let seconds = started.elapsed().as_secs_f64() / f64::from(times);
        println!("{{\"seconds\": {seconds}}}");
    }
}

/// The list in blocks as the matcher wants them. The last one is filled up with rows that are
/// zero, which is far from every hash that has as many ones as zeros.
fn blocks(bytes: &[u8]) -> Vec<Block> {
    let each = bytes.chunks(2048 * 32).map(|rows| {
        let mut block = Block::default();
        for (place, row) in block.iter_mut().zip(rows.chunks_exact(32)) {
            place.copy_from_slice(row);
        }
        block
    });
    each.collect()
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes")) as usize;
    bytes
        .chunks_exact(8)
        .map(move |pair| (number(&pair[..4]), number(&pair[4..])))
}

fn search(blocks: &[Block], needles: &[Hash], distance: u8) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (first, eight) in needles.chunks(8).enumerate() {
        // Fewer than eight: the last one again.
        let last = eight.len() - 1;
        let full = GenericArray::<Hash, U8>::from_iter((0..8).map(|k| eight[k.min(last)]));
        let mut matcher = Matcher::new(&full, distance);
        for (number, block) in blocks.iter().enumerate() {
            matcher.find(block, |row, needle| {
                if needle <= last {
                    found.push((first * 8 + needle, number * 2048 + row));
                }
                None::<()>
            });
        }
    }
    found
}
