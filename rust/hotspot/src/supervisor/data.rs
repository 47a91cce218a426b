//! The step that mounts `/boot` and `/data`, a process of its own: whatever happens in it, the portal is up.

use std::fs::{self, File};
use std::io::Seek;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sys::mount::{self, Flags};
use sys::process::Rights;
use update::Layout;

use super::card;
use super::storage::{self, Outcome, Step};
use super::versions;
use crate::ipc::run_dir;

/// All repairing together has this long before the box goes on without; the rest of the unit's time is for mounting.
const REPAIR_TIME: Duration = Duration::from_secs(30);
/// A large and badly damaged storage may take so long, while the box serves from memory.
const LONG_REPAIR_TIME: Duration = Duration::from_secs(6 * 3600);
/// Arguments of the e2fsck that was cut short, one a line, for [`repair`].
const UNFINISHED: &str = "data-unfinished";

/// Mounts both. Errors: only what leaves the box without any `/data`.
pub fn run() -> Result<(), String> {
    let layout = Layout::built_in();
    let disk = card::disk();
    if let Err(why) = disk.as_ref().map_err(Clone::clone).and_then(|(disk, _)| mount_boot(&layout, disk)) {
        log::error!("hotspot.toml cannot be read: {why}");
    }
    if mount::is_mounted(Path::new("/data")) {
        return Ok(());
    }
    let broken = run_dir().join("data-broken");
    // What was not taken over must not be written in the old one's place: then it is as if there were no storage.
    let taken_over = || {
        let trial = fs::read_to_string("/proc/cmdline").is_ok_and(|words| words.split_whitespace().any(|w| w == "hotspot.trial=1"));
        versions::prepare(Path::new("/data"), trial).map_err(|e| format!("the data of the release before cannot be taken over: {e}"))
    };
    match disk.and_then(|(disk, size)| mount_data(&layout, &disk, size)).and_then(|()| taken_over()) {
        Ok(()) => {
            let _ = fs::remove_file(broken);
        }
        Err(why) => {
            log::error!("{why}; what is changed now is lost when the power goes");
            mount::tmpfs(Path::new("/data"), "0755", "16m").map_err(|e| format!("/data: {e}"))?;
            let written =
                fs::write(&broken, format!("{why}\n")).and_then(|()| fs::set_permissions(&broken, fs::Permissions::from_mode(0o644)));
            written.map_err(|e| format!("{}: {e}", broken.display()))?;
        }
    }
    Ok(())
}

/// The step after: goes on with a repair that took too long, with all the time it needs. The next start finds it done.
pub fn repair() -> Result<(), String> {
    let Ok(args) = fs::read_to_string(run_dir().join(UNFINISHED)) else { return Ok(()) };
    let args: Vec<&str> = args.lines().collect();
    log::warn!("the storage is being repaired while the box serves from memory");
    run_tool("e2fsck", &args, Instant::now() + LONG_REPAIR_TIME, storage::checked_well).map_err(|e| e.to_string())?;
    let done = "the storage is repaired; it is used from the next start on";
    log::warn!("{done}");
    fs::write(run_dir().join("data-broken"), format!("{done}\n")).map_err(|e| e.to_string())
}

fn mount_boot(layout: &Layout, disk: &str) -> Result<(), String> {
    if mount::is_mounted(Path::new("/boot")) {
        return Ok(());
    }
    let device = card::map_boot(layout, disk)?;
    let flags = Flags::MS_RDONLY | Flags::MS_NOSUID | Flags::MS_NODEV | Flags::MS_NOEXEC;
    // The file holds passwords: root alone reads it.
    mount::mount(&device.to_string_lossy(), Path::new("/boot"), "vfat", flags, "umask=0077").map_err(|e| format!("mounting p1: {e}"))
}

