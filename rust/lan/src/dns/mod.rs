//! DNS for visitors: every answer is known here, nothing is ever asked elsewhere, so nothing tunnels out. A phone that the gate lets
//! through is another matter: [`leads_out`] says which of its questions the real internet is to answer.
//!
//! One table, read from the top; the first row that fits answers:
//! ```text
//!  class not IN                                    REFUSED
//!  EDNS version above 0                            BADVERS
//!  own names                                A      the box              ANY  HINFO    else no data
//!  _dns.resolver.arpa and its neighbours           no data              (RFC 9462)
//!  PTR tree: own range, own addresses       PTR    a name               else no data
//!            other private addresses               NXDOMAIN
//!  use-application-dns.net, mask*.icloud.com       NXDOMAIN
//!  wpad*, single labels, .local .onion .invalid    NXDOMAIN
//!  dns.msftncsi.com                         A      131.107.255.255
//!  names of the walled garden               A      their own addresses, as asked by the box itself a while ago
//!  everything else                          A      the capture address  ANY  HINFO    else no data
//! ```
//! "No data" is NOERROR with an SOA that lives 5 s: NXDOMAIN for AAAA would kill the answer to A.

mod names;

use std::net::Ipv4Addr;

use config::Range;
use wire::dns::query::{self, Query, Reject};
use wire::dns::reply::{Data, Writer};
use wire::dns::{CLASS_IN, Rcode, kind, name};

use names::Place;

/// Seconds that a captured name's answer may be remembered: short, or a phone that leaves keeps it.
pub const TTL: u32 = 5;
/// Seconds for the box's own names.
pub const OWN_TTL: u32 = 60;
/// Seconds for a name of the walled garden; its addresses stay reachable for much longer.
pub const GARDEN_TTL: u32 = 60;
/// How many of its addresses are told.
const GARDEN_ADDRESSES: usize = 4;
/// What Windows expects behind `dns.msftncsi.com`, always.
const NCSI: [u8; 4] = [131, 107, 255, 255];
/// Room that an answer may need, in bytes.
pub const ANSWER: usize = wire::dns::reply::MAX;

/// What the answers depend on.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Visitors' network.
    pub range: Range,
    /// What captured names resolve to.
    pub capture: Ipv4Addr,
    /// The box's names in wire form, lower case; the first one is what its address is called.
    own: Vec<Vec<u8>>,
    /// Names of the walled garden in wire form, with their addresses.
    garden: Vec<(Vec<u8>, Vec<Ipv4Addr>)>,
}

impl Zone {
    /// A zone with these own names; a name that cannot be one is left out. `p2p.local` is always the first.
    pub fn new<'a>(range: Range, capture: Ipv4Addr, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut own = Vec::new();
        for wire in std::iter::once("p2p.local").chain(names).filter_map(name::from_text) {
            if !own.contains(&wire) {
                own.push(wire);
            }
        }
        Self { range, capture, own, garden: Vec::new() }
    }

    /// What the names of the walled garden resolve to now; a name without addresses is captured like any other.
    pub fn set_garden<'a>(&mut self, names: impl IntoIterator<Item = (&'a str, Vec<Ipv4Addr>)>) {
        let wire = |(name, addresses): (&str, Vec<Ipv4Addr>)| Some((name::from_text(name)?, addresses));
        self.garden = names.into_iter().filter_map(wire).filter(|(_, addresses)| !addresses.is_empty()).collect();
    }

    /// The box's names in wire form.
    pub fn own_names(&self) -> &[Vec<u8>] {
        &self.own
    }
}

/// Answers one message: the number of bytes written to `out` ([`ANSWER`] at least), 0 for silence.
pub fn answer(zone: &Zone, message: &[u8], out: &mut [u8]) -> usize {
    let query = match query::parse(message) {
        Ok(query) => query,
        Err(Reject::Silence) => return 0,
        Err(Reject::NotImp { id, flags }) => return Writer::refuse(out, id, flags, Rcode::NotImp),
        Err(Reject::FormErr { id, flags }) => return Writer::refuse(out, id, flags, Rcode::FormErr),
    };
    if query.edns.is_some_and(|edns| edns.version > 0) {
        return Writer::answer(out, &query, Rcode::BadVers).finish(query.edns);
    }
    if query.class != CLASS_IN {
        return Writer::answer(out, &query, Rcode::Refused).finish(query.edns);
    }
    let mut lower = [0; name::MAX];
    let lower = &mut lower[..query.name.len()];
    lower.copy_from_slice(query.name);
    // Length bytes are below 64, so they are not letters.
    lower.make_ascii_lowercase();
    decide(zone, lower, &query, out)
}

