//! Who may use the internet: vouchers, the password, the times, and what each phone has left. Pure: no clock, no file, no socket.
//!
//! What happened goes in ([`Event`], [`Gate::enter`]), what follows comes out ([`Action`]): which phones the packet filter is to let
//! through, and what is to be written down. Time is what has passed since netd began, so a wrong clock changes nothing but the
//! schedule; how much of a voucher is left stands in a file of record, so a reboot changes nothing either.
#![forbid(unsafe_code)]

mod book;
pub mod code;
mod core;
mod limit;
mod schedule;
mod voucher;

pub use book::{Batch, Book, MOST, NoBatch, Wish};
pub use core::{Action, Alarm, Entered, Event, Gate, Remembered, Rule, View};
pub use schedule::{Moment, Schedule};
pub use voucher::{Kind, Voucher};

/// A hardware address.
pub type Mac = [u8; 6];

/// `02:00:00:00:00:0a`
pub fn mac_text(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// The other way.
pub fn mac_of(text: &str) -> Option<Mac> {
    let mut parts = text.split(':');
    let mut mac = [0; 6];
    for byte in &mut mac {
        *byte = parts.next().filter(|p| p.len() == 2).and_then(|p| u8::from_str_radix(p, 16).ok())?;
    }
    parts.next().is_none().then_some(mac)
}
