//! HEIC and AVIF: pictures in boxes, alone and in tiles, turned, see-through and damaged.

use seawall::{Budget, hash};
use seawall_core::{
    Form, Hash, HashReport, Limits, MediaType, Outcome, PixelKind, Pixels, Reason, View,
    ViewOptions,
};
use seawall_testkit::{grey, mirrored, picture, rotated_quarter};

fn vector(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
    std::fs::read(format!("{folder}/{name}")).expect("the file is in the repository")
}

fn report_within(file: &[u8], limits: &Limits) -> HashReport {
    let budget = Budget {
        limits,
        expired: &|| false,
        views: ViewOptions::default(),
    };
    hash::perceptual(file, &budget)
}

fn report(file: &[u8]) -> HashReport {
    report_within(file, &Limits::default())
}

/// The views, in order, and that each is this near to what it shows.
#[track_caller]
fn check(name: &str, expected: &[(View, &Pixels, u16)]) -> HashReport {
    let report = report(&vector(name));
    assert_eq!(
        (report.outcome, report.reason),
        (Outcome::Hashed, None),
        "{name}: {:?}",
        report.notes
    );
    let views: Vec<View> = report
        .hashes
        .iter()
        .filter_map(|record| record.view)
        .collect();
    let wanted: Vec<View> = expected.iter().map(|(view, _, _)| *view).collect();
    assert_eq!(views, wanted, "{name}");
    for (record, (view, pixels, bits_max)) in report.hashes.iter().zip(expected) {
        let Hash::Pdq(found) = record.hash else {
            panic!("a view has a PDQ hash");
        };
        let expected = hash::pdq(pixels).expect("large enough").hash;
        let distance = found.distance(expected).0;
        assert!(distance <= *bits_max, "{name} {view}: {distance} bits");
    }
    report
}

fn turned_left(pixels: &Pixels) -> Pixels {
    (0..3).fold(pixels.clone(), |picture, _| rotated_quarter(&picture))
}

#[test]
fn pictures_are_hashed_alone_and_in_tiles() {
    let one = picture(320, 240, 1);
    for (name, bits_max) in [("444", 6), ("420", 10), ("grid", 10)] {
        for (extension, media_type) in [("heic", MediaType::Heic), ("avif", MediaType::Avif)] {
            let expected = [(View::STORED, &one, bits_max)];
            let report = check(&format!("{name}.{extension}"), &expected);
            assert_eq!(report.media_type, media_type);
            assert!(report.notes.is_empty(), "{:?}", report.notes);
        }
    }
}

#[test]
fn turned_pictures_are_hashed_as_stored_and_as_shown() {
    let one = picture(320, 240, 1);
    let stored = turned_left(&one);
    let stored_mirrored = turned_left(&mirrored(&one));
    for extension in ["heic", "avif"] {
        let name = format!("turned.{extension}");
        check(
            &name,
            &[(View::STORED, &stored, 10), (View::UPRIGHT, &one, 10)],
        );
        let name = format!("turned-mirrored.{extension}");
        let expected = [
            (View::STORED, &stored_mirrored, 10),
            (View::UPRIGHT, &one, 10),
        ];
        check(&name, &expected);
    }
}

#[test]
fn a_shape_in_the_alpha_is_hashed_as_shown_on_white() {
    let black = Pixels::new(320, 240, PixelKind::Luma8, vec![0; 320 * 240]).expect("the size");
    let shape = grey(&picture(320, 240, 1));
    let on_white = View::STORED.with(Form::OnWhite);
    for name in ["shape.heic", "shape.avif"] {
        let report = report(&vector(name));
        assert_eq!(
            report.outcome,
            Outcome::Hashed,
            "{name}: {:?}",
            report.notes
        );
        let record = report
            .hashes
            .iter()
            .find(|record| record.view == Some(on_white));
        let Some(Hash::Pdq(found)) = record.map(|record| record.hash) else {
            panic!("{name}: not hashed on white");
        };
        let expected = hash::pdq(&shape).expect("large enough").hash;
        assert!(found.distance(expected).0 <= 10, "{name}");
        assert_ne!(
            report.hashes[0].quality,
            hash::pdq(&shape).map(|pdq| pdq.quality)
        );
    }
    assert_eq!(hash::pdq(&black).map(|pdq| pdq.quality.0), Some(0));
}

/// What moves is not looked at yet; that it was not is said.
#[test]
fn an_image_sequence_is_not_passed_over_silently() {
    let report = report(&vector("animated.avif"));
    assert_eq!(report.media_type, MediaType::Avif);
    assert!(report.notes.iter().any(|note| note.contains("sequence")));
}

#[test]
fn damaged_files_are_refused_and_limits_hold() {
    for extension in ["heic", "avif"] {
        let whole = vector(&format!("444.{extension}"));
        for percent in [1, 5, 20, 90] {
            let report = report(&whole[..whole.len() * percent / 100]);
            assert_eq!(report.outcome, Outcome::Refused, "{extension} {percent}");
        }
        let pixels = Limits {
            pixels_max: 320 * 240 - 1,
            ..Limits::default()
        };
        let memory = Limits {
            memory_bytes_max: 320 * 240,
            ..Limits::default()
        };
        let reason = |limits| report_within(&whole, limits).reason;
        assert_eq!(reason(&pixels), Some(Reason::TooManyPixels));
        assert_eq!(reason(&memory), Some(Reason::TooMuchMemory));
    }
}
