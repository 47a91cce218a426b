use std::net::Ipv4Addr;

use dhcproto::{Decodable, Decoder, v4};

use super::*;

/// A DISCOVER from 02:00:00:00:00:07 with these bytes as options.
fn message(options: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 240];
    out[..4].copy_from_slice(&[1, 1, 6, 0]);
    out[4..8].copy_from_slice(&[0xde, 0xad, 0xbe, 0xef]);
    out[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 7]);
    out[236..240].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
    out.extend(options);
    out
}

const DISCOVER: &[u8] = &[53, 1, 1];

fn reply() -> Reply {
    Reply {
        kind: DhcpMessageType::Ack,
        xid: 0xdead_beef,
        broadcast: true,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::new(10, 42, 0, 9),
        chaddr: [2, 0, 0, 0, 0, 7],
        server: Ipv4Addr::new(10, 42, 0, 1),
        client_id: vec![255, 1, 2, 3, 4, 5, 6],
        network: Some(Network {
            mask: Ipv4Addr::new(255, 255, 255, 0),
            broadcast: Ipv4Addr::new(10, 42, 0, 255),
            router: Ipv4Addr::new(10, 42, 0, 1),
            dns: Ipv4Addr::new(10, 42, 0, 1),
            mtu: 1500,
        }),
        times: Some(Times { lease: 3600, renew: 1800, rebind: 3150 }),
    }
}

#[test]
fn what_a_device_says_of_itself_is_one_number() {
    let asked = |raw: &[u8]| Request::parse(&message(raw)).unwrap().print;
    let one = asked(&[53, 1, 1, 12, 1, b'a', 55, 2, 1, 3, 255]);
    assert_eq!(one, asked(&[53, 1, 1, 50, 4, 10, 42, 0, 7, 12, 1, b'a', 55, 2, 1, 3, 255]), "what it wants now is no part of it");
    for other in [&[53, 1, 1, 12, 1, b'b', 55, 2, 1, 3, 255][..], &[53, 1, 1, 12, 1, b'a', 55, 2, 3, 1, 255], &[53, 1, 1, 12, 1, b'a', 255]]
    {
        assert_ne!(one, asked(other));
    }
}

#[test]
fn the_oracle_reads_our_reply_as_meant() {
    let bytes = reply().emit();
    assert!(bytes.len() >= MIN_REPLY);
    assert_eq!(Reply { network: None, times: None, client_id: Vec::new(), ..reply() }.emit().len(), MIN_REPLY);
    let read = v4::Message::decode(&mut Decoder::new(&bytes)).unwrap();
    assert_eq!((read.xid(), read.yiaddr(), read.flags().broadcast()), (0xdead_beef, Ipv4Addr::new(10, 42, 0, 9), true));
    use v4::{DhcpOption as O, OptionCode as C};
    let own = Ipv4Addr::new(10, 42, 0, 1);
    for (code, value) in [
        (C::MessageType, O::MessageType(v4::MessageType::Ack)),
        (C::ServerIdentifier, O::ServerIdentifier(own)),
        (C::SubnetMask, O::SubnetMask(Ipv4Addr::new(255, 255, 255, 0))),
        (C::Router, O::Router(vec![own])),
        (C::DomainNameServer, O::DomainNameServer(vec![own])),
        (C::InterfaceMtu, O::InterfaceMtu(1500)),
        (C::BroadcastAddr, O::BroadcastAddr(Ipv4Addr::new(10, 42, 0, 255))),
        (C::AddressLeaseTime, O::AddressLeaseTime(3600)),
        (C::Renewal, O::Renewal(1800)),
        (C::Rebinding, O::Rebinding(3150)),
        (C::ClientIdentifier, O::ClientIdentifier(vec![255, 1, 2, 3, 4, 5, 6])),
    ] {
        assert_eq!(read.opts().get(code), Some(&value));
    }
    // Neither "IPv6 only" (108) nor a proxy (252) nor a portal address (114).
    for never in [108, 252, 114] {
        assert!(read.opts().get(C::from(never)).is_none());
    }
}

#[test]
fn a_client_id_of_255_bytes_fits() {
    let bytes = Reply { client_id: vec![7; 255], ..reply() }.emit();
    let read = v4::Message::decode(&mut Decoder::new(&bytes)).unwrap();
    assert_eq!(read.opts().get(v4::OptionCode::ClientIdentifier), Some(&v4::DhcpOption::ClientIdentifier(vec![7; 255])));
}

