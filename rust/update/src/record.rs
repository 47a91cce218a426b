//! The boot record: which slot to boot. Two copies in different erase blocks; the older one is overwritten, whole.

use crate::Slot;
use crate::env::{Block, Error};

/// A record: its sequence number with all its variables (`docs/formats/slot.md`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Grows by one with every write.
    pub sequence: u64,
    /// All variables, the sequence too.
    pub block: Block,
}

/// Name of the sequence number's variable.
const SEQUENCE: &str = "r_seq";
/// Name of the format version's variable; the boot script takes only 1.
const VERSION: &str = "r_v";

impl Record {
    /// Reads one copy.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let block = Block::decode(bytes)?;
        if block.hex(VERSION)? != 1 {
            return Err(Error::Variable(VERSION));
        }
        Ok(Self { sequence: block.hex(SEQUENCE)?, block })
    }

    /// What counts when neither copy is valid, as the boot script takes it: slot A, no trial.
    pub fn default_variables() -> Block {
        let mut block = Block::default();
        for (name, value) in [("r_slot", "a"), ("r_trial", "0"), ("r_left", "0"), ("r_bad", "0"), ("r_floor", "0"), ("r_built", "0")] {
            block.set(name, value);
        }
        block
    }

    /// Whether a slot was found rotten.
    pub fn is_bad(&self, slot: Slot) -> bool {
        slot != Slot::Rescue && self.block.get("r_bad").is_some_and(|bad| bad.contains(slot.name()))
    }

    /// The variables of a record in which this slot is rotten: a trial of it has no attempts left. When it was marked already, and still
    /// was started for want of anything better, the other slot is tried first next time.
    ///
    /// `None`: rescue has no mark.
    pub fn with_bad(&self, slot: Slot) -> Option<Block> {
        let other = match slot {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
            Slot::Rescue => return None,
        };
        let mut block = self.block.clone();
        if self.is_bad(slot) {
            block.set("r_slot", other.name());
        }
        block.set("r_bad", if self.is_bad(other) { "ab" } else { slot.name() });
        if block.get("r_trial") == Some(slot.name()) {
            block.set("r_left", "0");
        }
        Some(block)
    }

    /// The next record with these variables as `size` bytes.
    pub fn successor(&self, block: &Block, size: usize) -> Result<Vec<u8>, Error> {
        let mut block = block.clone();
        block.set_hex(VERSION, 1);
        block.set_hex(SEQUENCE, self.sequence + 1);
        block.encode(size)
    }
}

/// The newest valid of two copies and its index; the next write goes to the other.
///
/// Errors: neither is valid (the second's reason).
pub fn newest(copies: [&[u8]; 2]) -> Result<(usize, Record), Error> {
    match copies.map(Record::decode) {
        [Ok(first), Ok(second)] if second.sequence > first.sequence => Ok((1, second)),
        [Ok(first), _] => Ok((0, first)),
        [Err(_), second] => second.map(|record| (1, record)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sequence: u64, slot: &str) -> Vec<u8> {
        let mut block = Block::default();
        block.set("r_slot", slot);
        Record { sequence: sequence - 1, block: block.clone() }.successor(&block, 512).unwrap()
    }

    #[test]
    fn the_newer_one_counts() {
        let (old, new) = (record(9, "a"), record(10, "b"));
        assert_eq!(newest([&old, &new]).unwrap().0, 1);
        let (index, record) = newest([&new, &old]).unwrap();
        assert_eq!((index, record.sequence, record.block.get("r_slot")), (0, 10, Some("b")));
        assert!(newest([&[0; 512], &[0xff; 512]]).is_err());
    }

    #[test]
    fn rotten_slots_are_marked_and_their_trial_ends() {
        let fresh = Record { sequence: 4, block: Record::default_variables() };
        let a = Record { sequence: 5, block: fresh.with_bad(Slot::A).unwrap() };
        assert!(a.is_bad(Slot::A) && !a.is_bad(Slot::B) && !a.is_bad(Slot::Rescue));
        assert_eq!(a.block.get("r_slot"), Some("a"));
        let both = Record { sequence: 6, block: a.with_bad(Slot::B).unwrap() };
        assert_eq!(both.block.get("r_bad"), Some("ab"));
        let again = Record { sequence: 7, block: both.with_bad(Slot::A).unwrap() };
        assert_eq!((again.block.get("r_bad"), again.block.get("r_slot")), (Some("ab"), Some("b")), "the other one's turn");
        let mut trial = fresh.clone();
        trial.block.set("r_trial", "b");
        trial.block.set("r_left", "2");
        assert_eq!(trial.with_bad(Slot::B).unwrap().get("r_left"), Some("0"));
        assert_eq!(trial.with_bad(Slot::A).unwrap().get("r_left"), Some("2"));
        assert_eq!(fresh.with_bad(Slot::Rescue), None);
    }

    #[test]
    fn a_record_of_another_format_is_none() {
        let mut block = Block::default();
        block.set("r_v", "2");
        block.set("r_seq", "5");
        assert_eq!(Record::decode(&block.encode(512).unwrap()), Err(Error::Variable("r_v")));
    }

    #[test]
    fn any_one_broken_byte_leaves_the_other_record() {
        let (old, new) = (record(9, "a"), record(10, "b"));
        for at in 0..512 {
            for flip in [1, 0x80, 0xff] {
                let mut broken = new.clone();
                broken[at] ^= flip;
                assert_eq!(newest([&old, &broken]).unwrap().1.sequence, 9, "byte {at}");
                assert_eq!(newest([&broken, &old]).unwrap(), (1, Record::decode(&old).unwrap()), "byte {at}");
            }
        }
    }

    #[test]
    fn a_write_cut_anywhere_leaves_the_other_record() {
        let (old, older, new) = (record(9, "a"), record(8, "b"), record(10, "b"));
        for cut in 0..512 {
            let torn = [&new[..cut], &older[cut..]].concat();
            assert_eq!(newest([&old, &torn]).unwrap().1.sequence, 9.max(if torn == new { 10 } else { 0 }), "cut at {cut}");
        }
    }
}
