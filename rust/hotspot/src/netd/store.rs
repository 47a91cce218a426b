//! The file of leases: replaced whole, or not at all.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

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

/// Writes beside, makes it durable, renames over. Errors say which file.
pub fn save(text: &str) -> std::io::Result<()> {
    let path = path();
    let new = path.with_extension("new");
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        File::open(path.parent().unwrap_or(&path))?.sync_all()
    };
    write().map_err(|e: std::io::Error| std::io::Error::new(e.kind(), format!("saving {}: {e}", path.display())))
}
