//! The library as the portal sees it: looked at again every few seconds, never waited for long.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use content::Cid;
use content::gateway::Blocks;
use content::key::Publisher;
use content::store::{Index, Place, Shelf as Disk};
use portal::library::Shelf;
use rawzip::ReaderAt;

use super::cached::{Cached, Patience};
use super::wire::Stretch;

/// A look is a listing while nothing has changed.
const LOOK: Patience = Patience { fresh: Duration::from_secs(2), usable: Duration::from_secs(3600), wait: Duration::from_millis(400) };

/// The library.
#[derive(Debug)]
pub struct Catalog {
    disk: Arc<Mutex<Disk>>,
    shelf: Arc<Cached<Shelf>>,
    root: PathBuf,
}

impl Catalog {
    /// The store need not be there yet.
    pub fn new(root: PathBuf) -> Self {
        Self { disk: Arc::new(Mutex::new(Disk::new(root.clone()))), shelf: Cached::new(), root }
    }

    /// The books, seconds old at most.
    pub async fn shelf(&self) -> Option<Arc<Shelf>> {
        let (disk, root) = (self.disk.clone(), self.root.clone());
        let look = move || {
            let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
            // The old value stays while nothing has changed.
            disk.look().then(|| Shelf::new(disk.bundles().cloned()).with_guides(|index, file| small(&root, index, file)))
        };
        self.shelf.get(LOOK, || async move { tokio::task::spawn_blocking(look).await.ok().flatten() }).await
    }

    /// Opens what part of a file needs: its stretches in their packs.
    pub async fn open(&self, places: Vec<Place>) -> Option<Vec<Stretch>> {
        let packs = Packs::new(self.root.clone());
        tokio::task::spawn_blocking(move || packs.stretches(&places)).await.ok()?
    }

    /// A view of all blocks, for a thread that may wait.
    pub fn blocks(&self, shelf: Arc<Shelf>) -> Held {
        Held { shelf, packs: Packs::new(self.root.clone()) }
    }
}

/// All bytes of a small file.
fn small(root: &Path, index: &Index, file: usize) -> Option<Vec<u8>> {
    let size = index.manifest.entries.get(file)?.size;
    let stretches = Packs::new(root.to_owned()).stretches(&index.stretches(file, 0, size))?;
    let mut bytes = vec![0; usize::try_from(size).ok()?];
    Pieced(stretches).read_exact_at(&mut bytes, 0).ok()?;
    Some(bytes)
}

/// Packs that are opened once for an answer.
#[derive(Debug)]
pub struct Packs {
    root: PathBuf,
    open: Vec<(u64, Arc<File>)>,
}

impl Packs {
    fn new(root: PathBuf) -> Self {
        Self { root, open: Vec::new() }
    }

    fn pack(&mut self, pack: u64) -> Option<Arc<File>> {
        if let Some((_, file)) = self.open.iter().find(|(number, _)| *number == pack) {
            return Some(file.clone());
        }
        let file = Arc::new(File::open(content::store::pack_path(&self.root, pack)).ok()?);
        self.open.push((pack, file.clone()));
        Some(file)
    }

    fn stretches(mut self, places: &[Place]) -> Option<Vec<Stretch>> {
        places.iter().map(|place| Some(Stretch { file: self.pack(place.pack)?, offset: place.at, left: u64::from(place.len) })).collect()
    }
}

/// A file of a bundle that is read at any place: its stretches, end to end.
#[derive(Debug)]
pub struct Pieced(pub Vec<Stretch>);

impl ReaderAt for Pieced {
    fn read_at(&self, buf: &mut [u8], mut offset: u64) -> std::io::Result<usize> {
        for stretch in &self.0 {
            if offset < stretch.left {
                let most = usize::try_from(stretch.left - offset).unwrap_or(usize::MAX).min(buf.len());
                return stretch.file.read_at(&mut buf[..most], stretch.offset + offset);
            }
            offset -= stretch.left;
        }
        Ok(0)
    }
}

/// All blocks of the library.
#[derive(Debug)]
pub struct Held {
    shelf: Arc<Shelf>,
    packs: Packs,
}

impl Held {
    /// Where a block is.
    pub fn find(&self, cid: &Cid) -> Option<Place> {
        self.shelf.books.iter().find_map(|book| book.index.find(cid))
    }

    /// Its bytes as a stretch of a pack.
    pub fn stretch(&mut self, cid: &Cid) -> Option<Stretch> {
        let place = self.find(cid)?;
        Some(Stretch { file: self.packs.pack(place.pack)?, offset: place.at, left: u64::from(place.len) })
    }

    /// The newest record of a publisher's name.
    pub fn record(&mut self, publisher: &Publisher) -> Option<Vec<u8>> {
        let shelf = self.shelf.clone();
        let books = shelf.books.iter().filter(|book| book.index.signed && book.index.manifest.publisher == *publisher);
        let newest = books.max_by_key(|book| (book.index.manifest.seq, book.index.manifest.created))?;
        let envelope = content::envelope::Envelope::read(&self.get(&newest.index.root)?).ok()?;
        Some(envelope.ipns_record).filter(|record| !record.is_empty())
    }
}

impl Blocks for Held {
    fn get(&mut self, cid: &Cid) -> Option<Vec<u8>> {
        let place = self.find(cid)?;
        let mut block = vec![0; place.len as usize];
        self.packs.pack(place.pack)?.read_exact_at(&mut block, place.at).ok()?;
        Some(block)
    }

    fn has(&mut self, cid: &Cid) -> bool {
        self.find(cid).is_some()
    }
}
