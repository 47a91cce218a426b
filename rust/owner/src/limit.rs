//! How often one may try to log in: by address, so that a stranger who tries without end keeps nobody else out.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Tries that an address has at hand.
const BURST: u32 = 5;
/// One more after so long: 1,440 a day, of the 10^12 that a setup code needs.
const REFILL: Duration = Duration::from_secs(60);
/// Addresses that are remembered.
const MAX_ADDRESSES: usize = 4096;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// When it will be full again.
    full_at: Duration,
}

/// The tries of all addresses.
#[derive(Debug, Default)]
pub struct Limit {
    buckets: HashMap<Ipv4Addr, Bucket>,
    wrong: u64,
}

impl Limit {
    /// May this address try now? It is counted as wrong until [`Limit::right`] is told.
    pub fn attempt(&mut self, now: Duration, ip: Ipv4Addr) -> Result<(), Duration> {
        if self.buckets.len() >= MAX_ADDRESSES && !self.buckets.contains_key(&ip) {
            self.buckets.retain(|_, b| b.full_at > now);
            if self.buckets.len() >= MAX_ADDRESSES {
                return Err(REFILL);
            }
        }
        let bucket = self.buckets.entry(ip).or_insert(Bucket { full_at: now });
        let full_at = bucket.full_at.max(now) + REFILL;
        let wait = full_at.saturating_sub(now + REFILL * BURST);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        bucket.full_at = full_at;
        self.wrong += 1;
        Ok(())
    }

    /// The last try of this address was right: it has all its tries again.
    pub fn right(&mut self, ip: Ipv4Addr) {
        self.buckets.remove(&ip);
        self.wrong = self.wrong.saturating_sub(1);
    }

    /// Wrong or broken-off logins since the program started.
    pub fn wrong(&self) -> u64 {
        self.wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 66);
    const OWNER: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 7);

    #[test]
    fn ten_thousand_a_minute_change_nothing_for_the_owner() {
        let mut limit = Limit::default();
        let tries = (0..10_000u64).filter(|n| limit.attempt(Duration::from_millis(n * 6), STRANGER).is_ok()).count();
        assert_eq!(tries, 5);
        assert!(limit.attempt(Duration::from_secs(60), OWNER).is_ok());
        limit.right(OWNER);
        assert_eq!(limit.wrong(), 5);
        assert!(limit.attempt(Duration::from_secs(61), STRANGER).is_ok(), "one more a minute");
        assert_eq!(limit.attempt(Duration::from_secs(61), STRANGER), Err(Duration::from_secs(59)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut limit = Limit::default();
        let ip = |n: u32| Ipv4Addr::from(0x0a2a_0000 + n);
        for n in 0..10_000 {
            let _ = limit.attempt(Duration::from_secs(1), ip(n));
        }
        assert_eq!(limit.buckets.len(), MAX_ADDRESSES);
        assert!(limit.attempt(Duration::from_secs(1000), ip(9999)).is_ok(), "the old ones are forgotten when they are full again");
    }
}
