//! Files of every form that gives rows, and some that do not.

use super::{bmps, gifs, tiffs};
use proptest::prelude::*;
use seawall_testkit::{PngColour, RawPng, animated_png, grey, interlaced_png, jpeg, picture, png};

/// Files that give rows, with the number of their views.
pub(crate) fn by_rows() -> Vec<(String, Vec<u8>, usize)> {
    let mut files = pngs();
    files.extend(tiffs::by_rows());
    files.extend(bmps::by_rows());
    files.extend(gifs::by_rows());
    files
}

/// Files that come whole.
pub(crate) fn whole() -> Vec<(String, Vec<u8>)> {
    let one = picture(70, 50, 1);
    let named = |name: &str, file| (name.to_owned(), file);
    let turned = exif(6);
    let file = raw_png(70, 50, 8, PngColour::Rgb, vec![turned], 3).to_bytes();
    let mut files = tiffs::whole();
    files.extend(bmps::whole());
    files.extend(gifs::whole());
    files.extend([
        named("PNG, interlaced", interlaced_png(&one)),
        named("PNG, turned", file.clone()),
        named("PNG, turned by what stands behind", with_exif_behind(&file)),
        named("JPEG", jpeg(&one, 90)),
    ]);
    files
}

/// A file of any form, of any size that is still small, with any content.
pub(crate) fn any_file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any_png(),
        1 => any_interlaced_or_animated(),
        1 => any_compressed(),
        6 => tiffs::any_tiff(),
        6 => bmps::any_bmp(),
        4 => gifs::any_gif(),
    ]
}

/// How many views there are of a file that gives whole pictures.
pub(crate) fn views_of_whole(file: &[u8]) -> usize {
    let mut views = 0;
    let mut count = |_: seawall_core::View, _: &seawall::Shown<'_>| views += 1;
    super::with_budget(super::USUAL, |budget| {
        seawall_decode::decode(file, budget, &mut count).expect("a whole file")
    });
    views
}

const COLOURS: [(PngColour, &[u8]); 5] = [
    (PngColour::Grey, &[1, 2, 4, 8, 16]),
    (PngColour::Rgb, &[8, 16]),
    (PngColour::Palette, &[1, 2, 4, 8]),
    (PngColour::GreyAlpha, &[8, 16]),
    (PngColour::Rgba, &[8, 16]),
];

fn pngs() -> Vec<(String, Vec<u8>, usize)> {
    let mut files = Vec::new();
    for (colour, depths) in COLOURS {
        for &depth in depths {
            let has_alpha = matches!(colour, PngColour::GreyAlpha | PngColour::Rgba);
            let forms = if has_alpha { 3 } else { 1 };
            let name = format!("PNG {colour:?} {depth}");
            let file = raw_png(70, 50, depth, colour, palette(colour), 3);
            files.push((name.clone(), file.to_bytes(), forms));
            if !has_alpha {
                let mut file = file;
                file.chunks.push(transparency(colour));
                files.push((format!("{name} with tRNS"), file.to_bytes(), 0));
            }
        }
    }
    // How many forms these have is up to their pixels, and told by the whole picture.
    for (_, file, forms) in &mut files {
        if *forms == 0 {
            *forms = views_of_whole(file);
        }
    }
    let upright = raw_png(70, 50, 8, PngColour::Rgb, vec![exif(1)], 3).to_bytes();
    let opaque = rgba(70, 50, |_, _| 255);
    let late = rgba(70, 50, |_, y| if y < 40 { 255 } else { 100 });
    let small = raw_png(4, 90, 8, PngColour::Rgb, Vec::new(), 5).to_bytes();
    files.push(("PNG that is upright".to_owned(), upright.clone(), 1));
    files.push((
        "PNG upright behind".to_owned(),
        with_exif_behind(&upright),
        1,
    ));
    files.push(("PNG, opaque with an alpha".to_owned(), opaque, 1));
    files.push(("PNG, see-through late".to_owned(), late, 3));
    files.push(("PNG too small".to_owned(), small, 1));
    files.push(("PNG, compressed".to_owned(), png(&picture(200, 130, 2)), 1));
    files
}

