//! The configuration: one TOML file, unknown keys refused, every key documented.
//!
//! `SEAWALL__SECTION__KEY=value` in the environment replaces a key of the file.

mod callers;
mod exchange;
mod fetch;
mod hma;
mod listen;
mod load;
mod log;
mod provider;
mod report;
mod seen;
mod template;
mod webhook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seawall_core::Limits;
use seawall_store::ListName;
use seawall_workflow::{ExchangeSetup, Policy};
use serde::Deserialize;

pub use callers::{CallerLimits, CallersLimits};
pub use exchange::{ExchangeConfig, PartnerNetwork, Protocol};
pub use fetch::{Fetch, NetworkConfig, PortsConfig};
pub use hma::{Hma, HmaRole};
pub use listen::Listen;
pub use load::Load;
pub use log::{AccessLog, Log};
pub use provider::Provider;
pub use report::{Environment, Report, ReportTarget};
pub use seen::Seen;
pub use template::{Answers, template};
pub use webhook::WebhookConfig;

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who runs this server.
    pub provider: Provider,
    /// Where data lies.
    #[serde(default)]
    pub data: Data,
    /// Where the server listens.
    #[serde(default)]
    pub listen: Listen,
    /// The interface for clients of HMA.
    #[serde(default)]
    pub hma: Hma,
    /// What decoding may use.
    #[serde(default)]
    pub decode: Decode,
    /// What is taken on at once.
    #[serde(default)]
    pub load: Load,
    /// How often one caller may ask.
    #[serde(default)]
    pub callers: CallersLimits,
    /// What is written down about requests.
    #[serde(default)]
    pub log: Log,
    /// What is fetched for callers who give a URL in place of a file.
    #[serde(default)]
    pub fetch: Fetch,
    /// What the platform is advised to do.
    #[serde(default)]
    pub policy: Policy,
    /// What the seen index keeps.
    #[serde(default)]
    pub seen: Seen,
    /// The partners whose lists are taken over, by the names of their exchanges.
    #[serde(default)]
    pub exchange: BTreeMap<String, ExchangeConfig>,
    /// Where reports go.
    #[serde(default)]
    pub report: Report,
    /// Where messages about cases and decisions go.
    #[serde(default)]
    pub webhook: Option<WebhookConfig>,
    /// The folder that the configuration file lies in: relative paths start there.
    #[serde(skip)]
    pub base: PathBuf,
}

/// Where data lies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The data folder: database and evidence vault.
    pub folder: PathBuf,
    /// The master key. Keep it, and its backup, apart from the data folder.
    pub master_key_file: PathBuf,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            folder: "data".into(),
            master_key_file: "keys/master.key".into(),
        }
    }
}

/// What decoding may use.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Decode {
    /// Decoder processes; 0 takes one a processor core.
    pub workers: usize,
    /// Limits for one file.
    pub limits: LimitsConfig,
}

/// Limits for one file; what is not given keeps its default.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Largest file, in bytes.
    pub bytes_max: Option<u64>,
    /// Largest picture, in pixels.
    pub pixels_max: Option<u64>,
    /// Frames or pages hashed at most.
    pub frames_max: Option<u32>,
    /// Memory, in bytes.
    pub memory_bytes_max: Option<u64>,
    /// Time, in milliseconds.
    pub time_ms_max: Option<u64>,
}

