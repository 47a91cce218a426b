//! The chain of roots: each is signed by a threshold of the one before and by a threshold of its own keys.

use serde::{Deserialize, Serialize};

use super::key::PublicKey;
use super::root::Root;
use super::sign::{Domain, Signature, Signatures, count};
use crate::Refusal;
use crate::canonical;

/// A root with its signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRoot {
    /// The document.
    pub root: Root,
    /// Who signed it.
    pub signatures: Signatures,
}

impl SignedRoot {
    /// How many of these keys signed it.
    pub fn signed_by(&self, keys: &[PublicKey]) -> Result<usize, String> {
        count(&self.signatures, keys, Domain::Root, &canonical::write(&self.root))
    }

    /// Adds a signature, or replaces that key's.
    pub fn add(&mut self, key: &super::SecretKey) {
        let new = Signature::make(key, Domain::Root, &canonical::write(&self.root));
        self.signatures.retain(|s| s.key != new.key);
        self.signatures.push(new);
        self.signatures.sort_by_key(|s| s.key);
    }
}

/// A whole chain that holds: versions 1, 2, … without a gap. There is no other way to make one than to verify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain(Vec<SignedRoot>);

impl Chain {
    /// Longest chain in bytes: what a bundle, p1 or `/data` may hold of it.
    pub const MAX_BYTES: usize = 256 << 10;

    /// Reads and verifies a chain: `root.json` of p1, the one in `/data`, or a bundle's.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        Self::verify(Self::parse(bytes)?)
    }

    /// Reads a chain without verifying it: for drafts that are not signed yet. A file may end with a line feed.
    pub fn parse(bytes: &[u8]) -> Result<Vec<SignedRoot>, Refusal> {
        Self::exact(bytes.strip_suffix(b"\n").unwrap_or(bytes))
    }

    /// The same where nothing may follow: in a bundle.
    pub(crate) fn exact(bytes: &[u8]) -> Result<Vec<SignedRoot>, Refusal> {
        canonical::read(bytes, Self::MAX_BYTES).map_err(|why| Refusal::BadRoots(format!("they cannot be read: {why}")))
    }

    /// Verifies a chain from its first root on. That the first is the right one, [`Chain::joined`] decides.
    pub fn verify(roots: Vec<SignedRoot>) -> Result<Self, Refusal> {
        let mut before: Option<&Root> = None;
        for (signed, version) in roots.iter().zip(1..) {
            let bad = |why: String| Refusal::BadRoots(format!("root {version}: {why}"));
            if signed.root.version != version {
                return Err(bad(format!("it calls itself {}", signed.root.version)));
            }
            signed.root.check().map_err(bad)?;
            for judge in before.into_iter().chain([&signed.root]) {
                let have = signed.signed_by(&judge.roots).map_err(bad)?;
                if have < judge.threshold as usize {
                    return Err(Refusal::RootSignatures { version, have, need: judge.threshold });
                }
            }
            before = Some(&signed.root);
        }
        if roots.is_empty() { Err(Refusal::BadRoots("there is no root key".into())) } else { Ok(Self(roots)) }
    }

    /// What a box trusts: the card's chain, and the newer one that `/data` may remember. A chain in `/data` that does not go back to the
    /// card's first root is not used: who holds the card owns the box.
    pub fn known(card: &[u8], data: Option<&[u8]>) -> Result<Self, Refusal> {
        let card = Self::read(card)?;
        let newer = data.and_then(|bytes| Self::read(bytes).ok()).and_then(|data| card.joined(&data).ok());
        Ok(newer.unwrap_or(card))
    }

    /// The longer of two chains, of which one must continue the other.
    ///
    /// Errors: [`Refusal::Stranger`] if they start from different roots, [`Refusal::BadRoots`] if they part ways later.
    pub fn joined(&self, other: &Self) -> Result<Self, Refusal> {
        let differ = self.0.iter().zip(&other.0).position(|(a, b)| a.root != b.root);
        match differ {
            Some(0) => Err(Refusal::Stranger),
            Some(n) => Err(Refusal::BadRoots(format!("its root {} is not the one that this box knows", n + 1))),
            None if other.0.len() > self.0.len() => Ok(other.clone()),
            None => Ok(self.clone()),
        }
    }

    /// The root that counts.
    pub fn newest(&self) -> &Root {
        // verify() lets no empty chain through.
        &self.0[self.0.len() - 1].root
    }

    /// All roots, the first first.
    pub fn roots(&self) -> &[SignedRoot] {
        &self.0
    }

    /// Its file.
    pub fn write(&self) -> Vec<u8> {
        canonical::write(&self.0)
    }

    /// Whether enough of the newest root's release keys signed a document; else why not.
    pub(crate) fn judge(&self, domain: Domain, document: &[u8], signatures: &[Signature]) -> Result<(), Refusal> {
        if signatures.is_empty() {
            return Err(Refusal::Unsigned);
        }
        let root = self.newest();
        let have = count(signatures, &root.releases, domain, document).map_err(Refusal::BadSignature)?;
        let retired =
            || self.0.iter().any(|r| signatures.iter().any(|s| r.root.releases.contains(&s.key) && !root.releases.contains(&s.key)));
        match have {
            have if have >= root.release_threshold as usize => Ok(()),
            0 if retired() => Err(Refusal::RetiredKey),
            0 => Err(Refusal::Stranger),
            have => Err(Refusal::TooFewSignatures { have, need: root.release_threshold }),
        }
    }
}
