//! What we answer.

use std::net::Ipv4Addr;

use smoltcp::wire::{DhcpMessageType, DhcpOption, DhcpPacket, DhcpRepr, EthernetAddress};

use super::{Mac, code};

/// Shorter replies are padded to this, as BOOTP clients and some phones expect (RFC 1542, 2.1), in bytes.
pub const MIN_REPLY: usize = 300;

/// What a client is told about the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Subnet mask (1).
    pub mask: Ipv4Addr,
    /// Broadcast address (28).
    pub broadcast: Ipv4Addr,
    /// Router (3).
    pub router: Ipv4Addr,
    /// Name server (6).
    pub dns: Ipv4Addr,
    /// Largest packet (26), in bytes.
    pub mtu: u16,
}

/// How long a lease holds, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// All of it (51).
    pub lease: u32,
    /// Until the client renews (58).
    pub renew: u32,
    /// Until it asks anybody (59).
    pub rebind: u32,
}

/// A message to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Offer, Ack or Nak.
    pub kind: DhcpMessageType,
    /// The request's.
    pub xid: u32,
    /// The request's flag.
    pub broadcast: bool,
    /// The request's, in an Ack; else zero.
    pub ciaddr: Ipv4Addr,
    /// The client's address now; zero in a Nak and in the answer to Inform.
    pub yiaddr: Ipv4Addr,
    /// The request's.
    pub chaddr: Mac,
    /// Us (54).
    pub server: Ipv4Addr,
    /// Echoed (61; RFC 6842); empty if there was none. At most 255 bytes.
    pub client_id: Vec<u8>,
    /// Absent in a Nak.
    pub network: Option<Network>,
    /// Absent in a Nak and in the answer to Inform.
    pub times: Option<Times>,
}

impl Reply {
    /// The message's bytes, [`MIN_REPLY`] at least.
    pub fn emit(&self) -> Vec<u8> {
        let times = self.times.map(|t| [t.renew.to_be_bytes(), t.rebind.to_be_bytes()]);
        let network = self.network.map(|n| (n.mtu.to_be_bytes(), n.broadcast.octets()));
        // smoltcp's `emit` drops T1 and T2, and knows neither MTU, broadcast nor a client identifier that is not a MAC.
        let mut extra = Vec::with_capacity(5);
        if let Some((mtu, broadcast)) = &network {
            extra.push(DhcpOption { kind: code::MTU, data: mtu });
            extra.push(DhcpOption { kind: code::BROADCAST, data: broadcast });
        }
        if let Some([renew, rebind]) = &times {
            extra.push(DhcpOption { kind: code::RENEW, data: renew });
            extra.push(DhcpOption { kind: code::REBIND, data: rebind });
        }
        if !self.client_id.is_empty() {
            extra.push(DhcpOption { kind: code::CLIENT_ID, data: &self.client_id });
        }
        let repr = DhcpRepr {
            message_type: self.kind,
            transaction_id: self.xid,
            secs: 0,
            client_hardware_address: EthernetAddress(self.chaddr),
            client_ip: self.ciaddr,
            your_ip: self.yiaddr,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: self.network.map(|n| n.router),
            subnet_mask: self.network.map(|n| n.mask),
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: self.broadcast,
            requested_ip: None,
            client_identifier: None,
            server_identifier: Some(self.server),
            parameter_request_list: None,
            dns_servers: self.network.and_then(|n| [n.dns].into_iter().collect::<Vec<_>>().as_slice().try_into().ok()),
            max_size: None,
            lease_duration: self.times.map(|t| t.lease),
            renew_duration: None,
            rebind_duration: None,
            additional_options: &extra,
        };
        let mut bytes = vec![0; repr.buffer_len().max(MIN_REPLY)];
        let mut packet = DhcpPacket::new_unchecked(bytes.as_mut_slice());
        // The buffer is as long as `buffer_len` says, and the one variable option was capped when it was read.
        let _ = repr.emit(&mut packet);
        bytes
    }
}
