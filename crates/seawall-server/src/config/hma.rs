//! `[hma]`: the interface for clients of HMA, and whom it lets in without a token.

use std::net::IpAddr;
use std::str::FromStr;

use seawall_store::Scope;
use serde::Deserialize;

use super::ConfigError;

/// Whom the interface for clients of HMA lets in without a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hma {
    /// What clients in [`Hma::trusted_networks`] may do without a token; nothing where empty.
    pub trust: Vec<HmaRole>,
    /// The networks that such clients connect from. What a proxy says about them is not asked.
    pub trusted_networks: Vec<Network>,
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

/// Addresses that begin alike, such as `10.0.0.0/8` or `fd00::/8`; one address where no length
/// is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// A text that names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "reading a network: write the first address and the length of what is common, such as \
     10.0.0.0/8, or one address"
)]
pub struct NetworkError;

impl Network {
    /// Whether an address lies within. An IPv4 address in IPv6 form counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                differing.leading_zeros() >= u32::from(self.prefix_bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.leading_zeros() >= u32::from(self.prefix_bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix.map_or(Ok(bits), str::parse);
        let prefix_bits = prefix_bits.map_err(|_| NetworkError)?;
        let network = Self {
            address,
            prefix_bits,
        };
        // Bits beyond the length mean that something else was meant.
        let rest = match address {
            IpAddr::V4(own) => u128::from(u32::from(own)) << 96,
            IpAddr::V6(own) => u128::from(own),
        };
        let rest = rest.checked_shl(prefix_bits.into()).unwrap_or(0);
        (prefix_bits <= bits && rest == 0)
            .then_some(network)
            .ok_or(NetworkError)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
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
                .any(|network| network.contains(address))
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
        let everybody = |network: &Network| network.prefix_bits == 0;
        if self.trusted_networks.iter().any(everybody) {
            return Err(ConfigError::Value {
                key: "hma.trusted_networks",
                advice: "a network of every address trusts everybody: name the networks that your \
                         clients are in",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().expect("a network")
    }

    #[test]
    fn a_network_holds_what_begins_alike() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.3.4", "11.0.0.0"),
            ("192.168.4.0/22", "192.168.7.255", "192.168.8.0"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("127.0.0.1", "::ffff:127.0.0.1", "::1"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("::1/128", "::1", "::2"),
            ("::/96", "::1", "0.0.0.1"),
        ] {
            let address = |text: &str| text.parse().expect("an address");
            assert!(network(text).contains(address(inside)), "{text} {inside}");
            assert!(
                !network(text).contains(address(outside)),
                "{text} {outside}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "fd00::/129",
            "fd00::1/64",
            "localhost",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text}");
        }
    }

    #[test]
    fn trust_is_for_a_role_and_a_network_together() {
        let here = "10.1.2.3".parse().expect("an address");
        let elsewhere = "192.0.2.1".parse().expect("an address");
        let hma = Hma {
            trust: vec![HmaRole::Matcher],
            trusted_networks: vec![network("10.0.0.0/8")],
        };
        assert!(hma.trusts(here, Scope::Matcher));
        assert!(!hma.trusts(here, Scope::Curator));
        assert!(!hma.trusts(elsewhere, Scope::Matcher));
        assert!(!Hma::default().trusts(here, Scope::Matcher));
        assert_eq!(hma.roles_text().as_deref(), Some("matcher"));
        assert_eq!(Hma::default().roles_text(), None);
    }
}
