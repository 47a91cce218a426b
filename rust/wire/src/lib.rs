//! Bytes to meaning and back: DHCP, DNS, hostapd control. Pure.
#![forbid(unsafe_code)]

pub mod dhcp;
pub mod dns;
pub mod frame;
pub mod hostapd;
pub mod nl80211;
pub mod sntp;
