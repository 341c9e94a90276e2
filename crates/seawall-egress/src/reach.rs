//! Which addresses a request may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a request may reach, and over what.
///
/// Checked against every address a name resolves to and against literal addresses alike;
/// one address outside refuses the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Globally routable addresses over `https`: for URLs that came from outside.
    Public,
    /// `127.0.0.0/8` and `::1`, over `http` or `https`: for stand-ins.
    Loopback,
    /// Any address, over `http` or `https`: for URLs that the operator configured.
    Operator,
}

impl Reach {
    /// Whether plain `http` may be used.
    #[must_use]
    pub fn admits_http(self) -> bool {
        match self {
            Self::Public => false,
            Self::Loopback | Self::Operator => true,
        }
    }

    /// Whether this address may be reached.
    #[must_use]
    pub fn admits(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Public => is_globally_routable(address),
            Self::Loopback => address.is_loopback(),
            Self::Operator => true,
        }
    }
}

/// Where packets for `address` end: the IPv4 address that it wraps (mapped, NAT64, 6to4), or itself.
pub(crate) fn innermost(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(outer) if covers_v6(NAT64, 96, outer) => wrapped_v4(outer, 96).into(),
        IpAddr::V6(outer) if covers_v6(SIX_TO_FOUR, 16, outer) => wrapped_v4(outer, 16).into(),
        plain => plain,
    }
}

/// Addresses that wrap an IPv4 address are judged by what they wrap.
fn is_globally_routable(address: IpAddr) -> bool {
    match innermost(address) {
        IpAddr::V4(address) => !is_special_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

/// The IANA special-purpose registry for IPv4, with every block that is not plainly
/// "globally reachable" kept out.
fn is_special_v4(address: Ipv4Addr) -> bool {
    SPECIAL_V4
        .iter()
        .any(|&(prefix, length)| covers_v4(prefix, length, address))
}

/// IPv6 is an allow list: `2000::/3` is all that is routed, less the special blocks in it.
fn is_global_v6(address: Ipv6Addr) -> bool {
    covers_v6(GLOBAL_UNICAST, 3, address)
        && !SPECIAL_V6
            .iter()
            .any(|&(prefix, length)| covers_v6(prefix, length, address))
}

/// The IPv4 address that begins after the first `bits` bits.
fn wrapped_v4(address: Ipv6Addr, bits: u32) -> Ipv4Addr {
    let shifted = address.to_bits() >> (96 - bits);
    Ipv4Addr::from_bits((shifted & u128::from(u32::MAX)) as u32)
}

fn covers_v4(prefix: Ipv4Addr, length: u32, address: Ipv4Addr) -> bool {
    (prefix.to_bits() ^ address.to_bits()) >> (32 - length) == 0
}

fn covers_v6(prefix: Ipv6Addr, length: u32, address: Ipv6Addr) -> bool {
    (prefix.to_bits() ^ address.to_bits()) >> (128 - length) == 0
}

/// Source: IANA IPv4 Special-Purpose Address Registry; RFC 5771 (multicast).
const SPECIAL_V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),          // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),         // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),      // shared, carrier-grade NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),        // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32),   // in no registry: Azure's host, seen from inside
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local, cloud metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),      // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),       // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),       // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),     // 6to4 relays, withdrawn
    (Ipv4Addr::new(192, 168, 0, 0), 16),     // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),      // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),    // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),     // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),        // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),        // reserved
    (Ipv4Addr::new(255, 255, 255, 255), 32), // broadcast
];

const GLOBAL_UNICAST: Ipv6Addr = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0);
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);
const SIX_TO_FOUR: Ipv6Addr = Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0);

/// Source: IANA IPv6 Special-Purpose Address Registry, the blocks within `2000::/3`.
const SPECIAL_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// First and last address of every block that a URL from outside must not reach.
    const REFUSED: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:c0a8:101::",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fdff::1",
        "fd00:ec2::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ];

    /// Public addresses, among them the neighbours of refused blocks.
    const ADMITTED: &[&str] = &[
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2001:200::1",
        "2002:101:101::1",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "3ffe::1",
    ];

    #[test]
    fn public_reach_stops_at_every_special_block() {
        for text in REFUSED {
            assert!(
                !Reach::Public.admits(text.parse().expect("an address")),
                "{text}"
            );
        }
        for text in ADMITTED {
            assert!(
                Reach::Public.admits(text.parse().expect("an address")),
                "{text}"
            );
        }
    }

    #[test]
    fn loopback_reach_is_loopback_alone() {
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(
                Reach::Loopback.admits(text.parse().expect("an address")),
                "{text}"
            );
        }
        for text in [
            "0.0.0.0",
            "::",
            "10.0.0.1",
            "1.1.1.1",
            "fe80::1",
            "64:ff9b::127.0.0.1",
        ] {
            assert!(
                !Reach::Loopback.admits(text.parse().expect("an address")),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn wrapping_an_address_never_makes_it_reachable(bits: u32) {
            let inner = Ipv4Addr::from_bits(bits);
            let wrapped = u128::from(bits);
            for outer in [
                wrapped | 0xffff << 32,
                NAT64.to_bits() | wrapped,
                SIX_TO_FOUR.to_bits() | wrapped << 80,
            ] {
                prop_assert_eq!(
                    Reach::Public.admits(Ipv6Addr::from_bits(outer).into()),
                    Reach::Public.admits(inner.into())
                );
            }
        }
    }
}
