//! List formats and partner protocols as pure state machines: bytes in, values out.
//!
//! It dials nowhere and stores nothing.

pub mod description;
pub mod feed;
pub mod feedback;
pub mod file;
pub mod hma_export;
pub mod intake;
mod json;
pub mod list;
pub mod list_client;
pub mod ncmec;
pub mod normal;
pub mod remote_check;
pub mod stop_ncii;
pub mod threat_exchange;
mod trail;

#[cfg(test)]
mod guide;
