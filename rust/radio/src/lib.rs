//! Which radio, channel and country; recovery; LED codes. Pure: the clock and the kernel's answers are passed in.
//!
//! [`machine`] is the life of the access point; the other modules answer one question each.
#![forbid(unsafe_code)]

pub mod channel;
pub mod hostapd_conf;
pub mod led;
pub mod limit;
pub mod machine;
pub mod pick;
mod radio;
pub mod recovery;
pub mod stations;
pub mod status;
mod wish;

pub use radio::{Bus, Radio};
pub use wish::Wish;
