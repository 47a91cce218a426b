//! Files of record, the leases above all: replaced whole, or not at all.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A larger file is not ours.
const MAX: u64 = 4 << 20;

/// Vouchers that the owner had made.
pub const VOUCHERS: &str = "vouchers";
/// What became of them, and whom the password let in.
pub const USED: &str = "used";
const LEASES: &str = "leases";

fn path(name: &str) -> PathBuf {
    crate::record::folder("netd").join(name)
}

/// What was saved of the leases.
pub fn load() -> String {
    read(LEASES)
}

/// What was saved; empty if nothing was, or it cannot be read.
pub fn read(name: &str) -> String {
    let (mut text, path) = (String::new(), path(name));
    match File::open(&path).and_then(|file| file.take(MAX).read_to_string(&mut text)) {
        Ok(_) => text,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                log::warn!("{}: {error}; beginning without {name}", path.display());
            }
            String::new()
        }
    }
}

/// The leases at a moment.
pub struct Snapshot {
    /// When, since netd began.
    pub at: Duration,
    /// As text.
    pub text: String,
}

/// Replaces the file of record; one older than what was written last is let go. Errors say which file.
pub fn save(snapshot: &Snapshot) -> std::io::Result<()> {
    static LAST: Mutex<Duration> = Mutex::new(Duration::ZERO);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if snapshot.at < *last {
        return Ok(());
    }
    *last = snapshot.at;
    replace(LEASES, &snapshot.text)
}

/// Replaces a file of record. Errors say which file.
pub fn replace(name: &str, text: &str) -> std::io::Result<()> {
    let path = path(name);
    crate::record::replace(&path, text.as_bytes(), 0o640, None)
        .map_err(|e| std::io::Error::new(e.kind(), format!("saving {}: {e}", path.display())))
}
