//! Where a walk's blocks come from, and the loop that joins the two.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use crate::Error;
use crate::car::{Car, Section};
use crate::cid::{Cid, Codec};
use crate::walk::{MAX_BLOCKS, Tree, Walk};

/// Something that can be asked for the block whose turn it is.
pub trait Source {
    /// Puts the block's bytes, not yet verified, into `block`; where they started, if that means anything.
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error>;

    /// Can it do without being asked for a block that is here already? What streams cannot.
    fn may_pass_over(&self) -> bool {
        false
    }

    /// The block whose turn it is, of this length, is here already; only if [`Source::may_pass_over`].
    fn pass_over(&mut self, _len: u32) {}

    /// Called after the last block. Errors: it had more than belongs to it.
    fn end(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// A CAR in the walk's order, read once from its start.
impl<R: Read> Source for Car<R> {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        match self.next(block)? {
            None => Err(Error::Missing(cid)),
            Some(Section { cid: got, at, .. }) if got == cid => Ok(at),
            Some(Section { cid: got, .. }) => Err(Error::Unexpected { wanted: Some(cid), got }),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.next(&mut Vec::new())? {
            None => Ok(()),
            Some(Section { cid: got, .. }) => Err(Error::Unexpected { wanted: None, got }),
        }
    }
}

/// A CAR in any order, such as other programs write: an index first, then the walk picks. What belongs to nothing is not read.
#[derive(Debug)]
pub struct Indexed<R> {
    input: R,
    places: HashMap<Cid, (u64, u32)>,
}

impl<R: Read + Seek> Indexed<R> {
    /// Reads the addresses of all sections; gives the header's roots too.
    pub fn open(mut input: R) -> Result<(Self, Vec<Cid>), Error> {
        let size = input.seek(SeekFrom::End(0))?;
        input.rewind()?;
        let mut places = HashMap::new();
        let mut car = Car::open(&mut input)?;
        let roots = car.roots().to_vec();
        let mut sections = 0;
        while let Some(section) = car.skip(size)? {
            sections += 1;
            if sections > MAX_BLOCKS {
                return Err(Error::TooLong { what: "blocks", is: sections, limit: MAX_BLOCKS });
            }
            places.entry(section.cid).or_insert((section.at, section.len));
        }
        Ok((Self { input, places }, roots))
    }
}

impl<R: Read + Seek> Source for Indexed<R> {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        let &(at, len) = self.places.get(&cid).ok_or(Error::Missing(cid))?;
        self.input.seek(SeekFrom::Start(at))?;
        block.resize(len as usize, 0);
        self.input.read_exact(block)?;
        Ok(at)
    }
}

/// Where a block of a finished walk stands: its number in [`Tree::blocks`] is the place in the list.
pub type Places = Vec<u64>;

/// Runs a walk to its end. `each` gets every verified block: its number, address and bytes, and the walk as it is then.
///
/// The buffer may be taken by `each`, which then leaves another in its place.
pub fn drive(
    mut walk: Walk,
    source: &mut dyn Source,
    name: &str,
    mut each: impl FnMut(&Walk, Cid, &mut Vec<u8>) -> Result<(), Error>,
) -> Result<(Tree, Places), Error> {
    let mut block = Vec::new();
    let mut places = Vec::new();
    while let Some(cid) = walk.wanted()? {
        let at = source.fetch(cid, &mut block)?;
        cid.check(&block)?;
        let number = walk.accept(&block)? as usize;
        if places.len() <= number {
            places.resize(number + 1, 0);
        }
        places[number] = at;
        each(&walk, cid, &mut block)?;
    }
    source.end()?;
    Ok((walk.finish(name)?, places))
}

/// The walk that fits a root: a bundle's envelope or a plain tree of `bytes` at most.
pub fn walk_of(root: Cid, bytes: u64) -> Walk {
    if root.codec == Codec::DagCbor { Walk::bundle(root) } else { Walk::plain(root, bytes) }
}

/// The one root that a file must have.
pub fn one_root(roots: &[Cid]) -> Result<Cid, Error> {
    match roots {
        [root] => Ok(*root),
        _ => Err(Error::Header("it must have one root of a kind that is taken")),
    }
}

/// A file with its walk: read in one pass where its order allows, else by index.
pub enum Opened<R: Read> {
    /// In the walk's order.
    Stream(Car<R>),
    /// In any other.
    Indexed(Indexed<R>),
}

impl<R: Read + Seek> Opened<R> {
    /// Looks at the header and the first section.
    pub fn open(mut input: R) -> Result<(Self, Cid), Error> {
        let root;
        {
            let mut car = Car::open(&mut input)?;
            root = one_root(car.roots())?;
            let size = u64::MAX;
            let first = car.skip(size)?;
            if first.is_none_or(|section| section.cid != root) {
                drop(car);
                input.rewind()?;
                return Ok((Self::Indexed(Indexed::open(input)?.0), root));
            }
        }
        input.rewind()?;
        Ok((Self::Stream(Car::open(input)?), root))
    }

    /// As a source.
    pub fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Stream(car) => car,
            Self::Indexed(indexed) => indexed,
        }
    }
}
