//! Removing a bundle: its index first, then what no other bundle needs.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use nix::fcntl::{FallocateFlags, fallocate};

use super::{Index, Store, index_path, pack_path, publish};
use crate::cid::Cid;

/// Blocks smaller than this are not worth a hole.
const HOLE: u32 = 64 * 1024;

impl Store {
    /// Removes a bundle; false if it was not there. Its blocks go unless another bundle has them too.
    pub fn remove(&mut self, root: &Cid) -> io::Result<bool> {
        if self.bundles.remove(root).is_none() {
            return Ok(false);
        }
        let gone = index_path(&self.root, root).with_extension("gone");
        publish(&index_path(&self.root, root), &gone)?;
        self.finish_removal(&gone)?;
        Ok(true)
    }

    /// Deletes what a removed bundle alone held; may be cut at any step and done again.
    pub(super) fn finish_removal(&self, gone: &Path) -> io::Result<()> {
        if let Ok(index) = Index::load(gone) {
            let used: BTreeSet<u64> = self.bundles.values().flat_map(|index| index.packs.iter().copied()).collect();
            for &pack in &index.packs {
                let path = pack_path(&self.root, pack);
                if used.contains(&pack) {
                    self.punch(&index, pack, &path)?;
                } else if let Err(e) = fs::remove_file(&path)
                    && e.kind() != io::ErrorKind::NotFound
                {
                    return Err(e);
                }
            }
        }
        fs::remove_file(gone)
    }

    /// Frees the room of blocks that nobody else has in a pack that stays. A file system that cannot do it keeps them.
    fn punch(&self, index: &Index, pack: u64, path: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(path)?;
        for (cid, place) in index.blocks() {
            let alone = place.pack == pack && place.len >= HOLE && self.find(&cid).is_none_or(|other| other != place);
            if alone {
                let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
                let (at, len) = (i64::try_from(place.at).unwrap_or(0), i64::from(place.len));
                if fallocate(&file, flags, at, len).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }
}
