//! Mounting, moving and looking at mounts.

use std::io;
use std::path::Path;

use nix::mount::MntFlags;
pub use nix::mount::MsFlags as Flags;

/// Mounts; an empty `options` passes none.
pub fn mount(source: &str, target: &Path, fstype: &str, flags: Flags, options: &str) -> io::Result<()> {
    let options = (!options.is_empty()).then_some(options);
    nix::mount::mount(Some(source), target, Some(fstype), flags, options).map_err(Into::into)
}

/// A tmpfs with owner root and the given mode, for files and not for devices or programs that gain rights.
pub fn tmpfs(target: &Path, mode: &str, size: &str) -> io::Result<()> {
    mount("tmpfs", target, "tmpfs", Flags::MS_NOSUID | Flags::MS_NODEV, &format!("mode={mode},size={size}"))
}

/// Moves a mount to another place.
pub fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    nix::mount::mount(Some(from), to, None::<&str>, Flags::MS_MOVE, None::<&str>).map_err(Into::into)
}

/// Changes the flags of a mount.
pub fn remount(target: &Path, flags: Flags) -> io::Result<()> {
    nix::mount::mount(None::<&str>, target, None::<&str>, Flags::MS_REMOUNT | flags, None::<&str>).map_err(Into::into)
}

/// Takes a mount away; `lazily` also while it is in use, once that ends.
pub fn unmount(target: &Path, lazily: bool) -> io::Result<()> {
    let flags = if lazily { MntFlags::MNT_DETACH } else { MntFlags::empty() };
    nix::mount::umount2(target, flags).map_err(Into::into)
}

/// Whether something is mounted exactly there.
pub fn is_mounted(target: &Path) -> bool {
    let Some(target) = target.to_str() else { return false };
    std::fs::read_to_string("/proc/self/mounts").is_ok_and(|m| m.lines().any(|l| l.split(' ').nth(1) == Some(target)))
}

/// Tells when anything is mounted or unmounted (proc(5): `/proc/pid/mounts` can be polled).
pub struct Watch(std::fs::File);

impl Watch {
    /// Watches from now on.
    pub fn new() -> io::Result<Self> {
        std::fs::File::open("/proc/self/mounts").map(Self)
    }

    /// Waits for a change at most so long; whether there was one.
    pub fn wait(&self, at_most: std::time::Duration) -> bool {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        let mut fds = [PollFd::new(std::os::fd::AsFd::as_fd(&self.0), PollFlags::POLLPRI)];
        let timeout = i32::try_from(at_most.as_millis()).ok().and_then(|ms| PollTimeout::try_from(ms).ok()).unwrap_or(PollTimeout::MAX);
        poll(&mut fds, timeout).is_ok_and(|n| n > 0)
    }
}

/// Makes `new_root`, already the working directory, the root of this process and of the kernel's own look-ups.
pub fn switch_root(new_root: &Path) -> io::Result<()> {
    std::env::set_current_dir(new_root)?;
    move_to(Path::new("."), Path::new("/"))?;
    nix::unistd::chroot(".")?;
    std::env::set_current_dir("/")
}

/// Size of the file system at `path` and what ordinary users can still use of it, in bytes.
pub fn space(path: &Path) -> io::Result<(u64, u64)> {
    let stat = nix::sys::statvfs::statvfs(path)?;
    let unit = stat.fragment_size();
    Ok((stat.blocks() * unit, stat.blocks_available() * unit))
}
