//! The reference's own pictures and lists, which are not part of this repository.
//!
//! `SEAWALL_REFERENCE_DATA` names a copy of `facebook/ThreatExchange`'s test data, its files
//! under `pdq/` as they lie under `pdq/data/` there.

use std::path::PathBuf;

use seawall::Budget;
use seawall::hash;
use seawall::index::{BankIndex, BankSettings, Entry, Index};
use seawall_core::{
    Algorithm, BankId, BankRole, ContentId, Hash, HashReport, Limits, Outcome, PdqHash, Threshold,
    View, ViewOptions,
};
use seawall_exchange::list;

/// The file's bytes; `None`, said aloud, where the data is not there.
fn reference(path: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("SEAWALL_REFERENCE_DATA") else {
        eprintln!("skipped: SEAWALL_REFERENCE_DATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("pdq").join(path);
    Some(std::fs::read(&path).expect("the folder holds the reference's test data"))
}

fn report(file: &[u8]) -> HashReport {
    let limits = Limits::default();
    let budget = Budget {
        limits: &limits,
        expired: &|| false,
        views: ViewOptions::default(),
    };
    hash::perceptual(file, &budget)
}

fn read(hex: &str) -> PdqHash {
    match Hash::parse(Algorithm::Pdq, hex) {
        Ok(Hash::Pdq(hash)) => hash,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check(path: &str, view: View, hex: &str, distance_bits_max: u16) {
    let Some(file) = reference(path) else { return };
    let report = report(&file);
    assert_eq!(report.outcome, Outcome::Hashed, "{path}");
    let mut records = report.hashes.iter();
    let record = records.find(|record| record.view == Some(view));
    let Hash::Pdq(found) = record.expect("the view is listed").hash else {
        panic!("{path}: a view with a digest");
    };
    let distance = found.distance(read(hex)).0;
    assert!(distance <= distance_bits_max, "{path}: {distance} bits");
}

const ORIGINAL: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

#[test]
fn lossless_pictures_are_equal_to_the_bit() {
    let files = [
        (
            "misc-images/c.png",
            "e64cc9d91c623882f8d1f1d9a398e78c9f199b3bd83924f2b7e11e0bf861b064",
        ),
        (
            "reg-test-input/pen-and-coaster.png",
            "1f811b9d267fbc6693c0c7f30e041f9df49b836303e10f067fcdfc12c02d01f9",
        ),
        ("misc-images/modes/L.png", ORIGINAL),
        ("misc-images/modes/LA.png", ORIGINAL),
        ("misc-images/modes/RGBA.png", ORIGINAL),
    ];
    for (path, hex) in files {
        check(path, View::STORED, hex, 0);
    }
}

/// The colours of a palette and the inks of CMYK are looked up, where the reference's own
/// program hashes the raw numbers.
#[test]
fn colour_modes_come_near_the_original() {
    for (file, distance_bits_max) in [
        ("P.png", 8),
        ("CMYK.jpg", 16),
        ("YCbCr.jpg", 8),
        ("1.png", 8),
    ] {
        check(
            &format!("misc-images/modes/{file}"),
            View::STORED,
            ORIGINAL,
            distance_bits_max,
        );
    }
}

#[test]
fn altered_copies_are_within_eight_bits_of_the_reference() {
    let files = [
        ("aaa-orig", ORIGINAL),
        (
            "blur-a-little",
            "f8f8f0cee0f4a84f06370a2a038f63f0b36e26d596621e1d33e6b39c4e9c9b22",
        ),
        (
            "blur-a-lot",
            "f8f8f0cee0f4a84f0637022a038f67f0b36e26d596621e1d33e6b39c4e9c9b22",
        ),
        (
            "high-contrast",
            "f8f8f0cee0f4a84f06370a2a068f67f0b36e26d596621e1d33e6339c4e9c9b22",
        ),
        (
            "high-saturation",
            "f8f8f0cee0f4a84f06370a22038f67f0b36e2ed596221e1d33e6b39c4e9c9b22",
        ),
        (
            "sharpen-a-little",
            "f8f8f0cee0f4a84f0e370a22038f67f0b36e2ed596221e1d33e6b39c4a9c9b22",
        ),
        (
            "sharpen-a-lot",
            "d8f8f0cec0f4a84f8e370a22038f67f0b36a2ed597231e1d72e6b39c4a9c9b22",
        ),
        (
            "shrink-a-little",
            "f8f8f0cee0f4a84f06370a22038f67f0b36e2ed596621e1d33e6339c4e9c9b22",
        ),
        (
            "shrink-a-lot",
            "d0f8f1ccc0f4a84d0a370a3a228f67f0b36e2ed5b6623e1d33e6339c4e9c9b22",
        ),
        (
            "square-128x128",
            "d8f8f1eec0f4a84f0e37022a078f63f0b36e2ed596621e1d33e6239c4e9c9b22",
        ),
        (
            "square-256x256",
            "d8f8f0cec4f4a84f0637022a078f67f0b36e2ee5b6621e1d33e6239c4e9c9b22",
        ),
        (
            "square-512x512",
            "d8f8f0cec0f4a84f0637022a278f67f0b36e2ed596621e1d33e6339c4e9c9b22",
        ),
    ];
    for (name, hex) in files {
        check(&format!("bridge-mods/{name}.jpg"), View::STORED, hex, 8);
    }
}

#[test]
fn turned_photographs_are_hashed_as_stored_and_upright() {
    let files = [
        (
            "3",
            "3acfa3cfab36b95e39cfa0463946790ab441f1417d050401f7616005ffc17ff2",
            "6f9a0965fe6313f46c9a0aec6c13d3a0e11cdbeb2850aeaba234caafaa94d558",
        ),
        (
            "6",
            "e9782aad54ae0b6365315ac278592d6ad4b5434a5bcd7471f7abcb594b481a94",
            "55d1fbab9c4d73ec82727ccd013a4c1331fcc203a8cddfc0a63b35f4401d0fe9",
        ),
        (
            "8",
            "6b507c23b4adb17ec2fe2b4da52038b15e0c970fcaf3f049058ae8687bf9251e",
            "1a74374933138e2dc5a69db60ce279b4212a63c93b2666dc3cdfc33e58699a8d",
        ),
    ];
    for (orientation, stored, upright) in files {
        let path = format!("reg-test-input/exif-rotn/exif-rotn-{orientation}.jpg");
        check(&path, View::STORED, stored, 8);
        check(&path, View::UPRIGHT, upright, 8);
    }
    let upright = "f439d924da56a1d4c63973a56acfc926cd53d9341b18367d318666cf9b142649";
    check(
        "reg-test-input/exif-rotn/exif-rotn-1.jpg",
        View::STORED,
        upright,
        8,
    );
}

#[test]
fn the_search_set_gives_the_counts_of_brute_force() {
    let (Some(haystack), Some(needles)) = (
        reference("reg-test-input/haystack.txt"),
        reference("reg-test-input/needles.txt"),
    ) else {
        return;
    };
    let (haystack, needles) = (list::parse(&haystack), list::parse(&needles));
    assert_eq!((haystack.rows.len(), needles.rows.len()), (1350, 100));
    assert!(haystack.rejected.is_empty() && haystack.set_aside.is_empty());
    let settings = BankSettings {
        bank: BankId(1),
        name: "HAYSTACK".to_owned(),
        threshold: Threshold::DEFAULT,
        enabled: true,
        role: BankRole::Known,
        lists: Vec::new(),
    };
    let entries = haystack.rows.iter().map(|row| Entry {
        content: ContentId(i64::try_from(row.line).expect("a small file")),
        list: None,
        hash: row.hash,
    });
    let index = Index::new(vec![BankIndex::new(settings, entries).into()]);
    for (distance_max, pairs) in [
        (0, 50),
        (15, 151),
        (20, 180),
        (31, 250),
        (40, 252),
        (52, 346),
    ] {
        let hits = |hash| index.lookup(hash, Threshold::new(distance_max)).len();
        let found: usize = needles.rows.iter().map(|row| hits(&row.hash)).sum();
        assert_eq!(found, pairs, "within {distance_max} bits");
    }
    let without_override = |hash| index.lookup(hash, None).len();
    assert!(
        needles
            .rows
            .iter()
            .all(|row| without_override(&row.hash) > 0)
    );
}
