//! Small harmless inputs on which programs of this field have failed, and what is right.
//! The numbers SW-A01 to SW-A24 are those of the project's collection of cases.

use std::cell::Cell;

use seawall::hash;
use seawall::{Budget, json::FileReport};
use seawall_core::{
    Algorithm, Form, Hash, HashReport, Limits, Outcome, PdqHash, PixelKind, Pixels, Reason, View,
    ViewOptions,
};
use seawall_testkit::{
    GifFrame, JpegColour, JpegOptions, PngColour, RawPng, TiffPage, bmp, flat, gif, grey, jpeg,
    jpeg_with_orientation, picture, png, png_bomb, raw_gif, raw_jpeg, raw_tiff, resized,
    stored_for, tiff, webp,
};

fn report_within(file: &[u8], limits: &Limits) -> HashReport {
    let budget = Budget {
        limits,
        expired: &|| false,
        views: ViewOptions::default(),
    };
    hash::report(file, &budget)
}

fn report(file: &[u8]) -> HashReport {
    report_within(file, &Limits::default())
}

fn pdq(pixels: &Pixels) -> PdqHash {
    hash::pdq(pixels).expect("no side is below five").hash
}

fn views(report: &HashReport) -> Vec<(View, PdqHash)> {
    let pairs = report.hashes.iter().filter_map(|record| match record.hash {
        Hash::Pdq(hash) => Some((record.view.expect("PDQ has a view"), hash)),
        Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => None,
    });
    pairs.collect()
}

fn nearest(report: &HashReport, pixels: &Pixels) -> u16 {
    let expected = pdq(pixels);
    let distances = views(report)
        .into_iter()
        .map(|(_, hash)| hash.distance(expected).0);
    distances.min().expect("at least one view")
}

/// The file is one picture, hashed, as near as this to what a viewer shows.
#[track_caller]
fn check_hashed(file: &[u8], shown: &Pixels, distance_bits_max: u16) {
    let report = report(file);
    assert_eq!((report.outcome, report.reason), (Outcome::Hashed, None));
    assert_eq!(views(&report).len(), 1);
    let distance = nearest(&report, shown);
    assert!(distance <= distance_bits_max, "{distance} bits");
}

/// The file was not hashed, for this cause; its digests are there all the same.
#[track_caller]
fn check_unhashed(file: &[u8], outcome: Outcome, reason: Reason) {
    let report = report(file);
    assert_eq!((report.outcome, report.reason), (outcome, Some(reason)));
    let digests = report
        .hashes
        .iter()
        .filter(|record| record.quality.is_none());
    let kinds: Vec<_> = digests.map(|record| record.hash.algorithm()).collect();
    assert_eq!(kinds, [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256]);
    assert!(
        report
            .hashes
            .iter()
            .all(|record| record.view.is_none() || !record.is_usable())
    );
}

fn rows(pixels: &Pixels) -> impl Iterator<Item = &[u8]> {
    (0..pixels.height()).map(|row| pixels.row(row))
}

fn raw_png(pixels: &Pixels, depth: u8, colour: PngColour, rows: Vec<Vec<u8>>) -> RawPng {
    RawPng {
        width: pixels.width() as u32,
        height: pixels.height() as u32,
        depth,
        colour,
        chunks: Vec::new(),
        rows,
    }
}

#[test]
fn a00_every_lossless_format_gives_the_hash_of_the_pixels() {
    for picture in [picture(320, 240, 1), grey(&picture(321, 239, 2))] {
        for encode in [png, webp, bmp, tiff] {
            check_hashed(&encode(&picture), &picture, 0);
        }
        check_hashed(&jpeg(&picture, 92), &picture, 8);
    }
}

