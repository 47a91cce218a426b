//! Stopping in order: daemons, log, storage.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sys::mount::{self, Flags};
use sys::process::{self, Send, Signals};

use super::schedule::{Schedule, State};
use crate::ipc::run_dir;

/// Daemons that were told to stop have this long.
const STOP_TIME: Duration = Duration::from_secs(3);
/// Who asks the supervisor to stop waits so long.
const ASK_TIME: Duration = Duration::from_secs(8);

/// Leaves our number where [`ask`] finds it.
pub fn write_pid() -> Result<(), String> {
    let path = run_dir().join("supervisor.pid");
    crate::record::replace(&path, std::process::id().to_string().as_bytes(), 0o644, Some(0)).map_err(|e| format!("{}: {e}", path.display()))
}

/// `hotspot supervisor stop`, which init runs before it restarts the box: tells the supervisor and waits.
pub fn ask() -> Result<(), String> {
    let pid =
        fs::read_to_string(run_dir().join("supervisor.pid")).ok().and_then(|t| t.parse().ok()).ok_or("the supervisor does not run")?;
    process::send(pid, Send::Stop);
    let deadline = process::uptime() + ASK_TIME;
    while process::is_alive(pid) {
        // Its parent is init, which runs this and does not collect the dead meanwhile.
        if fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| s.contains(") Z ")) {
            break;
        }
        if process::uptime() > deadline {
            return Err("the supervisor does not stop".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Ends everything that runs.
pub fn daemons(signals: &Signals, schedule: &mut Schedule) {
    let running = |schedule: &Schedule| -> Vec<u32> {
        schedule.lives().filter_map(|(_, life)| if let State::Running { pid, .. } = life.state { Some(pid) } else { None }).collect()
    };
    running(schedule).into_iter().for_each(|pid| process::send(pid, Send::Stop));
    let deadline = process::uptime() + STOP_TIME;
    while !running(schedule).is_empty() && process::uptime() < deadline {
        process::wait_readable(&[std::os::fd::AsFd::as_fd(signals)], Some(Duration::from_millis(100)));
        while signals.next().is_some() {}
        while let Some((pid, exit)) = process::reap() {
            if let Some(index) = schedule.by_pid(pid) {
                schedule.ended(index, exit.to_string(), true, process::uptime());
            }
        }
    }
    running(schedule).into_iter().for_each(|pid| process::send(pid, Send::Kill));
}

/// Writes out and takes away `/data`; read-only where somebody still uses it.
pub fn storage() {
    sys::reboot::sync();
    let data = Path::new("/data");
    if mount::is_mounted(data) && mount::unmount(data, false).is_err() {
        let _ = mount::remount(data, Flags::MS_RDONLY);
        let _ = mount::unmount(data, true);
    }
}
