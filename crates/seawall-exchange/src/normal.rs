//! Normal forms: two addresses or two texts that are the same have the same one.
//!
//! Lists hold addresses and words beside hashes. They are compared by their normal forms, on
//! both sides, so that a listed entry is not missed for a letter's case or an accent's coding.
//!
//! ```
//! use seawall_exchange::normal::{NormalText, NormalUrl};
//!
//! let listed = NormalUrl::read("http://Example.ORG:80/%7Ea/../b#part")?;
//! assert_eq!(listed, NormalUrl::read("http://example.org/b")?);
//! assert_eq!(NormalText::new("cafe\u{301}"), NormalText::new("caf\u{e9}"));
//! # Ok::<(), seawall_exchange::normal::UrlFault>(())
//! ```

mod text;
mod url;

pub use self::text::NormalText;
pub use self::url::{NormalUrl, URL_BYTES_MAX, UrlFault};
