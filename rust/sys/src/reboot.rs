//! Ending the system.

use std::io;

use nix::sys::reboot::{RebootMode, reboot};

/// Restarts at once, without writing anything out first.
pub fn restart() -> io::Error {
    match reboot(RebootMode::RB_AUTOBOOT) {
        Ok(never) => match never {},
        Err(e) => e.into(),
    }
}

/// Writes out what is pending in every file system.
pub fn sync() {
    nix::unistd::sync();
}
