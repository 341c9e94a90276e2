//! A URL that may be fetched: read strictly, once, for each hop.

use http::HeaderMap;
use http::header::LOCATION;
use url::{Host, Url};

use super::{FetchFailure, Ports};
use crate::UrlFault;
use crate::target::Target;

/// The longest URL that is read, in bytes.
pub const URL_BYTES_MAX: usize = 8_192;

/// A URL and where it leads.
pub(super) struct Place {
    pub(super) url: Url,
    pub(super) target: Target,
}

impl Place {
    /// Reads a URL that somebody gave. What other readers of URLs quietly mend (white space,
    /// backslashes, missing or extra slashes, escapes in the host) is refused: programs that
    /// mend differently are how a check is led past.
    pub(super) fn read(text: &str, ports: &Ports) -> Result<Self, UrlFault> {
        if text.len() > URL_BYTES_MAX {
            return Err(UrlFault::Length);
        }
        check_authority(text)?;
        let url = Url::parse(text).map_err(|_| UrlFault::Host)?;
        let target = Target::new(&url, true)?;
        if let Host::Domain(name) = &target.host {
            check_name(name)?;
        }
        match ports.admit(target.port) {
            true => Ok(Self { url, target }),
            false => Err(UrlFault::Port),
        }
    }

    /// Where an answer from here redirects to. Relative addresses are joined first; the result
    /// is then read like any other URL.
    pub(super) fn redirected(
        &self,
        headers: &HeaderMap,
        ports: &Ports,
    ) -> Result<Self, FetchFailure> {
        let mut locations = headers.get_all(LOCATION).iter();
        let (Some(location), None) = (locations.next(), locations.next()) else {
            return Err(FetchFailure::Redirect(None));
        };
        let text = std::str::from_utf8(location.as_bytes()).ok();
        let text = text.filter(|text| text.len() <= URL_BYTES_MAX);
        let joined = text.and_then(|text| self.url.join(text).ok());
        let joined = joined.ok_or(FetchFailure::Redirect(None))?;
        let next = Self::read(joined.as_str(), ports);
        let next = next.map_err(|fault| FetchFailure::Redirect(Some(fault)))?;
        // The caller asked for a host that proves its name: whoever sits on the line must not
        // get to choose the picture.
        match self.target.tls_name.is_some() && next.target.tls_name.is_none() {
            true => Err(FetchFailure::Downgrade),
            false => Ok(next),
        }
    }
}

/// Holds the text itself against the form that is asked for, before anything is mended.
fn check_authority(text: &str) -> Result<(), UrlFault> {
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if text.contains(is_odd) {
        return Err(UrlFault::Form);
    }
    let (scheme, rest) = text.split_once(':').ok_or(UrlFault::Form)?;
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Err(UrlFault::Scheme);
    }
    let rest = rest.strip_prefix("//").ok_or(UrlFault::Form)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlFault::UserInfo);
    }
    match authority.is_empty() || authority.contains('%') {
        true => Err(UrlFault::Host),
        false => Ok(()),
    }
}

/// Letters, digits, hyphens and the underscore that storage buckets have, in labels of 63
/// bytes; with a dot at the end or without.
fn check_name(name: &str) -> Result<(), UrlFault> {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| matches!(label.len(), 1..=63) && label.bytes().all(is_usual);
    let name = name.strip_suffix('.').unwrap_or(name);
    match name.len() <= 253 && name.split('.').all(is_label) {
        true => Ok(()),
        false => Err(UrlFault::Host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn ports() -> Ports {
        Ports::Only(vec![80, 443, 8080])
    }

    fn locations() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            "(https?:|HTTP:|file:|ws:)?[/\\\\]{0,3}[a-z0-9.@:%\\[\\]/?#\\\\ -]{0,40}"
                .prop_map(String::into_bytes),
        ]
    }

    proptest! {
        /// Whatever a server answers, the next hop is one that a caller could have given.
        #[test]
        fn a_redirect_leads_only_where_a_caller_may_lead(
            base in select_base(), location in locations(),
        ) {
            let from = Place::read(base, &ports()).expect("a place");
            let Ok(value) = HeaderValue::from_bytes(&location) else {
                return Ok(());
            };
            let headers = HeaderMap::from_iter([(LOCATION, value)]);
            let Ok(next) = from.redirected(&headers, &ports()) else {
                return Ok(());
            };
            prop_assert!(["http", "https"].contains(&next.url.scheme()));
            prop_assert!(next.url.username().is_empty() && next.url.password().is_none());
            prop_assert!(ports().admit(next.target.port));
            prop_assert!(from.url.scheme() == "http" || next.url.scheme() == "https");
            let again = Place::read(next.url.as_str(), &ports()).expect("a place");
            prop_assert_eq!(again.url, next.url);
        }
    }

    fn select_base() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(
            &[
                "http://a.test:8080/x/y?z",
                "https://a.test",
                "http://10.0.0.1/",
            ][..],
        )
    }
}
