//! Look up, check, connect: to the checked address and to no other.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use url::Host;

use crate::target::Target;
use crate::{Egress, EgressError};

/// A connection, encrypted or not.
pub(crate) type Stream = Pin<Box<dyn Duplex>>;

/// What can be read and written.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

impl Egress {
    /// Opens a connection to `target`, at an address that `admits` lets through. The caller
    /// ends it at `deadline`; here the deadline only shares out the time between several
    /// addresses.
    pub(crate) async fn open(
        &self,
        target: &Target,
        admits: &(dyn Fn(IpAddr) -> bool + Sync),
        deadline: Instant,
    ) -> Result<Stream, EgressError> {
        let addresses = check(self.look_up(target).await?, admits)?;
        let stream = dial(&addresses, deadline).await?;
        // One request and one answer: waiting to fill packets only delays it.
        stream.set_nodelay(true).map_err(EgressError::Connect)?;
        match &target.tls_name {
            None => Ok(Box::pin(stream)),
            Some(name) => Ok(Box::pin(self.tls.open(stream, name.clone()).await?)),
        }
    }

    async fn look_up(&self, target: &Target) -> Result<Vec<SocketAddr>, EgressError> {
        let addresses = match &target.host {
            Host::Ipv4(address) => vec![(*address).into()],
            Host::Ipv6(address) => vec![(*address).into()],
            Host::Domain(name) => {
                let found = self.resolver.look_up(name).await;
                found.map_err(EgressError::Resolve)?
            }
        };
        let with_port = |address| SocketAddr::new(address, target.port);
        Ok(addresses.into_iter().map(with_port).collect())
    }
}

/// One address outside refuses the whole name: a name that mixes inside and outside is
/// how a check is tricked, and no honest partner needs it.
fn check(
    addresses: Vec<SocketAddr>,
    admits: &(dyn Fn(IpAddr) -> bool + Sync),
) -> Result<Vec<SocketAddr>, EgressError> {
    if addresses.is_empty() {
        return Err(EgressError::NoAddress);
    }
    if addresses.iter().all(|address| admits(address.ip())) {
        Ok(addresses)
    } else {
        Err(EgressError::RefusedAddress)
    }
}

/// Tries the addresses in turn, each with its share of the time left, so that one that
/// swallows packets does not starve the others.
async fn dial(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, EgressError> {
    let mut failure = EgressError::NoAddress;
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = EgressError::Connect(error),
            Err(_) => failure = EgressError::Connect(io::ErrorKind::TimedOut.into()),
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reach;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        let parse = |text: &&str| text.parse().expect("an address");
        texts.iter().map(parse).collect()
    }

    #[test]
    fn one_address_inside_refuses_the_name() {
        let public = |address| Reach::Public.admits(address);
        let good = addresses(&["1.1.1.1:443", "[2606:4700:4700::1111]:443"]);
        assert!(check(good.clone(), &public).is_ok());
        for inside in ["10.0.0.1:443", "[::1]:443", "[::ffff:127.0.0.1]:443"] {
            let mut mixed = good.clone();
            mixed.extend(addresses(&[inside]));
            let refused = check(mixed, &public);
            assert!(
                matches!(refused, Err(EgressError::RefusedAddress)),
                "{inside}"
            );
        }
    }

    #[test]
    fn a_name_without_addresses_is_told_apart() {
        let refused = check(Vec::new(), &|_| true);
        assert!(matches!(refused, Err(EgressError::NoAddress)));
    }
}
