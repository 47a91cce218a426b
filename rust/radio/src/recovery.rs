//! What to try when the radio fails: again after a growing pause, then its kernel module anew, then a reboot.
//!
//! A module is loaded anew only for drivers whose chip is known to come back that way, and the box reboots only for a
//! radio on the board: a USB radio that is gone was most likely pulled out by a person. Reboots get rarer (5 minutes of
//! trouble, 20, 80, … a day), counted in `/data`, so that a broken chip leaves the Ethernet side in peace.

use std::time::Duration;

use crate::{Bus, Radio};

/// Drivers whose module helps when loaded anew.
pub const RELOADABLE: [&str; 6] = ["ath9k_htc", "brcmfmac", "mt76x2u", "mt7921u", "rt2800usb", "rtl8xxxu"];
/// Attempts before each reload.
const TRIES: u32 = 4;
/// A radio on the board that is gone gets this long to come back by itself.
const ABSENCE: Duration = Duration::from_secs(20);
/// Reloads before only a reboot is left.
const MAX_RELOADS: u32 = 3;
/// Trouble that lasts this long is worth the first reboot.
const FIRST_REBOOT: Duration = Duration::from_secs(5 * 60);
/// The rarest that reboots get.
const RAREST_REBOOT: Duration = Duration::from_secs(24 * 3600);

/// The next thing to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rung {
    /// The same again, after a pause.
    Again(Duration),
    /// Load this driver's module anew.
    Reload(String),
    /// Reboot the box.
    Reboot,
}

/// How bad it is.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    failures: u32,
    reloads: u32,
    since: Option<Duration>,
    reboots: u32,
    may_reboot: bool,
}

impl Recovery {
    /// `reboots` so far without success since; `None` when they cannot be counted, and then there are none.
    pub fn new(reboots: Option<u32>) -> Self {
        Self { reboots: reboots.unwrap_or(0), may_reboot: reboots.is_some(), ..Self::default() }
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Something went wrong since the network was last stable.
    pub fn in_trouble(&self) -> bool {
        self.failures > 0 || self.since.is_some()
    }

    /// Reboots without success since.
    pub fn reboots(&self) -> u32 {
        self.reboots
    }

    /// An attempt failed.
    pub fn failed(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.since.get_or_insert(now);
    }

    /// The radio is gone.
    pub fn gone(&mut self, now: Duration) {
        self.since.get_or_insert(now);
    }

    /// The network was open for a while.
    pub fn stable(&mut self) {
        (self.failures, self.reloads, self.since) = (0, 0, None);
    }

    /// The network was open for so long that past reboots no longer count.
    pub fn forget_reboots(&mut self) {
        self.reboots = 0;
    }

    /// What to try now with a radio that is there and fails.
    pub fn next(&mut self, radio: Option<&Radio>, now: Duration) -> Rung {
        let due = self.failures >= TRIES * (self.reloads + 1);
        self.rung(radio, now, due).unwrap_or_else(|| Rung::Again(pause(self.failures)))
    }

    /// What to try now with a radio that is gone; `None`: wait.
    pub fn next_gone(&mut self, radio: &Radio, now: Duration) -> Option<Rung> {
        let due = self.absence_due(radio).is_some_and(|at| now >= at);
        self.rung(Some(radio), now, due)
    }

    /// When [`Self::next_gone`] has something to say.
    pub fn gone_deadline(&self, radio: &Radio) -> Option<Duration> {
        let reboot = self.since.map(|s| s + reboot_after(self.reboots)).filter(|_| self.may_reboot && radio.bus == Bus::Sdio);
        let reload = self.absence_due(radio).filter(|_| self.reloads < MAX_RELOADS);
        reload.into_iter().chain(reboot).min()
    }

    fn absence_due(&self, radio: &Radio) -> Option<Duration> {
        (radio.bus == Bus::Sdio && is_reloadable(radio)).then_some(self.since? + ABSENCE * (self.reloads + 1))
    }

    fn rung(&mut self, radio: Option<&Radio>, now: Duration, reload_due: bool) -> Option<Rung> {
        let radio = radio?;
        let trouble = now.saturating_sub(self.since?);
        if self.may_reboot && radio.bus == Bus::Sdio && trouble >= reboot_after(self.reboots) {
            self.reboots += 1;
            return Some(Rung::Reboot);
        }
        if reload_due && self.reloads < MAX_RELOADS && is_reloadable(radio) {
            self.reloads += 1;
            return Some(Rung::Reload(radio.driver.clone()));
        }
        None
    }
}

fn is_reloadable(radio: &Radio) -> bool {
    RELOADABLE.contains(&radio.driver.as_str())
}

/// 0.2, 1, 2, 4 … 60 s.
fn pause(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::from_millis(200),
        n => Duration::from_secs(1 << (n - 2).min(6)).min(Duration::from_secs(60)),
    }
}

