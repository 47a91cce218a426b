//! One voucher: what it gives and how it is used up.

use std::time::Duration;

use crate::Mac;

/// One day of use, in seconds.
const DAY: u64 = 86_400;

/// What a voucher counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Hours in which something came from the internet.
    Hours,
    /// Days: each begins when it is first used and lasts for 24 hours in which the box runs; a day without use costs nothing.
    Days,
    /// Millions of bytes, both ways.
    Megabytes,
}

impl Kind {
    /// All, with their names in files and requests.
    pub const ALL: [(&'static str, Self); 3] = [("hours", Self::Hours), ("days", Self::Days), ("megabytes", Self::Megabytes)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// So much of it, in seconds or bytes.
    pub fn units(self, amount: u32) -> u64 {
        u64::from(amount)
            * match self {
                Self::Hours => 3600,
                Self::Days => DAY,
                Self::Megabytes => 1_000_000,
            }
    }
}

/// A voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// As [`crate::code::normal`] gives it.
    pub code: String,
    /// Seconds or bytes.
    pub left: u64,
    /// The phone that it is with; `None` while nobody has used it.
    pub holder: Option<Mac>,
    /// How often it went from one phone to another.
    pub moves: u32,
}

impl Voucher {
    /// Takes off what a stretch of time cost: `bytes` both ways, `used` if anything came lately. True if that changed it.
    pub fn spend(&mut self, kind: Kind, passed: Duration, bytes: u64, used: bool) -> bool {
        let cost = match kind {
            Kind::Megabytes => bytes,
            Kind::Hours if used => passed.as_secs(),
            // A day that has begun goes on; at the end of one, the next waits until it is wanted.
            Kind::Days if used => passed.as_secs(),
            Kind::Days => passed.as_secs().min(self.left % DAY),
            Kind::Hours => 0,
        };
        self.left = self.left.saturating_sub(cost);
        cost > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voucher(kind: Kind, amount: u32) -> Voucher {
        Voucher { code: "ABCDEFGHJ".into(), left: kind.units(amount), holder: None, moves: 0 }
    }

    #[test]
    fn hours_count_only_while_used() {
        let mut v = voucher(Kind::Hours, 1);
        assert!(!v.spend(Kind::Hours, Duration::from_secs(500), 0, false));
        assert!(v.spend(Kind::Hours, Duration::from_secs(5), 10, true));
        assert_eq!(v.left, 3595);
        v.spend(Kind::Hours, Duration::from_secs(9999), 10, true);
        assert_eq!(v.left, 0);
    }

    #[test]
    fn a_day_begins_with_use_and_ends_by_itself() {
        let mut v = voucher(Kind::Days, 2);
        assert!(!v.spend(Kind::Days, Duration::from_secs(DAY), 0, false), "not begun");
        v.spend(Kind::Days, Duration::from_secs(10), 1, true);
        v.spend(Kind::Days, Duration::from_secs(DAY), 0, false);
        assert_eq!(v.left, DAY, "the first day is over, the second waits");
        assert!(!v.spend(Kind::Days, Duration::from_secs(DAY), 0, false));
        v.spend(Kind::Days, Duration::from_secs(DAY), 1, true);
        assert_eq!(v.left, 0);
    }

    #[test]
    fn megabytes_count_bytes_and_no_time() {
        let mut v = voucher(Kind::Megabytes, 1);
        v.spend(Kind::Megabytes, Duration::from_secs(DAY), 400_000, true);
        assert_eq!(v.left, 600_000);
        v.spend(Kind::Megabytes, Duration::from_secs(1), u64::MAX, true);
        assert_eq!(v.left, 0);
    }
}
