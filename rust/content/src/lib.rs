//! Content: addresses, CARs, UnixFS, manifests and signatures, and the store that keeps them.
//!
//! All but [`store`] and [`make`] is pure: bytes in, meaning out, within fixed memory, whoever sent them. The rules are
//! docs/formats/bundle.md's; the attack that each answers has a test of its name.
#![forbid(unsafe_code)]

pub mod car;
pub mod cbor;
pub mod cid;
pub mod dag;
pub mod dagpb;
pub mod envelope;
mod error;
pub mod gateway;
pub mod hash;
pub mod hex;
pub mod ipns;
pub mod key;
pub mod make;
pub mod manifest;
pub mod mime;
mod murmur;
pub mod paths;
mod pb;
pub mod policy;
pub mod source;
pub mod store;
pub mod time;
mod tree;
pub mod unixfs;
pub mod varint;
pub mod walk;

pub use cid::{Cid, Codec};
pub use error::Error;
pub use manifest::{Entry, Manifest};
