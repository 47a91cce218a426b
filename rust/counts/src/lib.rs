//! Statistics that funders ask for and that respect people: phones a day, busiest hours, what is read most, bytes, hours up. Pure.
//!
//! No hardware address and no name is ever written: a day's phones are told apart by a hash under a secret of that day, in memory only.
//! So phones are counted anew after a restart, and the larger of both counts holds: a number is never too large.
#![forbid(unsafe_code)]

mod chart;
mod counter;
mod day;

pub use chart::{Bar, bars};
pub use counter::{Counter, Seen};
pub use day::{Day, MONTHS, csv, read};
