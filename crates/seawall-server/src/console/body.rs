//! Forms. One that belongs to a session is read only if it carries that session's token.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};

use super::Console;
use super::fault::Fault;
use super::session::Signed;

/// The fields of a form, in order; a name may stand there several times.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

/// A form that somebody sent from within their session.
pub(super) struct Posted<S> {
    pub(super) by: S,
    pub(super) fields: Fields,
}

impl Fields {
    fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first value of this name; empty where there is none.
    pub(super) fn one(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value)
    }

    /// Every value of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }
}

impl FromRequest<Console> for Fields {
    type Rejection = Fault;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Fault> {
        let body = Bytes::from_request(request, console)
            .await
            .map_err(|_| Fault::TooLarge)?;
        Ok(Self::parse(&body))
    }
}

impl<S> FromRequest<Console> for Posted<S>
where
    S: Signed + FromRequestParts<Console, Rejection = Fault>,
{
    type Rejection = Fault;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let by = S::from_request_parts(&mut parts, console).await?;
        let fields = Fields::from_request(Request::from_parts(parts, body), console).await?;
        if is_equal(fields.one("csrf"), &by.session().csrf) {
            Ok(Self { by, fields })
        } else {
            Err(Fault::Stale)
        }
    }
}

/// Compares in a time that does not depend on where the texts differ.
fn is_equal(given: &str, right: &str) -> bool {
    let differing = given
        .bytes()
        .zip(right.bytes())
        .fold(0, |differing, (a, b)| differing | (a ^ b));
    !right.is_empty() && given.len() == right.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_repeat() {
        let fields = Fields::parse(b"a=1&b=x%26y+z&a=2");
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((fields.one("b"), fields.one("c")), ("x&y z", ""));
    }

    #[test]
    fn only_the_whole_token_is_equal() {
        assert!(is_equal("abc", "abc"));
        for wrong in ["", "ab", "abcd", "abd"] {
            assert!(!is_equal(wrong, "abc"), "{wrong}");
        }
        assert!(!is_equal("", ""));
    }
}
