//! Synthetic pictures from a seed, a fake clock and seeded randomness, for tests and the demo.
//!
//! Everything it makes is a generated pattern: gradients, discs and bars. It is a
//! development dependency only: never of what ships.

mod clock;
mod encode;
mod picture;
mod random;

pub use clock::FakeClock;
pub use encode::{bmp, gif, jpeg, jpeg_with_orientation, png, png_bomb, tiff, webp};
pub use picture::{flat, picture, resized, rotated_quarter, selftest_png};
pub use random::SeededRandom;
