//! The lease range: an IPv4 network in CIDR notation.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The address that stands for every captured name; visitors must not be able to own it.
pub const CAPTURE_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// A private network, /16 to /29, with no host bits set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    network: u32,
    prefix: u8,
}

impl Default for Range {
    fn default() -> Self {
        Self { network: u32::from(Ipv4Addr::new(10, 42, 0, 0)), prefix: 24 }
    }
}

impl Range {
    /// Prefix length in bits.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// The network's address.
    pub fn network(self) -> Ipv4Addr {
        self.network.into()
    }

    /// The box's own address: the first.
    pub fn own(self) -> Ipv4Addr {
        (self.network + 1).into()
    }

    /// The address that reaches all.
    pub fn broadcast(self) -> Ipv4Addr {
        (self.network | !self.bits()).into()
    }

    /// The mask as an address.
    pub fn mask(self) -> Ipv4Addr {
        self.bits().into()
    }

    /// Whether an address is in the range.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.bits() == self.network
    }

    fn bits(self) -> u32 {
        u32::MAX << (32 - u32::from(self.prefix))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network(), self.prefix)
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("\"{text}\" is not a range; write it like 10.42.0.0/24");
        let (address, prefix) = text.split_once('/').ok_or_else(form)?;
        let address: Ipv4Addr = address.parse().map_err(|_| form())?;
        let prefix: u8 = prefix.parse().map_err(|_| form())?;
        if !(16..=29).contains(&prefix) {
            return Err(format!("/{prefix} is too large or too small; use /16 (65,000 phones) to /29 (5 phones)"));
        }
        if !address.is_private() {
            return Err(format!("{address} is not private; use 10.x.x.x, 172.16-31.x.x or 192.168.x.x"));
        }
        let range = Self { network: u32::from(address), prefix };
        if range.network & !range.bits() != 0 {
            return Err(format!("a /{prefix} starts at {}", Ipv4Addr::from(range.network & range.bits())));
        }
        Ok(range)
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_contract() {
        let range: Range = "10.42.0.0/24".parse().unwrap();
        assert_eq!(range, Range::default());
        assert_eq!(
            (range.own(), range.broadcast(), range.mask()),
            ([10, 42, 0, 1].into(), [10, 42, 0, 255].into(), [255, 255, 255, 0].into())
        );
        assert!(range.contains([10, 42, 0, 77].into()) && !range.contains([10, 42, 1, 0].into()));
    }

    #[test]
    fn only_whole_private_networks_of_a_sane_size() {
        for good in ["192.168.0.0/16", "172.31.255.248/29", "10.0.0.0/20"] {
            assert_eq!(good.parse::<Range>().unwrap().to_string(), good);
        }
        for bad in [
            "198.51.100.0/24",
            "8.8.8.0/24",
            "10.42.0.1/24",
            "10.0.0.0/8",
            "10.42.0.0/30",
            "10.42.0.0",
            "10.42.0/24",
            "x/24",
            "",
            "10.42.0.0/-1",
        ] {
            assert!(bad.parse::<Range>().is_err(), "{bad}");
        }
    }

    /// 198.51.100.0/24 is TEST-NET-2 (RFC 5737), which no private range holds.
    #[test]
    fn no_range_can_hold_the_capture_address() {
        assert!(!CAPTURE_ADDRESS.is_private());
    }
}
