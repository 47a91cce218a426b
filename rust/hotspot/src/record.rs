//! Files of record: replaced whole and durably, or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// A daemon's own folder, `/data/NAME`; `HOTSPOT_DATA` moves `/data` for tests.
pub fn folder(name: &str) -> PathBuf {
    Path::new(&std::env::var_os("HOTSPOT_DATA").unwrap_or_else(|| "/data".into())).join(name)
}

/// Writes beside, makes it durable and renames over, so that a power cut at any write leaves the old file or the new one.
///
/// `mode` are its permissions whatever the umask; `group` is its group, the writer's own when `None`.
pub fn replace(path: &Path, bytes: &[u8], mode: u32, group: Option<u32>) -> io::Result<()> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    if let Err(e) = write(&new, bytes, mode, group) {
        // On a full storage half a file would take what little room there is.
        let _ = fs::remove_file(&new);
        return Err(e);
    }
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write(new: &Path, bytes: &[u8], mode: u32, group: Option<u32>) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(mode).open(new)?;
    // The umask must not take a reader away.
    file.set_permissions(Permissions::from_mode(mode))?;
    if group.is_some() {
        fchown(&file, None, group)?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}
