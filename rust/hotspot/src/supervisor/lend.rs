//! A stick that is lent: mounted to be written for as long as one of our daemons writes, with one folder on it that is theirs.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use sys::mount::{self, Flags};

use super::sticks::{ALWAYS, FOLDER, Stick};
use super::table::GROUP;

/// How long whoever still reads or writes is waited for.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);
/// Of the folder.
const MODE: u32 = 0o775;

/// Brings one to what is wanted, and says in it what came of that.
pub fn set(stick: &mut Stick, write: bool) {
    let Some(path) = stick.path.clone() else { return };
    stick.refused = None;
    if write == stick.writable {
        return;
    }
    let result = if write { begin(stick, &path) } else { patiently(|| change(stick, &path, false)).map_err(|e| e.to_string()) };
    match result {
        Ok(()) => {
            stick.writable = write;
            log::info!("the stick {} is {}", stick.name, if write { "to be written" } else { "read-only again" });
        }
        Err(why) => {
            log::warn!("the stick {} cannot be {}: {why}", stick.name, if write { "written" } else { "made read-only" });
            stick.refused = write.then_some(why);
        }
    }
}

fn begin(stick: &Stick, path: &Path) -> Result<(), String> {
    patiently(|| change(stick, path, true)).map_err(|e| match e.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EROFS | Errno::EACCES) => "it is write-protected: it may have a switch, or be worn out".to_owned(),
        Some(Errno::EBUSY) => "it is being read: wait a minute and try again".to_owned(),
        _ => format!("its file system ({}) does not take writing: {e}; check it on a computer", stick.fs),
    })?;
    folder(path).map_err(|e| {
        let _ = change(stick, path, false);
        format!("the folder {FOLDER} cannot be made on it: {e}")
    })
}

fn change(stick: &Stick, path: &Path, write: bool) -> io::Result<()> {
    if stick.fs != "ext4" {
        return mount::remount(path, flags(write));
    }
    // Read-only, ext4's journal was passed over: only a new mount replays it.
    mount::unmount(path, false)?;
    ext4(stick, path, write).inspect_err(|_| {
        // Readable it shall be in any case.
        let _ = ext4(stick, path, false);
    })
}

fn ext4(stick: &Stick, path: &Path, write: bool) -> io::Result<()> {
    let device = Path::new("/dev").join(&stick.name);
    mount::mount(&device.to_string_lossy(), path, "ext4", flags(write), if write { "errors=remount-ro" } else { "noload" })
}

fn flags(write: bool) -> Flags {
    if write { ALWAYS } else { ALWAYS | Flags::MS_RDONLY }
}

fn patiently(mut attempt: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    for _ in 1..TRIES {
        match attempt() {
            Err(e) if e.raw_os_error() == Some(Errno::EBUSY as i32) => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
    attempt()
}

/// The folder, our group's to write and anybody's to read; no link is followed to one.
fn folder(stick: &Path) -> io::Result<()> {
    let path = stick.join(FOLDER);
    match fs::DirBuilder::new().mode(MODE).create(&path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    let opened = File::options().read(true).custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits()).open(&path)?;
    // FAT has no owners: there all is the group's by the mount.
    let owned = fchown(&opened, Some(0), Some(GROUP)).and_then(|()| opened.set_permissions(Permissions::from_mode(MODE)));
    match owned {
        Err(e) if e.raw_os_error() != Some(Errno::EPERM as i32) => Err(e),
        _ => Ok(()),
    }
}
