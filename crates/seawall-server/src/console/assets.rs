//! The style sheet, the script and the mark, built into the program.
//!
//! Their names hold a checksum of their content, so that a browser may keep them for good.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header;

use super::fault::Fault;

/// One file.
struct Asset {
    stem: &'static str,
    ending: &'static str,
    media_type: &'static str,
    content: &'static str,
}

/// `GET /static/{name}`
pub(super) async fn file(Path(name): Path<String>) -> Response {
    let Some(asset) = ALL.iter().find(|asset| asset.name() == name) else {
        return Fault::NotFound.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, asset.content).into_response()
}

/// The address of the style sheet.
pub(super) fn style() -> String {
    STYLE.address()
}

/// The address of the script.
pub(super) fn script() -> String {
    SCRIPT.address()
}

/// The address of the mark.
pub(super) fn mark() -> String {
    MARK.address()
}

impl Asset {
    fn name(&self) -> String {
        format!(
            "{}.{:016x}.{}",
            self.stem,
            checksum(self.content.as_bytes()),
            self.ending
        )
    }

    fn address(&self) -> String {
        format!("/static/{}", self.name())
    }
}

/// FNV-1a, 64 bits: it tells versions of our own files apart, and guards nothing.
const fn checksum(bytes: &[u8]) -> u64 {
    let (mut hash, mut index) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

const STYLE: Asset = Asset {
    stem: "console",
    ending: "css",
    media_type: "text/css; charset=utf-8",
    content: include_str!("../../static/console.css"),
};
const SCRIPT: Asset = Asset {
    stem: "console",
    ending: "js",
    media_type: "text/javascript; charset=utf-8",
    content: include_str!("../../static/console.js"),
};
const MARK: Asset = Asset {
    stem: "mark",
    ending: "svg",
    media_type: "image/svg+xml",
    content: include_str!("../../static/mark.svg"),
};
const ALL: [Asset; 3] = [STYLE, SCRIPT, MARK];

#[cfg(test)]
mod tests {
    use super::*;

    /// The values published with the algorithm.
    #[test]
    fn the_checksum_is_fnv_1a() {
        assert_eq!(checksum(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(checksum(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(checksum(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn names_tell_versions_apart() {
        assert_ne!(STYLE.name(), SCRIPT.name());
        assert!(style().starts_with("/static/console.") && style().ends_with(".css"));
    }
}
