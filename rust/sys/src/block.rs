//! Block devices, read and written past the page cache, so that what is read back comes from the card.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Offsets, lengths and memory of direct access are multiples of this.
pub const ALIGN: usize = 4096;

/// Opens a device (or a file, in tests) for reading or writing; `exclusive` fails while anybody else has claimed the device.
pub fn open(path: &Path, write: bool, exclusive: bool, direct: bool) -> io::Result<File> {
    let mut flags = libc::O_CLOEXEC | libc::O_NOFOLLOW;
    if exclusive && std::fs::metadata(path).is_ok_and(|m| std::os::unix::fs::FileTypeExt::is_block_device(&m.file_type())) {
        flags |= libc::O_EXCL;
    }
    let open = |flags| OpenOptions::new().read(true).write(write).custom_flags(flags).open(path);
    match open(if direct { flags | libc::O_DIRECT } else { flags }) {
        // A file system without direct access, in tests.
        Err(e) if direct && e.raw_os_error() == Some(libc::EINVAL) => open(flags),
        other => other,
    }
}

/// A buffer that direct access takes.
pub struct Aligned {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// `length` zeros, at an aligned place.
    pub fn new(length: usize) -> Self {
        let memory = vec![0; length + ALIGN];
        let start = memory.as_ptr().align_offset(ALIGN).min(ALIGN);
        Self { memory, start, length }
    }
}

impl std::ops::Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl std::ops::DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

/// Writes one small record at `offset` and makes it durable; the device sees exactly these bytes when they are whole sectors.
pub fn write_record(path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let file = open(path, true, false, true)?;
    let mut buffer = Aligned::new(bytes.len());
    buffer.copy_from_slice(bytes);
    file.write_all_at(&buffer, offset)?;
    file.sync_data()
}

/// Reads a small record past the page cache.
pub fn read_record(path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let file = open(path, false, false, true)?;
    let mut buffer = Aligned::new(length);
    file.read_exact_at(&mut buffer, offset)?;
    Ok(buffer.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_one_sector() {
        let path = std::env::temp_dir().join(format!("sys-block-{}", std::process::id()));
        std::fs::write(&path, vec![7; 8192]).unwrap();
        write_record(&path, 512, &[1; 512]).unwrap();
        assert_eq!(read_record(&path, 512, 512).unwrap(), vec![1; 512]);
        assert_eq!(read_record(&path, 1024, 512).unwrap(), vec![7; 512]);
        assert!(read_record(&path, 8192, 512).is_err());
        assert_eq!(Aligned::new(100).as_ptr() as usize % ALIGN, 0);
        std::fs::remove_file(&path).unwrap();
    }
}
