//! `seawall token`.

use std::path::Path;

use anyhow::Context;
use clap::Subcommand;
use seawall_core::{Actor, Timestamp, TokenId};
use seawall_store::Scope;

use crate::folder;
use crate::output::{self, Exit};

/// Keep the bearer tokens of programs.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Token {
    /// Make a token; its secret is shown this once.
    Create {
        /// What people call it.
        #[arg(long)]
        name: String,
        /// scan, banks.read, banks.write, cases.read, figures.read, seen.read or seen.write; for
        /// clients of HMA hasher, matcher or curator. May be given several times.
        #[arg(long = "scope", required = true, value_parser = parse_scope)]
        scopes: Vec<Scope>,
        /// Until when, such as 2027-01-31T00:00:00Z.
        #[arg(long)]
        expires: Option<Timestamp>,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// List tokens; secrets are not kept.
    List,
    /// Revoke a token. It stops working at once.
    Revoke {
        /// The token's id.
        id: TokenId,
    },
}

impl Token {
    pub(crate) fn run(self, path: &Path) -> anyhow::Result<Exit> {
        let workflow = folder::workflow(&folder::config(path)?)?;
        match self {
            Self::Create {
                name,
                scopes,
                expires,
                json,
            } => {
                let scopes = scopes.into_iter().collect();
                let (id, secret) =
                    workflow.create_token(&name, scopes, expires, Actor::Operator)?;
                if json {
                    output::json(&serde_json::json!({ "id": id, "secret": secret.expose() }))?;
                } else {
                    output::line(secret.expose());
                    output::note(format_args!("token {id}; the secret is not shown again"));
                }
            }
            Self::List => {
                for token in workflow.store().read(|reader| reader.tokens())? {
                    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
                    let state = if token.revoked_at.is_some() {
                        "revoked"
                    } else {
                        "valid"
                    };
                    output::line(format_args!(
                        "{}  {:<24} {state:<8} {}",
                        token.id,
                        token.name,
                        scopes.join(" ")
                    ));
                }
            }
            Self::Revoke { id } => workflow.revoke_token(id, Actor::Operator)?,
        }
        Ok(Exit::Ok)
    }
}

fn parse_scope(text: &str) -> anyhow::Result<Scope> {
    Scope::from_name(text).with_context(|| {
        let names: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
        format!("the scopes are {}", names.join(", "))
    })
}

const EXAMPLES: &str = "Examples:
  seawall token create --name uploads --scope scan
  seawall token create --name hma-client --scope hasher --scope matcher
  seawall token create --name dashboards --scope cases.read --scope figures.read --json
  seawall token revoke 01234567-89ab-7def-8123-456789abcdef";
