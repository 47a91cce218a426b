//! Making a bundle from a folder: hash all once, on every core, then write in the walk's order.
//!
//! A CAR in depth-first order starts with its root, which is known last. So the files are read twice, but hashed once: the
//! second pass has the kernel copy the chunks, and notices a file that has changed since by its size and times.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::cid::{Cid, Codec};
use crate::dag::{self, Built, CHUNK, Node};
use crate::manifest::Entry;
use crate::{Error, car, mime, paths};

/// File with a bundle's description, in the folder itself; never content.
pub const DESCRIPTION: &str = "bundle.toml";
/// Small files stay in memory between the passes, up to so many bytes in all.
const KEEP: usize = 48 << 20;
/// Threads that hash at most.
const MAX_THREADS: usize = 8;

/// What is wrong with a folder or file on the way in: the path and why.
#[derive(Debug)]
pub struct Refused(pub PathBuf, pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.display(), self.1)
    }
}

/// A file or folder that goes in.
#[derive(Debug)]
struct Item {
    /// Path under the folder, `/` between names; empty for the folder itself.
    path: String,
    /// `None`: a folder.
    size: Option<u64>,
}

/// A folder that was looked at.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Parents before children.
    items: Vec<Item>,
    /// Names that were left out since they start with a dot.
    pub hidden: usize,
}

impl Folder {
    /// Looks at all that is in a folder. Names that start with a dot are left out, as the profile says.
    ///
    /// Errors: symbolic links, special files, and names that a bundle cannot have.
    pub fn look(root: &Path) -> Result<Self, Refused> {
        let mut folder = Self { root: root.to_owned(), items: vec![Item { path: String::new(), size: None }], hidden: 0 };
        let mut next = 0;
        while next < folder.items.len() {
            if folder.items[next].size.is_none() {
                let path = folder.items[next].path.clone();
                folder.list(&path)?;
            }
            next += 1;
        }
        Ok(folder)
    }

    fn list(&mut self, under: &str) -> Result<(), Refused> {
        let here = self.root.join(under);
        let refuse = |path: &Path, why: String| Refused(path.to_owned(), why);
        let mut names = paths::Names::default();
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&here).map_err(|e| refuse(&here, e.to_string()))? {
            let entry = entry.map_err(|e| refuse(&here, e.to_string()))?;
            let file_name = entry.file_name();
            let name = file_name.to_str().ok_or_else(|| refuse(&entry.path(), "its name is not UTF-8: rename it".into()))?;
            if name.starts_with('.') {
                self.hidden += 1;
                continue;
            }
            if under.is_empty() && name == DESCRIPTION {
                continue;
            }
            names.add(name).map_err(|e| refuse(&entry.path(), format!("{e}: rename it")))?;
            let meta = entry.metadata().map_err(|e| refuse(&entry.path(), e.to_string()))?;
            let size = match meta.file_type() {
                kind if kind.is_dir() => None,
                kind if kind.is_file() => Some(meta.len()),
                _ => return Err(refuse(&entry.path(), "it is a link or a special file: put the file itself there".into())),
            };
            let path = if under.is_empty() { name.to_owned() } else { format!("{under}/{name}") };
            paths::check(&path).map_err(|e| refuse(&entry.path(), e.to_string()))?;
            found.push(Item { path, size });
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        self.items.extend(found);
        Ok(())
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.items.iter().filter_map(|item| item.size).sum()
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        self.items.iter().filter(|item| item.size.is_some()).count()
    }
}

/// What tells that a file is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    times: [i64; 4],
    inode: u64,
}

fn stamp(file: &File) -> io::Result<Stamp> {
    let meta = file.metadata()?;
    Ok(Stamp { size: meta.len(), times: [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()], inode: meta.ino() })
}

/// A chunk that is to be hashed.
#[derive(Clone, Copy, Debug)]
struct Job {
    item: usize,
    at: u64,
    len: usize,
}

/// Where a chunk's bytes are for the second pass.
#[derive(Debug)]
enum From {
    Memory(Box<[u8]>),
    File(Job),
}

/// A folder that was hashed: ready to be written.
#[derive(Debug)]
pub struct Hashed {
    root: PathBuf,
    paths: Vec<String>,
    stamps: Vec<Option<Stamp>>,
    leaves: HashMap<Cid, From>,
    nodes: HashMap<Cid, Node>,
    /// Root of the files.
    pub content: Cid,
    /// Bytes of all blocks, each once.
    pub total_bytes: u64,
    /// Blocks, each once.
    pub block_count: u64,
    /// Files, sorted by path.
    pub entries: Vec<Entry>,
}

