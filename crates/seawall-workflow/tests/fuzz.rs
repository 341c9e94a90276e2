//! The fuzz targets on the stable toolchain: every body over the stored seeds, and over some
//! thousand changes of them that are the same every time. `cargo xtask fuzz` looks further.

#[allow(
    unreachable_pub,
    reason = "the same file is a module of the fuzz targets' own package"
)]
#[path = "../../../fuzz/src/targets.rs"]
mod targets;

use std::path::{Path, PathBuf};

use seawall_core::Random;
use seawall_testkit::{SeededRandom, fuzz_seeds};

fn seeds_of(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let listing = std::fs::read_dir(&folder).expect("every target has stored seeds");
    let mut paths: Vec<PathBuf> = listing
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("a seed can be read");
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn the_stored_seeds_are_those_that_are_made() {
    for seed in fuzz_seeds() {
        let stored = seeds_of(seed.target);
        let found = stored.iter().find(|(path, _)| path.ends_with(seed.name));
        let (_, bytes) = found.expect("cargo xtask fuzz stores every seed");
        assert!(*bytes == seed.bytes, "{} {}", seed.target, seed.name);
    }
}

#[test]
fn no_seed_and_no_change_of_one_breaks_a_target() {
    for (name, run) in targets::TARGETS {
        let seeds = seeds_of(name);
        let changes = CHANGES / seeds.len();
        for (path, bytes) in &seeds {
            run(bytes);
            let mut changed = Changed::new(path.as_os_str().len() as u64);
            for _ in 0..changes {
                run(&changed.next(bytes));
            }
        }
    }
}

/// Bytes changed at random, in the ways that break readers: flipped bits, extreme numbers,
/// parts left out, doubled, or cut off.
struct Changed(SeededRandom);

impl Changed {
    fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % limit.max(1) as u64).expect("below a usize")
    }

    fn next(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let place = self.below(bytes.len());
        let length = self.below(16).min(bytes.len() - place);
        match self.below(7) {
            0 => bytes[place] ^= 1 << self.below(8),
            1 => bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][self.below(5)],
            2 => bytes[place..place + length].fill([0, 0xFF][self.below(2)]),
            3 => drop(bytes.drain(place..place + length)),
            4 => {
                let part = bytes[place..place + length].to_vec();
                bytes.splice(place..place, part);
            }
            5 => bytes.truncate(place),
            _ => bytes.extend_from_within(place..),
        }
    }
}

/// Changes of each target's seeds.
const CHANGES: usize = 600;
