//! radiod's own files: the running plan in `/run`, the count of reboots in `/data`.

use std::io;
use std::path::{Path, PathBuf};

use radio::machine::Plan;

/// Largest file of ours, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// radiod's folder in `/run`.
pub fn run() -> PathBuf {
    crate::ipc::run_dir().join("radiod")
}

fn data() -> PathBuf {
    crate::record::folder("radiod")
}

/// Replaces a file whole, readable by us alone.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    crate::record::replace(path, bytes, 0o600, None)
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(std::fs::File::open(path).ok()?, MAX_FILE), &mut text).ok()?;
    Some(text)
}

/// Keeps the plan and the number of its hostapd, for a radiod that is started anew.
pub fn keep_plan(plan: &Plan, pid: i32) -> io::Result<()> {
    let text = serde_json::json!({"plan": plan, "pid": pid}).to_string();
    write(&run().join("plan.json"), text.as_bytes())
}

/// The plan that was kept and its hostapd's number.
pub fn kept_plan() -> Option<(Plan, i32)> {
    let value: serde_json::Value = serde_json::from_str(&read(&run().join("plan.json"))?).ok()?;
    let pid = i32::try_from(value["pid"].as_i64()?).ok()?;
    Some((serde_json::from_value(value["plan"].clone()).ok()?, pid))
}

/// Forgets the plan.
pub fn forget_plan() {
    let _ = std::fs::remove_file(run().join("plan.json"));
}

/// Reboots without success so far; `None` where that cannot be kept: then there must be none.
pub fn reboots() -> Option<u32> {
    if data_broken() || !data().is_dir() {
        return None;
    }
    Some(read(&data().join("reboots")).and_then(|text| text.trim().parse().ok()).unwrap_or(0))
}

/// Keeps the number of reboots.
pub fn keep_reboots(count: u32) -> io::Result<()> {
    write(&data().join("reboots"), format!("{count}\n").as_bytes())
}

/// What must survive a power cut does not.
pub fn data_broken() -> bool {
    crate::ipc::run_dir().join("data-broken").exists()
}