#[test]
fn we_read_what_the_oracle_writes() {
    use dhcproto::{Encodable, Encoder};
    let mut written = v4::Message::default();
    written.set_xid(7).set_flags(v4::Flags::default().set_broadcast()).set_chaddr(&[2, 0, 0, 0, 0, 9]);
    let requested = Ipv4Addr::new(10, 42, 0, 33);
    written.opts_mut().insert(v4::DhcpOption::MessageType(v4::MessageType::Request));
    written.opts_mut().insert(v4::DhcpOption::RequestedIpAddress(requested));
    written.opts_mut().insert(v4::DhcpOption::ClientIdentifier(vec![0, 1, 2, 3, 4, 5, 6]));
    written.opts_mut().insert(v4::DhcpOption::Hostname("phone".into()));
    let mut bytes = Vec::new();
    written.encode(&mut Encoder::new(&mut bytes)).unwrap();
    let read = Request::parse(&bytes).unwrap();
    assert_eq!((read.kind, read.xid, read.broadcast, read.requested), (Kind::Request, 7, true, Some(requested)));
    // smoltcp's own Repr fails on this one: seven bytes, type not 1.
    assert_eq!((read.client_id.as_slice(), read.host.as_slice()), (&[0, 1, 2, 3, 4, 5, 6][..], &b"phone"[..]));
}

#[test]
fn overload_and_split_options_are_joined() {
    let mut bytes = message(&[52, 1, 3, 12, 2, b'a', b'b', 255]);
    bytes[108..116].copy_from_slice(&[53, 1, 1, 12, 1, b'c', 255, 0]);
    bytes[44..49].copy_from_slice(&[12, 2, b'd', b'e', 255]);
    let read = Request::parse(&bytes).unwrap();
    assert_eq!((read.kind, read.host.as_slice()), (Kind::Discover, &b"abcde"[..]));
}

#[test]
fn an_overload_within_an_overload_does_not_loop() {
    let mut bytes = message(&[53, 1, 1, 52, 1, 1, 255]);
    bytes[108..112].copy_from_slice(&[52, 1, 3, 255]);
    bytes[44..49].copy_from_slice(&[12, 1, b'x', 52, 1]);
    assert!(Request::parse(&bytes).unwrap().host.is_empty());
}

#[test]
fn zero_and_overlong_lengths_and_no_end_are_survived() {
    assert_eq!(Request::parse(&message(&[53, 0, 255])), Err(Error::Kind));
    assert_eq!(Request::parse(&message(&[53, 2, 1, 1, 255])), Err(Error::Kind));
    assert!(Request::parse(&message(&[53, 1, 1, 50, 0])).unwrap().requested.is_none());
    assert!(Request::parse(&message(&[53, 1, 1, 50, 200, 1, 2])).unwrap().requested.is_none());
    assert!(Request::parse(&message(&[53, 1, 1, 50, 5, 1, 2, 3, 4, 5])).unwrap().requested.is_none());
    assert!(Request::parse(&message(&[53, 1, 1, 61, 1, 9])).unwrap().client_id.is_empty());
    assert!(Request::parse(&message(DISCOVER)).is_ok(), "no END");
    assert!(Request::parse(&message(&[53, 1, 1, 61])).is_ok(), "ends after a code");
    for length in 0..240 {
        assert_eq!(Request::parse(&message(&[])[..length]), Err(Error::Short));
    }
}

#[test]
fn other_hardware_and_impossible_addresses_are_refused() {
    for (at, value, why) in
        [(2, 0, Error::Hardware), (2, 17, Error::Hardware), (2, 255, Error::Hardware), (1, 6, Error::Hardware), (1, 0, Error::Hardware)]
    {
        let mut bytes = message(DISCOVER);
        bytes[at] = value;
        assert_eq!(Request::parse(&bytes), Err(why), "{at} {value}");
    }
    for chaddr in [[0xff; 6], [0; 6], [1, 0, 0x5e, 0, 0, 1]] {
        let mut bytes = message(DISCOVER);
        bytes[28..34].copy_from_slice(&chaddr);
        assert_eq!(Request::parse(&bytes), Err(Error::Address));
    }
}

#[test]
fn client_ids_over_100_bytes_are_read_and_over_255_refused() {
    let split = |total: usize| {
        let mut options = DISCOVER.to_vec();
        for piece in vec![9; total].chunks(200) {
            options.extend([61, u8::try_from(piece.len()).unwrap()]);
            options.extend(piece);
        }
        Request::parse(&message(&options))
    };
    assert_eq!(split(101).unwrap().client_id.len(), 101);
    assert_eq!(split(255).unwrap().client_id.len(), 255);
    assert_eq!(split(256), Err(Error::ClientId));
}

#[test]
fn answers_and_strange_cookies_are_not_requests() {
    let mut bytes = message(DISCOVER);
    bytes[0] = 2;
    assert_eq!(Request::parse(&bytes), Err(Error::NotRequest));
    let mut bytes = message(DISCOVER);
    bytes[239] = 0;
    assert_eq!(Request::parse(&bytes), Err(Error::NotRequest));
    for kind in [0, 2, 5, 6, 9, 255] {
        assert_eq!(Request::parse(&message(&[53, 1, kind])), Err(Error::Kind));
    }
}
