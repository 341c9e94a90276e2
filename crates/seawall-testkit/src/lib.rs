//! Synthetic pictures from a seed, a fake clock and seeded randomness, for tests and the demo.
//!
//! Everything it makes is a generated pattern: gradients, discs and bars. It is a
//! development dependency only: never of what ships.

mod clock;
mod encode;
mod picture;
mod random;
mod raw_gif;
mod raw_png;

pub use clock::FakeClock;
pub use encode::{bmp, gif, jpeg, jpeg_with_orientation, png, tiff, webp};
pub use picture::{
    flat, grey, mirrored, picture, resized, rotated_quarter, selftest_png, stored_for,
};
pub use random::SeededRandom;
pub use raw_gif::{GifFrame, raw_gif};
pub use raw_png::{PngColour, RawPng, png_bomb};
