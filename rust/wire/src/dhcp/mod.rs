//! DHCP messages (RFC 2131, options RFC 2132), the server's half: a [`Request`] read, a [`Reply`] written.
//!
//! The fixed part and the options' walk are smoltcp's. What its `Repr` cannot hold is done here: client identifiers of any
//! type, options that continue in `file` and `sname` (52) or in several pieces (RFC 3396), T1 and T2, and padding.

mod options;
mod reply;
mod request;

pub use reply::{MIN_REPLY, Network, Reply, Times};
pub use request::{Error, Kind, Request};
pub use smoltcp::wire::DhcpMessageType;

/// A hardware address.
pub type Mac = [u8; 6];

/// Option numbers (RFC 2132 unless said).
pub mod code {
    /// Subnet mask.
    pub const MASK: u8 = 1;
    /// Routers.
    pub const ROUTER: u8 = 3;
    /// Name servers.
    pub const DNS: u8 = 6;
    /// Host name.
    pub const HOST: u8 = 12;
    /// Largest packet of the interface.
    pub const MTU: u8 = 26;
    /// Broadcast address.
    pub const BROADCAST: u8 = 28;
    /// Address that the client wants.
    pub const REQUESTED: u8 = 50;
    /// Lease time in seconds.
    pub const LEASE: u8 = 51;
    /// More options in `file`, `sname` or both.
    pub const OVERLOAD: u8 = 52;
    /// Kind of message.
    pub const KIND: u8 = 53;
    /// Which server.
    pub const SERVER: u8 = 54;
    /// Options that the client asks for.
    pub const PARAMETERS: u8 = 55;
    /// T1, seconds until renewal.
    pub const RENEW: u8 = 58;
    /// T2, seconds until rebinding.
    pub const REBIND: u8 = 59;
    /// What the client's maker calls it.
    pub const VENDOR: u8 = 60;
    /// Client identifier.
    pub const CLIENT_ID: u8 = 61;
}

/// Offsets in the fixed part (RFC 2131, 2).
mod field {
    /// Host name of a boot server, or options by 52.
    pub const SNAME: std::ops::Range<usize> = 44..108;
    /// Boot file name, or options by 52.
    pub const FILE: std::ops::Range<usize> = 108..236;
    /// The fixed part and the magic cookie.
    pub const OPTIONS: usize = 240;
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
