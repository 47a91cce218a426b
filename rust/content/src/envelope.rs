//! The envelope: a bundle's root block. It names the manifest and says who vouches for it.

use crate::Error;
use crate::cbor::{Reader, Writer};
use crate::cid::{Cid, Codec};
use crate::ipns::Record;
use crate::key::Secret;
use crate::manifest::Manifest;

/// What is signed starts with this, so that no signature of another kind fits.
pub const DOMAIN: &[u8] = b"p2p-hotspot bundle manifest v1\0";

/// The root block of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its manifest.
    pub manifest: Cid,
    /// Ed25519 over [`DOMAIN`] and the manifest's exact bytes; empty when only the IPNS record came, which vouches as well.
    pub sig: Vec<u8>,
    /// The publisher's IPNS record whose value is the manifest.
    pub ipns_record: Vec<u8>,
}

impl Envelope {
    /// Signs a manifest; `valid_until` (RFC 3339, UTC) is the IPNS record's.
    pub fn sign(manifest: &Manifest, block: &[u8], secret: &Secret, valid_until: &str) -> Self {
        let cid = Cid::of(Codec::DagCbor, block);
        let sig = secret.sign(&[DOMAIN, block].concat()).to_vec();
        let record = Record::sign(secret, &format!("/ipfs/{cid}"), manifest.seq, valid_until);
        Self { manifest: cid, sig, ipns_record: record }
    }

    /// The block's bytes.
    pub fn to_block(&self) -> Vec<u8> {
        let fields = vec![
            ("manifest", Writer::one(|w| w.link(self.manifest))),
            ("sig", Writer::one(|w| w.bytes(&self.sig))),
            ("ipns_record", Writer::one(|w| w.bytes(&self.ipns_record))),
        ];
        Writer::one(|w| w.map(fields)).0
    }

    /// Reads a block; keys that it does not know are refused, for nothing vouches for them.
    pub fn read(block: &[u8]) -> Result<Self, Error> {
        let (mut manifest, mut sig, mut record) = (None, None, None);
        let mut reader = Reader::new(block);
        reader.map(|key, reader| {
            match key {
                "manifest" => manifest = Some(reader.link()?),
                "sig" => sig = Some(reader.bytes()?.to_vec()),
                "ipns_record" => record = Some(reader.bytes()?.to_vec()),
                _ => return Err(Error::Manifest("an unknown field in the envelope")),
            }
            Ok(())
        })?;
        reader.end()?;
        let manifest = manifest.ok_or(Error::Manifest("the envelope names none"))?;
        if manifest.codec != Codec::DagCbor {
            return Err(Error::HashKind("the manifest is not DAG-CBOR"));
        }
        Ok(Self { manifest, sig: sig.unwrap_or_default(), ipns_record: record.unwrap_or_default() })
    }

    /// Does the publisher whom the manifest names vouch for it? What is there must hold, and one must be there.
    pub fn verify(&self, block: &[u8], manifest: &Manifest) -> Result<(), Error> {
        if !self.sig.is_empty() {
            manifest.publisher.verify(&[DOMAIN, block].concat(), &self.sig)?;
        }
        if !self.ipns_record.is_empty() {
            let record = Record::read(&self.ipns_record, &manifest.publisher)?;
            if record.cid() != Some(self.manifest) || record.sequence != manifest.seq {
                return Err(Error::Ipns("it is of another manifest"));
            }
        }
        if self.sig.is_empty() && self.ipns_record.is_empty() {
            return Err(Error::Signature("there is none"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::sample;

    const YEAR: &str = "2040-01-01T00:00:00Z";

    fn signed() -> (Manifest, Vec<u8>, Envelope) {
        let secret = Secret::from_seed(&[9; 32]);
        let manifest = Manifest { publisher: secret.publisher(), ..sample() };
        let block = manifest.to_block();
        let envelope = Envelope::sign(&manifest, &block, &secret, YEAR);
        (manifest, block, envelope)
    }

    #[test]
    fn a_signed_manifest_is_vouched_for() {
        let (manifest, block, envelope) = signed();
        let read = Envelope::read(&envelope.to_block()).unwrap();
        assert_eq!(read, envelope);
        read.verify(&block, &manifest).unwrap();
        Envelope { sig: vec![], ..read.clone() }.verify(&block, &manifest).unwrap();
        Envelope { ipns_record: vec![], ..read }.verify(&block, &manifest).unwrap();
    }

    #[test]
    fn attack_signatures() {
        let (manifest, block, envelope) = signed();
        let fails = |e: &Envelope, b: &[u8], m: &Manifest| assert!(e.verify(b, m).is_err());
        fails(&Envelope { sig: vec![], ipns_record: vec![], ..envelope.clone() }, &block, &manifest);
        let mut bad = envelope.clone();
        bad.sig[10] ^= 1;
        fails(&bad, &block, &manifest);
        // A good record does not make up for a bad signature.
        let mut bad = envelope.clone();
        let last = bad.ipns_record.len() - 1;
        bad.ipns_record[last] ^= 1;
        fails(&bad, &block, &manifest);
        // Another publisher's key in the manifest.
        let other = Manifest { publisher: Secret::from_seed(&[8; 32]).publisher(), ..manifest.clone() };
        fails(&envelope, &other.to_block(), &other);
        // A signature without the domain tag.
        let plain = Secret::from_seed(&[9; 32]).sign(&block).to_vec();
        fails(&Envelope { sig: plain, ..envelope.clone() }, &block, &manifest);
        // A record of an older manifest.
        let older = Manifest { seq: 6, ..manifest.clone() };
        let stale = Envelope::sign(&older, &older.to_block(), &Secret::from_seed(&[9; 32]), YEAR).ipns_record;
        fails(&Envelope { ipns_record: stale, ..envelope }, &block, &manifest);
    }
}
