use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query as Q, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinEncodable};

use super::*;

fn zone() -> Zone {
    Zone::new(Range::default(), config::CAPTURE_ADDRESS, ["vila.local", "biblioteca.example", "vila"])
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(0x1234, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Q::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn raw(bytes: &[u8]) -> Option<Message> {
    let mut out = [0; ANSWER];
    let length = answer(&zone(), bytes, &mut out);
    (length > 0).then(|| Message::from_bytes(&out[..length]).unwrap())
}

fn ask(name: &str, kind: RecordType) -> Message {
    raw(&question(name, kind).to_bytes().unwrap()).unwrap()
}

fn address(name: &str) -> Option<(Ipv4Addr, u32)> {
    let message = ask(name, RecordType::A);
    assert!(message.metadata.recursion_available && message.metadata.recursion_desired);
    match message.answers.as_slice() {
        [record] => match &record.data {
            RData::A(a) => Some((a.0, record.ttl)),
            other => panic!("{other:?}"),
        },
        [] => None,
        more => panic!("{more:?}"),
    }
}

/// NOERROR, nothing in it, and an SOA that lives five seconds.
fn is_no_data(message: &Message) -> bool {
    message.metadata.response_code == ResponseCode::NoError && message.answers.is_empty() && soa_lives_5s(message)
}

fn is_nxdomain(message: &Message) -> bool {
    message.metadata.response_code == ResponseCode::NXDomain && message.answers.is_empty() && soa_lives_5s(message)
}

fn soa_lives_5s(message: &Message) -> bool {
    matches!(message.authorities.as_slice(), [soa] if soa.ttl == TTL && matches!(&soa.data, RData::SOA(s) if s.minimum == TTL))
}

const OWN: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 1);
const CAPTURE: Ipv4Addr = config::CAPTURE_ADDRESS;

#[test]
fn a_of_a_foreign_name_is_the_capture_address() {
    for name in ["connectivitycheck.gstatic.com.", "captive.apple.com.", "a.b.c.d.e.f.", "notlocal.xlocal.", "ipv4only.arpa."] {
        assert_eq!(address(name), Some((CAPTURE, 5)), "{name}");
    }
}

#[test]
fn a_of_own_names_is_the_box() {
    for name in ["p2p.local.", "P2P.LoCaL.", "vila.local.", "biblioteca.example.", "vila."] {
        assert_eq!(address(name), Some((OWN, OWN_TTL)), "{name}");
    }
    assert!(is_no_data(&ask("p2p.local.", RecordType::AAAA)));
}

#[test]
fn other_local_names_do_not_exist() {
    for kind in [RecordType::A, RecordType::AAAA, RecordType::TXT, RecordType::ANY] {
        assert!(is_nxdomain(&ask("printer.local.", kind)));
        assert!(is_nxdomain(&ask("x.p2p.local.", kind)));
    }
}

#[test]
fn other_types_have_no_data_and_never_nxdomain() {
    let others = [
        RecordType::AAAA,
        RecordType::HTTPS,
        RecordType::SVCB,
        RecordType::MX,
        RecordType::TXT,
        RecordType::SRV,
        RecordType::NS,
        RecordType::SOA,
    ];
    for kind in others.into_iter().chain([RecordType::PTR, RecordType::CNAME, RecordType::DS, RecordType::Unknown(65280)]) {
        assert!(is_no_data(&ask("www.google.com.", kind)), "{kind}");
        assert!(is_no_data(&ask("dns.msftncsi.com.", kind)), "{kind}");
    }
}

#[test]
fn ptr_of_own_range_is_answered_and_of_other_private_ones_not_there() {
    let ptr = |name: &str| match ask(name, RecordType::PTR).answers.first().map(|r| r.data.clone()) {
        Some(RData::PTR(p)) => Some(p.0.to_ascii()),
        _ => None,
    };
    assert_eq!(ptr("1.0.42.10.in-addr.arpa.").as_deref(), Some("p2p.local."));
    assert_eq!(ptr("1.100.51.198.in-addr.arpa.").as_deref(), Some("p2p.local."));
    assert_eq!(ptr("57.0.42.10.in-addr.arpa.").as_deref(), Some("10-42-0-57.p2p.local."));
    for other in ["1.1.42.10", "5.1.168.192", "1.0.16.172", "1.1.254.169", "1.0.0.127", "1.0.64.100"] {
        assert!(is_nxdomain(&ask(&format!("{other}.in-addr.arpa."), RecordType::PTR)), "{other}");
    }
    assert!(is_nxdomain(&ask("b._dns-sd._udp.1.0.42.10.in-addr.arpa.", RecordType::PTR)));
    assert!(is_nxdomain(&ask("8.b.d.0.1.0.0.2.c.f.ip6.arpa.", RecordType::PTR)));
    assert!(is_nxdomain(&ask("0.8.e.f.ip6.arpa.", RecordType::PTR)));
    for public in ["8.8.8.8.in-addr.arpa.", "42.10.in-addr.arpa.", "10.in-addr.arpa.", "999.x.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."] {
        assert!(is_no_data(&ask(public, RecordType::PTR)), "{public}");
    }
    assert!(is_no_data(&ask("1.0.42.10.in-addr.arpa.", RecordType::A)));
}

#[test]
fn any_is_minimal() {
    for name in ["example.com.", "p2p.local."] {
        let message = ask(name, RecordType::ANY);
        assert!(matches!(message.answers.as_slice(), [r] if matches!(&r.data, RData::HINFO(h) if &*h.cpu == b"RFC8482")), "{name}");
    }
}

#[test]
fn canaries_do_not_exist_whatever_the_type() {
    for name in ["use-application-dns.net.", "mask.icloud.com.", "mask-h2.icloud.com.", "Mask.iCloud.com."] {
        for kind in [RecordType::A, RecordType::AAAA, RecordType::HTTPS] {
            assert!(is_nxdomain(&ask(name, kind)), "{name} {kind}");
        }
    }
    assert_eq!(address("www.icloud.com."), Some((CAPTURE, 5)));
}

#[test]
fn discovery_of_encrypted_resolvers_finds_nothing() {
    for kind in [RecordType::SVCB, RecordType::A, RecordType::AAAA, RecordType::TXT] {
        assert!(is_no_data(&ask("_dns.resolver.arpa.", kind)));
    }
}

#[test]
fn windows_checks_get_their_constant() {
    assert_eq!(address("dns.msftncsi.com."), Some((Ipv4Addr::new(131, 107, 255, 255), 5)));
    assert_eq!(address("www.msftconnecttest.com."), Some((CAPTURE, 5)));
}

#[test]
fn wpad_single_labels_onion_and_invalid_do_not_exist() {
    for name in ["wpad.", "wpad.lan.", "WPAD.example.com.", "router.", "abc.onion.", "x.invalid.", "local.", "com."] {
        assert!(is_nxdomain(&ask(name, RecordType::A)), "{name}");
    }
    // A label that only ends like one of them is another name.
    for name in ["nolocal.example.", "a.xonion.", "xwpad.example."] {
        assert!(address(name).is_some(), "{name}");
    }
    assert!(is_no_data(&ask(".", RecordType::NS)));
}

#[test]
fn other_classes_operations_counts_and_answers() {
    let mut message = question("example.com.", RecordType::TXT);
    message.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(raw(&message.to_bytes().unwrap()).unwrap().metadata.response_code, ResponseCode::Refused);

    let mut bytes = question("example.com.", RecordType::A).to_bytes().unwrap();
    bytes[2] |= 4 << 3;
    assert_eq!(raw(&bytes).unwrap().metadata.response_code, ResponseCode::NotImp);

    let mut bytes = question("example.com.", RecordType::A).to_bytes().unwrap();
    bytes[5] = 2;
    assert_eq!(raw(&bytes).unwrap().metadata.response_code, ResponseCode::FormErr);
    bytes[5] = 0;
    assert_eq!(raw(&bytes).unwrap().metadata.response_code, ResponseCode::FormErr);

    let mut bytes = question("example.com.", RecordType::A).to_bytes().unwrap();
    bytes[2] |= 0x80;
    assert!(raw(&bytes).is_none());
}

#[test]
fn the_question_s_bytes_come_back_exactly() {
    let mut bytes = question("wWw.GooGLE.cOm.", RecordType::A).to_bytes().unwrap();
    let spelt = bytes.windows(16).position(|w| w.eq_ignore_ascii_case(b"\x03www\x06google\x03com\0")).unwrap();
    bytes[spelt..spelt + 16].copy_from_slice(b"\x03wWw\x06GooGLE\x03cOm\0");
    let mut out = [0; ANSWER];
    let length = answer(&zone(), &bytes, &mut out);
    assert_eq!(&out[12..bytes.len()], &bytes[12..]);
    assert!(length > bytes.len());
}

fn with_edns(version: u8, size: u16) -> Message {
    let mut message = question("example.com.", RecordType::A);
    let mut edns = Edns::new();
    edns.set_max_payload(size).set_version(version).set_dnssec_ok(true);
    message.edns = Some(edns);
    message
}

#[test]
fn edns_is_echoed_clamped_and_its_version_checked() {
    for size in [0, 512, 4096, 65535] {
        let reply = raw(&with_edns(0, size).to_bytes().unwrap()).unwrap();
        let edns = reply.edns.as_ref().unwrap();
        assert_eq!((edns.max_payload(), edns.version(), edns.flags().dnssec_ok), (1232, 0, true));
        assert!(!reply.metadata.authentic_data && reply.answers.len() == 1);
    }
    let reply = raw(&with_edns(1, 1232).to_bytes().unwrap()).unwrap();
    // 16 has two names; the oracle picks the other.
    assert_eq!((u16::from(reply.metadata.response_code), reply.answers.len()), (16, 0));
    assert!(ask("example.com.", RecordType::A).edns.is_none());
}

#[test]
fn client_subnet_is_ignored() {
    let mut bytes = with_edns(0, 1232).to_bytes().unwrap();
    let end = bytes.len();
    // Option 8, family 1, /24: 192.0.2.0, appended to the OPT record.
    bytes[end - 1] = 11;
    bytes.extend([0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]);
    let mut out = [0; ANSWER];
    let length = answer(&zone(), &bytes, &mut out);
    let reply = Message::from_bytes(&out[..length]).unwrap();
    assert_eq!(reply.answers.len(), 1);
    assert_eq!(&out[length - 2..length], &[0, 0], "no options come back");
}

#[test]
fn the_longest_name_fits_whatever_is_answered() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}.", "b".repeat(61));
    assert_eq!(address(&longest), Some((CAPTURE, 5)));
    let longest_local = format!("{label}.{label}.{label}.{}.local.", "b".repeat(55));
    assert!(is_nxdomain(&ask(&longest_local, RecordType::A)));
}

