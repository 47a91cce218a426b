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

/// The same line for work that another program does.
pub struct Meter(bool);

impl Meter {
    /// Shows nothing where there is no terminal.
    pub fn new() -> Self {
        Self(std::io::stderr().is_terminal())
    }

    /// `{what, title, done, total}`, or null.
    pub fn show(&self, progress: &serde_json::Value) {
        let (Some(what), true) = (progress["what"].as_str(), self.0) else { return };
        let number = |key: &str| progress[key].as_u64().unwrap_or(0) / 1_000_000;
        let title = super::shown(progress["title"].as_str().unwrap_or_default());
        let _ = write!(std::io::stderr(), "\r\x1b[K{what} {title}: {} MB of {} MB ", number("done"), number("total"));
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.0 {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
