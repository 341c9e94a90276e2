//! Damaged files: what can be decoded is hashed, and the report says what is missing.

use proptest::collection::vec;
use proptest::prelude::*;
use seawall::{Budget, hash};
use seawall_core::{
    Hash, HashReport, Limits, Outcome, PdqHash, Pixels, Place, Random, Reason, View, ViewOptions,
};
use seawall_testkit::{
    PngColour, RawPng, SeededRandom, TiffPage, animated_png, animated_webp, bmp, gif, jpeg,
    picture, png, raw_tiff, tiff, webp,
};

fn report(file: &[u8]) -> HashReport {
    report_within(file, &Limits::default())
}

fn report_within(file: &[u8], limits: &Limits) -> HashReport {
    let budget = Budget {
        limits,
        expired: &|| false,
        views: ViewOptions::default(),
    };
    hash::perceptual(file, &budget)
}

fn pdq(pixels: &Pixels) -> PdqHash {
    hash::pdq(pixels).expect("large enough").hash
}

fn distance(report: &HashReport, view: View, pixels: &Pixels) -> u16 {
    let mut records = report.hashes.iter();
    let record = records.find(|record| record.view == Some(view));
    match record.expect("this view is there").hash {
        Hash::Pdq(found) => found.distance(pdq(pixels)).0,
        Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => panic!("a view has a PDQ hash"),
    }
}

#[track_caller]
fn check_partial(file: &[u8]) -> HashReport {
    let report = report(file);
    assert_eq!(
        (report.outcome, report.reason),
        (Outcome::Partial, Some(Reason::Damaged))
    );
    report
}

#[track_caller]
fn check_refused(file: &[u8]) {
    let report = report(file);
    assert_eq!(
        (report.outcome, report.reason),
        (Outcome::Refused, Some(Reason::Damaged))
    );
    assert!(report.hashes.is_empty());
}

/// The whole picture, to the bit, with one note that holds this word.
#[track_caller]
fn check_noted(file: &[u8], pixels: &Pixels, word: &str) {
    let report = report(file);
    assert_eq!((report.outcome, report.reason), (Outcome::Hashed, None));
    assert_eq!(distance(&report, View::STORED, pixels), 0);
    assert_eq!(report.notes.len(), 1, "{:?}", report.notes);
    assert!(report.notes[0].contains(word), "{:?}", report.notes);
}

/// Rows as far as the file goes and black below them.
fn rows_kept(pixels: &Pixels, rows: usize) -> Pixels {
    let mut data = pixels.data().to_vec();
    data[rows * pixels.width() * pixels.kind().bytes()..].fill(0);
    Pixels::new(pixels.width(), pixels.height(), pixels.kind(), data).expect("same size")
}

fn stored_png(pixels: &Pixels) -> Vec<u8> {
    let file = RawPng {
        width: pixels.width() as u32,
        height: pixels.height() as u32,
        depth: 8,
        colour: PngColour::Rgb,
        chunks: Vec::new(),
        rows: (0..pixels.height())
            .map(|row| pixels.row(row).to_vec())
            .collect(),
    };
    file.to_bytes()
}

fn place_of(file: &[u8], name: &[u8]) -> usize {
    file.windows(name.len())
        .position(|window| window == name)
        .expect("it is in the file")
}

#[test]
fn a_cut_png_is_hashed_row_by_row() {
    let one = picture(320, 240, 1);
    let whole = stored_png(&one);
    let row_bytes = 320 * 3 + 1;
    for rows in [200, 120, 10] {
        let pixels_at = place_of(&whole, b"IDAT") + 4 + 7;
        // Stored blocks have headers of 5 bytes every 65 535 bytes.
        let length = rows * row_bytes + rows * row_bytes / 0xFFFF * 5;
        let report = check_partial(&whole[..pixels_at + length + row_bytes / 2]);
        assert_eq!(report.hashes.len(), 1);
        let found = distance(&report, View::STORED, &rows_kept(&one, rows));
        assert!(found <= 8, "{rows} rows: {found} bits");
    }
    let compressed = png(&one);
    let report = check_partial(&compressed[..compressed.len() * 95 / 100]);
    assert!(distance(&report, View::STORED, &one) <= 31);
    check_refused(&whole[..place_of(&whole, b"IDAT") + 20]);
    check_refused(&whole[..40]);
    check_refused(&whole[..20]);
}

