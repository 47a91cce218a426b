//! The step that gives the updater what it may touch of the card, and nothing else: the boot records, the slot that does not run
//! (to write), and the one that runs (to read blocks that need not be fetched).
//!
//! It says where in `/run/hotspot/slots.json`: [`Slots`].

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use update::{Header, Layout, Slot};

use super::card;
use super::table::{GROUP, UPDATED_USER};
use crate::ipc::run_dir;

/// What the updater is handed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slots {
    /// 1.
    pub v: u32,
    /// The slot that runs: `a`, `b` or `rescue`.
    pub running: String,
    /// Its release's sequence.
    pub seq: u64,
    /// Its build time, seconds since 1970.
    pub built: u64,
    /// The boot script says that this start is a trial.
    pub trial: bool,
    /// The kernel's name of this start (`boot_id`).
    pub start: String,
    /// The slot that may be written: `a` or `b`.
    pub target: String,
    /// That slot, from its header on.
    pub target_device: PathBuf,
    /// The other one that may be read: the slot that runs, or B in the rescue system.
    pub source_device: PathBuf,
    /// The stretch with the boot records.
    pub records_device: PathBuf,
    /// Where in it the two copies are.
    pub records: [u64; 2],
}

/// Maps, hands over, tells.
pub fn run() -> Result<(), String> {
    let layout = Layout::built_in();
    let (disk, _) = card::disk()?;
    let words = fs::read_to_string("/proc/cmdline").map_err(|e| format!("/proc/cmdline: {e}"))?;
    let word = |name: &str| words.split_whitespace().rev().find_map(|w| w.strip_prefix(name)?.strip_prefix('='));
    let running: Slot = word("hotspot.slot").unwrap_or("a").parse()?;
    let target = if running == Slot::A { Slot::B } else { Slot::A };
    let source = if target == Slot::A { Slot::B } else { Slot::A };
    let map = |name: &str, (start, size): (u64, u64), write: bool| {
        let device = sys::dm::linear(name, &disk, start, size, !write).map_err(|e| format!("mapping {name}: {e}"))?;
        hand_over(&device, write).map_err(|e| format!("{}: {e}", device.display()))?;
        Ok::<_, String>(device)
    };
    let records = (layout.records[0], layout.records[1] + 4096 - layout.records[0]);
    let header = header(&disk, layout.slot(running), layout.slot_header_bytes);
    let number = |name| header.as_ref().and_then(|h| h.block.hex(name).ok()).unwrap_or(0);
    let slots = Slots {
        v: 1,
        running: running.name().into(),
        seq: number("s_seq"),
        built: number("s_built"),
        trial: word("hotspot.trial") == Some("1"),
        start: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
        target: target.name().into(),
        target_device: map("hotspot-target", layout.slot(target), true)?,
        source_device: map("hotspot-source", layout.slot(source), false)?,
        records_device: map("hotspot-records", records, true)?,
        records: layout.records.map(|at| at - layout.records[0]),
    };
    // The owner's root keys, for who may not read p1. Without them no update is taken, which the updater says.
    if let Ok(roots) = File::open("/boot/root.json").and_then(|f| {
        let mut bytes = Vec::new();
        f.take(update::Chain::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
    }) {
        crate::record::replace(&run_dir().join("roots.json"), &roots, 0o640, Some(GROUP)).map_err(|e| format!("roots.json: {e}"))?;
    }
    let path = run_dir().join("slots.json");
    let bytes = serde_json::to_vec(&slots).map_err(|e| e.to_string())?;
    crate::record::replace(&path, &bytes, 0o640, Some(GROUP)).map_err(|e| format!("{}: {e}", path.display()))
}

fn hand_over(device: &Path, write: bool) -> std::io::Result<()> {
    chown(device, Some(UPDATED_USER), Some(0))?;
    fs::set_permissions(device, fs::Permissions::from_mode(if write { 0o600 } else { 0o400 }))
}

/// What runs was read by the early program just now: a header that cannot be read again is told as release 0.
fn header(disk: &str, (start, size): (u64, u64), bytes: u64) -> Option<Header> {
    let mut header = vec![0; usize::try_from(bytes).ok()?];
    File::open(disk).and_then(|f| f.read_exact_at(&mut header, start)).ok()?;
    Header::decode(&header, size).ok()
}
