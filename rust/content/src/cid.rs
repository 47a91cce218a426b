//! Content identifiers: three codecs, sha2-256 of 32 bytes, nothing else.
//!
//! A version 0 CID is the same block as its version 1 form (dag-pb) and becomes it.

use std::fmt;
use std::str::FromStr;

use crate::hash::sha256;
use crate::{Error, varint};

/// What a block's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Codec {
    /// Bytes of a file.
    Raw = 0x55,
    /// A node of UnixFS.
    DagPb = 0x70,
    /// An envelope or a manifest.
    DagCbor = 0x71,
}

impl Codec {
    /// From its multicodec number.
    pub fn from_number(number: u64) -> Result<Self, Error> {
        match number {
            0x55 => Ok(Self::Raw),
            0x70 => Ok(Self::DagPb),
            0x71 => Ok(Self::DagCbor),
            _ => Err(Error::HashKind("only raw, dag-pb and dag-cbor are")),
        }
    }
}

/// Bytes of a CID in binary form.
pub const LENGTH: usize = 36;
/// Largest identity digest in a link, in bytes.
pub const MAX_IDENTITY: u64 = 128;

/// The address of a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid {
    /// What its bytes are.
    pub codec: Codec,
    /// Their SHA-256.
    pub digest: [u8; 32],
}

impl Cid {
    /// The address of these bytes.
    pub fn of(codec: Codec, bytes: &[u8]) -> Self {
        Self { codec, digest: sha256(bytes) }
    }

    /// Are these its bytes?
    pub fn check(&self, bytes: &[u8]) -> Result<(), Error> {
        if sha256(bytes) == self.digest { Ok(()) } else { Err(Error::WrongHash(*self)) }
    }

    /// The CID at the start of `bytes` and its length there.
    ///
    /// Errors: cut short, or of a kind that content here may not have.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), Error> {
        if let Some(rest) = bytes.strip_prefix(&[0x12, 0x20]) {
            let digest = rest.first_chunk().ok_or(Error::Truncated("an address"))?;
            return Ok((Self { codec: Codec::DagPb, digest: *digest }, 34));
        }
        let mut at = 0;
        let mut number = || {
            let (value, n) = varint::read(&bytes[at..])?;
            at += n;
            Ok::<_, Error>(value)
        };
        if number()? != 1 {
            return Err(Error::HashKind("only CID versions 0 and 1 are"));
        }
        let codec = Codec::from_number(number()?)?;
        match (number()?, number()?) {
            (0x12, 32) => {}
            (0, n) if n > MAX_IDENTITY => return Err(Error::TooLong { what: "bytes in an inline block", is: n, limit: MAX_IDENTITY }),
            (0, _) => return Err(Error::HashKind("inline (identity) blocks are not")),
            _ => return Err(Error::HashKind("only sha2-256 with 32 bytes is")),
        }
        let digest = bytes[at..].first_chunk().ok_or(Error::Truncated("an address"))?;
        Ok((Self { codec, digest: *digest }, at + 32))
    }

    /// From exactly these bytes.
    pub fn exactly(bytes: &[u8]) -> Result<Self, Error> {
        match Self::read(bytes)? {
            (cid, n) if n == bytes.len() => Ok(cid),
            _ => Err(Error::HashKind("bytes follow it")),
        }
    }

    /// Version 1 in binary form.
    pub fn to_bytes(self) -> [u8; LENGTH] {
        let mut out = [0; LENGTH];
        out[..4].copy_from_slice(&[1, self.codec as u8, 0x12, 32]);
        out[4..].copy_from_slice(&self.digest);
        out
    }
}

/// As base32, version 1.
impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cid::multibase::encode(cid::multibase::Base::Base32Lower, self.to_bytes()))
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// From text in any base of multibase, or version 0's bare base58.
impl FromStr for Cid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // The longest that could be one: 36 bytes in base 2.
        if text.len() > 300 {
            return Err(Error::TooLong { what: "characters in an address", is: text.len() as u64, limit: 300 });
        }
        let parsed = cid::CidGeneric::<128>::try_from(text).map_err(|_| Error::HashKind("it is no CID"))?;
        Self::exactly(&parsed.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_and_other_bases_are_one_block() {
        let v1: Cid = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354".parse().unwrap();
        let mut v0 = vec![0x12, 0x20];
        v0.extend(v1.digest);
        assert_eq!(Cid::exactly(&v0).unwrap(), v1);
        assert_eq!("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn".parse::<Cid>().unwrap(), v1);
        assert_eq!(Cid::exactly(&v1.to_bytes()).unwrap(), v1);
        assert_eq!(Cid::of(Codec::Raw, b"hello world").to_string(), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
        let upper = v1.to_string().to_uppercase();
        assert_eq!(upper.parse::<Cid>().unwrap(), v1);
    }

    #[test]
    fn attack_hash_confusion() {
        let digest = [7; 32];
        let make = |parts: &[&[u8]]| parts.concat();
        let kinds = [
            ("sha2-512 cut to 32", make(&[&[1, 0x55, 0x13, 32], &digest])),
            ("sha2-256 of 20 bytes", make(&[&[1, 0x55, 0x12, 20], &digest[..20]])),
            ("blake2b-256", make(&[&[1, 0x55, 0xa0, 0xe4, 2, 32], &digest])),
            ("identity", make(&[&[1, 0x55, 0, 32], &digest])),
            ("identity of 200 bytes", make(&[&[1, 0x55, 0, 0xc8, 1], &[0; 200]])),
            ("libp2p-key", make(&[&[1, 0x72, 0x12, 32], &digest])),
            ("version 2", make(&[&[2, 0x55, 0x12, 32], &digest])),
            ("loose varint", make(&[&[0x81, 0, 0x55, 0x12, 32], &digest])),
            ("bytes after it", make(&[&[1, 0x55, 0x12, 32], &digest, &[0]])),
            ("cut short", make(&[&[1, 0x55, 0x12, 32], &digest[..31]])),
        ];
        for (name, bytes) in kinds {
            assert!(Cid::exactly(&bytes).is_err(), "{name}");
        }
        // The same digest under another codec is another block.
        let raw = Cid { codec: Codec::Raw, digest };
        assert_ne!(raw, Cid { codec: Codec::DagPb, digest });
    }
}
