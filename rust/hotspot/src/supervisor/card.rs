//! The card as the supervisor's steps reach it: through device-mapper, on the disk that the root came from.

use std::fs;
use std::path::PathBuf;

use update::Layout;

/// The disk under `hotspot-root-data` as `/dev/…`, with its size in bytes.
pub fn disk() -> Result<(String, u64), String> {
    let blocks = fs::read_dir("/sys/block").map_err(|e| format!("/sys/block: {e}"))?;
    let root = blocks
        .flatten()
        .map(|e| e.path())
        .find(|p| fs::read_to_string(p.join("dm/name")).is_ok_and(|n| n.trim() == "hotspot-root-data"))
        .ok_or("the root is not on a card of ours")?;
    let mut slaves = fs::read_dir(root.join("slaves")).map_err(|e| e.to_string())?.flatten();
    let name = slaves.next().and_then(|e| e.file_name().into_string().ok()).ok_or("the root has no disk")?;
    let blocks = fs::read_to_string(format!("/sys/block/{name}/size")).map_err(|e| e.to_string())?;
    let size = blocks.trim().parse::<u64>().map_err(|e| e.to_string())? * 512;
    Ok((format!("/dev/{name}"), size))
}

/// Maps p1, read-only.
pub fn map_boot(layout: &Layout, disk: &str) -> Result<PathBuf, String> {
    sys::dm::linear("hotspot-boot", disk, layout.boot.0, layout.boot.1, true).map_err(|e| format!("mapping p1: {e}"))
}

/// Maps `/data`: from its place to the end of the card, in whole MiB. `None` when that is too small for a file system.
pub fn map_data(layout: &Layout, disk: &str, disk_size: u64) -> Result<Option<PathBuf>, String> {
    let size = data_size(layout, disk_size);
    if size < SMALLEST_DATA {
        return Ok(None);
    }
    sys::dm::linear("hotspot-data", disk, layout.data, size, false).map(Some).map_err(|e| format!("mapping the storage: {e}"))
}

/// Room for a journal and little else; below this the card serves as if it had no storage.
const SMALLEST_DATA: u64 = 16 * update::MIB;

fn data_size(layout: &Layout, disk_size: u64) -> u64 {
    disk_size.saturating_sub(layout.data) / update::MIB * update::MIB
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_takes_the_rest_of_the_card() {
        let layout = Layout::built_in();
        assert_eq!(data_size(&layout, layout.data + (9 << 20) + 4096), 9 << 20);
        assert_eq!(data_size(&layout, 1 << 20), 0);
    }
}
