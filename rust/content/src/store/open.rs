//! Opening: empty what is staged, finish what a cut interrupted, rebuild what is lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{Index, Place, Store, index_path, pack_path, publish};
use crate::car::Car;
use crate::cid::{Cid, LENGTH};
use crate::source::{Source, drive, one_root, walk_of};
use crate::{Error, varint};

/// What opening found and did, for the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Bundles whose index was made again from the packs.
    pub rebuilt: Vec<Cid>,
    /// Packs that no bundle can be made of; deleted.
    pub dropped: Vec<u64>,
    /// Index files that were damaged; deleted, and rebuilt where the packs allow.
    pub damaged: usize,
}

impl Store {
    /// Opens a store, made when there is none. Only one process may.
    pub fn open(root: &Path) -> io::Result<(Self, Report)> {
        let mut report = Report::default();
        for folder in ["packs", "bundles", "staging"] {
            fs::create_dir_all(root.join(folder))?;
        }
        for entry in fs::read_dir(root.join("staging"))? {
            let path = entry?.path();
            if path.extension().is_none_or(|e| e != "partial") {
                fs::remove_file(path)?;
            }
        }
        let mut store = Self { root: root.to_owned(), bundles: BTreeMap::new(), next_pack: 1 };
        let mut gone = Vec::new();
        for entry in fs::read_dir(root.join("bundles"))? {
            let path = entry?.path();
            match path.extension().and_then(|e| e.to_str()) {
                Some("gone") => gone.push(path),
                Some("idx") => match Index::load(&path) {
                    Ok(index) => {
                        store.bundles.insert(index.root, Arc::new(index));
                    }
                    Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                        report.damaged += 1;
                        fs::remove_file(&path)?;
                    }
                    Err(e) => return Err(e),
                },
                _ => fs::remove_file(&path)?,
            }
        }
        for path in gone {
            store.finish_removal(&path)?;
        }
        store.adopt(&mut report)?;
        Ok((store, report))
    }

    fn packs(&self) -> io::Result<BTreeSet<u64>> {
        let names = fs::read_dir(self.root.join("packs"))?.map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()));
        let names: Vec<String> = names.collect::<io::Result<_>>()?;
        Ok(names.iter().filter_map(|name| name.strip_suffix(".car")?.parse().ok()).collect())
    }

    /// Packs that no index names: bundles are made of them again, or they are dropped.
    fn adopt(&mut self, report: &mut Report) -> io::Result<()> {
        let all = self.packs()?;
        self.next_pack = all.last().map_or(1, |last| last + 1);
        let used: BTreeSet<u64> = self.bundles.values().flat_map(|index| index.packs.iter().copied()).collect();
        let strays: Vec<u64> = all.difference(&used).copied().collect();
        if strays.is_empty() && report.damaged == 0 {
            return Ok(());
        }
        let mut everything = HashMap::new();
        let mut roots = Vec::new();
        for &pack in &all {
            if let Ok(root) = self.list(pack, &mut everything) {
                roots.push(root);
            }
        }
        let mut wanted: Vec<Cid> = roots.into_iter().filter(|root| !self.bundles.contains_key(root)).collect();
        wanted.dedup();
        for root in wanted {
            if let Ok(index) = self.rebuild(root, &everything) {
                self.publish_index(index)?;
                report.rebuilt.push(root);
            }
        }
        let used: BTreeSet<u64> = self.bundles.values().flat_map(|index| index.packs.iter().copied()).collect();
        for pack in strays {
            if !used.contains(&pack) {
                fs::remove_file(pack_path(&self.root, pack))?;
                report.dropped.push(pack);
            }
        }
        Ok(())
    }

    /// The root of a pack, and all its blocks added to `places`.
    fn list(&self, pack: u64, places: &mut HashMap<Cid, Place>) -> Result<Cid, Error> {
        let file = File::open(pack_path(&self.root, pack))?;
        let size = file.metadata()?.len();
        let mut car = Car::open(file)?;
        let root = one_root(car.roots())?;
        while let Some(section) = car.skip(size)? {
            places.insert(section.cid, Place { pack, at: section.at, len: section.len });
        }
        Ok(root)
    }

    /// Walks a bundle through the packs, every block verified.
    fn rebuild(&self, root: Cid, everything: &HashMap<Cid, Place>) -> Result<Index, Error> {
        let mut source = Packs { store: self, places: everything, open: None };
        let mut used = HashMap::new();
        let (tree, _) = drive(walk_of(root, u64::MAX), &mut source, "file", |_, cid, _| {
            used.extend(everything.get(&cid).map(|place| (cid, *place)));
            Ok(())
        })?;
        let title = root.to_string();
        Ok(Index::new(root, &title, tree, &used)?)
    }

    /// Makes a bundle be there, durably.
    pub(super) fn publish_index(&mut self, index: Index) -> io::Result<Arc<Index>> {
        let staged = self.root.join(format!("staging/{}.idx", index.root));
        index.save(&staged)?;
        publish(&staged, &index_path(&self.root, &index.root))?;
        let index = Arc::new(index);
        self.bundles.insert(index.root, index.clone());
        Ok(index)
    }
}

/// Blocks straight from packs.
pub(super) struct Packs<'a> {
    pub(super) store: &'a Store,
    pub(super) places: &'a HashMap<Cid, Place>,
    pub(super) open: Option<(u64, File)>,
}

impl Source for Packs<'_> {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        use std::os::unix::fs::FileExt;
        let place = self.places.get(&cid).ok_or(Error::Missing(cid))?;
        if self.open.as_ref().is_none_or(|(pack, _)| *pack != place.pack) {
            self.open = Some((place.pack, File::open(pack_path(&self.store.root, place.pack))?));
        }
        block.resize(place.len as usize, 0);
        if let Some((_, file)) = &self.open {
            file.read_exact_at(block, place.at)?;
        }
        Ok(place.at)
    }
}

/// Bytes that stand before a block of `len` bytes in a pack.
pub(super) fn head_length(len: usize) -> usize {
    varint::length((LENGTH + len) as u64) + LENGTH
}
