//! PDQ and Hamming kernels with a scalar oracle; the only crate with `unsafe`.
//!
//! It knows numbers and slices, no words of the other crates, does no I/O and
//! decodes nothing. Every kernel gives the same bits as its scalar form. One call tells the
//! allocator to give memory back, since that call is unsafe too.
//!
//! ```
//! let pixels: Vec<u8> = (0..64 * 64).map(|i| (i * 7 % 251) as u8).collect();
//! let output = seawall_simd::pdq::pdq_luma(64, 64, &pixels).expect("no side is below five");
//! assert!(output.quality <= 100);
//! ```
#![allow(unsafe_code)]

pub mod hamming;
pub mod memory;
pub mod pdq;
