//! What is here already: blocks of other bundles, and of a download that broke off.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::Store;
use crate::Error;
use crate::car::Car;
use crate::cid::Cid;
use crate::source::Source;

/// Blocks that an earlier try had fetched.
#[derive(Debug)]
struct Partial {
    file: File,
    places: HashMap<Cid, (u64, u32)>,
}

/// A source that is asked only for what is not here, if it can do without being asked.
pub(super) struct Holding<'a> {
    store: &'a Store,
    inner: &'a mut dyn Source,
    partial: Option<Partial>,
}

impl Store {
    fn partial_path(&self, root: &Cid) -> PathBuf {
        self.root.join(format!("staging/{root}.partial"))
    }

    /// Keeps what a broken import had written, for the next try at the same root; only one such is kept.
    pub(super) fn keep_partial(&self, root: &Cid, staged: &std::path::Path) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join("staging"))?.flatten() {
            if entry.path().extension().is_some_and(|e| e == "partial") {
                fs::remove_file(entry.path())?;
            }
        }
        fs::rename(staged, self.partial_path(root))
    }

    /// Forgets it.
    pub(super) fn drop_partial(&self, root: &Cid) {
        let _ = fs::remove_file(self.partial_path(root));
    }

    pub(super) fn holding<'a>(&'a self, root: &Cid, inner: &'a mut dyn Source) -> Holding<'a> {
        let open = || -> Result<Partial, Error> {
            let file = File::open(self.partial_path(root))?;
            let size = file.metadata()?.len();
            let mut car = Car::open(&file)?;
            let mut places = HashMap::new();
            // It ends where the try broke off.
            while let Ok(Some(section)) = car.skip(size) {
                places.insert(section.cid, (section.at, section.len));
            }
            drop(car);
            Ok(Partial { file, places })
        };
        Holding { store: self, inner, partial: open().ok() }
    }
}

impl Holding<'_> {
    fn here(&self, cid: &Cid) -> Option<Vec<u8>> {
        self.store.read(cid).or_else(|| {
            let partial = self.partial.as_ref()?;
            let &(at, len) = partial.places.get(cid)?;
            let mut block = vec![0; len as usize];
            partial.file.read_exact_at(&mut block, at).ok()?;
            cid.check(&block).is_ok().then_some(block)
        })
    }
}

impl Source for Holding<'_> {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        if self.inner.may_pass_over()
            && let Some(found) = self.here(&cid)
        {
            self.inner.pass_over(u32::try_from(found.len()).unwrap_or(0));
            *block = found;
            return Ok(0);
        }
        self.inner.fetch(cid, block)
    }

    fn end(&mut self) -> Result<(), Error> {
        self.inner.end()
    }
}
