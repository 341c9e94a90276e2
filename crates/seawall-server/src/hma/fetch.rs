//! Files by their address, through the one place that fetches.

use bytes::Bytes;

use super::fault::Fault;
use super::input::Query;
use super::signal::ContentType;
use crate::problem::Problem;
use crate::state::App;

/// A file that was fetched.
pub(super) struct Fetched {
    /// What kind of content it is: what the client says, or else its media type.
    pub(super) content_type: ContentType,
    /// The file.
    pub(super) bytes: Bytes,
}

/// Fetches the file that the query's `url` names.
pub(super) async fn fetch(app: &App, query: &Query) -> Result<Fetched, Fault> {
    let url = query.filled("url").ok_or(Fault::bad("url is required"))?;
    let said = query.filled("content_type");
    let said = said.map(ContentType::parse).transpose()?;
    let fetched = app.fetcher.fetch(url).await.map_err(Problem::from)?;
    let told = match fetched.media_type.as_deref() {
        Some(media) if media.starts_with("image/") => Some(ContentType::Photo),
        Some(media) if media.starts_with("video/") => Some(ContentType::Video),
        Some(_) | None => None,
    };
    let unknown = "the server of this url does not say that it is a picture or a video: say what it \
                   is with content_type";
    Ok(Fetched {
        content_type: said.or(told).ok_or(Fault::bad(unknown))?,
        bytes: fetched.bytes,
    })
}
