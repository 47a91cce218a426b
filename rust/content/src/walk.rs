//! The walk: which block comes next, and what all of them together are.
//!
//! Blocks are taken in depth-first order, each only when it is its turn, so that a source can bring nothing that does not
//! belong. The walk keeps addresses and names, never bytes; it is iterative and counts everything that could be amplified.
//!
//! ```text
//!   wanted() -> address --- a source looks for it, checks its hash ---> accept(bytes) -> wanted() ...
//!                `None` when all has come ---------------------------> finish() -> Tree
//! ```

use std::collections::HashMap;

use crate::cid::{Cid, Codec};
use crate::dagpb::Node as PbNode;
use crate::envelope::Envelope;
use crate::manifest::Manifest;
use crate::unixfs::{Data, Kind, MAX_FANOUT, MURMUR3};
use crate::{Error, paths};

/// Nesting at most, of folders and of file nodes.
pub const MAX_DEPTH: u8 = 32;
/// Blocks of one bundle: half a terabyte in full ones.
pub const MAX_BLOCKS: u64 = 1 << 19;
/// Links followed, the same block again counted again.
pub const MAX_VISITS: u64 = 1 << 21;
/// Files of a folder tree without a manifest.
pub const MAX_FILES: usize = 200_000;

/// What a block must be where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    Envelope,
    Manifest,
    /// A file or a folder.
    Entry,
    /// A part of a file, of this size.
    Part(u64),
    /// A part of a sharded folder.
    Shard,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    block: u32,
    depth: u8,
    want: Want,
}

/// What a block turned out to be.
#[derive(Debug)]
enum State {
    Pending,
    Envelope,
    Manifest,
    /// File bytes from here, so many.
    Leaf(u32, u32),
    File(u64, Box<[u32]>),
    Folder(Box<[(Box<str>, u32)]>),
    /// Bits of a place; place, name (none: a further shard), block.
    Shard(u32, Box<[Slot]>),
}

#[derive(Debug)]
struct Slot {
    place: u16,
    name: Option<Box<str>>,
    block: u32,
}

/// A block that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its address.
    pub cid: Cid,
    /// Its bytes.
    pub len: u32,
}

/// What is left to spend.
#[derive(Clone, Copy, Debug)]
struct Budget {
    blocks: u64,
    bytes: u64,
    visits: u64,
}

/// A walk under way.
#[derive(Debug)]
pub struct Walk {
    turns: Vec<Turn>,
    places: HashMap<Cid, u32>,
    blocks: Vec<(Block, State)>,
    left: Budget,
    content: Option<u32>,
    envelope: Option<Envelope>,
    manifest: Option<Manifest>,
}

impl Walk {
    fn new(root: Cid, want: Want, bytes: u64) -> Self {
        let left = Budget { blocks: MAX_BLOCKS, bytes, visits: MAX_VISITS };
        let mut walk =
            Self { turns: Vec::new(), places: HashMap::new(), blocks: Vec::new(), left, content: None, envelope: None, manifest: None };
        // One block more than nothing always fits.
        if let Ok(block) = walk.place(root) {
            walk.turns.push(Turn { block, depth: 0, want });
            walk.content = (want == Want::Entry).then_some(block);
        }
        walk
    }

    /// A bundle with this root. Its signature is verified before any content is taken.
    pub fn bundle(root: Cid) -> Self {
        Self::new(root, Want::Envelope, 2 * crate::car::MAX_BLOCK as u64)
    }

    /// A file or folder tree without envelope and manifest, of so many bytes at most.
    pub fn plain(root: Cid, bytes: u64) -> Self {
        Self::new(root, Want::Entry, bytes)
    }

    /// The manifest, once it has come and its signature held.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Blocks that have come.
    pub fn count(&self) -> usize {
        self.places.len() - self.turns.iter().filter(|t| matches!(self.blocks[t.block as usize].1, State::Pending)).count()
    }

    /// Whose turn it is; `None` when all has come.
    pub fn wanted(&mut self) -> Result<Option<Cid>, Error> {
        while let Some(&turn) = self.turns.last() {
            let (block, state) = &self.blocks[turn.block as usize];
            if matches!(state, State::Pending) {
                return Ok(Some(block.cid));
            }
            check(turn.want, state)?;
            self.turns.pop();
        }
        Ok(None)
    }