#[test]
fn a_cut_interlaced_png_lacks_only_detail() {
    let one = picture(320, 240, 1);
    let whole = seawall_testkit::interlaced_png(&one);
    assert_eq!(distance(&report(&whole), View::STORED, &one), 0);
    // The last two of the seven passes hold three quarters of the pixels.
    let cut = check_partial(&whole[..whole.len() * 30 / 100]);
    assert!(distance(&cut, View::STORED, &one) <= 16);
}

#[test]
fn a_wrong_checksum_or_a_missing_end_does_no_harm() {
    let one = picture(320, 240, 1);
    for file in [png(&one), stored_png(&one)] {
        let end = file.len() - 12;
        check_noted(&file[..end], &one, "end of the file");
        check_noted(&file[..end + 6], &one, "end of the file");
        let mut wrong = file.clone();
        // The checksum of the last chunk with pixels.
        wrong[end - 1] ^= 0x55;
        check_noted(&wrong, &one, "checksum");
        // The checksum of the compressed data, before that of its chunk: pixels may be wrong.
        let mut wrong = file.clone();
        wrong[end - 5] ^= 0x55;
        let report = check_partial(&wrong);
        assert_eq!(distance(&report, View::STORED, &one), 0);
        assert_eq!(
            report.notes,
            ["the checksum of the pixels is wrong or missing"]
        );
        // Of the header.
        let mut wrong = file.clone();
        wrong[29] ^= 0x55;
        check_noted(&wrong, &one, "checksum");
    }
}

#[test]
fn cut_frames_of_an_animation_are_partial() {
    let frames: Vec<Pixels> = (0..4).map(|seed| picture(64, 48, seed)).collect();
    let whole = animated_png(&frames);
    assert_eq!(report(&whole).outcome, Outcome::Hashed);
    let cut = check_partial(&whole[..whole.len() * 7 / 10]);
    assert_eq!(distance(&cut, View::STORED, &frames[0]), 0);
    assert_eq!(distance(&cut, View::frame(2), &frames[1]), 0);
    let whole = animated_webp(&frames, 1);
    let cut = check_partial(&whole[..whole.len() * 7 / 10]);
    assert_eq!(distance(&cut, View::frame(2), &frames[1]), 0);
}

#[test]
fn a_cut_gif_is_hashed_as_far_as_it_goes() {
    let one = picture(320, 240, 1);
    let whole = gif(std::slice::from_ref(&one));
    let cut = check_partial(&whole[..whole.len() * 95 / 100]);
    assert!(distance(&cut, View::STORED, &one) <= 31);
    let frames: Vec<Pixels> = (0..4).map(|seed| picture(64, 48, seed)).collect();
    let whole = gif(&frames);
    let cut = check_partial(&whole[..whole.len() - 500]);
    let views = cut.hashes.iter().filter_map(|record| record.view);
    let views: Vec<String> = views.map(|view| view.to_string()).collect();
    // What was not reached of the last frame is missing, not see-through.
    assert_eq!(views, ["frame:1", "frame:2", "frame:3", "frame:4"]);
    assert!(cut.notes.is_empty(), "{:?}", cut.notes);
    check_refused(&whole[..800]);
}

#[test]
fn cut_bitmaps_and_tiffs_are_hashed_as_far_as_they_go() {
    let one = picture(320, 240, 1);
    let whole = bmp(&one);
    // Rows are stored from the bottom up: the missing ones are those at the top.
    let cut = check_partial(&whole[..whole.len() * 95 / 100]);
    assert!(distance(&cut, View::STORED, &one) <= 40);
    check_refused(&whole[..54]);
    let page = TiffPage::plain(&one);
    for whole in [
        raw_tiff(std::slice::from_ref(&page)),
        raw_tiff(&[page.clone(), page]),
    ] {
        assert_eq!(report(&whole).outcome, Outcome::Hashed);
    }
    // The encoder writes its directory last: without it nothing is known of the pixels.
    let whole = tiff(&one);
    check_refused(&whole[..whole.len() * 8 / 10]);
    let whole = raw_tiff(&[TiffPage::plain(&one)]);
    let cut = check_partial(&whole[..whole.len() * 95 / 100]);
    assert!(distance(&cut, View::STORED, &one) <= 31);
    check_refused(&whole[..100]);
}

