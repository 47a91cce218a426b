//! UDP and TCP on one interface alone, and UDP in batches: many datagrams a system call.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, Backlog, IpMembershipRequest, SockFlag, SockType, SockaddrIn, bind, listen, setsockopt, socket, sockopt,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Datagrams in one system call.
const BATCH: usize = 32;
/// The same, and a length, as system calls take them.
#[allow(clippy::cast_possible_truncation)]
const BATCH_U32: u32 = BATCH as u32;
#[allow(clippy::cast_possible_truncation)]
const LENGTH_IN: u32 = size_of::<libc::sockaddr_in>() as u32;
/// Longest question that is read, in bytes: what fits an Ethernet frame.
const LONGEST: usize = 1500;

fn open(kind: SockType, address: SocketAddrV4, device: &str) -> io::Result<OwnedFd> {
    let fd = socket(AddressFamily::Inet, kind, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    setsockopt(&fd, sockopt::BindToDevice, &std::ffi::OsString::from(device))?;
    bind(fd.as_raw_fd(), &SockaddrIn::from(address))?;
    Ok(fd)
}

/// A UDP socket that hears `device` alone.
pub fn udp(address: SocketAddrV4, device: &str) -> io::Result<std::net::UdpSocket> {
    open(SockType::Datagram, address, device).map(Into::into)
}

/// The same, also hearing a group's datagrams, and sending to it on that interface with this time to live.
pub fn udp_multicast(port: u16, group: Ipv4Addr, own: Ipv4Addr, device: &str, ttl: u8) -> io::Result<std::net::UdpSocket> {
    let socket = udp(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port), device)?;
    setsockopt(&socket, sockopt::IpAddMembership, &IpMembershipRequest::new(group, Some(own)))?;
    setsockopt(&socket, sockopt::IpMulticastTtl, &ttl)?;
    setsockopt(&socket, sockopt::IpMulticastLoop, &false)?;
    Ok(socket)
}

/// A TCP listener that hears `device` alone.
pub fn tcp_listener(address: SocketAddrV4, device: &str) -> io::Result<std::net::TcpListener> {
    let fd = open(SockType::Stream, address, device)?;
    listen(&fd, Backlog::new(64)?)?;
    Ok(fd.into())
}

/// Ties an outgoing socket to `device`, whatever the routes say.
pub fn bind_to_device(socket: &impl AsFd, device: &str) -> io::Result<()> {
    Ok(setsockopt(socket, sockopt::BindToDevice, &std::ffi::OsString::from(device))?)
}

/// A UDP server that answers every datagram with at most one.
pub struct Answerer {
    fd: AsyncFd<OwnedFd>,
    questions: Box<[[u8; LONGEST]; BATCH]>,
    answers: Box<[[u8; LONGEST]; BATCH]>,
}

impl Answerer {
    /// Opens the socket on `device`. Needs a tokio runtime.
    pub fn open(address: SocketAddrV4, device: &str) -> io::Result<Self> {
        let fd = open(SockType::Datagram, address, device)?;
        // A burst waits rather than is lost; without the right to more room, the default must do.
        let _ = setsockopt(&fd, sockopt::RcvBufForce, &(1 << 20));
        // SAFETY: the descriptor lives in the AsyncFd and is closed only with it.
        let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
        Ok(Self { fd, questions: Box::new([[0; LONGEST]; BATCH]), answers: Box::new([[0; LONGEST]; BATCH]) })
    }

    /// Waits for datagrams, answers those that are there with what `answer` writes (its length; 0 for silence), and
    /// says how many came. Questions longer than a frame are dropped.
    pub async fn serve(&mut self, mut answer: impl FnMut(&[u8], &mut [u8]) -> usize) -> io::Result<usize> {
        let mut ready = self.fd.readable_mut().await?;
        let raw = ready.get_inner().as_raw_fd();
        // SAFETY: these are plain data for which zero is valid; the pointers set below are to boxes that outlive the calls.
        let (mut headers, mut names): ([libc::mmsghdr; BATCH], [libc::sockaddr_in; BATCH]) = unsafe { (zeroed(), zeroed()) };
        // SAFETY: as above.
        let mut parts: [libc::iovec; BATCH] = unsafe { zeroed() };
        for i in 0..BATCH {
            parts[i] = libc::iovec { iov_base: self.questions[i].as_mut_ptr().cast(), iov_len: LONGEST };
            point(&mut headers[i], &mut names[i], &mut parts[i]);
        }
        // SAFETY: every header points to its own live name and buffer, with their true lengths.
        let count = unsafe { libc::recvmmsg(raw, headers.as_mut_ptr(), BATCH_U32, libc::MSG_DONTWAIT, std::ptr::null_mut()) };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::WouldBlock {
                ready.clear_ready();
                return Ok(0);
            }
            return Err(error);
        };
        if count < BATCH {
            ready.clear_ready();
        }
        let mut replies = 0;
        for i in 0..count {
            let header = &headers[i];
            if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                continue;
            }
            let length = answer(&self.questions[i][..header.msg_len as usize], &mut self.answers[replies]);
            if length > 0 {
                names[replies] = names[i];
                parts[replies] = libc::iovec { iov_base: self.answers[replies].as_mut_ptr().cast(), iov_len: length.min(LONGEST) };
                replies += 1;
            }
        }
        for i in 0..replies {
            point(&mut headers[i], &mut names[i], &mut parts[i]);
        }
        let mut sent = 0;
        while sent < replies {
            // SAFETY: headers sent..replies point to live names and answers, with their true lengths.
            let done = unsafe {
                libc::sendmmsg(
                    raw,
                    headers.as_mut_ptr().add(sent),
                    BATCH_U32.min(u32::try_from(replies - sent).unwrap_or(0)),
                    libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(done) {
                Ok(done) => sent += done.max(1),
                Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => break,
                // One that cannot be sent, to a source that nobody has, does not keep the others.
                Err(_) => sent += 1,
            }
        }
        Ok(count)
    }
}

fn point(header: &mut libc::mmsghdr, name: &mut libc::sockaddr_in, part: &mut libc::iovec) {
    header.msg_hdr.msg_name = (&raw mut *name).cast();
    header.msg_hdr.msg_namelen = LENGTH_IN;
    header.msg_hdr.msg_iov = part;
    header.msg_hdr.msg_iovlen = 1;
}