#[test]
fn a01_stored_and_upright_forms_are_both_hashed() {
    let shown = picture(320, 240, 1);
    for orientation in 2..=8 {
        let stored = stored_for(&shown, orientation);
        let report = report(&jpeg_with_orientation(&stored, 92, orientation));
        assert_eq!(report.outcome, Outcome::Hashed);
        let [(View::STORED, as_stored), (View::UPRIGHT, upright)] = views(&report)[..] else {
            panic!("orientation {orientation}: other views");
        };
        assert!(as_stored.distance(pdq(&stored)).0 <= 10, "{orientation}");
        assert!(upright.distance(pdq(&shown)).0 <= 10, "{orientation}");
    }
    let plain = report(&jpeg_with_orientation(&shown, 92, 1));
    assert_eq!(views(&plain).len(), 1);
}

#[test]
fn a02_palette_indices_are_looked_up() {
    // Sixteen greys whose order in the palette has nothing to do with their brightness.
    let shown = {
        let one = grey(&picture(320, 240, 1));
        let steps = one.data().iter().map(|value| value / 16 * 17).collect();
        Pixels::new(320, 240, PixelKind::Luma8, steps).expect("same size")
    };
    let index_of = |value: u8| value / 17 * 7 % 16;
    let rows = rows(&shown).map(|row| row.iter().map(|&value| index_of(value)).collect());
    let mut file = raw_png(&shown, 8, PngColour::Palette, rows.collect());
    let mut palette = vec![0; 48];
    for value in (0..16_u8).map(|step| step * 17) {
        let index = usize::from(index_of(value));
        palette[index * 3..index * 3 + 3].fill(value);
    }
    file.chunks.push((*b"PLTE", palette));
    check_hashed(&file.to_bytes(), &shown, 0);
}

#[test]
fn a03_sixteen_bits_are_scaled() {
    let shown = grey(&picture(320, 240, 1));
    let wide = |row: &[u8]| {
        row.iter()
            .flat_map(|&value| [value, value ^ 0x5A])
            .collect()
    };
    let file = raw_png(
        &shown,
        16,
        PngColour::Grey,
        rows(&shown).map(wide).collect(),
    );
    check_hashed(&file.to_bytes(), &shown, 4);
}

#[test]
fn a04_and_a06_an_opaque_alpha_changes_nothing() {
    let colour = picture(320, 240, 1);
    let with_alpha = |row: &[u8], channels: usize| {
        let pixels = row.chunks_exact(channels);
        pixels
            .flat_map(|pixel| [pixel, &[255]].concat())
            .collect::<Vec<u8>>()
    };
    let rgba = rows(&colour).map(|row| with_alpha(row, 3)).collect();
    check_hashed(
        &raw_png(&colour, 8, PngColour::Rgba, rgba).to_bytes(),
        &colour,
        0,
    );
    let grey = grey(&colour);
    let la = rows(&grey).map(|row| with_alpha(row, 1)).collect();
    check_hashed(
        &raw_png(&grey, 8, PngColour::GreyAlpha, la).to_bytes(),
        &grey,
        0,
    );
}

#[test]
fn a05_one_bit_becomes_black_and_white() {
    let source = grey(&picture(320, 240, 1));
    let data = source
        .data()
        .iter()
        .map(|&value| if value > 110 { 255 } else { 0 });
    let shown = Pixels::new(320, 240, PixelKind::Luma8, data.collect()).expect("same size");
    let pack = |eight: &[u8]| eight.iter().fold(0, |byte, &value| byte << 1 | (value & 1));
    let packed = rows(&shown).map(|row| row.chunks_exact(8).map(pack).collect());
    let file = raw_png(&shown, 1, PngColour::Grey, packed.collect());
    check_hashed(&file.to_bytes(), &shown, 0);
}

#[test]
fn a07_a_shape_in_the_alpha_is_hashed_as_shown_on_white() {
    let shape = grey(&picture(320, 240, 1));
    let rgba = rows(&shape).map(|row| {
        row.iter()
            .flat_map(|&value| [0, 0, 0, 255 - value])
            .collect()
    });
    let file = raw_png(&shape, 8, PngColour::Rgba, rgba.collect()).to_bytes();
    let report = report(&file);
    assert_eq!((report.outcome, report.reason), (Outcome::Hashed, None));
    // Black on white shows the shape; black on black shows nothing that the plain form does not.
    let on_white = View::STORED.with(Form::OnWhite);
    let [(View::STORED, _), (view, found)] = views(&report)[..] else {
        panic!("other views");
    };
    assert_eq!((view, found), (on_white, pdq(&shape)));
    let notes = &report.notes;
    assert!(
        notes.iter().any(|note| note.contains("transparent")),
        "{notes:?}"
    );
}