/// Hashes everything on all cores; `progress` gets the bytes that are done, from any thread.
pub fn hash(folder: Folder, progress: &(dyn Fn(u64) + Sync)) -> Result<Hashed, Refused> {
    let mut jobs = Vec::new();
    let mut first_job = Vec::with_capacity(folder.items.len());
    for (item, i) in folder.items.iter().zip(0..) {
        first_job.push(jobs.len());
        let size = item.size.unwrap_or(0);
        for at in (0..size).step_by(CHUNK) {
            jobs.push(Job { item: i, at, len: usize::try_from(size - at).unwrap_or(CHUNK).min(CHUNK) });
        }
    }
    first_job.push(jobs.len());
    let (results, stamps) = hash_jobs(&folder, &jobs, progress)?;
    let mut leaves = HashMap::new();
    let mut cids = Vec::with_capacity(jobs.len());
    for (job, result) in jobs.iter().zip(results) {
        let (cid, kept) = result.ok_or_else(|| Refused(folder.root.clone(), "a file was not hashed".into()))?;
        cids.push((cid, job.len as u64));
        leaves.entry(cid).or_insert_with(|| kept.map_or(From::File(*job), From::Memory));
    }
    let mut hashed = Hashed {
        root: folder.root,
        paths: Vec::new(),
        stamps,
        leaves,
        nodes: HashMap::new(),
        content: Cid { codec: Codec::Raw, digest: [0; 32] },
        total_bytes: 0,
        block_count: 0,
        entries: Vec::new(),
    };
    // Children come after their parents in the list: from its end, every folder's entries are ready before itself.
    let mut inside: HashMap<String, Vec<(String, Built)>> = HashMap::new();
    for (i, item) in folder.items.iter().enumerate().rev() {
        let built = if let Some(size) = item.size {
            let built = dag::file(&cids[first_job[i]..first_job[i + 1]], &mut hashed.nodes);
            if size == 0 {
                hashed.leaves.entry(built.cid).or_insert(From::Memory(Box::default()));
            }
            let mime = mime::of(&item.path).to_owned();
            hashed.entries.push(Entry { path: item.path.clone(), cid: built.cid, size, mime, license: String::new() });
            built
        } else {
            let entries = inside.remove(&item.path).unwrap_or_default();
            dag::folder(entries, &mut hashed.nodes).map_err(|e| Refused(hashed.root.join(&item.path), e.to_string()))?
        };
        hashed.content = built.cid;
        if !item.path.is_empty() {
            let (parent, name) = item.path.rsplit_once('/').unwrap_or(("", &item.path));
            inside.entry(parent.to_owned()).or_default().push((name.to_owned(), built));
        }
    }
    hashed.entries.sort_by(|a, b| a.path.cmp(&b.path));
    hashed.paths = folder.items.into_iter().map(|item| item.path).collect();
    let (mut bytes, mut blocks) = (0, 0);
    let counted = hashed.each(|_, _, len| {
        bytes += len;
        blocks += 1;
        Ok(())
    });
    counted.map_err(|e| Refused(hashed.root.clone(), e.to_string()))?;
    (hashed.total_bytes, hashed.block_count) = (bytes, blocks);
    Ok(hashed)
}

/// A chunk's number and address, and its bytes if they are kept.
type Done = (usize, Cid, Option<Box<[u8]>>);
type Results = (Vec<Option<(Cid, Option<Box<[u8]>>)>>, Vec<Option<Stamp>>);

