//! Who has tapped Continue since joining: in memory, bounded, forgotten at power-off as phones forget too.

use std::collections::HashMap;
use std::net::Ipv4Addr;

/// Who an address is, as netd tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The phone with this MAC address, in its `join`-th stay.
    Known {
        /// Its MAC address.
        mac: [u8; 6],
        /// Counts its joins: a renewal of the lease is none.
        join: u64,
    },
    /// netd is silent or does not know the address.
    Unknown,
}

/// The phones that have continued.
#[derive(Debug)]
pub struct Continued {
    limit: usize,
    ticks: u64,
    phones: HashMap<Ipv4Addr, (Identity, u64)>,
}

impl Continued {
    /// Remembers at most `limit` phones; the one not seen for longest goes first.
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), ticks: 0, phones: HashMap::new() }
    }

    /// Marks a phone.
    pub fn mark(&mut self, ip: Ipv4Addr, who: Identity) {
        self.ticks += 1;
        if self.phones.len() >= self.limit && !self.phones.contains_key(&ip) {
            // Rare, and a few thousand entries: a scan is cheaper than an ordered index on every request.
            if let Some(oldest) = self.phones.iter().min_by_key(|(_, (_, seen))| *seen).map(|(ip, _)| *ip) {
                self.phones.remove(&oldest);
            }
        }
        self.phones.insert(ip, (who, self.ticks));
    }

    /// Has this phone continued in this stay? A new join, or another phone on the same address, has not.
    ///
    /// While nobody can tell who the address is, its word of before counts: the portal depends on no other daemon.
    pub fn has(&mut self, ip: Ipv4Addr, who: Identity) -> bool {
        self.ticks += 1;
        let Some((stored, seen)) = self.phones.get_mut(&ip) else { return false };
        *seen = self.ticks;
        match (*stored, who) {
            (_, Identity::Unknown) => true,
            (Identity::Unknown, known) => {
                *stored = known;
                true
            }
            (before, now) if before == now => true,
            _ => {
                self.phones.remove(&ip);
                false
            }
        }
    }

    /// Is anybody remembered on this address? If not, there is no need to ask who it is.
    pub fn knows(&self, ip: Ipv4Addr) -> bool {
        self.phones.contains_key(&ip)
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.phones.len()
    }

    /// Is nobody remembered?
    pub fn is_empty(&self) -> bool {
        self.phones.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 7);

    fn phone(last: u8, join: u64) -> Identity {
        Identity::Known { mac: [2, 0, 0, 0, 0, last], join }
    }

    #[test]
    fn a_new_join_or_another_phone_starts_captive() {
        let mut continued = Continued::new(8);
        assert!(!continued.has(A, phone(1, 1)));
        continued.mark(A, phone(1, 1));
        assert!(continued.has(A, phone(1, 1)));
        assert!(!continued.has(A, phone(1, 2)));
        assert!(!continued.has(A, phone(1, 1)), "forgotten for good");
        continued.mark(A, phone(1, 2));
        assert!(!continued.has(A, phone(2, 1)));
    }

    #[test]
    fn a_silent_netd_costs_nobody_their_continue() {
        let mut continued = Continued::new(8);
        continued.mark(A, phone(1, 1));
        assert!(continued.has(A, Identity::Unknown));
        assert!(continued.has(A, phone(1, 1)));
        continued.mark(A, Identity::Unknown);
        assert!(continued.has(A, phone(3, 1)), "netd came back");
        assert!(!continued.has(A, phone(3, 2)));
    }

    #[test]
    fn memory_is_bounded_and_the_longest_unseen_goes() {
        let mut continued = Continued::new(2);
        let ip = |n| Ipv4Addr::new(10, 42, 0, n);
        continued.mark(ip(1), phone(1, 1));
        continued.mark(ip(2), phone(2, 1));
        assert!(continued.has(ip(1), phone(1, 1)));
        continued.mark(ip(3), phone(3, 1));
        assert_eq!(continued.len(), 2);
        assert!(continued.has(ip(1), phone(1, 1)) && !continued.has(ip(2), phone(2, 1)));
    }
}
