//! Synthetic pictures from a seed, a fake clock and seeded randomness, for tests and the demo.
//!
//! Everything it makes is a generated pattern: gradients, discs and bars. It is a
//! development dependency only: never of what ships.

mod bomb;
mod clock;
mod encode;
mod picture;
mod random;
mod raw_gif;
mod raw_jpeg;
mod raw_png;
mod raw_tiff;
mod raw_webp;
mod seeds;

pub use bomb::{
    black_png, black_png_of_16_bits, deflated_zeros, gif_bomb, jpeg_with_scans, png_bomb,
    profile_bomb, text_bomb, webp_bomb, webp_with_claim,
};
pub use clock::FakeClock;
pub use encode::{bmp, gif, jpeg, jpeg_with_orientation, png, tiff, webp, webp_rgba};
pub use picture::{
    bordered, flat, grey, mirrored, picture, resized, rotated_quarter, selftest_png, stored_for,
};
pub use random::SeededRandom;
pub use raw_gif::{GifFrame, raw_gif, raw_gif_in_colours};
pub use raw_jpeg::{JpegColour, JpegOptions, raw_jpeg};
pub use raw_png::{PngColour, RawPng, animated_png, interlaced_png};
pub use raw_tiff::{TiffPage, raw_tiff};
pub use raw_webp::animated_webp;
pub use seeds::{Seed, fuzz_seeds};
