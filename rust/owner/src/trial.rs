//! A change that makes phones lose the network holds for two minutes, unless the owner says from the new network that it is good.

use std::time::Duration;

use config::Entry;

/// So long an owner has.
pub const HOLDS: Duration = Duration::from_secs(120);
/// A confirmation this early came over the old network, which takes a moment to end.
pub const SETTLES: Duration = Duration::from_secs(4);

/// Why there is nothing to confirm, or not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no change on trial: it was undone, or confirmed by somebody else.
    Nothing,
    /// The new network has hardly begun.
    TooEarly,
}

/// The change on trial, if any. It lives in memory and in files that a power cut forgets: then the old settings hold.
#[derive(Debug, Default)]
pub struct Trial(Option<(Duration, Vec<Entry>)>);

impl Trial {
    /// Begins; a change on top of one that is on trial joins it, and the time begins anew.
    pub fn begin(&mut self, now: Duration, entries: Vec<Entry>) -> &[Entry] {
        let mut all = self.0.take().map(|(_, e)| e).unwrap_or_default();
        all.retain(|old| entries.iter().all(|new| new.key != old.key));
        all.extend(entries);
        &self.0.insert((now, all)).1
    }

    /// The owner confirms: what is to be kept.
    pub fn confirm(&mut self, now: Duration) -> Result<Vec<Entry>, Refusal> {
        match &self.0 {
            None => Err(Refusal::Nothing),
            Some((begun, _)) if now < *begun + SETTLES => Err(Refusal::TooEarly),
            Some(_) => Ok(self.0.take().map(|(_, entries)| entries).unwrap_or_default()),
        }
    }

    /// Ends it, if its time is over or `now` is `None`. True if there was one to undo.
    pub fn undo(&mut self, now: Option<Duration>) -> bool {
        let over = self.0.as_ref().is_some_and(|(begun, _)| now.is_none_or(|now| now >= *begun + HOLDS));
        if over {
            self.0 = None;
        }
        over
    }

    /// How long it still holds.
    pub fn left(&self, now: Duration) -> Option<Duration> {
        self.0.as_ref().map(|(begun, _)| (*begun + HOLDS).saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, text: &str) -> Entry {
        Entry { key: key.into(), value: config::Value::Text(text.into()), line: 0 }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn kept_when_confirmed_and_undone_when_not() {
        let mut trial = Trial::default();
        assert_eq!(trial.confirm(at(0)), Err(Refusal::Nothing));
        trial.begin(at(10), vec![entry("wifi.ssid", "a")]);
        assert_eq!(trial.confirm(at(11)), Err(Refusal::TooEarly));
        assert!(!trial.undo(Some(at(129))));
        assert_eq!(trial.left(at(100)), Some(at(30)));
        assert_eq!(trial.confirm(at(129)).unwrap(), [entry("wifi.ssid", "a")]);
        assert!(!trial.undo(Some(at(1000))) && trial.left(at(130)).is_none());
        trial.begin(at(200), vec![entry("wifi.ssid", "b")]);
        assert!(trial.undo(Some(at(320))) && !trial.undo(Some(at(320))));
        assert_eq!(trial.confirm(at(321)), Err(Refusal::Nothing));
    }

    #[test]
    fn a_second_change_joins_the_first() {
        let mut trial = Trial::default();
        trial.begin(at(0), vec![entry("wifi.ssid", "a"), entry("wifi.band", "5")]);
        assert_eq!(trial.begin(at(60), vec![entry("wifi.ssid", "b")]), [entry("wifi.band", "5"), entry("wifi.ssid", "b")]);
        assert!(!trial.undo(Some(at(179))) && trial.undo(None));
    }
}
