//! Writing a bundle's image into a slot, so that a cut at any moment leaves the running system as it was.
//!
//! The target's header is destroyed first and written last; every block is verified before it is written, and the whole is
//! read back from the media. One [`Apply::step`] does about a megabyte, so that a daemon can look at other things in between.

mod engine;
mod fetch;
mod hash;
mod plan;

use std::fmt;
use std::io;

pub use engine::{Apply, Options};

use crate::Refusal;
use crate::hex::Hex;

/// How far a slot has been written, durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Checkpoint {
    /// Which release ([`crate::Bundle::id`]).
    pub release: Hex<32>,
    /// Its blocks (of 4 KiB) before this one are in the slot, except the header.
    pub blocks: u64,
}

/// The slot that is written, and the one that may be read. Offsets are from each slot's start and stay inside it.
///
/// Any error ends the step; the engine never retries behind the caller's back.
pub trait Slots: Send {
    /// Bytes of the target slot.
    fn size(&self) -> u64;

    /// Reads the target. After [`Slots::sync`] this must come from the media, not from a cache (`O_DIRECT`, or caches dropped).
    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Writes the target.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Reads the other slot, to reuse what is there. `Ok(false)` where there is none or it ends before: nothing is reused then.
    fn read_other(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<bool>;

    /// Returns when all that was written is on the media.
    fn sync(&mut self) -> io::Result<()>;

    /// The checkpoint of this target slot, if there is one that can be read.
    fn checkpoint(&mut self) -> Option<Checkpoint>;

    /// Replaces it durably; `None` removes it. It must never be written for what [`Slots::sync`] has not seen.
    fn set_checkpoint(&mut self, checkpoint: Option<Checkpoint>) -> io::Result<()>;
}

/// What a step was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Both slots are searched for blocks that can be reused.
    Looking,
    /// Blocks are fetched, verified, written.
    Writing,
    /// The slot is read back from the media and compared.
    Checking,
    /// The header is in place: the slot can be booted.
    Done,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// Bytes of this phase that are done.
    pub done: u64,
    /// Bytes of this phase.
    pub total: u64,
    /// Bytes of chunks that were read from the source so far.
    pub fetched: u64,
    /// Bytes that were reused from the slots so far.
    pub reused: u64,
}

impl Progress {
    /// Parts of a thousand over all phases, growing: looking 0 to 100, writing to 700, checking to 1000.
    pub fn per_mille(&self) -> u32 {
        let part = |from: u64, to: u64| from + (to - from) * self.done.min(self.total) / self.total.max(1);
        let value = match self.phase {
            Phase::Looking => part(0, 100),
            Phase::Writing => part(100, 700),
            Phase::Checking => part(700, 999),
            Phase::Done => 1000,
        };
        u32::try_from(value).unwrap_or(1000)
    }
}

/// Why it could not go on. The running system is untouched whatever it is.
#[derive(Debug)]
pub enum Failure {
    /// The source gives an error (a stick was pulled, the network is gone): opening it again goes on from the checkpoint.
    Source(io::Error),
    /// What the source gives is not what was signed; the block.
    Corrupt(u64),
    /// The card gives an error.
    Card(io::Error),
    /// The card does not hold what was written to it; the block.
    NotKept(u64),
    /// It does not fit.
    TooBig(Refusal),
}

impl Failure {
    /// A short word for programs, histories and translations; it never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Corrupt(_) => "corrupt",
            Self::Card(_) => "card",
            Self::NotKept(_) => "not-kept",
            Self::TooBig(_) => "too-big",
        }
    }

    /// Whether the same bundle may go on when its source is there again.
    pub fn is_resumable(&self) -> bool {
        matches!(self, Self::Source(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(why) => write!(f, "the update cannot be read any further ({why}); when it is there again it goes on from here"),
            Self::Corrupt(block) => write!(f, "the update is damaged at block {block}: it is not what was signed; copy it again"),
            Self::Card(why) => write!(f, "the card gives an error ({why}); the old release stays, but the card may be dying"),
            Self::NotKept(block) => {
                write!(
                    f,
                    "the card does not hold what was written to it (block {block}); the old release stays, but the card should be replaced"
                )
            }
            Self::TooBig(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}
