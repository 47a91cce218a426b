//! The kernel's side: the only crate with `unsafe`. Verbs, no policy.

pub mod caps;
pub mod dm;
pub mod modules;
pub mod mount;
pub mod nl80211;
pub mod pidfd;
pub mod process;
pub mod reboot;
pub mod sendfile;
pub mod wlan;
