//! The hardware watchdog: restarts the box unless it is fed (linux/watchdog.h).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;

const WDIOC_SETTIMEOUT: libc::Ioctl = 0xc004_5706;

/// An armed watchdog. Dropping it leaves it armed: whoever dies without [`Watchdog::disarm`] is restarted.
pub struct Watchdog(File);

impl Watchdog {
    /// Arms the first watchdog with at most `seconds`. Errors: there is none, or somebody else has it.
    pub fn arm(seconds: u8) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open("/dev/watchdog")?;
        let mut timeout = libc::c_int::from(seconds);
        // SAFETY: the kernel reads and writes one int, which lives through the call. A driver that cannot change its
        // time refuses, and keeps its own.
        unsafe { libc::ioctl(file.as_raw_fd(), WDIOC_SETTIMEOUT, &raw mut timeout) };
        Ok(Self(file))
    }

    /// Gives it its full time again.
    pub fn feed(&mut self) -> io::Result<()> {
        self.0.write_all(b"\0")
    }

    /// Ends it in order ("magic close").
    pub fn disarm(mut self) {
        let _ = self.0.write_all(b"V");
    }
}
