//! Who is associated, and who took the last place.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// A station's hardware address.
pub type Mac = [u8; 6];

/// The stations of the access point.
#[derive(Clone, Debug, Default)]
pub struct Stations {
    joined: BTreeMap<Mac, Duration>,
    limit: u32,
    took_last: Option<Mac>,
}

/// A station as `GET /stations` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Lower-case hexadecimal with colons.
    pub mac: String,
    /// Seconds since it joined.
    pub since_s: u64,
    /// It took the last place, and the box is still full.
    pub last: bool,
}

impl Stations {
    /// Nobody yet, with room for `limit`.
    pub fn new(limit: u32) -> Self {
        Self { limit, ..Self::default() }
    }

    /// A station is in.
    pub fn join(&mut self, mac: Mac, now: Duration) {
        // hostapd holds the limit; this only bounds our memory should it ever fail to.
        if self.joined.len() >= 2 * self.limit as usize + 16 && !self.joined.contains_key(&mac) {
            return;
        }
        let was_full = self.full();
        let is_new = self.joined.insert(mac, now).is_none();
        if is_new && self.full() && !was_full {
            self.took_last = Some(mac);
        }
    }

    /// A station is out.
    pub fn leave(&mut self, mac: Mac) {
        self.joined.remove(&mac);
        if !self.full() {
            self.took_last = None;
        }
    }

    /// Makes the list what the kernel says: `(address, seconds since it joined)`.
    pub fn correct(&mut self, real: &[(Mac, Option<u32>)], now: Duration) {
        let gone: Vec<Mac> = self.joined.keys().copied().filter(|mac| !real.iter().any(|(r, _)| r == mac)).collect();
        gone.into_iter().for_each(|mac| self.leave(mac));
        let since = |s: Option<u32>| now.saturating_sub(Duration::from_secs(s.unwrap_or(0).into()));
        let mut new: Vec<(Duration, Mac)> =
            real.iter().filter(|(mac, _)| !self.joined.contains_key(mac)).map(|(mac, s)| (since(*s), *mac)).collect();
        new.sort_unstable();
        new.into_iter().for_each(|(at, mac)| self.join(mac, at));
    }

    /// How many are in.
    pub fn len(&self) -> usize {
        self.joined.len()
    }

    /// Nobody is in.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty()
    }

    /// How many may be in.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Nobody more may come in.
    pub fn full(&self) -> bool {
        self.limit > 0 && self.joined.len() >= self.limit as usize
    }

    /// All, by address.
    pub fn rows(&self, now: Duration) -> Vec<Row> {
        let row = |(mac, since): (&Mac, &Duration)| Row {
            mac: wire::hostapd::format_mac(*mac),
            since_s: now.saturating_sub(*since).as_secs(),
            last: self.took_last == Some(*mac),
        };
        self.joined.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn mac(n: u8) -> Mac {
        [2, 0, 0, 0, n, 0]
    }

    fn last(stations: &Stations) -> Vec<String> {
        stations.rows(at(100)).into_iter().filter(|r| r.last).map(|r| r.mac).collect()
    }

    #[test]
    fn the_last_place() {
        let mut s = Stations::new(2);
        s.join(mac(1), at(1));
        assert!(!s.full() && last(&s).is_empty());
        s.join(mac(2), at(2));
        assert!(s.full());
        assert_eq!(last(&s), ["02:00:00:00:02:00"]);
        // Renewing an association changes nothing.
        s.join(mac(1), at(3));
        assert_eq!(last(&s), ["02:00:00:00:02:00"]);
        s.leave(mac(1));
        assert!(!s.full() && last(&s).is_empty());
        s.join(mac(3), at(4));
        assert_eq!(last(&s), ["02:00:00:00:03:00"]);
        s.leave(mac(3));
        assert!(last(&s).is_empty());
        s.leave(mac(9));
        assert_eq!(s.len(), 1);
    }

    #[test]
    fn corrected_by_the_kernel() {
        let mut s = Stations::new(2);
        s.join(mac(1), at(1));
        s.correct(&[(mac(3), Some(1)), (mac(2), Some(50))], at(100));
        let rows = s.rows(at(100));
        assert_eq!(rows.iter().map(|r| (r.since_s, r.last)).collect::<Vec<_>>(), [(50, false), (1, true)]);
        s.correct(&[], at(101));
        assert!(s.is_empty());
    }

    #[test]
    fn no_limit_means_never_full_and_memory_is_bounded() {
        let mut s = Stations::new(0);
        (0..200).for_each(|n| s.join(mac(n), at(0)));
        assert!(!s.full() && s.len() == 16);
    }
}
