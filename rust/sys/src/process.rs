//! Starting programs with the least rights, and what the supervisor does to itself.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::caps::{self, Capability};

/// What a program may do.
#[derive(Clone, Debug)]
pub struct Rights {
    /// User and group; `None` keeps root with all capabilities.
    pub user: Option<(u32, u32)>,
    /// The only capabilities.
    pub capabilities: Vec<Capability>,
    /// Most open files.
    pub files: u64,
    /// Which process the kernel kills first when memory ends: -1000 (never) to 1000.
    pub oom_score: i32,
    /// Niceness: 0 is normal, 19 only runs when nobody else wants to.
    pub nice: i32,
}

/// Starts a program in its own session; it dies with the thread that started it.
pub fn spawn(command: &mut Command, rights: &Rights) -> io::Result<Child> {
    let rights = rights.clone();
    // SAFETY: between fork and exec only system calls are made, and one small file is written without locks.
    unsafe { command.pre_exec(move || become_it(&rights)) };
    command.spawn()
}

fn become_it(rights: &Rights) -> io::Result<()> {
    nix::unistd::setsid()?;
    // Ours are taken by a descriptor; the program must get its own.
    nix::sys::signal::SigSet::empty().thread_set_mask()?;
    std::fs::write("/proc/self/oom_score_adj", rights.oom_score.to_string())?;
    limit(libc::RLIMIT_NOFILE, rights.files)?;
    limit(libc::RLIMIT_CORE, 0)?;
    // SAFETY: takes numbers only.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, rights.nice) };
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o027));
    if let Some((uid, gid)) = rights.user {
        caps::bound_to(&rights.capabilities)?;
        caps::keep_over_user_change()?;
        nix::unistd::setgroups(&[gid.into()])?;
        nix::unistd::setresgid(gid.into(), gid.into(), gid.into())?;
        nix::unistd::setresuid(uid.into(), uid.into(), uid.into())?;
        caps::restrict_to(&rights.capabilities)?;
        caps::no_new_privileges()?;
    }
    // After the change of user, which clears it.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    Ok(())
}

// The type of the resource differs between C libraries.
fn limit(resource: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    let both = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the struct lives through the call.
    if unsafe { libc::setrlimit(resource, &raw const both) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Signal(signal) => match Signal::try_from(*signal) {
                Ok(signal) => write!(f, "killed by {signal}"),
                Err(_) => write!(f, "killed by signal {signal}"),
            },
        }
    }
}

/// One child that has ended since the last call, if any.
pub fn reap() -> Option<(u32, Exit)> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) => return Some((pid.as_raw().unsigned_abs(), Exit::Status(status))),
            Ok(WaitStatus::Signaled(pid, signal, _)) => return Some((pid.as_raw().unsigned_abs(), Exit::Signal(signal as i32))),
            Ok(WaitStatus::StillAlive) | Err(nix::Error::ECHILD) => return None,
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(_) => return None,
        }
    }
}

/// What can be sent to a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Send {
    /// Read the settings again.
    Reload,
    /// Stop in order.
    Stop,
    /// Stop now.
    Kill,
}

/// Signals one process; that it is gone already is no error.
pub fn send(pid: u32, what: Send) {
    let signal = match what {
        Send::Reload => Signal::SIGHUP,
        Send::Stop => Signal::SIGTERM,
        Send::Kill => Signal::SIGKILL,
    };
    // 0 and 1 would mean a group and init.
    if let Some(pid) = i32::try_from(pid).ok().filter(|p| *p > 1) {
        let _ = nix::sys::signal::kill(Pid::from_raw(pid), signal);
    }
}

/// Whether a process of that number is there.
pub fn is_alive(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| nix::sys::signal::kill(Pid::from_raw(pid), None) != Err(nix::Error::ESRCH))
}

/// Asks init to restart the computer, as BusyBox's `reboot` does.
pub fn ask_init_to_restart() -> io::Result<()> {
    nix::sys::signal::kill(Pid::from_raw(1), Signal::SIGTERM).map_err(Into::into)
}

