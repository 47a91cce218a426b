//! Bytes to meaning and back: DHCP, DNS, hostapd control. Pure.
#![forbid(unsafe_code)]
