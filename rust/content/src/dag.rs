//! Building UnixFS in profile unixfs-v1-2025 (IPIP-0499): the nodes over chunks that are hashed already.
//!
//! Chunks of 1 MiB as raw leaves, balanced with 1024 links a node; folders in one node up to 256 KiB, sharded above.

use crate::cid::{Cid, Codec};
use crate::dagpb::{framed_length, put_data, put_link};
use crate::murmur::{murmur3_64, place};
use crate::{Error, unixfs};

/// Bytes of a chunk.
pub const CHUNK: usize = 1 << 20;
/// Links of a file node.
pub const WIDTH: usize = 1024;
/// A folder's node larger than this is sharded.
pub const SHARD_ABOVE: usize = 256 * 1024;

/// A node that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its bytes.
    pub block: Vec<u8>,
    /// What it leads to, in its order.
    pub children: Vec<Cid>,
}

/// A file or folder that is finished: its root and the size of all below and with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// The root.
    pub cid: Cid,
    /// Bytes of the root and of everything below, duplicates counted again (what Tsize says).
    pub tsize: u64,
}

/// Takes every node that is not a leaf.
pub trait Sink {
    /// Called for a node after its children.
    fn node(&mut self, cid: Cid, node: Node);
}

impl Sink for std::collections::HashMap<Cid, Node> {
    fn node(&mut self, cid: Cid, node: Node) {
        self.insert(cid, node);
    }
}

fn finish(block: Vec<u8>, children: Vec<Cid>, below: u64, sink: &mut impl Sink) -> Built {
    let cid = Cid::of(Codec::DagPb, &block);
    let tsize = below + block.len() as u64;
    sink.node(cid, Node { block, children });
    Built { cid, tsize }
}

/// A file over its chunks, each with its length; a file of one chunk is that chunk. No chunk at all is the empty one.
pub fn file(chunks: &[(Cid, u64)], sink: &mut impl Sink) -> Built {
    let Some(&(first, len)) = chunks.first() else { return Built { cid: Cid::of(Codec::Raw, b""), tsize: 0 } };
    if chunks.len() == 1 {
        return Built { cid: first, tsize: len };
    }
    // (root, size of the file's part, Tsize), a level at a time; all leaves end up at the same depth.
    let mut level: Vec<(Cid, u64, u64)> = chunks.iter().map(|&(cid, len)| (cid, len, len)).collect();
    while level.len() > 1 || level[0].0.codec == Codec::Raw {
        level = level
            .chunks(WIDTH)
            .map(|part| {
                let mut block = Vec::new();
                for &(cid, _, tsize) in part {
                    put_link(cid, b"", tsize, &mut block);
                }
                let sizes: Vec<u64> = part.iter().map(|p| p.1).collect();
                put_data(&unixfs::file(&sizes), &mut block);
                let below = part.iter().map(|p| p.2).sum();
                let built = finish(block, part.iter().map(|p| p.0).collect(), below, sink);
                (built.cid, sizes.iter().sum(), built.tsize)
            })
            .collect();
    }
    Built { cid: level[0].0, tsize: level[0].2 }
}

/// A folder over its entries, in any order, each name once.
///
/// Errors: two names have the same 64 bits of hash, which nobody has without trying.
pub fn folder(mut entries: Vec<(String, Built)>, sink: &mut impl Sink) -> Result<Built, Error> {
    entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let links: usize = entries.iter().map(|(name, built)| framed_length(name.len(), built.tsize)).sum();
    if links + 2 + unixfs::DIRECTORY.len() > SHARD_ABOVE {
        let entries = entries.into_iter().map(|(name, built)| (murmur3_64(name.as_bytes()), name, built)).collect();
        return shard(entries, 0, sink);
    }
    let mut block = Vec::with_capacity(links + 8);
    for (name, built) in &entries {
        put_link(built.cid, name.as_bytes(), built.tsize, &mut block);
    }
    put_data(unixfs::DIRECTORY, &mut block);
    let below = entries.iter().map(|(_, built)| built.tsize).sum();
    Ok(finish(block, entries.iter().map(|(_, built)| built.cid).collect(), below, sink))
}

/// A node of a sharded folder. The hash bounds the depth: eight levels.
fn shard(entries: Vec<([u8; 8], String, Built)>, level: u32, sink: &mut impl Sink) -> Result<Built, Error> {
    let mut places: Vec<Vec<([u8; 8], String, Built)>> = vec![Vec::new(); 256];
    for entry in entries {
        let at = place(entry.0, level, 8).ok_or(Error::Path(entry.1.clone(), "has the hash of another name in its folder"))?;
        places[usize::from(at)].push(entry);
    }
    let (mut block, mut children, mut below, mut bits) = (Vec::new(), Vec::new(), 0, [0_u8; 32]);
    for (at, mut here) in places.into_iter().enumerate() {
        let built = match here.len() {
            0 => continue,
            1 => {
                let (_, name, built) = here.remove(0);
                put_link(built.cid, format!("{at:02X}{name}").as_bytes(), built.tsize, &mut block);
                built
            }
            _ => {
                let built = shard(here, level + 1, sink)?;
                put_link(built.cid, format!("{at:02X}").as_bytes(), built.tsize, &mut block);
                built
            }
        };
        bits[31 - at / 8] |= 1 << (at % 8);
        children.push(built.cid);
        below += built.tsize;
    }
    put_data(&unixfs::hamt(&bits), &mut block);
    Ok(finish(block, children, below, sink))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn raw(bytes: &[u8]) -> Built {
        Built { cid: Cid::of(Codec::Raw, bytes), tsize: bytes.len() as u64 }
    }

    #[test]
    fn published_addresses() {
        let mut sink = HashMap::new();
        assert_eq!(folder(vec![], &mut sink).unwrap().cid.to_string(), "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
        assert_eq!(file(&[], &mut sink).cid.to_string(), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    }

    /// Addresses that `ipfs-car` 3.1.0 (npm) gives: tests/content/golden makes them anew.
    #[test]
    fn the_shape_of_large_files_is_balanced() {
        let zeros = vec![0; CHUNK];
        let cid = Cid::of(Codec::Raw, &zeros);
        let mut sink = HashMap::new();
        for (n, links) in [(2, 2), (1024, 1024), (1025, 2)] {
            let built = file(&vec![(cid, CHUNK as u64); n], &mut sink);
            assert_eq!(sink[&built.cid].children.len(), links, "{n}");
        }
        let over = file(&vec![(cid, CHUNK as u64); 1025], &mut sink);
        let last = sink[&over.cid].children[1];
        assert_eq!(sink[&last].children, [cid], "the last leaf is as deep as the others");
    }

    #[test]
    fn folders_shard_above_the_threshold_only() {
        let mut sink = HashMap::new();
        // An entry of a name of 10 bytes and a file of 5: 2 + 38 + 12 + 2 = 54 bytes.
        let one = framed_length(10, 5);
        let fits = (SHARD_ABOVE - 4) / one;
        let rest = SHARD_ABOVE - 4 - fits * one;
        let mut entries: Vec<_> = (0..fits).map(|i| (format!("{i:010}"), raw(b"12345"))).collect();
        entries[0].0.push_str(&"x".repeat(rest));
        let at = folder(entries.clone(), &mut sink).unwrap();
        assert_eq!((sink[&at.cid].block.len(), sink[&at.cid].children.len()), (SHARD_ABOVE, fits));
        entries[0].0.push('x');
        let over = folder(entries, &mut sink).unwrap();
        assert!(sink[&over.cid].children.len() <= 256);
    }
}