/// The rows that are there; which ones is held in `seawall-decode`, to the bit.
#[test]
fn a_cut_webp_is_hashed_as_far_as_it_goes() {
    let one = picture(320, 240, 1);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
    let lossy = std::fs::read(format!("{folder}/lossy.webp")).expect("every vector is committed");
    for whole in [lossy, webp(&one)] {
        let cut = check_partial(&whole[..whole.len() * 98 / 100]);
        assert!(distance(&cut, View::STORED, &one) <= 40);
        check_refused(&whole[..100]);
    }
}

/// The pictures of the file, in order, and its notes.
#[track_caller]
fn check_glued(file: &[u8], pictures: &[&Pixels], notes: &[&str]) {
    let report = report(file);
    let views: Vec<View> = report
        .hashes
        .iter()
        .filter_map(|record| record.view)
        .collect();
    let part = |number: u32| View::of(Place::Part(number));
    let wanted: Vec<View> = (1..)
        .zip(pictures)
        .map(|(number, _)| {
            if number == 1 {
                View::STORED
            } else {
                part(number)
            }
        })
        .collect();
    assert_eq!(views, wanted);
    for (view, pixels) in wanted.into_iter().zip(pictures) {
        assert!(distance(&report, view, pixels) <= 10, "{view}");
    }
    assert_eq!(report.notes, notes);
}

#[test]
fn pictures_glued_behind_a_picture_are_found() {
    let [one, two, three] = [1, 2, 3].map(|seed| picture(80, 60, seed));
    let firsts = [
        jpeg(&one, 90),
        png(&one),
        gif(std::slice::from_ref(&one)),
        webp(&one),
        bmp(&one),
    ];
    for first in firsts {
        for second in [jpeg(&two, 90), png(&two), webp(&two), bmp(&two), tiff(&two)] {
            for gap in [&b""[..], b"\0\0\0\0", b"some words between"] {
                let note = format!(
                    "trailing data: another picture begins at byte {}",
                    first.len() + gap.len()
                );
                let file = [&first, gap, &second].concat();
                check_glued(&file, &[&one, &two], &[&note]);
            }
        }
        check_glued(&first, &[&one], &[]);
        let with_text = [&first[..], b"Goodbye. \xFF\xD8\xFF is how a JPEG begins."].concat();
        check_glued(&with_text, &[&one], &[]);
    }
    let pair = [jpeg(&one, 90), jpeg(&two, 90)].concat();
    let places = [jpeg(&one, 90).len(), pair.len()];
    let notes =
        places.map(|place| format!("trailing data: another picture begins at byte {place}"));
    let file = [pair, png(&three)].concat();
    check_glued(&file, &[&one, &two, &three], &[&notes[0], &notes[1]]);
}

/// Phones put a film of the moment behind the picture.
#[test]
fn a_film_behind_a_picture_is_named_and_passed() {
    let [one, two] = [1, 2].map(|seed| picture(80, 60, seed));
    let photo = jpeg(&one, 90);
    let note = format!(
        "trailing data: a file of type video/mp4 begins at byte {}",
        photo.len()
    );
    let head = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
    // A picture inside of a box is the film's own.
    let inside = jpeg(&picture(80, 60, 3), 90);
    let length = u32::try_from(8 + inside.len()).expect("small");
    let whole = [&head[..], &length.to_be_bytes(), b"mdat", &inside].concat();
    let broken = [&head[..], b"\xFF\0\0\x09free"].concat();
    for film in [head.to_vec(), whole, broken] {
        let file = [&photo[..], &film].concat();
        check_glued(&file, &[&one], &[&note]);
        for second in [jpeg(&two, 90), png(&two), bmp(&two)] {
            let found = format!(
                "trailing data: another picture begins at byte {}",
                file.len()
            );
            let file = [&file[..], &second].concat();
            check_glued(&file, &[&one, &two], &[&note, &found]);
        }
    }
}

/// Where a limit ends the search, the report says so.
#[test]
fn a_search_that_a_limit_ends_is_partial() {
    let [one, two] = [1, 2].map(|seed| picture(80, 60, seed));
    let first = jpeg(&one, 90);
    let film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
    for (piece, count, is_whole) in [
        (&first[..], 7, true),
        (&first[..], 8, false),
        (&film[..], 31, true),
        (&film[..], 32, false),
    ] {
        let file = [&first[..], &piece.repeat(count), &png(&two)].concat();
        let report = report(&file);
        let last = report.notes.last().expect("there are notes");
        assert_eq!(last.contains("not searched from byte"), !is_whole, "{last}");
        let outcome = if is_whole {
            (Outcome::Hashed, None)
        } else {
            (Outcome::Partial, Some(Reason::TooSlow))
        };
        assert_eq!((report.outcome, report.reason), outcome);
    }
}

