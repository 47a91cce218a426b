//! How far long work is, told from several threads.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

use super::super::progress::Progress as Line;

/// How far something is.
pub struct Progress {
    line: Mutex<Line>,
    total: u64,
}

impl Progress {
    /// Of `total` bytes.
    pub fn new(what: &'static str, total: u64) -> Self {
        Self { line: Mutex::new(Line::new(what)), total }
    }

    /// So many bytes are done; from any thread.
    pub fn at(&self, done: u64) {
        if let Ok(mut line) = self.line.try_lock() {
            line.show(done, self.total);
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
