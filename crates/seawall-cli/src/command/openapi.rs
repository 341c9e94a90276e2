//! `seawall openapi`: what `schemas/openapi.json` is made from.

use std::io::Write;

use crate::output::Exit;

pub(crate) fn run() -> anyhow::Result<Exit> {
    std::io::stdout().write_all(seawall_server::openapi_json().as_bytes())?;
    Ok(Exit::Ok)
}
