//! How many phones a radio takes.

use crate::Radio;

/// A limit and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Phones that we let in.
    pub stations: u32,
    /// For the owner.
    pub why: String,
}

/// `(driver, device number, stations, source)`; the first match counts, `None` is any device of that driver.
const KNOWN: &[(&str, Option<u16>, u32, &str)] = &[
    // Pi 3B, 3A+ has 43455; stock firmware takes about 10, and dies rather than refuse one more.
    ("brcmfmac", Some(0xa9a6), 10, "BCM43430 firmware"),
    // Pi 3B+, 4, 400: 7 to 10 by firmware build.
    ("brcmfmac", Some(0xa9bf), 8, "BCM43455 firmware"),
    ("brcmfmac", None, 8, "Broadcom firmware"),
    // ATH9K_HTC_MAX_STA in the driver.
    ("ath9k_htc", None, 8, "ath9k_htc driver"),
];

/// Where nothing is known: what one channel of 802.11n carries at a bearable speed.
const OTHERWISE: u32 = 32;

/// Picks the limit of a radio: what it says, else what is known of its chip, and one less, so that hostapd says no
/// before the firmware has to.
pub fn of(radio: &Radio) -> Limit {
    let known = || KNOWN.iter().find(|(driver, device, ..)| *driver == radio.driver && (device.is_none() || *device == radio.device));
    let (most, source) = match (radio.wiphy.max_stations, known()) {
        (Some(told), _) => (told, "told by the driver"),
        (None, Some((_, _, most, source))) => (*most, *source),
        (None, None) => (OTHERWISE, "nothing is known of this radio"),
    };
    // hostapd counts to 2007 (association IDs, IEEE 802.11-2020, 9.4.1.8).
    let stations = most.saturating_sub(1).clamp(1, 2007);
    Limit { stations, why: format!("{most}, {source}; one kept free") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn radio(driver: &str, device: Option<u16>) -> Radio {
        Radio { driver: driver.into(), device, ..Radio::default() }
    }

    #[test]
    fn table() {
        assert_eq!(of(&radio("brcmfmac", Some(0xa9a6))).stations, 9);
        assert_eq!(of(&radio("brcmfmac", Some(0xa9bf))).stations, 7);
        assert_eq!(of(&radio("brcmfmac", None)).stations, 7);
        assert_eq!(of(&radio("mac80211_hwsim", None)).stations, 31);
    }

    #[test]
    fn the_radio_has_the_last_word() {
        let mut told = radio("brcmfmac", Some(0xa9a6));
        for (says, limit) in [(20, 19), (1, 1), (u32::MAX, 2007)] {
            told.wiphy.max_stations = Some(says);
            assert_eq!(of(&told).stations, limit);
        }
    }
}
