//! The normal form of an address.

use std::fmt;

use url::{Host, Position, Url};

/// The longest address that is read, in bytes.
pub const URL_BYTES_MAX: usize = 8_192;

/// An address in its normal form.
///
/// Equal are addresses that RFC 3986 (section 6) calls equivalent, and no others: the case of
/// scheme, host and escapes, a default or empty port, an empty path, dot segments, escapes of
/// characters that need none, the host's IDNA form and the dot at its end. The fragment is
/// left out, since no server sees it. Scheme, case of the path and order of the query count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NormalUrl(String);

/// Why a text is no address that can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlFault {
    /// Not a URL, or one with characters that readers of URLs disagree on: control characters
    /// and backslashes.
    #[error("it is no URL, such as http://example.org/path")]
    Form,
    /// Another scheme.
    #[error("its scheme is none of http, https and ftp")]
    Scheme,
    /// Longer than [`URL_BYTES_MAX`].
    #[error("it is longer than 8192 bytes")]
    Length,
}

impl NormalUrl {
    /// Reads an address; blanks around it do not count.
    ///
    /// # Errors
    /// [`UrlFault`].
    pub fn read(text: &str) -> Result<Self, UrlFault> {
        let text = text.trim();
        if text.len() > URL_BYTES_MAX {
            return Err(UrlFault::Length);
        }
        if text.contains(|c: char| c.is_control() || c == '\\') {
            return Err(UrlFault::Form);
        }
        let mut url = Url::parse(text).map_err(|_| UrlFault::Form)?;
        if !SCHEMES.contains(&url.scheme()) {
            return Err(UrlFault::Scheme);
        }
        url.set_fragment(None);
        drop_last_dot(&mut url)?;
        Ok(Self(normal_escapes(&url)))
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address that is looked up or listed is nothing for a log.
impl fmt::Debug for NormalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NormalUrl({} bytes)", self.0.len())
    }
}

/// `example.org.` is `example.org` without the search for other names. Labels may not be empty.
fn drop_last_dot(url: &mut Url) -> Result<(), UrlFault> {
    let Some(Host::Domain(name)) = url.host() else {
        return Ok(());
    };
    let bare = name.strip_suffix('.').unwrap_or(name);
    if bare.split('.').any(str::is_empty) {
        return Err(UrlFault::Form);
    }
    if bare == name {
        return Ok(());
    }
    let bare = bare.to_owned();
    url.set_host(Some(&bare)).map_err(|_| UrlFault::Form)
}

/// Writes every escape in the one way that is left: none where none is needed, in capital
/// digits elsewhere. What should have been escaped is.
fn normal_escapes(url: &Url) -> String {
    let mut normal = url[..Position::BeforeUsername].to_owned();
    // A host has no escapes any more; user name and password may.
    push_escaped(
        &mut normal,
        &url[Position::BeforeUsername..Position::BeforeHost],
        b":@",
    );
    normal += &url[Position::BeforeHost..Position::BeforePath];
    push_escaped(&mut normal, &url[Position::BeforePath..], b":@/?");
    normal
}

fn push_escaped(normal: &mut String, text: &str, delimiters: &[u8]) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| escaped_byte(bytes, at)).flatten();
        let is_plain = match escaped {
            Some(value) => is_unreserved(value),
            None => {
                is_unreserved(byte) || SUB_DELIMITERS.contains(&byte) || delimiters.contains(&byte)
            }
        };
        let value = escaped.unwrap_or(byte);
        match is_plain {
            true => normal.push(char::from(value)),
            false => *normal += &format!("%{value:02X}"),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
}

/// The byte that the escape at `at` stands for.
fn escaped_byte(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()
}

/// Source: RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Source: RFC 3986, section 2.2.
const SUB_DELIMITERS: &[u8] = b"!$&'()*+,;=";

