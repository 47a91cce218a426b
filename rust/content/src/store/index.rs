//! The index of one bundle: its manifest, where each block stands, and the stretches of each file.
//!
//! ```text
//!   "HSIDX1\n\0"  flags u8  root 36
//!   manifest: u32 length, bytes
//!   packs:    u16 count, u64 each
//!   blocks:   u32 count, (codec u8, digest 32, pack u16, length u32, position u64) sorted by digest
//!   extents:  u32 count, (block u32, at u32, length u32)
//!   files:    u32 count, (first extent u32, after the last u32) in the manifest's order
//!   sha-256 of all before
//! ```
//! Numbers are little-endian. It is written by us alone, yet read as if it were not: a card forgets.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::Path;

use crate::cid::{Cid, Codec, LENGTH};
use crate::hash::sha256;
use crate::manifest::{Entry, Manifest};
use crate::walk::{Extent, Tree};

const MAGIC: &[u8; 8] = b"HSIDX1\n\0";
/// Largest index, in bytes: that of the largest bundle.
const MAX: u64 = 256 << 20;

/// Where a block's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The pack's number.
    pub pack: u64,
    /// Where in it.
    pub at: u64,
    /// How many.
    pub len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    cid: Cid,
    pack: u16,
    len: u32,
    at: u64,
}

/// A bundle in the store.
#[derive(Debug, PartialEq, Eq)]
pub struct Index {
    /// Its root block.
    pub root: Cid,
    /// A publisher vouches for it; else the manifest was made here, over a plain tree.
    pub signed: bool,
    /// What it is and what is in it.
    pub manifest: Manifest,
    /// Packs that hold its blocks.
    pub packs: Vec<u64>,
    rows: Vec<Row>,
    extents: Vec<Extent>,
    files: Vec<Range<u32>>,
}

/// A manifest for a tree that has none.
fn plain_manifest(title: &str, root: Cid, tree: &Tree) -> Manifest {
    let entry = |file: &crate::walk::TreeFile| Entry {
        path: file.path.clone(),
        cid: file.cid,
        size: file.size,
        mime: crate::mime::of(&file.path).to_owned(),
        license: String::new(),
    };
    let title: String = title.chars().filter(|c| !c.is_control()).take(80).collect();
    Manifest {
        publisher: crate::key::Publisher([0; 32]),
        seq: 0,
        created: 0,
        prev: None,
        title: if title.trim().is_empty() { "…".into() } else { title },
        content: root,
        total_bytes: tree.blocks.iter().map(|b| u64::from(b.len)).sum(),
        block_count: tree.blocks.len() as u64,
        entries: tree.files.iter().map(entry).collect(),
        name: String::new(),
        description: String::new(),
        languages: Vec::new(),
        license: String::new(),
        cover: String::new(),
    }
}

impl Index {
    /// From a finished walk and where its blocks were put. `title` is for a tree without a manifest.
    pub fn new(root: Cid, title: &str, mut tree: Tree, places: &HashMap<Cid, Place>) -> io::Result<Self> {
        let missing = || io::Error::other("a block was not written");
        let signed = tree.manifest.is_some();
        let manifest = tree.manifest.take().unwrap_or_else(|| plain_manifest(title, root, &tree));
        let mut packs: Vec<u64> = places.values().map(|place| place.pack).collect();
        packs.sort_unstable();
        packs.dedup();
        let mut order: Vec<u32> = (0..).take(tree.blocks.len()).collect();
        order.sort_by_key(|&i| (tree.blocks[i as usize].cid.digest, tree.blocks[i as usize].cid.codec));
        let mut rows = Vec::with_capacity(order.len());
        let mut new_number = vec![0_u32; order.len()];
        for (number, &old) in (0..).zip(&order) {
            let cid = tree.blocks[old as usize].cid;
            let place = places.get(&cid).ok_or_else(missing)?;
            let pack = packs.binary_search(&place.pack).ok().and_then(|i| u16::try_from(i).ok()).ok_or_else(missing)?;
            rows.push(Row { cid, pack, len: place.len, at: place.at });
            new_number[old as usize] = number;
        }
        let extents = tree.extents.iter().map(|e| Extent { block: new_number[e.block as usize], ..*e }).collect();
        let files = tree.files.iter().map(|file| file.extents.clone()).collect();
        Ok(Self { root, signed, manifest, packs, rows, extents, files })
    }

    /// Where a block of it is.
    pub fn find(&self, cid: &Cid) -> Option<Place> {
        let found = self.rows.binary_search_by(|row| (row.cid.digest, row.cid.codec).cmp(&(cid.digest, cid.codec))).ok()?;
        Some(self.place(&self.rows[found]))
    }

