//! The kernel's side: the only crate with `unsafe`. Verbs, no policy.

pub mod block;
pub mod caps;
pub mod dm;
pub mod fdpass;
pub mod in_place;
pub mod modules;
pub mod mount;
pub mod nl80211;
pub mod packet;
pub mod pidfd;
pub mod process;
pub mod reboot;
pub mod rtnl;
pub mod sendfile;
pub mod sockets;
pub mod uevent;
pub mod watchdog;
pub mod wlan;
