//! What one side writes the other reads, whatever it is: our writer against the oracle's reader, and the other way round.

use hickory_proto::op::{Message, MessageType, OpCode, Query as Q};
use hickory_proto::rr::{Name, RData, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinEncodable};
use proptest::prelude::*;

use super::reply::{Data, MAX, Writer};
use super::*;

fn names() -> impl Strategy<Value = String> {
    proptest::collection::vec("[a-zA-Z0-9_]{1,20}", 1..6).prop_map(|labels| labels.join(".") + ".")
}

proptest! {
    #[test]
    fn the_oracle_s_queries_are_read_as_meant(id: u16, name in names(), kind: u16, recursion: bool) {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = recursion;
        message.add_query(Q::query(Name::from_ascii(&name).unwrap(), RecordType::from(kind)));
        let bytes = message.to_bytes().unwrap();
        let query = query::parse(&bytes).unwrap();
        prop_assert_eq!((query.id, query.kind, query.class, query.flags & 0x100 != 0), (id, kind, CLASS_IN, recursion));
        prop_assert_eq!(query.name.to_ascii_lowercase(), name::from_text(&name).unwrap());
        prop_assert!(query.edns.is_none());
    }

    #[test]
    fn the_oracle_reads_our_answers_as_meant(id: u16, name in names(), address: [u8; 4], ttl in 0..0x7fff_ffffu32) {
        let mut question = response::ask(id, &name::from_text(&name).unwrap());
        question[3] = 0x10;
        let query = query::parse(&question).unwrap();
        let mut out = [0; MAX];
        let mut writer = Writer::answer(&mut out, &query, Rcode::NoError);
        writer.record(ttl, &Data::A(address));
        let length = writer.finish(None);
        let read = Message::from_bytes(&out[..length]).unwrap();
        prop_assert_eq!((read.metadata.id, read.answers.len(), read.answers[0].ttl), (id, 1, ttl));
        let RData::A(found) = &read.answers[0].data else { panic!("{read:?}") };
        prop_assert_eq!(found.0.octets(), address);
        prop_assert_eq!(response::address(&question, &out[..length]), Some(address.into()));
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = query::parse(&bytes);
        let _ = name::read(&bytes, 0, &mut [0; name::MAX]);
        let _ = response::address(&response::ask(1, b"\x01a\0"), &bytes);
    }
}
