//! Multicast DNS (RFC 6762): the box says where its own `.local` names are, and that it is a hotspot (DNS-SD, RFC 6763), so
//! that other hotspots find its library and a phone's browser its portal.

use wire::dns::{HEADER, kind, name, reply};

/// What a hotspot is found by, in wire form: `_p2p-hotspot._tcp.local`.
pub const HOTSPOT: &[u8] = b"\x0c_p2p-hotspot\x04_tcp\x05local\0";
/// What a web page is found by, in wire form: `_http._tcp.local`.
const WEB: &[u8] = b"\x05_http\x04_tcp\x05local\0";

use crate::dns::Zone;

/// Questions of one message that are looked at.
const MAX_QUESTIONS: usize = 32;
/// Room that an answer may need, in bytes.
pub const ANSWER: usize = reply::MAX;

/// An answer in the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its length in bytes.
    pub len: usize,
    /// What it is about, below [`subjects`]: one of the zone's names, or one of our services.
    pub name: usize,
    /// To the asker alone, not to the group.
    pub unicast: bool,
}

/// How many things there are to be asked about.
pub fn subjects(zone: &Zone) -> usize {
    zone.own_names().len() + 2
}

/// A service's own name: the box's address makes it one that nobody else on this network has.
fn instance(zone: &Zone, service: &[u8]) -> Vec<u8> {
    let [a, b, c, d] = zone.range.own().octets();
    let label = format!("p2p-{a}-{b}-{c}-{d}");
    let mut name = vec![u8::try_from(label.len()).unwrap_or(0)];
    name.extend(label.as_bytes());
    name.extend(service);
    name
}

/// The answer if `asked` is one of our services: its subject, its length.
fn service(zone: &Zone, asked: &[u8], question: u16, legacy: Option<(u16, &[u8])>, out: &mut [u8]) -> Option<(usize, usize)> {
    let own = zone.own_names();
    [HOTSPOT, WEB].into_iter().enumerate().find_map(|(n, kind)| {
        let instance = instance(zone, kind);
        let browse = asked == kind;
        let wanted = match question {
            kind::ANY => browse || asked == instance,
            kind::PTR => browse,
            kind::SRV | kind::TXT => asked == instance,
            _ => false,
        };
        let service = reply::Service { kind, instance: &instance, host: &own[0], port: 80, address: zone.range.own().octets() };
        wanted.then(|| (own.len() + n, reply::service(out, &service, browse, legacy)))
    })
}

