//! Who may hold a connection: a cap per address and in all, and whose goes first when there is no room.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Connections of one address at most; a browser opens six, some phones a dozen.
pub const PER_ADDRESS: usize = 32;
/// Connections in all; two for each of 250 phones.
pub const IN_ALL: usize = 512;

/// What a connection is doing, written by its task and read here.
#[derive(Debug, Default)]
pub struct Activity {
    /// A request is being answered (else the next one is awaited).
    pub serving: AtomicBool,
    /// When bytes last went out or a whole request came in, in milliseconds since start. Bytes that come in do not
    /// count: a byte every ten seconds is no reason to be kept.
    pub moved_ms: AtomicU64,
}

/// A connection's place in the table, with what ends it.
#[derive(Debug)]
struct Slot<End> {
    ip: Ipv4Addr,
    activity: Arc<Activity>,
    end: End,
}

/// The table.
#[derive(Debug)]
pub struct Slots<End> {
    next: u64,
    open: HashMap<u64, Slot<End>>,
    per_address: HashMap<Ipv4Addr, usize>,
}

impl<End> Slots<End> {
    /// An empty table.
    pub fn new() -> Self {
        Self { next: 0, open: HashMap::new(), per_address: HashMap::new() }
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Enters a new connection and returns its number, with the one that must end to make room for it.
    ///
    /// An address at its cap gives up its own longest-idle connection; when all places are taken, the address with the most
    /// connections does. So a crowd of idle connections costs its owner, never an honest phone.
    pub fn enter(&mut self, ip: Ipv4Addr, activity: Arc<Activity>, end: End) -> (u64, Option<End>) {
        let greedy = if self.per_address.get(&ip).is_some_and(|&n| n >= PER_ADDRESS) {
            Some(ip)
        } else if self.open.len() >= IN_ALL {
            self.per_address.iter().max_by_key(|(_, n)| **n).map(|(ip, _)| *ip)
        } else {
            None
        };
        let evicted = greedy.and_then(|ip| self.idlest(ip)).and_then(|id| self.leave(id));
        let id = self.next;
        self.next += 1;
        self.open.insert(id, Slot { ip, activity, end });
        *self.per_address.entry(ip).or_default() += 1;
        (id, evicted)
    }

    /// The connection of an address that moved nothing for longest; those that wait for a request first.
    fn idlest(&self, ip: Ipv4Addr) -> Option<u64> {
        let key = |slot: &Slot<End>| (slot.activity.serving.load(Ordering::Relaxed), slot.activity.moved_ms.load(Ordering::Relaxed));
        self.open.iter().filter(|(_, slot)| slot.ip == ip).min_by_key(|(id, slot)| (key(slot), **id)).map(|(id, _)| *id)
    }

    /// A connection has ended, or is made to.
    pub fn leave(&mut self, id: u64) -> Option<End> {
        let slot = self.open.remove(&id)?;
        if let Some(n) = self.per_address.get_mut(&slot.ip) {
            *n -= 1;
            if *n == 0 {
                self.per_address.remove(&slot.ip);
            }
        }
        Some(slot.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(serving: bool, moved_ms: u64) -> Arc<Activity> {
        Arc::new(Activity { serving: serving.into(), moved_ms: moved_ms.into() })
    }

    #[test]
    fn an_address_at_its_cap_pays_with_its_own() {
        let (mallory, honest) = (Ipv4Addr::new(10, 42, 0, 66), Ipv4Addr::new(10, 42, 0, 7));
        let mut slots = Slots::new();
        slots.enter(honest, activity(false, 0), 1000);
        slots.enter(mallory, activity(true, 1), 0);
        for n in 1..PER_ADDRESS {
            assert_eq!(slots.enter(mallory, activity(false, 100 - n as u64), n).1, None);
        }
        let (_, evicted) = slots.enter(mallory, activity(false, 500), 99);
        assert_eq!(evicted, Some(PER_ADDRESS - 1), "the longest idle that is not being served");
        assert_eq!(slots.len(), PER_ADDRESS + 1);
    }

    #[test]
    fn when_full_the_greediest_pays() {
        let mut slots = Slots::new();
        let ip = |n: usize| Ipv4Addr::from(0x0a2a_0000 + u32::try_from(n).unwrap());
        for n in 0..IN_ALL {
            // 17 addresses with 30 each, and two honest ones.
            slots.enter(ip(if n < 2 { 1000 + n } else { n % 17 }), activity(false, n as u64), n);
        }
        let (_, evicted) = slots.enter(ip(2000), activity(false, 9999), 5000);
        assert!(evicted.is_some_and(|n| n >= 2));
        assert_eq!(slots.len(), IN_ALL);
    }

    #[test]
    fn leaving_frees_the_place() {
        let ip = Ipv4Addr::LOCALHOST;
        let mut slots = Slots::new();
        let (id, _) = slots.enter(ip, activity(false, 0), ());
        assert!(slots.leave(id).is_some() && slots.leave(id).is_none());
        assert!(slots.per_address.is_empty());
    }
}
