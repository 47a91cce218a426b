//! Raw frames on one interface: what a DHCP server needs to hear and talk to clients that have no address yet.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Which frames a socket wants; the kernel throws the others away before we wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// IPv4 UDP to this port, whole datagrams only.
    Udp(u16),
    /// ARP of any kind.
    Arp,
    /// ARP replies.
    ArpReplies,
}

/// A socket that hears some frames of one interface and can send any.
pub struct PacketSocket {
    fd: AsyncFd<OwnedFd>,
}

/// Bytes of frames that may wait to be read.
const BURST: usize = 1 << 20;
/// Lengths as system calls take them.
#[allow(clippy::cast_possible_truncation)]
const LENGTH_LL: u32 = size_of::<libc::sockaddr_ll>() as u32;
#[allow(clippy::cast_possible_truncation)]
const LENGTH_FPROG: u32 = size_of::<libc::sock_fprog>() as u32;
const ETH_IP: u16 = 0x0800;
const ETH_ARP: u16 = 0x0806;

impl PacketSocket {
    /// Opens a socket on the interface with this index. Needs CAP_NET_RAW and a tokio runtime.
    pub fn open(index: u32, want: Want) -> io::Result<Self> {
        // SAFETY: a plain system call; the result is checked before it becomes an owned descriptor.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // Protocol 0 above hears nothing yet, so nothing unfiltered slips in before the filter is there.
        attach(&fd, &program(want))?;
        let protocol = if matches!(want, Want::Udp(_)) { ETH_IP } else { ETH_ARP };
        // SAFETY: sockaddr_ll is plain data for which zero is valid.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = u16::try_from(libc::AF_PACKET).map_err(io::Error::other)?;
        address.sll_protocol = protocol.to_be();
        address.sll_ifindex = i32::try_from(index).map_err(io::Error::other)?;
        // SAFETY: the pointer and the length describe one live sockaddr_ll.
        let result = unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), LENGTH_LL) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        // A crowd at the door is a burst; without the right to more, the default must do.
        let _ = nix::sys::socket::setsockopt(&fd, nix::sys::socket::sockopt::RcvBufForce, &BURST);
        // SAFETY: the descriptor lives in the AsyncFd and is closed only with it.
        let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
        Ok(Self { fd })
    }

    /// Waits for a frame: its length in `buffer`; what does not fit is cut.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd
            .async_io(Interest::READABLE, |fd| {
                // SAFETY: the pointer and the length describe the caller's live buffer.
                let length = unsafe { libc::recv(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
                usize::try_from(length).map_err(|_| io::Error::last_os_error())
            })
            .await
    }

    /// Sends one frame, or fails when the queue is full: nobody waits for a frame that is repeated anyway.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        // SAFETY: the pointer and the length describe the caller's live frame.
        let sent = unsafe { libc::send(self.fd.as_raw_fd(), frame.as_ptr().cast(), frame.len(), libc::MSG_DONTWAIT) };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

const fn op(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    // Codes of classic BPF fit 16 bits; libc has them as 32.
    #[allow(clippy::cast_possible_truncation)]
    libc::sock_filter { code: code as u16, jt, jf, k }
}

/// Classic BPF over an Ethernet frame: returns the whole frame or nothing.
fn program(want: Want) -> Vec<libc::sock_filter> {
    use libc::{BPF_ABS, BPF_B, BPF_H, BPF_IND, BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_LDX, BPF_MSH, BPF_RET};
    let (accept, drop) = (op(BPF_RET | BPF_K, 0, 0, 0xffff), op(BPF_RET | BPF_K, 0, 0, 0));
    match want {
        Want::Udp(port) => vec![
            op(BPF_LD | BPF_H | BPF_ABS, 0, 0, 12),
            op(BPF_JMP | BPF_JEQ | BPF_K, 0, 8, ETH_IP.into()),
            op(BPF_LD | BPF_B | BPF_ABS, 0, 0, 23),
            op(BPF_JMP | BPF_JEQ | BPF_K, 0, 6, 17),
            op(BPF_LD | BPF_H | BPF_ABS, 0, 0, 20),
            op(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 0x3fff),
            op(BPF_LDX | BPF_B | BPF_MSH, 0, 0, 14),
            op(BPF_LD | BPF_H | BPF_IND, 0, 0, 16),
            op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, port.into()),
            accept,
            drop,
        ],
        Want::Arp => vec![accept],
        Want::ArpReplies => vec![
            op(BPF_LD | BPF_H | BPF_ABS, 0, 0, 12),
            op(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ETH_ARP.into()),
            op(BPF_LD | BPF_H | BPF_ABS, 0, 0, 20),
            op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 2),
            accept,
            drop,
        ],
    }
}

fn attach(fd: &OwnedFd, program: &[libc::sock_filter]) -> io::Result<()> {
    let filter = libc::sock_fprog { len: u16::try_from(program.len()).map_err(io::Error::other)?, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program, which lives through the call, and never writes to it.
    let result =
        unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, (&raw const filter).cast(), LENGTH_FPROG) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
