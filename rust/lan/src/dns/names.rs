//! Which row of the table a name belongs to.

use std::io::Write;
use std::net::Ipv4Addr;

use wire::dns::name;

use super::Zone;

/// What a name is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The box.
    Own,
    /// Windows's check of name resolution.
    Ncsi,
    /// Somewhere on the internet: captured.
    Foreign,
    /// There, but without any record.
    Empty,
    /// Not there.
    Nowhere,
    /// An address of ours, or in our range, asked backwards.
    Reverse(Ipv4Addr),
}

/// Names that must not exist, so that a client gives up its own way of resolving (RFC 9462 has its own row).
const CANARIES: [&[u8]; 3] = [b"\x13use-application-dns\x03net\0", b"\x04mask\x06icloud\x03com\0", b"\x07mask-h2\x06icloud\x03com\0"];
const NCSI: &[u8] = b"\x03dns\x08msftncsi\x03com\0";

/// Finds a lower-case name's place.
pub fn place(zone: &Zone, lower: &[u8]) -> Place {
    if zone.own.iter().any(|own| own == lower) {
        return Place::Own;
    }
    let first = usize::from(lower[0]);
    if first == 0 {
        return Place::Empty;
    }
    let single = lower.get(first + 1) == Some(&0);
    if single
        || lower[1..=first].starts_with(b"wpad")
        || ends_with(lower, b"\x05local\0")
        || ends_with(lower, b"\x05onion\0")
        || ends_with(lower, b"\x07invalid\0")
    {
        return Place::Nowhere;
    }
    if ends_with(lower, b"\x04arpa\0") {
        return arpa(zone, lower);
    }
    if CANARIES.contains(&lower) {
        return Place::Nowhere;
    }
    if lower == NCSI { Place::Ncsi } else { Place::Foreign }
}

/// Whether a name ends with these whole labels.
fn ends_with(lower: &[u8], suffix: &[u8]) -> bool {
    let Some(start) = lower.len().checked_sub(suffix.len()) else { return false };
    if &lower[start..] != suffix {
        return false;
    }
    // The bytes are the same; they are the same labels only if one begins just there.
    let mut at = 0;
    while at < start {
        at += usize::from(lower[at]) + 1;
    }
    at == start
}

fn arpa(zone: &Zone, lower: &[u8]) -> Place {
    if ends_with(lower, b"\x08resolver\x04arpa\0") {
        return Place::Empty;
    }
    if ends_with(lower, b"\x07in-addr\x04arpa\0") {
        return in_addr(zone, lower);
    }
    if ends_with(lower, b"\x03ip6\x04arpa\0") {
        // Unique local fc00::/7 and link-local fe80::/10 are nobody's business here.
        let mut tail = [0; 3];
        for label in name::labels(lower).filter(|label| label.len() == 1) {
            tail = [label[0], tail[0], tail[1]];
        }
        let private = matches!(tail, [b'f', b'c' | b'd', _] | [b'f', b'e', b'8'..=b'b']);
        return if private { Place::Nowhere } else { Place::Empty };
    }
    Place::Foreign
}

/// `4.3.2.1.in-addr.arpa` is 1.2.3.4; fewer labels are a network, which has no record, and more are nonsense under it.
fn in_addr(zone: &Zone, lower: &[u8]) -> Place {
    let (mut octets, mut count) = ([0u8; 4], 0);
    let total = name::labels(lower).count().saturating_sub(2);
    for label in name::labels(lower).take(total).skip(total.saturating_sub(4)) {
        let Some(number) = std::str::from_utf8(label).ok().and_then(|t| t.parse().ok()) else { return Place::Empty };
        octets = [number, octets[0], octets[1], octets[2]];
        count += 1;
    }
    let ip = Ipv4Addr::from(octets);
    if count == 4 && (zone.range.contains(ip) || ip == zone.capture) {
        return if total == 4 { Place::Reverse(ip) } else { Place::Nowhere };
    }
    if is_private(ip) && !(count < 4 && u32::from(zone.range.network()) & prefix(count) == u32::from(ip)) {
        Place::Nowhere
    } else {
        Place::Empty
    }
}

fn prefix(octets: u32) -> u32 {
    u32::MAX.checked_shl(32 - octets * 8).unwrap_or(0)
}

/// Addresses that mean something only inside some network (RFC 6303, 6761).
fn is_private(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_private() || ip.is_link_local() || ip.is_loopback() || (a == 100 && b & 0xc0 == 64) || (a == 0 && b != 0)
}

/// The name of an address: the box's own, or the address spelt out before it.
pub fn reverse<'a>(zone: &Zone, ip: Ipv4Addr, own: &'a [u8], buffer: &'a mut [u8; name::MAX]) -> &'a [u8] {
    if ip == zone.range.own() || ip == zone.capture {
        return own;
    }
    let [a, b, c, d] = ip.octets();
    let mut rest = &mut buffer[1..];
    let room = rest.len();
    if write!(rest, "{a}-{b}-{c}-{d}").is_err() {
        return own;
    }
    let label = room - rest.len();
    let end = label + 1 + own.len();
    if end > buffer.len() {
        return own;
    }
    buffer[0] = u8::try_from(label).unwrap_or(0);
    buffer[label + 1..end].copy_from_slice(own);
    &buffer[..end]
}
