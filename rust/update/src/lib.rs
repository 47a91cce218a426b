//! Card layout, slot headers and boot records; the signed bundle, who may sign it, and writing it into a slot. Pure: no clock, file or socket.
//!
//! The way of an update: [`Chain::known`] is what the box trusts, [`Bundle::open`] verifies a [`Source`] against it, [`decide`] says
//! whether to take it, [`Apply::step`] writes it through [`Slots`]; [`machine`] says what happens next, [`health`] whether a release is kept.
#![forbid(unsafe_code)]

mod apply;
mod bundle;
mod canonical;
mod channel;
mod data;
mod decide;
mod env;
pub mod health;
mod hex;
pub mod history;
pub mod journal;
mod layout;
pub mod machine;
mod manifest;
mod record;
mod refusal;
mod rot;
mod slot;
mod source;
mod trust;

pub use apply::{Apply, Checkpoint, Failure, Options, Phase, Progress, Slots};
pub use bundle::{Bundle, Draft, Envelope, Index, Lengths, Make, make};
pub use channel::{Channel, Entry, resolve};
pub use data::{DATA_FROM, DATA_TO};
pub use decide::{BOARDS, DeviceState, board, decide, floors};
pub use env::{Block, Error};
pub use hex::{Hex, sha256};
pub use layout::{Layout, MIB, Slot};
pub use manifest::{BLOCK, CHUNK_BLOCKS, MAX_IMAGE, Manifest};
pub use record::{Record, newest};
pub use refusal::Refusal;
pub use rot::Watched;
pub use slot::{Header, Part, Verity};
pub use source::Source;
pub use trust::{Chain, Domain, KeyFile, PublicKey, Role, Root, SecretKey, Signature, SignedRoot, message};
