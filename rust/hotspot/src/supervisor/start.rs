//! Starting one unit: its directories, its rights, its pipe into the log.

use std::fs;
use std::io::{self, PipeReader};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::path::Path;
use std::process::{Command, Stdio};

use sys::process::Rights;

use super::table::{GROUP, Kind, UNITS, Unit};
use crate::ipc::run_dir;

/// Where persistent files are.
pub const DATA: &str = "/data";

/// Makes `/run/hotspot`, where our users may add sockets but not touch each other's, and what is below it.
pub fn run_directories() -> io::Result<()> {
    let run = run_dir();
    if !run.is_dir() {
        fs::create_dir(&run)?;
    }
    lchown(&run, Some(0), Some(GROUP))?;
    fs::set_permissions(&run, fs::Permissions::from_mode(0o1770))?;
    directories_in(&run)
}

/// Makes each daemon's own directory in `place`.
pub fn directories_in(place: &Path) -> io::Result<()> {
    for unit in UNITS.iter().filter(|u| u.kind == Kind::Daemon) {
        own_directory(&place.join(unit.name), unit)?;
    }
    Ok(())
}

/// A directory that only the unit may write. What lies there under that name and is none is moved out of the way.
fn own_directory(path: &Path, unit: &Unit) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => {
            fs::rename(path, path.with_extension("old"))?;
            fs::DirBuilder::new().mode(0o750).create(path)?;
        }
        Err(_) => fs::DirBuilder::new().mode(0o750).create(path)?,
    }
    lchown(path, Some(unit.user.unwrap_or(0)), Some(GROUP))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o750))
}

/// Starts a unit; its process number and the end of the pipe that it logs to.
pub fn start(unit: &Unit, timezone: &str) -> io::Result<(u32, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    sys::process::set_nonblocking(reader.as_fd())?;
    let mut command = Command::new(std::env::current_exe()?);
    match unit.kind {
        Kind::Daemon => command.arg(unit.name),
        Kind::Once(_) => command.args(["supervisor", unit.name]),
    };
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("TZ", timezone);
    // One arena: a thread each would get its own otherwise, and none of ours is busy enough to gain by it.
    command.env("MALLOC_ARENA_MAX", "1");
    for name in ["HOTSPOT_RUN", "HOTSPOT_LOG"] {
        std::env::var_os(name).map(|value| command.env(name, value));
    }
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).current_dir("/");
    let rights = Rights {
        user: unit.user.map(|uid| (uid, GROUP)),
        capabilities: unit.capabilities.to_vec(),
        files: unit.files,
        oom_score: 0,
        nice: unit.nice,
    };
    let child = sys::process::spawn(&mut command, &rights)?;
    Ok((child.id(), reader))
}

/// Runs a step of the supervisor on the side; its process number and the end of the pipe that it logs to. It is reaped with
/// the others.
pub fn helper(args: &[&str]) -> io::Result<(u32, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    sys::process::set_nonblocking(reader.as_fd())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("supervisor").args(args).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let child = sys::process::spawn(&mut command, &Rights { user: None, capabilities: Vec::new(), files: 64, oom_score: 0, nice: 0 })?;
    Ok((child.id(), reader))
}

/// The directory of the log's tail.
pub fn log_directory(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        fs::DirBuilder::new().mode(0o750).create(path)?;
    }
    Ok(())
}

/// Lets our users' group use a socket that root made.
pub fn give_to_group(path: &Path) {
    if let Err(e) = lchown(path, None, Some(GROUP)) {
        log::error!("{}: {e}", path.display());
    }
}