/// Keeps this process's memory from being paged out once it was used: a card that rots must not stop who reports it.
pub fn lock_memory() -> io::Result<()> {
    // SAFETY: takes numbers only. ONFAULT: locks what is touched, not whole stacks.
    let result = unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The clock on the wall, in the zone that `TZ` named when the program started.
fn local() -> Option<libc::tm> {
    // SAFETY: with a null pointer it only returns the time.
    let now = unsafe { libc::time(std::ptr::null_mut()) };
    // SAFETY: plain data for which zero is valid.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of the right types.
    (!unsafe { libc::localtime_r(&raw const now, &raw mut parts) }.is_null()).then_some(parts)
}

/// Day of the week (0 is Monday) and minute of the day.
pub fn local_time() -> Option<(u8, u16)> {
    let parts = local()?;
    Some((u8::try_from((parts.tm_wday + 6) % 7).ok()?, u16::try_from(parts.tm_hour * 60 + parts.tm_min).ok()?))
}

/// Year, month (1 to 12), day of the month and hour.
pub fn local_date() -> Option<(i32, u8, u8, u8)> {
    let parts = local()?;
    Some((parts.tm_year + 1900, u8::try_from(parts.tm_mon + 1).ok()?, u8::try_from(parts.tm_mday).ok()?, u8::try_from(parts.tm_hour).ok()?))
}

/// Sets the clock on the wall, in seconds since 1970. Errors: without the right to.
pub fn set_clock(unix_s: i64) -> io::Result<()> {
    let time = libc::timespec { tv_sec: unix_s, tv_nsec: 0 };
    // SAFETY: the pointer is to a live struct, which is only read.
    if unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &raw const time) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Time since boot, sleep included.
pub fn uptime() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel fills the struct.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The computer's name on the network.
pub fn set_host_name(name: &str) -> io::Result<()> {
    nix::unistd::sethostname(name).map_err(Into::into)
}

/// What the supervisor is told by signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A child ended.
    Child,
    /// Stop in order.
    Stop,
    /// Read the settings again.
    Reload,
}

/// Signals as a descriptor to poll. Make it before any thread: the mask is inherited.
pub struct Signals(nix::sys::signalfd::SignalFd);

impl Signals {
    /// Takes SIGCHLD, SIGTERM, SIGINT and SIGHUP out of the ordinary way.
    pub fn take() -> io::Result<Self> {
        let mut set = nix::sys::signal::SigSet::empty();
        [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().for_each(|s| set.add(s));
        set.thread_block()?;
        let flags = nix::sys::signalfd::SfdFlags::SFD_NONBLOCK | nix::sys::signalfd::SfdFlags::SFD_CLOEXEC;
        Ok(Self(nix::sys::signalfd::SignalFd::with_flags(&set, flags)?))
    }

    /// The next one that has come, if any.
    pub fn next(&self) -> Option<Told> {
        let info = self.0.read_signal().ok()??;
        match Signal::try_from(i32::try_from(info.ssi_signo).ok()?).ok()? {
            Signal::SIGCHLD => Some(Told::Child),
            Signal::SIGHUP => Some(Told::Reload),
            _ => Some(Told::Stop),
        }
    }
}

impl std::os::fd::AsFd for Signals {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.0)
    }
}

/// Sleeps until one of the descriptors can be read or has ended, or the time is over; tells which.
pub fn wait_readable(fds: &[std::os::fd::BorrowedFd<'_>], at_most: Option<Duration>) -> Vec<bool> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    // Rounded up, or the last millisecond would be spent in a busy loop.
    let timeout = at_most.map_or(PollTimeout::NONE, |d| {
        i32::try_from(d.as_millis() + 1).ok().and_then(|ms| PollTimeout::try_from(ms).ok()).unwrap_or(PollTimeout::MAX)
    });
    let _ = poll(&mut polled, timeout);
    polled.iter().map(|p| p.any().unwrap_or(false)).collect()
}

/// Makes reads of a descriptor return at once.
pub fn set_nonblocking(fd: std::os::fd::BorrowedFd<'_>) -> io::Result<()> {
    nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK)).map(|_| ()).map_err(Into::into)
}
