//! A slot's header: where in the slot its parts are. `docs/formats/slot.md`.

use crate::env::{Block, Error};

/// Unit of the header's offsets and counts, in bytes.
const BLOCK: u64 = 512;

/// One part of a slot, in bytes from the slot's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it starts.
    pub offset: u64,
    /// How long it is.
    pub size: u64,
}

/// What the running system needs of a slot's header; kernel and initramfs are the boot script's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The squashfs root.
    pub root: Part,
    /// All variables.
    pub block: Block,
}

impl Header {
    /// Reads a header; `slot_size` in bytes bounds what it may name.
    pub fn decode(bytes: &[u8], slot_size: u64) -> Result<Self, Error> {
        let block = Block::decode(bytes)?;
        if block.hex("s_v")? != 1 {
            return Err(Error::Variable("s_v"));
        }
        let root = part(&block, "s_root_off", "s_root_cnt", bytes.len() as u64, slot_size)?;
        Ok(Self { root, block })
    }
}

fn part(block: &Block, offset: &'static str, count: &'static str, from: u64, slot_size: u64) -> Result<Part, Error> {
    let bytes = |name: &'static str| block.hex(name)?.checked_mul(BLOCK).ok_or(Error::Variable(name));
    let part = Part { offset: bytes(offset)?, size: bytes(count)? };
    if part.offset < from || part.offset > slot_size {
        return Err(Error::Variable(offset));
    }
    if part.size == 0 || part.size > slot_size - part.offset {
        return Err(Error::Variable(count));
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(offset: &str, count: &str) -> Result<Header, Error> {
        let mut block = Block::default();
        block.set("s_v", "1");
        block.set("s_root_off", offset);
        block.set("s_root_cnt", count);
        Header::decode(&block.encode(4096).unwrap(), 256 << 20)
    }

    #[test]
    fn the_root_lies_in_its_slot() {
        assert_eq!(header("8", "7fff8").unwrap().root, Part { offset: 4096, size: (256 << 20) - 4096 });
        assert_eq!(header("8", "7fff9"), Err(Error::Variable("s_root_cnt")));
        assert_eq!(header("8", "0"), Err(Error::Variable("s_root_cnt")));
        assert_eq!(header("7", "1"), Err(Error::Variable("s_root_off")), "it would overlap the header");
        assert_eq!(header("80001", "1"), Err(Error::Variable("s_root_off")));
        assert_eq!(header("ffffffffffffffff", "1"), Err(Error::Variable("s_root_off")));
        assert_eq!(header("-8", "1"), Err(Error::Variable("s_root_off")));
    }
}
