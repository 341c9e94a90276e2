//! List formats and partner protocols as pure state machines: bytes in, values out.
//!
//! It dials nowhere and stores nothing.

pub mod feed;
pub mod feedback;
pub mod hma_export;
pub mod list;
pub mod ncmec;
pub mod normal;
pub mod stop_ncii;
