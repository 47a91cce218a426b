//! Datagrams on hostapd's control interface, and what the access point's machine makes of them.
//!
//! The input is a list of datagrams, each after two bytes of length; the control byte before them lets time pass.
#![no_main]

use std::time::Duration;

use radio::machine::{Event, Machine, Places, State};
use radio::{Radio, Wish};
use wire::hostapd::{Event as Heard, MAX_DATAGRAM, Message, format_mac, parse_mac};
use wire::nl80211::{Band, Channel, Wiphy, mode};

fn machine() -> Machine {
    let wish = Wish { ssid: "x".into(), password: String::new(), channel: None, band: config::Band::Ghz2, country: "BR".into() };
    let places = Places { bridge: "b".into(), control: "c".into() };
    let channels = vec![Channel { mhz: 2412, ..Channel::default() }];
    // Room for four, so that the limit is met.
    let wiphy =
        Wiphy { modes: 1 << mode::AP, max_stations: Some(5), bands: vec![Band { channels, ..Band::default() }], ..Wiphy::default() };
    let mut machine = Machine::new(wish, places, None);
    let events = [
        Event::Start(None),
        Event::CountrySet(None),
        Event::Tick,
        Event::Radios(vec![Radio { wiphy, ..Radio::default() }]),
        Event::Prepared { interface: "wlan0".into(), index: 1, heard: vec![] },
        Event::Enabled,
    ];
    for event in events {
        machine.step(event, Duration::from_secs(1));
        if let State::Settling { until } = machine.state() {
            machine.step(Event::Tick, until);
        }
    }
    machine
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = Message::parse(data);
    let mut machine = machine();
    let (mut rest, mut now) = (data, Duration::from_secs(10));
    while let Some((&[control, low, high], tail)) = rest.split_first_chunk::<3>() {
        let (datagram, tail) = tail.split_at(usize::from(u16::from_le_bytes([low, high])).min(tail.len()));
        rest = tail;
        now += Duration::from_millis(u64::from(control) * 20);
        machine.step(Event::Tick, now);
        let Ok(message) = Message::parse(datagram) else { continue };
        assert!(datagram.len() <= MAX_DATAGRAM);
        let Message::Event(heard) = message else { continue };
        let event = match heard {
            Heard::Connected(mac) => Event::Joined(mac),
            Heard::Disconnected(mac) => Event::Left(mac),
            Heard::Enabled => Event::Enabled,
            Heard::Disabled => Event::Failed("disabled".into()),
            Heard::Full(mac) | Heard::WrongPassword(mac) => {
                assert_eq!(parse_mac(&format_mac(mac)), Some(mac));
                continue;
            }
            Heard::Terminating | Heard::Other(_) => continue,
        };
        machine.step(event, now);
        let (status, stations) = (machine.status(""), machine.stations_status(now));
        assert_eq!(status.stations, stations.stations.len());
        assert!(status.stations <= 2 * 4 + 16, "memory is bounded");
        let last = stations.stations.iter().filter(|s| s.last).count();
        assert!(last <= 1 && (last == 0 || status.full), "the last place is taken only when the box is full");
    }
});
