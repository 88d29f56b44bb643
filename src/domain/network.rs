//! Which network addresses an outbound call may reach: public ones, and those that the deployment allows.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses, such as `10.0.0.0/8`. An address alone is a block of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u32,
}

impl Cidr {
    /// Reads `address/prefix` or `address`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(most);
        (prefix <= most).then_some(Self { address, prefix })
    }

    /// Whether the address is in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

/// Whether outbound calls may reach the address: it is public, or in one of the allowed blocks. An IPv4 address inside of
/// an IPv6 one is judged as itself.
pub fn may_reach(address: IpAddr, allowed: &[Cidr]) -> bool {
    let address = match address {
        IpAddr::V6(six) => embedded(six).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    allowed.iter().any(|block| block.contains(address)) || is_public(address)
}

/// The IPv4 address that a translator or tunnel would make of an IPv6 one: mapped, NAT64, 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if let Some(four) = address.to_ipv4_mapped() {
        return Some(four);
    }
    let four = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(four(high, low)),
        [0x2002, high, low, ..] => Some(four(high, low)),
        _ => None,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        // unicast addresses of the world are all here; within them, what is for protocols, tunnels and documentation
        IpAddr::V6(address) => match address.segments() {
            [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
            [0x3fff, second, ..] => second >= 0x1000,
            [first, ..] => first & 0xe000 == 0x2000,
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation();
    let reserved = match address.octets() {
        // this network; shared by carriers; protocols; measuring; relays of 6to4; the future and broadcast
        [0, ..] | [192, 0, 0, _] | [198, 18 | 19, ..] | [192, 88, 99, _] | [240..=255, ..] => true,
        [100, second, ..] => second & 0xc0 == 64,
        _ => false,
    };
    !special && !reserved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_reached() {
        let public =
            ["1.1.1.1", "93.184.216.34", "100.128.0.1", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"];
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.5",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "100::1",
        ];
        let reached = |text: &&str| may_reach(text.parse().expect("an address"), &[]);
        assert!(public.iter().all(reached), "{:?}", public.iter().find(|text| !reached(text)));
        assert!(!private.iter().any(reached), "{:?}", private.iter().find(|text| reached(text)));
    }

    #[test]
    fn allowed_blocks_are_reached_although_private() {
        let allowed: Vec<Cidr> =
            ["10.1.0.0/16", "127.0.0.1", "fd00::/8"].iter().filter_map(|text| Cidr::parse(text)).collect();
        let table = [
            ("10.1.255.1", true),
            ("10.2.0.1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("fd00::5", true),
            ("fc00::5", false),
            ("::ffff:10.1.0.1", true),
        ];
        for (address, expected) in table {
            assert_eq!(may_reach(address.parse().expect("an address"), &allowed), expected, "{address}");
        }
        assert!(Cidr::parse("0.0.0.0/0").is_some_and(|all| all.contains(IpAddr::from([9, 9, 9, 9]))));
    }

    #[test]
    fn blocks_that_are_none_are_refused() {
        for odd in ["", "10.0.0.0/33", "10.0.0/8", "::1/129", "here", "10.0.0.0/"] {
            assert_eq!(Cidr::parse(odd), None, "{odd}");
        }
        assert_eq!(Cidr::parse("10.0.0.0/8").map(|block| block.to_string()).as_deref(), Some("10.0.0.0/8"));
    }
}