impl LimitsConfig {
    /// The limits with their defaults.
    #[must_use]
    pub fn limits(self) -> Limits {
        let default = Limits::default();
        Limits {
            bytes_max: self.bytes_max.unwrap_or(default.bytes_max),
            pixels_max: self.pixels_max.unwrap_or(default.pixels_max),
            frames_max: self.frames_max.unwrap_or(default.frames_max),
            memory_bytes_max: self.memory_bytes_max.unwrap_or(default.memory_bytes_max),
            time_ms_max: self.time_ms_max.unwrap_or(default.time_ms_max),
        }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error("reading the configuration {}; run `seawall init` to make one", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not TOML, or a key is unknown, missing or of the wrong kind.
    #[error("reading the configuration {}", .path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// What the parser said, with the line.
        source: Box<toml::de::Error>,
    },
    /// A value that cannot be.
    #[error("checking the configuration: {key}: {advice}")]
    Value {
        /// Which key.
        key: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// An exchange that cannot be set up so.
    #[error("checking the configuration: exchange.{name}: {advice}")]
    Exchange {
        /// Which exchange.
        name: String,
        /// What to do.
        advice: String,
    },
    /// A secret file could not be read.
    #[error("reading the secret for {key}")]
    Secret {
        /// Which key names the file.
        key: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Config {
    /// Reads and checks the file at `path`, with `environment` on top.
    ///
    /// # Errors
    /// [`ConfigError`], naming the key or the line.
    pub fn load(
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let base = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, path, base, environment)
    }

    /// Reads and checks a text, as if it stood in the file `path`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(
        text: &str,
        path: &Path,
        base: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let parse_fault = |source| ConfigError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        };
        // Parsed twice: the first pass gives errors with their line.
        toml::from_str::<Self>(text).map_err(parse_fault)?;
        let mut table: toml::Table = toml::from_str(text).map_err(parse_fault)?;
        for (name, value) in environment {
            if let Some(keys) = name.strip_prefix(ENVIRONMENT_PREFIX) {
                set(&mut table, &keys.to_ascii_lowercase(), &value);
            }
        }
        let mut config: Self = table.try_into().map_err(parse_fault)?;
        base.clone_into(&mut config.base);
        config.check()?;
        Ok(config)
    }

    /// A path of the configuration, from the folder that the file lies in.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// The database's file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path(&self.data.folder).join("seawall.db")
    }

    /// The evidence vault's folder.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.path(&self.data.folder).join("vault")
    }

    /// The exchanges, their secrets read.
    ///
    /// # Errors
    /// [`ConfigError::Exchange`].
    pub fn exchanges(&self) -> Result<Vec<ExchangeSetup>, ConfigError> {
        let exchanges = self.exchange.iter();
        exchanges
            .map(|(name, exchange)| exchange.setup(name, &self.base))
            .collect()
    }

    /// What the exchanges are called, as far as those are names.
    pub fn exchange_names(&self) -> impl Iterator<Item = ListName> {
        self.exchange.keys().filter_map(|name| name.parse().ok())
    }

    /// The exchanges that a drill reads, with stand-ins on this machine; and the names of those
    /// that it leaves alone, whose secrets are not read.
    ///
    /// # Errors
    /// [`ConfigError::Exchange`].
    pub fn drill_exchanges(&self) -> Result<(Vec<ExchangeSetup>, Vec<String>), ConfigError> {
        let (mut setups, mut resting) = (Vec::new(), Vec::new());
        for (name, exchange) in &self.exchange {
            match exchange.network {
                PartnerNetwork::Loopback => setups.push(exchange.setup(name, &self.base)?),
                PartnerNetwork::Public | PartnerNetwork::Any => resting.push(name.clone()),
            }
        }
        Ok((setups, resting))
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.listen.check()?;
        self.hma.check()?;
        self.seen.check()?;
        self.report.check(&self.provider)?;
        let limits = self.decode.limits.limits();
        self.load.check(limits.bytes_max)?;
        self.callers.check()?;
        if limits.bytes_max == 0 || limits.pixels_max == 0 || limits.frames_max == 0 {
            let advice = "a limit of 0 would refuse every file";
            return Err(ConfigError::Value {
                key: "decode.limits",
                advice,
            });
        }
        self.fetch.check(&limits)
    }
}

/// Sets `section__key` in a table. The value is TOML where it can be read so, else text.
fn set(table: &mut toml::Table, keys: &str, value: &str) {
    let Some((section, rest)) = keys.split_once("__") else {
        let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"));
        let parsed = parsed.ok().and_then(|mut table| table.remove("value"));
        table.insert(keys.to_owned(), parsed.unwrap_or_else(|| value.into()));
        return;
    };
    let entry = table
        .entry(section)
        .or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if let toml::Value::Table(inner) = entry {
        set(inner, rest, value);
    }
}

/// Reads a secret from a file, without the white space around it.
pub(crate) fn read_secret(key: &'static str, path: &Path) -> Result<String, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Secret { key, source })?;
    match text.trim() {
        "" => Err(ConfigError::Value {
            key,
            advice: "the file is empty",
        }),
        secret => Ok(secret.to_owned()),
    }
}

const ENVIRONMENT_PREFIX: &str = "SEAWALL__";

#[cfg(test)]
mod guides;
#[cfg(test)]
mod tests;
