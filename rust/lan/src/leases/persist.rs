//! Leases as text. A line a lease, `IP MAC ID LEFT JOINS HOST`: ID is option 61 in hexadecimal, or `-`; LEFT is what
//! remains of it in seconds, since there is no clock to name its end; HOST may be `-`.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::time::Duration;

use wire::dhcp::Mac;

use super::table::{Key, State, Table, clean_host};

const HEADER: &str = "hotspot-leases 1";

/// Writes all leases, those that are over too: their clients get the same address again.
pub fn save(table: &Table, now: Duration) -> String {
    let mut out = String::from(HEADER);
    out.push('\n');
    for (ip, slot) in table.slots() {
        let left = match slot.state {
            State::Bound { until } => until.saturating_sub(now).as_secs(),
            State::Expired => 0,
            State::Offered { .. } if slot.joins > 0 => 0,
            State::Offered { .. } | State::Quarantined { .. } => continue,
        };
        let id = match &slot.key {
            Key::Id(id) => hex(id),
            Key::Mac(_) => "-".into(),
        };
        let host = if slot.host.is_empty() { "-" } else { &slot.host };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{ip} {} {id} {left} {} {host}", mac_text(slot.mac), slot.joins);
    }
    out
}

/// Reads what [`save`] wrote into an empty table; anything else in it is skipped, line by line.
pub fn load(table: &mut Table, text: &str, now: Duration) {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return;
    }
    for line in lines.take(table.pool()) {
        let _ = load_line(table, line, now);
    }
}

fn load_line(table: &mut Table, line: &str, now: Duration) -> Option<()> {
    let fields: Vec<&str> = line.split(' ').collect();
    let [ip, mac, id, left, joins, host] = fields[..] else { return None };
    let (ip, mac): (Ipv4Addr, Mac) = (ip.parse().ok()?, parse_mac(mac)?);
    let key = if id == "-" { Key::Mac(mac) } else { Key::Id(unhex(id)?.into()) };
    let (left, joins): (u64, u32) = (left.parse().ok()?, joins.parse().ok()?);
    if !table.contains(ip) || table.slot(ip).is_some() || table.of(&key).is_some() {
        return None;
    }
    let slot = table.take(ip, key, mac, mac);
    slot.joins = joins.max(1);
    slot.host = if host == "-" { String::new() } else { clean_host(host.as_bytes()).unwrap_or_default() };
    slot.state = match Duration::from_secs(left).min(super::LEASE) {
        Duration::ZERO => State::Expired,
        left => State::Bound { until: now + left },
    };
    Some(())
}

/// `02:00:00:00:00:07`
pub fn mac_text(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

fn parse_mac(text: &str) -> Option<Mac> {
    let bytes: Option<Vec<u8>> = text.split(':').map(|part| u8::from_str_radix(part, 16).ok()).collect();
    bytes?.try_into().ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) || text.len() > 510 || text.len() < 4 {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}
