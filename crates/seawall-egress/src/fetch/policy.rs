//! What may be fetched, and how much of it.

use std::net::IpAddr;

use crate::{Network, Reach};

/// What may be fetched, how long it may take and how much may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchPolicy {
    /// Whether anything is fetched at all.
    pub enabled: bool,
    /// Largest content, in bytes.
    pub bytes_max: usize,
    /// Time for everything, over all redirects, in milliseconds.
    pub total_ms: u32,
    /// Time for each name lookup, connection and TLS handshake together, in milliseconds.
    pub connect_ms: u32,
    /// How many redirects are followed.
    pub redirects_max: u32,
    /// How many URLs are fetched at once; those beyond are turned away.
    pub at_once_max: usize,
    /// The ports that are fetched from.
    pub ports: Ports,
    /// Networks that are fetched from though they are not public.
    pub allow_networks: Vec<Network>,
    /// Networks that are never fetched from. They count before those that are allowed.
    pub deny_networks: Vec<Network>,
}

/// The ports that are fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Every port but 0.
    Any,
    /// These alone.
    Only(Vec<u16>),
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            bytes_max: 64 << 20,
            total_ms: 30_000,
            connect_ms: 10_000,
            redirects_max: 5,
            at_once_max: 8,
            ports: Ports::default(),
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
        }
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self::Only(vec![80, 443])
    }
}

impl Ports {
    /// Whether this port is fetched from.
    #[must_use]
    pub fn admit(&self, port: u16) -> bool {
        match self {
            Self::Any => port != 0,
            Self::Only(ports) => port != 0 && ports.contains(&port),
        }
    }
}

impl FetchPolicy {
    /// Whether this address is fetched from.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        let denied = self
            .deny_networks
            .iter()
            .any(|network| network.is_behind(address));
        let allowed = || {
            self.allow_networks
                .iter()
                .any(|network| network.contains(address))
        };
        !denied && (Reach::Public.admits(address) || allowed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(allow: &[&str], deny: &[&str], address: &str) -> bool {
        let networks = |texts: &[&str]| {
            let parse = |text: &&str| text.parse().expect("a network");
            texts.iter().map(parse).collect()
        };
        let policy = FetchPolicy {
            allow_networks: networks(allow),
            deny_networks: networks(deny),
            ..FetchPolicy::default()
        };
        policy.admits(address.parse().expect("an address"))
    }

    #[test]
    fn what_is_allowed_opens_itself_alone() {
        let allow = ["10.1.2.0/24"];
        for (address, admitted) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.1.3.3", false),
            ("127.0.0.1", false),
            // Reached through a gateway that nobody allowed.
            ("64:ff9b::10.1.2.3", false),
            ("1.1.1.1", true),
        ] {
            assert_eq!(admits(&allow, &[], address), admitted, "{address}");
        }
    }

    #[test]
    fn what_is_denied_is_denied_in_every_wrapping_and_before_what_is_allowed() {
        let deny = ["1.1.1.0/24"];
        for address in [
            "1.1.1.1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::",
        ] {
            assert!(!admits(&deny, &deny, address), "{address}");
            assert!(admits(&[], &[], address), "{address}");
        }
        assert!(admits(&[], &deny, "1.1.2.1"));
    }

    #[test]
    fn ports_are_the_usual_two_unless_others_are_named() {
        let usual = Ports::default();
        assert!(usual.admit(80) && usual.admit(443));
        for port in [0, 22, 25, 6379, 8080] {
            assert!(!usual.admit(port), "{port}");
        }
        assert!(Ports::Any.admit(8080) && !Ports::Any.admit(0));
        assert!(Ports::Only(vec![0, 9000]).admit(9000) && !Ports::Only(vec![0]).admit(0));
    }
}
