//! Names to addresses.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

use tokio::net::lookup_host;

/// The addresses of a name, once they are known.
pub type Addresses<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks names up. It is asked once for each connection, and only addresses that it gave
/// and that were checked are connected to, so that it may answer as it likes.
pub trait Resolver: Send + Sync + fmt::Debug {
    /// Every address of `name`, which is never a literal address.
    fn look_up<'a>(&'a self, name: &'a str) -> Addresses<'a>;
}

/// What this machine is set up to ask: its hosts file, its name servers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn look_up<'a>(&'a self, name: &'a str) -> Addresses<'a> {
        Box::pin(async move {
            let found = lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
