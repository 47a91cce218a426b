//! The container of a book (OCF, EPUB 3.3 section 4): a ZIP file, of which single members are taken, each within a bound.

use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive};

/// Members of a book that are looked at.
const MAX_MEMBERS: u64 = 20_000;
/// Where the end of the directory may stand, in bytes from the end of the file: its longest comment and itself.
const MAX_TAIL: u64 = 65_535 + 1024;

/// Why something cannot be had of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It is no ZIP file, or a broken one.
    Broken,
    /// It has no member of that name.
    Missing,
    /// The member, or the number of members, is beyond what is read.
    TooLarge,
    /// It is packed in a way that no book may be.
    Packed,
}

/// An open book file.
#[derive(Debug)]
pub struct Archive<R>(ZipArchive<R>);

impl<R: ReaderAt> Archive<R> {
    /// Finds the directory of a file of `size` bytes.
    pub fn open(reader: R, size: u64) -> Result<Self, Error> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let found = ZipArchive::<()>::with_max_search_space(MAX_TAIL).locate_in_reader(reader, &mut buffer, size);
        let archive = found.map_err(|_| Error::Broken)?;
        if archive.entries_hint() > MAX_MEMBERS { Err(Error::TooLarge) } else { Ok(Self(archive)) }
    }

    /// A member's bytes, at most `limit` of them, checked by their sum.
    pub fn member(&self, name: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let mut entries = self.0.entries(&mut buffer);
        for _ in 0..MAX_MEMBERS {
            let entry = entries.next_entry().map_err(|_| Error::Broken)?.ok_or(Error::Missing)?;
            if entry.file_path().as_ref() != name.as_bytes() {
                continue;
            }
            let (way, method) = (entry.wayfinder(), entry.compression_method());
            let member = self.0.get_entry(way).map_err(|_| Error::Broken)?;
            let packed = member.reader();
            return match method {
                CompressionMethod::STORE => bounded(member.verifying_reader(packed), limit),
                CompressionMethod::DEFLATE => bounded(member.verifying_reader(DeflateDecoder::new(packed)), limit),
                _ => Err(Error::Packed),
            };
        }
        Err(Error::Missing)
    }
}

/// What a packed member claims of its size is not believed.
fn bounded(reader: impl Read, limit: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|_| Error::Broken)?;
    if bytes.len() > limit { Err(Error::TooLarge) } else { Ok(bytes) }
}
