//! A release on trial has so long to be found well; then the box goes back to the other one.
//!
//! `updated` marks a release good, or gives it up earlier. This is for a release whose `updated` does neither.

use std::path::Path;
use std::time::Duration;

use sys::process;
use update::{Block, Layout, Record, Slot};

use super::card;
use crate::bootrecord::Records;
use crate::cmdline;

/// The health gate's five minutes and one more.
const PATIENCE: Duration = Duration::from_secs(360);

/// The trial of this start, if it is one.
pub struct Trial {
    slot: Option<Slot>,
    deadline: Option<Duration>,
}

impl Trial {
    /// By the kernel's command line.
    pub fn of_this_start() -> Self {
        let on = cmdline::read("hotspot.trial").as_deref() == Some("1");
        let slot = cmdline::read("hotspot.slot").and_then(|s| s.parse().ok()).filter(|_| on);
        Self { slot, deadline: slot.map(|_| PATIENCE) }
    }

    /// Whether the box was started on trial and has not been seen to be marked good.
    pub fn is_on(&self) -> bool {
        self.deadline.is_some()
    }

    /// When to be called next.
    pub fn next(&self) -> Option<Duration> {
        self.deadline
    }

    /// Ends the trial and restarts the box when the time is over and the record still says that this slot is on trial.
    pub fn turn(&mut self, now: Duration) {
        if self.deadline.is_none_or(|at| now < at) {
            return;
        }
        self.deadline = None;
        let Some(slot) = self.slot else { return };
        let records = card::disk().and_then(|(disk, _)| Records::open(Path::new(&disk), &Layout::built_in()));
        match records.and_then(|records| records.change(|record| given_up(record, slot))) {
            Ok(false) => {}
            Ok(true) => {
                log::error!("this release was not found well within {} minutes: back to the other", PATIENCE.as_secs() / 60);
                if let Err(e) = process::ask_init_to_restart() {
                    log::error!("cannot restart: {e}");
                }
            }
            Err(why) => log::error!("the trial cannot be ended: {why}"),
        }
    }
}

/// The record without attempts left, if this slot is on trial still.
fn given_up(record: &Record, slot: Slot) -> Option<Block> {
    let mut block = record.block.clone();
    block.set("r_left", "0");
    (block.get("r_trial") == Some(slot.name())).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_ends_when_the_record_says_so() {
        let mut record = Record { sequence: 1, block: Record::default_variables() };
        assert_eq!(given_up(&record, Slot::B), None);
        record.block.set("r_trial", "b");
        record.block.set("r_left", "1");
        assert_eq!(given_up(&record, Slot::B).unwrap().get("r_left"), Some("0"));
        assert_eq!(given_up(&record, Slot::A), None);
        let ordinary = Trial::of_this_start();
        assert!(!ordinary.is_on() && ordinary.next().is_none(), "this computer is on no trial");
    }
}
