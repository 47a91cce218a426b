//! The first 64 bytes: what follows, and how long each is. Nothing here is trusted; each length is capped before anything is read by it.

use super::index;
use crate::Refusal;
use crate::manifest::{MAX_IMAGE, Manifest};
use crate::trust::Chain;

const MAGIC: &[u8; 8] = b"P2PHOTUP";
/// The format that this program reads and writes.
const FORMAT: u32 = 1;
/// Longest list of signatures in bytes.
pub(super) const MAX_SIGNATURES: usize = 8 << 10;

/// Lengths of a bundle's sections in bytes, in their order in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// The chain of roots.
    pub roots: u32,
    /// The manifest.
    pub manifest: u32,
    /// Its signatures.
    pub signatures: u32,
    /// The index.
    pub index: u32,
    /// All chunks.
    pub chunks: u64,
}

impl Lengths {
    /// Length of the header itself.
    pub const HEADER: usize = 64;

    /// Length of the whole bundle.
    pub fn total(&self) -> u64 {
        self.index_at() + u64::from(self.index) + self.chunks
    }

    /// Where the index starts.
    pub fn index_at(&self) -> u64 {
        Self::HEADER as u64 + u64::from(self.roots) + u64::from(self.manifest) + u64::from(self.signatures)
    }

    /// The header's bytes.
    pub fn write(&self) -> [u8; Self::HEADER] {
        let mut bytes = [0; Self::HEADER];
        bytes[..8].copy_from_slice(MAGIC);
        for (at, value) in [(8, FORMAT), (12, self.roots), (16, self.manifest), (20, self.signatures), (24, self.index)] {
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        bytes[32..40].copy_from_slice(&self.chunks.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.total().to_le_bytes());
        bytes
    }

    /// Reads a header.
    pub fn read(bytes: &[u8; Self::HEADER]) -> Result<Self, Refusal> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        if bytes[..8] != *MAGIC {
            return Err(Refusal::NotABundle);
        }
        if word(8) != FORMAT {
            return Err(Refusal::Format(word(8)));
        }
        let lengths = Self { roots: word(12), manifest: word(16), signatures: word(20), index: word(24), chunks: long(32) };
        let caps = [
            (lengths.roots, Chain::MAX_BYTES),
            (lengths.manifest, Manifest::MAX_BYTES),
            (lengths.signatures, MAX_SIGNATURES),
            (lengths.index, index::MAX_BYTES),
        ];
        let fits = caps.iter().all(|(length, cap)| *length as usize <= *cap) && lengths.chunks <= MAX_IMAGE;
        if !fits || lengths.write() != *bytes {
            return Err(Refusal::Damaged("its header names lengths that cannot be".into()));
        }
        Ok(lengths)
    }
}
