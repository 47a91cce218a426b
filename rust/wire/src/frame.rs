//! Whole Ethernet frames: DHCP's, which go to clients without an address yet, and ARP probes.

use std::net::Ipv4Addr;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpProtocol, Ipv4Packet, Ipv4Repr,
    UdpPacket, UdpRepr,
};

use crate::dhcp::Mac;

/// Everybody on the link.
pub const BROADCAST: Mac = [0xff; 6];
/// Length of an Ethernet header, in bytes.
const ETHERNET: usize = 14;

/// A datagram found in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Who put the frame on the link: on Wi-Fi, an associated station for sure.
    pub from: Mac,
    /// IPv4 source.
    pub source: Ipv4Addr,
    /// IPv4 destination.
    pub destination: Ipv4Addr,
    /// What is in it.
    pub payload: &'a [u8],
}

/// Finds a UDP datagram to `port` in an Ethernet frame; `None` if it is something else, broken or a fragment.
///
/// The IPv4 checksum is checked and UDP's is not: between virtual interfaces it is left for hardware that is not there.
pub fn datagram(frame: &[u8], port: u16) -> Option<Datagram<'_>> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    if ethernet.ethertype() != EthernetProtocol::Ipv4 {
        return None;
    }
    let ip = Ipv4Packet::new_checked(ethernet.payload()).ok()?;
    if ip.version() != 4 || ip.next_header() != IpProtocol::Udp || ip.more_frags() || ip.frag_offset() != 0 || !ip.verify_checksum() {
        return None;
    }
    let udp = UdpPacket::new_checked(ip.payload()).ok()?;
    (udp.dst_port() == port).then(|| Datagram {
        from: ethernet.src_addr().0,
        source: ip.src_addr(),
        destination: ip.dst_addr(),
        payload: udp.payload(),
    })
}

/// One end of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Hardware address.
    pub mac: Mac,
    /// IPv4 address.
    pub ip: Ipv4Addr,
    /// UDP port.
    pub port: u16,
}

/// Wraps a payload (1,472 bytes at most) into UDP, IPv4 and Ethernet.
pub fn udp(from: End, to: End, payload: &[u8]) -> Vec<u8> {
    let udp = UdpRepr { src_port: from.port, dst_port: to.port };
    let ip = Ipv4Repr {
        src_addr: from.ip,
        dst_addr: to.ip,
        next_header: IpProtocol::Udp,
        payload_len: udp.header_len() + payload.len(),
        hop_limit: 64,
    };
    let mut bytes = vec![0; ETHERNET + ip.buffer_len() + ip.payload_len];
    let mut frame = EthernetFrame::new_unchecked(bytes.as_mut_slice());
    EthernetRepr { src_addr: EthernetAddress(from.mac), dst_addr: EthernetAddress(to.mac), ethertype: EthernetProtocol::Ipv4 }
        .emit(&mut frame);
    let caps = ChecksumCapabilities::default();
    let mut packet = Ipv4Packet::new_unchecked(frame.payload_mut());
    ip.emit(&mut packet, &caps);
    let mut datagram = UdpPacket::new_unchecked(packet.payload_mut());
    udp.emit(&mut datagram, &from.ip.into(), &to.ip.into(), payload.len(), |out| out.copy_from_slice(payload), &caps);
    bytes
}

/// A question to everybody whether somebody has `ip`, that claims nothing (RFC 5227, 2.1.1).
pub fn arp_probe(from: Mac, ip: Ipv4Addr) -> Vec<u8> {
    let arp = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Request,
        source_hardware_addr: EthernetAddress(from),
        source_protocol_addr: Ipv4Addr::UNSPECIFIED,
        target_hardware_addr: EthernetAddress([0; 6]),
        target_protocol_addr: ip,
    };
    let mut bytes = vec![0; ETHERNET + arp.buffer_len()];
    let mut frame = EthernetFrame::new_unchecked(bytes.as_mut_slice());
    EthernetRepr { src_addr: EthernetAddress(from), dst_addr: EthernetAddress(BROADCAST), ethertype: EthernetProtocol::Arp }
        .emit(&mut frame);
    arp.emit(&mut ArpPacket::new_unchecked(frame.payload_mut()));
    bytes
}

/// Who says in this frame to have which address: the sender of an ARP message, unless it claims none.
pub fn arp_sender(frame: &[u8]) -> Option<(Ipv4Addr, Mac)> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    if ethernet.ethertype() != EthernetProtocol::Arp {
        return None;
    }
    let packet = ArpPacket::new_checked(ethernet.payload()).ok()?;
    match ArpRepr::parse(&packet).ok()? {
        ArpRepr::EthernetIpv4 { source_hardware_addr, source_protocol_addr, .. } if !source_protocol_addr.is_unspecified() => {
            Some((source_protocol_addr, source_hardware_addr.0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: End = End { mac: [2, 0, 0, 0, 0, 1], ip: Ipv4Addr::new(10, 42, 0, 1), port: 67 };
    const B: End = End { mac: [2, 0, 0, 0, 0, 2], ip: Ipv4Addr::BROADCAST, port: 68 };

    #[test]
    fn a_frame_comes_back_as_it_was_meant() {
        let frame = udp(A, B, b"hello");
        assert_eq!(datagram(&frame, 68), Some(Datagram { from: A.mac, source: A.ip, destination: B.ip, payload: b"hello" }));
        assert_eq!(datagram(&frame, 67), None);
        for cut in 0..frame.len() {
            assert_eq!(datagram(&frame[..cut], 68), None);
        }
    }

    #[test]
    fn fragments_and_broken_headers_are_refused() {
        let mut frame = udp(A, B, b"hello");
        frame[14 + 10] ^= 1;
        assert_eq!(datagram(&frame, 68), None);
    }

    #[test]
    fn a_probe_claims_nothing() {
        let probe = arp_probe(A.mac, Ipv4Addr::new(10, 42, 0, 9));
        assert_eq!((probe.len(), arp_sender(&probe)), (42, None));
        let mut answer = probe;
        answer[28..32].copy_from_slice(&[10, 42, 0, 9]);
        assert_eq!(arp_sender(&answer), Some((Ipv4Addr::new(10, 42, 0, 9), A.mac)));
    }
}
