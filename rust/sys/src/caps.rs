//! Capabilities of a process about to become a daemon (capabilities(7)).

use std::io;

/// The capabilities that our programs are ever given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Capability {
    /// Ports below 1024.
    NetBindService = 10,
    /// Interfaces, routes, nftables, nl80211.
    NetAdmin = 12,
    /// Raw and packet sockets.
    NetRaw = 13,
    /// The clock.
    SysTime = 25,
}

/// The highest number that a kernel of today may know.
const LAST: u8 = 63;

/// `struct __user_cap_header_struct` and `__user_cap_data_struct` of version 3 (linux/capability.h).
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

const VERSION_3: u32 = 0x2008_0522;

fn prctl(option: libc::c_int, a: libc::c_ulong, b: libc::c_ulong) -> io::Result<()> {
    // SAFETY: the options used here take numbers only.
    if unsafe { libc::prctl(option, a, b, 0, 0) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes everything but `kept` out of the bounding set, for this process and all its children.
pub(crate) fn bound_to(kept: &[Capability]) -> io::Result<()> {
    for number in (0..=LAST).filter(|n| !kept.iter().any(|c| *c as u8 == *n)) {
        match prctl(libc::PR_CAPBSET_DROP, number.into(), 0) {
            // The kernel knows no such capability.
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => {}
            other => other?,
        }
    }
    Ok(())
}

/// Keeps the permitted set over the change of user that follows.
pub(crate) fn keep_over_user_change() -> io::Result<()> {
    prctl(libc::PR_SET_KEEPCAPS, 1, 0)
}

/// Has exactly `kept` from here on, over exec too.
pub(crate) fn restrict_to(kept: &[Capability]) -> io::Result<()> {
    let mask = kept.iter().fold(0_u32, |mask, c| mask | 1 << (*c as u8));
    let header = Header { version: VERSION_3, pid: 0 };
    let data = [Data { effective: mask, permitted: mask, inheritable: mask }, Data { effective: 0, permitted: 0, inheritable: 0 }];
    // SAFETY: version 3 reads one header and two data structs, which live through the call.
    if unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    kept.iter().try_for_each(|c| prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE as libc::c_ulong, (*c as u8).into()))
}

/// Nothing that is executed from here on can gain rights.
pub(crate) fn no_new_privileges() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0)
}
