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
    whole(path, "new", mode, |mut file| {
        // The umask must not take a reader away.
        file.set_permissions(Permissions::from_mode(mode))?;
        if group.is_some() {
            fchown(file, None, group)?;
        }
        file.write_all(bytes)
    })
}

/// The same with what `fill` writes, beside under this ending meanwhile, and with what the umask leaves of `mode`: where files have no
/// owners, only its owner may change it.
pub fn whole<E: From<io::Error>>(path: &Path, ending: &str, mode: u32, fill: impl FnOnce(&File) -> Result<(), E>) -> Result<(), E> {
    let new = path.with_extension(ending);
    let _ = fs::remove_file(&new);
    let written = || {
        let file = File::options().write(true).create_new(true).mode(mode).open(&new)?;
        fill(&file)?;
        Ok(file.sync_all()?)
    };
    if let Err(e) = written() {
        // On a full storage half a file would take what little room there is.
        let _ = fs::remove_file(&new);
        return Err(e);
    }
    fs::rename(&new, path)?;
    Ok(path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?)
}
