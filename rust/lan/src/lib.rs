//! What the LAN side decides: leases, DNS answers, the captive gate as nft text. Pure.
#![forbid(unsafe_code)]

pub mod dns;
pub mod gate;
pub mod leases;
pub mod mdns;
pub mod prints;
pub mod uplink;
