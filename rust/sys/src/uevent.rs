//! The kernel's news about devices (netlink family kobject-uevent).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sys::socket::{AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recvfrom, socket};

/// Largest message: the kernel's own limit is 2048 bytes of variables and a path.
const MAX_MESSAGE: usize = 8192;
/// The group that the kernel itself speaks to; group 2 would be udev's.
const KERNEL_GROUP: u32 = 1;

/// A socket that hears of every device that comes or goes.
pub struct Listener(OwnedFd);

/// One piece of news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// `add`, `remove`, `change` and the like.
    pub action: String,
    /// `net`, `leds`, `usb` and the like.
    pub subsystem: String,
    /// What the device's driver is found by.
    pub modalias: Option<String>,
    /// Its name below `/dev`.
    pub device: Option<String>,
    /// dm-verity read a block whose hash is wrong: `type,number` (drivers/md/dm-verity-target.c).
    pub rotten_block: Option<String>,
}

impl Listener {
    /// Listens from now on. Errors: the kernel has no such sockets, or this process may not.
    pub fn new() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Netlink, SockType::Datagram, flags, SockProtocol::NetlinkKObjectUEvent)?;
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, KERNEL_GROUP))?;
        Ok(Self(fd))
    }

    /// What has come, if anything. Messages that the kernel did not send are passed over; lost ones too.
    pub fn next(&self) -> Option<News> {
        let mut buffer = [0; MAX_MESSAGE];
        loop {
            match recvfrom::<NetlinkAddr>(self.0.as_raw_fd(), &mut buffer) {
                Ok((length, Some(from))) if from.pid() == 0 => return Some(parse(&buffer[..length])),
                Ok(_) | Err(nix::Error::EINTR | nix::Error::ENOBUFS) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn parse(message: &[u8]) -> News {
    let mut news = News::default();
    for variable in message.split(|b| *b == 0).filter_map(|v| std::str::from_utf8(v).ok()) {
        match variable.split_once('=') {
            Some(("ACTION", value)) => value.clone_into(&mut news.action),
            Some(("SUBSYSTEM", value)) => value.clone_into(&mut news.subsystem),
            Some(("DM_VERITY_ERR_BLOCK_NR", value)) => news.rotten_block = Some(value.to_owned()),
            Some(("MODALIAS", value)) => news.modalias = Some(value.to_owned()),
            Some(("DEVNAME", value)) => news.device = Some(value.to_owned()),
            _ => {}
        }
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stick_is_plugged_in() {
        let message = b"add@/devices/usb1/1-1\0ACTION=add\0DEVPATH=/devices/usb1/1-1\0SUBSYSTEM=usb\0MODALIAS=usb:v0781p5567\0DEVNAME=bus/usb/001/002\0SEQNUM=9\0";
        let news = parse(message);
        assert_eq!((news.action.as_str(), news.subsystem.as_str()), ("add", "usb"));
        assert_eq!((news.modalias.as_deref(), news.device.as_deref()), (Some("usb:v0781p5567"), Some("bus/usb/001/002")));
        assert_eq!(news.rotten_block, None);
        let rot = b"change@/devices/virtual/block/dm-1\0ACTION=change\0SUBSYSTEM=block\0DM_VERITY_ERR_BLOCK_NR=1,77\0SEQNUM=10\0";
        assert_eq!(parse(rot).rotten_block.as_deref(), Some("1,77"));
        assert_eq!(parse(b"\xff\0=\0x"), News::default());
    }
}
