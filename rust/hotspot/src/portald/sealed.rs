//! A visitor's connection under TLS as hyper sees it. What leaves it goes through [`Wire`], so a stalled reader ends as without TLS;
//! the kernel cannot send files here, so they are read and sealed piece by piece.

use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::wire::{self, Stretches, Wire};

/// What is read of a file at a time: a TLS record.
const PIECE: usize = 16 * 1024;

/// The connection.
pub struct Sealed {
    stream: TlsStream<Wire>,
    stretches: Stretches,
}

impl Sealed {
    /// After the handshake.
    pub fn new(stream: TlsStream<Wire>, stretches: Stretches) -> Self {
        Self { stream, stretches }
    }

    /// Seals up to `count` bytes of the stretch in turn. What TLS does not take now is read again.
    fn poll_file(&mut self, cx: &mut Context, count: usize) -> Poll<io::Result<usize>> {
        let mut piece = [0; PIECE];
        let Some((file, offset, left)) = wire::stretch(&self.stretches) else { return Poll::Ready(Err(io::ErrorKind::InvalidData.into())) };
        let count = count.min(PIECE).min(usize::try_from(left).unwrap_or(PIECE));
        let got = file.read_at(&mut piece[..count], offset)?;
        if got == 0 {
            // Shorter than it was: the length is promised, so nothing else may follow.
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        let taken = ready!(Pin::new(&mut self.stream).poll_write(cx, &piece[..got]))?;
        wire::sent(&self.stretches, taken);
        Poll::Ready(Ok(taken))
    }
}

impl AsyncRead for Sealed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, buf: &mut ReadBuf) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Sealed {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context, bufs: &[IoSlice]) -> Poll<io::Result<usize>> {
        match wire::parts(bufs) {
            (_, Some(count)) => self.poll_file(cx, count),
            (plain, None) => Pin::new(&mut self.stream).poll_write_vectored(cx, plain),
        }
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
