//! When each unit starts, and again after it died. Pure: time comes in, units to start come out.
//!
//! ```text
//!            all of `after` over            daemon ended: pause 0.2 s, doubling to 30 s
//!  Waiting ──────────────────────▶ Running ──────────────────────────────▶ Pausing
//!                                   │  ▲                                     │ pause over
//!        one-shot ended or timed out│  └─────────────────────────────────────┘
//!                                   ▼
//!                                  Over (ok or not)
//! ```

use std::time::Duration;

use super::table::{Kind, Unit};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Who has lived so long starts from the first pause again.
const SETTLED: Duration = Duration::from_secs(60);

/// Where a unit is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// For others to be over.
    Waiting,
    /// Since this time.
    Running { pid: u32, since: Duration },
    /// Died; starts again at this time.
    Pausing { until: Duration },
    /// A one-shot that is done, well or not; a daemon that was left out.
    Over { well: bool },
}

/// One unit's life.
#[derive(Clone, Debug)]
pub struct Life {
    /// Where it is.
    pub state: State,
    /// How often it was started again.
    pub restarts: u32,
    /// How it ended last, in words.
    pub last_exit: Option<String>,
    pause: Duration,
}

/// All lives, in the table's order.
pub struct Schedule {
    units: &'static [Unit],
    lives: Vec<Life>,
    stopping: bool,
}

impl Schedule {
    /// Nothing runs yet.
    pub fn new(units: &'static [Unit]) -> Self {
        let life = Life { state: State::Waiting, restarts: 0, last_exit: None, pause: FIRST_PAUSE };
        Self { units, lives: vec![life; units.len()], stopping: false }
    }

    /// Leaves out all but these units: a daemon that is over never starts.
    pub fn only(&mut self, names: &[&str]) {
        for (unit, life) in self.units.iter().zip(&mut self.lives) {
            if !names.contains(&unit.name) {
                life.state = State::Over { well: true };
            }
        }
    }

    /// Indices of the units to start now.
    pub fn due(&self, now: Duration) -> Vec<usize> {
        if self.stopping {
            return Vec::new();
        }
        let is_due = |i: &usize| match self.lives[*i].state {
            State::Waiting => self.units[*i].after.iter().all(|name| self.is_over(name)),
            State::Pausing { until } => now >= until,
            State::Running { .. } | State::Over { .. } => false,
        };
        (0..self.units.len()).filter(is_due).collect()
    }

    fn is_over(&self, name: &str) -> bool {
        self.units.iter().zip(&self.lives).any(|(unit, life)| unit.name == name && matches!(life.state, State::Over { .. }))
    }

    /// One-shots whose time is over, with their process.
    pub fn overdue(&self, now: Duration) -> Vec<(usize, u32)> {
        let late = |i: usize| match (self.units[i].kind, self.lives[i].state) {
            (Kind::Once(limit), State::Running { pid, since }) if now >= since + limit => Some((i, pid)),
            _ => None,
        };
        (0..self.units.len()).filter_map(late).collect()
    }

    /// When to look again if nothing happens before.
    pub fn next_deadline(&self) -> Option<Duration> {
        let deadline = |(unit, life): (&Unit, &Life)| match (unit.kind, life.state) {
            (_, State::Pausing { until }) => Some(until),
            (Kind::Once(limit), State::Running { since, .. }) => Some(since + limit),
            _ => None,
        };
        self.units.iter().zip(&self.lives).filter_map(deadline).min()
    }

    /// A unit was started.
    pub fn started(&mut self, index: usize, pid: u32, now: Duration) {
        let life = &mut self.lives[index];
        life.restarts += u32::from(matches!(life.state, State::Pausing { .. }));
        life.state = State::Running { pid, since: now };
    }

    /// A unit could not be started, or ended. `well` counts for one-shots; a daemon that ends is always started again.
    pub fn ended(&mut self, index: usize, how: String, well: bool, now: Duration) {
        let unit = &self.units[index];
        let life = &mut self.lives[index];
        life.last_exit = Some(how);
        if let Kind::Once(_) = unit.kind {
            life.state = State::Over { well };
            return;
        }
        if matches!(life.state, State::Running { since, .. } if now.saturating_sub(since) >= SETTLED) {
            life.pause = FIRST_PAUSE;
        }
        life.state = State::Pausing { until: now + life.pause };
        life.pause = (life.pause * 2).min(LONGEST_PAUSE);
    }

