//! nl80211 messages as a kernel sent them, and as a Raspberry Pi's radio would describe itself.

use wire::nl80211::{Attrs, Bss, Event, Interface, Limit, Station, Wiphy, alpha2, attr, mode};

/// The recorded messages of one section.
fn recorded(section: &str) -> Vec<(u8, Vec<u8>)> {
    let text = include_str!("data/hwsim.txt");
    let (_, rest) = text.split_once(&format!("# {section}\n")).unwrap();
    let hex = |s: &str| (0..s.len() / 2).map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).unwrap()).collect();
    let line = |l: &str| l.split_once(' ').map(|(command, attrs)| (command.parse().unwrap(), hex(attrs))).unwrap();
    rest.lines().take_while(|l| !l.starts_with('#')).map(line).collect()
}

#[test]
fn a_simulated_radio_from_a_split_dump() {
    let mut all: Vec<Wiphy> = vec![];
    for (_, attrs) in recorded("wiphy") {
        let id = wire::nl80211::wiphy_id(&attrs).unwrap();
        if all.iter().all(|w| w.id != id) {
            all.push(Wiphy::default());
        }
        all.iter_mut().find(|w| w.id == id || w.name.is_empty()).unwrap().merge(&attrs);
    }
    let [w] = all.as_slice() else { panic!("{} radios", all.len()) };
    assert_eq!((w.id, w.name.as_str(), w.max_stations), (0, "phy0", None));
    assert!(w.modes & (1 << mode::AP) != 0 && w.modes & (1 << mode::STATION) != 0);
    assert!(w.ciphers.contains(&0x000f_ac04) && w.ciphers.contains(&0x000f_ac06));
    let [two, five, ..] = w.bands.as_slice() else { panic!("bands") };
    assert_eq!((two.id, two.ht, two.channels.len(), five.id, five.vht), (0, true, 14, 1, true));
    let at = |mhz| two.channels.iter().chain(&five.channels).find(|c| c.mhz == mhz).copied().unwrap();
    assert!(!at(2437).disabled && !at(2437).no_ir && at(2484).disabled);
    assert!(at(5260).radar && !at(5180).radar && !at(5180).no_ir);
    let [combination, ..] = w.combinations.as_slice() else { panic!("combinations") };
    assert_eq!(combination.channels, 1);
    assert!(combination.limits.iter().any(|l| l.max >= 2 && l.modes & (1 << mode::AP) != 0));
}

#[test]
fn interfaces_neighbours_and_stations() {
    let interfaces: Vec<_> = recorded("interfaces").iter().filter_map(|(_, a)| Interface::parse(a)).collect();
    assert_eq!(interfaces, [Interface { wiphy: 0, index: 2, name: "wlan0".into(), mode: mode::AP }]);
    let heard: Vec<_> = recorded("scan").iter().filter_map(|(_, a)| Bss::parse(a)).collect();
    assert!(heard.contains(&Bss { bssid: [2, 0, 0, 0, 2, 0], mhz: 2412, dbm: -30 }), "{heard:?}");
    let stations: Vec<_> = recorded("stations").iter().filter_map(|(_, a)| Station::parse(a)).collect();
    let [phone] = stations.as_slice() else { panic!("{stations:?}") };
    assert_eq!((phone.mac, phone.authorized), ([2, 0, 0, 0, 1, 0], true));
    assert!(phone.connected_s.is_some_and(|s| s < 60));
}

#[test]
fn events_in_their_order() {
    let events: Vec<_> = recorded("events").iter().filter_map(|(command, a)| Event::parse(*command, a)).collect();
    let at = |wanted: Event| events.iter().position(|e| *e == wanted).unwrap_or_else(|| panic!("{wanted:?} not in {events:?}"));
    let phone = [2, 0, 0, 0, 1, 0];
    assert!(at(Event::ScanDone(2)) < at(Event::DelStation(2, phone)));
    assert!(at(Event::DelStation(2, phone)) < at(Event::DelInterface(2)));
    assert!(at(Event::DelInterface(2)) < at(Event::DelWiphy(0)));
    assert!(at(Event::DelWiphy(0)) < at(Event::NewWiphy(3)));
}

