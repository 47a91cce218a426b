//! Which channel: 1, 6 or 11 by what a scan heard; 5 GHz where radio, country and owner agree.
//!
//! Each access point that was heard costs a candidate its signal above -95 dBm (0 to 60), times how far their 20 MHz
//! overlap: whole on the same channel, a fifth less per channel away, nothing from five on. hostapd's own choice needs
//! survey data that brcmfmac does not give.

use config::Band;
use wire::nl80211::{Bss, Channel, Wiphy};

use crate::Wish;

/// What to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Channel number.
    pub number: u8,
    /// Centre frequency.
    pub mhz: u32,
    /// For the owner, one line.
    pub why: String,
    /// What was asked for and cannot be had.
    pub problem: Option<String>,
}

/// Non-overlapping in 2.4 GHz, and allowed in every country.
const CANDIDATES_2: [u8; 3] = [1, 6, 11];
/// 5 GHz outside the radar bands: 36-48 and 149-161.
const CANDIDATES_5: [u8; 8] = [36, 40, 44, 48, 149, 153, 157, 161];

/// The channel number of a frequency in MHz (IEEE 802.11-2020, 17.3.8.4.2 and 15.4.4.3); `None` outside 2.4 and 5 GHz.
pub fn number(mhz: u32) -> Option<u8> {
    let n = match mhz {
        2484 => 14,
        2412..=2472 if (mhz - 2407).is_multiple_of(5) => (mhz - 2407) / 5,
        5160..=5885 if mhz.is_multiple_of(5) => (mhz - 5000) / 5,
        _ => return None,
    };
    u8::try_from(n).ok()
}

fn allowed(channel: &Channel) -> bool {
    !(channel.disabled || channel.no_ir || channel.radar)
}

fn find(wiphy: &Wiphy, wanted: u8) -> Option<&Channel> {
    wiphy.bands.iter().flat_map(|b| &b.channels).find(|c| number(c.mhz) == Some(wanted))
}

fn in_band(wiphy: &Wiphy, band: Band) -> Vec<u8> {
    let candidates: &[u8] = if band == Band::Ghz5 { &CANDIDATES_5 } else { &CANDIDATES_2 };
    candidates.iter().copied().filter(|n| find(wiphy, *n).is_some_and(allowed)).collect()
}

/// An access point may be opened on this band.
pub fn has_band(wiphy: &Wiphy, band: Band) -> bool {
    !in_band(wiphy, band).is_empty()
}

/// An access point may be opened on some channel.
pub fn usable(wiphy: &Wiphy) -> bool {
    has_band(wiphy, Band::Ghz2) || has_band(wiphy, Band::Ghz5)
}

/// The frequencies worth listening on before choosing: those of the band that will be used.
pub fn to_scan(wiphy: &Wiphy, wish: &Wish) -> Vec<u32> {
    let five = wish.band == Band::Ghz5 && has_band(wiphy, Band::Ghz5);
    let wanted = |c: &&Channel| !c.disabled && (c.mhz >= 5000) == five;
    wiphy.bands.iter().flat_map(|b| &b.channels).filter(wanted).map(|c| c.mhz).collect()
}

/// Picks a channel; `None` when the radio may not be an access point on any.
pub fn choose(wiphy: &Wiphy, wish: &Wish, heard: &[Bss]) -> Option<Choice> {
    let mut problem = None;
    if let Some(asked) = wish.channel {
        match find(wiphy, asked) {
            Some(channel) if allowed(channel) => {
                return Some(Choice { number: asked, mhz: channel.mhz, why: "as set by the owner".into(), problem });
            }
            Some(_) => {
                problem = Some(format!("channel {asked} is not allowed for an access point in {}; the box picked one", wish.country))
            }
            None => problem = Some(format!("this radio has no channel {asked}; the box picked one")),
        }
    }
    let mut candidates = in_band(wiphy, wish.band);
    if candidates.is_empty() {
        problem.get_or_insert_with(|| format!("this radio may not use the band that is set in {}; the box took the other", wish.country));
        candidates = in_band(wiphy, if wish.band == Band::Ghz5 { Band::Ghz2 } else { Band::Ghz5 });
    }
    let best = candidates.iter().copied().min_by_key(|n| cost(*n, heard))?;
    let costs: Vec<String> = candidates.iter().map(|n| format!("{n}: {}", cost(*n, heard))).collect();
    let why = format!("least disturbed by {} networks heard ({})", heard.len(), costs.join(", "));
    Some(Choice { number: best, mhz: find(wiphy, best)?.mhz, why, problem })
}

