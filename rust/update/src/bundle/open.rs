//! Opening a bundle: signatures first, then what they vouch for. What was verified stays in memory, so that a stick that is
//! changed between check and use changes nothing.

use std::io;

use super::header::{self, Lengths};
use super::index::{self, Index};
use crate::hex::Hex;
use crate::trust::{Chain, Domain, Signatures};
use crate::{Manifest, Refusal, Source, canonical};

/// The documents at a bundle's start as they are in the file: nothing of them is verified.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Lengths of all sections.
    pub lengths: Lengths,
    /// The chain of roots.
    pub roots: Vec<u8>,
    /// The manifest.
    pub manifest: Vec<u8>,
    /// Its signatures.
    pub signatures: Vec<u8>,
}

impl Envelope {
    /// Reads the documents: two reads, at most 280 KiB.
    pub fn read<S: Source + ?Sized>(source: &mut S) -> Result<Self, Refusal> {
        let mut head = [0; Lengths::HEADER];
        if source.len() > 0 && source.len() < Lengths::HEADER as u64 {
            return Err(Refusal::NotABundle);
        }
        fill(source, 0, &mut head)?;
        let lengths = Lengths::read(&head)?;
        // Trailing bytes and truncation; a source that does not know its length shows truncation when it is read.
        if source.len() != 0 && source.len() != lengths.total() {
            let how = format!("it has {} bytes and should have {}", source.len(), lengths.total());
            return Err(Refusal::Damaged(how));
        }
        let mut roots = vec![0; (lengths.roots + lengths.manifest + lengths.signatures) as usize];
        fill(source, Lengths::HEADER as u64, &mut roots)?;
        let mut manifest = roots.split_off(lengths.roots as usize);
        let signatures = manifest.split_off(lengths.manifest as usize);
        Ok(Self { lengths, roots, manifest, signatures })
    }

    /// The chain of roots that counts: the box's and the bundle's, joined.
    pub fn chain(&self, trust: &Chain) -> Result<Chain, Refusal> {
        trust.joined(&Chain::verify(Chain::exact(&self.roots)?)?)
    }

    /// The manifest, once enough of the chain's release keys vouch for it.
    pub fn verified(&self, chain: &Chain) -> Result<Manifest, Refusal> {
        let signatures: Signatures = canonical::read(&self.signatures, header::MAX_SIGNATURES)
            .map_err(|why| Refusal::Damaged(format!("its signatures cannot be read: {why}")))?;
        chain.judge(Domain::Manifest, &self.manifest, &signatures)?;
        Manifest::read(&self.manifest)
    }

    /// SHA-256 of the manifest: the release's name.
    pub fn id(&self) -> Hex<32> {
        crate::sha256(&self.manifest)
    }
}

/// A bundle whose signatures and index hold; its chunks are verified block by block as they are read.
#[derive(Debug)]
pub struct Bundle<S> {
    /// Where its bytes come from.
    pub(crate) source: S,
    pub(crate) index: Index,
    pub(crate) chunks_at: u64,
    manifest: Manifest,
    id: Hex<32>,
    chain: Chain,
}

impl<S: Source> Bundle<S> {
    /// Verifies a bundle up to its index, against what the box trusts. [`crate::decide`] then says whether to install it.
    pub fn open(mut source: S, trust: &Chain) -> Result<Self, Refusal> {
        let envelope = Envelope::read(&mut source)?;
        let chain = envelope.chain(trust)?;
        let manifest = envelope.verified(&chain)?;
        let Envelope { lengths, .. } = envelope;
        if u64::from(lengths.index) != index::length(manifest.blocks()) {
            return Err(Refusal::Damaged("its index has a length that is not the image's".into()));
        }
        let mut bytes = vec![0; lengths.index as usize];
        fill(&mut source, lengths.index_at(), &mut bytes)?;
        let index = Index::read(bytes, &manifest, lengths.chunks)?;
        let chunks_at = lengths.index_at() + u64::from(lengths.index);
        Ok(Self { source, index, chunks_at, manifest, id: envelope.id(), chain })
    }

    /// What it is.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the manifest: the release's name, by which a checkpoint knows it again.
    pub fn id(&self) -> Hex<32> {
        self.id
    }

    /// The chain of roots as this bundle continues it; to be remembered in `/data` ([`Chain::write`]) as soon as it is seen.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Its verified index.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Its source again.
    pub fn into_source(self) -> S {
        self.source
    }
}

fn fill<S: Source + ?Sized>(source: &mut S, offset: u64, buf: &mut [u8]) -> Result<(), Refusal> {
    source.read_at(offset, buf).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => Refusal::Damaged("it was cut off".into()),
        _ => Refusal::Unreadable(e.to_string()),
    })
}
