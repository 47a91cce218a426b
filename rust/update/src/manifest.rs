//! The manifest: all that a signature vouches for.

use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::canonical;
use crate::hex::Hex;

/// Bytes of a block: the unit of hashes, of reuse, and of a slot's alignment.
pub const BLOCK: u64 = 4096;
/// Blocks of a chunk, the unit of compression.
pub const CHUNK_BLOCKS: u64 = 16;
/// Largest image: a slot's size, which is for ever.
pub const MAX_IMAGE: u64 = 256 << 20;

/// A bundle's manifest. Canonical JSON with the fields in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format version, 1.
    pub v: u32,
    /// Boards that it is for, ascending: names of [`crate::BOARDS`] or later ones.
    pub boards: Vec<String>,
    /// Release sequence, from 1.
    pub seq: u64,
    /// Build time, seconds since 1970.
    pub built: u64,
    /// The source's commit, for people.
    pub commit: String,
    /// Bytes of the image, a multiple of 4096.
    pub size: u64,
    /// SHA-256 of the whole image.
    pub image: Hex<32>,
    /// SHA-256 of the index.
    pub index: Hex<32>,
    /// Lowest sequence that it may replace; 0 for any.
    pub min: u64,
    /// Highest sequence that it may replace by going back; 0 when it never goes back.
    pub back: u64,
    /// Oldest data version that it reads.
    pub data_from: u32,
    /// Data version that it writes, and the newest that it reads.
    pub data_to: u32,
}

impl Manifest {
    /// Longest manifest in bytes.
    pub const MAX_BYTES: usize = 16 << 10;

    /// Reads a manifest whose signatures hold.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        // The version first: a later format may have other fields.
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let damaged = |why| Refusal::Damaged(format!("its description cannot be read: {why}"));
        if bytes.len() <= Self::MAX_BYTES
            && let Ok(Version { v: v @ 2.. }) = serde_json::from_slice(bytes)
        {
            return Err(Refusal::Format(v));
        }
        let manifest: Self = canonical::read(bytes, Self::MAX_BYTES).map_err(damaged)?;
        manifest.check().map_err(|why| damaged(why.into()))?;
        Ok(manifest)
    }

    /// Its canonical bytes.
    pub fn write(&self) -> Vec<u8> {
        canonical::write(self)
    }

    /// Whether its values are possible at all.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let word = |t: &str, legal: fn(u8) -> bool| (1..=64).contains(&t.len()) && t.bytes().all(legal);
        let board = |b: &String| word(b, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
        let checks = [
            (self.v == 1, "its version is not 1"),
            ((1..=32).contains(&self.boards.len()) && self.boards.iter().all(board), "its boards are no names"),
            (self.boards.is_sorted_by(|a, b| a < b), "its boards are not each once and in order"),
            (self.seq > 0, "its sequence is 0"),
            (word(&self.commit, |c| c.is_ascii_alphanumeric() || b"-._+".contains(&c)), "its commit is no name"),
            (self.size.is_multiple_of(BLOCK) && self.size > 0 && self.size <= MAX_IMAGE, "its size is not that of an image"),
            (self.back == 0 || self.back > self.seq, "it goes back to a release that is not older"),
            (self.data_from <= self.data_to, "its data versions are the wrong way round"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
    }

    /// Blocks of its image.
    pub fn blocks(&self) -> u64 {
        self.size / BLOCK
    }

    /// Chunks of its image; the last may be shorter.
    pub fn chunks(&self) -> u64 {
        self.blocks().div_ceil(CHUNK_BLOCKS)
    }
}
