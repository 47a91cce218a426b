//! Where a bundle comes from: a stick, a file, a web server.

use std::io;

/// Bytes at offsets. What is read is checked before it is used, and never read again to be trusted.
pub trait Source: Send {
    /// Length of the whole in bytes, as far as the source says; 0 if it does not know.
    fn len(&self) -> u64;

    /// Fills `buf` from `offset`. A source that ends before is an error ([`io::ErrorKind::UnexpectedEof`]).
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Whether it holds nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A bundle in memory.
impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..)).ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(rest.get(..buf.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}
