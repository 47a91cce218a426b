//! The two boot records on the card: reading the newest, and replacing the older one with its successor.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use sys::block::{self, Aligned};
use update::{Block, Layout, Record};

/// Size of a record, in bytes.
const SECTOR: usize = 512;

/// The records of one card. It stays open: the guard outlives the path.
pub struct Records {
    disk: File,
    places: [u64; 2],
}

impl Records {
    /// `disk` is the whole card, or anything else with the records at the layout's offsets.
    pub fn open(disk: &Path, layout: &Layout) -> Result<Self, String> {
        let disk = block::open(disk, true, false, true).map_err(|e| format!("{}: {e}", disk.display()))?;
        Ok(Self { disk, places: layout.records })
    }

    fn copy(&self, place: u64) -> io::Result<Aligned> {
        let mut buffer = Aligned::new(SECTOR);
        self.disk.read_exact_at(&mut buffer, place)?;
        Ok(buffer)
    }

    /// The newest valid record and the place of the other copy. A copy that cannot be read counts as invalid; without any, what the boot
    /// script takes then, with sequence 0.
    fn newest(&self) -> (Record, u64) {
        let copies = self.places.map(|place| self.copy(place).unwrap_or_else(|_| Aligned::new(SECTOR)));
        match update::newest([&copies[0], &copies[1]]) {
            Ok((index, record)) => (record, self.places[1 - index]),
            Err(_) => (Record { sequence: 0, block: Record::default_variables() }, self.places[0]),
        }
    }

    /// Writes the variables that `change` makes of the record that counts; nothing when it makes none. Whether something was written.
    pub fn change(&self, change: impl FnOnce(&Record) -> Option<Block>) -> Result<bool, String> {
        let (record, older) = self.newest();
        let Some(block) = change(&record) else { return Ok(false) };
        let bytes = record.successor(&block, SECTOR).map_err(|e| format!("boot record: {e}"))?;
        let mut buffer = Aligned::new(SECTOR);
        buffer.copy_from_slice(&bytes);
        self.disk.write_all_at(&buffer, older).and_then(|()| self.disk.sync_data()).map_err(|e| format!("boot record: {e}"))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_alternate_between_the_copies() {
        let layout = Layout::built_in();
        let path = Path::new("/var/tmp").join(format!("hotspot-records-{}", std::process::id()));
        File::create(&path).and_then(|f| f.set_len(16 << 20)).unwrap();
        let records = Records::open(&path, &layout).unwrap();
        assert_eq!((records.newest().0.sequence, records.newest().0.block.get("r_slot")), (0, Some("a")));
        for n in 1..4 {
            assert_eq!(records.change(|r| r.with_bad(update::Slot::B)), Ok(true));
            assert_eq!(records.newest().0.sequence, n);
        }
        assert_eq!(records.change(|_| None), Ok(false));
        let held = layout.records.map(|place| Record::decode(&records.copy(place).unwrap()).unwrap().sequence);
        assert_eq!(held, [3, 2]);
        std::fs::remove_file(&path).unwrap();
    }
}
