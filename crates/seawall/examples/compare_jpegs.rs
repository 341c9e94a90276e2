//! How far hashes of JPEGs lie from each other, as histograms of the distance in bits:
//!
//! - `compare_jpegs` alone: the fast mode against the exact one, over 1008 generated files of
//!   all subsamplings, sizes and qualities;
//! - `compare_jpegs --files FILE...`: the same over files of your own;
//! - `compare_jpegs --write FOLDER`: puts the generated files there, for other programs to hash;
//! - `compare_jpegs --peer FILE`: our exact hashes against another program's; each line has
//!   its hash of 64 digits and the path of the JPEG, as this makes them with pdqhash:
//!
//! ```python
//! import pathlib, sys
//! from threatexchange.signal_type.pdq.signal import PdqSignal
//! for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jpg")):
//!     print(PdqSignal.hash_from_bytes(path.read_bytes()), path)
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use seawall::{Budget, hash};
use seawall_core::{Algorithm, Hash, Limits, PdqHash, View, ViewOptions};
use seawall_decode::{Decoded, Refusal, Shown, Visitor, decode, decode_for_lookup};
use seawall_testkit::{JpegOptions, grey, picture, raw_jpeg};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => compare_modes(&generated()),
        ["--files", ref paths @ ..] => {
            let read = |path: &&str| Ok(((*path).to_owned(), std::fs::read(path)?));
            compare_modes(
                &paths
                    .iter()
                    .map(read)
                    .collect::<std::io::Result<Vec<_>>>()?,
            );
        }
        ["--write", folder] => {
            for (name, bytes) in generated() {
                std::fs::write(PathBuf::from(folder).join(name), bytes)?;
            }
        }
        ["--peer", list] => compare_peer(&std::fs::read_to_string(list)?)?,
        _ => println!("usage: compare_jpegs [--files FILE... | --write FOLDER | --peer FILE]"),
    }
    Ok(())
}

/// Every combination of subsampling, quality, and baseline or progressive, at sizes that are
/// no whole number of blocks; one in seven is grey.
fn generated() -> Vec<(String, Vec<u8>)> {
    let samplings = [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (2, 2), (2, 2)];
    let mut files = Vec::new();
    for number in 0..1008_u64 {
        let options = JpegOptions {
            sampling: samplings[number as usize % 7],
            progressive: number / 7 % 2 == 1,
            ..JpegOptions::plain([20, 35, 50, 65, 75, 85, 90, 95, 100][number as usize / 14 % 9])
        };
        let side = |step: u64| 64 + (number * step % 937) as usize;
        let colour = picture(side(211), side(137), number);
        let shown = if number % 7 == 6 {
            grey(&colour)
        } else {
            colour
        };
        files.push((format!("{number:04}.jpg"), raw_jpeg(&shown, &options)));
    }
    files
}

fn compare_modes(files: &[(String, Vec<u8>)]) {
    let mut distances = BTreeMap::new();
    for (_, bytes) in files {
        if let (Some(exact), Some(fast)) = (hashed(bytes, decode), hashed(bytes, decode_for_lookup))
        {
            *distances.entry(exact.distance(fast).0).or_insert(0) += 1;
        }
    }
    print(&distances);
}

fn compare_peer(list: &str) -> std::io::Result<()> {
    let mut distances = BTreeMap::new();
    for line in list.lines() {
        let Some((value, path)) = line.split_once(' ') else {
            continue;
        };
        let Ok(Hash::Pdq(theirs)) = Hash::parse(Algorithm::Pdq, value) else {
            println!("no PDQ value: {line}");
            continue;
        };
        match hashed(&std::fs::read(path)?, decode) {
            Some(ours) => *distances.entry(ours.distance(theirs).0).or_insert(0) += 1,
            None => println!("not hashed: {path}"),
        }
    }
    print(&distances);
    Ok(())
}

type Decode = fn(&[u8], &Budget<'_>, &mut dyn Visitor) -> Result<Decoded, Refusal>;

/// The hash of a file's pixels as they are stored.
fn hashed(bytes: &[u8], decode: Decode) -> Option<PdqHash> {
    let budget = Budget {
        limits: &Limits::default(),
        expired: &|| false,
        views: ViewOptions::default(),
    };
    let mut found = None;
    let decoded = decode(bytes, &budget, &mut |view: View, shown: &Shown<'_>| {
        if view == View::STORED {
            found = hash::pdq_shown(shown).map(|pdq| pdq.hash);
        }
    });
    decoded.ok().and(found)
}

fn print(distances: &BTreeMap<u16, u32>) {
    let total: u32 = distances.values().sum();
    println!("{total} files; bits apart: how many");
    for (bits, count) in distances {
        println!("{bits:4}: {count}");
    }
}
