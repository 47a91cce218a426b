//! A line that shows how far long work is, on a terminal only.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Between two looks of the line.
const EVERY: Duration = Duration::from_millis(200);

/// How far something is.
pub struct Progress {
    verb: &'static str,
    total: u64,
    shown: Option<Mutex<Instant>>,
}

impl Progress {
    /// Of `total` bytes.
    pub fn new(verb: &'static str, total: u64) -> Self {
        Self { verb, total, shown: std::io::stderr().is_terminal().then(|| Mutex::new(Instant::now())) }
    }

    /// So many bytes are done; from any thread.
    pub fn at(&self, done: u64) {
        let Some(Ok(mut last)) = self.shown.as_ref().map(Mutex::try_lock) else { return };
        if last.elapsed() >= EVERY {
            *last = Instant::now();
            let percent = (done.min(self.total) * 100).checked_div(self.total).unwrap_or(100);
            let _ =
                write!(std::io::stderr(), "\r{:>3} % {} ({} MB of {} MB) ", percent, self.verb, done / 1_000_000, self.total / 1_000_000);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
