//! URLs as hostile callers write them.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proptest::sample::select;
use seawall_egress::{FetchError, FetchPolicy, Ports, URL_BYTES_MAX, UrlFault};

use crate::double::{Names, failure, fetcher, policy};

/// The error for a URL, and the names that were looked up before it.
fn refusal(url: &str, deny_networks: &[&str]) -> (FetchError, Vec<String>) {
    let names = Names::of(&[]);
    let denied = deny_networks.iter().map(|network| network.parse());
    let policy = FetchPolicy {
        ports: Ports::Any,
        // Where a check fails, the test fails soon: most of these addresses swallow packets.
        connect_ms: 100,
        deny_networks: denied.collect::<Result<_, _>>().expect("networks"),
        ..FetchPolicy::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    let error = runtime.block_on(fetcher(&names, policy).fetch(url));
    (error.expect_err("refused"), names.asked())
}

fn assert_address_refused(url: &str) {
    let (error, asked) = refusal(url, &[]);
    assert!(
        matches!(error, FetchError::AddressRefused),
        "{url}: {error:?}"
    );
    assert_eq!(asked.len(), 0, "{url}");
}

#[test]
fn addresses_are_read_in_every_spelling_that_others_read() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f.1",
        "0x7F000001",
        "017700000001",
        "0177.0.0.1",
        "0177.0x0.0.0x1",
        "0000000177.0.0.01",
        "127.0.0.1.",
        "127.1.",
        "0",
        "0x",
        "0.0.0.0",
        "169.254.43518",
        "0xa9fea9fe",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "127\u{ff0e}0\u{ff61}0.1",
        "\u{2460}\u{2461}\u{2466}.0.0.1",
        "\u{1d7cf}0.0.0.1",
        "1\u{ad}27.0.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000:0000:0000:0000:0000:0000:0000:0001]",
        "[::]",
        "[::FFFF:7F00:1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "[FE80::1]",
        "[fd00:ec2::254]",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
    ] {
        for url in [
            format!("http://{host}/"),
            format!("HTTPS://{host}:8080?q"),
            format!("http://{host}#f"),
        ] {
            assert_address_refused(&url);
        }
    }
}

