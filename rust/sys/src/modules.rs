//! Loading kernel modules by file.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

/// `MODULE_INIT_COMPRESSED_FILE` (linux/module.h): the kernel unpacks.
const COMPRESSED: libc::c_int = 4;

/// Loads a module file. A module that is already there, or whose hardware is not, is no error.
pub fn load(path: &Path, parameters: &str) -> io::Result<()> {
    let file = File::open(path)?;
    let compressed = path.extension().is_some_and(|e| e != "ko");
    let parameters = CString::new(parameters)?;
    // SAFETY: the descriptor and the NUL-terminated string live through the call.
    let result =
        unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), parameters.as_ptr(), if compressed { COMPRESSED } else { 0 }) };
    if result == 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        e if matches!(e.raw_os_error(), Some(libc::EEXIST | libc::ENODEV)) => Ok(()),
        e => Err(e),
    }
}
