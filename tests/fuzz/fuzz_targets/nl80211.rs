//! nl80211 attributes, and the radio, the channel and the configuration that are chosen from them.
//!
//! The input is a list of messages, each after a command byte and two bytes of length.
#![no_main]

use radio::{Bus, Radio, Wish, channel, hostapd_conf, limit, pick};
use wire::nl80211::{Attrs, Bss, Event, Interface, Station, Wiphy, alpha2};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (mut wiphy, mut heard) = (Wiphy::default(), vec![]);
    let mut rest = data;
    while let Some((&[command, low, high], tail)) = rest.split_first_chunk::<3>() {
        let (attrs, tail) = tail.split_at(usize::from(u16::from_le_bytes([low, high])).min(tail.len()));
        rest = tail;
        assert!(Attrs(attrs).count() <= attrs.len() / 4);
        let _ = (Event::parse(command, attrs), Station::parse(attrs), alpha2(attrs));
        if let Some(interface) = Interface::parse(attrs) {
            // A byte that is not UTF-8 becomes three.
            assert!(interface.name.len() <= 3 * 64);
        }
        heard.extend(Bss::parse(attrs));
        wiphy.merge(attrs);
    }
    assert!(wiphy.bands.len() <= 64 && wiphy.combinations.len() <= 64 && wiphy.ciphers.len() <= 64);
    assert!(wiphy.bands.iter().all(|b| b.channels.len() <= 128));

    let wish = Wish {
        ssid: "x\"\\".into(),
        password: "12345678".into(),
        channel: data.first().copied(),
        band: config::Band::Ghz5,
        country: "BR".into(),
    };
    let radio = Radio { wiphy, driver: "brcmfmac".into(), bus: Bus::Sdio, device: None };
    assert!((1..=2007).contains(&limit::of(&radio).stations));
    let picked = pick::pick(std::slice::from_ref(&radio), wish.band);
    let chosen = channel::choose(&radio.wiphy, &wish, &heard);
    assert!(picked.is_none() || chosen.is_some(), "a radio that is picked has a channel");
    let _ = (channel::to_scan(&radio.wiphy, &wish), radio.can_ap_and_station());
    if let Some(choice) = chosen {
        let allowed = |c: &wire::nl80211::Channel| c.mhz == choice.mhz && !c.disabled && !c.no_ir && !c.radar;
        assert!(radio.wiphy.bands.iter().flat_map(|b| &b.channels).any(allowed), "only an allowed channel is used");
        let parts = hostapd_conf::Parts { wish: &wish, radio: &radio, interface: "wlan0", bridge: "b", channel: &choice, control: "c" };
        assert!(hostapd_conf::render(&parts).lines().all(|line| line.contains('=')));
    }
});
