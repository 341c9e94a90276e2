//! Why a URL brought no content, in two halves: what its caller may read, and what a log may.

use crate::{EgressError, UrlFault};

/// Why a URL brought no content.
///
/// The text of each kind is fixed and may be shown to whoever gave the URL: it does not tell
/// a closed port from a failed handshake or a host that does not exist, and of an address that
/// is not fetched from nothing at all is learned, since no connection to it is opened. The
/// source, where there is one, is for the operator's log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The operator has turned fetching off.
    #[error("fetching by URL is turned off on this server")]
    Off,
    /// The URL cannot be used, whatever stands behind it.
    #[error("the URL cannot be fetched: {0}")]
    BadUrl(UrlFault),
    /// The URL, or one it redirects to, leads to an address that is not fetched from.
    #[error("the URL leads to an address that this server does not fetch from")]
    AddressRefused,
    /// Every place is taken.
    #[error("too many URLs are being fetched at this moment; try again")]
    Busy,
    /// There was no content to be had.
    #[error("the URL could not be fetched")]
    Failed(#[source] FetchFailure),
    /// The content did not come in time.
    #[error("the URL could not be fetched in time")]
    Timeout,
    /// The content is larger than allowed.
    #[error("the content behind the URL is larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit, in bytes.
        bytes_max: usize,
    },
}

impl FetchError {
    /// The kind, for programs. Codes are stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Off => "fetch_off",
            Self::BadUrl(_) => "bad_url",
            Self::AddressRefused => "address_refused",
            Self::Busy => "fetch_busy",
            Self::Failed(_) => "fetch_failed",
            Self::Timeout => "fetch_timeout",
            Self::TooLarge { .. } => "fetch_too_large",
        }
    }
}

/// Why there was no content to be had. For the operator's log, never for whoever gave the URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchFailure {
    /// No connection, or none that held.
    #[error(transparent)]
    Egress(EgressError),
    /// The answer has a status that brings no content.
    #[error("reading an answer: its status is {0}")]
    Status(u16),
    /// The body is compressed though that was not asked for.
    #[error("reading an answer: it is encoded, which was not asked for")]
    Encoded,
    /// A redirect to nowhere: no `Location`, several, or one that is no URL to fetch.
    #[error("following a redirect: it leads nowhere")]
    Redirect(#[source] Option<UrlFault>),
    /// A redirect from `https` to `http`.
    #[error("following a redirect: it leads from https to http")]
    Downgrade,
    /// More redirects than allowed.
    #[error("following a redirect: there were {redirects_max} before it")]
    TooManyRedirects {
        /// The limit.
        redirects_max: u32,
    },
}

impl From<FetchFailure> for FetchError {
    fn from(failure: FetchFailure) -> Self {
        Self::Failed(failure)
    }
}

impl From<EgressError> for FetchError {
    fn from(error: EgressError) -> Self {
        match error {
            EgressError::Url(fault) => Self::BadUrl(fault),
            EgressError::Form => Self::BadUrl(UrlFault::Form),
            EgressError::RefusedAddress => Self::AddressRefused,
            EgressError::AnswerTooLarge { bytes_max } => Self::TooLarge { bytes_max },
            EgressError::ConnectTimeout | EgressError::Timeout => Self::Timeout,
            // The system's own limit, or a share of ours.
            EgressError::Connect(cause) if cause.kind() == std::io::ErrorKind::TimedOut => {
                Self::Timeout
            }
            EgressError::Setup
            | EgressError::Resolve(_)
            | EgressError::NoAddress
            | EgressError::Connect(_)
            | EgressError::Tls(_)
            | EgressError::Exchange(_) => Self::Failed(FetchFailure::Egress(error)),
        }
    }
}