    fn place(&self, row: &Row) -> Place {
        Place { pack: self.packs[usize::from(row.pack)], at: row.at, len: row.len }
    }

    /// Every block and where it is.
    pub fn blocks(&self) -> impl Iterator<Item = (Cid, Place)> + '_ {
        self.rows.iter().map(|row| (row.cid, self.place(row)))
    }

    /// The file with this number in the manifest, from byte `from` on: pack, position and length of each stretch.
    pub fn stretches(&self, file: usize, from: u64, length: u64) -> Vec<Place> {
        let Some(range) = self.files.get(file) else { return Vec::new() };
        let (mut skip, mut left, mut out) = (from, length, Vec::new());
        for extent in self.extents.get(range.start as usize..range.end as usize).unwrap_or_default() {
            if left == 0 {
                break;
            }
            let here = u64::from(extent.len);
            if skip >= here {
                skip -= here;
                continue;
            }
            let len = (here - skip).min(left);
            let row = &self.rows[extent.block as usize];
            let at = row.at + u64::from(extent.at) + skip;
            out.push(Place { pack: self.packs[usize::from(row.pack)], at, len: u32::try_from(len).unwrap_or(0) });
            left -= len;
            skip = 0;
        }
        out
    }

    /// The file with this path: its number and entry.
    pub fn file(&self, path: &str) -> Option<(usize, &Entry)> {
        let number = self.manifest.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        Some((number, &self.manifest.entries[number]))
    }

    /// Bytes of all its blocks.
    pub fn bytes(&self) -> u64 {
        self.rows.iter().map(|row| u64::from(row.len)).sum()
    }

    /// As it stands on the disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(u8::from(self.signed));
        out.extend(self.root.to_bytes());
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        let manifest = self.manifest.to_block();
        out.extend(count(manifest.len()));
        out.extend(manifest);
        out.extend(u16::try_from(self.packs.len()).unwrap_or(u16::MAX).to_le_bytes());
        self.packs.iter().for_each(|pack| out.extend(pack.to_le_bytes()));
        out.extend(count(self.rows.len()));
        for row in &self.rows {
            out.push(row.cid.codec as u8);
            out.extend(row.cid.digest);
            out.extend(row.pack.to_le_bytes());
            out.extend(row.len.to_le_bytes());
            out.extend(row.at.to_le_bytes());
        }
        out.extend(count(self.extents.len()));
        for extent in &self.extents {
            [extent.block, extent.at, extent.len].iter().for_each(|n| out.extend(n.to_le_bytes()));
        }
        out.extend(count(self.files.len()));
        for file in &self.files {
            out.extend(file.start.to_le_bytes());
            out.extend(file.end.to_le_bytes());
        }
        let digest = sha256(&out);
        out.extend(digest);
        out
    }

    /// Reads one; `None` if it is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, digest) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        if sha256(body) != digest {
            return None;
        }
        let mut r = Cursor(body.strip_prefix(MAGIC)?);
        let signed = r.take(1)?[0] & 1 == 1;
        let root = Cid::exactly(r.take(LENGTH)?).ok()?;
        let length = r.u32()? as usize;
        let manifest = Manifest::read(r.take(length)?).ok()?;
        let packs = (0..r.u16()?).map(|_| r.u64()).collect::<Option<Vec<_>>>()?;
        let mut rows = Vec::new();
        for _ in 0..r.u32()? {
            let codec = Codec::from_number(u64::from(r.take(1)?[0])).ok()?;
            let digest = r.take(32)?.try_into().ok()?;
            let (pack, len, at) = (r.u16()?, r.u32()?, r.u64()?);
            packs.get(usize::from(pack))?;
            rows.push(Row { cid: Cid { codec, digest }, pack, len, at });
        }
        let mut extents = Vec::new();
        for _ in 0..r.u32()? {
            let (block, at, len) = (r.u32()?, r.u32()?, r.u32()?);
            rows.get(block as usize).filter(|row| at.checked_add(len).is_some_and(|end| end <= row.len))?;
            extents.push(Extent { block, at, len });
        }
        let mut files = Vec::new();
        for _ in 0..r.u32()? {
            let range = r.u32()?..r.u32()?;
            extents.get(range.start as usize..range.end as usize)?;
            files.push(range);
        }
        let whole = r.0.is_empty() && files.len() == manifest.entries.len();
        whole.then_some(Self { root, signed, manifest, packs, rows, extents, files })
    }

    /// Reads a file; an error of kind `InvalidData` if it is damaged.
    pub fn load(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut bytes = Vec::new();
        (&file).take(MAX).read_to_end(&mut bytes)?;
        Self::from_bytes(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a damaged index"))
    }

    /// Writes a new file, durably.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut file = super::create(path)?;
        file.write_all(&self.to_bytes())?;
        file.sync_all()
    }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}
