//! Addresses and who has them.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::time::Duration;

use config::Range;
use wire::dhcp::{Mac, Request};

/// Addresses that are leased at most, however wide the range: bounds memory and the time of a scan.
const MAX_POOL: u32 = 4096;
/// Addresses that one source may have in quarantine.
const QUARANTINE_EACH: usize = 4;
/// Host names are cut to this many characters.
const MAX_HOST: usize = 63;

/// Who a client is: what it calls itself (61), else its hardware address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Option 61.
    Id(Box<[u8]>),
    /// `chaddr`.
    Mac(Mac),
}

impl Key {
    /// The key of a message's sender.
    pub fn of(request: &Request) -> Self {
        if request.client_id.is_empty() { Self::Mac(request.chaddr) } else { Self::Id(request.client_id.as_slice().into()) }
    }
}

/// What an address is doing; one without a state is Free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Promised to a client until then.
    Offered {
        /// End of the promise.
        until: Duration,
    },
    /// Leased.
    Bound {
        /// End of the lease.
        until: Duration,
    },
    /// Was leased; kept for its client while there is room.
    Expired,
    /// Somebody else was found on it.
    Quarantined {
        /// Until then it is not used.
        until: Duration,
    },
}

/// An address in use.
#[derive(Debug)]
pub struct Slot {
    pub key: Key,
    pub mac: Mac,
    /// The source of the client's frames.
    pub from: Mac,
    pub host: String,
    pub state: State,
    pub joins: u32,
    pub join_xid: Option<u32>,
    /// It renewed or answered ARP: somebody is there.
    pub alive: bool,
    pub touched: Duration,
}

/// A lease as others may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its address.
    pub ip: Ipv4Addr,
    /// Its client's hardware address.
    pub mac: Mac,
    /// What the client calls itself: letters, digits, `-`, `_` and `.` only; may be empty.
    pub host: String,
    /// End of the lease.
    pub until: Duration,
    /// How often the client joined.
    pub joins: u32,
}

/// All addresses.
#[derive(Debug)]
pub struct Table {
    range: Range,
    slots: BTreeMap<Ipv4Addr, Slot>,
    by_key: HashMap<Key, Ipv4Addr>,
    /// Unused addresses that a probe found silent, and when.
    silent: BTreeMap<Ipv4Addr, Duration>,
}

impl Table {
    pub fn new(range: Range) -> Self {
        Self { range, slots: BTreeMap::new(), by_key: HashMap::new(), silent: BTreeMap::new() }
    }

