//! The guard: what of the early program stays when the root takes over. When the running slot turns out to be rotten it marks the slot in
//! the boot record and restarts the box.
//!
//! It runs from the initramfs, whose memory has no disk behind it: no rot can reach it, and it listens before the first program of the root
//! runs. A slot that was marked already was started because nothing else could be: then a box with one unreadable file is better than a
//! box that restarts for ever.

use std::fs::File;
use std::io::{PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sys::uevent::Listener;
use update::{Layout, Slot, Watched};

use crate::bootrecord::Records;

/// What other programs have written may reach the card within this time, if the card still takes it.
const SYNC_TIME: Duration = Duration::from_secs(3);

/// What a guard is told.
pub struct Post {
    /// The card, as `/dev/…`.
    pub disk: String,
    /// The running slot.
    pub slot: Slot,
    /// Where its payload is.
    pub watched: Watched,
}

/// Starts the guard and returns when it listens. Everything that it needs it has open by then.
pub fn start(post: &Post) -> Result<(), String> {
    let (mut ready, writer) = std::io::pipe().map_err(|e| e.to_string())?;
    let sectors = &post.watched.sectors;
    Command::new("/proc/self/exe")
        .args(["guard", &post.disk, post.slot.name(), &post.watched.disk, &sectors.start.to_string(), &sectors.end.to_string()])
        .stdin(Stdio::null())
        .stdout(writer)
        .spawn()
        .map_err(|e| e.to_string())?;
    wait_for(&mut ready)
}

/// The guard says that it listens by one byte; it ends without when it cannot.
fn wait_for(ready: &mut PipeReader) -> Result<(), String> {
    ready.read_exact(&mut [0]).map_err(|_| "it ended at once".to_owned())
}

/// `guard DISK SLOT NAME FIRST END`, as [`start`] calls it.
pub fn run(args: &[String]) -> Result<(), String> {
    let [disk, slot, name, first, end] = args else { return Err("guard: wrong arguments".into()) };
    let number = |text: &String| text.parse::<u64>().map_err(|e| format!("{text}: {e}"));
    let watched = Watched { disk: name.clone(), sectors: number(first)?..number(end)? };
    let slot: Slot = slot.parse()?;
    let records = Records::open(Path::new(disk), &Layout::built_in())?;
    let events = Listener::new().map_err(|e| format!("uevents: {e}"))?;
    let kernel = File::options().read(true).write(true).custom_flags(NONBLOCK).open("/dev/kmsg").map_err(|e| format!("/dev/kmsg: {e}"))?;
    let _ = std::fs::write("/proc/self/oom_score_adj", "-1000");
    std::io::stdout().write_all(b"!").and_then(|()| std::io::stdout().flush()).map_err(|e| e.to_string())?;
    let mut told = false;
    loop {
        sys::process::wait_readable(&[events.as_fd(), kernel.as_fd()], None);
        let Some(what) = rotten(&events).or_else(|| unreadable(&kernel, &watched)) else { continue };
        match act(&records, slot, &what) {
            Some(line) if !told => {
                told = true;
                say(&kernel, &line);
            }
            Some(_) => {}
            None => {
                say(&kernel, &format!("{what}: slot {} is marked bad, restarting into the other", slot.name()));
                restart();
            }
        }
    }
}

/// `O_NONBLOCK` (asm-generic/fcntl.h, the same on all that we build for).
const NONBLOCK: i32 = 0o4000;

fn say(mut kernel: &File, text: &str) {
    let _ = kernel.write_all(format!("<3>hotspot-early: {text}\n").as_bytes());
}

/// Marks the slot. What to say when the box is not to be restarted.
fn act(records: &Records, slot: Slot, what: &str) -> Option<String> {
    let name = slot.name();
    if slot == Slot::Rescue {
        return Some(format!("{what}: the rescue system itself is damaged; write the card again"));
    }
    match records.change(|record| if record.is_bad(slot) { None } else { record.with_bad(slot) }) {
        Ok(true) => None,
        Ok(false) => {
            Some(format!("{what}: slot {name} is damaged and there was nothing better to start; install an update or write the card again"))
        }
        Err(why) => Some(format!("{what}, and slot {name} cannot be marked bad: {why}")),
    }
}

/// dm-verity's news, if there is some.
fn rotten(events: &Listener) -> Option<String> {
    std::iter::from_fn(|| events.next()).find_map(|news| news.rotten_block).map(|block| format!("block {block} of the root is rotten"))
}

/// The kernel's complaint about a sector of ours, if there is one.
fn unreadable(mut kernel: &File, watched: &Watched) -> Option<String> {
    let mut record = [0; 8192];
    let mut found = None;
    loop {
        match kernel.read(&mut record) {
            Ok(0) => return found,
            Ok(length) => {
                let sector = std::str::from_utf8(&record[..length]).ok().and_then(|line| watched.unreadable(line));
                found = found.or_else(|| sector.map(|s| format!("sector {s} cannot be read")));
            }
            // Overwritten before it was read.
            Err(e) if e.raw_os_error() == Some(32) || e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return found,
        }
    }
}

fn restart() {
    let (done, waits) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        sys::reboot::sync();
        let _ = done.send(());
    });
    let _ = waits.recv_timeout(SYNC_TIME);
    // It does not return unless it is refused: then the next piece of news tries again.
    let _ = sys::reboot::restart();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_marked_once_and_rescue_never() {
        let path = Path::new("/var/tmp").join(format!("hotspot-guard-{}", std::process::id()));
        File::create(&path).and_then(|f| f.set_len(16 << 20)).unwrap();
        let records = Records::open(&path, &Layout::built_in()).unwrap();
        assert_eq!(act(&records, Slot::A, "block 1,2"), None);
        assert!(act(&records, Slot::A, "block 1,2").unwrap().contains("nothing better"));
        let look = |record: &update::Record| {
            assert!(record.is_bad(Slot::A) && record.sequence == 1, "one write");
            None
        };
        assert_eq!(records.change(look), Ok(false));
        assert!(act(&records, Slot::Rescue, "block 1,2").is_some());
        std::fs::remove_file(&path).unwrap();
    }
}
