//! `seawall init`.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use seawall_casework::context::ChannelKind;
use seawall_core::{Actor, Clock};
use seawall_server::config::{Answers, template};
use seawall_store::{MasterKey, Role, Store};
use seawall_workflow::{SystemClock, SystemRandom};
use serde::Serialize;

use crate::folder;
use crate::output::{self, Exit};

/// Make a folder with configuration, keys, database and a first administrator.
///
/// The configuration contacts nobody: reports go nowhere until a receiver is set, or to a
/// stand-in with `seawall serve --drill`. An existing configuration is never overwritten.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Init {
    /// The folder to make it in.
    folder: PathBuf,
    /// The first administrator's name.
    #[arg(long, default_value = "admin")]
    admin: String,
    /// Who runs this server.
    #[arg(long, default_value = "Unnamed provider")]
    provider: String,
    /// First name of the person who can be asked about a report.
    #[arg(long, default_value = "")]
    contact_first_name: String,
    /// Last name of that person.
    #[arg(long, default_value = "")]
    contact_last_name: String,
    /// E-mail address of that person.
    #[arg(long, default_value = "")]
    contact_email: String,
    /// Keep item id, hashes and time of uploads of this channel that match nothing, for 90 days,
    /// sealed, so that hashes listed later find them: public, file or profile; may be given
    /// several times. Off where not given.
    #[arg(long, value_name = "CHANNEL", value_parser = parse_channel)]
    keep_seen: Vec<ChannelKind>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Made {
    config: PathBuf,
    admin: String,
    first_link_path: String,
}

impl Init {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let path = self.folder.join("seawall.toml");
        if path.exists() {
            bail!("{} exists; nothing was changed", path.display());
        }
        private_folder(&self.folder)?;
        private_folder(&self.folder.join("keys"))?;
        private_folder(&self.folder.join("data"))?;
        self.make_key()?;
        let answers = Answers {
            provider: self.provider.clone(),
            contact_first_name: self.contact_first_name.clone(),
            contact_last_name: self.contact_last_name.clone(),
            contact_email: self.contact_email.clone(),
            seen_channels: self.keep_seen.clone(),
        };
        private_file(&path, &template(&answers))?;
        let config = folder::config(&path)?;
        drop(Store::create(&config.database(), SystemClock.now())?);
        let workflow = folder::workflow(&config)?;
        workflow.ensure_selftest_bank()?;
        let link = workflow.create_user(&self.admin, Role::Admin, Actor::Operator)?;
        let first_link_path = format!("/first/{}", link.expose());
        let made = Made {
            config: path,
            admin: self.admin.clone(),
            first_link_path,
        };
        if self.json {
            output::json(&made)?
        } else {
            explain(&made, &config.listen.console.to_string());
            if self.keep_seen.is_empty() {
                output::line(
                    "Uploads that match nothing leave nothing; docs/banks.md says how to keep their hashes.",
                );
            }
        }
        Ok(Exit::Ok)
    }

    /// A key that is there stays: it may be the only one that opens an older vault.
    fn make_key(&self) -> anyhow::Result<()> {
        let path = self.folder.join("keys/master.key");
        if path.exists() {
            output::note(format_args!("{} exists and is used", path.display()));
            return Ok(());
        }
        private_file(&path, &MasterKey::generate(&SystemRandom).to_text())
    }
}

fn explain(made: &Made, console: &str) {
    output::line(format_args!("Made {}", made.config.display()));
    output::line("Keep keys/master.key, and a copy of it, apart from the data folder.");
    output::line("");
    output::line(format_args!(
        "Start:    seawall serve --config {} --drill",
        made.config.display()
    ));
    output::line(format_args!(
        "Sign in:  http://{console}{}",
        made.first_link_path
    ));
    output::line(format_args!(
        "          (for {}, works once, within 24 hours)",
        made.admin
    ));
}

fn parse_channel(text: &str) -> Result<ChannelKind, &'static str> {
    match ChannelKind::from_name(text) {
        Some(ChannelKind::Private) => Err("what people send each other is never kept"),
        Some(channel) => Ok(channel),
        None => Err("the channels are public, file and profile"),
    }
}

fn private_folder(path: &Path) -> anyhow::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .with_context(|| format!("making the folder {}", path.display()))
}

fn private_file(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("writing {}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    Ok(fs::File::open(folder)?.sync_all()?)
}

const EXAMPLES: &str = "Examples:
  seawall init /srv/seawall
  seawall init /srv/seawall --keep-seen public --keep-seen profile
  seawall init /srv/seawall --admin alex --provider \"Example Forum\" \\
      --contact-first-name Alex --contact-last-name Doe --contact-email safety@example.org";