/// Answers the first question of a message that is about an address or a service of ours; `from_port` tells a full responder (5353)
/// from a simple resolver, which gets what it expects of DNS (6.7).
pub fn answer(zone: &Zone, message: &[u8], from_port: u16, out: &mut [u8]) -> Option<Answer> {
    let word = |n: usize| Some(u16::from_be_bytes([*message.get(n * 2)?, *message.get(n * 2 + 1)?]));
    // Answers and other operations are none of ours.
    if word(1)? & 0xf800 != 0 {
        return None;
    }
    let (id, count) = (word(0)?, usize::from(word(2)?));
    let (mut at, mut buffer) = (HEADER, [0; name::MAX]);
    for _ in 0..count.min(MAX_QUESTIONS) {
        let start = at;
        let (length, next) = name::read(message, at, &mut buffer)?;
        let fixed = message.get(next..next + 4)?;
        at = next + 4;
        let (asked, class) = (u16::from_be_bytes([fixed[0], fixed[1]]), u16::from_be_bytes([fixed[2], fixed[3]]));
        if !matches!(class & 0x7fff, 1 | 255) {
            continue;
        }
        buffer[..length].make_ascii_lowercase();
        let asked_name = &buffer[..length];
        // A simple resolver has one question, written out: it is what must come back.
        let legacy = (from_port != 5353).then(|| message.get(start..at)).flatten().filter(|q| q.len() == length + 4).map(|q| (id, q));
        let unicast = legacy.is_some() || class & 0x8000 != 0;
        let own = |own: &Vec<u8>| own[..] == *asked_name && own.ends_with(b"\x05local\0");
        let found = match zone.own_names().iter().position(own) {
            Some(index) if matches!(asked, kind::A | kind::ANY) => {
                Some((index, reply::multicast(out, &zone.own_names()[index], zone.range.own().octets(), legacy)))
            }
            _ => service(zone, asked_name, asked, legacy, out),
        };
        match found {
            Some(_) if from_port != 5353 && legacy.is_none() => return None,
            Some((name, len)) => return Some(Answer { len, name, unicast }),
            None => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use config::Range;
    use hickory_proto::op::Message;
    use hickory_proto::rr::RData;
    use hickory_proto::serialize::binary::BinDecodable;

    use super::*;

    fn zone() -> Zone {
        Zone::new(Range::default(), config::CAPTURE_ADDRESS, ["vila.local", "biblioteca.example"])
    }

    fn message(questions: &[&[u8]]) -> Vec<u8> {
        let mut out = vec![0, 7, 0, 0, 0, u8::try_from(questions.len()).unwrap(), 0, 0, 0, 0, 0, 0];
        out.extend(questions.concat());
        out
    }

    fn ask(questions: &[&[u8]], port: u16) -> Option<(Message, Answer)> {
        let mut out = [0; ANSWER];
        let answer = answer(&zone(), &message(questions), port, &mut out)?;
        Some((Message::from_bytes(&out[..answer.len]).unwrap(), answer))
    }

    const P2P: &[u8] = b"\x03P2p\x05local\0\0\x01\0\x01";

    #[test]
    fn own_local_names_are_announced_to_all() {
        let (message, answer) = ask(&[P2P], 5353).unwrap();
        assert_eq!((message.metadata.id, message.queries.len(), answer.unicast, answer.name), (0, 0, false, 0));
        assert!(matches!(&message.answers[0].data, RData::A(a) if a.0 == Range::default().own()));
        assert_eq!(message.answers[0].ttl, 120);
        // The second question's name ends in a pointer to the first's.
        let (_, answer) = ask(&[b"\x05other\x05local\0\0\x01\0\x01", b"\x04vila\xc0\x12\0\xff\x80\x01"], 5353).unwrap();
        assert_eq!((answer.name, answer.unicast), (1, true));
    }

    #[test]
    fn a_simple_resolver_gets_its_question_back() {
        let (message, answer) = ask(&[P2P], 40000).unwrap();
        assert!(answer.unicast);
        assert_eq!((message.metadata.id, message.queries.len(), message.answers[0].ttl), (7, 1, 10));
    }

    #[test]
    fn the_box_is_found_as_a_hotspot_and_as_a_web_page() {
        let question = [HOTSPOT, b"\0\x0c\0\x01"].concat();
        let (message, answer) = ask(&[&question], 40000).unwrap();
        assert_eq!((answer.unicast, answer.name, message.answers.len(), message.additionals.len()), (true, subjects(&zone()) - 2, 1, 3));
        let RData::PTR(instance) = &message.answers[0].data else { panic!("{message:?}") };
        assert_eq!(instance.to_string(), "p2p-10-42-0-1._p2p-hotspot._tcp.local.");
        assert_eq!(message.additionals[0].name, instance.0);
        let RData::SRV(place) = &message.additionals[0].data else { panic!("{message:?}") };
        assert_eq!((place.port, place.target.to_string()), (80, "p2p.local.".to_owned()));
        assert!(matches!(&message.additionals[2].data, RData::A(a) if a.0 == Range::default().own()));
        assert!(wire::dns::response::has_pointer(&super::tests::message(&[&question]), &{
            let mut out = [0; ANSWER];
            let answer = super::answer(&zone(), &super::tests::message(&[&question]), 40000, &mut out).unwrap();
            out[..answer.len].to_vec()
        }));
        let (message, answer) = ask(&[b"\x05_http\x04_tcp\x05local\0\0\x0c\0\x01"], 5353).unwrap();
        assert_eq!((answer.unicast, answer.name, message.answers.len()), (false, subjects(&zone()) - 1, 1));
        let place = [&b"\x0dp2p-10-42-0-1"[..], HOTSPOT, b"\0\x21\0\x01"].concat();
        let (message, _) = ask(&[&place], 5353).unwrap();
        assert_eq!((message.answers.len(), message.additionals.len()), (2, 1));
    }

    #[test]
    fn everything_else_gets_silence() {
        for question in [
            &b"\x05other\x05local\0\0\x01\0\x01"[..],
            b"\x0abiblioteca\x07example\0\0\x01\0\x01",
            b"\x03p2p\x05local\0\0\x1c\0\x01",
            b"\xc0\x0c\0\x01\0\x01",
            b"\xff",
        ] {
            assert!(ask(&[question], 5353).is_none(), "{question:?}");
        }
        let mut reply = message(&[P2P]);
        reply[2] = 0x84;
        assert!(answer(&zone(), &reply, 5353, &mut [0; ANSWER]).is_none());
        for cut in 0..message(&[P2P]).len() {
            assert!(answer(&zone(), &message(&[P2P])[..cut], 5353, &mut [0; ANSWER]).is_none());
        }
    }
}
