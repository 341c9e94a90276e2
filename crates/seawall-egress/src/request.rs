//! What goes out and what comes back.

use std::fmt;

use bytes::Bytes;

use crate::Reach;

/// A request to send.
#[derive(Clone)]
pub struct Request {
    /// The HTTP method.
    pub method: http::Method,
    /// Where it goes. `http` or `https`, without user name or password.
    pub url: url::Url,
    /// Headers. Those that frame the message (`Host`, `Connection`, `Content-Length`,
    /// `Transfer-Encoding`) are set here and replaced where given.
    pub headers: http::HeaderMap,
    /// The body; may be empty.
    pub body: Bytes,
    /// Which addresses it may reach.
    pub reach: Reach,
    /// How long it may take and how much may come back.
    pub limits: EgressLimits,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("reach", &self.reach)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// How long a request may take and how much may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EgressLimits {
    /// Time for the name lookup, the connection and the TLS handshake together, in milliseconds.
    pub connect_ms: u64,
    /// Time for everything, in milliseconds.
    pub total_ms: u64,
    /// Largest answer body, in bytes.
    pub response_bytes_max: usize,
}

impl Default for EgressLimits {
    fn default() -> Self {
        Self {
            connect_ms: 10_000,
            total_ms: 60_000,
            response_bytes_max: 16 << 20,
        }
    }
}

/// An answer, whatever its status. A redirect is an answer like any other.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: http::StatusCode,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
