//! Files by their address. This version does not fetch; the answer says so.

use bytes::Bytes;

use super::fault::Fault;
use super::input::Query;
use super::signal::ContentType;
use crate::state::App;

/// A file that was fetched.
pub(super) struct Fetched {
    /// What kind of content it is: what the client says, or else its media type.
    pub(super) content_type: ContentType,
    /// The file.
    pub(super) bytes: Bytes,
}

/// Fetches the file that the query's `url` names.
pub(super) async fn fetch(_: &App, query: &Query) -> Result<Fetched, Fault> {
    let url = query.filled("url").ok_or(Fault::bad("url is required"))?;
    if let Some(content_type) = query.filled("content_type") {
        ContentType::parse(content_type)?;
    }
    let address = url::Url::parse(url).map_err(|_| Fault::bad("url is no address"))?;
    if !["http", "https"].contains(&address.scheme()) {
        return Err(Fault::bad("url is http or https"));
    }
    Err(Fault::NoFetch)
}
