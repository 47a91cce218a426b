//! A file to a socket without a copy through user space.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Sends up to `count` bytes of `file` from `offset` to a socket; returns how many went.
///
/// Errors: `WouldBlock` when the socket is full; `UnexpectedEof` when the file ends before `offset`.
pub fn sendfile(socket: BorrowedFd, file: &File, offset: u64, count: usize) -> io::Result<usize> {
    let mut position = libc::off_t::try_from(offset).map_err(io::Error::other)?;
    // SAFETY: both descriptors are borrowed and so open; `position` lives through the call.
    let sent = unsafe { libc::sendfile(socket.as_raw_fd(), file.as_raw_fd(), &raw mut position, count) };
    match usize::try_from(sent) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(0) if count > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(n) => Ok(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_stretch_of_a_file_arrives_and_its_end_is_an_error() {
        let path = std::env::temp_dir().join(format!("hotspot-sendfile-{}", std::process::id()));
        File::create(&path).unwrap().write_all(b"0123456789").unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (mut near, far) = UnixStream::pair().unwrap();
        assert_eq!(sendfile(far.as_fd(), &file, 3, 4).unwrap(), 4);
        let mut got = [0; 4];
        near.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"3456");
        assert_eq!(sendfile(far.as_fd(), &file, 10, 1).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