async fn assert_bad(rows: &[(&str, UrlFault)]) {
    for &(url, fault) in rows {
        match failure(url, policy()).await {
            FetchError::BadUrl(found) => assert_eq!(found, fault, "{url}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn urls_that_are_not_plain_are_refused_with_the_reason() {
    use UrlFault::{Form, Length, Scheme, UserInfo};
    let long = format!("http://a.test/{}", "a".repeat(URL_BYTES_MAX - 13));
    assert_eq!(long.len(), URL_BYTES_MAX + 1);
    assert_bad(&[(&long, Length)]).await;
    assert_bad(&[
        ("", Form),
        ("a.test/picture.png", Form),
        ("/picture.png", Form),
        ("//a.test/", Form),
        ("http:", Form),
        ("http:a.test", Form),
        ("http:/a.test", Form),
        (" http://a.test/", Form),
        ("http://a.test/ ", Form),
        ("http://a.test/a b", Form),
        ("ht\ttp://a.test/", Form),
        ("http://a.test/\r\nX: y", Form),
        ("http://a.te\u{0}st/", Form),
        ("http://a.test/\u{7f}", Form),
        ("http://a.test\\@b.test/", Form),
        ("http:\\\\a.test/", Form),
        ("http://a.test/\u{a0}", Form),
        ("ftp://a.test/", Scheme),
        ("file:///etc/hostname", Scheme),
        ("gopher://a.test/", Scheme),
        ("data:image/png;base64,AAAA", Scheme),
        ("javascript:alert(1)", Scheme),
        ("httpx://a.test/", Scheme),
        ("ws://a.test/", Scheme),
        ("http://user@a.test/", UserInfo),
        ("http://user:secret@a.test/", UserInfo),
        ("http://@a.test/", UserInfo),
        ("http://:@a.test/", UserInfo),
        ("http://a.test@127.0.0.1/", UserInfo),
        ("http://a.test:80@127.0.0.1/", UserInfo),
        ("http://127.0.0.1%2f@a.test/", UserInfo),
    ])
    .await;
}

#[tokio::test]
async fn hosts_that_are_none_are_refused() {
    use UrlFault::{Host, Port};
    let label = format!("http://{}.test/", "a".repeat(64));
    let name = format!("http://{}test/", "a.".repeat(126));
    assert_bad(&[(&label, Host), (&name, Host)]).await;
    assert_bad(&[
        ("http://", Host),
        ("http:///a.test/", Host),
        ("http://?a.test", Host),
        ("http://%31%32%37.0.0.1/", Host),
        ("http://127.0.0.1%00.a.test/", Host),
        ("http://[fe80::1%25eth0]/", Host),
        ("http://[fe80::1%eth0]/", Host),
        ("http://[::1/", Host),
        ("http://[::1]a/", Host),
        ("http://::1/", Host),
        ("http://127.0.0.256/", Host),
        ("http://127.0.0.0.1/", Host),
        ("http://4294967296/", Host),
        ("http://0x7g.1/", Host),
        ("http://08.0.0.1/", Host),
        ("http://127.0.0.1../", Host),
        ("http://a..test/", Host),
        ("http://.test/", Host),
        ("http://./", Host),
        ("http://a!b.test/", Host),
        ("http://a,b.test/", Host),
        ("http://*.test/", Host),
        ("http://a.test:65536/", Host),
        ("http://a.test:x/", Host),
        ("http://a.test:-1/", Host),
        ("http://a.test:0/", Port),
    ])
    .await;
}

/// Networks that no URL leads to, each with how many of its bits are fixed. Written down here
/// once more, from the registries, so that the table under test cannot vouch for itself.
const INSIDE_V4: [(&str, u32); 15] = [
    ("0.0.0.0", 8),
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("127.0.0.0", 8),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.0.0", 24),
    ("192.0.2.0", 24),
    ("192.88.99.0", 24),
    ("192.168.0.0", 16),
    ("198.18.0.0", 15),
    ("198.51.100.0", 24),
    ("203.0.113.0", 24),
    ("224.0.0.0", 4),
    ("240.0.0.0", 4),
];

const INSIDE_V6: [(&str, u32); 12] = [
    ("::", 96),
    ("64:ff9b:1::", 48),
    ("100::", 64),
    ("2001::", 32),
    ("2001:db8::", 32),
    ("2001:10::", 28),
    ("3fff::", 20),
    ("5f00::", 16),
    ("fc00::", 7),
    ("fe80::", 10),
    ("fec0::", 10),
    ("ff00::", 8),
];

fn inside_v4() -> impl Strategy<Value = Ipv4Addr> {
    (select(&INSIDE_V4[..]), any::<u32>()).prop_map(|((first, bits), host)| {
        let first: Ipv4Addr = first.parse().expect("an address");
        Ipv4Addr::from_bits(first.to_bits() | (host & (u32::MAX >> bits)))
    })
}

fn inside_v6() -> impl Strategy<Value = Ipv6Addr> {
    let block = (select(&INSIDE_V6[..]), any::<u128>()).prop_map(|((first, bits), host)| {
        let first: Ipv6Addr = first.parse().expect("an address");
        first.to_bits() | (host & (u128::MAX >> bits))
    });
    let wrapping = (inside_v4(), 0..4_u32, any::<u128>()).prop_map(|(inner, how, rest)| {
        let inner = u128::from(inner.to_bits());
        match how {
            0 => inner | 0xffff << 32,
            1 => inner,
            2 => inner | 0x0064_ff9b << 96,
            _ => 0x2002 << 112 | inner << 80 | (rest & (u128::MAX >> 48)),
        }
    });
    prop_oneof![block, wrapping].prop_map(Ipv6Addr::from_bits)
}

/// An IPv4 address in one to four parts, each decimal, octal or hexadecimal with any number
/// of leading zeros; digits and dots of other scripts; with or without a dot at the end.
fn spelling_v4(address: Ipv4Addr) -> impl Strategy<Value = String> {
    let bases = proptest::collection::vec((0..3_u32, 0..4_usize, any::<bool>()), 4);
    let dots = proptest::collection::vec(select(&['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'][..]), 3);
    let wide = any::<bool>();
    (1..=4_u32, bases, dots, wide, any::<bool>()).prop_map(
        move |(parts, bases, dots, wide, end)| {
            let bits = address.to_bits();
            let mut text = String::new();
            for part in 0..parts {
                let value = match part + 1 == parts {
                    true => u64::from(bits) & (u64::from(u32::MAX) >> (8 * part)),
                    false => u64::from(bits >> (24 - 8 * part)) & 0xff,
                };
                let (base, zeros, upper) = bases[part as usize];
                let zeros = "0".repeat(zeros);
                text += &match (base, upper) {
                    (0, _) => format!("{value}"),
                    (1, _) => format!("0{zeros}{value:o}"),
                    (_, false) => format!("0x{zeros}{value:x}"),
                    (_, true) => format!("0X{zeros}{value:X}"),
                };
                if part + 1 < parts {
                    text.push(dots[part as usize]);
                }
            }
            if wide {
                let widen = |c: char| match c {
                    '0'..='9' => char::from_u32(c as u32 + 0xfee0).expect("a wide digit"),
                    other => other,
                };
                text = text.chars().map(widen).collect();
            }
            if end {
                text.push('.');
            }
            text
        },
    )
}

/// An IPv6 address in full or short, its end dotted or not, in either case.
fn spelling_v6(address: Ipv6Addr) -> impl Strategy<Value = String> {
    (0..3_u32, any::<bool>()).prop_map(move |(form, upper)| {
        let groups = address.segments();
        let join = |groups: &[u16], width: usize| {
            let groups = groups.iter().map(|group| format!("{group:0width$x}"));
            groups.collect::<Vec<_>>().join(":")
        };
        let dotted = Ipv4Addr::from_bits((address.to_bits() & u128::from(u32::MAX)) as u32);
        let text = match form {
            0 => address.to_string(),
            1 => join(&groups, 4),
            _ => format!("{}:{dotted}", join(&groups[..6], 1)),
        };
        match upper {
            true => text.to_uppercase(),
            false => text,
        }
    })
}

/// So that no test dials a public address that chance brought up.
const EVERYTHING: [&str; 4] = ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"];

proptest! {
    #[test]
    fn no_spelling_of_an_inner_ipv4_address_is_fetched_from(
        host in inside_v4().prop_flat_map(spelling_v4),
    ) {
        assert_address_refused(&format!("http://{host}/"));
    }

    #[test]
    fn no_spelling_of_an_inner_ipv6_address_is_fetched_from(
        host in inside_v6().prop_flat_map(spelling_v6),
    ) {
        assert_address_refused(&format!("http://[{host}]/"));
    }

    /// Whatever a text is, it is refused or leads to a name that is looked up; nothing else is
    /// tried, and nothing panics.
    #[test]
    fn any_text_is_refused_or_a_name_is_looked_up(
        text in prop_oneof![
            any::<String>(),
            "https?://[a-z0-9.@:%\\[\\]/?#\\\\-]{0,40}",
            "https?://[0-9a-fxA-FX.]{1,30}/?",
        ],
    ) {
        let (error, asked) = refusal(&text, &EVERYTHING);
        match error {
            FetchError::BadUrl(_) => prop_assert_eq!(asked.len(), 0),
            FetchError::AddressRefused => prop_assert_eq!(asked.len(), 0),
            FetchError::Failed(_) => prop_assert_eq!(asked.len(), 1),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
