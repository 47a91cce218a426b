//! The file of leases: replaced whole, or not at all.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A larger file is not ours.
const MAX: u64 = 4 << 20;

/// `/data/netd/leases`; `HOTSPOT_DATA` moves `/data` for tests.
fn path() -> PathBuf {
    let data: PathBuf = std::env::var_os("HOTSPOT_DATA").unwrap_or_else(|| "/data".into()).into();
    data.join("netd/leases")
}

/// What was saved; empty if nothing was, or it cannot be read.
pub fn load() -> String {
    let mut text = String::new();
    match File::open(path()).and_then(|file| file.take(MAX).read_to_string(&mut text)) {
        Ok(_) => text,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                log::warn!("{}: {error}; beginning without leases", path().display());
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
    let path = path();
    crate::record::replace(&path, snapshot.text.as_bytes(), 0o644, None)
        .map_err(|e| std::io::Error::new(e.kind(), format!("saving {}: {e}", path.display())))
}
