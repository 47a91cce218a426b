//! DNS messages (RFC 1035), as much of them as a server that knows every answer needs.
//!
//! [`query`] is the checked view of what a stranger sent, [`reply`] writes what goes back, [`name`] knows names alone.
//! Nothing here allocates on a query's way.

pub mod name;
pub mod query;
pub mod reply;
pub mod response;

/// Length of the fixed header, in bytes (RFC 1035, 4.1.1).
pub const HEADER: usize = 12;
/// What we say we can take over UDP, in bytes (DNS flag day 2020).
pub const EDNS_SIZE: u16 = 1232;

/// Record and question types, the ones that we treat by name.
pub mod kind {
    /// IPv4 address.
    pub const A: u16 = 1;
    /// Start of authority.
    pub const SOA: u16 = 6;
    /// Pointer to a name.
    pub const PTR: u16 = 12;
    /// Host information; the minimal answer to ANY (RFC 8482, 4.2).
    pub const HINFO: u16 = 13;
    /// Text (RFC 1035, 3.3.14).
    pub const TXT: u16 = 16;
    /// IPv6 address.
    pub const AAAA: u16 = 28;
    /// Where a service is (RFC 2782).
    pub const SRV: u16 = 33;
    /// EDNS pseudo-record (RFC 6891).
    pub const OPT: u16 = 41;
    /// Every type at once.
    pub const ANY: u16 = 255;
}

/// Response codes (RFC 1035, 4.1.1; BADVERS: RFC 6891, 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Rcode {
    /// Done.
    NoError = 0,
    /// The message could not be read.
    FormErr = 1,
    /// The name is not there.
    NxDomain = 3,
    /// That operation is not done here.
    NotImp = 4,
    /// Not for you.
    Refused = 5,
    /// An EDNS version that we do not speak; its upper bits go into the OPT record.
    BadVers = 16,
}

/// The class of the Internet (RFC 1035, 3.2.4).
pub const CLASS_IN: u16 = 1;

/// Reads 16 bits in network order; `None` past the end.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

#[cfg(test)]
mod round_trip;
