//! What the box takes for the time. Pure: `mono` is what has passed since the start of the box, which nobody can change.
//!
//! Without a clock of its own, time stands still while the box is off: what was kept is moved forward to, never back from. Only the
//! network's time, from two servers that agree, may go back, and so mend what an owner set wrongly.

use std::time::Duration;

/// 2025-01-01: no release is older, so no earlier time is right.
pub const FIRST: u64 = 1_735_689_600;
/// How far ahead of what is known without them an owner may set the clock: a box can lie in a cupboard for years.
const AHEAD: u64 = 10 * 366 * 86_400;
/// And how far back.
const BACK: u64 = 86_400;
/// Two servers mean the same time when they are no further apart.
const AGREE: u64 = 5;
/// How often the network is asked while its time is known, and while it is not.
const AGAIN: Duration = Duration::from_secs(6 * 3600);
const SOON: Duration = Duration::from_secs(60);
/// How often the time is written down: what a power cut costs.
const KEEP: Duration = Duration::from_secs(600);

/// Who said what time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody: the box does not know the date.
    Nothing,
    /// It is what was kept when the box was last on, moved forward: a lower bound.
    Kept,
    /// The owner's phone.
    Owner,
    /// Two servers of the network.
    Network,
}

impl Source {
    /// Its name in the status.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Kept => "kept",
            Self::Owner => "owner",
            Self::Network => "network",
        }
    }
}

/// Why the owner's time is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds {
    /// The earliest and the latest that would be.
    pub bounds: (u64, u64),
}

/// The clock's keeper.
#[derive(Debug)]
pub struct Clock {
    source: Source,
    asked: Option<Duration>,
    kept: Duration,
    /// When the network or the owner last said the time.
    said: Option<Duration>,
    /// No time before it is right, and no owner's word is in it: so a phone with a wrong year can be made good by one with the right one.
    floor: u64,
}

/// What is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What the clock showed.
    pub time: u64,
    /// The last time that somebody else than the owner vouched for.
    pub floor: u64,
}

impl Kept {
    /// `TIME FLOOR`, or `TIME` alone.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace().map(|word| word.parse().ok());
        let time = words.next()??;
        Some(Self { time, floor: words.next().flatten().unwrap_or(time) })
    }

    /// As it is read.
    pub fn write(self) -> String {
        format!("{} {}\n", self.time, self.floor)
    }
}

impl Clock {
    /// At the start: with the time that was kept, and what the clock shows. Also what the clock is to be set to, if anything.
    pub fn new(kept: Option<Kept>, shown: u64, mono: Duration) -> (Self, Option<u64>) {
        let kept = kept.filter(|kept| kept.time >= FIRST);
        let source = if kept.is_some() || shown >= FIRST { Source::Kept } else { Source::Nothing };
        let floor = kept.map_or(shown, |kept| kept.floor.min(kept.time)).max(FIRST);
        (Self { source, asked: None, kept: mono, said: None, floor }, kept.map(|kept| kept.time).filter(|t| *t > shown))
    }

    /// What is to be written down while the clock shows this.
    pub fn keeps(&self, shown: u64) -> Kept {
        Kept { time: shown, floor: if self.source == Source::Network { shown } else { self.floor } }
    }

    /// Who said what time it is.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Since when, on the box's own count.
    pub fn said(&self) -> Option<Duration> {
        self.said
    }

    /// Is it time to ask the network? Counted as asked.
    pub fn wants_network(&mut self, online: bool, mono: Duration) -> bool {
        let pause = if self.source == Source::Network { AGAIN } else { SOON };
        let due = online && self.asked.is_none_or(|at| mono.saturating_sub(at) >= pause);
        if due {
            self.asked = Some(mono);
        }
        due
    }

    /// What servers said, at the same moment. The time to set, if two agree.
    pub fn network(&mut self, said: &[u64], mono: Duration) -> Option<u64> {
        let agree = |t: &&u64| said.iter().filter(|other| other.abs_diff(**t) <= AGREE).count() >= 2;
        let time = said.iter().filter(agree).min().copied().filter(|t| *t >= FIRST)?;
        (self.source, self.said, self.floor) = (Source::Network, Some(mono), time);
        Some(time)
    }

    /// The owner's phone says what time it is; `shown` is what the clock shows.
    pub fn owner(&mut self, wanted: u64, shown: u64, mono: Duration) -> Result<u64, OutOfBounds> {
        let bounds = match self.source {
            // Against the network's word, a minute either way.
            Source::Network => (shown.saturating_sub(60), shown + 60),
            _ => (self.floor.saturating_sub(BACK).max(FIRST), self.floor + AHEAD),
        };
        if !(bounds.0..=bounds.1).contains(&wanted) {
            return Err(OutOfBounds { bounds });
        }
        if self.source != Source::Network {
            self.source = Source::Owner;
        }
        self.said = Some(mono);
        Ok(wanted)
    }

