//! Blocks of addresses, as an operator writes them.

use std::net::IpAddr;
use std::str::FromStr;

use crate::reach::innermost;

/// A block of addresses, such as `10.1.0.0/16` or `fd00:1::/64`; an address alone is a block of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// Whether `address` lies in this block. An IPv4 address written as an IPv6 one
    /// (`::ffff:10.1.0.1`) is that IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differing = first.to_bits() ^ address.to_bits();
                differing.checked_shr(32 - self.prefix_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differing = first.to_bits() ^ address.to_bits();
                differing.checked_shr(128 - self.prefix_bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether packets for `address` end in this block, also where the address wraps one of
    /// it (NAT64, 6to4).
    pub(crate) fn is_behind(&self, address: IpAddr) -> bool {
        self.contains(address) || self.contains(innermost(address))
    }
}

impl FromStr for Network {
    type Err = NetworkFault;

    fn from_str(text: &str) -> Result<Self, NetworkFault> {
        let (first, prefix) = match text.split_once('/') {
            Some((first, prefix)) => (first, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = first.parse().map_err(|_| NetworkFault::Form)?;
        if first.to_canonical() != first {
            return Err(NetworkFault::Wrapped);
        }
        let bits = if first.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix.map_or(Ok(bits), read_prefix)?;
        if prefix_bits > bits {
            return Err(NetworkFault::Form);
        }
        let network = Self { first, prefix_bits };
        match prefix_bits == 0 || network.has_bits_behind_the_prefix() {
            true => Err(NetworkFault::Prefix),
            false => Ok(network),
        }
    }
}

impl Network {
    fn has_bits_behind_the_prefix(&self) -> bool {
        match self.first {
            IpAddr::V4(first) => first.to_bits().checked_shl(self.prefix_bits).unwrap_or(0) != 0,
            IpAddr::V6(first) => first.to_bits().checked_shl(self.prefix_bits).unwrap_or(0) != 0,
        }
    }
}

/// Digits alone: `u32` would also read a sign.
fn read_prefix(text: &str) -> Result<u32, NetworkFault> {
    match text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().map_err(|_| NetworkFault::Form),
        false => Err(NetworkFault::Form),
    }
}

/// Why a text is no block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkFault {
    /// Not of the form `10.1.0.0/16`.
    #[error("write a block of addresses as 10.1.0.0/16 or fd00:1::/64")]
    Form,
    /// The address goes on where its network's part has ended, or everything is meant.
    #[error("the address has to end with its prefix, as in 10.1.0.0/16, and /0 names no network")]
    Prefix,
    /// An IPv4 address written as an IPv6 one.
    #[error("write an IPv4 network as one: 10.1.0.0/16")]
    Wrapped,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn network(text: &str) -> Network {
        text.parse().expect("a network")
    }

    fn contains(text: &str, address: &str) -> bool {
        network(text).contains(address.parse().expect("an address"))
    }

    #[test]
    fn a_block_begins_and_ends_where_its_prefix_says() {
        for (block, address, inside) in [
            ("10.1.0.0/16", "10.1.0.0", true),
            ("10.1.0.0/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.0.255.255", false),
            ("10.1.0.0/16", "10.2.0.0", false),
            ("10.1.0.0/16", "::ffff:10.1.2.3", true),
            ("10.1.0.0/16", "64:ff9b::10.1.2.3", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.8", false),
            ("128.0.0.0/1", "127.255.255.255", false),
            ("fd00:1::/32", "fd00:1:ffff::1", true),
            ("fd00:1::/32", "fd00:2::", false),
            ("::1", "::1", true),
            ("::1/128", "::2", false),
            ("::1/128", "127.0.0.1", false),
        ] {
            assert_eq!(contains(block, address), inside, "{block} {address}");
        }
    }

    #[test]
    fn what_wraps_an_address_of_the_block_is_behind_it() {
        let block = network("192.0.2.0/24");
        for (address, behind) in [
            ("192.0.2.9", true),
            ("::ffff:192.0.2.9", true),
            ("64:ff9b::192.0.2.9", true),
            ("2002:c000:209::", true),
            ("64:ff9b::192.0.3.9", false),
            ("2002:c000:309::", false),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(block.is_behind(address), behind, "{address}");
        }
    }

    #[test]
    fn what_is_no_block_is_refused_with_the_reason() {
        for (text, fault) in [
            ("", NetworkFault::Form),
            ("10.1", NetworkFault::Form),
            ("10.1.0.0/", NetworkFault::Form),
            ("10.1.0.0/33", NetworkFault::Form),
            ("10.1.0.0/+8", NetworkFault::Form),
            ("10.1.0.0/-1", NetworkFault::Form),
            ("010.1.0.0/16", NetworkFault::Form),
            ("localhost", NetworkFault::Form),
            ("fe80::1%eth0", NetworkFault::Form),
            ("fd00::/129", NetworkFault::Form),
            ("10.1.2.3/16", NetworkFault::Prefix),
            ("fd00::1/64", NetworkFault::Prefix),
            ("0.0.0.0/0", NetworkFault::Prefix),
            ("::/0", NetworkFault::Prefix),
            ("::ffff:10.0.0.0/104", NetworkFault::Wrapped),
        ] {
            assert_eq!(text.parse::<Network>(), Err(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_block_holds_what_shares_its_first_bits(base: u32, other: u32, prefix in 1_u32..=32) {
            let first = base & (u32::MAX << (32 - prefix));
            let block = network(&format!("{}/{prefix}", Ipv4Addr::from_bits(first)));
            let shares = (0..prefix).all(|bit| (base ^ other) & (1 << (31 - bit)) == 0);
            prop_assert_eq!(block.contains(Ipv4Addr::from_bits(other).into()), shares);
            prop_assert!(block.contains(Ipv4Addr::from_bits(base).into()));
        }

        #[test]
        fn an_ipv6_block_holds_what_shares_its_first_bits(base: u128, bit in 0_u32..128, prefix in 1_u32..=128) {
            let first = base & (u128::MAX << (128 - prefix));
            let text = format!("{}/{prefix}", Ipv6Addr::from_bits(first));
            // A block that begins with a wrapped IPv4 address is refused.
            prop_assume!(text.parse::<Network>() != Err(NetworkFault::Wrapped));
            let flipped = base ^ (1 << (127 - bit));
            let inside = network(&text).contains(Ipv6Addr::from_bits(flipped).into());
            prop_assert_eq!(inside, bit >= prefix);
        }
    }
}
