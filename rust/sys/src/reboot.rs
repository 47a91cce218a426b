//! Ending the system.

use std::io;

use nix::sys::reboot::{RebootMode, reboot, set_cad_enabled};

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

/// Ctrl-Alt-Del only tells PID 1, which ignores it.
pub fn disarm_keys() -> io::Result<()> {
    set_cad_enabled(false).map_err(Into::into)
}
