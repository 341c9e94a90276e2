//! Every form of a picture that is hashed, and which ones only when asked for.

use seawall::{Budget, hash};
use seawall_core::{Form, Hash, Limits, PdqHash, Pixels, Place, Turn, View, ViewOptions};
use seawall_testkit::{
    GifFrame, PngColour, RawPng, TiffPage, animated_webp, bordered, gif, grey, jpeg,
    jpeg_with_orientation, mirrored, picture, png, raw_gif_in_colours, raw_tiff, rotated_quarter,
    stored_for, webp,
};

fn views_with(file: &[u8], views: ViewOptions) -> Vec<(View, PdqHash)> {
    let budget = Budget {
        limits: &Limits::default(),
        expired: &|| false,
        views,
    };
    let report = hash::perceptual(file, &budget);
    let pairs = report.hashes.iter().filter_map(|record| match record.hash {
        Hash::Pdq(hash) => record.view.map(|view| (view, hash)),
        Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha256(_) => None,
    });
    pairs.collect()
}

fn views(file: &[u8]) -> Vec<(View, PdqHash)> {
    views_with(file, ViewOptions::default())
}

fn pdq(pixels: &Pixels) -> PdqHash {
    hash::pdq(pixels).expect("large enough").hash
}

fn upright(view: View) -> View {
    View {
        upright: true,
        ..view
    }
}

/// Every view has the hash of the picture expected for it, to the bit.
#[track_caller]
fn check(found: &[(View, PdqHash)], expected: &[(View, &Pixels)]) {
    let names = |view: &View| view.to_string();
    let found_names: Vec<String> = found.iter().map(|(view, _)| names(view)).collect();
    let expected_names: Vec<String> = expected.iter().map(|(view, _)| names(view)).collect();
    assert_eq!(found_names, expected_names);
    for ((view, hash), (_, pixels)) in found.iter().zip(expected) {
        assert_eq!(hash.distance(pdq(pixels)).0, 0, "{view}");
    }
}

#[test]
fn an_animation_with_an_orientation_is_hashed_both_ways() {
    let shown = [picture(64, 48, 1), picture(64, 48, 2)];
    for orientation in [3, 6] {
        let stored = [
            stored_for(&shown[0], orientation),
            stored_for(&shown[1], orientation),
        ];
        let file = animated_webp(&stored, orientation);
        check(
            &views(&file),
            &[
                (View::frame(1), &stored[0]),
                (upright(View::frame(1)), &shown[0]),
                (View::frame(2), &stored[1]),
                (upright(View::frame(2)), &shown[1]),
            ],
        );
    }
}

#[test]
fn each_page_has_an_orientation_of_its_own() {
    let shown = [picture(64, 48, 1), picture(80, 60, 2), picture(50, 70, 3)];
    let page = |pixels: &Pixels, orientation: u8| TiffPage {
        orientation: orientation.into(),
        ..TiffPage::plain(&stored_for(pixels, orientation))
    };
    let file = raw_tiff(&[page(&shown[0], 1), page(&shown[1], 8), page(&shown[2], 4)]);
    check(
        &views(&file),
        &[
            (View::page(1), &shown[0]),
            (View::page(2), &stored_for(&shown[1], 8)),
            (upright(View::page(2)), &shown[1]),
            (View::page(3), &stored_for(&shown[2], 4)),
            (upright(View::page(3)), &shown[2]),
        ],
    );
}

