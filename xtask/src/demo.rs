//! `cargo xtask demo`: the whole path, played on the real binary before the reader's eyes.

mod client;
mod narrator;
mod pictures;
mod server;

use anyhow::Result;

pub(crate) fn run(_: &[String]) -> Result<()> {
    Ok(())
}
