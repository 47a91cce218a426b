//! CARv1 (ipld.io/specs/transport/car/carv1): a header, then sections of an address and a block.
//!
//! The reader checks every length before it asks for memory and never looks further than the section at hand.

use std::io::{BufRead, BufReader, Read, Write};

use crate::cbor::{Reader as Cbor, Writer as CborWriter};
use crate::cid::{Cid, LENGTH};
use crate::{Error, varint};

/// Largest header, in bytes.
pub const MAX_HEADER: u64 = 64 * 1024;
/// Largest block, in bytes.
pub const MAX_BLOCK: usize = 2 << 20;
/// Roots that a header may name.
const MAX_ROOTS: usize = 1024;

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its address, as claimed.
    pub cid: Cid,
    /// Where its bytes start, counted from the start of the CAR.
    pub at: u64,
    /// How many they are.
    pub len: u32,
}

/// A CAR that is read from its start to its end.
#[derive(Debug)]
pub struct Car<R> {
    input: BufReader<R>,
    at: u64,
    roots: Vec<Cid>,
}

impl<R: Read> Car<R> {
    /// Reads the header. Roots of kinds that are not taken are left out of [`Car::roots`].
    pub fn open(input: R) -> Result<Self, Error> {
        let mut car = Self { input: BufReader::with_capacity(64 * 1024, input), at: 0, roots: Vec::new() };
        let length = car.varint()?.ok_or(Error::Truncated("the header"))?;
        match length {
            0 => return Err(Error::Header("its header is empty")),
            n if n > MAX_HEADER => return Err(Error::TooLong { what: "bytes in the header", is: n, limit: MAX_HEADER }),
            _ => {}
        }
        let mut header = Vec::new();
        car.take(length, &mut header, "the header")?;
        car.roots = read_header(&header)?;
        Ok(car)
    }

    /// What the header names; only a walk decides what is in it.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next section; its bytes, not yet verified, replace what is in `block`. `None` at a clean end.
    pub fn next(&mut self, block: &mut Vec<u8>) -> Result<Option<Section>, Error> {
        let Some((cid, len)) = self.section()? else { return Ok(None) };
        let at = self.at;
        self.take(u64::from(len), block, "a block")?;
        Ok(Some(Section { cid, at, len }))
    }

    /// The next section's address and the length of its block, which comes next.
    fn section(&mut self) -> Result<Option<(Cid, u32)>, Error> {
        let Some(length) = self.varint()? else { return Ok(None) };
        if length == 0 {
            return Err(Error::EmptySection);
        }
        let limit = (MAX_BLOCK + LENGTH) as u64;
        if length > limit {
            return Err(Error::TooLong { what: "bytes in a section", is: length, limit });
        }
        // An address of our kinds is 34 or 36 bytes long; the first byte says which.
        let mut head = [0; LENGTH];
        let first = self.input.fill_buf()?.first().copied().ok_or(Error::Truncated("an address"))?;
        let n = if first == 0x12 { 34 } else { LENGTH };
        if (n as u64) > length {
            return Err(Error::Truncated("an address"));
        }
        self.input.read_exact(&mut head[..n]).map_err(|e| ended(e, "an address"))?;
        self.at += n as u64;
        let cid = Cid::exactly(&head[..n])?;
        let len = u32::try_from(length - n as u64).map_err(|_| Error::EmptySection)?;
        Ok(Some((cid, len)))
    }

    /// A varint, `None` where the input has ended before it.
    fn varint(&mut self) -> Result<Option<u64>, Error> {
        let mut bytes = [0; varint::MAX];
        for i in 0..bytes.len() {
            if let Err(e) = self.input.read_exact(&mut bytes[i..=i]) {
                return if i == 0 && e.kind() == std::io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(ended(e, "a length")) };
            }
            if bytes[i] & 0x80 == 0 {
                self.at += i as u64 + 1;
                return varint::read(&bytes[..=i]).map(|(value, _)| Some(value));
            }
        }
        Err(Error::Varint("longer than nine bytes"))
    }

    fn take(&mut self, n: u64, into: &mut Vec<u8>, what: &'static str) -> Result<(), Error> {
        // `n` is below the limit: both callers have checked.
        into.resize(usize::try_from(n).unwrap_or(0), 0);
        self.input.read_exact(into).map_err(|e| ended(e, what))?;
        self.at += n;
        Ok(())
    }
}

fn ended(e: std::io::Error, what: &'static str) -> Error {
    if e.kind() == std::io::ErrorKind::UnexpectedEof { Error::Truncated(what) } else { Error::Io(e) }
}

impl<R: Read + std::io::Seek> Car<R> {
    /// The next section without its block, which is passed over: for an index.
    pub fn skip(&mut self, size: u64) -> Result<Option<Section>, Error> {
        let Some((cid, len)) = self.section()? else { return Ok(None) };
        let at = self.at;
        if size - at.min(size) < u64::from(len) {
            return Err(Error::Truncated("a block"));
        }
        self.input.seek_relative(i64::from(len))?;
        self.at += u64::from(len);
        Ok(Some(Section { cid, at, len }))
    }
}

