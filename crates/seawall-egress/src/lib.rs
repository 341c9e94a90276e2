//! The only code that opens outbound connections.
//!
//! It takes a request and knows no partner: look up the name, check every address, connect
//! to a checked address and to no other, prove the host's name over TLS, send, read a
//! bounded answer within a bounded time. It follows no redirect, uses no proxy, keeps no
//! cookie, and its errors never quote a URL or an address.
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
mod reach;
mod request;
mod target;
mod tls;

pub use error::{EgressError, TlsFault, UrlFault};
pub use reach::Reach;
pub use request::{EgressLimits, Request, Response};

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// Sends requests. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    tls: tls::Tls,
}

impl Egress {
    /// Trusts the root certificates of this machine. A machine without any can still use
    /// `http`; `https` then fails with [`TlsFault::NoRoots`].
    ///
    /// # Errors
    /// [`EgressError::Setup`] where the TLS library refuses its settings.
    pub fn new() -> Result<Self, EgressError> {
        let roots = rustls_native_certs::load_native_certs().certs;
        Ok(Self {
            tls: tls::Tls::new(roots)?,
        })
    }

    /// Trusts these root certificates and no other; each is one certificate in DER form.
    ///
    /// # Errors
    /// [`EgressError::Setup`] where the TLS library refuses its settings.
    pub fn with_roots(roots: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, EgressError> {
        Ok(Self {
            tls: tls::Tls::new(roots.into_iter().map(Into::into))?,
        })
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

        let target = target::Target::new(&request.url, request.reach)?;
        let prepared = exchange::prepare(&request)?;
        let stream = timeout_at(
            connect.min(total),
            connect::open(&target, request.reach, &self.tls, connect.min(total)),
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
