//! Keys, images, bundles and slots in memory.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::cast_possible_truncation, reason = "offsets of a few megabytes")]

use std::io::{self, Cursor};
use std::sync::{Arc, Mutex};

use update::*;

/// A key that is the same in every run.
pub fn key(role: Role, n: u8) -> SecretKey {
    SecretKey::from_seed(role, [n; 32])
}

/// A root with the keys of these numbers: root keys, release keys, thresholds of one.
pub fn root(version: u64, roots: &[u8], releases: &[u8]) -> Root {
    let keys = |role, numbers: &[u8]| {
        let mut keys: Vec<_> = numbers.iter().map(|n| key(role, *n).public()).collect();
        keys.sort();
        keys
    };
    Root { v: 1, version, threshold: 1, roots: keys(Role::Root, roots), release_threshold: 1, releases: keys(Role::Release, releases) }
}

pub fn signed(root: Root, by: &[u8]) -> SignedRoot {
    let mut signed = SignedRoot { root, signatures: Vec::new() };
    by.iter().for_each(|n| signed.add(&key(Role::Root, *n)));
    signed
}

/// Root key 1, release key 101.
pub fn chain() -> Chain {
    Chain::verify(vec![signed(root(1, &[1], &[101]), &[1])]).unwrap()
}

pub fn draft(seq: u64) -> Draft {
    let boards = vec!["3b".into(), "virt".into()];
    Draft { boards, seq, built: 1_700_000_000 + seq, commit: "abcdef".into(), min: 0, back: 0, data_from: 1, data_to: 1 }
}

/// Blocks that differ from each other; every third chunk compresses.
pub fn image(blocks: usize, salt: u64) -> Vec<u8> {
    let mut image = Vec::with_capacity(blocks * 4096);
    for block in 0..blocks {
        let mut state = (block as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt;
        let plain = (block / 16) % 3 == 2;
        for n in 0..512_u64 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let word = if plain { block as u64 ^ salt ^ (n / 64) } else { state };
            image.extend_from_slice(&word.to_le_bytes());
        }
    }
    image
}

pub fn bundle_of(image: &[u8], draft: Draft, chain: &Chain, keys: &[SecretKey]) -> Vec<u8> {
    let mut out = Vec::new();
    make(&mut Cursor::new(image), draft, chain, keys, &mut Cursor::new(Vec::new()), &mut out, &mut |_| {}).unwrap();
    out
}

pub fn bundle(image: &[u8], seq: u64) -> Vec<u8> {
    bundle_of(image, draft(seq), &chain(), &[key(Role::Release, 101)])
}

/// What is in the slots and the checkpoint: kept apart, so that a test can look at it and go on after a "power cut".
#[derive(Clone, Debug)]
pub struct Disk {
    pub target: Vec<u8>,
    pub other: Vec<u8>,
    pub checkpoint: Option<Checkpoint>,
    /// Every write of the target: offset, length.
    pub writes: Vec<(u64, usize)>,
    pub syncs: usize,
    /// Writes and syncs until everything fails.
    pub left: usize,
    /// A byte that does not keep what is written.
    pub rotten: Option<usize>,
}

impl Disk {
    pub fn new(size: usize) -> Self {
        Self { target: vec![0x55; size], other: Vec::new(), checkpoint: None, writes: Vec::new(), syncs: 0, left: usize::MAX, rotten: None }
    }

    fn spend(&mut self) -> io::Result<()> {
        self.left = self.left.checked_sub(1).ok_or_else(|| io::Error::other("the power is gone"))?;
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub struct Memory(pub Arc<Mutex<Disk>>);

impl Memory {
    pub fn new(disk: Disk) -> Self {
        Self(Arc::new(Mutex::new(disk)))
    }

    pub fn disk(&self) -> std::sync::MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }
}

impl Slots for Memory {
    fn size(&self) -> u64 {
        self.disk().target.len() as u64
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        buf.copy_from_slice(&self.disk().target[offset as usize..][..buf.len()]);
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        disk.spend()?;
        disk.writes.push((offset, bytes.len()));
        disk.target[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        if let Some(at) = disk.rotten {
            disk.target[at] = 0;
        }
        Ok(())
    }

    fn read_other(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<bool> {
        let disk = self.disk();
        let Some(bytes) = disk.other.get(offset as usize..offset as usize + buf.len()) else { return Ok(false) };
        buf.copy_from_slice(bytes);
        Ok(true)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.syncs += 1;
        disk.spend()
    }

    fn checkpoint(&mut self) -> Option<Checkpoint> {
        self.disk().checkpoint
    }

    fn set_checkpoint(&mut self, checkpoint: Option<Checkpoint>) -> io::Result<()> {
        let mut disk = self.disk();
        disk.spend()?;
        disk.checkpoint = checkpoint;
        Ok(())
    }
}

/// A source that counts, and that fails after so many bytes.
#[derive(Clone, Debug)]
pub struct Stick {
    pub bytes: Vec<u8>,
    pub left: usize,
    pub read: Arc<Mutex<usize>>,
}

impl Stick {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, left: usize::MAX, read: Arc::default() }
    }
}

impl Source for Stick {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(buf.len()).ok_or_else(|| io::Error::other("the stick was pulled"))?;
        *self.read.lock().unwrap() += buf.len();
        self.bytes.read_at(offset, buf)
    }
}

/// Options of tests: a checkpoint every megabyte.
pub fn options(reuse: bool) -> Options {
    Options { reuse, threads: 2, checkpoint: 1 << 20 }
}

/// Steps until the end.
pub fn run<S: Source>(source: S, slots: &Memory, options: Options) -> Result<Progress, Failure> {
    let bundle = Bundle::open(source, &chain()).unwrap();
    let mut apply = Apply::new(bundle, slots.clone(), options);
    let mut before = 0;
    loop {
        let progress = apply.step()?;
        assert!(progress.per_mille() >= before, "progress goes back from {before}: {progress:?}");
        before = progress.per_mille();
        if progress.phase == Phase::Done {
            return Ok(progress);
        }
    }
}
