//! Which of the kernel's messages mean that a slot has rotted.

use std::ops::Range;

/// The part of a disk that is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The disk's name in the kernel's messages, such as `mmcblk0`.
    pub disk: String,
    /// Its sectors of 512 bytes that hold the running system.
    pub sectors: Range<u64>,
}

impl Watched {
    /// The sector of ours that could not be read, if this line of the kernel's log says so.
    ///
    /// `blk_print_req_error` (block/blk-mq.c) writes `I/O error, dev mmcblk0, sector 1234 op 0x0:(READ) flags …`, with other words before
    /// `error` for other causes. dm-verity sends an event of its own for what is read but wrong, and none for this.
    pub fn unreadable(&self, line: &str) -> Option<u64> {
        let (_, rest) = line.split_once(" error, dev ")?;
        let (disk, rest) = rest.split_once(", sector ")?;
        let (sector, rest) = rest.split_once(' ')?;
        let sector = sector.parse().ok()?;
        (disk == self.disk && rest.contains(":(READ)") && self.sectors.contains(&sector)).then_some(sector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failed_reads_of_the_running_system() {
        let watched = Watched { disk: "mmcblk0".into(), sectors: 1000..2000 };
        let line = |what: &str, disk: &str, sector: &str, op: &str| {
            format!("3,812,99,-;{what} error, dev {disk}, sector {sector} op {op} flags 0x80700 phys_seg 1 prio class 2")
        };
        assert_eq!(watched.unreadable(&line("I/O", "mmcblk0", "1000", "0x0:(READ)")), Some(1000));
        assert_eq!(watched.unreadable(&line("critical medium", "mmcblk0", "1999", "0x0:(READ)")), Some(1999));
        for (disk, sector, op) in [
            ("mmcblk0", "2000", "0x0:(READ)"),
            ("mmcblk0", "999", "0x0:(READ)"),
            ("mmcblk0", "1000", "0x1:(WRITE)"),
            ("sda", "1000", "0x0:(READ)"),
            ("mmcblk0", "x", "0x0:(READ)"),
        ] {
            assert_eq!(watched.unreadable(&line("I/O", disk, sector, op)), None, "{disk} {sector} {op}");
        }
        assert_eq!(watched.unreadable("6,1,2,-;hello"), None);
    }
}