/// An attribute as the kernel writes it.
fn nla(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(payload.len() + 4).unwrap().to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn flags(kinds: &[u16]) -> Vec<u8> {
    kinds.iter().flat_map(|k| nla(*k, &[])).collect()
}

fn u32(kind: u16, value: u32) -> Vec<u8> {
    nla(kind, &value.to_ne_bytes())
}

/// brcmfmac without multi-channel: `#STA <= 1, #AP <= 1, channels = 1, 2 total` and one more combination for P2P
/// (`brcmf_setup_ifmodes` in the driver); no BIP-CMAC before its firmware has management frame protection.
#[test]
fn a_raspberry_pi_radio() {
    let limit = |max, modes: &[u16]| nla(1, &[u32(1, max), nla(2, &flags(modes))].concat());
    let combination = [nla(1, &[limit(1, &[2]), limit(1, &[3])].concat()), u32(4, 1), u32(2, 2)].concat();
    let channel = |mhz, extra: &[u8]| nla(0, &[u32(1, mhz), extra.to_vec()].concat());
    let channels = [channel(2412, &[]), channel(2472, &flags(&[3])), channel(2484, &flags(&[2]))].concat();
    let first = [
        u32(attr::WIPHY, 4),
        nla(attr::WIPHY_NAME, b"phy4\0"),
        nla(attr::SUPPORTED_IFTYPES | 0x8000, &flags(&[1, 2, 3])),
        nla(attr::CIPHER_SUITES, &[1, 2, 4, 5].map(|n: u32| (0x000f_ac00 + n).to_ne_bytes()).concat()),
    ];
    let second = [
        u32(attr::WIPHY, 4),
        nla(attr::WIPHY_BANDS, &nla(0, &[nla(4, &[0x62, 0x10]), nla(1, &channels)].concat())),
        nla(attr::INTERFACE_COMBINATIONS, &nla(1, &combination)),
        u32(attr::MAX_AP_ASSOC_STA, 8),
        nla(9999, b"from a later kernel"),
    ];
    let mut w = Wiphy::default();
    w.merge(&first.concat());
    w.merge(&second.concat());
    assert_eq!((w.id, w.name.as_str(), w.modes, w.max_stations), (4, "phy4", 0b1110, Some(8)));
    assert!(!w.ciphers.contains(&0x000f_ac06));
    let [one, thirteen, fourteen] = w.bands[0].channels.as_slice() else { panic!() };
    assert!(w.bands[0].ht && !one.no_ir && thirteen.no_ir && fourteen.disabled);
    let [c] = w.combinations.as_slice() else { panic!() };
    assert_eq!((c.max, c.channels), (2, 1));
    assert_eq!(c.limits, [Limit { max: 1, modes: 1 << mode::STATION }, Limit { max: 1, modes: 1 << mode::AP }]);
}

#[test]
fn country() {
    assert_eq!(alpha2(&nla(attr::REG_ALPHA2, b"BR\0")), Some(*b"BR"));
    assert_eq!(alpha2(&nla(attr::REG_ALPHA2, b"B")), None);
    assert_eq!(alpha2(&[]), None);
}

#[test]
fn malformed_attributes_end_the_walk() {
    for bad in [&[][..], &[1], &[4, 0, 1], &[3, 0, 1, 0], &[0, 0, 1, 0], &[255, 255, 1, 0, 0], &[5, 0, 1, 0]] {
        assert_eq!(Attrs(bad).count(), 0, "{bad:?}");
    }
    // The last one's padding may be missing.
    assert_eq!(Attrs(&[5, 0, 1, 0, 9]).collect::<Vec<_>>(), [(1, &[9][..])]);
}

#[test]
fn lists_and_names_are_capped() {
    let channels: Vec<u8> = (0..5000u32).flat_map(|i| nla(0, &u32(1, i))).collect::<Vec<_>>();
    let mut w = Wiphy::default();
    for chunk in channels.chunks(12 * 400) {
        w.merge(&nla(attr::WIPHY_BANDS, &nla(0, &nla(1, chunk))));
    }
    for id in 0..500 {
        w.merge(&nla(attr::WIPHY_BANDS, &nla(id, &[])));
        w.merge(&nla(attr::INTERFACE_COMBINATIONS, &nla(1, &u32(2, 1))));
    }
    w.merge(&nla(attr::WIPHY_NAME, &[b'x'; 1000]));
    assert_eq!((w.bands.len(), w.bands[0].channels.len(), w.combinations.len(), w.name.len()), (64, 128, 64, 64));
}
