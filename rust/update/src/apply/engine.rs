//! The engine: one step at a time from an opened bundle to a slot that can be booted.

use super::fetch::Batch;
use super::hash::{self, BLOCK};
use super::plan::{Origin, Plan, Search};
use super::{Checkpoint, Failure, Phase, Progress, Slots};
use crate::{Block, Bundle, Refusal, Source};

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Look for blocks that the slots hold already: worth it when bytes are dear (a network), not from a stick.
    pub reuse: bool,
    /// Threads that hash.
    pub threads: usize,
    /// Bytes between two checkpoints.
    pub checkpoint: u64,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
        Self { reuse: true, threads, checkpoint: 16 << 20 }
    }
}

enum State {
    Start,
    Looking { target: bool, at: u64, ends: [u64; 2] },
    Writing,
    Checking,
    Done,
}

/// One installation under way.
pub struct Apply<S, T> {
    bundle: Bundle<S>,
    slots: T,
    options: Options,
    state: State,
    plan: Plan,
    search: Option<Search>,
    /// The image's first block, which is written last.
    header: Vec<u8>,
    /// Next block to write, or to check.
    next: usize,
    /// Bytes written since the last checkpoint.
    unsaved: u64,
    now: Batch,
    ahead: Batch,
    /// Whether `ahead` holds what comes next.
    is_ahead: bool,
    buffer: [Vec<u8>; 2],
    fetched: u64,
    reused: u64,
}

/// Bytes that one step looks at or reads back.
const STEP: u64 = 1 << 20;

impl<S: Source, T: Slots> Apply<S, T> {
    /// Prepares to install a bundle; the first step begins, or goes on where a checkpoint of the same release says.
    pub fn new(bundle: Bundle<S>, slots: T, options: Options) -> Self {
        let plan = Plan::fetch_all(bundle.index.blocks());
        Self {
            bundle,
            slots,
            options,
            state: State::Start,
            plan,
            search: None,
            header: Vec::new(),
            next: 1,
            unsaved: 0,
            now: Batch::default(),
            ahead: Batch::default(),
            is_ahead: false,
            buffer: [Vec::new(), Vec::new()],
            fetched: 0,
            reused: 0,
        }
    }

    /// Does the next megabyte or so. Ends with [`Phase::Done`]; called again after that it does nothing.
    ///
    /// After [`Failure::Source`] it may be called again, and tries the same again.
    pub fn step(&mut self) -> Result<Progress, Failure> {
        match self.state {
            State::Start => self.start()?,
            State::Looking { target, at, ends } => self.look(target, at, ends)?,
            State::Writing => self.write()?,
            State::Checking => self.check()?,
            State::Done => {}
        }
        Ok(self.progress())
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let size = self.bundle.manifest().size;
        let at = (self.next * BLOCK) as u64;
        let (phase, done, total) = match self.state {
            State::Start => (Phase::Looking, 0, size),
            State::Looking { target, at, ends } => (Phase::Looking, if target { ends[0] + at } else { at }, ends[0] + ends[1]),
            State::Writing => (Phase::Writing, at, size),
            State::Checking => (Phase::Checking, at, size),
            State::Done => (Phase::Done, size, size),
        };
        Progress { phase, done, total, fetched: self.fetched, reused: self.reused }
    }

    /// What is installed.
    pub fn bundle(&self) -> &Bundle<S> {
        &self.bundle
    }

    /// The parts again: to look at them, or after the end.
    pub fn into_parts(self) -> (Bundle<S>, T) {
        (self.bundle, self.slots)
    }

    fn start(&mut self) -> Result<(), Failure> {
        let (size, slot) = (self.bundle.manifest().size, self.slots.size());
        if size > slot {
            return Err(Failure::TooBig(Refusal::TooBig { size, slot }));
        }
        let done = self.slots.checkpoint().filter(|c| c.release == self.bundle.id()).map_or(0, |c| c.blocks);
        self.next = usize::try_from(done).unwrap_or(0).clamp(1, self.bundle.index.blocks());
        if !self.options.reuse {
            return self.begin();
        }
        self.search = Some(Search::new(&self.bundle.index));
        let mut header = vec![0; BLOCK];
        // A slot that cannot be read is none: it is only a source that is closer.
        let other = self.slots.read_other(0, &mut header).unwrap_or(false);
        let other = if other { payload(&header).unwrap_or(0) } else { 0 };
        let target = self.slots.read(0, &mut header);
        // Where an earlier attempt was broken off there is no header: what it wrote lies within this image's size.
        let target = target.ok().and_then(|()| payload(&header)).unwrap_or(size);
        self.state = State::Looking { target: false, at: 0, ends: [other.min(slot), target.min(slot)] };
        Ok(())
    }

