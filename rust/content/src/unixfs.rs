//! UnixFS: what the data of a dag-pb node says (ipfs/specs, `src/unixfs.md`).

use crate::Error;
use crate::pb::{Field, Fields, put_bytes, put_number};
use crate::varint;

/// HAMT fan-out at most (2^10).
pub const MAX_FANOUT: u64 = 1024;
/// The multicodec number of murmur3-x64-64, the only hash of HAMT directories.
pub const MURMUR3: u64 = 0x22;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of a file, in a dag-pb leaf (old).
    Raw,
    /// A folder.
    Directory,
    /// A file or a part of one.
    File,
    /// Extended attributes: never used.
    Metadata,
    /// A symbolic link: refused.
    Symlink,
    /// A part of a folder that is too large for one block.
    Hamt,
}

/// The data of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// What the node is.
    pub kind: Kind,
    /// Bytes that stand in the node itself; the bit field of a HAMT.
    pub data: &'a [u8],
    /// Size of the file or part.
    pub filesize: Option<u64>,
    /// Size of the part behind each link.
    pub blocksizes: Vec<u64>,
    /// HAMT: the hash's number.
    pub hash: Option<u64>,
    /// HAMT: places of a node.
    pub fanout: Option<u64>,
}

impl<'a> Data<'a> {
    /// Reads it. Mode and mtime (fields 7 and 8) are allowed and not looked at.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut kind = None;
        let mut out = Data { kind: Kind::Raw, data: &[], filesize: None, blocksizes: Vec::new(), hash: None, fanout: None };
        for field in Fields(bytes) {
            match field? {
                (1, value) => {
                    kind = Some(match value.number()? {
                        0 => Kind::Raw,
                        1 => Kind::Directory,
                        2 => Kind::File,
                        3 => Kind::Metadata,
                        4 => Kind::Symlink,
                        5 => Kind::Hamt,
                        _ => return Err(Error::Pb("an unknown kind of node")),
                    });
                }
                (2, value) => out.data = value.bytes()?,
                (3, value) => out.filesize = Some(value.number()?),
                (4, Field::Number(size)) => out.push(size)?,
                // Packed: the other form that protobuf allows.
                (4, Field::Bytes(mut sizes)) => {
                    while !sizes.is_empty() {
                        let (size, n) = varint::read(sizes)?;
                        sizes = &sizes[n..];
                        out.push(size)?;
                    }
                }
                (5, value) => out.hash = Some(value.number()?),
                (6, value) => out.fanout = Some(value.number()?),
                (7 | 8, _) => {}
                _ => return Err(Error::Pb("an unknown field")),
            }
        }
        out.kind = kind.ok_or(Error::Pb("a node that does not say what it is"))?;
        Ok(out)
    }

    fn push(&mut self, size: u64) -> Result<(), Error> {
        if self.blocksizes.len() == crate::dagpb::MAX_LINKS {
            return Err(Error::Lie("more parts than a node can have"));
        }
        self.blocksizes.push(size);
        Ok(())
    }
}

/// The data of a folder.
pub const DIRECTORY: &[u8] = &[8, 1];

/// The data of a file node over parts of these sizes.
pub fn file(sizes: &[u64]) -> Vec<u8> {
    let mut out = vec![8, 2];
    put_number(3, sizes.iter().sum(), &mut out);
    for &size in sizes {
        put_number(4, size, &mut out);
    }
    out
}

/// The data of a HAMT node of fan-out 256 whose places in `bits` (bit 0 is the last byte's lowest) are taken.
pub fn hamt(bits: &[u8; 32]) -> Vec<u8> {
    let leading = bits.iter().take_while(|&&b| b == 0).count();
    let mut out = vec![8, 5];
    put_bytes(2, &bits[leading..], &mut out);
    put_number(5, MURMUR3, &mut out);
    put_number(6, 256, &mut out);
    out
}
