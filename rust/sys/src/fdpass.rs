//! Handing an open file to another process over a Unix socket (SCM_RIGHTS, unix(7)).

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// Sends `text` (not empty) with an open file.
pub fn send(stream: &UnixStream, file: &File, text: &[u8]) -> io::Result<()> {
    let fds = [file.as_raw_fd()];
    let sent = sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(text)], &[ControlMessage::ScmRights(&fds)], MsgFlags::empty(), None)?;
    if sent == text.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Receives one message: its text, cut at `limit` bytes, and the file that came with it. Surplus files are closed.
pub fn receive(stream: &UnixStream, limit: usize) -> io::Result<(Vec<u8>, Option<File>)> {
    let mut text = vec![0; limit];
    let mut space = nix::cmsg_space!([std::os::fd::RawFd; 4]);
    let mut files = Vec::new();
    let length = {
        let mut parts = [IoSliceMut::new(&mut text)];
        let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(fds) = control {
                // SAFETY: the kernel has just made these descriptors for us, and nobody else knows them.
                files.extend(fds.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
            }
        }
        message.bytes
    };
    text.truncate(length);
    Ok((text, files.into_iter().next().map(File::from)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_file_is_handed_over() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let path = std::env::temp_dir().join(format!("sys-fdpass-{}", std::process::id()));
        std::fs::write(&path, "content").unwrap();
        send(&ours, &File::open(&path).unwrap(), b"name").unwrap();
        std::fs::remove_file(&path).unwrap();
        let (text, file) = receive(&theirs, 3).unwrap();
        let mut content = String::new();
        file.unwrap().read_to_string(&mut content).unwrap();
        assert_eq!((text.as_slice(), content.as_str()), (&b"nam"[..], "content"));
        drop(ours);
        receive(&theirs, 3).unwrap();
        let (text, file) = receive(&theirs, 3).unwrap();
        assert!(text.is_empty() && file.is_none());
    }
}
