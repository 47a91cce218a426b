//! Making a bundle from a slot's payload: on a computer.

use std::io::{self, Read, Write};

use super::header::Lengths;
use super::index::CHUNK;
use crate::hex::Hex;
use crate::manifest::BLOCK;
use crate::trust::{Chain, Domain, SecretKey, Signature};
use crate::{Manifest, Refusal, canonical};
use sha2::{Digest, Sha256};

/// What the maker says of a release; the rest of the manifest comes from the image.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Boards that it is for.
    pub boards: Vec<String>,
    /// Release sequence.
    pub seq: u64,
    /// Build time, seconds since 1970.
    pub built: u64,
    /// The source's commit.
    pub commit: String,
    /// Lowest sequence that it may replace.
    pub min: u64,
    /// Highest sequence that it may replace by going back.
    pub back: u64,
    /// Oldest data version that it reads.
    pub data_from: u32,
    /// Data version that it writes.
    pub data_to: u32,
}

/// What a bundle was made of.
#[derive(Clone, Debug)]
pub struct Make {
    /// Its manifest.
    pub manifest: Manifest,
    /// SHA-256 of the manifest.
    pub id: Hex<32>,
    /// Bytes of the bundle.
    pub size: u64,
}

/// zstd's level: the parts are compressed already, so that more costs time and gains nothing.
const LEVEL: i32 = 9;

/// Writes a bundle of `image` to `out`; `chunks` is a place for what comes last in the file and is known first (a temporary file), read again from its start.
/// `progress` is told how many bytes of the image are done.
///
/// Errors: [`io::ErrorKind::InvalidInput`] with a line that says what is wrong with the draft, the image or the keys.
pub fn make(
    image: &mut impl Read,
    draft: Draft,
    chain: &Chain,
    keys: &[SecretKey],
    chunks: &mut (impl Read + Write + io::Seek),
    out: &mut impl Write,
    progress: &mut dyn FnMut(u64),
) -> io::Result<Make> {
    let (mut lengths, mut hashes, mut whole, mut stored, mut size) = (Vec::new(), Vec::new(), Sha256::new(), 0_u64, 0_u64);
    let mut chunk = Vec::new();
    loop {
        chunk.clear();
        image.by_ref().take(CHUNK as u64 * BLOCK).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            break;
        }
        if size >= crate::manifest::MAX_IMAGE {
            return Err(wrong("the image is larger than a slot".into()));
        }
        whole.update(&chunk);
        for block in chunk.chunks(4096) {
            hashes.extend_from_slice(&Sha256::digest(block));
        }
        let packed = zstd::bulk::compress(&chunk, LEVEL)?;
        let kept = if packed.len() < chunk.len() { &packed } else { &chunk };
        chunks.write_all(kept)?;
        lengths.extend_from_slice(&u32::try_from(kept.len()).map_err(io::Error::other)?.to_le_bytes());
        stored += kept.len() as u64;
        size += chunk.len() as u64;
        progress(size);
    }
    let index = [lengths, hashes].concat();
    let Draft { mut boards, seq, built, commit, min, back, data_from, data_to } = draft;
    boards.sort();
    let image = Hex(whole.finalize().into());
    let manifest = Manifest { v: 1, boards, seq, built, commit, size, image, index: crate::sha256(&index), min, back, data_from, data_to };
    manifest.check().map_err(|why| wrong(format!("this makes no release: {why}")))?;
    let document = manifest.write();
    let mut signatures: Vec<_> = keys.iter().map(|key| Signature::make(key, Domain::Manifest, &document)).collect();
    signatures.sort_by_key(|s| s.key);
    chain.judge(Domain::Manifest, &document, &signatures).map_err(|why| wrong(refused(&why)))?;
    let (roots, signatures) = (chain.write(), canonical::write(&signatures));
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
    let lengths = Lengths {
        roots: length(&roots)?,
        manifest: length(&document)?,
        signatures: length(&signatures)?,
        index: length(&index)?,
        chunks: stored,
    };
    Lengths::read(&lengths.write()).map_err(|why| wrong(why.to_string()))?;
    for part in [lengths.write().as_slice(), &roots, &document, &signatures, &index] {
        out.write_all(part)?;
    }
    chunks.rewind()?;
    io::copy(chunks, out)?;
    out.flush()?;
    Ok(Make { id: crate::sha256(&document), manifest, size: lengths.total() })
}

fn wrong(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// A refusal as the one who makes the bundle needs it.
fn refused(why: &Refusal) -> String {
    match why {
        Refusal::Stranger | Refusal::Unsigned => {
            "none of the keys is a release key of root.json; add it with `hotspot keys root next`".into()
        }
        Refusal::RetiredKey => "the key was withdrawn by the newest root in root.json; use the present release key".into(),
        other => other.to_string(),
    }
}
