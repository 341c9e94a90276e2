//! `[listen]`: addresses and names.

use std::net::SocketAddr;

use serde::Deserialize;

use super::ConfigError;

/// Where the server listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// The console for reviewers. Reach it by an SSH tunnel or a VPN.
    pub console: SocketAddr,
    /// The native API.
    pub api: SocketAddr,
    /// The public listener.
    pub public: SocketAddr,
    /// The port of the stand-in for the report's receiver, in a drill; on 127.0.0.1.
    pub stand_in_port: u16,
    /// Host names that the server answers to, beside loopback ones.
    pub hosts: Vec<String>,
    /// Whether cookies are for HTTPS only. Set it behind a TLS proxy.
    pub secure_cookies: bool,
}

impl Default for Listen {
    fn default() -> Self {
        let loopback = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            console: loopback(8480),
            api: loopback(8481),
            public: loopback(8482),
            stand_in_port: 8483,
            hosts: Vec::new(),
            secure_cookies: false,
        }
    }
}

impl Listen {
    /// Every name by which the server may be addressed: those configured, and the addresses it
    /// listens on. Loopback names are always answered.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let listeners = [self.console, self.api, self.public];
        let own = listeners
            .iter()
            .filter(|address| !address.ip().is_unspecified());
        let own = own.map(|address| address.ip().to_string());
        self.hosts.iter().cloned().chain(own).collect()
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let addresses = [self.console, self.api, self.public];
        let doubled = (0..3)
            .any(|a| (0..a).any(|b| addresses[a] == addresses[b] && addresses[a].port() != 0));
        if doubled {
            let advice = "console, api and public need an address of their own each";
            return Err(ConfigError::Value {
                key: "listen",
                advice,
            });
        }
        if !self.console.ip().is_loopback() && !self.secure_cookies {
            let advice = "a console beyond this machine needs TLS before it: set secure_cookies = true, \
                          or keep it on 127.0.0.1 and use an SSH tunnel";
            return Err(ConfigError::Value {
                key: "listen.console",
                advice,
            });
        }
        Ok(())
    }
}
