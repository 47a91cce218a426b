//! When the internet is on: `mon-fri 08:00-18:00`, `sat 09:00-12:00`, `22:00-06:00`.

/// A moment of the week, by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// 0 is Monday.
    pub day: u8,
    /// Of the day, 0 to 1439.
    pub minute: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// Bit n: it begins on day n.
    days: u8,
    from: u16,
    to: u16,
}

/// All times; none is always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule(Vec<Span>);

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Schedule {
    /// From the setting; a line that makes no sense (`config` lets none through) is left out.
    pub fn new(lines: &[String]) -> Self {
        Self(lines.iter().filter_map(|line| span(line)).collect())
    }

    /// Is it on, whatever the time?
    pub fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// Is it on now? Without a clock nobody can tell, and what the owner limited stays off.
    pub fn is_on(&self, now: Option<Moment>) -> bool {
        self.is_always() || now.is_some_and(|now| self.0.iter().any(|span| span.holds(now)))
    }
}

impl Span {
    fn holds(self, now: Moment) -> bool {
        let begins_on = |day: u8| self.days & 1 << (day % 7) != 0;
        if self.from < self.to {
            return begins_on(now.day) && (self.from..self.to).contains(&now.minute);
        }
        // Over midnight (or, from = to, all day long): tonight's part, and last night's.
        (begins_on(now.day) && now.minute >= self.from) || (begins_on(now.day + 6) && now.minute < self.to)
    }
}

fn span(line: &str) -> Option<Span> {
    let (days, hours) = line.trim().split_once(' ').unwrap_or(("", line.trim()));
    let (from, to) = hours.trim().split_once('-')?;
    Some(Span { days: days_of(days)?, from: minute(from)?, to: minute(to)? })
}

fn days_of(text: &str) -> Option<u8> {
    let number = |name: &str| DAYS.iter().position(|d| *d == name);
    if text.is_empty() {
        return Some(0x7f);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    // sat-mon goes over the end of the week.
    Some((0..7).filter(|n| (n + 7 - first) % 7 <= (last + 7 - first) % 7).fold(0, |bits, n| bits | 1 << n))
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 24 && minutes < 60 && hours * 60 + minutes <= 1440).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(line: &str, day: u8, hour: u16, minute: u16) -> bool {
        Schedule::new(&[line.to_owned()]).is_on(Some(Moment { day, minute: hour * 60 + minute }))
    }

    #[test]
    fn days_and_hours() {
        let (monday, friday, saturday, sunday) = (0, 4, 5, 6);
        assert!(on("mon-fri 08:00-18:00", monday, 8, 0) && on("mon-fri 08:00-18:00", friday, 17, 59));
        assert!(!on("mon-fri 08:00-18:00", friday, 18, 0) && !on("mon-fri 08:00-18:00", saturday, 12, 0));
        assert!(
            on("sat-mon 10:00-11:00", sunday, 10, 30) && on("sat-mon 10:00-11:00", monday, 10, 30) && !on("sat-mon 10:00-11:00", 1, 10, 30)
        );
        assert!(on("sat 22:00-02:00", saturday, 23, 0) && on("sat 22:00-02:00", sunday, 1, 59) && !on("sat 22:00-02:00", saturday, 1, 0));
        assert!(on("22:00-06:00", monday, 3, 0) && !on("22:00-06:00", monday, 12, 0));
        assert!(on("00:00-24:00", monday, 23, 59) && on("08:00-08:00", monday, 7, 0));
        let two = Schedule::new(&["sat 09:00-12:00".into(), "mon-fri 08:00-18:00".into()]);
        assert!(two.is_on(Some(Moment { day: saturday, minute: 600 })));
    }

    #[test]
    fn without_a_clock_only_an_empty_schedule_is_on() {
        assert!(Schedule::default().is_on(None));
        assert!(!Schedule::new(&["00:00-24:00".into()]).is_on(None));
        assert!(Schedule::new(&["nonsense".into(), "x 08:00-09:00".into(), "25:00-26:00".into()]).is_always());
    }
}
