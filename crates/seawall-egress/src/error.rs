//! Why a request brought no answer.

use std::io;

/// A request that brought no answer.
///
/// No text here holds the URL, its host, path or query, or an address: errors reach logs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The TLS library refused its own settings.
    #[error("setting up outbound connections: the TLS settings were refused")]
    Setup,
    /// The URL cannot be used for this request.
    #[error("checking where a request goes")]
    Url(#[from] UrlFault),
    /// The name has at least one address outside of what the request may reach.
    #[error("checking where a request goes: its address lies outside of what it may reach")]
    RefusedAddress,
    /// The name could not be looked up.
    #[error("looking up a host name")]
    Resolve(#[source] io::Error),
    /// The name has no address.
    #[error("looking up a host name: it has no address")]
    NoAddress,
    /// No address of the host took the connection.
    #[error("connecting")]
    Connect(#[source] io::Error),
    /// Looking up, connecting and the TLS handshake together took longer than allowed.
    #[error("connecting: the time limit was reached")]
    ConnectTimeout,
    /// The host could not prove who it is, or does not speak TLS.
    #[error("opening an encrypted connection")]
    Tls(#[from] TlsFault),
    /// The request could not be written in HTTP's form.
    #[error("writing a request: it has no valid HTTP form")]
    Form,
    /// The connection failed after the request may have left.
    #[error("exchanging a request for its answer")]
    Exchange(#[source] hyper::Error),
    /// The answer is larger than allowed. The request was received.
    #[error("reading an answer: it is larger than {bytes_max} bytes")]
    AnswerTooLarge {
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// No complete answer came in time, after the request may have left.
    #[error("waiting for an answer: the time limit was reached")]
    Timeout,
}

impl EgressError {
    /// Whether it is certain that no byte of the request reached the other side.
    ///
    /// Where this is false, the other side may have acted on the request: whoever repeats
    /// it must use the same idempotency key, or ask first what became of it.
    #[must_use]
    pub fn certainly_not_sent(&self) -> bool {
        match self {
            Self::Setup
            | Self::Url(_)
            | Self::RefusedAddress
            | Self::Resolve(_)
            | Self::NoAddress
            | Self::Connect(_)
            | Self::ConnectTimeout
            | Self::Tls(_)
            | Self::Form => true,
            Self::Exchange(_) | Self::AnswerTooLarge { .. } | Self::Timeout => false,
        }
    }
}

/// What is wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlFault {
    /// Neither `http` nor `https`.
    #[error("the scheme is neither http nor https")]
    Scheme,
    /// `http` where only `https` may be used.
    #[error("only https may be used here")]
    NotEncrypted,
    /// A user name or password in the URL.
    #[error("the URL holds a user name or password")]
    UserInfo,
    /// No host, or one that is no valid name.
    #[error("the URL has no valid host")]
    Host,
    /// Not a URL, or one with characters that have to be escaped in it.
    #[error("it is no URL in plain form, such as https://example.org/picture.jpg")]
    Form,
    /// Longer than [`URL_BYTES_MAX`](crate::URL_BYTES_MAX).
    #[error("the URL is longer than 8192 bytes")]
    Length,
    /// A port that nothing is fetched from.
    #[error("nothing is fetched from the URL's port")]
    Port,
}

/// Why no encrypted connection came about.
///
/// Own words instead of the library's, which quote host names and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// This machine has no root certificates at all.
    #[error("this machine has no root certificates; install the package ca-certificates")]
    NoRoots,
    /// The certificate's issuer is not trusted.
    #[error("the certificate's issuer is not trusted")]
    UnknownIssuer,
    /// The certificate is for another name.
    #[error("the certificate is for another name")]
    WrongName,
    /// The certificate has expired or is not valid yet.
    #[error("the certificate has expired or is not valid yet")]
    OutOfDate,
    /// The certificate was refused for another reason.
    #[error("the certificate was refused")]
    Certificate,
    /// The two sides did not agree on a protocol, or the other side speaks no TLS.
    #[error("the handshake failed")]
    Handshake,
    /// The connection broke during the handshake.
    #[error("the connection broke during the handshake")]
    Broken,
}