    /// Runs a one-shot again, unless it runs.
    pub fn again(&mut self, name: &str) {
        for (unit, life) in self.units.iter().zip(&mut self.lives) {
            if unit.name == name && matches!(life.state, State::Over { .. }) {
                life.state = State::Waiting;
            }
        }
    }

    /// Nothing is started from here on.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// The unit that runs as this process.
    pub fn by_pid(&self, pid: u32) -> Option<usize> {
        self.lives.iter().position(|l| matches!(l.state, State::Running { pid: p, .. } if p == pid))
    }

    /// Units with their lives.
    pub fn lives(&self) -> impl Iterator<Item = (&'static Unit, &Life)> {
        self.units.iter().zip(&self.lives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::table::UNITS;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn names(schedule: &Schedule, due: &[usize]) -> Vec<&'static str> {
        due.iter().map(|i| schedule.units[*i].name).collect()
    }

    fn index(name: &str) -> usize {
        UNITS.iter().position(|u| u.name == name).unwrap()
    }

    #[test]
    fn the_portal_is_first_and_the_network_follows_the_settings() {
        let mut s = Schedule::new(UNITS);
        assert_eq!(names(&s, &s.due(ms(0))), ["portald", "data", "coldplug"]);
        for (pid, i) in (10..).zip(s.due(ms(0))) {
            s.started(i, pid, ms(0));
        }
        assert!(s.due(ms(5)).is_empty());
        s.ended(index("data"), "status 1".into(), false, ms(900));
        assert_eq!(names(&s, &s.due(ms(900))), ["settings", "slots", "repair"], "a failed one-shot is over too");
        s.started(index("repair"), 19, ms(900));
        s.started(index("slots"), 18, ms(900));
        s.started(index("settings"), 20, ms(900));
        s.ended(index("settings"), "status 0".into(), true, ms(950));
        assert_eq!(names(&s, &s.due(ms(950))), ["netd", "radiod", "contentd", "ownerd", "clockd", "countd"]);
    }

    #[test]
    fn pauses_grow_and_a_long_life_resets_them() {
        let mut s = Schedule::new(UNITS);
        let mut now = ms(0);
        let mut pauses = Vec::new();
        for _ in 0..10 {
            s.started(0, 7, now);
            s.ended(0, "killed".into(), false, now);
            let until = s.next_deadline().unwrap();
            assert!(!s.due(until - ms(1)).contains(&0) && s.due(until).contains(&0));
            pauses.push((until - now).as_millis());
            now = until;
        }
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
        assert_eq!(s.lives[0].restarts, 9);
        s.started(0, 7, now);
        now += SETTLED;
        s.ended(0, "killed".into(), false, now);
        assert_eq!(s.next_deadline(), Some(now + FIRST_PAUSE));
    }

    #[test]
    fn a_one_shot_has_its_time_and_can_run_again() {
        let mut s = Schedule::new(UNITS);
        let data = index("data");
        s.started(data, 9, ms(0));
        assert_eq!(s.next_deadline(), Some(ms(60_000)));
        assert!(s.overdue(ms(59_999)).is_empty());
        assert_eq!(s.overdue(ms(60_000)), [(data, 9)]);
        assert_eq!(s.by_pid(9), Some(data));
        s.again("data");
        assert!(!s.due(ms(60_000)).contains(&data), "it still runs");
        s.ended(data, "killed".into(), false, ms(60_001));
        s.again("data");
        assert!(s.due(ms(60_002)).contains(&data));
    }

    #[test]
    fn the_rescue_system_starts_what_is_named_only() {
        let mut s = Schedule::new(UNITS);
        s.only(&["data", "settings"]);
        assert_eq!(names(&s, &s.due(ms(0))), ["data"]);
        s.started(index("data"), 9, ms(0));
        s.ended(index("data"), "status 0".into(), true, ms(1));
        assert_eq!(names(&s, &s.due(ms(1))), ["settings"]);
    }

    #[test]
    fn nothing_starts_while_stopping() {
        let mut s = Schedule::new(UNITS);
        s.stop();
        assert!(s.due(ms(0)).is_empty());
    }
}
