//! The store: packs of blocks, and an index for each bundle that is published.
//!
//! ```text
//!   packs/12.car         blocks that one import brought, a CAR; never changed, but for rot that is mended in place
//!   bundles/<root>.idx   a bundle that is there: `index.rs`
//!   bundles/<root>.gone  a bundle that is being removed
//!   staging/             an import under way, and one .partial: a download that broke off; else emptied at every start
//! ```
//! An import writes one file from its start to its end, which is what a card does best; a file's bytes are stretches of a
//! pack, which the kernel sends without copying. A bundle is published by one rename, after all that it needs is durable:
//! a cut at any write leaves what was there before. Blocks that another bundle holds already are not written again.
//!
//! A pack enters `packs/` only when all its bundle's blocks are verified and durable, so a pack without an index is a
//! publication that a cut interrupted, and opening the store finishes it.

mod export;
pub mod import;
pub mod index;
mod open;
mod partial;
mod remove;
mod scrub;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cid::Cid;
pub use import::{Import, Options};
pub use index::{Index, Place};
pub use open::Report;
pub use scrub::Rot;

/// A store that one process writes; others look at it by [`Shelf`].
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    bundles: BTreeMap<Cid, Arc<Index>>,
    next_pack: u64,
}

/// Readable by the group, which is our other programs.
const MODE: u32 = 0o640;

fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(MODE).open(path)
}

/// A rename is durable when its folder is.
fn publish(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The file of a pack.
pub fn pack_path(root: &Path, pack: u64) -> PathBuf {
    root.join(format!("packs/{pack}.car"))
}

fn index_path(root: &Path, bundle: &Cid) -> PathBuf {
    root.join(format!("bundles/{bundle}.idx"))
}

impl Store {
    /// Every bundle, by root.
    pub fn bundles(&self) -> &BTreeMap<Cid, Arc<Index>> {
        &self.bundles
    }

    /// Where a block is, whichever bundle has it.
    pub fn find(&self, cid: &Cid) -> Option<Place> {
        self.bundles.values().find_map(|index| index.find(cid))
    }

    /// A block's bytes, verified.
    pub fn read(&self, cid: &Cid) -> Option<Vec<u8>> {
        let place = self.find(cid)?;
        let mut block = vec![0; place.len as usize];
        File::open(pack_path(&self.root, place.pack)).ok()?.read_exact_at(&mut block, place.at).ok()?;
        cid.check(&block).is_ok().then_some(block)
    }

    /// Bytes that all packs take.
    pub fn used(&self) -> u64 {
        use std::os::unix::fs::MetadataExt;
        // Allocated, not apparent: what was punched out of a pack is free.
        let size = |pack| fs::metadata(pack_path(&self.root, pack)).map_or(0, |meta| meta.blocks() * 512);
        let mut packs: Vec<u64> = self.bundles.values().flat_map(|index| index.packs.iter().copied()).collect();
        packs.sort_unstable();
        packs.dedup();
        packs.into_iter().map(size).sum()
    }
}

/// The bundles of a store as another process sees them; a look costs a listing while nothing has changed.
#[derive(Debug, Default)]
pub struct Shelf {
    root: PathBuf,
    known: BTreeMap<String, Arc<Index>>,
}

impl Shelf {
    /// The store need not be there yet.
    pub fn new(root: PathBuf) -> Self {
        Self { root, known: BTreeMap::new() }
    }

    /// Looks again; true if anything has changed. What cannot be read is not there.
    pub fn look(&mut self) -> bool {
        let mut seen = BTreeMap::new();
        let mut changed = false;
        for entry in fs::read_dir(self.root.join("bundles")).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !name.ends_with(".idx") {
                continue;
            }
            if let Some(known) = self.known.get(&name) {
                seen.insert(name, known.clone());
            } else if let Ok(index) = Index::load(&entry.path()) {
                changed = true;
                seen.insert(name, Arc::new(index));
            }
        }
        changed |= seen.len() != self.known.len();
        self.known = seen;
        changed
    }

    /// All of them, by root.
    pub fn bundles(&self) -> impl Iterator<Item = &Arc<Index>> {
        self.known.values()
    }

    /// The file of a pack.
    pub fn pack(&self, pack: u64) -> PathBuf {
        pack_path(&self.root, pack)
    }
}

#[cfg(test)]
mod tests;