    /// Takes the block whose turn it is; its hash has been checked by who brings it. Gives its number in [`Tree::blocks`].
    pub fn accept(&mut self, bytes: &[u8]) -> Result<u32, Error> {
        let Some(turn) = self.turns.pop() else { return Err(Error::Lie("more blocks than belong to it")) };
        let cid = self.blocks[turn.block as usize].0.cid;
        let len = bytes.len() as u64;
        if len > self.left.bytes {
            return Err(Error::TooLong { what: "bytes in all blocks", is: len, limit: self.left.bytes });
        }
        self.left.bytes -= len;
        let state = match turn.want {
            Want::Envelope => self.take_envelope(cid, bytes)?,
            Want::Manifest => self.take_manifest(bytes)?,
            _ => self.take_content(cid, bytes, turn.depth)?,
        };
        check(turn.want, &state)?;
        let place = &mut self.blocks[turn.block as usize];
        place.0.len = u32::try_from(len).map_err(|_| Error::Lie("a block of gigabytes"))?;
        place.1 = state;
        Ok(turn.block)
    }

    /// The number of a block, new or known.
    fn place(&mut self, cid: Cid) -> Result<u32, Error> {
        if let Some(&known) = self.places.get(&cid) {
            return Ok(known);
        }
        self.left.blocks =
            self.left.blocks.checked_sub(1).ok_or(Error::TooLong { what: "blocks", is: MAX_BLOCKS + 1, limit: MAX_BLOCKS })?;
        let number = u32::try_from(self.blocks.len()).map_err(|_| Error::Lie("too many blocks"))?;
        self.places.insert(cid, number);
        self.blocks.push((Block { cid, len: 0 }, State::Pending));
        Ok(number)
    }

    fn visit(&mut self, links: usize) -> Result<(), Error> {
        let left = self.left.visits.checked_sub(links as u64);
        self.left.visits = left.ok_or(Error::TooLong { what: "links", is: MAX_VISITS + 1, limit: MAX_VISITS })?;
        Ok(())
    }

    /// Puts children on, so that the first is the next.
    fn push(&mut self, depth: u8, mut children: Vec<(u32, Want)>) -> Result<(), Error> {
        if depth >= MAX_DEPTH && !children.is_empty() {
            return Err(Error::TooDeep);
        }
        children.reverse();
        self.turns.extend(children.into_iter().map(|(block, want)| Turn { block, depth: depth + 1, want }));
        Ok(())
    }

    fn take_envelope(&mut self, cid: Cid, bytes: &[u8]) -> Result<State, Error> {
        if cid.codec != Codec::DagCbor {
            return Err(Error::HashKind("the root is no envelope of a bundle"));
        }
        let envelope = Envelope::read(bytes)?;
        let manifest = self.place(envelope.manifest)?;
        self.push(0, vec![(manifest, Want::Manifest)])?;
        self.envelope = Some(envelope);
        Ok(State::Envelope)
    }

    fn take_manifest(&mut self, bytes: &[u8]) -> Result<State, Error> {
        let manifest = Manifest::read(bytes)?;
        self.envelope.as_ref().ok_or(Error::Manifest("it has no envelope"))?.verify(bytes, &manifest)?;
        self.left.blocks = manifest.block_count.min(MAX_BLOCKS);
        self.left.bytes = manifest.total_bytes;
        let content = self.place(manifest.content)?;
        self.push(0, vec![(content, Want::Entry)])?;
        self.content = Some(content);
        self.manifest = Some(manifest);
        Ok(State::Manifest)
    }