/// Names that only a system's own check of the network asks for. Where everybody may go out, they stay captured until the phone has
/// met the portal, or its window would never open; nothing else that a person wants is behind them.
const PROBES: [&[u8]; 14] = [
    b"\x11connectivitycheck\x07gstatic\x03com\0",
    b"\x11connectivitycheck\x07android\x03com\0",
    b"\x11connectivitycheck\x0agrapheneos\x07network\0",
    b"\x11connectivitycheck\x08platform\x07hicloud\x03com\0",
    b"\x0cconnectivity\x07samsung\x03com\x02cn\0",
    b"\x07connect\x03rom\x04miui\x03com\0",
    b"\x04wifi\x04vivo\x03com\x02cn\0",
    b"\x07captive\x05apple\x03com\0",
    b"\x03www\x0fmsftconnecttest\x03com\0",
    b"\x03www\x08msftncsi\x03com\0",
    b"\x07nmcheck\x05gnome\x03org\0",
    b"\x12connectivity-check\x06ubuntu\x03com\0",
    b"\x0cdetectportal\x07firefox\x03com\0",
    b"\x04ping\x09archlinux\x03org\0",
];

/// Is this a question that the real internet is to answer, for a phone that the gate lets through? `greeted`: it has met the portal.
///
/// Own names, those that must not exist, and IPv6 addresses, which lead nowhere here, are answered by [`answer`] for everybody.
pub fn leads_out(zone: &Zone, message: &[u8], greeted: bool) -> bool {
    let Ok(query) = query::parse(message) else { return false };
    if query.class != CLASS_IN || query.kind == kind::AAAA || query.edns.is_some_and(|edns| edns.version > 0) {
        return false;
    }
    let lower = query.name.to_ascii_lowercase();
    matches!(names::place(zone, &lower), Place::Foreign | Place::Ncsi) && (greeted || !PROBES.contains(&lower.as_slice()))
}

fn decide(zone: &Zone, lower: &[u8], query: &Query<'_>, out: &mut [u8]) -> usize {
    let place = names::place(zone, lower);
    if place == Place::Foreign
        && query.kind == kind::A
        && let Some((_, addresses)) = zone.garden.iter().find(|(name, _)| name == lower)
    {
        let mut writer = Writer::answer(out, query, Rcode::NoError);
        addresses.iter().take(GARDEN_ADDRESSES).for_each(|ip| writer.record(GARDEN_TTL, &Data::A(ip.octets())));
        return writer.finish(query.edns);
    }
    let address = match place {
        Place::Own => Some((OWN_TTL, zone.range.own().octets())),
        Place::Ncsi => Some((TTL, NCSI)),
        Place::Foreign => Some((TTL, zone.capture.octets())),
        Place::Empty => None,
        Place::Nowhere => {
            let mut writer = Writer::answer(out, query, Rcode::NxDomain);
            writer.soa(TTL);
            return writer.finish(query.edns);
        }
        Place::Reverse(ip) => {
            let mut writer = Writer::answer(out, query, Rcode::NoError);
            if matches!(query.kind, kind::PTR | kind::ANY) {
                let (mut buffer, own) = ([0; name::MAX], &zone.own[0]);
                writer.record(OWN_TTL, &Data::Ptr(names::reverse(zone, ip, own, &mut buffer)));
            } else {
                writer.soa(TTL);
            }
            return writer.finish(query.edns);
        }
    };
    let mut writer = Writer::answer(out, query, Rcode::NoError);
    match (address, query.kind) {
        (Some((ttl, address)), kind::A) => writer.record(ttl, &Data::A(address)),
        (Some((ttl, _)), kind::ANY) => writer.record(ttl, &Data::HinfoRfc8482),
        _ => writer.soa(TTL),
    }
    writer.finish(query.edns)
}

#[cfg(test)]
mod tests;
