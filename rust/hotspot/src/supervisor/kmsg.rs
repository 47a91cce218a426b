//! The kernel's messages of warning and up, for the log (Documentation/ABI/testing/dev-kmsg).

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};

/// The kernel's log, read from its beginning.
pub struct Kmsg(File);

impl Kmsg {
    /// Opens it. Errors: not permitted, or no such file.
    pub fn open() -> std::io::Result<Self> {
        let file = File::open("/dev/kmsg")?;
        sys::process::set_nonblocking(file.as_fd())?;
        Ok(Self(file))
    }

    /// The next line that matters as `<level>text`, and its time since boot in microseconds.
    pub fn next(&mut self) -> Option<(String, u64)> {
        let mut buffer = [0; 8192];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return None,
                Ok(length) => {
                    if let Some(line) = std::str::from_utf8(&buffer[..length]).ok().and_then(parse) {
                        return Some(line);
                    }
                }
                // Overwritten before it was read: the next read goes on with the oldest.
                Err(e) if e.raw_os_error() == Some(32) || e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Kmsg {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// `priority,sequence,time,flags;text`, then lines of details that start with a space.
fn parse(record: &str) -> Option<(String, u64)> {
    let (head, text) = record.split_once(';')?;
    let mut fields = head.split(',');
    let priority: u32 = fields.next()?.parse().ok()?;
    let time: u64 = fields.nth(1)?.parse().ok()?;
    let level = priority & 7;
    let text = text.lines().next()?;
    (level <= 4 || text.starts_with("hotspot-early")).then(|| (format!("<{level}>{text}"), time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_and_the_early_program() {
        assert_eq!(parse("4,12,5140900,-;mmc0: error\n SUBSYSTEM=mmc\n"), Some(("<4>mmc0: error".into(), 5_140_900)));
        assert_eq!(parse("14,3,99,-;hotspot-early: slot a of /dev/vda\n"), Some(("<6>hotspot-early: slot a of /dev/vda".into(), 99)));
        assert_eq!(parse("6,12,5140900,-;hello\n"), None);
        assert_eq!(parse("nonsense"), None);
    }
}
