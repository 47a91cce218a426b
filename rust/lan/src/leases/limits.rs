//! How many messages a source may send: full again within a second, and never a ban.

use std::collections::HashMap;
use std::time::Duration;

use wire::dhcp::Mac;

/// Messages at once, and a second.
const RATE: u32 = 20;
/// Sources that are remembered.
const SOURCES: usize = 1024;

/// A bucket a source.
#[derive(Debug, Default)]
pub struct Limits {
    buckets: HashMap<Mac, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// Messages left, in thousandths.
    left: u32,
    at: Duration,
}

impl Limits {
    /// Takes one message off a source's allowance; false: it has none left for now.
    pub fn allow(&mut self, from: Mac, now: Duration) -> bool {
        if self.buckets.len() >= SOURCES && !self.buckets.contains_key(&from) {
            // A bucket of a second ago is full, which is what a new one is.
            self.buckets.retain(|_, b| b.at + Duration::from_secs(1) > now);
            if self.buckets.len() >= SOURCES {
                self.buckets.clear();
            }
        }
        let bucket = self.buckets.entry(from).or_insert(Bucket { left: RATE * 1000, at: now });
        let gained = now.saturating_sub(bucket.at).as_millis().saturating_mul(u128::from(RATE));
        bucket.left = u32::try_from(gained).unwrap_or(u32::MAX).saturating_add(bucket.left).min(RATE * 1000);
        bucket.at = now;
        let allowed = bucket.left >= 1000;
        if allowed {
            bucket.left -= 1000;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noisy_source_is_heard_again_within_a_second_and_others_always() {
        let mut limits = Limits::default();
        let at = Duration::from_secs(9);
        assert_eq!((0..100).filter(|_| limits.allow([2; 6], at)).count(), 20);
        assert!(limits.allow([4; 6], at));
        assert_eq!((0..100).filter(|_| limits.allow([2; 6], at + Duration::from_secs(1))).count(), 20);
    }

    #[test]
    fn a_flood_of_sources_does_not_grow_the_memory() {
        let mut limits = Limits::default();
        for n in 0..10_000u32 {
            let [a, b, c, d] = n.to_be_bytes();
            assert!(limits.allow([2, 0, a, b, c, d], Duration::from_secs(1)));
        }
        assert!(limits.buckets.len() <= SOURCES);
    }
}
