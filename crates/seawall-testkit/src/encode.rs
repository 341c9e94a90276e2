//! Pictures as files, through the `image` crate.

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder, codecs};
use seawall_core::{PixelKind, Pixels};

/// A baseline JPEG of this quality, 1 to 100.
#[must_use]
pub fn jpeg(pixels: &Pixels, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    write(pixels, &mut out, |out| {
        codecs::jpeg::JpegEncoder::new_with_quality(out, quality)
    });
    out
}

/// A JPEG whose Exif orientation tag says `orientation`, 1 to 8.
#[must_use]
pub fn jpeg_with_orientation(pixels: &Pixels, quality: u8, orientation: u8) -> Vec<u8> {
    let plain = jpeg(pixels, quality);
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).expect("one tag is a few bytes");
    let mut out = plain[..2].to_vec();
    out.extend([0xFF, 0xE1]);
    out.extend(length.to_be_bytes());
    out.extend(exif);
    out.extend(&plain[2..]);
    out
}

/// A PNG.
#[must_use]
pub fn png(pixels: &Pixels) -> Vec<u8> {
    let mut out = Vec::new();
    write(pixels, &mut out, codecs::png::PngEncoder::new);
    out
}

/// A lossless WebP.
#[must_use]
pub fn webp(pixels: &Pixels) -> Vec<u8> {
    let mut out = Vec::new();
    write(pixels, &mut out, codecs::webp::WebPEncoder::new_lossless);
    out
}

/// A lossless WebP of four bytes a pixel: red, green, blue and alpha.
///
/// # Panics
/// Where `rgba` has another length than the sides ask for.
#[must_use]
pub fn webp_rgba(width: u32, height: u32, rgba: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    codecs::webp::WebPEncoder::new_lossless(&mut out)
        .write_image(rgba, width, height, ExtendedColorType::Rgba8)
        .expect("the buffer fits and memory takes every byte");
    out
}

/// A TIFF of one page.
#[must_use]
pub fn tiff(pixels: &Pixels) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    codecs::tiff::TiffEncoder::new(&mut out)
        .write_image(
            pixels.data(),
            side(pixels.width()),
            side(pixels.height()),
            colour(pixels),
        )
        .expect("memory takes every byte");
    out.into_inner()
}

/// A BMP.
#[must_use]
pub fn bmp(pixels: &Pixels) -> Vec<u8> {
    let mut out = Vec::new();
    codecs::bmp::BmpEncoder::new(&mut out)
        .encode(
            pixels.data(),
            side(pixels.width()),
            side(pixels.height()),
            colour(pixels),
        )
        .expect("memory takes every byte");
    out
}

/// A GIF, animated where there is more than one frame; colours are reduced to a palette.
///
/// # Panics
/// Where a side is above 65 535 pixels.
#[must_use]
pub fn gif(frames: &[Pixels]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = codecs::gif::GifEncoder::new(&mut out);
    for frame in frames {
        encoder
            .encode(
                frame.data(),
                side(frame.width()),
                side(frame.height()),
                colour(frame),
            )
            .expect("memory takes every byte");
    }
    drop(encoder);
    out
}

fn write<'a, E: ImageEncoder>(
    pixels: &Pixels,
    out: &'a mut Vec<u8>,
    encoder: impl FnOnce(&'a mut Vec<u8>) -> E,
) {
    encoder(out)
        .write_image(
            pixels.data(),
            side(pixels.width()),
            side(pixels.height()),
            colour(pixels),
        )
        .expect("memory takes every byte and the formats take both kinds of pixel");
}

fn side(pixels: usize) -> u32 {
    u32::try_from(pixels).expect("test pictures are small")
}

fn colour(pixels: &Pixels) -> ExtendedColorType {
    match pixels.kind() {
        PixelKind::Luma8 => ExtendedColorType::L8,
        PixelKind::Rgb8 => ExtendedColorType::Rgb8,
    }
}
