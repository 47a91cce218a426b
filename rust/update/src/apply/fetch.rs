//! What of a batch comes from the source, in as few reads as can be.

use std::io;
use std::ops::Range;

use super::Failure;
use super::hash::{self, BLOCK};
use super::plan::{Origin, Plan};
use crate::bundle::CHUNK;
use crate::{Bundle, Index, Source};

/// Chunks of a batch: one step's work, a megabyte.
pub(super) const BATCH_CHUNKS: usize = 16;

/// One read: from the source into the batch's blocks, or into its packed chunks.
struct Read {
    from: u64,
    to: usize,
    len: usize,
    packed: Option<usize>,
}

/// A batch of blocks on its way from the source to the slot.
#[derive(Default)]
pub(super) struct Batch {
    /// Which blocks.
    pub blocks: Range<usize>,
    /// Their bytes.
    pub bytes: Vec<u8>,
    packed: Vec<u8>,
    reads: Vec<Read>,
    /// Bytes that the reads take from the source.
    pub fetched: u64,
}

impl Batch {
    /// Which blocks `next` begins: up to the batch's end.
    pub fn range(index: &Index, next: usize) -> Range<usize> {
        next..((next / (CHUNK * BATCH_CHUNKS) + 1) * CHUNK * BATCH_CHUNKS).min(index.blocks())
    }

    /// Prepares the reads for these blocks; a packed chunk of which one block is needed serves all of them.
    pub fn prepare(&mut self, index: &Index, plan: &mut Plan, blocks: Range<usize>) {
        self.bytes.resize(blocks.len() * BLOCK, 0);
        (self.blocks, self.fetched) = (blocks.clone(), 0);
        self.packed.clear();
        self.reads.clear();
        if blocks.is_empty() {
            return;
        }
        for chunk in blocks.start / CHUNK..=(blocks.end - 1) / CHUNK {
            let own = index.blocks_of(chunk);
            let stored = index.stored(chunk);
            let wanted = |plan: &Plan, block: usize| blocks.contains(&block) && plan.get(block) == Origin::Fetch;
            if !own.clone().any(|b| wanted(plan, b)) {
                continue;
            }
            if index.is_plain(chunk) {
                for block in own.clone().filter(|b| wanted(plan, *b)) {
                    self.plain(stored.start + ((block - own.start) * BLOCK) as u64, (block - blocks.start) * BLOCK);
                }
                continue;
            }
            for block in own.filter(|b| blocks.contains(b)) {
                if plan.get(block) != Origin::InPlace {
                    plan.set(block, Origin::Fetch);
                }
            }
            // The index caps it at a chunk's size.
            let len = usize::try_from(stored.end - stored.start).unwrap_or(CHUNK * BLOCK);
            self.reads.push(Read { from: stored.start, to: self.packed.len(), len, packed: Some(chunk) });
            self.packed.resize(self.packed.len() + len, 0);
            self.fetched += len as u64;
        }
    }

    /// One plain block, joined to the read before where it follows on.
    fn plain(&mut self, from: u64, to: usize) {
        self.fetched += BLOCK as u64;
        match self.reads.last_mut() {
            Some(last) if last.packed.is_none() && last.from + last.len as u64 == from && last.to + last.len == to => last.len += BLOCK,
            _ => self.reads.push(Read { from, to, len: BLOCK, packed: None }),
        }
    }

    /// Whether there is nothing to read.
    pub fn is_local(&self) -> bool {
        self.reads.is_empty()
    }

    /// Does the reads; packed chunks that lie side by side are one.
    pub fn fetch<S: Source>(&mut self, source: &mut S, chunks_at: u64) -> io::Result<()> {
        let mut reads = self.reads.iter().peekable();
        while let Some(read) = reads.next() {
            let mut len = read.len;
            while let Some(next) =
                reads.next_if(|n| n.packed.is_some() == read.packed.is_some() && n.from == read.from + len as u64 && n.to == read.to + len)
            {
                len += next.len;
            }
            let buffer = if read.packed.is_some() { &mut self.packed } else { &mut self.bytes };
            source.read_at(chunks_at + read.from, &mut buffer[read.to..][..len])?;
        }
        Ok(())
    }

    /// Unpacks packed chunks into their places; never more than a chunk's blocks. The error is the first block that it fails for.
    pub fn unpack(&mut self, index: &Index) -> Result<(), usize> {
        let mut plain = [0; CHUNK * BLOCK];
        for read in &self.reads {
            let Some(chunk) = read.packed else { continue };
            let own = index.blocks_of(chunk);
            let plain = &mut plain[..own.len() * BLOCK];
            let size = zstd::bulk::decompress_to_buffer(&self.packed[read.to..][..read.len], plain).map_err(|_| own.start)?;
            if size != plain.len() {
                return Err(own.start);
            }
            let wanted = own.start.max(self.blocks.start)..own.end.min(self.blocks.end);
            let from = &plain[(wanted.start - own.start) * BLOCK..(wanted.end - own.start) * BLOCK];
            self.bytes[(wanted.start - self.blocks.start) * BLOCK..][..from.len()].copy_from_slice(from);
        }
        Ok(())
    }
}

impl<S: Source> Bundle<S> {
    /// Some blocks of the image, verified.
    pub fn blocks(&mut self, blocks: Range<usize>) -> Result<Vec<u8>, Failure> {
        let mut plan = Plan::fetch_all(self.index.blocks());
        let mut batch = Batch::default();
        let corrupt = |block: usize| Failure::Corrupt(block as u64);
        batch.prepare(&self.index, &mut plan, blocks.clone());
        batch.fetch(&mut self.source, self.chunks_at).map_err(Failure::Source)?;
        batch.unpack(&self.index).map_err(corrupt)?;
        let bad = blocks.clone().find(|b| hash::block(&batch.bytes, b - blocks.start) != self.index.hash_bytes(*b));
        bad.map_or(Ok(batch.bytes), |block| Err(corrupt(block)))
    }
}
