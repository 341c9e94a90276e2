//! Where a request goes, read from its URL once.

use rustls::pki_types::ServerName;
use url::{Host, Url};

use crate::UrlFault;

/// Host, port and scheme of a URL that may be used.
pub(crate) struct Target {
    /// The host: a name to look up, or an address.
    pub(crate) host: Host<String>,
    /// The port.
    pub(crate) port: u16,
    /// The name the host has to prove; `None` over plain `http`.
    pub(crate) tls_name: Option<ServerName<'static>>,
}

impl Target {
    pub(crate) fn new(url: &Url, admits_http: bool) -> Result<Self, UrlFault> {
        let encrypted = match url.scheme() {
            "https" => true,
            "http" if admits_http => false,
            "http" => return Err(UrlFault::NotEncrypted),
            _ => return Err(UrlFault::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlFault::UserInfo);
        }
        let host = url.host().ok_or(UrlFault::Host)?.to_owned();
        Ok(Self {
            tls_name: encrypted.then(|| tls_name(&host)).transpose()?,
            port: url.port_or_known_default().ok_or(UrlFault::Host)?,
            host,
        })
    }
}

fn tls_name(host: &Host<String>) -> Result<ServerName<'static>, UrlFault> {
    match host {
        Host::Ipv4(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name).to_owned();
            ServerName::try_from(name).map_err(|_| UrlFault::Host)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reach;

    fn fault(url: &str, reach: Reach) -> Option<UrlFault> {
        Target::new(&url.parse().expect("a URL"), reach.admits_http()).err()
    }

    #[test]
    fn only_plain_web_addresses_are_taken() {
        let public = Reach::Public;
        for (url, expected) in [
            ("https://a.example/", None),
            ("http://a.example/", Some(UrlFault::NotEncrypted)),
            ("ftp://a.example/", Some(UrlFault::Scheme)),
            ("file:///etc/hosts", Some(UrlFault::Scheme)),
            ("gopher://a.example/", Some(UrlFault::Scheme)),
            ("data:,x", Some(UrlFault::Scheme)),
            ("https://name@a.example/", Some(UrlFault::UserInfo)),
            ("https://:word@a.example/", Some(UrlFault::UserInfo)),
            ("https://name:word@a.example/", Some(UrlFault::UserInfo)),
        ] {
            assert_eq!(fault(url, public), expected, "{url}");
        }
        assert_eq!(fault("http://a.example/", Reach::Operator), None);
        assert_eq!(fault("http://127.0.0.1/", Reach::Loopback), None);
    }
}
