//! Looking for rot, a stretch at a time, and mending it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::{Store, pack_path};
use crate::cid::Cid;

/// A block whose bytes are no longer what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rot {
    /// The bundle that it was found in.
    pub bundle: Cid,
    /// The block.
    pub cid: Cid,
}

impl Store {
    /// Reads the blocks of a bundle and tells which are rotten. `each` is called between blocks with the bytes read; false ends it.
    pub fn scrub(&self, bundle: &Cid, mut each: impl FnMut(u64) -> bool) -> Vec<Rot> {
        let Some(index) = self.bundles.get(bundle) else { return Vec::new() };
        let mut rotten = Vec::new();
        let mut open: Option<(u64, File)> = None;
        let mut block = Vec::new();
        let mut blocks: Vec<_> = index.blocks().collect();
        // In the order in which they lie.
        blocks.sort_by_key(|(_, place)| (place.pack, place.at));
        for (cid, place) in blocks {
            if open.as_ref().is_none_or(|(pack, _)| *pack != place.pack) {
                open = File::open(pack_path(&self.root, place.pack)).ok().map(|file| (place.pack, file));
            }
            block.resize(place.len as usize, 0);
            let read = open.as_ref().is_some_and(|(_, file)| file.read_exact_at(&mut block, place.at).is_ok());
            if !read || cid.check(&block).is_err() {
                rotten.push(Rot { bundle: *bundle, cid });
            }
            if !each(u64::from(place.len)) {
                break;
            }
        }
        rotten
    }

    /// Writes a rotten block's right bytes over the wrong ones. False: they are not the right ones, or it is not here.
    pub fn mend(&self, cid: &Cid, block: &[u8]) -> io::Result<bool> {
        let Some(place) = self.find(cid).filter(|place| place.len as usize == block.len() && cid.check(block).is_ok()) else {
            return Ok(false);
        };
        let file = File::options().write(true).open(pack_path(&self.root, place.pack))?;
        file.write_all_at(block, place.at)?;
        file.sync_all()?;
        Ok(true)
    }
}
