//! Card layout, slot headers and boot records. Pure.
#![forbid(unsafe_code)]

mod env;
mod layout;
mod record;
mod slot;

pub use env::{Block, Error};
pub use layout::{Layout, MIB, Slot};
pub use record::{Record, newest};
pub use slot::{Header, Part};
