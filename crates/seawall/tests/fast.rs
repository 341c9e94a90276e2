//! The fast mode: how far its hashes are from the exact ones, and that no list is made of them.

use std::path::{Path, PathBuf};

use seawall::{Budget, hash};
use seawall_core::{Limits, Outcome, PdqHash, View, ViewOptions};
use seawall_decode::{Decoded, Refusal, Shown, Visitor, decode, decode_for_lookup};
use seawall_testkit::{
    JpegColour, JpegOptions, grey, jpeg, jpeg_with_orientation, picture, png, raw_jpeg,
};

type Decode = fn(&[u8], &Budget<'_>, &mut dyn Visitor) -> Result<Decoded, Refusal>;

fn hashes(file: &[u8], decode: Decode) -> Vec<(View, PdqHash)> {
    let limits = Limits::default();
    let budget = Budget {
        limits: &limits,
        expired: &|| false,
        views: ViewOptions::default(),
    };
    let mut found = Vec::new();
    let decoded = decode(file, &budget, &mut |view: View, shown: &Shown<'_>| {
        found.extend(hash::pdq_shown(shown).map(|pdq| (view, pdq.hash)));
    });
    assert!(decoded.is_ok());
    found
}

/// The largest distance between the fast and the exact hash of any view.
fn distance_max(file: &[u8]) -> u16 {
    let (exact, fast) = (hashes(file, decode), hashes(file, decode_for_lookup));
    assert_eq!(exact.len(), fast.len());
    let pairs = exact.iter().zip(&fast);
    let distance = |((view, a), (other, b)): (&(View, PdqHash), &(View, PdqHash))| {
        assert_eq!(view, other);
        a.distance(*b).0
    };
    pairs.map(distance).max().expect("a view")
}

/// What was measured over more files, in docs/design/decode.md.
const MEASURED_BITS_MAX: u16 = 4;

#[test]
fn fast_hashes_are_as_near_as_measured() {
    let mut seed = 0;
    for sampling in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2)] {
        for progressive in [false, true] {
            for quality in [30, 60, 90] {
                seed += 1;
                let options = JpegOptions {
                    sampling,
                    progressive,
                    ..JpegOptions::plain(quality)
                };
                let size = (100 + seed * 17 % 300, 100 + seed * 31 % 200);
                let shown = picture(size.0 as usize, size.1 as usize, seed);
                let distance = distance_max(&raw_jpeg(&shown, &options));
                assert!(
                    distance <= MEASURED_BITS_MAX,
                    "{options:?} {size:?}: {distance} bits"
                );
            }
        }
    }
}

#[test]
fn pictures_of_the_reference_are_as_near_as_measured() {
    let Some(folder) = std::env::var_os("SEAWALL_REFERENCE_DATA") else {
        eprintln!("skipped: SEAWALL_REFERENCE_DATA is not set");
        return;
    };
    let folder = PathBuf::from(folder).join("pdq");
    let mut count = 0;
    for part in [
        "bridge-mods",
        "reg-test-input/dih",
        "reg-test-input/exif-rotn",
    ] {
        for entry in std::fs::read_dir(folder.join(part)).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            let file = std::fs::read(&path).expect("it can be read");
            let distance = distance_max(&file);
            assert!(
                distance <= MEASURED_BITS_MAX,
                "{}: {distance} bits",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count >= 20, "{count} pictures");
}

/// Where there is no brightness to be had by itself, the fast mode is the exact one.
#[test]
fn what_has_no_fast_way_is_hashed_exactly() {
    let shown = picture(160, 120, 3);
    let coloured = |colour| {
        let options = JpegOptions {
            colour,
            ..JpegOptions::plain(80)
        };
        raw_jpeg(&shown, &options)
    };
    // The decoder's brightness of this one is not that of its picture.
    let rare = JpegOptions {
        sampling: (1, 2),
        progressive: true,
        ..JpegOptions::plain(80)
    };
    let cut = jpeg(&shown, 80);
    for file in [
        png(&shown),
        jpeg(&grey(&shown), 80),
        coloured(JpegColour::Rgb),
        coloured(JpegColour::Cmyk),
        coloured(JpegColour::Ycck),
        raw_jpeg(&shown, &rare),
        cut[..cut.len() * 3 / 4].to_vec(),
    ] {
        assert_eq!(distance_max(&file), 0);
    }
}

#[test]
fn a_fast_report_has_every_view_and_shows_none() {
    let stored = picture(160, 120, 3);
    let file = jpeg_with_orientation(&stored, 80, 6);
    assert_eq!(hashes(&file, decode_for_lookup).len(), 2);
    let limits = Limits::default();
    let budget = Budget {
        limits: &limits,
        expired: &|| false,
        views: ViewOptions::default(),
    };
    let report = hash::perceptual_fast(&file, &budget).combine(&hash::digests(&file));
    assert_eq!(report.outcome(), Outcome::Hashed);
    let shown = report.without_perceptual();
    let digests: Vec<_> = shown.hashes.iter().map(|record| record.hash).collect();
    let expected = hash::digests(&file).records().map(|record| record.hash);
    assert_eq!(digests, expected);
    assert_eq!(shown.notes.len(), 1);
}

/// Who may speak of the fast mode: decoding and hashing themselves, the worker and its pool,
/// and the one command that only looks things up. Not the server, nor anything that stores.
#[test]
fn nothing_that_makes_lists_knows_the_fast_mode() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Vec::new();
    list_sources(&crates, &mut sources);
    assert!(sources.len() > 100, "{} files", sources.len());
    let words = [
        "decode_for_lookup",
        "perceptual_fast",
        "hash_fast",
        "LookupReport",
        "HashFast",
    ];
    for path in sources {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let name = path
            .strip_prefix(&crates)
            .expect("below it")
            .display()
            .to_string();
        if words.iter().any(|word| text.contains(word)) {
            assert!(
                ALLOWED.contains(&name.as_str()),
                "{name} uses the fast mode"
            );
        }
    }
}

const ALLOWED: [&str; 11] = [
    "seawall-cli/src/command/bench/file.rs",
    "seawall-cli/src/command/matching.rs",
    "seawall-cli/src/inputs.rs",
    "seawall-decode/src/lib.rs",
    "seawall-decode/src/picture.rs",
    "seawall-workflow/src/worker/child.rs",
    "seawall-workflow/src/worker/message.rs",
    "seawall-workflow/src/worker/pool.rs",
    "seawall/src/hash.rs",
    "seawall/src/hash/lookup.rs",
    "seawall/tests/fast.rs",
];

/// Sources and tests; examples time things and store nothing.
fn list_sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            if !path.ends_with("examples") {
                list_sources(&path, out);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}