#[test]
fn a07_a_white_shape_is_hashed_as_shown_on_black() {
    let shape = grey(&picture(320, 240, 1));
    let la = rows(&shape).map(|row| row.iter().flat_map(|&value| [255, value]).collect());
    let file = raw_png(&shape, 8, PngColour::GreyAlpha, la.collect()).to_bytes();
    let on_black = View::STORED.with(Form::OnBlack);
    let views = views(&report(&file));
    assert_eq!(views[1..], [(on_black, pdq(&shape))]);
}

#[test]
fn a08_inks_become_colours() {
    let shown = picture(320, 240, 1);
    for (colour, progressive) in [
        (JpegColour::Cmyk, false),
        (JpegColour::Cmyk, true),
        (JpegColour::Ycck, false),
        (JpegColour::Ycck, true),
        (JpegColour::Rgb, false),
    ] {
        let options = JpegOptions {
            colour,
            progressive,
            ..JpegOptions::plain(90)
        };
        check_hashed(&raw_jpeg(&shown, &options), &shown, 8);
    }
}

#[test]
fn a09_a_grey_jpeg_may_have_an_adobe_marker() {
    let shown = grey(&picture(320, 240, 1));
    let plain = jpeg(&shown, 92);
    let marker = b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0\0";
    check_hashed(&[&plain[..2], marker, &plain[2..]].concat(), &shown, 8);
}

#[test]
fn a10_a_cut_jpeg_is_hashed_and_marked() {
    let shown = picture(640, 480, 1);
    let whole = jpeg(&shown, 92);
    for percent in [98, 80, 50] {
        let report = report(&whole[..whole.len() * percent / 100]);
        assert_eq!(
            (report.outcome, report.reason),
            (Outcome::Partial, Some(Reason::Damaged))
        );
        assert!(percent < 98 || nearest(&report, &shown) <= 31);
    }
    // Nothing but the header is left: the decoder fills what is missing with grey.
    let scan = whole.windows(2).position(|pair| pair == [0xFF, 0xDA]);
    let scan = scan.expect("a JPEG has a scan") + 14;
    check_unhashed(&whole[..scan], Outcome::Refused, Reason::Damaged);
    check_unhashed(&whole[..100], Outcome::Refused, Reason::Damaged);
}

#[test]
fn a11_every_subsampling_is_near_the_lossless_picture() {
    let shown = [picture(320, 240, 1), picture(333, 251, 2)];
    let samplings = [
        (1, 1),
        (2, 1),
        (1, 2),
        (2, 2),
        (4, 1),
        (1, 4),
        (4, 2),
        (4, 4),
    ];
    for sampling in samplings {
        for (progressive, shown) in [false, true]
            .iter()
            .flat_map(|&p| [(p, &shown[0]), (p, &shown[1])])
        {
            let options = JpegOptions {
                sampling,
                progressive,
                ..JpegOptions::plain(85)
            };
            check_hashed(&raw_jpeg(shown, &options), shown, 10);
        }
    }
}

/// The name of a file does not even reach the decoder.
#[test]
fn a12_the_format_is_told_from_the_content() {
    let shown = picture(320, 240, 1);
    for (encode, media_type) in [
        (png as fn(&Pixels) -> Vec<u8>, "image/png"),
        (webp, "image/webp"),
        (bmp, "image/bmp"),
        (tiff, "image/tiff"),
    ] {
        let report = report(&encode(&shown));
        assert_eq!(FileReport::from(&report).media_type, media_type);
        assert_eq!(nearest(&report, &shown), 0);
    }
}

