//! What is missing of a picture is not see-through.

use seawall_core::{Outcome, Pixels};
use seawall_testkit::{
    PngColour, RawPng, animated_png, bmp, gif, interlaced_png, picture, webp_rgba,
};

use super::strips::{Coding, Striped};
use super::{pixels, report};

/// The picture with an alpha that hides nothing.
fn rgba(pixels: &Pixels) -> Vec<u8> {
    let pixels = pixels.data().chunks(3);
    pixels
        .flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255])
        .collect()
}

fn rgba_png(pixels: &Pixels) -> Vec<u8> {
    let rows = rgba(pixels);
    let file = RawPng {
        width: pixels.width() as u32,
        height: pixels.height() as u32,
        depth: 8,
        colour: PngColour::Rgba,
        chunks: Vec::new(),
        rows: rows
            .chunks(pixels.width() * 4)
            .map(<[u8]>::to_vec)
            .collect(),
    };
    file.to_bytes()
}

/// 32 bits with masks that say where the alpha is.
fn rgba_bmp(pixels: &Pixels) -> Vec<u8> {
    let (width, height) = (pixels.width() as i32, pixels.height() as i32);
    let mut out = b"BM\0\0\0\0\0\0\0\0".to_vec();
    out.extend((14_u32 + 108).to_le_bytes());
    out.extend(108_u32.to_le_bytes());
    out.extend(width.to_le_bytes());
    out.extend((-height).to_le_bytes());
    out.extend([1, 0, 32, 0, 3, 0, 0, 0]);
    out.extend([0; 20]);
    for mask in [0xFF_0000_u32, 0xFF00, 0xFF, 0xFF00_0000] {
        out.extend(mask.to_le_bytes());
    }
    out.resize(14 + 108, 0);
    for pixel in pixels.data().chunks(3) {
        out.extend([pixel[2], pixel[1], pixel[0], 255]);
    }
    out
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let one = picture(48, 40, 1);
    let frames: Vec<Pixels> = (0..4).map(|seed| picture(32, 24, seed)).collect();
    let mut interlaced = gif(std::slice::from_ref(&one));
    let descriptor = interlaced
        .windows(10)
        .position(|bytes| bytes[0] == 0x2C && bytes[5..9] == [48, 0, 40, 0]);
    interlaced[descriptor.expect("a frame") + 9] |= 0x40;
    let mut files = vec![
        ("GIF", gif(std::slice::from_ref(&one))),
        ("animated GIF", gif(&frames)),
        ("interlaced GIF", interlaced),
        ("PNG with alpha", rgba_png(&one)),
        ("interlaced PNG", interlaced_png(&one)),
        ("APNG", animated_png(&frames)),
        ("BMP with alpha", rgba_bmp(&one)),
        ("BMP", bmp(&one)),
        ("WebP with alpha", webp_rgba(48, 40, &rgba(&one))),
    ];
    for coding in Coding::ALL {
        if coding != Coding::Jpeg {
            let page = Striped::of_rgba(&rgba(&one), (48, 40), 7, coding);
            files.push((coding.name(), page.to_bytes()));
        }
    }
    files
}

#[test]
fn what_is_missing_of_an_opaque_picture_is_not_see_through() {
    for (name, file) in files() {
        assert_eq!(report(&file).outcome, Outcome::Hashed, "{name}");
        let mut partial = 0;
        for end in (1..file.len()).rev().step_by(17) {
            let report = report(&file[..end]);
            let is_see_through = report.notes.iter().any(|note| note.contains("transparent"));
            assert!(!is_see_through, "{name} {end}: {:?}", report.notes);
            let grounds = pixels(&file[..end]);
            let mut names = grounds.iter().map(|(name, _)| name);
            assert!(names.all(|view| !view.contains("on-")), "{name} {end}");
            partial += u32::from(report.outcome == Outcome::Partial);
        }
        assert!(partial > 0, "{name}");
    }
}
