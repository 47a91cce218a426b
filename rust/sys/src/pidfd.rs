//! A process held by a descriptor, so that its end is noticed even when it is nobody's child here.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use tokio::io::unix::AsyncFd;

/// A process.
#[derive(Debug)]
pub struct Process(AsyncFd<OwnedFd>);

impl Process {
    /// Opens a process by number; must be called within a tokio runtime. Errors: there is none.
    pub fn open(pid: i32) -> io::Result<Self> {
        // SAFETY: takes two numbers and returns a new descriptor or -1.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let fd = i32::try_from(fd).map_err(io::Error::other)?;
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave this descriptor to us alone.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: an OwnedFd keeps its descriptor until it is dropped, which AsyncFd does after it has deregistered.
        let fd = unsafe { AsyncFd::register_with_interest(fd, tokio::io::Interest::READABLE) };
        Ok(Self(fd.map_err(io::Error::other)?))
    }

    /// Waits for its end.
    pub async fn ended(&self) {
        // Readable means ended, and stays so.
        let _ = self.0.readable().await;
    }

    /// Sends a signal to exactly this process, even if its number was used again.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let none = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: the descriptor is ours, and a null siginfo is allowed.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), signal, none, 0) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Asks it to end.
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(libc::SIGTERM)
    }

    /// Ends it.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(libc::SIGKILL)
    }
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn the_end_of_a_process_is_noticed() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
            let process = Process::open(child.id().cast_signed()).unwrap();
            process.terminate().unwrap();
            process.ended().await;
            assert!(!child.wait().unwrap().success());
            assert!(Process::open(-1).is_err());
        });
    }
}
