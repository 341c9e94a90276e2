//! HEIC and AVIF: pictures in boxes, alone and in tiles, turned, see-through and damaged.

use seawall::{Budget, hash};
use seawall_core::{
    Algorithm, Form, Hash, HashReport, Limits, MediaType, Outcome, PixelKind, Pixels, Reason, View,
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

/// The window that a picture asks for is a view beside the whole picture.
#[test]
fn a_window_is_hashed_as_shown() {
    let one = picture(320, 240, 1);
    let window: Vec<u8> = (45..195)
        .flat_map(|row| one.row(row)[60 * 3..260 * 3].to_vec())
        .collect();
    let window = Pixels::new(200, 150, PixelKind::Rgb8, window).expect("the size");
    // Turned left, then mirrored.
    let shown = |pixels: &Pixels| mirrored(&turned_left(pixels));
    let expected = [
        (View::STORED, &one, 10),
        (View::UPRIGHT, &shown(&one), 10),
        (View::UPRIGHT, &shown(&window), 10),
    ];
    check("grid-window.heic", &expected);
}

/// The frames that the reference decoder shows, by the hashes that the reference gives them.
#[test]
fn every_frame_of_an_image_sequence_is_hashed() {
    let golden = String::from_utf8(vector("avif-frames-golden.txt")).expect("text");
    for (name, frames) in [
        ("animated.avif", 3),
        ("moving.avif", 40),
        ("moving-alpha.avif", 3),
    ] {
        let file = report(&vector(name));
        assert_eq!(file.media_type, MediaType::Avif);
        assert_eq!(file.outcome, Outcome::Hashed, "{name}: {:?}", file.notes);
        let rows = golden.lines().filter(|row| row.starts_with(name));
        let rows: Vec<Vec<&str>> = rows.map(|row| row.split(' ').collect()).collect();
        assert_eq!(rows.len(), frames);
        let number = |row: &[&str]| row[1].parse::<u32>().expect("a number");
        let mut found = 0;
        for record in &file.hashes {
            let view = record.view.expect("of a view");
            // The cover is the first frame, and is not handed out twice.
            let row = rows.iter().find(|row| {
                let frame = number(row);
                view == View::frame(frame) || (frame == 1 && view == View::STORED)
            });
            let Some(row) = row else {
                assert!(
                    name == "moving-alpha.avif" && view.form != Form::Plain,
                    "{view}"
                );
                continue;
            };
            found += 1;
            let expected = Hash::parse(Algorithm::Pdq, row[2]).expect("a hash");
            let (Hash::Pdq(hash), Hash::Pdq(expected)) = (record.hash, expected) else {
                panic!("a view has a PDQ hash");
            };
            let distance = hash.distance(expected).0;
            // The hash of a plain picture is that of its noise.
            assert!(
                distance <= 6 || row[3] == "0",
                "{name} {view}: {distance} bits"
            );
        }
        assert_eq!(found, frames.min(32), "{name}");
        let is_noted = |text: &str| file.notes.iter().any(|note| note.contains(text));
        assert_eq!(is_noted("32 of 40 frames"), frames == 40);
        assert_eq!(
            is_noted("transparency is not applied"),
            name == "moving-alpha.avif"
        );
    }
}

/// A sequence without a still picture beside it.
#[test]
fn a_sequence_needs_no_cover() {
    let mut file = vector("animated.avif");
    let meta = file.windows(4).position(|four| four == b"meta");
    let meta = meta.expect("it has a cover");
    file[meta..meta + 4].copy_from_slice(b"free");
    let report = report(&file);
    let views: Vec<View> = report
        .hashes
        .iter()
        .filter_map(|record| record.view)
        .collect();
    assert_eq!(views, [View::frame(1), View::frame(2), View::frame(3)]);
    assert_eq!(report.outcome, Outcome::Hashed);
}

#[test]
fn a_sequence_of_no_frames_is_not_taken_for_clean() {
    let mut file = vector("animated.avif");
    let place = |file: &[u8], kind: &[u8]| {
        let found = file.windows(4).position(|four| four == kind);
        found.expect("it has this box")
    };
    let sizes = place(&file, b"stsz");
    file[sizes + 12..sizes + 16].fill(0);
    let cover = report(&file);
    assert_eq!((cover.outcome, cover.hashes.len()), (Outcome::Partial, 1));
    let meta = place(&file, b"meta");
    file[meta..meta + 4].copy_from_slice(b"free");
    let none = report(&file);
    assert_eq!(
        (none.outcome, none.reason),
        (Outcome::Refused, Some(Reason::Damaged))
    );
}

#[test]
fn a_cut_sequence_gives_its_whole_frames() {
    let whole = vector("animated.avif");
    let cut = report(&whole[..whole.len() - 100]);
    assert_eq!(
        (cut.outcome, cut.reason),
        (Outcome::Partial, Some(Reason::Damaged))
    );
    let views: Vec<View> = cut.hashes.iter().filter_map(|record| record.view).collect();
    assert_eq!(views, [View::STORED, View::frame(2)]);
}

#[test]
fn frames_share_the_limits() {
    let small = Limits {
        frames_max: 2,
        ..Limits::default()
    };
    let file = report_within(&vector("moving.avif"), &small);
    let views: Vec<View> = file
        .hashes
        .iter()
        .filter_map(|record| record.view)
        .collect();
    assert_eq!(views, [View::STORED, View::frame(40)]);
    // Enough for the cover, and not for what decoding a sequence keeps.
    let memory = Limits {
        memory_bytes_max: 320 * 240 * 12,
        ..Limits::default()
    };
    let file = report_within(&vector("moving.avif"), &memory);
    assert_eq!((file.outcome, file.hashes.len()), (Outcome::Partial, 1));
    assert_eq!(file.reason, Some(Reason::TooMuchMemory));
}

/// Whole tiles of a cut file, black where they are missing.
#[test]
fn cut_grids_give_their_whole_tiles() {
    for (name, tiles) in [("grid.heic", 4), ("grid.avif", 4), ("grid-odd.heic", 16)] {
        let whole = vector(name);
        let cut = report(&whole[..whole.len() - 40]);
        assert_eq!(
            (cut.outcome, cut.reason),
            (Outcome::Partial, Some(Reason::Damaged)),
            "{name}: {:?}",
            cut.notes
        );
        let note = format!("1 of {tiles} tiles are missing");
        assert!(
            cut.notes.iter().any(|found| found.starts_with(&note)),
            "{:?}",
            cut.notes
        );
        // Nothing of the tiles is there.
        let none = report(&whole[..whole.len() * 5 / 100 + 400]);
        assert_eq!(
            (none.outcome, none.reason),
            (Outcome::Refused, Some(Reason::Damaged))
        );
    }
    // The last tile of grid.heic covers a quarter.
    let one = picture(320, 240, 1);
    let mut expected = one.clone().into_data();
    for row in 128..240 {
        expected[(row * 320 + 160) * 3..(row + 1) * 320 * 3].fill(0);
    }
    let expected = Pixels::new(320, 240, PixelKind::Rgb8, expected).expect("the size");
    let expected = hash::pdq(&expected).expect("large enough").hash;
    for name in ["grid.heic", "grid.avif"] {
        let whole = vector(name);
        let cut = report(&whole[..whole.len() - 40]);
        let Hash::Pdq(found) = cut.hashes[0].hash else {
            panic!("a view has a PDQ hash");
        };
        let distance = found.distance(expected).0;
        assert!(distance <= 10, "{name}: {distance} bits");
    }
}

#[test]
fn damaged_files_are_refused_and_limits_hold() {
    for extension in ["heic", "avif"] {
        let whole = vector(&format!("444.{extension}"));
        for percent in [1, 5] {
            let report = report(&whole[..whole.len() * percent / 100]);
            assert_eq!(report.outcome, Outcome::Refused, "{extension} {percent}");
        }
        // One piece: of HEVC nothing can be decoded, of AV1 the rows that are there.
        let report = report(&whole[..whole.len() * 9 / 10]);
        let outcome = if extension == "heic" {
            Outcome::Refused
        } else {
            Outcome::Partial
        };
        assert_eq!(
            (report.outcome, report.reason),
            (outcome, Some(Reason::Damaged))
        );
        let pixels = Limits {
            pixels_max: 320 * 240 - 1,
            ..Limits::default()
        };
        let memory = Limits {
            memory_bytes_max: 320 * 240,
            ..Limits::default()
        };
        let grid = vector(&format!("grid.{extension}"));
        for file in [&whole, &grid] {
            let reason = |limits| report_within(file, limits).reason;
            assert_eq!(reason(&pixels), Some(Reason::TooManyPixels));
            assert_eq!(reason(&memory), Some(Reason::TooMuchMemory));
        }
    }
}
