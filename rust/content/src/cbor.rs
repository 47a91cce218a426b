//! DAG-CBOR in its one canonical form (ipld.io/specs/codecs/dag-cbor/spec): a reader that builds no tree, and a writer.
//!
//! Everything is checked against the bytes at hand before any memory is asked for.

use crate::Error;
use crate::cid::Cid;

/// Nesting at most.
const MAX_DEPTH: usize = 64;

/// Reads from the front of some bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    depth: usize,
}

/// The start of an item: major type and argument.
type Head = (u8, u64);

impl<'a> Reader<'a> {
    /// A reader of one item.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, depth: 0 }
    }

    /// Errors if anything follows.
    pub fn end(&self) -> Result<(), Error> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Error::Cbor("bytes after the end")) }
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], Error> {
        let taken = usize::try_from(n).ok().and_then(|n| self.bytes.split_at_checked(n));
        let (taken, rest) = taken.ok_or(Error::Truncated("a value"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, Error> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        if major == 7 {
            // Simple values and floats are not numbers in the shortest form.
            return Ok((7, u64::from(info)));
        }
        let width = match info {
            0..24 => return Ok((major, u64::from(info))),
            24..28 => 1_u64 << (info - 24),
            _ => return Err(Error::Cbor("indefinite lengths are not allowed")),
        };
        let value = self.take(width)?.iter().fold(0, |value, &b| value << 8 | u64::from(b));
        let least = [24, 1 << 8, 1 << 16, 1 << 32][usize::from(info - 24)];
        if value < least {
            return Err(Error::Cbor("a number is not in its shortest form"));
        }
        Ok((major, value))
    }

    fn expect(&mut self, major: u8, what: &'static str) -> Result<u64, Error> {
        match self.head()? {
            (m, value) if m == major => Ok(value),
            _ => Err(Error::Cbor(what)),
        }
    }

    /// An unsigned number.
    pub fn uint(&mut self) -> Result<u64, Error> {
        self.expect(0, "a number was expected")
    }

    /// Bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let n = self.expect(2, "bytes were expected")?;
        self.take(n)
    }

    /// Text.
    pub fn text(&mut self) -> Result<&'a str, Error> {
        let n = self.expect(3, "text was expected")?;
        std::str::from_utf8(self.take(n)?).map_err(|_| Error::Cbor("text that is not UTF-8"))
    }

    /// The bytes of a link's CID, whatever its kind.
    pub fn link_bytes(&mut self) -> Result<&'a [u8], Error> {
        if self.expect(6, "a link was expected")? != 42 {
            return Err(Error::Cbor("a tag other than 42"));
        }
        self.bytes()?.strip_prefix(&[0]).ok_or(Error::Cbor("a link without its prefix"))
    }

    /// A link.
    pub fn link(&mut self) -> Result<Cid, Error> {
        Cid::exactly(self.link_bytes()?)
    }

    /// An array: calls `each` for every item, with the reader at its start.
    pub fn array(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        let n = self.expect(4, "a list was expected")?;
        self.nest(n, |reader| each(reader))
    }

    /// A map with keys in their order: calls `each` with every key, with the reader at its value.
    pub fn map(&mut self, mut each: impl FnMut(&'a str, &mut Self) -> Result<(), Error>) -> Result<(), Error> {
        let n = self.expect(5, "a map was expected")?;
        let mut last: Option<&str> = None;
        self.nest(n, |reader| {
            let key = reader.text()?;
            if last.is_some_and(|last| (last.len(), last) >= (key.len(), key)) {
                return Err(Error::Cbor("keys out of order or twice"));
            }
            last = Some(key);
            each(key, reader)
        })
    }

    fn nest(&mut self, n: u64, mut each: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        // Every item takes a byte at least.
        if n > self.bytes.len() as u64 {
            return Err(Error::Truncated("a list"));
        }
        if self.depth == MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        self.depth += 1;
        for _ in 0..n {
            each(self)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Any one item, checked to its bottom; every link in it is handed over as bytes.
    pub fn any(&mut self, links: &mut dyn FnMut(&'a [u8]) -> Result<(), Error>) -> Result<(), Error> {
        let start = self.clone();
        match self.head()? {
            (0 | 1, _) => Ok(()),
            (2, n) => self.take(n).map(drop),
            (7, 20..=22) => Ok(()),
            (7, 27) => {
                let bits = self.take(8)?.iter().fold(0, |value, &b| value << 8 | u64::from(b));
                if f64::from_bits(bits).is_finite() { Ok(()) } else { Err(Error::Cbor("a number that is none")) }
            }
            (7, _) => Err(Error::Cbor("a value of a kind that is not used")),
            (major, _) => {
                *self = start;
                match major {
                    3 => self.text().map(drop),
                    4 => self.array(|reader| reader.any(links)),
                    5 => self.map(|_, reader| reader.any(links)),
                    _ => links(self.link_bytes()?),
                }
            }
        }
    }
}

/// Every link of a canonical DAG-CBOR block, in its order.
pub fn links(block: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut reader = Reader::new(block);
    let mut found = Vec::new();
    reader.any(&mut |link| {
        found.push(link);
        Ok(())
    })?;
    reader.end()?;
    Ok(found)
}

/// Appends to a block that is being written.
#[derive(Clone, Debug, Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    #[expect(clippy::cast_possible_truncation, reason = "the match arms bound it")]
    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        match value {
            0..24 => self.0.push(major | value as u8),
            24..0x100 => self.0.extend([major | 24, value as u8]),
            0x100..0x1_0000 => {
                self.0.push(major | 25);
                self.0.extend((value as u16).to_be_bytes());
            }
            0x1_0000..0x1_0000_0000 => {
                self.0.push(major | 26);
                self.0.extend((value as u32).to_be_bytes());
            }
            _ => {
                self.0.push(major | 27);
                self.0.extend(value.to_be_bytes());
            }
        }
    }

    /// An unsigned number.
    pub fn uint(&mut self, value: u64) {
        self.head(0, value);
    }

    /// Bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(2, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// Text.
    pub fn text(&mut self, text: &str) {
        self.head(3, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A link.
    pub fn link(&mut self, cid: Cid) {
        self.head(6, 42);
        self.head(2, crate::cid::LENGTH as u64 + 1);
        self.0.push(0);
        self.0.extend(cid.to_bytes());
    }

    /// A list of `items`, each written by `each`.
    pub fn array<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.head(4, items.len() as u64);
        for item in items {
            each(self, item);
        }
    }

    /// A map of keys to values that are already written, sorted here.
    pub fn map(&mut self, mut fields: Vec<(&str, Self)>) {
        fields.sort_by_key(|(key, _)| (key.len(), *key));
        self.head(5, fields.len() as u64);
        for (key, value) in fields {
            self.text(key);
            self.0.extend(value.0);
        }
    }

    /// One value alone, for [`Writer::map`].
    pub fn one(write: impl FnOnce(&mut Self)) -> Self {
        let mut writer = Self::default();
        write(&mut writer);
        writer
    }
}

impl<'a> Reader<'a> {
    /// What is not read yet.
    pub fn bytes_left(self) -> &'a [u8] {
        self.bytes
    }
}
