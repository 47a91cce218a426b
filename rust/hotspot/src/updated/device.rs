//! The card as the updater may touch it: what the supervisor's step `slots` has handed over.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use sys::block::{self, ALIGN, Aligned};
use update::{Block, Checkpoint, Header, Layout, Record, Slot, newest};

use super::store::Store;
use crate::supervisor::slots::Slots;

/// What is copied at once on the way to the card.
const PIECE: usize = 1 << 20;

/// Boot records and slots.
#[derive(Clone, Debug)]
pub struct Device {
    /// As it was handed over.
    pub slots: Slots,
    record_bytes: usize,
    header_bytes: usize,
    slot_bytes: u64,
}

impl Device {
    /// Reads `/run/hotspot/slots.json`. Errors: there is none, so nothing can be written here.
    pub fn open() -> Result<Self, String> {
        let path = crate::ipc::run_dir().join("slots.json");
        let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let slots: Slots = serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        let layout = Layout::built_in();
        let size = |n: u64| usize::try_from(n).map_err(|e| e.to_string());
        Ok(Self {
            slots,
            record_bytes: size(layout.record_bytes)?,
            header_bytes: size(layout.slot_header_bytes)?,
            slot_bytes: layout.slot_a.1,
        })
    }

    /// The slot that runs.
    pub fn running(&self) -> Slot {
        self.slots.running.parse().unwrap_or(Slot::A)
    }

    /// Bytes of a slot.
    pub fn slot_bytes(&self) -> u64 {
        self.slot_bytes
    }

    /// The release in the other slot, if a header says so.
    pub fn other(&self) -> Option<u64> {
        let bytes = block::read_record(&self.slots.target_device, 0, self.header_bytes).ok()?;
        Header::decode(&bytes, self.slot_bytes).ok()?.block.hex("s_seq").ok()
    }

    fn copies(&self) -> [Vec<u8>; 2] {
        self.slots.records.map(|at| block::read_record(&self.slots.records_device, at, self.record_bytes).unwrap_or_default())
    }

    /// The boot record that counts; without one, what the boot script assumes.
    pub fn record(&self) -> Block {
        let [first, second] = self.copies();
        newest([&first, &second]).map_or_else(|_| fresh(), |(_, record)| record.block)
    }

    /// Changes the boot record: all variables in one write, over the older copy. Nothing is written when nothing changes.
    pub fn change(&self, change: impl Fn(&mut Block)) -> io::Result<()> {
        let [first, second] = self.copies();
        let (at, record) = newest([&first, &second]).unwrap_or_else(|_| (1, Record { sequence: 0, block: fresh() }));
        let mut block = record.block.clone();
        change(&mut block);
        if block == record.block {
            return Ok(());
        }
        let bytes = record.successor(&block, self.record_bytes).map_err(io::Error::other)?;
        block::write_record(&self.slots.records_device, self.slots.records[1 - at], &bytes)
    }

    /// Opens the slots for the engine: the target for this process alone.
    pub fn open_slots(&self, store: Store) -> io::Result<CardSlots> {
        let target = block::open(&self.slots.target_device, true, true, true)?;
        let other = block::open(&self.slots.source_device, false, false, true).ok();
        Ok(CardSlots { target, other, size: self.slot_bytes, buffer: Aligned::new(PIECE), store })
    }
}

/// The record of a card without any: slot A, no trial.
fn fresh() -> Block {
    let mut block = Block::default();
    for (name, value) in [("r_slot", "a"), ("r_trial", "0"), ("r_left", "0"), ("r_bad", "0"), ("r_floor", "0"), ("r_built", "0")] {
        block.set(name, value);
    }
    block
}

/// The slots as the engine sees them, past the page cache in both directions.
pub struct CardSlots {
    target: File,
    other: Option<File>,
    size: u64,
    buffer: Aligned,
    store: Store,
}

const CHECKPOINT: &str = "checkpoint.json";

/// Reads any stretch by whole aligned blocks around it.
fn read(file: &File, buffer: &mut Aligned, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        let skip = usize::try_from(offset % ALIGN as u64).unwrap_or(0);
        let take = out.len().min(PIECE - skip);
        let whole = (skip + take).next_multiple_of(ALIGN);
        file.read_exact_at(&mut buffer[..whole], offset - skip as u64)?;
        out[..take].copy_from_slice(&buffer[skip..skip + take]);
        offset += take as u64;
        out = &mut out[take..];
    }
    Ok(())
}

impl CardSlots {
    fn within(&self, offset: u64, length: usize) -> io::Result<()> {
        let fits = offset.checked_add(length as u64).is_some_and(|end| end <= self.size);
        if fits { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "beyond the slot")) }
    }
}

impl update::Slots for CardSlots {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.within(offset, buf.len())?;
        read(&self.target, &mut self.buffer, offset, buf)
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.within(offset, bytes.len())?;
        if !offset.is_multiple_of(ALIGN as u64) || !bytes.len().is_multiple_of(ALIGN) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not whole blocks"));
        }
        for (piece, at) in bytes.chunks(PIECE).zip((offset..).step_by(PIECE)) {
            self.buffer[..piece.len()].copy_from_slice(piece);
            self.target.write_all_at(&self.buffer[..piece.len()], at)?;
        }
        Ok(())
    }

    fn read_other(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<bool> {
        if self.within(offset, buf.len()).is_err() {
            return Ok(false);
        }
        let Some(other) = &self.other else { return Ok(false) };
        // A block that rots in the slot that runs is another one's business: it is fetched instead.
        Ok(read(other, &mut self.buffer, offset, buf).is_ok())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.target.sync_data()
    }

    fn checkpoint(&mut self) -> Option<Checkpoint> {
        self.store.read(CHECKPOINT)
    }

    fn set_checkpoint(&mut self, checkpoint: Option<Checkpoint>) -> io::Result<()> {
        match checkpoint {
            Some(checkpoint) => self.store.write(CHECKPOINT, &checkpoint),
            None => self.store.remove(CHECKPOINT).unwrap_or_else(|e| log::warn!("{CHECKPOINT}: {e}")),
        }
        Ok(())
    }
}