    /// Every address that can be leased: all but the network's, the box's and the broadcast one.
    fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        let (first, end) = (u32::from(self.range.own()) + 1, u32::from(self.range.broadcast()));
        (first..end.min(first + MAX_POOL)).map(Ipv4Addr::from)
    }

    pub fn pool(&self) -> usize {
        self.addresses().count()
    }

    pub fn contains(&self, ip: Ipv4Addr) -> bool {
        let (first, end) = (u32::from(self.range.own()) + 1, u32::from(self.range.broadcast()));
        (first..end.min(first + MAX_POOL)).contains(&u32::from(ip))
    }

    pub fn of(&self, key: &Key) -> Option<Ipv4Addr> {
        self.by_key.get(key).copied()
    }

    pub fn slot(&self, ip: Ipv4Addr) -> Option<&Slot> {
        self.slots.get(&ip)
    }

    pub fn slot_mut(&mut self, ip: Ipv4Addr) -> Option<&mut Slot> {
        self.slots.get_mut(&ip)
    }

    pub fn slots(&self) -> impl Iterator<Item = (&Ipv4Addr, &Slot)> {
        self.slots.iter()
    }

    pub fn is_offered(&self, ip: Ipv4Addr) -> bool {
        self.slots.get(&ip).is_some_and(|s| matches!(s.state, State::Offered { .. }))
    }

    /// Gives an address to a client, whoever had it before; a client keeps what is known about it.
    pub fn take(&mut self, ip: Ipv4Addr, key: Key, mac: Mac, from: Mac) -> &mut Slot {
        self.silent.remove(&ip);
        if self.slots.get(&ip).is_some_and(|slot| slot.key != key) {
            self.free(ip);
        }
        self.by_key.insert(key.clone(), ip);
        let slot = self.slots.entry(ip).or_insert_with(|| Slot {
            key,
            mac,
            from,
            host: String::new(),
            state: State::Expired,
            joins: 0,
            join_xid: None,
            alive: false,
            touched: Duration::ZERO,
        });
        slot.mac = mac;
        slot.from = from;
        slot
    }

    /// Forgets an address's client.
    pub fn free(&mut self, ip: Ipv4Addr) -> Option<Slot> {
        let slot = self.slots.remove(&ip)?;
        if self.by_key.get(&slot.key) == Some(&ip) {
            self.by_key.remove(&slot.key);
        }
        Some(slot)
    }

    /// Keeps an address out of use. One source's fifth frees its first, and all of them are a quarter of the pool at
    /// most: nobody can decline the pool away.
    pub fn quarantine(&mut self, ip: Ipv4Addr, by: Mac, until: Duration, now: Duration) {
        self.free(ip);
        self.silent.remove(&ip);
        self.make_room(QUARANTINE_EACH, |slot| slot.from == by);
        self.make_room((self.pool() / 4).max(1), |_| true);
        let state = State::Quarantined { until };
        let key = Key::Id(ip.octets().as_slice().into());
        self.slots
            .insert(ip, Slot { key, mac: by, from: by, host: String::new(), state, joins: 0, join_xid: None, alive: false, touched: now });
    }

    fn make_room(&mut self, limit: usize, of: impl Fn(&Slot) -> bool) {
        let quarantined = |slot: &&Slot| matches!(slot.state, State::Quarantined { .. }) && of(slot);
        while self.slots.values().filter(quarantined).count() >= limit {
            let oldest = self.slots.iter().filter(|(_, slot)| quarantined(slot)).min_by_key(|(_, slot)| slot.touched).map(|(ip, _)| *ip);
            let Some(ip) = oldest else { return };
            self.slots.remove(&ip);
        }
    }

    /// Addresses that nobody has or had.
    pub fn unused(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.addresses().filter(|ip| !self.slots.contains_key(ip))
    }

    pub fn mark_silent(&mut self, ip: Ipv4Addr, now: Duration) {
        self.silent.insert(ip, now);
    }

    pub fn forget_silent(&mut self, ip: Ipv4Addr) {
        self.silent.remove(&ip);
    }

    pub fn silent_since(&self, ip: Ipv4Addr) -> Option<Duration> {
        self.silent.get(&ip).copied()
    }

    /// An unused address that was found silent after `since`.
    pub fn unused_silent(&self, since: Duration) -> Option<Ipv4Addr> {
        self.silent.iter().find(|(_, at)| **at >= since).map(|(ip, _)| *ip)
    }

    /// What to take when nothing is unused: the expired lease that was used least recently, else the oldest offer that
    /// had `grace` to be accepted, else the oldest offer.
    pub fn reclaimable(&self, now: Duration, grace: Duration) -> Option<Ipv4Addr> {
        let rank = |slot: &Slot| match slot.state {
            State::Expired => Some(0),
            State::Offered { .. } if slot.touched + grace <= now => Some(1),
            State::Offered { .. } => Some(2),
            _ => None,
        };
        self.slots.iter().filter_map(|(ip, slot)| Some(((rank(slot)?, slot.touched), *ip))).min().map(|(_, ip)| ip)
    }

    /// Bound addresses, those without a sign of life first, then by age.
    pub fn bound_by_doubt(&self, count: usize) -> Vec<Ipv4Addr> {
        let bound = self.slots.iter().filter(|(_, slot)| matches!(slot.state, State::Bound { .. }));
        let mut all: Vec<_> = bound.map(|(ip, slot)| (slot.alive, slot.touched, *ip)).collect();
        all.sort_unstable();
        all.into_iter().take(count).map(|(_, _, ip)| ip).collect()
    }

    /// If a source has `limit` clients or more that are not itself, the one used least recently.
    pub fn oldest_behind(&self, from: Mac, limit: usize) -> Option<Ipv4Addr> {
        let behind = || self.slots.iter().filter(|(_, s)| s.from == from && s.mac != from && !matches!(s.state, State::Quarantined { .. }));
        if behind().count() < limit {
            return None;
        }
        behind().min_by_key(|(_, s)| s.touched).map(|(ip, _)| *ip)
    }

    /// Ends what is over; true if a lease was among it.
    pub fn expire(&mut self, now: Duration) -> bool {
        if self.deadline().is_none_or(|at| at > now) {
            return false;
        }
        let (mut over, mut leases) = (Vec::new(), false);
        for (ip, slot) in &mut self.slots {
            match slot.state {
                State::Bound { until } if until <= now => {
                    slot.state = State::Expired;
                    leases = true;
                }
                // An offer to somebody who was here before goes back to being kept for them.
                State::Offered { until } if until <= now && slot.joins > 0 => slot.state = State::Expired,
                State::Offered { until } | State::Quarantined { until } if until <= now => over.push(*ip),
                _ => {}
            }
        }
        for ip in over {
            self.free(ip);
        }
        leases
    }

    pub fn deadline(&self) -> Option<Duration> {
        self.slots
            .values()
            .filter_map(|slot| match slot.state {
                State::Bound { until } | State::Offered { until } | State::Quarantined { until } => Some(until),
                State::Expired => None,
            })
            .min()
    }

    pub fn entry(&self, ip: Ipv4Addr) -> Option<Entry> {
        let slot = self.slots.get(&ip)?;
        let State::Bound { until } = slot.state else { return None };
        Some(Entry { ip, mac: slot.mac, host: slot.host.clone(), until, joins: slot.joins })
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.slots.keys().filter_map(|ip| self.entry(*ip)).collect()
    }
}

/// A host name that can be shown anywhere: letters and digits of any script, `-`, `_` and `.`; `None` if nothing is left.
pub fn clean_host(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let clean: String = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')).take(MAX_HOST).collect();
    (!clean.is_empty()).then_some(clean)
}
