//! A bundle in a file: on a computer's disk, or on a stick.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A regular file that is read at offsets. Its length is the one it had when it was opened.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    len: u64,
}

impl FileSource {
    /// Opens a file; what is no regular file (a folder or a device named like a bundle) is refused.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Non-blocking, or opening a pipe would wait for ever.
        let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
        let file = std::os::unix::fs::OpenOptionsExt::custom_flags(File::options().read(true), flags).open(path)?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        Ok(Self { file, len: found.len() })
    }
}

impl update::Source for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }
}
