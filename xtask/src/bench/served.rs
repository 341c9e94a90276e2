//! A list on a real server: how it gets there, and who may ask.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use seawall_core::{Hash, PdqHash, Random};
use seawall_testkit::SeededRandom;
use serde::Deserialize;
use serde_json::json;

use crate::demo::client::Client;
use crate::demo::program::Program;
use crate::demo::server::Server;

/// The bank that the list is in.
pub(crate) const BANK: &str = "BENCH";

/// A client of the server's API with a new token of these scopes, and the token.
///
/// # Errors
/// Where none can be made.
pub(crate) fn client(
    program: &Program,
    server: &Server,
    scopes: &[&str],
) -> Result<(Client, String)> {
    let mut arguments = vec!["token", "create", "--name", "bench", "--json"];
    arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
    let token: Token = program.json(&arguments)?;
    let bearer = format!("Bearer {}", token.secret);
    let client = Client::new(&server.addresses.api).with("authorization", bearer);
    Ok((client, token.secret))
}

/// Makes the bank and fills it with these hashes, over HTTP.
///
/// # Errors
/// Where a row is left out.
pub(crate) fn fill(api: &Client, hashes: &[PdqHash]) -> Result<()> {
    println!("  importing {} hashes over HTTP", hashes.len());
    let bank = json!({ "name": BANK });
    api.post_json("/api/v1/banks", &bank)?.expect_status(201)?;
    for some in hashes.chunks(ROWS_AT_ONCE) {
        let rows = some.iter().fold(String::new(), |mut rows, hash| {
            writeln!(rows, "{}", Hash::Pdq(*hash)).expect("text can be written to");
            rows
        });
        let path = format!("/api/v1/banks/{BANK}/import");
        let headers = [("content-type", "text/plain")];
        let imported: Imported = api
            .post(&path, &headers, rows.as_bytes())?
            .expect_status(200)?
            .json()?;
        ensure!(imported.added == some.len(), "rows were left out");
    }
    Ok(())
}

/// 256 random bits.
pub(crate) fn hash(random: &SeededRandom) -> PdqHash {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    PdqHash::from_bytes(bytes)
}

#[derive(Deserialize)]
struct Token {
    secret: String,
}

#[derive(Deserialize)]
struct Imported {
    added: usize,
}

const ROWS_AT_ONCE: usize = 50_000;