    /// Looks through the next megabyte of a slot.
    fn look(&mut self, target: bool, at: u64, ends: [u64; 2]) -> Result<(), Failure> {
        let end = ends[usize::from(target)];
        let len = usize::try_from((end - at).min(STEP)).unwrap_or(0) / BLOCK * BLOCK;
        if len == 0 {
            if target {
                return self.begin();
            }
            self.state = State::Looking { target: true, at: 0, ends };
            return Ok(());
        }
        let buffer = &mut self.buffer[0];
        buffer.resize(len, 0);
        let there = if target { self.slots.read(at, buffer).map(|()| true) } else { self.slots.read_other(at, buffer) };
        // What cannot be read here is fetched instead.
        let there = there.unwrap_or(false);
        if let (true, Some(search)) = (there, &self.search) {
            let (index, first) = (&self.bundle.index, usize::try_from(at).unwrap_or(0) / BLOCK);
            let items: Vec<usize> = (0..len / BLOCK).collect();
            let found = hash::map(&items, self.options.threads, |n| search.find(index, &hash::block(buffer, n)));
            for (n, position) in found.into_iter().enumerate() {
                if let Some(position) = position {
                    search.note(index, &mut self.plan, position, first + n, target);
                }
            }
        }
        self.state = State::Looking { target, at: at + len as u64, ends };
        Ok(())
    }

    /// From here on the target is no system any more.
    fn begin(&mut self) -> Result<(), Failure> {
        self.search = None;
        // Kept until the end: then a stick that is pulled after the last block was read harms nothing.
        self.header = self.single(0)?;
        self.slots.write(0, &[0; BLOCK]).map_err(Failure::Card)?;
        self.save()?;
        self.state = State::Writing;
        Ok(())
    }

    /// Makes durable what was written, and says so.
    fn save(&mut self) -> Result<(), Failure> {
        let checkpoint = Checkpoint { release: self.bundle.id(), blocks: self.next as u64 };
        self.slots.sync().and_then(|()| self.slots.set_checkpoint(Some(checkpoint))).map_err(Failure::Card)?;
        self.unsaved = 0;
        Ok(())
    }

    /// Writes one batch, while the next is read from the source.
    fn write(&mut self) -> Result<(), Failure> {
        if self.next >= self.bundle.index.blocks() {
            self.save()?;
            (self.state, self.next, self.is_ahead) = (State::Checking, 1, false);
            return Ok(());
        }
        if !self.is_ahead {
            let range = Batch::range(&self.bundle.index, self.next);
            self.ahead.prepare(&self.bundle.index, &mut self.plan, range);
            if let Err(why) = self.ahead.fetch(&mut self.bundle.source, self.bundle.chunks_at) {
                // Best effort: the failure of the source is what counts.
                let _ = self.save();
                return Err(Failure::Source(why));
            }
        }
        std::mem::swap(&mut self.now, &mut self.ahead);
        self.is_ahead = false;
        let following = Batch::range(&self.bundle.index, self.now.blocks.end);
        self.ahead.prepare(&self.bundle.index, &mut self.plan, following);
        let Self { bundle, slots, now, ahead, plan, options, .. } = self;
        let Bundle { source, index, chunks_at, .. } = bundle;
        let (fetched, written) = std::thread::scope(|scope| {
            let reader = (!ahead.is_local()).then(|| scope.spawn(|| ahead.fetch(source, *chunks_at)));
            let written = put(now, slots, plan, index, options.threads);
            (reader.map(std::thread::ScopedJoinHandle::join), written)
        });
        // A source that fails while reading ahead fails again when it is that batch's turn.
        self.is_ahead = match fetched {
            None => true,
            Some(Ok(read)) => read.is_ok(),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        };
        for block in written? {
            // It has changed since it was looked at: from the bundle then.
            self.refetch(block)?;
        }
        let local = self.now.blocks.clone().filter(|b| self.plan.get(*b) != Origin::Fetch).count();
        self.reused += (local * BLOCK) as u64;
        self.fetched += self.now.fetched;
        self.unsaved += self.now.bytes.len() as u64;
        self.next = self.now.blocks.end;
        if self.unsaved >= self.options.checkpoint { self.save() } else { Ok(()) }
    }

    /// One block from the bundle, in place of one that was to be reused.
    fn refetch(&mut self, block: usize) -> Result<(), Failure> {
        self.plan.set(block, Origin::Fetch);
        let bytes = self.single(block)?;
        self.slots.write((block * BLOCK) as u64, &bytes).map_err(Failure::Card)
    }

    /// One verified block from the bundle.
    fn single(&mut self, block: usize) -> Result<Vec<u8>, Failure> {
        self.fetched += BLOCK as u64;
        self.bundle.blocks(block..block + 1)
    }

