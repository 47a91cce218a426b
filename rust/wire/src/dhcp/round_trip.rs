//! Replies and requests against the oracle, whatever is in them.

use dhcproto::{Decodable, Decoder, Encodable, Encoder, v4};
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn the_oracle_reads_our_replies_as_meant(xid: u32, address: [u8; 4], last: [u8; 5], id in proptest::collection::vec(any::<u8>(), 2..256), lease: u32, broadcast: bool) {
        let [a, b, c, d, e] = last;
        let reply = Reply {
            kind: DhcpMessageType::Offer,
            xid,
            broadcast,
            ciaddr: [0; 4].into(),
            yiaddr: address.into(),
            chaddr: [2, a, b, c, d, e],
            server: [10, 42, 0, 1].into(),
            client_id: id.clone(),
            network: None,
            times: Some(Times { lease, renew: lease / 2, rebind: lease / 8 * 7 }),
        };
        let bytes = reply.emit();
        prop_assert!(bytes.len() >= MIN_REPLY);
        let read = v4::Message::decode(&mut Decoder::new(&bytes)).unwrap();
        prop_assert_eq!((read.xid(), read.yiaddr(), read.flags().broadcast(), read.chaddr()), (xid, address.into(), broadcast, &reply.chaddr[..]));
        prop_assert_eq!(read.opts().get(v4::OptionCode::ClientIdentifier), Some(&v4::DhcpOption::ClientIdentifier(id)));
        prop_assert_eq!(read.opts().get(v4::OptionCode::Rebinding), Some(&v4::DhcpOption::Rebinding(lease / 8 * 7)));
    }

    #[test]
    fn the_oracle_s_requests_are_read_as_meant(xid: u32, address: [u8; 4], last: [u8; 5], id in proptest::collection::vec(any::<u8>(), 2..256), host in "[a-z0-9-]{1,60}") {
        let [a, b, c, d, e] = last;
        let mut message = v4::Message::default();
        message.set_xid(xid).set_chaddr(&[2, a, b, c, d, e]).set_ciaddr(address);
        message.opts_mut().insert(v4::DhcpOption::MessageType(v4::MessageType::Request));
        message.opts_mut().insert(v4::DhcpOption::ServerIdentifier(address.into()));
        message.opts_mut().insert(v4::DhcpOption::ClientIdentifier(id.clone()));
        message.opts_mut().insert(v4::DhcpOption::Hostname(host.clone()));
        let mut bytes = Vec::new();
        message.encode(&mut Encoder::new(&mut bytes)).unwrap();
        let read = Request::parse(&bytes).unwrap();
        prop_assert_eq!((read.kind, read.xid, read.ciaddr, read.server), (Kind::Request, xid, address.into(), Some(address.into())));
        prop_assert_eq!((read.client_id, read.host), (id, host.into_bytes()));
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Request::parse(&bytes);
        let _ = crate::frame::datagram(&bytes, 67);
    }
}