#[test]
fn the_other_orientations_are_hashed_when_asked_for() {
    let one = picture(120, 90, 5);
    let options = ViewOptions {
        orientations: true,
        ..ViewOptions::default()
    };
    let quarter = rotated_quarter;
    let other = mirrored(&one);
    let turned = |turn| View::STORED.with(Form::Turned(turn));
    let expected = [
        (View::STORED, &one),
        (turned(Turn::Turned90), &quarter(&one)),
        (turned(Turn::Turned180), &quarter(&quarter(&one))),
        (turned(Turn::Turned270), &quarter(&quarter(&quarter(&one)))),
        (turned(Turn::Mirrored), &other),
        (turned(Turn::Mirrored90), &quarter(&other)),
        (turned(Turn::Mirrored180), &quarter(&quarter(&other))),
        (
            turned(Turn::Mirrored270),
            &quarter(&quarter(&quarter(&other))),
        ),
    ];
    check(&views_with(&png(&one), options), &expected);
    check(&views(&png(&one)), &expected[..1]);
}

/// A lookup that turns finds any of the eight forms of one picture, and each only once without.
#[test]
fn a20_each_orientation_of_a_picture_finds_the_original() {
    let one = picture(320, 240, 1);
    let listed = pdq(&one);
    let options = ViewOptions {
        orientations: true,
        ..ViewOptions::default()
    };
    let near = |found: &[(View, PdqHash)]| {
        let within = |(_, hash): &&(View, PdqHash)| hash.distance(listed).0 <= 31;
        found.iter().filter(within).count()
    };
    for orientation in 1..=8 {
        let file = jpeg(&stored_for(&one, orientation), 90);
        assert_eq!(near(&views_with(&file, options)), 1, "{orientation}");
        assert_eq!(near(&views(&file)), usize::from(orientation == 1));
    }
}

#[test]
fn a_border_is_left_off_when_asked_for() {
    let one = picture(480, 270, 7);
    let options = ViewOptions {
        border: true,
        ..ViewOptions::default()
    };
    let unbordered = View::STORED.with(Form::Unbordered);
    for (margins, colour) in [
        ([0, 120, 0, 120], [0, 0, 0]),
        ([180, 0, 180, 0], [255, 255, 255]),
        ([21, 24, 27, 30], [180, 20, 90]),
    ] {
        let framed = bordered(&one, margins, colour);
        check(
            &views_with(&png(&framed), options),
            &[(View::STORED, &framed), (unbordered, &one)],
        );
        let lossy = views_with(&jpeg(&framed, 80), options);
        let nearest = lossy
            .iter()
            .map(|(_, hash)| hash.distance(pdq(&one)).0)
            .min();
        assert!(nearest <= Some(16), "{nearest:?}");
        check(&views(&png(&framed)), &[(View::STORED, &framed)]);
    }
    check(&views_with(&png(&one), options), &[(View::STORED, &one)]);
    // Stored turned, with a border: upright without it too.
    let framed = bordered(&one, [0, 40, 0, 40], [0, 0, 0]);
    let stored = stored_for(&framed, 6);
    let found = views_with(&jpeg_with_orientation(&stored, 95, 6), options);
    let (_, hash) = found
        .iter()
        .find(|(view, _)| *view == upright(unbordered))
        .expect("it is upright and without its border");
    assert!(hash.distance(pdq(&one)).0 <= 20);
}

/// Half of each picture is see-through, over colours that do not belong to it.
#[test]
fn transparency_is_hashed_on_both_grounds_in_every_format_that_has_it() {
    let one = picture(64, 48, 2);
    let opaque = |x: usize, y: usize| (x / 8 + y / 8).is_multiple_of(2);
    let on = |ground: [u8; 3]| {
        let mut data = one.data().to_vec();
        for (index, pixel) in data.chunks_exact_mut(3).enumerate() {
            if !opaque(index % 64, index / 64) {
                pixel.copy_from_slice(&ground);
            }
        }
        Pixels::new(64, 48, one.kind(), data).expect("same size")
    };
    let rgba: Vec<Vec<u8>> = (0..48)
        .map(|y| {
            let pixels = one.row(y).chunks_exact(3).enumerate();
            let with_alpha =
                |(x, pixel): (usize, &[u8])| [pixel, &[u8::from(opaque(x, y)) * 255]].concat();
            pixels.flat_map(with_alpha).collect()
        })
        .collect();
    let file = RawPng {
        width: 64,
        height: 48,
        depth: 8,
        colour: PngColour::Rgba,
        chunks: Vec::new(),
        rows: rgba.clone(),
    };
    let (white, black) = (on([255; 3]), on([0; 3]));
    let expected = [
        (View::STORED, &one),
        (View::STORED.with(Form::OnBlack), &black),
        (View::STORED.with(Form::OnWhite), &white),
    ];
    check(&views(&file.to_bytes()), &expected);
    check(
        &views(&seawall_testkit::webp_rgba(64, 48, &rgba.concat())),
        &expected,
    );
}