fn read_header(bytes: &[u8]) -> Result<Vec<Cid>, Error> {
    let (mut version, mut roots, mut count) = (None, Vec::new(), 0);
    let mut reader = Cbor::new(bytes);
    reader
        .map(|key, reader| {
            match key {
                "version" => version = Some(reader.uint()?),
                "roots" => reader.array(|reader| {
                    count += 1;
                    if count > MAX_ROOTS {
                        return Err(Error::TooLong { what: "roots", is: count as u64, limit: MAX_ROOTS as u64 });
                    }
                    roots.extend(Cid::exactly(reader.link_bytes()?));
                    Ok(())
                })?,
                _ => return Err(Error::Header("its header has an unknown field")),
            }
            Ok(())
        })
        .map_err(|e| if matches!(e, Error::TooLong { .. } | Error::Header(_)) { e } else { Error::Header("it has no CAR header") })?;
    reader.end().map_err(|_| Error::Header("bytes follow its header"))?;
    match version {
        Some(1) => Ok(roots),
        Some(2) => Err(Error::Header("it is a CAR of version 2; write it as version 1")),
        _ => Err(Error::Header("it is a CAR of an unknown version")),
    }
}

/// The header of a CAR with one root.
pub fn header(root: Cid) -> Vec<u8> {
    let fields = vec![("roots", CborWriter::one(|w| w.array(&[root], |w, cid| w.link(*cid)))), ("version", CborWriter::one(|w| w.uint(1)))];
    let header = CborWriter::one(|w| w.map(fields)).0;
    let mut out = Vec::new();
    varint::write(header.len() as u64, &mut out);
    out.extend(header);
    out
}

/// What stands before a block of `len` bytes.
pub fn section_head(cid: Cid, len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(LENGTH + 4);
    varint::write((LENGTH + len) as u64, &mut out);
    out.extend(cid.to_bytes());
    out
}

/// Writes one section.
pub fn write(cid: Cid, block: &[u8], out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(&section_head(cid, block.len()))?;
    out.write_all(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cid::Codec;

    fn cid_of(bytes: &[u8]) -> Cid {
        Cid::of(Codec::Raw, bytes)
    }

    fn sample() -> Vec<u8> {
        let mut out = header(cid_of(b"one"));
        for block in [&b"one"[..], b"", b"three"] {
            write(cid_of(block), block, &mut out).unwrap();
        }
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<Section>, Error> {
        let mut car = Car::open(bytes)?;
        let (mut block, mut found) = (Vec::new(), Vec::new());
        while let Some(section) = car.next(&mut block)? {
            section.cid.check(&block)?;
            assert_eq!(&bytes[usize::try_from(section.at).unwrap()..][..block.len()], &block);
            found.push(section);
        }
        assert_eq!(car.position(), bytes.len() as u64);
        Ok(found)
    }

    #[test]
    fn what_is_written_is_read_and_every_cut_is_noticed() {
        let bytes = sample();
        let whole = read(&bytes).unwrap();
        assert_eq!(whole.len(), 3);
        let mut car = Car::open(std::io::Cursor::new(&bytes)).unwrap();
        for section in &whole {
            assert_eq!(car.skip(bytes.len() as u64).unwrap().as_ref(), Some(section));
        }
        let ends: Vec<_> = whole.iter().map(|s| s.at + u64::from(s.len)).collect();
        for n in 0..bytes.len() {
            let clean = n == header(whole[0].cid).len() || ends.contains(&(n as u64));
            assert_eq!(read(&bytes[..n]).is_ok(), clean, "cut at {n}");
        }
    }

    /// Memory is asked for after the check only: a length of exabytes costs nothing.
    #[test]
    fn attack_length_bombs() {
        let with = |length: u64| {
            let mut out = header(cid_of(b""));
            varint::write(length, &mut out);
            out.extend(cid_of(b"").to_bytes());
            out
        };
        for huge in [u64::MAX >> 1, 1 << 40, (MAX_BLOCK + LENGTH) as u64 + 1] {
            assert!(matches!(read(&with(huge)), Err(Error::TooLong { .. })), "{huge}");
        }
        assert!(matches!(read(&with((MAX_BLOCK + LENGTH) as u64)), Err(Error::Truncated(_))));
        assert!(matches!(read(&with(0)), Err(Error::EmptySection)));
        assert!(read(&with(20)).is_err(), "shorter than its address");
        for length in [MAX_HEADER + 1, u64::MAX >> 1] {
            let mut bomb = Vec::new();
            varint::write(length, &mut bomb);
            assert!(matches!(read(&bomb), Err(Error::TooLong { .. })));
        }
        let mut endless = header(cid_of(b""));
        endless.extend([0xff; 20]);
        assert!(matches!(read(&endless), Err(Error::Varint(_))));
        endless.truncate(endless.len() - 15);
        assert!(matches!(read(&endless), Err(Error::Truncated(_))), "a varint that is cut short is no end");
    }

    #[test]
    fn attack_headers() {
        let raw = |body: &[u8]| {
            let mut out = Vec::new();
            varint::write(body.len() as u64, &mut out);
            out.extend(body);
            out
        };
        let mut later = header(cid_of(b""));
        *later.last_mut().unwrap() = 2;
        let bombs = [
            raw(b""),
            raw(b"\xa0"),
            raw(b"\xa1gversion\x02"),
            raw(b"\xa2eroots\x9b\xff\xff\xff\xff\xff\xff\xff\xffgversion\x01"),
            raw(b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
            raw(&[0x81; 60_000]),
            later,
        ];
        for bomb in bombs {
            assert!(read(&bomb).is_err());
        }
    }

    #[test]
    fn identity_is_never_a_block() {
        let mut out = header(cid_of(b""));
        varint::write(4 + 36, &mut out);
        out.extend([1, 0x55, 0, 4]);
        out.extend([7; 36]);
        assert!(matches!(read(&out), Err(Error::HashKind(_))));
    }
}