/// Every depth, colour and palette, with any bytes as pixels.
fn any_png() -> impl Strategy<Value = Vec<u8>> {
    let size = (1_u32..90, 1_u32..90);
    let chunks = (any::<bool>(), any::<bool>(), 0_u8..12, any::<bool>());
    (
        size,
        0_usize..5,
        any::<prop::sample::Index>(),
        chunks,
        any::<u64>(),
    )
        .prop_map(
            |(
                (width, height),
                colour,
                depth,
                (has_palette, has_trns, orientation, behind),
                seed,
            )| {
                let (colour, depths) = COLOURS[colour];
                let depth = *depth.get(depths);
                let mut chunks = if has_palette {
                    palette(colour)
                } else {
                    Vec::new()
                };
                if has_trns {
                    chunks.push(transparency(colour));
                }
                if orientation > 0 {
                    chunks.push(exif(orientation));
                }
                let file = raw_png(width, height, depth, colour, chunks, seed).to_bytes();
                if behind {
                    with_exif_behind(&file)
                } else {
                    file
                }
            },
        )
}

fn any_interlaced_or_animated() -> impl Strategy<Value = Vec<u8>> {
    (5_usize..60, 5_usize..60, 0_usize..3, any::<u64>()).prop_map(|(width, height, form, seed)| {
        let one = picture(width, height, seed);
        match form {
            0 => interlaced_png(&one),
            1 => interlaced_png(&grey(&one)),
            _ => animated_png(&[one, picture(width, height, seed ^ 1)]),
        }
    })
}

fn any_compressed() -> impl Strategy<Value = Vec<u8>> {
    (5_usize..160, 5_usize..160, any::<bool>(), any::<u64>()).prop_map(
        |(width, height, is_grey, seed)| {
            let one = picture(width, height, seed);
            png(&if is_grey { grey(&one) } else { one })
        },
    )
}

fn raw_png(
    width: u32,
    height: u32,
    depth: u8,
    colour: PngColour,
    chunks: Vec<([u8; 4], Vec<u8>)>,
    seed: u64,
) -> RawPng {
    let samples = match colour {
        PngColour::Grey | PngColour::Palette => 1,
        PngColour::GreyAlpha => 2,
        PngColour::Rgb => 3,
        PngColour::Rgba => 4,
    };
    let length = (width * samples * u32::from(depth)).div_ceil(8) as usize;
    let noise = noise(length * height as usize, seed);
    RawPng {
        width,
        height,
        depth,
        colour,
        chunks,
        rows: noise.chunks(length).map(<[u8]>::to_vec).collect(),
    }
}

/// An RGBA file with this alpha.
fn rgba(width: usize, height: usize, alpha: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let one = picture(width, height, 7);
    let row = |y: usize| {
        let pixels = one.row(y).chunks_exact(3).enumerate();
        let pixels = pixels.map(|(x, pixel)| [pixel, &[alpha(x, y)]].concat());
        pixels.collect::<Vec<_>>().concat()
    };
    let file = RawPng {
        width: width as u32,
        height: height as u32,
        depth: 8,
        colour: PngColour::Rgba,
        chunks: Vec::new(),
        rows: (0..height).map(row).collect(),
    };
    file.to_bytes()
}

/// A palette of all 256 entries, for depths below too: the decoder takes what it needs.
fn palette(colour: PngColour) -> Vec<([u8; 4], Vec<u8>)> {
    match colour {
        PngColour::Palette => vec![(*b"PLTE", noise(768, 11))],
        PngColour::Grey | PngColour::GreyAlpha | PngColour::Rgb | PngColour::Rgba => Vec::new(),
    }
}

fn transparency(colour: PngColour) -> ([u8; 4], Vec<u8>) {
    let content = match colour {
        PngColour::Palette => vec![0, 255, 90, 255],
        PngColour::Grey => vec![0, 1],
        PngColour::Rgb => vec![0, 9, 0, 9, 0, 9],
        PngColour::GreyAlpha | PngColour::Rgba => Vec::new(),
    };
    (*b"tRNS", content)
}

fn exif(orientation: u8) -> ([u8; 4], Vec<u8>) {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    let block = [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat();
    (*b"eXIf", block)
}

/// The file with its Exif block moved behind the pixels.
fn with_exif_behind(file: &[u8]) -> Vec<u8> {
    let Some(place) = file.windows(4).position(|name| name == b"eXIf") else {
        return file.to_vec();
    };
    let start = place - 4;
    let end = start + 12 + exif(1).1.len();
    let (rest, last) = file[end..].split_at(file.len() - end - 12);
    [&file[..start], rest, &file[start..end], last].concat()
}

pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}
