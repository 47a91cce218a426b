//! The index: the hash of every 4 KiB block of the image, and how long each chunk is in the file.
//!
//! For each chunk 4 bytes (little-endian): its length in the file. Then for each block 32 bytes: its SHA-256. A chunk whose length is that of
//! its blocks is stored as it is, so that single blocks can be fetched; a shorter one is one zstd frame (RFC 8878).

use std::ops::Range;

use crate::Refusal;
use crate::hex::Hex;
use crate::manifest::{BLOCK, CHUNK_BLOCKS, MAX_IMAGE, Manifest};

/// Longest index in bytes: that of the largest image.
#[expect(clippy::cast_possible_truncation, reason = "a constant of two megabytes")]
pub(super) const MAX_BYTES: usize = (MAX_IMAGE / BLOCK * 32 + MAX_IMAGE / BLOCK / CHUNK_BLOCKS * 4) as usize;

/// An index that is the manifest's: its hash was compared, its lengths add up.
#[derive(Clone, Debug)]
pub struct Index {
    /// All block hashes, one after the other.
    hashes: Vec<u8>,
    /// Where each chunk starts from the first chunk's start; one more for the end.
    starts: Vec<u32>,
    blocks: usize,
}

/// Bytes of the index of an image with so many blocks.
pub(super) fn length(blocks: u64) -> u64 {
    blocks * 32 + blocks.div_ceil(CHUNK_BLOCKS) * 4
}

impl Index {
    /// Reads an index; `chunks` is the length of all chunks by the header.
    pub fn read(mut bytes: Vec<u8>, manifest: &Manifest, chunks: u64) -> Result<Self, Refusal> {
        let damaged = |why: &str| Refusal::Damaged(format!("its index {why}"));
        if bytes.len() as u64 != length(manifest.blocks()) {
            return Err(damaged("has a length that is not the image's"));
        }
        if crate::sha256(&bytes) != manifest.index {
            return Err(damaged("is not the one that was signed"));
        }
        let blocks = usize::try_from(manifest.blocks()).map_err(|_| damaged("is too long"))?;
        let (lengths, _) = bytes.as_chunks::<4>();
        let mut starts = Vec::with_capacity(lengths.len() + 1);
        let mut at = 0_u32;
        starts.push(at);
        for (chunk, stored) in lengths.iter().take(chunk_count(blocks)).enumerate() {
            let stored = u32::from_le_bytes(*stored);
            if stored == 0 || stored > chunk_bytes(chunk, blocks) {
                return Err(damaged("has a chunk of a length that cannot be"));
            }
            // No overflow: at most 256 MiB in all.
            at += stored;
            starts.push(at);
        }
        if u64::from(at) != chunks {
            return Err(damaged("and the length of the file do not agree"));
        }
        bytes.drain(..chunk_count(blocks) * 4);
        Ok(Self { hashes: bytes, starts, blocks })
    }

    /// Blocks of the image.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Chunks of the image.
    pub fn chunks(&self) -> usize {
        chunk_count(self.blocks)
    }

    /// A block's SHA-256.
    pub fn hash(&self, block: usize) -> Hex<32> {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.hash_bytes(block));
        Hex(hash)
    }

    /// The same, not copied.
    pub(crate) fn hash_bytes(&self, block: usize) -> &[u8] {
        &self.hashes[block * 32..][..32]
    }

    /// Blocks of a chunk.
    pub fn blocks_of(&self, chunk: usize) -> Range<usize> {
        chunk * CHUNK..((chunk + 1) * CHUNK).min(self.blocks)
    }

    /// Where a chunk lies, from the first chunk's start.
    pub fn stored(&self, chunk: usize) -> Range<u64> {
        self.starts[chunk].into()..self.starts[chunk + 1].into()
    }

    /// Whether a chunk is stored as it is.
    pub fn is_plain(&self, chunk: usize) -> bool {
        let stored = self.stored(chunk);
        stored.end - stored.start == u64::from(chunk_bytes(chunk, self.blocks))
    }
}

/// `CHUNK_BLOCKS`, for counting in memory.
#[expect(clippy::cast_possible_truncation, reason = "16")]
pub(crate) const CHUNK: usize = CHUNK_BLOCKS as usize;

fn chunk_count(blocks: usize) -> usize {
    blocks.div_ceil(CHUNK)
}

/// Bytes of a chunk's blocks.
#[expect(clippy::cast_possible_truncation, reason = "at most 64 KiB")]
fn chunk_bytes(chunk: usize, blocks: usize) -> u32 {
    ((blocks - chunk * CHUNK).min(CHUNK) as u64 * BLOCK) as u32
}
