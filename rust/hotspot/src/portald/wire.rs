//! A visitor's connection as hyper sees it: bytes, with files spliced in by the kernel and an end to stalled readers.
//!
//! hyper owns the connection and counts every byte of a body. For a file, the body hands it slices of a region that
//! stands for "the file's next bytes"; this wrapper knows the region by its address and has the kernel send the file's
//! bytes instead (sendfile), so that keep-alive, pipelining and back-pressure stay hyper's business.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::clock;
use super::slots::Activity;

/// A reader that takes nothing for this long is gone.
const STALL: Duration = Duration::from_secs(20);
/// Bytes that one call asks the kernel for: large enough to cost little, small enough that a slow card holds up nobody.
const PER_CALL: usize = 512 * 1024;
/// Size of the region that stands for file bytes. It is never read, so it takes no memory.
const REGION: usize = 1 << 20;

/// The region; its pages are never touched.
pub fn region() -> &'static [u8] {
    static CELL: OnceLock<&'static [u8]> = OnceLock::new();
    CELL.get_or_init(|| Box::leak(vec![0; REGION].into_boxed_slice()))
}

fn stands_for_file(slice: &[u8]) -> bool {
    region().as_ptr_range().contains(&slice.as_ptr())
}

/// Part of a file that is to be sent.
#[derive(Debug)]
pub struct Stretch {
    /// The open file.
    pub file: Arc<File>,
    /// From here,
    pub offset: u64,
    /// so many bytes.
    pub left: u64,
}

/// The stretches of one connection, in the order of its answers.
pub type Stretches = Arc<Mutex<VecDeque<Stretch>>>;

/// The stretch in turn: its file, where it goes on, and how much is left.
pub fn stretch(stretches: &Stretches) -> Option<(Arc<File>, u64, u64)> {
    let stretches = stretches.lock().unwrap_or_else(PoisonError::into_inner);
    stretches.front().map(|stretch| (stretch.file.clone(), stretch.offset, stretch.left))
}

/// So many bytes of it are on their way.
pub fn sent(stretches: &Stretches, n: usize) {
    let mut stretches = stretches.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(stretch) = stretches.front_mut() {
        stretch.offset += n as u64;
        stretch.left = stretch.left.saturating_sub(n as u64);
        if stretch.left == 0 {
            stretches.pop_front();
        }
    }
}

/// What hyper wants written: plain bytes, or, where nothing stands before it, so many bytes of the file in turn.
pub fn parts<'a, 'b>(bufs: &'b [IoSlice<'a>]) -> (&'b [IoSlice<'a>], Option<usize>) {
    let plain = bufs.iter().take_while(|buf| !stands_for_file(buf)).count();
    let file = bufs.get(plain).filter(|_| bufs[..plain].iter().all(|buf| buf.is_empty()));
    (&bufs[..plain], file.map(|file| file.len()))
}

/// The connection.
pub struct Wire {
    stream: TcpStream,
    stretches: Stretches,
    activity: Arc<Activity>,
    stall: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    /// Wraps an accepted connection.
    pub fn new(stream: TcpStream, stretches: Stretches, activity: Arc<Activity>) -> Self {
        Self { stream, stretches, activity, stall: None }
    }

    /// Sends up to `count` bytes of the stretch in turn.
    fn poll_sendfile(&mut self, cx: &mut Context, count: usize) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let Some((file, offset, left)) = stretch(&self.stretches) else { return Poll::Ready(Err(io::ErrorKind::InvalidData.into())) };
            let count = count.min(PER_CALL).min(usize::try_from(left).unwrap_or(PER_CALL));
            match self.stream.try_io(Interest::WRITABLE, || sys::sendfile::sendfile(self.stream.as_fd(), &file, offset, count)) {
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => continue,
                Err(e) => return Poll::Ready(Err(e)),
                Ok(n) => {
                    sent(&self.stretches, n);
                    return Poll::Ready(Ok(n));
                }
            }
        }
    }

    /// Ends a write that makes no progress; `result` is what the stream said.
    fn watch(&mut self, cx: &mut Context, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if result.is_ready() {
            self.stall = None;
            self.activity.moved_ms.store(clock::now_ms(), Ordering::Relaxed);
            return result;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, buf: &mut ReadBuf) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context, bufs: &[IoSlice]) -> Poll<io::Result<usize>> {
        let result = match parts(bufs) {
            (_, Some(count)) => self.poll_sendfile(cx, count),
            (plain, None) => Pin::new(&mut self.stream).poll_write_vectored(cx, plain),
        };
        self.watch(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
