//! The kernel's side: the only crate with `unsafe`. Verbs, no policy.

pub mod dm;
pub mod modules;
pub mod mount;
pub mod nl80211;
pub mod reboot;
