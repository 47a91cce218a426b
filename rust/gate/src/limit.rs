//! How often a phone may be wrong: by address, so that one that guesses without end keeps nobody else out.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Tries that an address has at hand: people mistype.
const BURST: u32 = 6;
/// One more after so long.
const REFILL: Duration = Duration::from_secs(20);
/// Addresses that are remembered.
const MAX_ADDRESSES: usize = 4096;

/// When each address will have all its tries again.
#[derive(Debug, Default)]
pub struct Limit {
    full_at: HashMap<Ipv4Addr, Duration>,
    /// Wrong tries since the start, those that were not looked at too.
    pub wrong: u64,
}

impl Limit {
    /// May it try now? Else, how long to wait.
    pub fn ask(&mut self, now: Duration, ip: Ipv4Addr) -> Result<(), Duration> {
        let full_at = self.full_at.get(&ip).copied().unwrap_or_default().max(now);
        let wait = (full_at + REFILL).saturating_sub(now + REFILL * BURST);
        if wait > Duration::ZERO {
            self.wrong += 1;
            return Err(wait);
        }
        Ok(())
    }

    /// It was wrong.
    pub fn wrong(&mut self, now: Duration, ip: Ipv4Addr) {
        self.wrong += 1;
        self.spend(now, ip);
    }

    /// One try less.
    pub fn spend(&mut self, now: Duration, ip: Ipv4Addr) {
        if self.full_at.len() >= MAX_ADDRESSES && !self.full_at.contains_key(&ip) {
            self.full_at.retain(|_, at| *at > now);
            // The leases are fewer than that, except in ranges that nobody fills: then the oldest guess is forgiven.
            if let Some(oldest) = self.full_at.iter().min_by_key(|(_, at)| **at).map(|(ip, _)| *ip)
                && self.full_at.len() >= MAX_ADDRESSES
            {
                self.full_at.remove(&oldest);
            }
        }
        let full_at = self.full_at.entry(ip).or_default();
        *full_at = (*full_at).max(now) + REFILL;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_a_minute_are_six_and_three_and_nobody_else_waits() {
        let mut limit = Limit::default();
        let (guesser, other) = (Ipv4Addr::new(10, 42, 0, 66), Ipv4Addr::new(10, 42, 0, 7));
        let mut looked_at = 0;
        for n in 0..10_000u64 {
            let now = Duration::from_millis(n * 6);
            if limit.ask(now, guesser).is_ok() {
                looked_at += 1;
                limit.wrong(now, guesser);
            }
        }
        assert_eq!((looked_at, limit.wrong), (6 + 2, 10_000));
        assert_eq!(limit.ask(Duration::from_secs(60), other), Ok(()));
        assert!(limit.ask(Duration::from_secs(60), guesser).is_ok(), "one more after twenty seconds");
    }

    #[test]
    fn memory_is_bounded() {
        let mut limit = Limit::default();
        for n in 0..4200 {
            limit.wrong(Duration::from_secs(1), Ipv4Addr::from(0x0a2a_0000 + n));
        }
        assert_eq!(limit.full_at.len(), MAX_ADDRESSES);
    }
}
