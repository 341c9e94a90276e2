//! `[fetch]`: what is fetched for callers who give a URL in place of a file.

use seawall_core::Limits;
use seawall_workflow::{FetchPolicy, Network, NetworkFault, Ports};
use serde::Deserialize;

use super::ConfigError;

/// What is fetched for callers who give a URL in place of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fetch {
    /// Whether anything is fetched.
    pub enabled: bool,
    /// Largest content, in bytes; what an upload may have where nothing is said.
    pub bytes_max: Option<u64>,
    /// Time for everything, over all redirects, in milliseconds.
    pub total_ms: u32,
    /// How many URLs are fetched at once; those beyond are turned away.
    pub at_once: usize,
    /// The ports that are fetched from: a list, or `"any"`.
    pub ports: PortsConfig,
    /// Networks that are fetched from though they are not public.
    pub allow_networks: Vec<NetworkConfig>,
    /// Networks that are never fetched from.
    pub deny_networks: Vec<NetworkConfig>,
}

/// The ports that are fetched from: a list, or `"any"`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct PortsConfig(Ports);

/// A block of addresses, such as `10.1.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NetworkConfig(pub(super) Network);

impl Default for Fetch {
    fn default() -> Self {
        let policy = FetchPolicy::default();
        Self {
            enabled: policy.enabled,
            bytes_max: None,
            total_ms: policy.total_ms,
            at_once: policy.at_once_max,
            ports: PortsConfig::default(),
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
        }
    }
}

impl Fetch {
    /// The policy, where one file may have `limits`.
    #[must_use]
    pub fn policy(&self, limits: &Limits) -> FetchPolicy {
        let bytes_max = self.bytes_max.unwrap_or(limits.bytes_max);
        let networks = |given: &[NetworkConfig]| given.iter().map(|network| network.0).collect();
        FetchPolicy {
            enabled: self.enabled,
            bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX),
            total_ms: self.total_ms,
            at_once_max: self.at_once,
            ports: self.ports.0.clone(),
            allow_networks: networks(&self.allow_networks),
            deny_networks: networks(&self.deny_networks),
            ..FetchPolicy::default()
        }
    }

    pub(super) fn check(&self, limits: &Limits) -> Result<(), ConfigError> {
        let refused = |key, advice| Err(ConfigError::Value { key, advice });
        let bytes_max = self.bytes_max.unwrap_or(limits.bytes_max);
        if !(1..=limits.bytes_max).contains(&bytes_max) {
            let advice =
                "give 1 byte to decode.limits.bytes_max: what is larger could not be decoded";
            return refused("fetch.bytes_max", advice);
        }
        if !(1..=TOTAL_MS_MAX).contains(&self.total_ms) {
            return refused(
                "fetch.total_ms",
                "give 1 to 90000 milliseconds: a request as a whole may take 120 seconds",
            );
        }
        if !(1..=AT_ONCE_MAX).contains(&self.at_once) {
            let advice = "give 1 to 256; to fetch nothing, set fetch.enabled = false";
            return refused("fetch.at_once", advice);
        }
        Ok(())
    }
}

impl TryFrom<toml::Value> for PortsConfig {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        let ports = match value {
            toml::Value::String(text) if text == "any" => Some(Ports::Any),
            toml::Value::Array(values) if !values.is_empty() => {
                let ports: Option<Vec<u16>> = values.iter().map(port).collect();
                ports.map(Ports::Only)
            }
            _ => None,
        };
        let advice = "write the ports as [80, 443], each 1 to 65535, or \"any\"";
        ports.map(Self).ok_or(advice)
    }
}

fn port(value: &toml::Value) -> Option<u16> {
    let port = u16::try_from(value.as_integer()?).ok()?;
    (port != 0).then_some(port)
}

impl TryFrom<String> for NetworkConfig {
    type Error = NetworkFault;

    fn try_from(text: String) -> Result<Self, NetworkFault> {
        text.parse().map(Self)
    }
}

const TOTAL_MS_MAX: u32 = 90_000;
const AT_ONCE_MAX: usize = 256;
