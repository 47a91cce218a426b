//! What happened to the box's releases, a line each: `/data/updated/history.json`, the newest last.

use serde::{Deserialize, Serialize};

use crate::machine::Line;

/// Older lines go.
const MOST: usize = 200;
/// A longer text is cut: reasons repeat what a stranger's file says.
const LONGEST: usize = 400;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts all lines there ever were, from 1.
    pub n: u64,
    /// Seconds since 1970; 0 where the box does not know the time.
    pub time: u64,
    /// Which start of the box, counted by the updater.
    pub boot: u64,
    /// Seconds since that start.
    pub uptime_s: u64,
    /// One word, see [`Line`].
    pub event: String,
    /// The release's sequence.
    pub seq: Option<u64>,
    /// In words.
    pub text: String,
}

/// When a line is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Seconds since 1970; 0 where the box does not know.
    pub time: u64,
    /// Seconds since the start.
    pub uptime_s: u64,
}

/// The lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// Starts so far.
    pub boots: u64,
    /// The last of them: the kernel's `boot_id`.
    pub start: String,
    /// Oldest first.
    pub entries: Vec<Entry>,
}

impl History {
    /// Counts this start of the box, once.
    pub fn count(&mut self, start: &str) {
        if self.start != start || start.is_empty() {
            self.boots = self.boots.saturating_add(1);
            start.clone_into(&mut self.start);
        }
    }

    /// Adds a line; the same one twice in a start is one. Tells whether anything changed.
    pub fn add(&mut self, line: &Line, now: Now) -> bool {
        let text: String = line.text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(LONGEST).collect();
        let twice = self.entries.last().is_some_and(|e| e.boot == self.boots && e.text == text && e.event == line.event);
        if twice {
            return false;
        }
        let n = self.entries.last().map_or(1, |e| e.n.saturating_add(1));
        let entry = Entry { n, time: now.time, boot: self.boots, uptime_s: now.uptime_s, event: line.event.into(), seq: line.seq, text };
        self.entries.push(entry);
        let surplus = self.entries.len().saturating_sub(MOST);
        self.entries.drain(..surplus);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capped_and_clean() {
        let mut history = History::default();
        for i in 0..1000_u64 {
            let text = format!("line {i}\n\u{1b}[2J {}", "x".repeat(1000));
            assert!(history.add(&Line { event: "refused", seq: None, text }, Now::default()));
        }
        assert_eq!((history.entries.len(), history.entries[0].n, history.entries[199].n), (MOST, 801, 1000));
        assert!(history.entries.iter().all(|e| e.text.chars().count() <= LONGEST && !e.text.contains(['\n', '\u{1b}'])));
        let last = Line { event: "refused", seq: None, text: "again".into() };
        assert!(history.add(&last, Now::default()) && !history.add(&last, Now::default()));
    }
}