/// What begins like a picture and goes on as nonsense costs the search nothing.
#[test]
fn false_beginnings_do_not_hide_a_picture() {
    let [one, two] = [1, 2].map(|seed| picture(80, 60, seed));
    let beginnings: [&[u8]; 8] = [
        b"II*\0\xFF\xFF\xFF\xFF....",
        b"MM\0*\0\0\0\0....",
        b"\xFF\xD8\xFF is how",
        b"\x89PNG\r\n\x1A\nnothing.",
        b"GIF89a is a format ",
        b"RIFF\xFF\xFF\xFF\xFFWEBPwhat",
        b"BM\x40\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0..............",
        b"\xFF\xFF\xFF\xFFftypheic",
    ];
    for beginning in beginnings {
        let first = [&jpeg(&one, 90)[..], &beginning.repeat(100)].concat();
        let note = format!(
            "trailing data: another picture begins at byte {}",
            first.len()
        );
        let file = [&first[..], &png(&two)].concat();
        check_glued(&file, &[&one, &two], &[&note]);
        assert_eq!(report(&file).outcome, Outcome::Hashed);
    }
}

/// Places may be any number.
/// Compressed data holds the first bytes of a JPEG by chance, once in some megabytes, and what
/// follows may claim any size: no reason to call a whole picture partial.
#[test]
fn noise_that_begins_like_a_jpeg_makes_no_picture_partial() {
    let mut noise = vec![0; 20 << 16];
    SeededRandom::new(8).fill(&mut noise);
    for (number, piece) in (0_u8..).zip(noise.chunks_exact_mut(1 << 16)) {
        let marker = [0xC0, 0xC4, 0xDB, 0xE0][usize::from(number % 4)];
        piece[..4].copy_from_slice(&[0xFF, 0xD8, 0xFF, marker]);
        // A header of 65 535 pixels a side, where a reader that goes on finds one.
        piece[900..909].copy_from_slice(&[0xFF, 0xC0, 0, 17, 8, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    let report = report(&[png(&picture(96, 80, 3)), noise].concat());
    assert_eq!((report.outcome, report.reason), (Outcome::Hashed, None));
    assert!(report.notes.is_empty(), "{:?}", report.notes);
}

#[test]
fn odd_places_in_a_part_do_no_harm() {
    let one = picture(80, 60, 1);
    let mut file = jpeg(&one, 90);
    // A directory of BigTIFF whose strip lies at the last place that 64 bits can name.
    file.extend(b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0");
    let entries: [(u16, u64); 9] = [
        (256, 8),
        (257, 8),
        (258, 8),
        (259, 7),
        (262, 1),
        (273, u64::MAX),
        (277, 1),
        (278, 8),
        (279, 64),
    ];
    file.extend(9_u64.to_le_bytes());
    for (tag, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(16_u16.to_le_bytes());
        file.extend(1_u64.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 8]);
    let report = check_partial(&file);
    assert!(distance(&report, View::STORED, &one) <= 10);
}

/// A part breaks off, with some of its pixels or with none.
#[test]
fn a_damaged_part_makes_the_file_partial_and_hides_nothing() {
    let [one, two, three] = [1, 2, 3].map(|seed| picture(80, 60, seed));
    let first = jpeg(&one, 90);
    // Nothing tells the rows of a cut bitmap or WebP from the bytes behind them.
    for (cut, is_told) in [
        (jpeg(&two, 90), true),
        (png(&two), true),
        (gif(std::slice::from_ref(&two)), true),
        (bmp(&two), false),
        (webp(&two), false),
    ] {
        let cut = &cut[..cut.len() * 3 / 4];
        for last in [jpeg(&three, 90), png(&three)] {
            for file in [[&first[..], cut, &last].concat(), [cut, &last].concat()] {
                let report = if is_told {
                    check_partial(&file)
                } else {
                    report(&file)
                };
                let mut views = report.hashes.iter().filter_map(|record| record.view);
                let is_found = views.any(|view| distance(&report, view, &three) <= 10);
                assert!(is_found, "{:?}", report.notes);
            }
        }
    }
    let whole = webp(&two);
    let report = check_partial(&[&first, &whole[..whole.len() / 10]].concat());
    assert!(report.notes[0].contains("was left out"));
}

/// A TIFF does not say where it ends, and may be made of JPEG data.
#[test]
fn pictures_behind_a_tiff_are_found() {
    let [one, two] = [1, 2].map(|seed| picture(80, 60, seed));
    let as_jpeg = TiffPage {
        compression: 7,
        photometric: 6,
        strip: jpeg(&one, 90),
        ..TiffPage::plain(&one)
    };
    for first in [
        tiff(&one),
        raw_tiff(&[TiffPage::plain(&one)]),
        raw_tiff(&[as_jpeg]),
    ] {
        check_glued(&first, &[&one], &[]);
        let note = format!(
            "trailing data: another picture begins at byte {}",
            first.len()
        );
        for second in [jpeg(&two, 90), png(&two), webp(&two), bmp(&two), tiff(&two)] {
            let file = [&first[..], &second].concat();
            check_glued(&file, &[&one, &two], &[&note]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever lies between them: no picture is passed over in silence.
    #[test]
    fn every_glued_picture_is_found(
        pieces in vec((0_usize..7, vec(any::<u8>(), 0..2000)), 1..=5),
    ) {
        let mut file = Vec::new();
        let mut pictures = Vec::new();
        for (seed, (format, junk)) in (1..).zip(&pieces) {
            let one = picture(80, 60, seed);
            file.extend(match format {
                0 => jpeg(&one, 90),
                1 => png(&one),
                2 => gif(std::slice::from_ref(&one)),
                3 => webp(&one),
                4 => bmp(&one),
                5 => raw_tiff(&[TiffPage::plain(&one)]),
                _ => tiff(&one),
            });
            file.extend(junk);
            pictures.push(one);
        }
        let report = report(&file);
        if report.outcome != Outcome::Partial {
            prop_assert_eq!(report.outcome, Outcome::Hashed);
            for one in &pictures {
                let mut views = report.hashes.iter().filter_map(|record| record.view);
                let is_found = views.any(|view| distance(&report, view, one) <= 10);
                prop_assert!(is_found, "{:?}", report.notes);
            }
        }
    }
}

/// The first picture breaks off, or is none at all, and a whole one lies behind it.
#[test]
fn a_picture_behind_a_damaged_one_is_found() {
    let [one, two] = [1, 2].map(|seed| picture(80, 60, seed));
    let cut = |file: Vec<u8>| file[..file.len() * 3 / 4].to_vec();
    let wrong = |file: Vec<u8>| [&file[..30], &[0; 40]].concat();
    let firsts = [
        cut(jpeg(&one, 90)),
        cut(png(&one)),
        cut(gif(std::slice::from_ref(&one))),
        wrong(png(&one)),
    ];
    for (number, first) in firsts.iter().enumerate() {
        for second in [jpeg(&two, 90), png(&two)] {
            let report = report(&[&first[..], &second].concat());
            assert_eq!(report.outcome, Outcome::Partial, "{number}");
            assert_eq!(report.reason, Some(Reason::Damaged), "{number}");
            assert!(
                distance(&report, View::of(Place::Part(2)), &two) <= 10,
                "{number}"
            );
        }
    }
}

/// What the pictures of one file may cost together is what one may cost.
#[test]
fn glued_pictures_share_the_limits_of_one() {
    let pictures = [1, 2, 3].map(|seed| picture(80, 60, seed));
    let file = pictures
        .each_ref()
        .map(|picture| jpeg(picture, 90))
        .concat();
    for (pixels_max, parts, reason) in [
        (3 * 80 * 60, 3, None),
        (3 * 80 * 60 - 1, 2, Some(Reason::TooManyPixels)),
        (80 * 60, 1, Some(Reason::TooManyPixels)),
    ] {
        let limits = Limits {
            pixels_max,
            ..Limits::default()
        };
        let report = report_within(&file, &limits);
        assert_eq!((report.hashes.len(), report.reason), (parts, reason));
        let left_out = report.notes.iter().any(|note| note.contains("left out"));
        assert_eq!(left_out, reason.is_some());
    }
}