#[test]
fn a13_what_comes_late_in_a_gif_is_found() {
    let late = picture(320, 240, 1);
    let report = report(&gif(&[flat(320, 240, [200; 3]), late.clone()]));
    assert_eq!(report.outcome, Outcome::Hashed);
    let [(first, _), (second, found)] = views(&report)[..] else {
        panic!("other views");
    };
    assert_eq!([first, second], [1, 2].map(View::frame));
    assert!(found.distance(pdq(&late)).0 <= 10);
    check_hashed(&gif(std::slice::from_ref(&late)), &late, 10);
}

#[test]
fn a13_frames_are_sampled_evenly_and_the_note_says_so() {
    let frames: Vec<Pixels> = (0..12).map(|seed| picture(64, 48, seed)).collect();
    let limits = Limits {
        frames_max: 3,
        ..Limits::default()
    };
    let report = report_within(&gif(&frames), &limits);
    let numbers: Vec<View> = views(&report).into_iter().map(|(view, _)| view).collect();
    assert_eq!(numbers, [1, 6, 12].map(View::frame));
    assert_eq!(report.notes, ["hashed 3 of 12 frames"]);
}

#[test]
fn a13_a_cut_animation_is_partial() {
    let frames: Vec<Pixels> = (0..4).map(|seed| picture(64, 48, seed)).collect();
    let whole = gif(&frames);
    let report = report(&whole[..whole.len() - 500]);
    assert_eq!(
        (report.outcome, report.reason),
        (Outcome::Partial, Some(Reason::Damaged))
    );
    let numbers: Vec<View> = views(&report).into_iter().map(|(view, _)| view).collect();
    assert_eq!(numbers[..4], [1, 2, 3, 4].map(View::frame));
}

#[test]
fn a14_frames_larger_than_or_off_the_screen_do_no_harm() {
    let frame = |pixels: &Pixels, left, top| GifFrame {
        left,
        top,
        width: pixels.width() as u16,
        height: pixels.height() as u16,
        indices: pixels.data().to_vec(),
    };
    let one = grey(&picture(320, 240, 1));
    let small = grey(&picture(80, 60, 2));
    let larger = raw_gif(160, 120, &[frame(&one, 0, 0)]);
    let off = raw_gif(320, 240, &[frame(&one, 0, 0), frame(&small, 400, 300)]);
    let far = raw_gif(
        320,
        240,
        &[frame(&one, 0, 0), frame(&small, u16::MAX, u16::MAX)],
    );
    let inside = raw_gif(320, 240, &[frame(&small, 100, 60)]);
    for file in [larger, off, far, inside] {
        assert_eq!(report(&file).outcome, Outcome::Hashed);
    }
    let empty_screen = raw_gif(0, 0, &[frame(&small, 0, 0)]);
    assert_eq!(report(&empty_screen).outcome, Outcome::Refused);
}

#[test]
fn a15_sizes_above_the_limits_are_refused_before_anything_is_allocated() {
    check_unhashed(&png_bomb(), Outcome::Refused, Reason::TooManyPixels);
    let limits = Limits {
        pixels_max: 320 * 240 - 1,
        ..Limits::default()
    };
    let room = Limits {
        memory_bytes_max: 320 * 240 - 1,
        ..Limits::default()
    };
    let small = Limits {
        bytes_max: 100,
        ..Limits::default()
    };
    let one = picture(320, 240, 1);
    let files = [
        png(&one),
        webp(&one),
        bmp(&one),
        tiff(&one),
        jpeg(&one, 90),
        gif(&[one]),
    ];
    for file in files {
        assert_eq!(
            report_within(&file, &limits).reason,
            Some(Reason::TooManyPixels)
        );
        assert_eq!(
            report_within(&file, &room).reason,
            Some(Reason::TooMuchMemory)
        );
        assert_eq!(
            report_within(&file, &small).reason,
            Some(Reason::TooManyBytes)
        );
    }
}

