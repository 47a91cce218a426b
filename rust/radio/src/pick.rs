//! Which radio becomes the access point.

use config::Band;

use crate::{Bus, Radio, channel, limit};

/// The choice, with the reason for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The kernel's number of the radio.
    pub phy: u32,
    /// One line.
    pub why: String,
}

/// Picks the best of the radios that can be an access point: one with the band that is asked for, then the one that
/// takes most phones, then the one on the board (a USB one stays free for the uplink), then the first.
pub fn pick(radios: &[Radio], band: Band) -> Option<Choice> {
    let rank = |r: &Radio| (channel::has_band(&r.wiphy, band), limit::of(r).stations, r.bus == Bus::Sdio, std::cmp::Reverse(r.wiphy.id));
    let able = || radios.iter().filter(|r| r.can_ap() && channel::usable(&r.wiphy));
    let best = able().max_by_key(|r| rank(r))?;
    let others = able().count() - 1;
    let limit = limit::of(best);
    let mut why = format!("{} ({}) takes {} phones ({})", best.wiphy.name, name(&best.driver), limit.stations, limit.why);
    if others > 0 {
        why.push_str(&format!("; {others} more could be an access point"));
    }
    Some(Choice { phy: best.wiphy.id, why })
}

fn name(driver: &str) -> &str {
    if driver.is_empty() { "driver not known" } else { driver }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::nl80211::{Band as Frequencies, Channel, Wiphy, mode};

    fn radio(id: u32, driver: &str, bus: Bus, ap: bool) -> Radio {
        let channels = vec![Channel { mhz: 2412, ..Channel::default() }];
        let modes = 1 << mode::STATION | if ap { 1 << mode::AP } else { 0 };
        let wiphy = Wiphy {
            id,
            name: format!("phy{id}"),
            modes,
            bands: vec![Frequencies { channels, ..Frequencies::default() }],
            ..Wiphy::default()
        };
        Radio { wiphy, driver: driver.into(), bus, device: None }
    }

    #[test]
    fn none_that_can() {
        assert_eq!(pick(&[], Band::Ghz2), None);
        assert_eq!(pick(&[radio(0, "x", Bus::Usb, false)], Band::Ghz2), None);
        let mut silent = radio(0, "x", Bus::Usb, true);
        silent.wiphy.bands[0].channels[0].no_ir = true;
        assert_eq!(pick(&[silent], Band::Ghz2), None);
    }

    #[test]
    fn the_one_that_takes_more_phones_wins() {
        let choice = pick(&[radio(0, "brcmfmac", Bus::Sdio, true), radio(1, "mt76x2u", Bus::Usb, true)], Band::Ghz2).unwrap();
        assert_eq!(choice.phy, 1);
        assert!(choice.why.contains("31 phones") && choice.why.contains("1 more"), "{}", choice.why);
    }

    #[test]
    fn else_the_one_on_the_board_else_the_first() {
        let usb = |id| radio(id, "other", Bus::Usb, true);
        assert_eq!(pick(&[usb(0), radio(1, "other", Bus::Sdio, true)], Band::Ghz2).unwrap().phy, 1);
        assert_eq!(pick(&[usb(5), usb(3)], Band::Ghz2).unwrap().phy, 3);
    }

    #[test]
    fn the_band_that_is_asked_for_comes_first() {
        let mut five = radio(1, "brcmfmac", Bus::Sdio, true);
        let channels = vec![Channel { mhz: 5180, ..Channel::default() }];
        five.wiphy.bands.push(Frequencies { id: 1, channels, ..Frequencies::default() });
        let radios = [radio(0, "other", Bus::Usb, true), five];
        assert_eq!(pick(&radios, Band::Ghz5).unwrap().phy, 1);
        assert_eq!(pick(&radios, Band::Ghz2).unwrap().phy, 0);
    }
}
