//! What a description of a partner is made of, whichever kind of partner it is: a page of TOML
//! that says where to ask, how to sign in, and where in the answers things stand.
//!
//! A description holds no secret. It names the secrets that it needs, and they are handed in
//! beside it as [`Secrets`].

mod address;
mod authentication;
mod encoding;
mod place;
mod time;

use std::collections::BTreeMap;
use std::fmt;

use seawall_core::Redacted;
use serde::de::DeserializeOwned;

pub(crate) use address::{Address, query_of_link};
pub(crate) use authentication::{Access, accept_json};
pub use authentication::{Authentication, BodyEncoding, TokenExchange};
pub use encoding::Encoding;
pub use place::{Place, PlaceError};
pub use time::TimeFormat;

/// The secrets of one partner, by the names that its description gives them.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, Redacted<String>>);

impl Secrets {
    /// The secret of this name.
    ///
    /// # Errors
    /// [`DescriptionError::SecretMissing`] where there is none, or it is empty;
    /// [`DescriptionError::SecretUnusable`] where it holds anything but visible ASCII and blanks,
    /// which no header and no form can carry unchanged.
    pub(crate) fn named(&self, name: &str) -> Result<&str, DescriptionError> {
        let name_owned = || name.to_owned();
        let secret = self.0.get(name).map_or("", |secret| secret.reveal());
        if secret.is_empty() {
            return Err(DescriptionError::SecretMissing { name: name_owned() });
        }
        let fits = secret.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if fits {
            Ok(secret)
        } else {
            Err(DescriptionError::SecretUnusable { name: name_owned() })
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: Into<String>, S: Into<String>> FromIterator<(N, S)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (N, S)>>(secrets: I) -> Self {
        let entry = |(name, secret): (N, S)| (name.into(), Redacted(secret.into()));
        Self(secrets.into_iter().map(entry).collect())
    }
}

/// Why a description cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// Its bytes are no UTF-8 text.
    #[error("reading a description of a partner: it is not UTF-8 text")]
    NotText,
    /// It is not TOML, or lacks a field, or has one that is not known.
    #[error("reading a description of a partner, line {line}: {what}")]
    Toml {
        /// The line where it stops being one, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// Its fields contradict each other.
    #[error("reading a description of a partner: in [{section}], {rule}")]
    Rule {
        /// The section of the page.
        section: &'static str,
        /// What has to hold.
        rule: &'static str,
    },
    /// The address is none to which paths can be added.
    #[error(
        "reading a description of a partner: its address has to be http or https, without query"
    )]
    Address,
    /// A path leads to another address.
    #[error("reading a description of a partner: a path has to stay below the partner's address")]
    Path,
    /// A header cannot have this name.
    #[error("reading a description of a partner: a header has a name that no header can have")]
    Header,
    /// A secret that the description names was not given.
    #[error("the secret {name:?} of the partner is not set")]
    SecretMissing {
        /// Its name.
        name: String,
    },
    /// A secret holds characters that cannot be sent.
    #[error(
        "the secret {name:?} of the partner holds a character that cannot be sent, such as a line break"
    )]
    SecretUnusable {
        /// Its name.
        name: String,
    },
}

/// Reads a page of TOML.
pub(crate) fn read_toml<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DescriptionError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DescriptionError::NotText)?;
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let breaks = text.as_bytes()[..start]
            .iter()
            .filter(|&&byte| byte == b'\n');
        DescriptionError::Toml {
            line: breaks.count() + 1,
            what: error.message().to_owned(),
        }
    })
}

/// Fails with the rule where it does not hold.
pub(crate) fn rule(
    holds: bool,
    section: &'static str,
    rule: &'static str,
) -> Result<(), DescriptionError> {
    if holds {
        Ok(())
    } else {
        Err(DescriptionError::Rule { section, rule })
    }
}
