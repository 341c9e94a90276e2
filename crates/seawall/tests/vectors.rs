//! The committed golden values and pictures.

use std::collections::BTreeMap;
use std::path::PathBuf;

use seawall::Budget;
use seawall::hash::{self, digests};
use seawall_core::{Hash, HashReport, Limits, Outcome, PdqHash, Pixels, View, ViewOptions};
use seawall_testkit::{flat, grey, picture, selftest_png};
use serde::Deserialize;

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(vectors().join(name)).expect("every vector is committed")
}

fn report(name: &str) -> HashReport {
    let limits = Limits::default();
    let budget = Budget {
        limits: &limits,
        expired: &|| false,
        views: ViewOptions::default(),
    };
    hash::perceptual(&vector(name), &budget)
}

fn pdq(pixels: &Pixels) -> PdqHash {
    hash::pdq(pixels).expect("no side is below five").hash
}

/// The view's distance from a picture.
#[track_caller]
fn distance(report: &HashReport, view: View, pixels: &Pixels) -> u16 {
    let mut records = report.hashes.iter();
    let record = records.find(|record| record.view == Some(view));
    match record.expect("the view is listed").hash {
        Hash::Pdq(found) => found.distance(pdq(pixels)).0,
        other => panic!("a view with {}", other.algorithm()),
    }
}

#[test]
fn pdq_equals_the_reference_to_the_bit() {
    let text = String::from_utf8(vector("pdq-golden.txt")).expect("text");
    let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rows.len() >= 14);
    for row in rows {
        let cells: Vec<&str> = row.split(' ').collect();
        let number = |k: usize| cells[k].parse::<usize>().expect("a number");
        let pixels = picture(number(0), number(1), number(2) as u64);
        let found = hash::pdq(&pixels).expect("no side is below five");
        assert_eq!(Hash::Pdq(found.hash).to_string(), cells[3], "{row}");
        assert_eq!(usize::from(found.quality.0), number(4), "{row}");
    }
}

#[test]
fn the_selftest_picture_is_the_generated_one_and_of_full_quality() {
    assert!(vector("selftest.png") == selftest_png());
    let report = report("selftest.png");
    assert_eq!(report.outcome, Outcome::Hashed);
    assert!(
        report.hashes[0]
            .quality
            .is_some_and(|quality| quality.0 == 100)
    );
}

#[test]
fn every_vector_stands_in_the_manifest_with_its_checksum() {
    #[derive(Deserialize)]
    struct Manifest {
        vector: Vec<Vector>,
    }
    #[derive(Deserialize)]
    struct Vector {
        file: String,
        sha256: String,
        origin: String,
        purpose: String,
    }
    let text = String::from_utf8(vector("MANIFEST.toml")).expect("text");
    let manifest: Manifest = toml::from_str(&text).expect("valid TOML");
    let listed: BTreeMap<String, String> = manifest
        .vector
        .into_iter()
        .inspect(|vector| assert!(!vector.origin.is_empty() && !vector.purpose.is_empty()))
        .map(|vector| (vector.file, vector.sha256))
        .collect();
    let entries = std::fs::read_dir(vectors()).expect("the folder is committed");
    let found: BTreeMap<String, String> = entries
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .into_string()
                .expect("plain name")
        })
        .filter(|name| name != "MANIFEST.toml")
        .map(|name| {
            let sha256 = Hash::Sha256(digests(&vector(&name)).sha256).to_string();
            (name, sha256)
        })
        .collect();
    assert_eq!(found, listed);
}

/// Cases SW-A08 and SW-A11, and the forms of WebP and TIFF that our encoders do not write.
#[test]
fn one_picture_has_one_hash_in_every_form() {
    let one = picture(320, 240, 1);
    for (file, distance_max) in [
        ("cmyk-adobe.jpg", 16),
        ("progressive.jpg", 10),
        ("subsampled-420.jpg", 10),
        ("grey.jpg", 10),
        ("lossy.webp", 10),
        ("cmyk.tif", 2),
        ("ycbcr-jpeg.tif", 10),
        ("palette.tif", 31),
    ] {
        let report = report(file);
        assert_eq!(report.outcome, Outcome::Hashed, "{file}");
        let found = distance(&report, View::STORED, &one);
        assert!(found <= distance_max, "{file}: {found} bits");
    }
}

#[test]
fn a_page_of_one_bit_a_pixel_is_black_and_white() {
    let one = grey(&picture(320, 240, 1));
    let data = one
        .data()
        .iter()
        .map(|&value| if value > 110 { 255 } else { 0 });
    let expected = Pixels::new(320, 240, one.kind(), data.collect()).expect("same size");
    // The picture was made grey by another program, so that a few pixels may differ.
    assert!(distance(&report("fax.tif"), View::STORED, &expected) <= 10);
}

/// Cases SW-A13 and SW-A22: what comes after a flat beginning is found.
#[test]
fn every_frame_and_every_page_is_hashed() {
    type Numbered = fn(u32) -> View;
    let forms: [(&str, Numbered); 3] = [
        ("animated.webp", View::frame),
        ("animated.png", View::frame),
        ("pages.tif", View::page),
    ];
    for (file, view) in forms {
        let report = report(file);
        assert_eq!(report.outcome, Outcome::Hashed, "{file}");
        assert!(report.notes.is_empty(), "{file}: {:?}", report.notes);
        assert_eq!(
            distance(&report, view(2), &picture(320, 240, 1)),
            0,
            "{file}"
        );
        assert!(
            distance(&report, view(3), &picture(320, 240, 2)) <= 2,
            "{file}"
        );
    }
    let default = report("animated.png");
    assert_eq!(
        distance(&default, View::STORED, &flat(320, 240, [200; 3])),
        0
    );
}
