//! `seawall openapi` and `seawall hma-openapi`: what `schemas/openapi.json` and
//! `schemas/hma-openapi.json` are made from.

use std::io::Write;

use crate::output::Exit;

pub(crate) fn run() -> anyhow::Result<Exit> {
    std::io::stdout().write_all(seawall_server::openapi_json().as_bytes())?;
    Ok(Exit::Ok)
}

pub(crate) fn run_hma() -> anyhow::Result<Exit> {
    std::io::stdout().write_all(seawall_server::hma_openapi_json().as_bytes())?;
    Ok(Exit::Ok)
}
