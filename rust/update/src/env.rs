//! `crc32 + env`: what U-Boot's `env import -c` and `env export -c` read and write.
//!
//! Bytes 0..4 are the CRC-32 (IEEE 802.3, little-endian) of all the rest; then `name=value` strings, each ended by a NUL,
//! and one more NUL; zeros to the end. The block's size is part of the format, as the CRC goes over the padding too.

use std::collections::BTreeMap;
use std::fmt;

/// A decoded block: names with their values, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block(BTreeMap<String, String>);

/// Why a block cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The checksum does not match, or the block is shorter than one.
    Checksum,
    /// The text is not `name=value` strings of ASCII.
    Syntax,
    /// A variable is missing or not what it must be.
    Variable(&'static str),
    /// The variables do not fit.
    TooLong,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => f.write_str("its checksum is wrong"),
            Self::Syntax => f.write_str("its text is not name=value"),
            Self::Variable(name) => write!(f, "{name} is missing or wrong"),
            Self::TooLong => f.write_str("its variables do not fit"),
        }
    }
}

impl std::error::Error for Error {}

impl Block {
    /// Checks and reads a whole block.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (crc, text) = bytes.split_at_checked(4).ok_or(Error::Checksum)?;
        if crc32fast::hash(text).to_le_bytes() != *crc {
            return Err(Error::Checksum);
        }
        let mut block = Self::default();
        for pair in text.split(|b| *b == 0).take_while(|p| !p.is_empty()) {
            let pair = std::str::from_utf8(pair).ok().filter(|p| p.bytes().all(|b| (0x20..0x7f).contains(&b)));
            let (name, value) = pair.and_then(|p| p.split_once('=')).ok_or(Error::Syntax)?;
            block.0.insert(name.to_owned(), value.to_owned());
        }
        Ok(block)
    }

    /// The block as `size` bytes.
    pub fn encode(&self, size: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; 4];
        for (name, value) in &self.0 {
            let legal = |t: &str| t.bytes().all(|b| (0x20..0x7f).contains(&b));
            if name.is_empty() || name.contains('=') || !legal(name) || !legal(value) {
                return Err(Error::Syntax);
            }
            bytes.extend_from_slice(format!("{name}={value}\0").as_bytes());
        }
        bytes.push(0);
        if bytes.len() > size {
            return Err(Error::TooLong);
        }
        bytes.resize(size, 0);
        let crc = crc32fast::hash(&bytes[4..]).to_le_bytes();
        bytes[..4].copy_from_slice(&crc);
        Ok(bytes)
    }

    /// A variable's text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A variable as hexadecimal without 0x, which is how U-Boot counts.
    pub fn hex(&self, name: &'static str) -> Result<u64, Error> {
        self.get(name).filter(|t| !t.starts_with('+')).and_then(|t| u64::from_str_radix(t, 16).ok()).ok_or(Error::Variable(name))
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets a variable as hexadecimal without 0x.
    pub fn set_hex(&mut self, name: &str, value: u64) {
        self.set(name, format!("{value:x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `env export -c -s 40 ${addr} a b` would leave it: CRC-32 by Python's zlib.
    #[test]
    fn golden_bytes() {
        let mut block = Block::default();
        block.set("b", "x y");
        block.set_hex("a", 0x1f);
        let bytes = block.encode(64).unwrap();
        assert_eq!(&bytes[4..17], b"a=1f\0b=x y\0\0\0");
        assert_eq!(&bytes[..4], &0xd778_0dbe_u32.to_le_bytes());
        assert_eq!(Block::decode(&bytes).unwrap(), block);
        assert_eq!(block.hex("a"), Ok(0x1f));
        assert_eq!(block.hex("b"), Err(Error::Variable("b")));
    }

    #[test]
    fn wrong_blocks() {
        assert_eq!(Block::decode(&[]), Err(Error::Checksum));
        assert_eq!(Block::decode(&[0; 512]), Err(Error::Checksum), "CRC-32 of zeros is not zero");
        let mut block = Block::default();
        block.set("name", "value");
        assert_eq!(block.encode(12), Err(Error::TooLong));
        block.set("name", "two\nlines");
        assert_eq!(block.encode(64), Err(Error::Syntax));
        let mut text = vec![0; 4];
        text.extend_from_slice(b"no equals sign\0\0");
        let crc = crc32fast::hash(&text[4..]).to_le_bytes();
        text[..4].copy_from_slice(&crc);
        assert_eq!(Block::decode(&text), Err(Error::Syntax));
    }
}