#[test]
fn one_picture_has_one_form_and_options_cost_nothing_where_there_is_nothing_to_do() {
    let options = ViewOptions {
        border: true,
        legacy_palette: true,
        ..ViewOptions::default()
    };
    let one = picture(64, 48, 1);
    for file in [png(&one), webp(&one), png(&grey(&one))] {
        assert_eq!(views_with(&file, options).len(), 1);
    }
    let frames = [one.clone(), picture(64, 48, 2)];
    let places: Vec<Place> = views(&gif(&frames))
        .iter()
        .map(|(view, _)| view.place)
        .collect();
    assert_eq!(places, [Place::Frame(1), Place::Frame(2)]);
}

/// A palette in which an index says nothing about the brightness of its colour.
fn palette() -> [[u8; 3]; 256] {
    std::array::from_fn(|index| [167, 89, 41].map(|factor| (index * factor % 256) as u8))
}

fn palette_gif() -> Vec<u8> {
    let frame = |seed, left| GifFrame {
        left,
        top: 0,
        width: 160,
        height: 120,
        indices: grey(&picture(160, 120, seed)).into_data(),
    };
    raw_gif_in_colours(160, 120, &palette(), &[frame(1, 0), frame(2, 0)])
}

fn palette_png(depth: u8) -> Vec<u8> {
    let indices = grey(&picture(160, 120, 1));
    let pack = |row: &[u8]| match depth {
        4 => row
            .chunks(2)
            .map(|pair| pair[0] & 0xF0 | pair[1] >> 4)
            .collect(),
        _ => row.to_vec(),
    };
    let file = RawPng {
        width: 160,
        height: 120,
        depth,
        colour: PngColour::Palette,
        chunks: vec![(*b"PLTE", palette()[..1 << depth].as_flattened().to_vec())],
        rows: (0..120).map(|row| pack(indices.row(row))).collect(),
    };
    file.to_bytes()
}

/// Golden values: pdqhash 0.2.8 on the array that Pillow 13.0 gives for these files.
#[test]
fn palette_indices_are_hashed_as_the_common_tool_does_when_asked_for() {
    let options = ViewOptions {
        legacy_palette: true,
        ..ViewOptions::default()
    };
    let cases = [
        (
            palette_gif(),
            View::frame(1),
            "6b33b44ceb33bd4d6a3234cd7b329a392c0c561b9de663b2c8c47172f2e18968",
        ),
        (
            palette_png(8),
            View::STORED,
            "6b33b44ceb33bd4d6a3234cd7b329a392c0c561b9de663b2c8c47172f2e18968",
        ),
        (
            palette_png(4),
            View::STORED,
            "6b33944cea33bddd6ab234cd5b321c392c0c563b89e763b2c8c47172f2e19968",
        ),
    ];
    for (file, view, golden) in cases {
        let legacy = view.with(Form::LegacyPalette);
        let found = views_with(&file, options);
        let hash = found.iter().find(|(view, _)| *view == legacy);
        let (_, hash) = hash.expect("the form that was asked for");
        assert_eq!(Hash::Pdq(*hash).to_string(), golden);
        assert!(
            views(&file)
                .iter()
                .all(|(view, _)| view.form == Form::Plain)
        );
    }
}
