//! The only code that opens outbound connections.
//!
//! It takes a request and knows no partner: look up the name, check every address, connect
//! to a checked address and to no other, prove the host's name over TLS, send, read a
//! bounded answer within a bounded time. It uses no proxy, keeps no cookie, and its errors
//! never quote a URL or an address.
//!
//! [`Egress::send`] sends what Seawall itself has to say and follows no redirect.
//! [`Fetcher::fetch`] gets the content behind a URL that a caller gave, who is not trusted
//! with where it leads: it follows redirects and checks each like the first URL.
//!
//! ```
//! use seawall_egress::Reach;
//!
//! // A URL that came from outside must not lead back inside.
//! assert!(!Reach::Public.admits("169.254.169.254".parse()?));
//! assert!(!Reach::Public.admits("::ffff:10.0.0.1".parse()?));
//! assert!(Reach::Public.admits("1.1.1.1".parse()?));
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

mod connect;
mod error;
mod exchange;
mod fetch;
mod network;
mod reach;
mod request;
mod resolve;
mod target;
mod tls;

pub use error::{EgressError, TlsFault, UrlFault};
pub use fetch::{FetchError, FetchFailure, FetchPolicy, Fetched, Fetcher, Ports, URL_BYTES_MAX};
pub use network::{Network, NetworkFault};
pub use reach::Reach;
pub use request::{EgressLimits, Request, Response};
pub use resolve::{Addresses, Resolver, SystemResolver};

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// Sends requests. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    tls: tls::Tls,
    resolver: Arc<dyn Resolver>,
}

impl Egress {
    /// Trusts the root certificates of this machine. A machine without any can still use
    /// `http`; `https` then fails with [`TlsFault::NoRoots`].
    ///
    /// # Errors
    /// [`EgressError::Setup`] where the TLS library refuses its settings.
    pub fn new() -> Result<Self, EgressError> {
        let roots = rustls_native_certs::load_native_certs().certs;
        Ok(Self::over(tls::Tls::new(roots)?))
    }

    /// Trusts these root certificates and no other; each is one certificate in DER form.
    ///
    /// # Errors
    /// [`EgressError::Setup`] where the TLS library refuses its settings.
    pub fn with_roots(roots: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, EgressError> {
        let roots = roots.into_iter().map(Into::into);
        Ok(Self::over(tls::Tls::new(roots)?))
    }

    /// Asks `resolver` for the addresses of names, in place of this machine's own.
    #[must_use]
    pub fn with_resolver(self, resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, ..self }
    }

    fn over(tls: tls::Tls) -> Self {
        Self {
            tls,
            resolver: Arc::new(SystemResolver),
        }
    }

    /// Sends one request over a connection of its own and reads the whole answer.
    ///
    /// # Errors
    /// [`EgressError`]; [`EgressError::certainly_not_sent`] says whether the other side can
    /// have seen it.
    pub async fn send(&self, request: Request) -> Result<Response, EgressError> {
        let start = Instant::now();
        let total = start + Duration::from_millis(request.limits.total_ms);
        let connect = start + Duration::from_millis(request.limits.connect_ms);

        let reach = request.reach;
        let target = target::Target::new(&request.url, reach.admits_http())?;
        let prepared = exchange::prepare(&request)?;
        let stream = timeout_at(
            connect.min(total),
            self.open(
                &target,
                &|address| reach.admits(address),
                connect.min(total),
            ),
        )
        .await
        .map_err(|_| EgressError::ConnectTimeout)??;

        let bytes_max = request.limits.response_bytes_max;
        timeout_at(total, exchange::run(stream, prepared, bytes_max))
            .await
            .map_err(|_| EgressError::Timeout)?
    }
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Egress")
    }
}