    fn take_content(&mut self, cid: Cid, bytes: &[u8], depth: u8) -> Result<State, Error> {
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| Error::Lie("a block of gigabytes"));
        match cid.codec {
            Codec::Raw => return Ok(State::Leaf(0, len(bytes)?)),
            Codec::DagCbor => return Err(Error::HashKind("DAG-CBOR inside of files")),
            Codec::DagPb => {}
        }
        let node = PbNode::read(bytes)?;
        self.visit(node.links.len())?;
        let data = Data::read(node.data.ok_or(Error::Pb("a node that does not say what it is"))?)?;
        match data.kind {
            Kind::Directory => self.folder(&node, depth),
            Kind::Hamt => self.shard(&node, &data, depth),
            Kind::File | Kind::Raw if node.links.is_empty() => {
                if data.filesize.is_some_and(|size| size != data.data.len() as u64) || !data.blocksizes.is_empty() {
                    return Err(Error::Lie("a part's size is not its length"));
                }
                // `data` is a view into `bytes`: where it starts is the distance between the two.
                let at = if data.data.is_empty() { 0 } else { data.data.as_ptr().addr() - bytes.as_ptr().addr() };
                Ok(State::Leaf(u32::try_from(at).map_err(|_| Error::Lie("a block of gigabytes"))?, len(data.data)?))
            }
            Kind::File => self.file(&node, &data, depth),
            Kind::Symlink => Err(Error::Path("(a link)".into(), "is a symbolic link, which bundles do not have")),
            Kind::Raw | Kind::Metadata => Err(Error::Pb("a node of a kind that is not used")),
        }
    }

    fn file(&mut self, node: &PbNode, data: &Data, depth: u8) -> Result<State, Error> {
        if !data.data.is_empty() {
            return Err(Error::Lie("a file node has bytes and parts"));
        }
        if data.blocksizes.len() != node.links.len() {
            return Err(Error::Lie("a file node's sizes and links are not as many"));
        }
        let sum = data.blocksizes.iter().try_fold(0_u64, |sum, &size| sum.checked_add(size)).filter(|&sum| sum <= 1 << 50);
        if data.filesize.is_none() || data.filesize != sum {
            return Err(Error::Lie("a file's size is not the sum of its parts"));
        }
        let blocks = node.links.iter().map(|link| self.place(link.cid)).collect::<Result<Box<[_]>, _>>()?;
        let children = blocks.iter().zip(&data.blocksizes).map(|(&block, &size)| (block, Want::Part(size))).collect();
        self.push(depth, children)?;
        Ok(State::File(sum.unwrap_or(0), blocks))
    }

    fn folder(&mut self, node: &PbNode, depth: u8) -> Result<State, Error> {
        let mut names = paths::Names::default();
        let mut entries = Vec::with_capacity(node.links.len());
        for link in &node.links {
            let name = std::str::from_utf8(link.name).map_err(|_| Error::Pb("a name that is not UTF-8"))?;
            names.add(name)?;
            entries.push((name.into(), self.place(link.cid)?));
        }
        self.push(depth, entries.iter().map(|(_, block)| (*block, Want::Entry)).collect())?;
        Ok(State::Folder(entries.into_boxed_slice()))
    }

    fn shard(&mut self, node: &PbNode, data: &Data, depth: u8) -> Result<State, Error> {
        let fanout = data.fanout.filter(|&n| (8..=MAX_FANOUT).contains(&n) && n.is_power_of_two());
        let bits = fanout.ok_or(Error::Lie("a sharded folder's fan-out"))?.ilog2();
        if data.hash != Some(MURMUR3) {
            return Err(Error::Lie("a sharded folder's hash"));
        }
        let ones: u32 = data.data.iter().map(|b| b.count_ones()).sum();
        if data.data.len() > (1 << bits) / 8 || u64::from(ones) != node.links.len() as u64 {
            return Err(Error::Lie("a sharded folder's bit field and links differ"));
        }
        let digits = (bits.div_ceil(4)) as usize;
        let mut slots: Vec<Slot> = Vec::with_capacity(node.links.len());
        for link in &node.links {
            let text = std::str::from_utf8(link.name).map_err(|_| Error::Pb("a name that is not UTF-8"))?;
            let (place, name) = text.split_at_checked(digits).ok_or(Error::Lie("a place of a sharded folder"))?;
            let hexadecimal = place.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
            let place = u16::from_str_radix(place, 16).ok().filter(|&place| hexadecimal && is_set(data.data, place));
            let place = place.ok_or(Error::Lie("a place of a sharded folder"))?;
            if slots.last().is_some_and(|last| last.place >= place) {
                return Err(Error::Lie("a sharded folder's places are out of order"));
            }
            let name = if name.is_empty() { None } else { paths::check_name(name).map(|()| Some(name.into()))? };
            slots.push(Slot { place, name, block: self.place(link.cid)? });
        }
        let want = |slot: &Slot| if slot.name.is_some() { Want::Entry } else { Want::Shard };
        self.push(depth, slots.iter().map(|slot| (slot.block, want(slot))).collect())?;
        Ok(State::Shard(bits, slots.into_boxed_slice()))
    }

    /// What all blocks together are; checks it against the manifest. `name` is what a plain file without a folder is called.
    pub fn finish(mut self, name: &str) -> Result<Tree, Error> {
        if let Some(missing) = self.wanted()? {
            return Err(Error::Missing(missing));
        }
        let content = self.content.ok_or(Error::Manifest("it has no content"))?;
        let tree = crate::tree::Listing::new(&self.blocks, self.left.visits, self.manifest.as_ref().map_or(MAX_FILES, |m| m.entries.len()));
        let (files, extents) = tree.list(content, name)?;
        if let Some(manifest) = &self.manifest {
            if self.left.blocks != 0 || self.left.bytes != 0 {
                return Err(Error::Manifest("it counts more blocks or bytes than there are"));
            }
            agree(manifest, &files)?;
        }
        let blocks = self.blocks.into_iter().map(|(block, _)| block).collect();
        Ok(Tree { blocks, files, extents, envelope: self.envelope, manifest: self.manifest })
    }
}

