//! Who else on the uplink's network is a hotspot (DNS-SD, RFC 6763), and where a domain's DNSLink leads.
//!
//! Both answers come from a network that lies: a neighbour is only somebody to ask, and a link only a name to look at. What they
//! bring is verified by its address and taken by its signature alone.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use wire::dns::{kind, name, response};

use super::sources::Address;
use crate::ipc;

/// Where mDNS is spoken (RFC 6762, 3).
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353);
/// How long neighbours are listened for; one that sleeps on Wi-Fi answers within a beacon or three.
const LISTEN: Duration = Duration::from_millis(1500);
/// More neighbours than that are not asked.
const MAX: usize = 8;
/// How long a name server is waited for, and how often asked.
const PATIENCE: Duration = Duration::from_secs(3);
const TRIES: u32 = 2;
/// A link may lead to another domain's; a chain of them ends here.
pub const LINKS: u32 = 4;

/// The addresses of hotspots that answer on the network of `own`, the uplink's address.
pub fn hotspots(own: Ipv4Addr) -> Vec<Ipv4Addr> {
    let found = ask_group(own, GROUP, LISTEN).unwrap_or_else(|e| {
        log::debug!("looking for other hotspots: {e}");
        Vec::new()
    });
    if !found.is_empty() {
        log::info!("other hotspots here: {found:?}");
    }
    found
}

fn ask_group(own: Ipv4Addr, group: SocketAddrV4, listen: Duration) -> io::Result<Vec<Ipv4Addr>> {
    let socket = UdpSocket::bind((own, lan::gate::NEIGHBOURS_PORT))?;
    let question = response::question(1, lan::mdns::HOTSPOT, kind::PTR);
    socket.send_to(&question, group)?;
    let (end, mut found, mut answer) = (Instant::now() + listen, Vec::new(), [0; 1500]);
    // A flood of answers ends with the time too.
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        socket.set_read_timeout(Some(left))?;
        let Ok((length, SocketAddr::V4(from))) = socket.recv_from(&mut answer) else { break };
        let is_one = response::has_pointer(&question, &answer[..length]);
        if is_one && *from.ip() != own && !found.contains(from.ip()) && found.len() < MAX {
            found.push(*from.ip());
        }
    }
    Ok(found)
}

/// Where `domain`'s DNSLink leads: the first `dnslink=` text of `_dnslink.DOMAIN` that is an address of ours.
pub fn dnslink(domain: &str) -> Result<Address, String> {
    let servers = std::fs::read_to_string(ipc::run_dir().join("netd/resolv.conf")).unwrap_or_default();
    let servers: Vec<IpAddr> = servers.lines().filter_map(|line| line.strip_prefix("nameserver ")?.trim().parse().ok()).collect();
    let server = *servers.first().ok_or("no name server is known: is there an uplink?")?;
    ask_server(domain, SocketAddr::new(server, 53))
}

fn ask_server(domain: &str, server: SocketAddr) -> Result<Address, String> {
    let wire = name::from_text(&format!("_dnslink.{domain}")).ok_or_else(|| format!("{domain} is no domain's name"))?;
    let mut id = [0; 2];
    std::fs::File::open("/dev/urandom").and_then(|mut f| io::Read::read_exact(&mut f, &mut id)).map_err(|e| e.to_string())?;
    let question = response::question(u16::from_be_bytes(id), &wire, kind::TXT);
    let asked = || -> io::Result<Vec<Vec<u8>>> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(server)?;
        let mut answer = [0; 1500];
        for _ in 0..TRIES {
            socket.send(&question)?;
            let end = Instant::now() + PATIENCE;
            while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                socket.set_read_timeout(Some(left))?;
                let Ok(length) = socket.recv(&mut answer) else { break };
                if length >= 2 && answer[..2] == question[..2] {
                    return Ok(response::texts(&question, &answer[..length]).unwrap_or_default());
                }
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the name server does not answer"))
    };
    let texts = asked().map_err(|e| format!("_dnslink.{domain}: {e}"))?;
    link(&texts).ok_or_else(|| format!("{domain} has no DNSLink that leads anywhere: its name needs a text at _dnslink.{domain}"))
}

/// The first text that is a link to somewhere (dnslink.dev).
fn link(texts: &[Vec<u8>]) -> Option<Address> {
    texts.iter().find_map(|text| {
        let target = std::str::from_utf8(text).ok()?.strip_prefix("dnslink=")?;
        if target.starts_with("/ipfs/") || target.starts_with("/ipns/") { Address::read(target) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use content::{Cid, Codec};

    use super::*;

    #[test]
    fn a_link_is_the_first_text_that_is_one() {
        let cid = Cid::of(Codec::Raw, b"x");
        let text = |t: &str| t.as_bytes().to_vec();
        assert_eq!(link(&[text("v=spf1"), text(&format!("dnslink=/ipfs/{cid}"))]), Some(Address::Root(cid)));
        assert_eq!(link(&[text("dnslink=/ipns/other.example")]), Some(Address::Domain("other.example".into())));
        for none in ["dnslink=", "dnslink=https://x.example/a.car", "dnslink=/ipfs/x", "dnslink=/ipns/..", "dnslink=/ipns/a b"] {
            assert_eq!(link(&[text(none)]), None, "{none}");
        }
        assert_eq!(link(&[vec![0xff]]), None);
    }

    /// A name server of the test's own, which answers what it is told to, after a stranger's answer.
    #[test]
    fn a_domain_is_asked_for() {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = server.local_addr().unwrap();
        let cid = Cid::of(Codec::Raw, b"x");
        let serving = std::thread::spawn(move || {
            let mut question = [0; 600];
            let (length, from) = server.recv_from(&mut question).unwrap();
            let mut answer = question[..length].to_vec();
            answer[2] = 0x81;
            answer[7] = 1;
            let text = format!("dnslink=/ipfs/{cid}");
            let length = u8::try_from(text.len()).unwrap();
            answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, length + 1, length]);
            answer.extend(text.as_bytes());
            let mut stranger = answer.clone();
            stranger[0] ^= 1;
            server.send_to(&stranger, from).unwrap();
            server.send_to(&answer, from).unwrap();
        });
        assert_eq!(ask_server("library.example", at), Ok(Address::Root(cid)));
        serving.join().unwrap();
        assert!(ask_server(&"a".repeat(300), at).unwrap_err().contains("no domain"));
    }
}
