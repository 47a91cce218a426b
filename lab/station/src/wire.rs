//! Ethernet frames, one in each UDP datagram: QEMU's cable.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// Frames that wait; more are dropped, as a full network card does it.
const MOST: usize = 256;

/// The cable's end.
pub struct Wire {
    socket: UdpSocket,
    peer: SocketAddr,
    received: VecDeque<Vec<u8>>,
}

impl Wire {
    /// On a bound socket, towards QEMU.
    pub fn new(socket: UdpSocket, peer: SocketAddr) -> io::Result<Self> {
        Ok(Self { socket, peer, received: VecDeque::new() })
    }

    /// Takes what comes, for at most this long.
    pub fn wait(&mut self, most: Duration) {
        let mut buffer = [0; 2048];
        // Before QEMU listens, its refusals arrive as errors: they pass.
        let _ = self.socket.set_nonblocking(false).and_then(|()| self.socket.set_read_timeout(Some(most)));
        while let Ok((size, from)) = self.socket.recv_from(&mut buffer) {
            if from == self.peer && self.received.len() < MOST {
                self.received.push_back(buffer[..size].to_vec());
            }
            if self.socket.set_nonblocking(true).is_err() {
                break;
            }
        }
    }
}

/// A frame that came.
pub struct Frame(Vec<u8>);

impl RxToken for Frame {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

/// The way out.
pub struct Out<'a>(&'a Wire);

impl TxToken for Out<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        // A frame that does not go out is lost, as on any cable.
        let _ = self.0.socket.send_to(&frame, self.0.peer);
        result
    }
}

impl Device for Wire {
    type RxToken<'a> = Frame;
    type TxToken<'a> = Out<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Frame, Out<'_>)> {
        let frame = self.received.pop_front()?;
        Some((Frame(frame), Out(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Out<'_>> {
        Some(Out(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}