fn mount_data(layout: &Layout, disk: &str, size: u64) -> Result<(), String> {
    let Some(device) = card::map_data(layout, disk, size)? else {
        return Err("the card has no room left for storage; use a card of 2 GB or more".into());
    };
    let found =
        storage::first_look(&read(&device, 0, storage::START_BYTES)?, &read(&device, storage::BACKUP_OFFSET, storage::BACKUP_BYTES)?);
    let deadline = Instant::now() + REPAIR_TIME;
    let path = device.to_string_lossy();
    let mut step = storage::first(found);
    let mut why = String::new();
    let check = |args: &[&str]| {
        let result = run_tool("e2fsck", args, deadline, storage::checked_well);
        if let Err(ToolError::TooLong) = result {
            fs::write(run_dir().join(UNFINISHED), args.join("\n")).map_err(|e| e.to_string())?;
        }
        result.map_err(|e| e.to_string())
    };
    loop {
        let mut corrupt = false;
        let result = match step {
            Step::Check => check(&["-p", &path]),
            Step::Repair => {
                log::warn!("the storage is damaged and is being repaired");
                check(&["-f", "-y", &path])
            }
            Step::RepairFromBackup => {
                log::warn!("the storage's beginning is damaged and is being repaired from its backup");
                check(&["-f", "-y", "-b", storage::BACKUP_BLOCK, "-B", "4096", &path])
            }
            Step::Format => {
                log::warn!("formatting the storage: {}", reason(found));
                blank(&device)?;
                run_tool("mke2fs", &FORMAT.iter().copied().chain([&*path]).collect::<Vec<_>>(), deadline, |status| status == 0)
                    .map_err(|e| e.to_string())
            }
            Step::Mount(_) => {
                let flags = Flags::MS_NOATIME | Flags::MS_NODEV | Flags::MS_NOSUID | Flags::MS_NOEXEC;
                match mount::mount(&path, Path::new("/data"), "ext4", flags, MOUNT_OPTIONS) {
                    Ok(()) => return Ok(()),
                    Err(e) => {
                        corrupt = storage::is_corrupt(&e);
                        Err(format!("mounting it: {e}"))
                    }
                }
            }
            Step::GiveUp => return Err(format!("the card's storage cannot be used ({why})")),
        };
        let outcome = match &result {
            Ok(()) => Outcome::Well,
            Err(_) if corrupt => Outcome::Corrupt,
            Err(_) => Outcome::Failed,
        };
        if let Err(error) = result {
            log::warn!("storage: {error}");
            why = error;
        }
        // Who ran out of time with one tool has none for the next.
        let late = Instant::now() > deadline && outcome != Outcome::Well;
        step = if late { Step::GiveUp } else { storage::next(found, step, outcome) };
    }
}

fn reason(found: storage::Found) -> &'static str {
    match found {
        storage::Found::Blank => "the card is new",
        storage::Found::Unused => "the first formatting was cut short",
        storage::Found::Unknown => "it held no file system and no backup of one",
        storage::Found::Used | storage::Found::Headless => "repairing it did not help",
    }
}

/// Zeros where [`storage::first_look`] looks, the backup first: a formatting that is cut short is known by what it left there, and an earlier
/// installation's backup must not be taken for it.
fn blank(device: &Path) -> Result<(), String> {
    let zeros = vec![0; storage::START_BYTES];
    let write = || {
        let file = File::options().write(true).open(device)?;
        let size = (&file).seek(std::io::SeekFrom::End(0))?;
        for (at, length) in [(storage::BACKUP_OFFSET, 4096), (0, storage::START_BYTES)] {
            if at + length as u64 <= size {
                file.write_all_at(&zeros[..length], at)?;
                file.sync_all()?;
            }
        }
        Ok(())
    };
    write().map_err(|e: std::io::Error| format!("the card's storage cannot be written: {e}"))
}

/// Few inodes and a small journal: content is large files, and a card is slow. Nothing is discarded, which can take
/// minutes on some cards. Tables are written when they are first used (and `noinit_itable`, or the kernel would write
/// them all in the background). No orphan file: where its blocks were lost, e2fsck says that all is well and the kernel
/// refuses to mount.
const FORMAT: &[&str] = &[
    "-t",
    "ext4",
    "-q",
    "-F",
    "-b",
    "4096",
    "-i",
    "65536",
    "-m",
    "1",
    "-L",
    "data",
    "-J",
    "size=4",
    "-O",
    "^orphan_file",
    "-E",
    "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
];
/// Files of record are fsynced by who writes them; the rest may wait half a minute.
const MOUNT_OPTIONS: &str = "commit=30,noinit_itable,errors=remount-ro";

/// Bytes of the device; fewer where it ends.
fn read(device: &Path, offset: u64, length: usize) -> Result<Vec<u8>, String> {
    let file = File::open(device).map_err(|e| format!("the card's storage: {e}"))?;
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(format!("the card's storage cannot be read: {e}")),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Why one of e2fsprogs did not do what it was to do.
enum ToolError {
    TooLong,
    Other(String),
}

impl std::fmt::Display for ToolError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong => f.write_str("it takes too long, and goes on while the box serves from memory"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

/// Runs one of e2fsprogs until the deadline.
fn run_tool(program: &str, args: &[&str], deadline: Instant, is_well: impl Fn(i32) -> bool) -> Result<(), ToolError> {
    let mut command = Command::new(program);
    // What e2fsck answers is for a screen; its exit status is for us.
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let rights = Rights { user: None, capabilities: Vec::new(), files: 64, oom_score: 0, nice: 0 };
    let other = |e: std::io::Error| ToolError::Other(format!("{program}: {e}"));
    let mut child = sys::process::spawn(&mut command, &rights).map_err(other)?;
    loop {
        match child.try_wait().map_err(other)? {
            Some(status) if status.code().is_some_and(&is_well) => return Ok(()),
            Some(status) => return Err(ToolError::Other(format!("{program}: {status}"))),
            None if Instant::now() > deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(ToolError::TooLong);
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