fn is_set(bits: &[u8], place: u16) -> bool {
    let from_end = usize::from(place / 8) + 1;
    bits.len().checked_sub(from_end).is_some_and(|i| bits[i] >> (place % 8) & 1 == 1)
}

fn check(want: Want, state: &State) -> Result<(), Error> {
    match (want, state) {
        (Want::Envelope, State::Envelope) | (Want::Manifest, State::Manifest) | (Want::Shard, State::Shard(..)) => Ok(()),
        (Want::Entry, State::Leaf(..) | State::File(..) | State::Folder(_) | State::Shard(..)) => Ok(()),
        (Want::Part(size), State::Leaf(_, len)) if size == u64::from(*len) => Ok(()),
        (Want::Part(size), State::File(sum, _)) if size == *sum => Ok(()),
        (Want::Part(_), State::Leaf(..) | State::File(..)) => Err(Error::Lie("a part's size is not what its parent says")),
        _ => Err(Error::Lie("a block is not what its place wants")),
    }
}

fn agree(manifest: &Manifest, files: &[TreeFile]) -> Result<(), Error> {
    let mut found = files.iter();
    for entry in &manifest.entries {
        let same = found.next().is_some_and(|f| (f.path.as_str(), f.cid, f.size) == (entry.path.as_str(), entry.cid, entry.size));
        if !same {
            return Err(Error::Disagree(entry.path.clone()));
        }
    }
    found.next().map_or(Ok(()), |extra| Err(Error::Disagree(extra.path.clone())))
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The block's number in [`Tree::blocks`].
    pub block: u32,
    /// Where in the block's bytes.
    pub at: u32,
    /// How many.
    pub len: u32,
}

/// A file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Path under the root.
    pub path: String,
    /// Its root block.
    pub cid: Cid,
    /// Bytes.
    pub size: u64,
    /// Its stretches, in [`Tree::extents`].
    pub extents: std::ops::Range<u32>,
}

/// What a whole walk has found.
#[derive(Debug)]
pub struct Tree {
    /// Every block once, numbered in the order in which links to them were met.
    pub blocks: Vec<Block>,
    /// Files, sorted by path.
    pub files: Vec<TreeFile>,
    /// Stretches of all files.
    pub extents: Vec<Extent>,
    /// The envelope, if it is a bundle.
    pub envelope: Option<Envelope>,
    /// Its manifest.
    pub manifest: Option<Manifest>,
}

pub(crate) mod view {
    //! What the listing of a finished walk may see of its blocks.
    use super::{Block, Cid, State};

    /// A finished block.
    pub enum Seen<'a> {
        /// From, length.
        Leaf(u32, u32),
        /// Size, parts.
        File(u64, &'a [u32]),
        /// Names and blocks.
        Folder(&'a [(Box<str>, u32)]),
        /// Bits; place, name, block.
        Shard(u32, Vec<(u16, Option<&'a str>, u32)>),
        /// Not content.
        Other,
    }

    /// All blocks of a walk.
    #[derive(Clone, Copy)]
    pub struct Blocks<'a>(pub(super) &'a [(Block, State)]);

    impl<'a> Blocks<'a> {
        pub fn cid(self, block: u32) -> Cid {
            self.0[block as usize].0.cid
        }

        pub fn get(self, block: u32) -> Seen<'a> {
            match &self.0[block as usize].1 {
                State::Leaf(at, len) => Seen::Leaf(*at, *len),
                State::File(size, parts) => Seen::File(*size, parts),
                State::Folder(entries) => Seen::Folder(entries),
                State::Shard(bits, slots) => Seen::Shard(*bits, slots.iter().map(|s| (s.place, s.name.as_deref(), s.block)).collect()),
                State::Pending | State::Envelope | State::Manifest => Seen::Other,
            }
        }
    }
}

impl<'a> crate::tree::Listing<'a> {
    fn new(blocks: &'a [(Block, State)], visits: u64, files: usize) -> Self {
        Self::over(view::Blocks(blocks), visits, files)
    }
}
