//! The bounded tail of the log that survives on the card: two files, written rarely.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ring::{Line, Ring};

/// Each of the two files.
const FILE_BYTES: u64 = 128 * 1024;
/// At most this is added at once.
const MAX_LINES: usize = 500;
/// Ordinary lines wait so long, so that the card is written rarely.
const QUIET: Duration = Duration::from_secs(600);
/// After something died, but not for each death of a daemon that dies all the time.
const AFTER_DEATH: Duration = Duration::from_secs(60);

/// What was written and when. `ring` line numbers, times since boot.
pub struct Tail {
    directory: PathBuf,
    next: u64,
    last: Option<Duration>,
    death: bool,
}

impl Tail {
    /// Files go to `directory`, which may appear later.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, next: 0, last: None, death: false }
    }

    /// Something died: its last words are worth an early write.
    pub fn note_death(&mut self) {
        self.death = true;
    }

    /// When to write next, if there is something to write.
    pub fn due(&self, ring: &Ring) -> Option<Duration> {
        let pause = if self.death { AFTER_DEATH } else { QUIET };
        // The first death is written at once; the first ordinary lines wait, as a box that is switched on and off need not tell.
        let base = self.last.or((!self.death).then_some(Duration::ZERO));
        (ring.next_number() > self.next).then(|| base.map_or(Duration::ZERO, |at| at + pause))
    }

    /// Appends what the card has not seen.
    pub fn write(&mut self, ring: &Ring, now: Duration) -> std::io::Result<()> {
        let mut text = String::new();
        for line in ring.newest(MAX_LINES, None, self.next) {
            text.push_str(&render(line));
        }
        // Also on an error: a card that fails is not tried for every line.
        self.next = ring.next_number();
        self.last = Some(now);
        self.death = false;
        append(&self.directory, &text)
    }
}

fn append(directory: &Path, text: &str) -> std::io::Result<()> {
    if text.is_empty() || !directory.is_dir() {
        return Ok(());
    }
    let path = directory.join("hotspot.log");
    if fs::metadata(&path).is_ok_and(|m| m.len() + text.len() as u64 > FILE_BYTES) {
        fs::rename(&path, directory.join("hotspot.log.1"))?;
    }
    let mut file = File::options().append(true).create(true).open(&path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

fn render(line: &Line) -> String {
    format!("{}.{:03} {} <{}> {}\n", line.at.as_secs(), line.at.subsec_millis(), line.daemon, line.level, line.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn rarely_and_after_a_death() {
        let mut ring = Ring::default();
        let mut tail = Tail::new("/nonexistent".into());
        assert_eq!(tail.due(&ring), None);
        ring.push("netd", b"hello", seconds(1));
        assert_eq!(tail.due(&ring), Some(QUIET));
        tail.note_death();
        assert_eq!(tail.due(&ring), Some(Duration::ZERO), "the first death at once");
        tail.write(&ring, seconds(5)).unwrap();
        assert_eq!(tail.due(&ring), None);
        ring.push("netd", b"again", seconds(6));
        tail.note_death();
        assert_eq!(tail.due(&ring), Some(seconds(65)));
    }

    #[test]
    fn two_bounded_files() {
        let directory = std::env::temp_dir().join(format!("hotspot-tail-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let mut tail = Tail::new(directory.clone());
        let mut ring = Ring::default();
        for i in 0..5000_u64 {
            ring.push("netd", format!("<4>line {i} {}", "x".repeat(100)).as_bytes(), seconds(i));
            if i % 50 == 0 {
                tail.write(&ring, seconds(i)).unwrap();
            }
        }
        tail.write(&ring, seconds(5000)).unwrap();
        let [new, old] = ["hotspot.log", "hotspot.log.1"].map(|n| fs::read_to_string(directory.join(n)).unwrap());
        assert!(new.len() as u64 <= FILE_BYTES && old.len() as u64 <= FILE_BYTES);
        assert!(new.ends_with(&format!("4999.000 netd <4> line 4999 {}\n", "x".repeat(100))));
        fs::remove_dir_all(&directory).unwrap();
    }
}
