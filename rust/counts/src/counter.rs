//! From what other daemons count to days.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use crate::Day;
use crate::day::is_root;

/// Phones of one day that are told apart.
const MOST: usize = 100_000;

/// A look at the box, once a minute.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The date, or `undated`.
    pub date: String,
    /// The hour, 0 to 23.
    pub hour: u8,
    /// Minutes since the look before.
    pub minutes: u32,
    /// Hardware addresses of the phones that are here now.
    pub phones: Vec<[u8; 6]>,
    /// Bytes of content sent since the portal started.
    pub served: Option<u64>,
    /// Bytes from and to the internet since netd started.
    pub internet: Option<(u64, u64)>,
    /// How often each bundle was opened since the portal started.
    pub reads: BTreeMap<String, u64>,
}

/// Counts.
#[derive(Debug)]
pub struct Counter {
    /// The day so far.
    pub today: Day,
    /// What it had when the program started, or `undated` became a date.
    before: Day,
    secret: RandomState,
    phones: HashSet<u64>,
    hours: [HashSet<u64>; 24],
    served: u64,
    internet: (u64, u64),
    reads: BTreeMap<String, u64>,
}

impl Counter {
    /// Goes on with a day that was written down.
    pub fn new(today: Day) -> Self {
        Self {
            before: today.clone(),
            today,
            secret: RandomState::new(),
            phones: HashSet::new(),
            hours: Default::default(),
            served: 0,
            internet: (0, 0),
            reads: BTreeMap::new(),
        }
    }

    /// Takes a look; the day that ended with it, if one did. `saved` gives what was written down of a day that begins.
    pub fn look(&mut self, seen: &Seen, saved: impl FnOnce(&str) -> Option<Day>) -> Option<Day> {
        let ended = (seen.date != self.today.date).then(|| {
            let next = saved(&seen.date).unwrap_or_else(|| Day::new(&seen.date));
            // Another day, another secret: nobody is followed from one to the next.
            let reads = std::mem::take(&mut self.reads);
            let fresh = Self { served: self.served, internet: self.internet, reads, ..Self::new(next) };
            std::mem::replace(self, fresh).today
        });
        self.today.minutes = self.today.minutes.saturating_add(seen.minutes.min(10));
        let hour = usize::from(seen.hour.min(23));
        for mac in &seen.phones {
            if self.phones.len() < MOST {
                let hash = self.secret.hash_one(mac);
                self.phones.insert(hash);
                self.hours[hour].insert(hash);
            }
        }
        let count = |set: &HashSet<u64>| u32::try_from(set.len()).unwrap_or(u32::MAX);
        self.today.phones = self.before.phones.max(count(&self.phones));
        self.today.hours[hour] = self.before.hours[hour].max(count(&self.hours[hour]));
        // Less than before: that daemon started again and counts from zero.
        let grown = |old: &mut u64, new: u64| {
            let by = if new >= *old { new - *old } else { new };
            *old = new;
            by
        };
        if let Some(served) = seen.served {
            self.today.served = self.today.served.saturating_add(grown(&mut self.served, served));
            for (root, n) in seen.reads.iter().filter(|(root, _)| is_root(root)) {
                let by = grown(self.reads.entry(root.clone()).or_default(), *n);
                if by > 0 {
                    let reads = self.today.reads.entry(root.clone()).or_default();
                    *reads = reads.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
                }
            }
            self.reads.retain(|root, _| seen.reads.contains_key(root));
        }
        if let Some((down, up)) = seen.internet {
            self.today.internet.0 = self.today.internet.0.saturating_add(grown(&mut self.internet.0, down));
            self.today.internet.1 = self.today.internet.1.saturating_add(grown(&mut self.internet.1, up));
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(date: &str, hour: u8, phones: std::ops::Range<u8>) -> Seen {
        let phones = phones.map(|n| [2, 0, 0, 0, 0, n]).collect();
        Seen { date: date.into(), hour, minutes: 1, phones, ..Seen::default() }
    }

    #[test]
    fn a_phone_counts_once_a_day_and_once_an_hour() {
        let mut counter = Counter::new(Day::new("2026-11-30"));
        for minute in 0..60 {
            counter.look(&seen("2026-11-30", 9, 0..10 + minute / 30), |_| None);
        }
        counter.look(&seen("2026-11-30", 10, 5..15), |_| None);
        let day = &counter.today;
        assert_eq!((day.phones, day.hours[9], day.hours[10], day.hours[11], day.minutes), (15, 11, 10, 0, 61));
    }

    #[test]
    fn midnight_ends_a_day() {
        let mut counter = Counter::new(Day::new("2026-11-30"));
        counter.look(&Seen { served: Some(500), ..seen("2026-11-30", 23, 0..3) }, |_| None);
        let ended = counter.look(&Seen { served: Some(700), ..seen("2026-12-01", 0, 0..2) }, |_| None).unwrap();
        assert_eq!((ended.date.as_str(), ended.phones, ended.served), ("2026-11-30", 3, 500));
        assert_eq!((counter.today.phones, counter.today.served), (2, 200));
    }

    #[test]
    fn a_restart_makes_no_number_larger_than_it_is() {
        let saved = Day { phones: 20, served: 1000, ..Day::new("2026-11-30") };
        let mut counter = Counter::new(saved);
        counter.look(&Seen { served: Some(100), ..seen("2026-11-30", 9, 0..5) }, |_| None);
        assert_eq!((counter.today.phones, counter.today.served), (20, 1100));
        counter.look(&seen("2026-11-30", 9, 0..25), |_| None);
        assert_eq!(counter.today.phones, 25);
        // The clock goes back and forth: the day of before goes on.
        counter.look(&seen("2026-12-01", 9, 0..1), |_| None);
        let day = Day { phones: 25, ..Day::new("2026-11-30") };
        counter.look(&seen("2026-11-30", 9, 0..1), |date| (date == "2026-11-30").then_some(day));
        assert_eq!(counter.today.phones, 25);
    }

    #[test]
    fn daemons_that_start_again_count_from_zero() {
        let mut counter = Counter::new(Day::new("2026-11-30"));
        let look = |served, down, n| Seen {
            served: Some(served),
            internet: Some((down, 1)),
            reads: [("bafyA".to_owned(), n), ("../x".to_owned(), 1)].into(),
            ..seen("2026-11-30", 9, 0..1)
        };
        counter.look(&look(100, 50, 2), |_| None);
        counter.look(&look(10, 60, 1), |_| None);
        assert_eq!((counter.today.served, counter.today.internet, counter.today.reads["bafyA"]), (110, (60, 1), 3));
        assert_eq!(counter.today.reads.len(), 1, "nothing but roots");
    }
}
