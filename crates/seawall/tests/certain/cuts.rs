//! Files of every format, cut at any byte.

use proptest::prelude::*;
use seawall_core::{Outcome, Pixels};
use seawall_testkit::{
    JpegColour, JpegOptions, animated_png, animated_webp, bmp, gif, grey, interlaced_png, jpeg,
    picture, png, raw_jpeg, webp, webp_rgba,
};

use super::strips::{Coding, Striped};
use super::{check_certain, pixels, report, vector};

/// All of them, and how many bytes there are from one cut to the next.
fn files() -> Vec<(&'static str, Vec<u8>, usize)> {
    let one = picture(48, 40, 1);
    let frames: Vec<Pixels> = (0..4).map(|seed| picture(32, 24, seed)).collect();
    let progressive = JpegOptions {
        progressive: true,
        ..JpegOptions::plain(70)
    };
    let subsampled = JpegOptions {
        sampling: (2, 2),
        colour: JpegColour::Plain,
        ..JpegOptions::plain(90)
    };
    let rgba: Vec<u8> = (0..48 * 40)
        .flat_map(|n: u32| [n as u8, 90, 7, 255])
        .collect();
    let mut files = vec![
        ("JPEG", jpeg(&one, 90), 1),
        ("grey JPEG", jpeg(&grey(&one), 90), 1),
        ("4:2:0 JPEG", raw_jpeg(&one, &subsampled), 1),
        ("progressive JPEG", raw_jpeg(&one, &progressive), 3),
        ("PNG", png(&one), 1),
        ("interlaced PNG", interlaced_png(&one), 1),
        ("APNG", animated_png(&frames), 3),
        ("GIF", gif(std::slice::from_ref(&one)), 1),
        ("animated GIF", gif(&frames), 3),
        ("WebP", webp(&one), 5),
        ("WebP with alpha", webp_rgba(48, 40, &rgba), 5),
        ("animated WebP", animated_webp(&frames, 1), 7),
        ("lossy WebP", vector("lossy.webp"), 499),
        ("BMP", bmp(&one), 7),
        ("AVIF", vector("420.avif"), 997),
        ("AVIF in tiles", vector("grid.avif"), 997),
        ("AVIF sequence", vector("animated.avif"), 997),
        ("HEIC in tiles", vector("grid-odd.heic"), 1999),
        ("pages", vector("pages.tif"), 1499),
        ("fax", vector("fax.tif"), 13),
    ];
    for coding in Coding::ALL {
        let name = coding.name();
        files.push((name, Striped::of(&one, 7, coding).to_bytes(), 3));
    }
    files
}

#[test]
fn a_file_cut_at_any_byte_is_not_taken_for_the_whole_one() {
    for (name, file, step) in files() {
        let whole = pixels(&file);
        let uncut = report(&file);
        assert_eq!(uncut.outcome, Outcome::Hashed, "{name} {:?}", uncut.notes);
        assert!(!whole.is_empty(), "{name}");
        let ends = (1..file.len()).rev();
        let last = ends.clone().take(14);
        for end in last.chain(ends.step_by(step)) {
            check_certain(
                &file[..end],
                &whole,
                &format!("{name} cut at {end} of {}", file.len()),
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Formats whose pixels have a checksum: no change of them goes unseen.
    #[test]
    fn a_changed_png_is_not_taken_for_the_whole_one(
        form in 0_usize..3,
        place: usize,
        bytes in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let frames: Vec<Pixels> = (0..3).map(|seed| picture(32, 24, seed)).collect();
        let mut file = match form {
            0 => png(&frames[0]),
            1 => interlaced_png(&frames[0]),
            _ => animated_png(&frames),
        };
        let whole = pixels(&file);
        // Behind the header, whose size would be another.
        let place = 33 + place % (file.len() - 33);
        let changed = file[place..].iter_mut().zip(&bytes);
        changed.for_each(|(byte, &changed)| *byte = changed);
        let found = report(&file);
        if found.outcome == Outcome::Hashed {
            prop_assert!(pixels(&file) == whole, "{:?}", found.notes);
        }
    }
}

/// Every format that has an end marker, or says how long it is.
#[test]
fn a_missing_end_is_noted_where_the_pixels_are_there() {
    let one = picture(48, 40, 1);
    let frames: Vec<Pixels> = (0..4).map(|seed| picture(32, 24, seed)).collect();
    let interleaved = JpegOptions {
        sampling: (2, 2),
        ..JpegOptions::plain(90)
    };
    for (name, file, length) in [
        ("JPEG", jpeg(&one, 90), 2),
        ("grey JPEG", jpeg(&grey(&one), 90), 2),
        ("4:2:0 JPEG", raw_jpeg(&one, &interleaved), 2),
        ("PNG", png(&one), 12),
        ("APNG", animated_png(&frames), 12),
        ("GIF", gif(std::slice::from_ref(&one)), 1),
        ("animated GIF", gif(&frames), 1),
    ] {
        let whole = pixels(&file);
        for missing in 1..=length {
            let cut = &file[..file.len() - missing];
            let report = report(cut);
            assert_eq!(report.outcome, Outcome::Hashed, "{name} {missing}");
            assert!(pixels(cut) == whole, "{name} {missing}");
            let notes = &report.notes;
            assert_eq!(notes.len(), 1, "{name} {missing}: {notes:?}");
            assert!(notes[0].contains("end of the file is missing"), "{notes:?}");
        }
    }
}

/// Coarse scans come first, and nothing tells that finer ones are missing.
#[test]
fn a_progressive_jpeg_without_its_end_is_partial() {
    let options = JpegOptions {
        progressive: true,
        ..JpegOptions::plain(70)
    };
    let file = raw_jpeg(&picture(48, 40, 1), &options);
    assert_eq!(report(&file).outcome, Outcome::Hashed);
    let scans = file.windows(2).enumerate();
    let scans = scans.filter(|(_, marker)| *marker == [0xFF, 0xDA]);
    let ends: Vec<usize> = scans.map(|(place, _)| place).collect();
    assert!(ends.len() > 3);
    for end in ends[1..]
        .iter()
        .copied()
        .chain([file.len() - 2, file.len() - 1])
    {
        let outcome = report(&file[..end]).outcome;
        assert!(
            matches!(outcome, Outcome::Partial | Outcome::Refused),
            "{end}"
        );
    }
}

/// An Exif block begins like a TIFF and is none: a picture that has one is whole.
#[test]
fn an_exif_block_is_no_damaged_picture() {
    let one = picture(48, 40, 1);
    for orientation in [1, 6] {
        let file = animated_webp(std::slice::from_ref(&one), orientation);
        let report = report(&file);
        assert_eq!(report.outcome, Outcome::Hashed);
        assert!(report.notes.is_empty(), "{:?}", report.notes);
    }
    // Blocks of either byte order, where the end of the picture is not known.
    for exif in [
        &b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0"[..],
        &b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0"[..],
    ] {
        let report = report(&[&bmp(&one), exif].concat());
        assert_eq!(report.outcome, Outcome::Hashed, "{:?}", report.notes);
    }
}
