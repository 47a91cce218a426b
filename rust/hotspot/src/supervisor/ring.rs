//! The log in memory: the newest lines of all programs, and which of them the card has not seen.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

/// What the lines may take, in bytes of text.
const CAPACITY: usize = 256 * 1024;
/// A line's cost beside its text.
const OVERHEAD: usize = 48;
/// Longest line.
const MAX_LINE: usize = 1024;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number since the supervisor started.
    pub number: u64,
    /// Time since boot.
    pub at: Duration,
    /// Who said it.
    pub daemon: &'static str,
    /// Syslog severity: 0 (worst) to 7.
    pub level: u8,
    /// What, without control characters.
    pub text: String,
}

impl Line {
    /// As `GET /log` answers.
    pub fn to_json(&self) -> Value {
        let level = match self.level {
            0..=3 => "error",
            4 => "warning",
            5 | 6 => "info",
            _ => "debug",
        };
        let t_ms = u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX);
        json!({"n": self.number, "t_ms": t_ms, "daemon": self.daemon, "level": level, "text": self.text})
    }
}

/// The newest lines that fit.
#[derive(Default)]
pub struct Ring {
    lines: VecDeque<Line>,
    bytes: usize,
    next: u64,
}

impl Ring {
    /// Adds a line as a program wrote it: `<severity>text`, or text alone, which counts as information.
    pub fn push(&mut self, daemon: &'static str, raw: &[u8], at: Duration) {
        let raw = &raw[..raw.len().min(MAX_LINE)];
        let (level, raw) = match raw {
            [b'<', level @ b'0'..=b'7', b'>', rest @ ..] => (level - b'0', rest),
            other => (6, other),
        };
        let text: String = String::from_utf8_lossy(raw).trim().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        if text.is_empty() {
            return;
        }
        self.bytes += text.len() + OVERHEAD;
        self.lines.push_back(Line { number: self.next, at, daemon, level, text });
        self.next += 1;
        while self.bytes > CAPACITY {
            let Some(gone) = self.lines.pop_front() else { break };
            self.bytes -= gone.text.len() + OVERHEAD;
        }
    }

    /// The newest `count` lines, of one program if it is named, from line number `from` on; oldest first.
    pub fn newest(&self, count: usize, daemon: Option<&str>, from: u64) -> Vec<&Line> {
        let wanted = |l: &&Line| l.number >= from && daemon.is_none_or(|d| d == l.daemon);
        let mut lines: Vec<&Line> = self.lines.iter().rev().filter(wanted).take(count).collect();
        lines.reverse();
        lines
    }

    /// The number that the next line will have.
    pub fn next_number(&self) -> u64 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_control_characters() {
        let mut ring = Ring::default();
        ring.push("netd", b"<4>a\x1b[2Jb\xff", Duration::from_millis(1500));
        ring.push("netd", b"plain", Duration::ZERO);
        ring.push("netd", b"  ", Duration::ZERO);
        let lines = ring.newest(9, None, 0);
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[0].to_json(),
            json!({"n": 0, "t_ms": 1500, "daemon": "netd", "level": "warning", "text": "a\u{fffd}[2Jb\u{fffd}"})
        );
        assert_eq!(lines[1].level, 6);
    }

    #[test]
    fn bounded_whatever_comes() {
        let mut ring = Ring::default();
        for i in 0..20_000_u64 {
            ring.push(if i % 2 == 0 { "netd" } else { "radiod" }, &[b'x'; 5000], Duration::ZERO);
        }
        assert!(ring.bytes <= CAPACITY && ring.lines.len() < 300);
        assert_eq!(ring.newest(3, Some("netd"), 0).iter().map(|l| l.number).collect::<Vec<_>>(), [19_994, 19_996, 19_998]);
        assert_eq!(ring.newest(100, None, 19_999).len(), 1);
        assert_eq!(ring.next_number(), 20_000);
    }
}
