//! What is signed, and counting who signed it.

use serde::{Deserialize, Serialize};

use super::key::{PublicKey, SecretKey, verifies};
use crate::hex::Hex;

/// What a signature is about: a signature of one kind is never one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// A root document.
    Root,
    /// A bundle's manifest.
    Manifest,
    /// A channel.
    Channel,
}

impl Domain {
    fn tag(self) -> &'static [u8; 32] {
        match self {
            Self::Root => b"p2p-hotspot signed root 1\0\0\0\0\0\0\0",
            Self::Manifest => b"p2p-hotspot signed manifest 1\0\0\0",
            Self::Channel => b"p2p-hotspot signed channel 1\0\0\0\0",
        }
    }
}

/// The signed message: the domain's tag (32 bytes), the document's length (8 bytes, little-endian), the document.
pub fn message(domain: Domain, document: &[u8]) -> Vec<u8> {
    [domain.tag().as_slice(), &(document.len() as u64).to_le_bytes(), document].concat()
}

/// One signature of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Who signed.
    pub key: PublicKey,
    /// Ed25519 over `message`.
    pub sig: Hex<64>,
}

impl Signature {
    /// Signs a document.
    pub fn make(key: &SecretKey, domain: Domain, document: &[u8]) -> Self {
        Self { key: key.public(), sig: key.sign(&message(domain, document)) }
    }
}

/// Signatures of one document, sorted by key, each key once.
pub type Signatures = Vec<Signature>;

/// Most signatures of one document.
pub(crate) const MAX_SIGNATURES: usize = 16;

/// How many of `keys` signed. Errors: a signature in the name of one of them that does not hold, keys that are not strictly ascending, or too many.
pub(crate) fn count(signatures: &[Signature], keys: &[PublicKey], domain: Domain, document: &[u8]) -> Result<usize, String> {
    if signatures.len() > MAX_SIGNATURES || !signatures.is_sorted_by(|a, b| a.key < b.key) {
        return Err("its signatures are too many, or not each key once and in order".into());
    }
    let message = message(domain, document);
    let ours = || signatures.iter().filter(|s| keys.contains(&s.key));
    if ours().any(|s| !verifies(&s.key, &message, &s.sig)) {
        return Err("a signature does not hold: it was changed after signing".into());
    }
    Ok(ours().count())
}
