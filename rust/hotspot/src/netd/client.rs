//! The uplink's DHCP client: smoltcp's state machine over a packet socket of ours.
//!
//! In-process rather than BusyBox's udhcpc: no child, no script and no shell among the parts that read a stranger's bytes.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use lan::uplink::Lease;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::dhcpv4;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr};
use sys::packet::{PacketSocket, Want};

/// A client on one interface.
pub struct Client {
    dhcp: PacketSocket,
    arp: PacketSocket,
    wire: Wire,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
}

impl Client {
    /// Opens the sockets; asks nothing before [`Client::next`] is awaited. `seed` is any number.
    pub fn open(index: u32, mac: [u8; 6], seed: u32) -> io::Result<Self> {
        let mut wire = Wire::default();
        let mut config = Config::new(HardwareAddress::Ethernet(EthernetAddress(mac)));
        config.random_seed = seed.into();
        let interface = Interface::new(config, &mut wire, Instant::ZERO);
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(dhcpv4::Socket::new());
        Ok(Self {
            dhcp: PacketSocket::open(index, Want::Udp(68))?,
            arp: PacketSocket::open(index, Want::ArpReplies)?,
            wire,
            interface,
            sockets,
            handle,
        })
    }

    /// Runs until the lease changes: the new one, or `None` when it is lost. `now` tells the time since netd began.
    pub async fn next(&mut self, now: impl Fn() -> Duration) -> Option<Lease> {
        let (mut frame, mut arp) = ([0; 1600], [0; 64]);
        loop {
            let at = Instant::from_micros(i64::try_from(now().as_micros()).unwrap_or(i64::MAX));
            self.interface.poll(at, &mut self.wire, &mut self.sockets);
            for sent in self.wire.sent.drain(..) {
                if let Err(error) = self.dhcp.send(&sent) {
                    log::debug!("uplink: a frame was not sent: {error}");
                }
            }
            if let Some(change) = self.change() {
                return change;
            }
            let wait = self.interface.poll_delay(at, &self.sockets).map(|d| Duration::from_micros(d.total_micros()));
            let got = tokio::select! {
                got = self.dhcp.recv(&mut frame) => got.map(|n| frame[..n.min(frame.len())].to_vec()),
                got = self.arp.recv(&mut arp) => got.map(|n| arp[..n.min(arp.len())].to_vec()),
                () = tokio::time::sleep(wait.unwrap_or(Duration::from_secs(3600))) => continue,
            };
            match got {
                Ok(frame) => self.wire.received.push_back(frame),
                Err(error) => {
                    log::debug!("uplink: {error}");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    fn change(&mut self) -> Option<Option<Lease>> {
        let change = match self.sockets.get_mut::<dhcpv4::Socket<'_>>(self.handle).poll()? {
            dhcpv4::Event::Deconfigured => None,
            dhcpv4::Event::Configured(config) => Some(Lease {
                address: config.address.address(),
                prefix: config.address.prefix_len(),
                gateway: config.router,
                dns: config.dns_servers.iter().copied().collect(),
            }),
        };
        // smoltcp asks for renewal from this address, and refuses one that is not a host's by a panic.
        self.interface.update_ip_addrs(|addresses| {
            addresses.clear();
            if let Some(lease) =
                change.as_ref().filter(|l| !l.address.is_unspecified() && !l.address.is_multicast() && !l.address.is_broadcast())
            {
                // An interface holds one address at least.
                let _ = addresses.push(IpCidr::new(lease.address.into(), lease.prefix));
            }
        });
        Some(change)
    }
}

/// The queue between smoltcp and the sockets.
#[derive(Default)]
struct Wire {
    received: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
}

struct Received(Vec<u8>);
struct Sent<'a>(&'a mut Vec<Vec<u8>>);

impl Device for Wire {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sent<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Sent<'_>)> {
        Some((Received(self.received.pop_front()?), Sent(&mut self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sent<'_>> {
        Some(Sent(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        // Between virtual interfaces it is left for hardware that is not there.
        capabilities.checksum.udp = Checksum::Tx;
        capabilities
    }
}

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let result = f(&mut frame);
        self.0.push(frame);
        result
    }
}
