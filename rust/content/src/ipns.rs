//! IPNS records, signature version 2 (ipfs/specs, `src/ipns/ipns-record.md`), Ed25519 keys only.

use crate::Error;
use crate::cbor::{Reader, Writer};
use crate::cid::Cid;
use crate::key::{Publisher, Secret};
use crate::pb::{Field, Fields, put_bytes};

/// Largest record, in bytes.
pub const MAX: usize = 10 * 1024;
const DOMAIN: &[u8] = b"ipns-signature:";
/// How long a resolver may keep it, in nanoseconds.
const TTL: u64 = 3_600_000_000_000;

/// A record whose signature holds. Whether it is still valid is for who knows the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it leads: `/ipfs/…`.
    pub value: String,
    /// Until when, RFC 3339.
    pub validity: String,
    /// The higher one wins.
    pub sequence: u64,
    /// How long to keep it, in nanoseconds.
    pub ttl: u64,
}

impl Record {
    /// Makes and signs one.
    pub fn sign(secret: &Secret, value: &str, sequence: u64, valid_until: &str) -> Vec<u8> {
        let fields = vec![
            ("TTL", Writer::one(|w| w.uint(TTL))),
            ("Value", Writer::one(|w| w.bytes(value.as_bytes()))),
            ("Sequence", Writer::one(|w| w.uint(sequence))),
            ("Validity", Writer::one(|w| w.bytes(valid_until.as_bytes()))),
            ("ValidityType", Writer::one(|w| w.uint(0))),
        ];
        let data = Writer::one(|w| w.map(fields)).0;
        let mut out = Vec::new();
        put_bytes(8, &secret.sign(&[DOMAIN, &data].concat()), &mut out);
        put_bytes(9, &data, &mut out);
        out
    }

    /// Reads a record that must be this publisher's, and verifies it.
    ///
    /// Errors: too large, no version 2 signature or one that does not hold, another key inside, or version 1 fields that
    /// say other things than what is signed.
    pub fn read(bytes: &[u8], publisher: &Publisher) -> Result<Self, Error> {
        if bytes.len() > MAX {
            return Err(Error::TooLong { what: "bytes in an IPNS record", is: bytes.len() as u64, limit: MAX as u64 });
        }
        let mut seen: [Option<Field>; 10] = [None; 10];
        for field in Fields(bytes) {
            let (number, value) = field?;
            if let Some(place) = usize::try_from(number).ok().and_then(|n| seen.get_mut(n)) {
                *place = Some(value);
            }
        }
        let bytes_of = |n: usize| seen[n].map(Field::bytes).transpose();
        let signature = bytes_of(8)?.ok_or(Error::Ipns("it has no version 2 signature"))?;
        let data = bytes_of(9)?.ok_or(Error::Ipns("it has no signed data"))?;
        if bytes_of(7)?.is_some_and(|key| Publisher::from_protobuf(key).ok() != Some(*publisher)) {
            return Err(Error::Ipns("it has another key inside"));
        }
        publisher.verify(&[DOMAIN, data].concat(), signature).map_err(|_| Error::Ipns("its signature is wrong"))?;
        let (mut value, mut validity, mut kind, mut sequence, mut ttl) = (None, None, None, None, 0);
        let mut reader = Reader::new(data);
        reader.map(|key, reader| {
            match key {
                "TTL" => ttl = reader.uint()?,
                "Value" => value = Some(reader.bytes()?),
                "Sequence" => sequence = Some(reader.uint()?),
                "Validity" => validity = Some(reader.bytes()?),
                "ValidityType" => kind = Some(reader.uint()?),
                _ => reader.any(&mut |_| Ok(()))?,
            }
            Ok(())
        })?;
        reader.end()?;
        const LACKS: Error = Error::Ipns("a field is missing");
        let (value, validity, sequence) = (value.ok_or(LACKS)?, validity.ok_or(LACKS)?, sequence.ok_or(LACKS)?);
        if kind != Some(0) {
            return Err(Error::Ipns("its validity is of an unknown kind"));
        }
        // Whoever has version 1 fields must mean the same by them.
        let same_bytes = |n: usize, signed: &[u8]| Ok::<_, Error>(bytes_of(n)?.is_none_or(|v| v == signed));
        let same_number = |n: usize, signed: u64| Ok::<_, Error>(seen[n].map(Field::number).transpose()?.is_none_or(|v| v == signed));
        if !(same_bytes(1, value)? && same_bytes(4, validity)? && same_number(3, 0)? && same_number(5, sequence)? && same_number(6, ttl)?) {
            return Err(Error::Ipns("its old and its signed fields differ"));
        }
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Error::Ipns("it is not text"));
        Ok(Self { value: text(value)?, validity: text(validity)?, sequence, ttl })
    }

    /// The block it leads to; `None` for a path or another name.
    pub fn cid(&self) -> Option<Cid> {
        self.value.strip_prefix("/ipfs/")?.parse().ok()
    }

    /// Seconds since 1970 at which it ends; `None` if that is no time.
    pub fn ends(&self) -> Option<u64> {
        crate::time::read(&self.validity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_read_and_nothing_else() {
        let secret = Secret::from_seed(&[1; 32]);
        let cid = Cid::of(crate::cid::Codec::DagCbor, b"\xa0");
        let bytes = Record::sign(&secret, &format!("/ipfs/{cid}"), 4, "2040-01-01T00:00:00Z");
        let record = Record::read(&bytes, &secret.publisher()).unwrap();
        assert_eq!((record.cid(), record.sequence, record.ends()), (Some(cid), 4, Some(2_208_988_800)));
        assert!(Record::read(&bytes, &Secret::from_seed(&[2; 32]).publisher()).is_err());
        for i in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[i] ^= 0x20;
            assert!(Record::read(&bad, &secret.publisher()).is_err(), "byte {i}");
            assert!(Record::read(&bytes[..i], &secret.publisher()).is_err(), "cut at {i}");
        }
        let mut old = bytes.clone();
        put_bytes(1, b"/ipfs/other", &mut old);
        assert!(matches!(Record::read(&old, &secret.publisher()), Err(Error::Ipns(_))));
        old.resize(MAX + 1, 0);
        assert!(matches!(Record::read(&old, &secret.publisher()), Err(Error::TooLong { .. })));
    }

    /// The records of ipfs/gateway-conformance, whose file names say what is wrong with them.
    #[test]
    fn the_published_records() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/gateway-conformance/fixtures/ipns_records");
        let Ok(entries) = std::fs::read_dir(folder) else {
            eprintln!("skipped: the published vectors are not here");
            return;
        };
        let mut seen = 0;
        for entry in entries.flatten() {
            let file = entry.file_name().into_string().unwrap();
            let (name, kind) = file.strip_suffix(".ipns-record").unwrap().split_once('_').unwrap();
            let read = Record::read(&std::fs::read(entry.path()).unwrap(), &name.parse().unwrap());
            // A broken version 1 signature is nobody's business any more.
            let good = ["v2", "v1-v2", "v1-v2-broken-signature-v1"].contains(&kind);
            assert_eq!(read.is_ok(), good, "{file}: {read:?}");
            seen += 1;
        }
        assert_eq!(seen, 6);
    }
}