/// What is heard on and near a channel, in fifths of a dB above -95 dBm.
fn cost(candidate: u8, heard: &[Bss]) -> u32 {
    let one = |bss: &Bss| {
        let Some(other) = number(bss.mhz) else { return 0 };
        let distance = u32::from(candidate.abs_diff(other));
        let strength = bss.dbm.saturating_add(95).clamp(0, 60).unsigned_abs();
        strength * 5u32.saturating_sub(distance)
    };
    heard.iter().map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::nl80211::Band as Frequencies;

    fn wiphy() -> Wiphy {
        let two = (1..=13).map(|n| Channel { mhz: 2407 + 5 * n, no_ir: n > 11, ..Channel::default() });
        let five = [5180, 5200, 5260, 5745].map(|mhz| Channel { mhz, radar: mhz == 5260, ..Channel::default() });
        let band = |id, channels| Frequencies { id, channels, ..Frequencies::default() };
        Wiphy { bands: vec![band(0, two.collect()), band(1, five.to_vec())], ..Wiphy::default() }
    }

    fn wish(channel: Option<u8>, band: Band) -> Wish {
        Wish { ssid: "x".into(), password: String::new(), channel, band, country: "BR".into() }
    }

    fn heard(list: &[(u32, i32)]) -> Vec<Bss> {
        list.iter().map(|&(mhz, dbm)| Bss { bssid: [0; 6], mhz, dbm }).collect()
    }

    fn pick(band: Band, list: &[(u32, i32)]) -> u8 {
        choose(&wiphy(), &wish(None, band), &heard(list)).unwrap().number
    }

    #[test]
    fn numbers() {
        for (mhz, n) in [
            (2412, Some(1)),
            (2462, Some(11)),
            (2484, Some(14)),
            (5180, Some(36)),
            (5825, Some(165)),
            (2413, None),
            (0, None),
            (6115, None),
        ] {
            assert_eq!(number(mhz), n, "{mhz}");
        }
    }

    #[test]
    fn the_quietest_of_1_6_11() {
        assert_eq!(pick(Band::Ghz2, &[]), 1);
        assert_eq!(pick(Band::Ghz2, &[(2412, -50)]), 6);
        assert_eq!(pick(Band::Ghz2, &[(2412, -50), (2437, -60)]), 11);
        // One strong neighbour outweighs three that are barely heard.
        assert_eq!(pick(Band::Ghz2, &[(2412, -90), (2412, -90), (2412, -90), (2437, -40), (2462, -40)]), 1);
        // Channel 3 disturbs 1 and 6 more than 11.
        assert_eq!(pick(Band::Ghz2, &[(2422, -40)]), 11);
    }

    #[test]
    fn five_ghz_without_radar() {
        assert_eq!(pick(Band::Ghz5, &[]), 36);
        assert_eq!(pick(Band::Ghz5, &[(5180, -40), (5200, -40)]), 149);
        assert_eq!(to_scan(&wiphy(), &wish(None, Band::Ghz5)), [5180, 5200, 5260, 5745]);
        assert_eq!(to_scan(&wiphy(), &wish(None, Band::Ghz2)).len(), 13);
    }

    #[test]
    fn what_cannot_be_had_is_said_and_replaced() {
        for (channel, band, number, says) in [
            (Some(3), Band::Ghz2, 3, ""),
            (Some(13), Band::Ghz2, 1, "not allowed"),
            (Some(52), Band::Ghz5, 36, "not allowed"),
            (Some(44), Band::Ghz2, 1, "no channel 44"),
        ] {
            let choice = choose(&wiphy(), &wish(channel, band), &[]).unwrap();
            assert_eq!(choice.number, number);
            assert!(choice.problem.unwrap_or_default().contains(says));
        }
        let mut only_two = wiphy();
        only_two.bands.truncate(1);
        let choice = choose(&only_two, &wish(None, Band::Ghz5), &[]).unwrap();
        assert_eq!(choice.number, 1);
        assert!(choice.problem.is_some());
        assert_eq!(choose(&Wiphy::default(), &wish(None, Band::Ghz2), &[]), None);
    }

    #[test]
    fn a_hostile_signal_does_not_overflow() {
        let loud = heard(&[(2412, i32::MAX), (2412, i32::MIN)]);
        assert_eq!(cost(1, &loud), 300);
    }
}
