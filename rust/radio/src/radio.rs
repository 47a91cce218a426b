//! A radio as the kernel describes it, with where it sits.

use serde::{Deserialize, Serialize};
use wire::nl80211::{Wiphy, mode};

/// How a radio is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bus {
    /// On the board: it does not come and go unless its firmware dies.
    Sdio,
    /// A person may pull it out.
    Usb,
    /// PCI Express, simulated, or not known.
    #[default]
    Other,
}

/// A radio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Radio {
    /// What nl80211 tells.
    pub wiphy: Wiphy,
    /// Kernel driver, such as `brcmfmac`; empty when not known.
    pub driver: String,
    /// Where it is attached.
    pub bus: Bus,
    /// The device number on an SDIO or USB bus, which tells chips of one driver apart.
    pub device: Option<u16>,
}

impl Radio {
    /// It can be an access point.
    pub fn can_ap(&self) -> bool {
        self.wiphy.modes & (1 << mode::AP) != 0
    }

    /// It can be an access point and a client of another one at once.
    pub fn can_ap_and_station(&self) -> bool {
        self.wiphy.combinations.iter().any(|c| {
            let takes = |bit: u32| c.limits.iter().position(|l| l.max > 0 && l.modes & (1 << bit) != 0);
            let shared = c.limits.iter().any(|l| l.max > 1 && l.modes & (1 << mode::AP) != 0 && l.modes & (1 << mode::STATION) != 0);
            let apart = match (takes(mode::AP), takes(mode::STATION)) {
                (Some(ap), Some(station)) => ap != station,
                _ => false,
            };
            c.max > 1 && (shared || apart)
        })
    }

    /// It has BIP-CMAC, without which protected management frames (IEEE 802.11w) cannot be offered.
    pub fn can_protect_management(&self) -> bool {
        self.wiphy.ciphers.contains(&0x000f_ac06)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::nl80211::{Combination, Limit};

    fn with(limits: &[(u32, &[u32])], max: u32) -> Radio {
        let limits = limits.iter().map(|(max, modes)| Limit { max: *max, modes: modes.iter().fold(0, |bits, m| bits | 1 << m) }).collect();
        Radio { wiphy: Wiphy { combinations: vec![Combination { limits, max, channels: 1 }], ..Wiphy::default() }, ..Radio::default() }
    }

    #[test]
    fn access_point_and_station_at_once() {
        // brcmfmac, mac80211_hwsim, ath9k_htc, and radios that can be one of the two.
        assert!(with(&[(1, &[mode::STATION]), (1, &[mode::AP])], 2).can_ap_and_station());
        assert!(with(&[(2048, &[mode::STATION, mode::AP])], 2048).can_ap_and_station());
        assert!(with(&[(2, &[mode::STATION]), (2, &[mode::AP, 9])], 2).can_ap_and_station());
        assert!(!with(&[(1, &[mode::STATION, mode::AP])], 1).can_ap_and_station());
        assert!(!with(&[(4, &[mode::AP])], 4).can_ap_and_station());
        assert!(!Radio::default().can_ap_and_station());
    }
}