    /// Reads back one megabyte from the media, while the one before is compared.
    fn check(&mut self) -> Result<(), Failure> {
        let blocks = self.bundle.index.blocks();
        let step = usize::try_from(STEP).unwrap_or(BLOCK) / BLOCK;
        let [now, ahead] = &mut self.buffer;
        let range = self.next..(self.next + step).min(blocks);
        if range.is_empty() {
            return self.finish();
        }
        if !self.is_ahead {
            ahead.resize(range.len() * BLOCK, 0);
            self.slots.read((range.start * BLOCK) as u64, ahead).map_err(Failure::Card)?;
        }
        std::mem::swap(now, ahead);
        let following = range.end..(range.end + step).min(blocks);
        ahead.resize(following.len() * BLOCK, 0);
        let (slots, index, threads) = (&mut self.slots, &self.bundle.index, self.options.threads);
        let (read, bad) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| if following.is_empty() { Ok(()) } else { slots.read((following.start * BLOCK) as u64, ahead) });
            let items: Vec<usize> = (0..range.len()).collect();
            let same = hash::map(&items, threads, |n| hash::block(now, n) == index.hash_bytes(range.start + n));
            (reader.join(), same.iter().position(|same| !same))
        });
        if let Some(n) = bad {
            // Nothing of it is believed any more.
            let _ = self.slots.set_checkpoint(None);
            return Err(Failure::NotKept((range.start + n) as u64));
        }
        read.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(Failure::Card)?;
        (self.is_ahead, self.next) = (true, range.end);
        Ok(())
    }

    /// The header last: from here on the slot can be booted.
    fn finish(&mut self) -> Result<(), Failure> {
        let header = &self.header;
        self.slots.write(0, header).and_then(|()| self.slots.sync()).map_err(Failure::Card)?;
        let mut back = vec![0; BLOCK];
        self.slots.read(0, &mut back).map_err(Failure::Card)?;
        if back != *header {
            let _ = self.slots.write(0, &[0; BLOCK]).and_then(|()| self.slots.sync()).and_then(|()| self.slots.set_checkpoint(None));
            return Err(Failure::NotKept(0));
        }
        self.slots.set_checkpoint(None).map_err(Failure::Card)?;
        self.state = State::Done;
        Ok(())
    }
}

/// Bytes of the payload that a slot's header tells of.
fn payload(header: &[u8]) -> Option<u64> {
    Block::decode(header).ok()?.hex("s_cnt").ok()?.checked_mul(512)
}

/// Fills a batch from the slots, verifies it, writes what is not in its place. Returns reused blocks that turned out to be others.
fn put<T: Slots>(batch: &mut Batch, slots: &mut T, plan: &Plan, index: &crate::Index, threads: usize) -> Result<Vec<usize>, Failure> {
    batch.unpack(index).map_err(|block| Failure::Corrupt(block as u64))?;
    let first = batch.blocks.start;
    let wanted: Vec<usize> = batch.blocks.clone().filter(|b| plan.get(*b) != Origin::InPlace && *b != 0).collect();
    for run in wanted.chunk_by(|a, b| follows(plan.get(*a), plan.get(*b)) && a + 1 == *b) {
        let buffer = &mut batch.bytes[(run[0] - first) * BLOCK..][..run.len() * BLOCK];
        // What cannot be read shows in its hash, and is fetched.
        let _ = match plan.get(run[0]) {
            Origin::Other(at) => slots.read_other((at * BLOCK) as u64, buffer).map(|_| ()),
            Origin::Further(at) => slots.read((at * BLOCK) as u64, buffer),
            Origin::Fetch | Origin::InPlace => Ok(()),
        };
    }
    let bytes = &batch.bytes;
    let good = hash::map(&wanted, threads, |block| hash::block(bytes, block - first) == index.hash_bytes(block));
    let mut others = Vec::new();
    let mut verified = Vec::with_capacity(wanted.len());
    for (block, good) in wanted.into_iter().zip(good) {
        match plan.get(block) {
            _ if good => verified.push(block),
            Origin::Fetch => return Err(Failure::Corrupt(block as u64)),
            _ => others.push(block),
        }
    }
    for run in verified.chunk_by(|a, b| a + 1 == *b) {
        let bytes = &batch.bytes[(run[0] - first) * BLOCK..][..run.len() * BLOCK];
        slots.write((run[0] * BLOCK) as u64, bytes).map_err(Failure::Card)?;
    }
    Ok(others)
}

/// Whether two origins lie side by side.
fn follows(a: Origin, b: Origin) -> bool {
    match (a, b) {
        (Origin::Fetch, Origin::Fetch) => true,
        (Origin::Other(a), Origin::Other(b)) | (Origin::Further(a), Origin::Further(b)) => a + 1 == b,
        _ => false,
    }
}