fn hash_jobs(folder: &Folder, jobs: &[Job], progress: &(dyn Fn(u64) + Sync)) -> Result<Results, Refused> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MAX_THREADS).min(jobs.len().max(1));
    let (next, kept, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU64::new(0));
    let stamps = Mutex::new(vec![None; folder.items.len()]);
    let work = || -> Result<Vec<Done>, Refused> {
        let mut out = Vec::new();
        let mut buffer = vec![0; CHUNK];
        let mut open: Option<(usize, File)> = None;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { return Ok(out) };
            let path = || folder.root.join(&folder.items[job.item].path);
            let fail = |e: io::Error| Refused(path(), e.to_string());
            if open.as_ref().is_none_or(|(item, _)| *item != job.item) {
                let file = File::open(path()).map_err(fail)?;
                let now = stamp(&file).map_err(fail)?;
                let mut stamps = stamps.lock().unwrap_or_else(PoisonError::into_inner);
                let before = stamps[job.item].get_or_insert(now);
                if *before != now || Some(now.size) != folder.items[job.item].size {
                    return Err(Refused(path(), "it changes while it is read: try again when nobody writes to it".into()));
                }
                open = Some((job.item, file));
            }
            let Some((_, file)) = &open else { continue };
            let chunk = &mut buffer[..job.len];
            file.read_exact_at(chunk, job.at).map_err(fail)?;
            let cid = Cid::of(Codec::Raw, chunk);
            // A file of less than a chunk that fits is spared the second reading.
            let keep = job.len < CHUNK && job.at == 0 && kept.fetch_add(job.len, Ordering::Relaxed) + job.len <= KEEP;
            out.push((number, cid, keep.then(|| Box::from(&*chunk))));
            progress(done.fetch_add(job.len as u64, Ordering::Relaxed) + job.len as u64);
        }
    };
    let mut results: Vec<_> = std::iter::repeat_with(|| None).take(jobs.len()).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let out = worker.join().unwrap_or_else(|_| Err(Refused(folder.root.clone(), "hashing failed".into())))?;
            for (number, cid, kept) in out {
                results[number] = Some((cid, kept));
            }
        }
        Ok::<_, Refused>(())
    })?;
    Ok((results, stamps.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

impl Hashed {
    /// Every block once, in the walk's order: its address, its node (`None`: a chunk), its length.
    fn each(&self, mut each: impl FnMut(Cid, Option<&Node>, u64) -> Result<(), Error>) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let mut todo = vec![self.content];
        while let Some(cid) = todo.pop() {
            if !seen.insert(cid) {
                continue;
            }
            if let Some(node) = self.nodes.get(&cid) {
                each(cid, Some(node), node.block.len() as u64)?;
                todo.extend(node.children.iter().rev());
            } else {
                let leaf = self.leaves.get(&cid).ok_or(Error::Missing(cid))?;
                let len = match leaf {
                    From::Memory(bytes) => bytes.len(),
                    From::File(job) => job.len,
                };
                each(cid, None, len as u64)?;
            }
        }
        Ok(())
    }

    /// Writes the whole CAR; `progress` gets the content bytes that are written.
    ///
    /// Errors: a file has changed since it was hashed, or the disk.
    pub fn write(&self, envelope: &[u8], manifest: &[u8], out: File, progress: &dyn Fn(u64)) -> Result<(), Refused> {
        let here = |e: io::Error| Refused(self.root.clone(), e.to_string());
        let mut out = BufWriter::with_capacity(256 * 1024, out);
        let root = Cid::of(Codec::DagCbor, envelope);
        out.write_all(&car::header(root)).map_err(here)?;
        car::write(root, envelope, &mut out).map_err(here)?;
        car::write(Cid::of(Codec::DagCbor, manifest), manifest, &mut out).map_err(here)?;
        let mut open: Option<(usize, File)> = None;
        let mut done = 0;
        let mut refused = None;
        let walked = self.each(|cid, node, len| {
            let written = match (node, self.leaves.get(&cid)) {
                (Some(node), _) => car::write(cid, &node.block, &mut out),
                (None, Some(From::Memory(bytes))) => car::write(cid, bytes, &mut out),
                (None, Some(From::File(job))) => self.copy(cid, *job, &mut open, &mut out).inspect_err(|e| {
                    refused = Some(Refused(self.root.join(&self.paths[job.item]), e.to_string()));
                }),
                (None, None) => return Err(Error::Missing(cid)),
            };
            done += len;
            progress(done);
            written.map_err(Error::Io)
        });
        walked.map_err(|e| refused.unwrap_or_else(|| Refused(self.root.clone(), e.to_string())))?;
        self.unchanged(open).map_err(|e| Refused(self.root.clone(), e.to_string()))?;
        let file = out.into_inner().map_err(|e| here(e.into_error()))?;
        file.sync_all().map_err(here)
    }

    /// Errors if the file at hand is not what was hashed.
    fn unchanged(&self, open: Option<(usize, File)>) -> io::Result<()> {
        match open {
            Some((item, file)) if Some(stamp(&file)?) != self.stamps[item] => {
                Err(io::Error::other(format!("{} has changed since it was hashed: start again", self.paths[item])))
            }
            _ => Ok(()),
        }
    }

    fn copy(&self, cid: Cid, job: Job, open: &mut Option<(usize, File)>, out: &mut BufWriter<File>) -> io::Result<()> {
        if open.as_ref().is_none_or(|(item, _)| *item != job.item) {
            self.unchanged(open.take())?;
            *open = Some((job.item, File::open(self.root.join(&self.paths[job.item]))?));
            let (_, file) = open.as_ref().ok_or(io::ErrorKind::NotFound)?;
            if Some(stamp(file)?) != self.stamps[job.item] {
                return Err(io::Error::other("it has changed since it was hashed: start again"));
            }
        }
        let Some((_, file)) = open else { return Err(io::ErrorKind::NotFound.into()) };
        out.write_all(&car::section_head(cid, job.len))?;
        file.seek(SeekFrom::Start(job.at))?;
        // The standard library has the kernel copy between files.
        let copied = io::copy(&mut (&*file).take(job.len as u64), out)?;
        if copied == job.len as u64 { Ok(()) } else { Err(io::Error::other("it has become shorter since it was hashed: start again")) }
    }
}

/// A hashed folder as it is, for taking it in without a file between.
impl crate::source::Source for Hashed {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        block.clear();
        match (self.nodes.get(&cid), self.leaves.get(&cid)) {
            (Some(node), _) => block.extend_from_slice(&node.block),
            (None, Some(From::Memory(bytes))) => block.extend_from_slice(bytes),
            (None, Some(From::File(job))) => {
                block.resize(job.len, 0);
                File::open(self.root.join(&self.paths[job.item]))?.read_exact_at(block, job.at)?;
            }
            (None, None) => return Err(Error::Missing(cid)),
        }
        Ok(0)
    }
}
