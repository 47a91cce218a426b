//! A computer on the box's cable, without a kernel's network: Ethernet frames in UDP datagrams from QEMU's `-netdev socket,udp=…`.
//! Asks for a lease, as long as it takes, then reads the portal's page and prints each step with its time.
//!
//! usage: `station OWN:PORT QEMU:PORT SECONDS`
#![forbid(unsafe_code)]

mod wire;

use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::{dhcpv4, tcp};
use smoltcp::time::Instant as Stamp;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr, Ipv4Address};

use wire::Wire;

const MAC: [u8; 6] = [0x00, 0x16, 0x3e, 0x42, 0x00, 0x01];
/// More than any portal page has.
const MOST: usize = 256 * 1024;

/// Everything that the steps share.
struct Station {
    begin: Instant,
    until: Instant,
    wire: Wire,
    iface: Interface,
    sockets: SocketSet<'static>,
}

impl Station {
    fn new(own: SocketAddr, peer: SocketAddr, patience: Duration) -> Result<Self, String> {
        let socket = UdpSocket::bind(own).map_err(|e| format!("{own}: {e}"))?;
        let mut wire = Wire::new(socket, peer).map_err(|e| format!("{own}: {e}"))?;
        let begin = Instant::now();
        let config = Config::new(HardwareAddress::Ethernet(EthernetAddress(MAC)));
        let iface = Interface::new(config, &mut wire, Stamp::from_micros(0));
        Ok(Self { begin, until: begin + patience, wire, iface, sockets: SocketSet::new(Vec::new()) })
    }

    /// One turn of the stack; false when patience has ended.
    fn turn(&mut self) -> bool {
        let micros = i64::try_from(self.begin.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.iface.poll(Stamp::from_micros(micros), &mut self.wire, &mut self.sockets);
        self.wire.wait(Duration::from_millis(20));
        Instant::now() < self.until
    }

    fn say(&self, what: &str) {
        println!("{:6.1} s  {what}", self.begin.elapsed().as_secs_f64());
    }

    /// Own address and the box's, from a lease.
    fn lease(&mut self) -> Result<Ipv4Address, String> {
        let handle = self.sockets.add(dhcpv4::Socket::new());
        loop {
            if let Some(dhcpv4::Event::Configured(lease)) = self.sockets.get_mut::<dhcpv4::Socket>(handle).poll() {
                let server = lease.router.unwrap_or(lease.server.address);
                let address = lease.address;
                self.iface.update_ip_addrs(|own| {
                    own.clear();
                    // A fresh list has room for one.
                    let _ = own.push(IpCidr::Ipv4(address));
                });
                self.say(&format!("a lease: {address} from {server}"));
                return Ok(server);
            }
            if !self.turn() {
                return Err("no lease".into());
            }
        }
    }

    /// The answer to `GET /`, headers and all.
    fn get(&mut self, server: Ipv4Address) -> Result<Vec<u8>, String> {
        let handle = self.connect(server)?;
        let request = format!("GET / HTTP/1.1\r\nHost: {server}\r\nUser-Agent: station\r\nConnection: close\r\n\r\n");
        let mut asked = false;
        let mut page = Vec::new();
        loop {
            let socket = self.sockets.get_mut::<tcp::Socket>(handle);
            if !asked && socket.can_send() {
                socket.send_slice(request.as_bytes()).map_err(|e| e.to_string())?;
                asked = true;
            }
            while socket.can_recv() && page.len() < MOST {
                socket
                    .recv(|data| {
                        page.extend_from_slice(data);
                        (data.len(), ())
                    })
                    .map_err(|e| e.to_string())?;
            }
            if asked && !socket.may_recv() {
                return Ok(page);
            }
            if !self.turn() {
                return Err(format!("the portal does not answer; {} bytes came", page.len()));
            }
        }
    }

    fn connect(&mut self, server: Ipv4Address) -> Result<SocketHandle, String> {
        let buffer = || tcp::SocketBuffer::new(vec![0; 64 * 1024]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.connect(self.iface.context(), (IpAddress::Ipv4(server), 80), 49152).map_err(|e| e.to_string())?;
        Ok(self.sockets.add(socket))
    }
}

/// What is between `<title>` and its end.
fn title(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<title>")?;
    rest.split_once("</title>").map(|(title, _)| title)
}

fn run(args: &[String]) -> Result<(), String> {
    let [own, peer, patience] = args else { return Err("usage: station OWN:PORT QEMU:PORT SECONDS".into()) };
    let own = own.parse().map_err(|e| format!("{own}: {e}"))?;
    let peer = peer.parse().map_err(|e| format!("{peer}: {e}"))?;
    let patience = Duration::from_secs(patience.parse().map_err(|e| format!("{patience}: {e}"))?);
    let mut station = Station::new(own, peer, patience)?;
    let server = station.lease()?;
    let answer = station.get(server)?;
    let text = String::from_utf8_lossy(&answer);
    if !text.starts_with("HTTP/1.1 200") {
        return Err(format!("the portal answers {:?}", text.lines().next().unwrap_or_default()));
    }
    let title = title(&text).ok_or("the page has no title")?;
    station.say(&format!("the portal page is read: {title} ({} bytes)", answer.len()));
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("station: {why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn finds_the_title() {
        assert_eq!(super::title("<head><title>P2P</title>"), Some("P2P"));
        assert_eq!(super::title("<title>cut"), None);
    }
}