    /// Is it time to write the time down? Counted as done. What nobody said is not worth keeping.
    pub fn wants_keeping(&mut self, mono: Duration) -> bool {
        let due = self.source != Source::Nothing && mono.saturating_sub(self.kept) >= KEEP;
        if due {
            self.kept = mono;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_796_055_180;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_new_box_does_not_know_and_an_old_one_goes_on_from_what_it_kept() {
        assert_eq!(Clock::new(None, 5, s(0)).1, None);
        assert_eq!(Clock::new(None, 5, s(0)).0.source(), Source::Nothing);
        let (clock, set) = Clock::new(Kept::read("1796055180"), 5, s(0));
        assert_eq!((clock.source(), set), (Source::Kept, Some(NOW)));
        assert_eq!(Clock::new(Kept::read("1796055180\n"), NOW + 9, s(0)).1, None, "never back: a clock of its own may know better");
        assert_eq!(Clock::new(Kept::read("7 7"), 5, s(0)).1, None, "nonsense is not kept");
        assert!(Kept::read("").is_none() && Kept::read("x 1").is_none() && Kept::read("-1").is_none());
    }

    #[test]
    fn one_server_is_not_believed_and_two_that_agree_may_go_back() {
        let (mut clock, _) = Clock::new(Kept::read("1796055180"), 5, s(0));
        assert_eq!(clock.network(&[NOW + 1000], s(1)), None);
        assert_eq!(clock.network(&[NOW + 1000, NOW + 9_000_000], s(1)), None);
        assert_eq!(clock.network(&[9, 9, 9], s(1)), None, "before the release");
        assert_eq!(clock.network(&[u64::MAX, NOW - 50_000, NOW - 49_998], s(1)), Some(NOW - 50_000));
        assert_eq!(clock.source(), Source::Network);
    }

    #[test]
    fn the_owner_may_set_it_within_bounds() {
        let (mut clock, _) = Clock::new(None, 5, s(0));
        assert_eq!(clock.owner(NOW, 5, s(1)), Ok(NOW));
        assert_eq!(clock.source(), Source::Owner);
        assert_eq!(clock.owner(NOW - 3600, NOW, s(1)), Ok(NOW - 3600));
        assert!(clock.owner(FIRST - 1, NOW, s(1)).is_err() && clock.owner(FIRST + 11 * 366 * 86_400, NOW, s(1)).is_err());
        assert!(clock.owner(0, NOW, s(1)).is_err() && clock.owner(u64::MAX, NOW, s(1)).is_err());
        clock.network(&[NOW, NOW], s(2));
        assert!(clock.owner(NOW + 3600, NOW, s(3)).is_err(), "the network knows better");
        assert_eq!((clock.owner(NOW + 30, NOW, s(3)), clock.source()), (Ok(NOW + 30), Source::Network));
    }

    /// A phone that is years ahead, a restart, a phone that is right; and no way to creep on, word by word.
    #[test]
    fn a_wrong_year_is_made_good() {
        let (mut clock, _) = Clock::new(Kept::read("1796055180"), 5, s(0));
        let wrong = NOW + 9 * 366 * 86_400;
        assert_eq!(clock.owner(wrong, NOW, s(1)), Ok(wrong));
        assert!(clock.owner(wrong + 2 * 366 * 86_400, wrong, s(2)).is_err());
        let kept = Kept::read(&clock.keeps(wrong + 600).write());
        assert_eq!(kept, Some(Kept { time: wrong + 600, floor: NOW }));
        let (mut clock, _) = Clock::new(kept, 5, s(0));
        assert!(clock.owner(NOW - 2 * 86_400, wrong, s(1)).is_err() && clock.owner(wrong + 2 * 366 * 86_400, wrong, s(1)).is_err());
        assert_eq!(clock.owner(NOW + 7200, wrong, s(1)), Ok(NOW + 7200));
        clock.network(&[NOW + 7300, NOW + 7300], s(2));
        assert_eq!(clock.keeps(NOW + 7400).floor, NOW + 7400);
    }

    #[test]
    fn asked_and_kept_now_and_then() {
        let (mut clock, _) = Clock::new(None, 5, s(0));
        assert!(!clock.wants_network(false, s(0)) && clock.wants_network(true, s(0)) && !clock.wants_network(true, s(59)));
        assert!(clock.wants_network(true, s(60)));
        assert!(!clock.wants_keeping(s(99_999)), "nothing to keep");
        clock.network(&[NOW, NOW], s(100));
        assert!(!clock.wants_network(true, s(7200)) && clock.wants_network(true, s(30_000)));
        assert!(clock.wants_keeping(s(700)) && !clock.wants_keeping(s(701)) && clock.wants_keeping(s(1301)));
    }
}
