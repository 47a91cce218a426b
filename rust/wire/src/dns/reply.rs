//! Writing an answer into the caller's buffer.

use super::query::{Edns, Query};
use super::{CLASS_IN, EDNS_SIZE, Rcode, kind};

/// The largest answer that this module writes: header, question, two full names, fixed parts and OPT, in bytes.
pub const MAX: usize = 12 + 259 + 12 + 255 + 33 + 11;

/// Bits of the flags that an answer takes over from its query: RD and CD (RFC 1035, 4.1.1; RFC 4035, 3.2.2).
const KEPT: u16 = 0x0110;
/// Set in every answer: QR and RA. Without RA, stub resolvers look for another server.
const QR_RA: u16 = 0x8080;
/// We own what we answer.
const AA: u16 = 0x0400;

/// An answer being written: header, then the question, then records in the order of the sections.
pub struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
    rcode: Rcode,
}

/// A record's data.
pub enum Data<'a> {
    /// An address.
    A([u8; 4]),
    /// A name in wire form.
    Ptr(&'a [u8]),
    /// The two-word answer to ANY (RFC 8482, 4.2).
    HinfoRfc8482,
}

impl<'a> Writer<'a> {
    /// Starts the answer to `query`, its question echoed as it came. `out` holds [`MAX`] bytes at least.
    pub fn answer(out: &'a mut [u8], query: &Query<'_>, rcode: Rcode) -> Self {
        let flags = QR_RA | AA | (query.flags & KEPT) | (rcode as u16 & 0xf);
        let mut writer = Self { out, len: 0, rcode };
        writer.header(query.id, flags, 1);
        writer.put(query.question);
        writer
    }

    /// The answer to something that is not a question: a header alone. Returns its length.
    pub fn refuse(out: &'a mut [u8], id: u16, flags: u16, rcode: Rcode) -> usize {
        let mut writer = Self { out, len: 0, rcode };
        writer.header(id, QR_RA | (flags & (KEPT | super::query::OPCODE)) | rcode as u16, 0);
        writer.len
    }

    fn header(&mut self, id: u16, flags: u16, questions: u16) {
        for word in [id, flags, questions, 0, 0, 0] {
            self.put(&word.to_be_bytes());
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Adds an answer, owned by the question's name; `ttl` in seconds.
    pub fn record(&mut self, ttl: u32, data: &Data<'_>) {
        // 0xc00c: the name at offset 12, which is the question's.
        self.put(&[0xc0, 12]);
        let (kind, data): (u16, &[u8]) = match data {
            Data::A(address) => (kind::A, address),
            Data::Ptr(name) => (kind::PTR, name),
            Data::HinfoRfc8482 => (kind::HINFO, b"\x07RFC8482\0"),
        };
        self.fixed(kind, CLASS_IN, ttl, data.len());
        self.put(data);
        self.out[7] += 1;
    }

    fn fixed(&mut self, kind: u16, class: u16, ttl: u32, length: usize) {
        self.put(&kind.to_be_bytes());
        self.put(&class.to_be_bytes());
        self.put(&ttl.to_be_bytes());
        // Every datum written here is a name at most.
        self.put(&u16::try_from(length).unwrap_or(0).to_be_bytes());
    }

    /// Adds a record with its owner written out; the counts are the caller's.
    fn owned(&mut self, owner: &[u8], kind: u16, class: u16, ttl: u32, data: &[&[u8]]) {
        self.put(owner);
        self.fixed(kind, class, ttl, data.iter().map(|part| part.len()).sum());
        for part in data {
            self.put(part);
        }
    }

    /// Adds the authority that tells a resolver how long to remember a "no" (RFC 2308): owned by the root, since that
    /// is above every name; `ttl` in seconds.
    pub fn soa(&mut self, ttl: u32) {
        self.put(&[0]);
        self.fixed(kind::SOA, CLASS_IN, ttl, 22);
        self.put(&[0, 0]);
        for word in [1, 3600, 600, 86400, ttl] {
            self.put(&word.to_be_bytes());
        }
        self.out[9] += 1;
    }

    /// Ends the answer, with an OPT record if the query had one (RFC 6891, 7): the length of the whole.
    pub fn finish(mut self, edns: Option<Edns>) -> usize {
        if let Some(edns) = edns {
            let extended = u32::from(self.rcode as u16 >> 4) << 24;
            let dnssec_ok = if edns.dnssec_ok { 0x8000 } else { 0 };
            self.put(&[0]);
            self.fixed(kind::OPT, EDNS_SIZE, extended | dnssec_ok, 0);
            self.out[11] += 1;
        }
        self.len
    }
}

/// A multicast answer (RFC 6762, 18): no question, one address for `name`, with the bit that says "forget what you
/// knew". To a one-shot resolver (its port is not 5353) `legacy` carries what it needs (6.7): its ID, its question, a short life.
pub fn multicast(out: &mut [u8], name: &[u8], address: [u8; 4], legacy: Option<(u16, &[u8])>) -> usize {
    let (mut writer, unique, ttl) = multicast_start(out, legacy);
    writer.owned(name, kind::A, unique, ttl, &[&address]);
    writer.out[7] = 1;
    writer.len
}

/// A service as it is announced (RFC 6763): names in wire form, together at most 100 bytes for any to fit in [`MAX`].
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    /// Of which kind: `_http._tcp.local`.
    pub kind: &'a [u8],
    /// This one.
    pub instance: &'a [u8],
    /// On which host.
    pub host: &'a [u8],
    /// At which port.
    pub port: u16,
    /// The host's address.
    pub address: [u8; 4],
}

/// The multicast answer about a service: the pointer if `browse`, then where it is, its (empty) text and its host's address.
pub fn service(out: &mut [u8], service: &Service<'_>, browse: bool, legacy: Option<(u16, &[u8])>) -> usize {
    let (mut writer, unique, ttl) = multicast_start(out, legacy);
    if browse {
        // Others have the same pointer's owner: it is not unique.
        writer.owned(service.kind, kind::PTR, CLASS_IN, ttl, &[service.instance]);
    }
    let [high, low] = service.port.to_be_bytes();
    writer.owned(service.instance, kind::SRV, unique, ttl, &[&[0, 0, 0, 0, high, low], service.host]);
    writer.owned(service.instance, kind::TXT, unique, ttl, &[&[0]]);
    writer.owned(service.host, kind::A, unique, ttl, &[&service.address]);
    // What was asked for is the answer; the rest is beside it (RFC 6763, 12).
    (writer.out[7], writer.out[11]) = if browse { (1, 3) } else { (2, 1) };
    writer.len
}

/// Header and question; the class of what is ours alone, and seconds to remember.
fn multicast_start<'a>(out: &'a mut [u8], legacy: Option<(u16, &[u8])>) -> (Writer<'a>, u16, u32) {
    let mut writer = Writer { out, len: 0, rcode: Rcode::NoError };
    let (id, question, class, ttl) = match legacy {
        Some((id, question)) => (id, question, CLASS_IN, 10),
        None => (0, &[][..], CLASS_IN | 0x8000, 120),
    };
    writer.header(id, 0x8400, u16::from(!question.is_empty()));
    writer.put(question);
    (writer, class, ttl)
}