#[test]
fn names_of_the_walled_garden_have_their_own_addresses_and_their_neighbours_do_not() {
    let mut zone = zone();
    let addresses: Vec<Ipv4Addr> = (1..9).map(|n| Ipv4Addr::new(203, 0, 113, n)).collect();
    zone.set_garden([("garden.example", addresses.clone()), ("empty.example", Vec::new())]);
    let asked = |name: &str, kind| {
        let mut out = [0; ANSWER];
        let length = answer(&zone, &question(name, kind).to_bytes().unwrap(), &mut out);
        Message::from_bytes(&out[..length]).unwrap().answers
    };
    let told = asked("Garden.Example", RecordType::A);
    assert_eq!((told.len(), told[0].ttl), (4, GARDEN_TTL));
    assert!(told.iter().zip(&addresses).all(|(record, ip)| matches!(&record.data, RData::A(a) if a.0 == *ip)));
    assert!(asked("garden.example", RecordType::AAAA).is_empty());
    for other in ["tunnel.garden.example", "empty.example"] {
        assert!(matches!(&asked(other, RecordType::A)[0].data, RData::A(a) if a.0 == config::CAPTURE_ADDRESS), "{other}");
    }
}

#[test]
fn the_real_internet_is_asked_only_what_it_may_know() {
    let leads = |name: &str, kind, greeted| leads_out(&zone(), &question(name, kind).to_bytes().unwrap(), greeted);
    for name in ["example.org", "Connectivitycheck.GSTATIC.com", "dns.msftncsi.com"] {
        assert!(leads(name, RecordType::A, true), "{name}");
    }
    assert!(leads("example.org", RecordType::HTTPS, false) && !leads("example.org", RecordType::AAAA, true));
    for name in [
        "p2p.local",
        "vila.local",
        "vila",
        "wpad.example.org",
        "use-application-dns.net",
        "7.0.42.10.in-addr.arpa",
        "x.onion",
        "printer.local",
    ] {
        assert!(!leads(name, RecordType::A, true), "{name}");
    }
    // Every name of the list is one that a client could ask for.
    for probe in [
        "connectivitycheck.gstatic.com",
        "connectivitycheck.android.com",
        "connectivitycheck.grapheneos.network",
        "connectivitycheck.platform.hicloud.com",
        "connectivity.samsung.com.cn",
        "connect.rom.miui.com",
        "wifi.vivo.com.cn",
        "captive.apple.com",
        "www.msftconnecttest.com",
        "www.msftncsi.com",
        "nmcheck.gnome.org",
        "connectivity-check.ubuntu.com",
        "detectportal.firefox.com",
        "ping.archlinux.org",
    ] {
        assert!(!leads(probe, RecordType::A, false) && leads(probe, RecordType::A, true), "{probe}");
    }
    assert!(!leads_out(&zone(), b"", true) && !leads_out(&zone(), &[0; 12], true));
}
