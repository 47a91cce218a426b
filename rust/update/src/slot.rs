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

/// How the root is checked while it runs: dm-verity's hash tree, format 1, SHA-256, no superblock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verity {
    /// The hash tree.
    pub tree: Part,
    /// Size of a data and of a hash block, in bytes.
    pub block: u64,
    /// The root hash, 64 hexadecimal digits.
    pub root_hash: String,
    /// The salt, hexadecimal, at most 64 digits; `-` for none.
    pub salt: String,
}

/// What the running system needs of a slot's header; kernel and initramfs are the boot script's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The squashfs root, whole blocks.
    pub root: Part,
    /// Its hash tree.
    pub verity: Verity,
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
        if root.size % VERITY_BLOCK != 0 {
            return Err(Error::Variable("s_root_cnt"));
        }
        let verity = verity(&block, bytes.len() as u64, slot_size)?;
        Ok(Self { root, verity, block })
    }
}

/// The only block size: the kernel's page, so that each page read is one block checked.
const VERITY_BLOCK: u64 = 4096;

fn verity(block: &Block, from: u64, slot_size: u64) -> Result<Verity, Error> {
    if block.hex("s_verity_block")? != VERITY_BLOCK {
        return Err(Error::Variable("s_verity_block"));
    }
    // These go into device-mapper's table as they are, so nothing but digits gets there.
    let digits = |name: &'static str, lengths: std::ops::RangeInclusive<usize>| {
        let text = block.get(name).filter(|t| lengths.contains(&t.len()) && t.len() % 2 == 0 && t.bytes().all(|b| b.is_ascii_hexdigit()));
        text.map(str::to_owned).ok_or(Error::Variable(name))
    };
    let salt = if block.get("s_verity_salt") == Some("-") { "-".to_owned() } else { digits("s_verity_salt", 2..=64)? };
    let tree = part(block, "s_verity_off", "s_verity_cnt", from, slot_size)?;
    if tree.offset % VERITY_BLOCK != 0 || tree.size % VERITY_BLOCK != 0 {
        return Err(Error::Variable("s_verity_off"));
    }
    Ok(Verity { tree, block: VERITY_BLOCK, root_hash: digits("s_verity_root", 64..=64)?, salt })
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

    fn with(changes: &[(&str, &str)]) -> Result<Header, Error> {
        let mut block = Block::default();
        let hash = "5a".repeat(32);
        let whole = [("s_v", "1"), ("s_root_off", "8"), ("s_root_cnt", "10"), ("s_verity_off", "18"), ("s_verity_cnt", "8")];
        for (name, value) in
            whole.iter().chain(&[("s_verity_block", "1000"), ("s_verity_root", &hash), ("s_verity_salt", "0f")]).chain(changes)
        {
            block.set(name, *value);
        }
        Header::decode(&block.encode(4096).unwrap(), 256 << 20)
    }

    fn header(offset: &str, count: &str) -> Result<Header, Error> {
        with(&[("s_root_off", offset), ("s_root_cnt", count)])
    }

    #[test]
    fn nothing_but_digits_reaches_the_kernels_table() {
        let good = with(&[]).unwrap().verity;
        assert_eq!((good.tree, good.salt.as_str(), good.root_hash.len()), (Part { offset: 0x3000, size: 4096 }, "0f", 64));
        assert_eq!(with(&[("s_verity_salt", "-")]).unwrap().verity.salt, "-");
        for (name, value) in [
            ("s_verity_root", "5a 1 ignore_corruption"),
            ("s_verity_root", "5a"),
            ("s_verity_salt", ""),
            ("s_verity_salt", "0f 1 ignore_corruption"),
            ("s_verity_block", "200"),
            ("s_verity_off", "19"),
            ("s_verity_cnt", "7"),
            ("s_root_cnt", "11"),
        ] {
            assert!(with(&[(name, value)]).is_err(), "{name}={value}");
        }
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