/// The schemes of addresses that lists hold and whose default ports are known.
const SCHEMES: [&str; 3] = ["http", "https", "ftp"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(text: &str) -> String {
        let url = NormalUrl::read(text).expect("a URL");
        url.as_str().to_owned()
    }

    /// The pairs of SW-A39.
    #[test]
    fn a39_pairs_that_are_one_address_and_pairs_that_are_two() {
        for (a, b) in [
            ("http://Example.ORG", "http://example.org/"),
            ("HTTP://example.org:80/a", "http://example.org/a"),
            ("http://example.org/%7Eu", "http://example.org/~u"),
            ("http://example.org/a/../b", "http://example.org/b"),
            ("http://example.org/#x", "http://example.org/"),
            ("http://example.org./", "http://example.org/"),
            (
                "http://b\u{fc}cher.example/",
                "http://xn--bcher-kva.example/",
            ),
        ] {
            assert_eq!(normal(a), normal(b), "{a} {b}");
        }
        for (a, b) in [
            ("http://example.org/Abc", "http://example.org/abc"),
            (
                "http://example.org/a?x=1&y=2",
                "http://example.org/a?y=2&x=1",
            ),
        ] {
            assert_ne!(normal(a), normal(b), "{a} {b}");
        }
    }

    #[test]
    fn the_normal_form_is_what_rfc_3986_says() {
        for (text, expected) in [
            // The example of section 6.2.2.
            ("HTTP://a/./b/../b/%63/%7bfoo%7d", "http://a/b/c/%7Bfoo%7D"),
            ("  https://a.example:443\r\n", "https://a.example/"),
            ("https://a.example:/", "https://a.example/"),
            ("https://a.example:80/", "https://a.example:80/"),
            ("ftp://a.example:21/x", "ftp://a.example/x"),
            ("http://a.example/../../x", "http://a.example/x"),
            ("http://a.example/x/.", "http://a.example/x/"),
            ("http://a.example/%2e%2E/x", "http://a.example/x"),
            ("http://a.example/x//y", "http://a.example/x//y"),
            ("http://a.example/x/", "http://a.example/x/"),
            ("http://a.example/?", "http://a.example/?"),
            ("http://a.example?q#f", "http://a.example/?q"),
            ("http://a.example/?q=%7e%2f/?", "http://a.example/?q=~%2F/?"),
            ("http://a.example/%2Fx", "http://a.example/%2Fx"),
            ("http://a.example/%252e", "http://a.example/%252e"),
            ("http://a.example/100%", "http://a.example/100%25"),
            ("http://a.example/%%410", "http://a.example/%25A0"),
            ("http://a.example/a b|c", "http://a.example/a%20b%7Cc"),
            ("http://a.example/?a[]=1", "http://a.example/?a%5B%5D=1"),
            ("http://a.example/\u{fc}", "http://a.example/%C3%BC"),
            ("http://a.example/%c3%bc", "http://a.example/%C3%BC"),
            ("http://ex%41mple.org/", "http://example.org/"),
            ("http://u%73er@a.example/", "http://user@a.example/"),
            ("http://fa\u{df}.example/", "http://xn--fa-hia.example/"),
            ("http://[2001:DB8:0::1]:80/", "http://[2001:db8::1]/"),
        ] {
            assert_eq!(normal(text), expected, "{text}");
        }
    }

    #[test]
    fn what_differs_stays_apart() {
        for (a, b) in [
            ("http://a.example/", "https://a.example/"),
            ("http://a.example/", "http://www.a.example/"),
            ("http://a.example/", "http://a.example/?"),
            ("http://a.example/x", "http://a.example/x/"),
            ("http://a.example/x/y", "http://a.example/x//y"),
            ("http://a.example/x/y", "http://a.example/x%2Fy"),
            ("http://a.example/?a=b", "http://a.example/?a%3Db"),
            ("http://a.example/a+b", "http://a.example/a%20b"),
            ("http://a.example/", "http://a.example:8080/"),
            ("http://a.example/", "http://u@a.example/"),
            ("http://fa\u{df}.example/", "http://fass.example/"),
        ] {
            assert_ne!(normal(a), normal(b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_so() {
        let long = format!("http://a.example/{}", "a".repeat(URL_BYTES_MAX));
        for (text, fault) in [
            ("", UrlFault::Form),
            ("a.example/x", UrlFault::Form),
            ("http://", UrlFault::Form),
            ("http://./", UrlFault::Form),
            ("http://.../", UrlFault::Form),
            ("http://a..example/", UrlFault::Form),
            ("http://a.example../", UrlFault::Form),
            ("http://127.0.0.256/", UrlFault::Form),
            ("http://a.example/\tx", UrlFault::Form),
            ("http://a.example\\x", UrlFault::Form),
            ("javascript:alert(1)", UrlFault::Scheme),
            ("mailto:a@a.example", UrlFault::Scheme),
            (&long, UrlFault::Length),
        ] {
            assert_eq!(NormalUrl::read(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn an_address_does_not_appear_in_debug_output() {
        let url = NormalUrl::read("http://secret.example/secret").expect("a URL");
        assert!(!format!("{url:?}").contains("secret"));
    }

    fn address() -> impl Strategy<Value = String> {
        let host = "https?://[a-zA-Z0-9.-]{1,12}";
        let known = "HTTPS?://a\\.example(:[0-9]{0,4})?/";
        let rest = "[a-zA-Z0-9:@./?%~ |+&=\\[\\]\u{fc}-]{0,40}(#.*)?";
        let joined = |start| (start, rest).prop_map(|(start, rest)| format!("{start}{rest}"));
        prop_oneof![joined(host), joined(known), any::<String>()]
    }

    proptest! {
        #[test]
        fn the_normal_form_of_a_normal_form_is_itself(text in address()) {
            if let Ok(url) = NormalUrl::read(&text) {
                let again = NormalUrl::read(url.as_str());
                prop_assert_eq!(again.as_ref().map(NormalUrl::as_str), Ok(url.as_str()));
                prop_assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }

        /// Escaping a character that needs none changes nothing, wherever it stands.
        #[test]
        fn needless_escapes_change_nothing(
            path in "[a-zA-Z0-9._~/-]{0,20}", query in "[a-zA-Z0-9._~=&-]{0,20}", chosen: u64,
            lower: bool,
        ) {
            let plain = format!("/{path}?{query}");
            let mut escaped = String::new();
            for (at, byte) in plain.bytes().enumerate() {
                let is_chosen = chosen >> (at % 64) & 1 == 1;
                escaped += &match (is_unreserved(byte) && is_chosen, lower) {
                    (true, true) => format!("%{byte:02x}"),
                    (true, false) => format!("%{byte:02X}"),
                    (false, _) => char::from(byte).to_string(),
                };
            }
            prop_assert_eq!(
                normal(&format!("http://a.example{escaped}")),
                normal(&format!("HTTP://A.Example.:80{plain}#f"))
            );
        }
    }
}
