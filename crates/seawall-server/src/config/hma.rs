//! `[hma]`: the interface for clients of HMA, and whom it lets in without a token.

use std::net::IpAddr;

use seawall_store::Scope;
use serde::Deserialize;

use super::{ConfigError, NetworkConfig};

/// Whom the interface for clients of HMA lets in without a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hma {
    /// What clients in [`Hma::trusted_networks`] may do without a token; nothing where empty.
    pub trust: Vec<HmaRole>,
    /// The networks that such clients connect from. What a proxy says about them is not asked.
    pub trusted_networks: Vec<NetworkConfig>,
}

/// A role of HMA's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HmaRole {
    /// Hash files.
    Hasher,
    /// Look signals up.
    Matcher,
    /// Read and change banks.
    Curator,
}

impl HmaRole {
    /// The scope that a token has for this role.
    #[must_use]
    pub fn scope(self) -> Scope {
        match self {
            Self::Hasher => Scope::Hasher,
            Self::Matcher => Scope::Matcher,
            Self::Curator => Scope::Curator,
        }
    }
}

impl Hma {
    /// Whether a client at this address may act in this role without a token.
    #[must_use]
    pub fn trusts(&self, address: IpAddr, scope: Scope) -> bool {
        self.trust.iter().any(|role| role.scope() == scope)
            && self
                .trusted_networks
                .iter()
                .any(|network| network.0.contains(address))
    }

    /// Whether a client at this address may do anything at all without a token.
    #[must_use]
    pub fn is_near(&self, address: IpAddr) -> bool {
        let mut roles = self.trust.iter();
        roles.any(|role| self.trusts(address, role.scope()))
    }

    /// The trusted roles by name, for people; `None` where there are none.
    #[must_use]
    pub fn roles_text(&self) -> Option<String> {
        let names: Vec<&str> = self.trust.iter().map(|role| role.scope().name()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.trust.is_empty() != self.trusted_networks.is_empty() {
            return Err(ConfigError::Value {
                key: "hma",
                advice: "trust says what clients may do without a token and trusted_networks where \
                         they connect from: give both or neither",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_for_a_role_and_a_network_together() {
        let here = "10.1.2.3".parse().expect("an address");
        let elsewhere = "192.0.2.1".parse().expect("an address");
        let hma = Hma {
            trust: vec![HmaRole::Matcher],
            trusted_networks: vec![NetworkConfig("10.0.0.0/8".parse().expect("a network"))],
        };
        assert!(hma.trusts(here, Scope::Matcher));
        assert!(!hma.trusts(here, Scope::Curator));
        assert!(!hma.trusts(elsewhere, Scope::Matcher));
        assert!(!Hma::default().trusts(here, Scope::Matcher));
        assert_eq!(hma.roles_text().as_deref(), Some("matcher"));
        assert_eq!(Hma::default().roles_text(), None);
    }
}