fn reboot_after(reboots: u32) -> Duration {
    (FIRST_REBOOT * 4u32.pow(reboots.min(5))).min(RAREST_REBOOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn radio(driver: &str, bus: Bus) -> Radio {
        Radio { driver: driver.into(), bus, ..Radio::default() }
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        let pauses: Vec<u128> = (1..=9).map(|n| pause(n).as_millis()).collect();
        assert_eq!(pauses, [200, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
        assert_eq!(pause(u32::MAX), at(60));
    }

    #[test]
    fn an_onboard_radio_climbs_the_ladder() {
        let onboard = radio("brcmfmac", Bus::Sdio);
        let mut r = Recovery::new(Some(0));
        let mut rungs = Vec::new();
        for n in 0..6 {
            r.failed(at(n));
            rungs.push(r.next(Some(&onboard), at(n)));
        }
        assert!(matches!(rungs[2], Rung::Again(_)));
        assert_eq!(rungs[3], Rung::Reload("brcmfmac".into()));
        assert!(matches!(rungs[4], Rung::Again(_)));
        assert_eq!(r.next(Some(&onboard), at(300)), Rung::Reboot);
        assert_eq!(r.reboots(), 1);
        assert_ne!(Recovery { since: Some(at(0)), ..r.clone() }.next(Some(&onboard), at(1199)), Rung::Reboot);
        assert_eq!(r.next(Some(&onboard), at(1200)), Rung::Reboot);
        r.stable();
        r.failed(at(5000));
        assert_eq!(r.next(Some(&onboard), at(5000)), Rung::Again(Duration::from_millis(200)));
        assert_eq!(reboot_after(99), RAREST_REBOOT);
    }

    #[test]
    fn no_reboot_without_a_count_nor_for_a_radio_that_can_be_pulled() {
        let mut r = Recovery::new(None);
        r.failed(at(0));
        assert!(matches!(r.next(Some(&radio("brcmfmac", Bus::Sdio)), at(90_000)), Rung::Again(_)));
        let mut r = Recovery::new(Some(0));
        r.gone(at(0));
        let usb = radio("mt76x2u", Bus::Usb);
        assert_eq!((r.gone_deadline(&usb), r.next_gone(&usb, at(90_000))), (None, None));
        let simulated = radio("mac80211_hwsim", Bus::Other);
        assert_eq!((r.gone_deadline(&simulated), r.next_gone(&simulated, at(90_000))), (None, None));
    }

    #[test]
    fn an_onboard_radio_that_is_gone() {
        let onboard = radio("brcmfmac", Bus::Sdio);
        let mut r = Recovery::new(Some(0));
        r.gone(at(100));
        assert_eq!((r.gone_deadline(&onboard), r.next_gone(&onboard, at(119))), (Some(at(120)), None));
        assert_eq!(r.next_gone(&onboard, at(120)), Some(Rung::Reload("brcmfmac".into())));
        assert_eq!(r.gone_deadline(&onboard), Some(at(140)));
        assert!(r.next_gone(&onboard, at(140)).is_some() && r.next_gone(&onboard, at(160)).is_some());
        assert_eq!(r.gone_deadline(&onboard), Some(at(400)));
        assert_eq!(r.next_gone(&onboard, at(400)), Some(Rung::Reboot));
    }
}
