//! What the programs write on their standard output and error, cut into lines.

use std::io::{ErrorKind, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use super::ring::Ring;

/// A longer line is cut here.
const MAX_LINE: usize = 1024;

/// All pipes that are still open.
#[derive(Default)]
pub struct Pipes(Vec<Pipe>);

struct Pipe {
    reader: PipeReader,
    unit: &'static str,
    partial: Vec<u8>,
}

impl Pipes {
    /// Listens to one more program.
    pub fn add(&mut self, unit: &'static str, reader: PipeReader) {
        self.0.push(Pipe { reader, unit, partial: Vec::new() });
    }

    /// Descriptors to wait for.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().map(|p| p.reader.as_fd())
    }

    /// Reads once from those that are ready, in the order of [`Pipes::fds`]; a closed one goes, with its last words kept.
    pub fn read(&mut self, ready: &[bool], ring: &mut Ring, at: Duration) {
        let mut ready = ready.iter();
        self.0.retain_mut(|pipe| {
            if !ready.next().copied().unwrap_or(false) {
                return true;
            }
            let mut buffer = [0; 4096];
            match pipe.reader.read(&mut buffer) {
                Ok(0) => {
                    ring.push(pipe.unit, &pipe.partial, at);
                    false
                }
                Ok(count) => {
                    pipe.partial.extend_from_slice(&buffer[..count]);
                    pipe.cut(ring, at);
                    true
                }
                Err(e) => matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
            }
        });
    }
}

impl Pipe {
    fn cut(&mut self, ring: &mut Ring, at: Duration) {
        let mut rest = self.partial.as_slice();
        loop {
            let window = &rest[..rest.len().min(MAX_LINE)];
            if let Some(end) = window.iter().position(|b| *b == b'\n') {
                ring.push(self.unit, &rest[..end], at);
                rest = &rest[end + 1..];
            } else if window.len() == MAX_LINE {
                ring.push(self.unit, window, at);
                rest = &rest[MAX_LINE..];
            } else {
                break;
            }
        }
        self.partial = rest.to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_come_out_whole() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let (mut pipes, mut ring) = (Pipes::default(), Ring::default());
        pipes.add("netd", reader);
        for part in [b"<4>on".as_slice(), b"e\ntwo\nthr", b"ee"] {
            writer.write_all(part).unwrap();
            pipes.read(&[true], &mut ring, Duration::ZERO);
        }
        drop(writer);
        pipes.read(&[true], &mut ring, Duration::ZERO);
        let texts: Vec<&str> = ring.newest(9, None, 0).iter().map(|l| l.text.as_str()).collect();
        assert_eq!((texts, pipes.0.len()), (vec!["one", "two", "three"], 0));
    }

    #[test]
    fn a_program_that_never_ends_its_line_is_cut() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let (mut pipes, mut ring) = (Pipes::default(), Ring::default());
        pipes.add("netd", reader);
        writer.write_all(&[b'x'; 4000]).unwrap();
        pipes.read(&[true], &mut ring, Duration::ZERO);
        assert_eq!(ring.newest(9, None, 0).len(), 3);
        assert_eq!(pipes.0[0].partial.len(), 4000 - 3 * MAX_LINE);
    }
}
