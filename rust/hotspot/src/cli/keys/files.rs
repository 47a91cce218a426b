//! Key files and root.json on a computer's disk.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use update::{Chain, Role, SecretKey};

/// Reads a small file, at most `limit` bytes.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|f| f.take(limit as u64 + 1).read_to_end(&mut bytes)).map_err(|e| format!("{}: {e}", path.display()))?;
    if bytes.len() > limit { Err(format!("{}: it is longer than {limit} bytes", path.display())) } else { Ok(bytes) }
}

/// Writes a file that must not be there yet.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    let written = File::options().write(true).create_new(true).mode(mode).open(path).and_then(|mut f| {
        f.write_all(bytes)?;
        f.sync_all()
    });
    written.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{} is there already, and keys are never overwritten; name another place", path.display())
        }
        _ => format!("{}: {e}", path.display()),
    })
}

/// A fresh key.
pub fn fresh(role: Role) -> Result<SecretKey, String> {
    let mut seed = [0; 32];
    File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut seed)).map_err(|e| format!("/dev/urandom: {e}"))?;
    Ok(SecretKey::from_seed(role, seed))
}

/// A key file's key.
pub fn secret(path: &Path) -> Result<SecretKey, String> {
    SecretKey::read(&read(path, SecretKey::MAX_FILE_BYTES)?).map_err(|why| format!("{}: {why}", path.display()))
}

/// A root.json that holds.
pub fn chain(path: &Path) -> Result<Chain, String> {
    Chain::read(&read(path, Chain::MAX_BYTES)?).map_err(|why| format!("{}: {why}", path.display()))
}

/// The release keys of a folder: every `*.key` of that role, in the order of their names.
pub fn release_keys(folder: &Path) -> Result<Vec<SecretKey>, String> {
    let list = fs::read_dir(folder).map_err(|e| format!("{}: {e}; `hotspot keys new` makes such a folder", folder.display()))?;
    let mut paths: Vec<PathBuf> = list.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "key")).collect();
    paths.sort();
    let mut keys = Vec::new();
    for path in paths {
        let key = secret(&path)?;
        if key.role == Role::Release {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        return Err(format!("{}: no release key (*.key) is there; `hotspot keys new` makes one", folder.display()));
    }
    Ok(keys)
}
