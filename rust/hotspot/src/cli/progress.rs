//! How far long work is, on a terminal; nothing where nobody looks.

use std::io::{IsTerminal, Write};

/// A line on standard error that is overwritten, one per cent at a time.
pub struct Progress {
    what: &'static str,
    shown: Option<u64>,
    is_terminal: bool,
}

impl Progress {
    /// What is being done.
    pub fn new(what: &'static str) -> Self {
        Self { what, shown: None, is_terminal: std::io::stderr().is_terminal() }
    }

    /// `done` of `total` is done.
    pub fn show(&mut self, done: u64, total: u64) {
        let percent = done.min(total) * 100 / total.max(1);
        if self.is_terminal && self.shown != Some(percent) {
            self.shown = Some(percent);
            // A terminal that is gone is no reason to stop.
            let _ = write!(std::io::stderr(), "\r{} {percent} %\x1b[K", self.what);
        }
    }
}

/// The line is wiped at the end.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
