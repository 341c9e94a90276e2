//! `seawall user`.

use std::path::Path;

use clap::Subcommand;
use seawall_core::Actor;
use seawall_store::Role;

use crate::folder;
use crate::output::{self, Exit};

/// Keep the people who sign in to the console.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum User {
    /// Make a user; prints a one-time link to set a password.
    Add {
        /// The name to sign in with.
        name: String,
        /// admin, reviewer or auditor.
        #[arg(long, default_value = "reviewer")]
        role: Role,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Make a new one-time link for a user.
    Link {
        /// The user's name.
        name: String,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// End a user's sessions and let the user not sign in.
    Disable {
        /// The user's name.
        name: String,
    },
    /// Let a user sign in again.
    Enable {
        /// The user's name.
        name: String,
    },
    /// List users.
    List,
}

impl User {
    pub(crate) fn run(self, path: &Path) -> anyhow::Result<Exit> {
        let config = folder::config(path)?;
        let workflow = folder::workflow(&config)?;
        let console = config.listen.console;
        match self {
            Self::Add { name, role, json } => {
                let link = workflow.create_user(&name, role, Actor::Operator)?;
                print_link(&name, link.expose(), &console.to_string(), json)?;
            }
            Self::Link { name, json } => {
                let link = workflow.issue_link(&name, Actor::Operator)?;
                print_link(&name, link.expose(), &console.to_string(), json)?;
            }
            Self::Disable { name } => workflow.enable_user(&name, false, Actor::Operator)?,
            Self::Enable { name } => workflow.enable_user(&name, true, Actor::Operator)?,
            Self::List => {
                for user in workflow.store().read(|reader| reader.users())? {
                    let state = if user.enabled { "enabled" } else { "disabled" };
                    output::line(format_args!(
                        "{:<32} {:<9} {state}",
                        user.name,
                        user.role.name()
                    ));
                }
            }
        }
        Ok(Exit::Ok)
    }
}

fn print_link(name: &str, secret: &str, console: &str, json: bool) -> anyhow::Result<()> {
    let path = format!("/first/{secret}");
    if json {
        return output::json(&serde_json::json!({ "user": name, "first_link_path": path }));
    }
    output::line(format_args!("http://{console}{path}"));
    output::note(format_args!("for {name}, works once, within 24 hours"));
    Ok(())
}

const EXAMPLES: &str = "Examples:
  seawall user add alex --role reviewer
  seawall user link alex
  seawall user disable alex";