#[test]
fn a15_sizes_that_only_the_header_claims_are_refused_too() {
    let huge = 60_000_u32;
    let mut bitmap = bmp(&picture(8, 8, 1));
    bitmap[18..22].copy_from_slice(&huge.to_le_bytes());
    bitmap[22..26].copy_from_slice(&huge.to_le_bytes());
    let mut animation = gif(&[picture(8, 8, 1)]);
    animation[6..8].copy_from_slice(&60_000_u16.to_le_bytes());
    animation[8..10].copy_from_slice(&60_000_u16.to_le_bytes());
    let mut photo = jpeg(&picture(8, 8, 1), 90);
    let frame = photo
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .expect("baseline");
    photo[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    for file in [bitmap, animation, photo] {
        check_unhashed(&file, Outcome::Refused, Reason::TooManyPixels);
    }
}

#[test]
fn a15_the_time_limit_ends_a_decoding() {
    let limits = Limits::default();
    let one = picture(640, 480, 1);
    for file in [png(&one), webp(&one), bmp(&one), tiff(&one), jpeg(&one, 90)] {
        let calls = Cell::new(0);
        let expired = || {
            calls.set(calls.get() + 1);
            calls.get() > 1
        };
        let budget = Budget {
            limits: &limits,
            expired: &expired,
            views: ViewOptions::default(),
        };
        let report = hash::perceptual(&file, &budget);
        let is_jpeg = report.media_type.name() == "image/jpeg";
        // The JPEG decoder cannot be stopped once it runs; its worker process can.
        assert!(
            is_jpeg || report.reason == Some(Reason::TooSlow),
            "{}",
            report.media_type
        );
    }
    let frames: Vec<Pixels> = (0..20).map(|seed| picture(64, 48, seed)).collect();
    let calls = Cell::new(0);
    let expired = || {
        calls.set(calls.get() + 1);
        calls.get() > 8
    };
    let budget = Budget {
        limits: &limits,
        expired: &expired,
        views: ViewOptions::default(),
    };
    let report = hash::perceptual(&gif(&frames), &budget);
    assert_eq!(
        (report.outcome, report.reason),
        (Outcome::Partial, Some(Reason::TooSlow))
    );
}

#[test]
fn a16_sides_below_five_have_no_hash_and_five_has() {
    for (width, height) in [(1, 1), (4, 64), (64, 4)] {
        let file = png(&picture(width, height, 3));
        check_unhashed(&file, Outcome::Unmatchable, Reason::TooSmall);
    }
    for (width, height) in [(5, 5), (64, 64), (2000, 8)] {
        let picture = picture(width, height, 3);
        check_hashed(&png(&picture), &picture, 0);
    }
}

#[test]
fn a17_a_flat_picture_is_unmatchable_and_its_quality_listed() {
    let file = png(&flat(200, 200, [90; 3]));
    check_unhashed(&file, Outcome::Unmatchable, Reason::LowQuality);
    assert_eq!(
        report(&file).hashes[0].quality.map(|quality| quality.0),
        Some(0)
    );
}

#[test]
fn a18_quality_50_is_hashed_and_49_is_not() {
    let base = picture(320, 240, 9);
    let faded = |step: u32| {
        let fade = |&value: &u8| {
            let value = 128.0 + (f64::from(value) - 128.0) * f64::from(step) / 2000.0;
            value.round() as u8
        };
        let data = base.data().iter().map(fade).collect();
        Pixels::new(320, 240, PixelKind::Rgb8, data).expect("same size")
    };
    let with_quality = |wanted: u8| {
        let quality = |pixels: &Pixels| hash::pdq(pixels).expect("large enough").quality.0;
        (40..2000)
            .map(faded)
            .find(|pixels| quality(pixels) == wanted)
    };
    let below = png(&with_quality(49).expect("some contrast gives 49"));
    check_unhashed(&below, Outcome::Unmatchable, Reason::LowQuality);
    let edge = with_quality(50).expect("some contrast gives 50");
    check_hashed(&png(&edge), &edge, 0);
}

/// Nothing is shrunk first: fine detail of a large picture counts as it does in the reference.
/// The golden values hold large pictures to the bit; here, a copy at half the size is near.
#[test]
fn a19_a_smaller_copy_is_near() {
    let large = picture(1536, 1152, 4);
    let report = report(&jpeg(&resized(&large, 768, 576), 85));
    assert!(nearest(&report, &large) <= 16);
}

#[test]
fn a21_a_broken_colour_profile_is_ignored() {
    let shown = picture(320, 240, 1);
    let packed = rows(&shown).map(<[u8]>::to_vec).collect();
    let mut file = raw_png(&shown, 8, PngColour::Rgb, packed);
    file.chunks
        .push((*b"iCCP", b"x\0\0not a profile, and not compressed".to_vec()));
    check_hashed(&file.to_bytes(), &shown, 0);
}

#[test]
fn a22_every_page_is_hashed_up_to_the_limit() {
    let pages = [
        flat(320, 240, [200; 3]),
        picture(320, 240, 1),
        picture(200, 300, 2),
    ];
    let file = raw_tiff(&pages.each_ref().map(TiffPage::plain));
    let report = report(&file);
    assert_eq!(report.outcome, Outcome::Hashed);
    let found = views(&report);
    let places: Vec<View> = found.iter().map(|&(view, _)| view).collect();
    assert_eq!(places, [1, 2, 3].map(View::page));
    assert_eq!((found[1].1, found[2].1), (pdq(&pages[1]), pdq(&pages[2])));
    let limits = Limits {
        frames_max: 2,
        ..Limits::default()
    };
    let capped = report_within(&file, &limits);
    assert_eq!(capped.notes, ["hashed 2 of 3 pages"]);
}

#[test]
fn a23_what_is_no_picture_is_refused_with_its_cause() {
    check_unhashed(b"", Outcome::Refused, Reason::Empty);
    check_unhashed(b"just text\n", Outcome::Refused, Reason::NotAPicture);
    check_unhashed(b"\xFF\xD8\xFF\xE0", Outcome::Refused, Reason::Damaged);
    check_unhashed(b"GIF89a", Outcome::Refused, Reason::Damaged);
    check_unhashed(b"II*\0", Outcome::Refused, Reason::Damaged);
    check_unhashed(b"\x89PNG\r\n\x1A\n", Outcome::Refused, Reason::Damaged);
    check_unhashed(b"RIFF\x04\0\0\0WEBP", Outcome::Refused, Reason::Damaged);
}

#[test]
fn a24_a_format_that_cannot_be_decoded_is_named() {
    let mut file = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec();
    file.extend([0; 64]);
    check_unhashed(&file, Outcome::Refused, Reason::Damaged);
    assert_eq!(FileReport::from(&report(&file)).media_type, "image/heic");
    let vector = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
    check_unhashed(vector, Outcome::Refused, Reason::UnsupportedFormat);
    assert_eq!(
        FileReport::from(&report(vector)).media_type,
        "image/svg+xml"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// A file of any format with bytes changed at random: some outcome, no panic, all digests.
    #[test]
    fn no_bytes_are_too_odd(
        format in 0_usize..6,
        changes in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 1..12),
        keep_percent in 5_usize..=100,
    ) {
        let small = [picture(24, 18, 1), picture(24, 18, 2)];
        let mut file = match format {
            0 => png(&small[0]),
            1 => webp(&small[0]),
            2 => bmp(&small[0]),
            3 => tiff(&small[0]),
            4 => jpeg(&small[0], 80),
            _ => gif(&small),
        };
        for (place, value) in changes {
            let place = place % file.len();
            file[place] = value;
        }
        file.truncate(file.len() * keep_percent / 100);
        let limits = Limits { memory_bytes_max: 64 << 20, ..Limits::default() };
        let report = report_within(&file, &limits);
        let digests = report.hashes.iter().filter(|record| record.view.is_none()).count();
        proptest::prop_assert_eq!(digests, 3);
        proptest::prop_assert_eq!(report.reason.is_none(), report.outcome == Outcome::Hashed);
    }
}
