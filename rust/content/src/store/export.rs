//! Exporting: a published bundle as one file again, byte for byte what its maker wrote.

use std::collections::HashMap;
use std::io::Write;

use super::Store;
use super::open::Packs;
use crate::cid::Cid;
use crate::source::{drive, walk_of};
use crate::{Error, car};

impl Store {
    /// Writes a bundle as a CAR, every block verified on the way. `progress` gets the bytes that are done.
    pub fn export(&self, root: &Cid, out: &mut impl Write, progress: &mut dyn FnMut(u64)) -> Result<(), Error> {
        let index = self.bundles.get(root).ok_or(Error::Missing(*root))?;
        let places: HashMap<_, _> = index.blocks().collect();
        let mut source = Packs { store: self, places: &places, open: None };
        out.write_all(&car::header(*root))?;
        let mut done = 0;
        drive(walk_of(*root, u64::MAX), &mut source, "file", |_, cid, block| {
            car::write(cid, block, out)?;
            done += block.len() as u64;
            progress(done);
            Ok(())
        })?;
        out.flush()?;
        Ok(())
    }
}
