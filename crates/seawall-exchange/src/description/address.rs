//! A partner's address, and what lies below it.

use std::fmt;

use url::Url;

use super::DescriptionError;
use crate::feed::FeedError;
use crate::json::unreadable;

/// The address of a partner's interface. Everything that is asked lies below it: the credentials
/// go nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(Url);

impl Address {
    /// Takes an address, whose path may or may not end with a slash.
    ///
    /// # Errors
    /// [`DescriptionError::Address`] where it is not http or https, or has a query, a fragment
    /// or credentials.
    pub(crate) fn new(mut url: Url) -> Result<Self, DescriptionError> {
        let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
        let is_bare = url.query().is_none() && url.fragment().is_none();
        let is_open = url.username().is_empty() && url.password().is_none();
        if !(is_web && is_bare && is_open) {
            return Err(DescriptionError::Address);
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }

    /// The address as text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address of a path below this one.
    ///
    /// # Errors
    /// [`DescriptionError::Path`] where it leads elsewhere, or has a query.
    pub(crate) fn below(&self, path: &str) -> Result<Url, DescriptionError> {
        let url = self.0.join(path).map_err(|_| DescriptionError::Path)?;
        let is_below = url.origin() == self.0.origin() && url.path().starts_with(self.0.path());
        let is_bare = url.query().is_none() && url.fragment().is_none();
        if is_below && is_bare && url.username().is_empty() && url.password().is_none() {
            Ok(url)
        } else {
            Err(DescriptionError::Path)
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address([redacted])")
    }
}

/// The query of a link to a next page, as its parts. It is a whole address, one that lies beside
/// the page's own, or a query alone; wherever it leads, only the page's own address is asked.
///
/// # Errors
/// [`FeedError::Unreadable`] where it is another address than the page's, or too long.
pub(crate) fn query_of_link(page: &Url, link: &str) -> Result<Vec<(String, String)>, FeedError> {
    if link.len() > LINK_BYTES_MAX {
        return Err(unreadable("the link to the next page is too long"));
    }
    let is_query = !link.contains("://") && !link.starts_with(['/', '?']) && link.contains('=');
    let link = if is_query {
        page.join(&format!("?{link}"))
    } else {
        page.join(link)
    };
    let foreign = || unreadable("the link to the next page leads to another address");
    let link = link.map_err(|_| foreign())?;
    let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
    if link.origin() != page.origin() || path(&link) != path(page) {
        return Err(foreign());
    }
    Ok(link.query_pairs().into_owned().collect())
}

/// Longer than any real one, and short enough to keep.
const LINK_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<Address, DescriptionError> {
        Address::new(text.parse().expect("a URL"))
    }

    #[test]
    fn paths_stay_below_the_address() {
        let partner = address("https://partner.example/api").expect("an address");
        let below = |path: &str| partner.below(path).map(|url| url.to_string());
        let list = Ok("https://partner.example/api/v2/list".to_owned());
        assert_eq!(below("v2/list"), list);
        assert_eq!(
            below(""),
            Ok("https://partner.example/api/".to_owned()),
            "the address itself"
        );
        for path in [
            "/v2/list",
            "../v2",
            "//other.example/api/v2",
            "https://other.example/api/",
            "http://partner.example/api/v2",
            "https://me@partner.example/api/v2",
            "v2?token=1",
            "v2#here",
            "v2/../../x",
            "%2e%2e/x",
        ] {
            assert_eq!(below(path), Err(DescriptionError::Path), "{path}");
        }
    }

    #[test]
    fn an_address_is_of_the_web_and_bare() {
        for text in [
            "ftp://partner.example/",
            "data:text/plain,x",
            "https://me:secret@partner.example/",
            "https://partner.example/?a=1",
            "https://partner.example/#a",
        ] {
            assert_eq!(address(text), Err(DescriptionError::Address), "{text}");
        }
    }

    #[test]
    fn a_next_link_is_followed_at_the_pages_own_address_alone() {
        let page: Url = "https://partner.example/v2/list".parse().expect("a URL");
        let expected = vec![("after".to_owned(), "a b".to_owned())];
        for link in [
            "https://partner.example/v2/list?after=a%20b",
            "https://partner.example:443/v2/list/?after=a+b",
            "/v2/list?after=a%20b",
            "?after=a%20b",
            "after=a%20b",
        ] {
            assert_eq!(query_of_link(&page, link), Ok(expected.clone()), "{link}");
        }
        for link in [
            "https://other.example/v2/list?after=a",
            "http://partner.example/v2/list?after=a",
            "https://partner.example:8443/v2/list?after=a",
            "https://partner.example.other.example/v2/list?after=a",
            "https://partner.example@other.example/v2/list?after=a",
            "//other.example/v2/list?after=a",
            "/v2/other?after=a",
            "/v2/list/../../admin?after=a",
        ] {
            assert!(query_of_link(&page, link).is_err(), "{link}");
        }
        assert!(query_of_link(&page, &"a=".repeat(LINK_BYTES_MAX)).is_err());
    }
}
